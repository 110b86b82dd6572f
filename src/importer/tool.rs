//! One operation as a tool of a manifest.

use serde_json::{Map, Value, json};

use super::arguments::{self, Argument, FileArgument, Manner, Refusal, Request};
use super::names::{self, Named};
use super::operation::{Api, Envelope, Operation};
use super::report::{Loss, Skip};
use super::schema::{Resolver, Wanted, cut, flatten, needs};
use super::{ConvertedTool, auth, hints};
use crate::catalog::manifest::ArgIn;
use crate::catalog::{LARGEST_SCHEMA, MOST_ARGUMENTS, json_size};

const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];
const LONGEST_NAME: usize = 100;
const LONGEST_DESCRIPTION: usize = 1_024;
/// Bytes for schemas and characters for each text, ever less until the tool is small enough: texts
/// become short before members of members go.
const BUDGETS: [(usize, usize); 5] = [
    (20_000, 1_024),
    (20_000, 256),
    (16_000, 80),
    (8_000, 40),
    (0, 40),
];
/// What the published schema has around its arguments.
const FRAME: usize = 60;
/// Of a description, what the names of hidden arguments may take.
const LONGEST_TOLD: usize = 400;

/// The manifest of the operation's tool; that it has a server of its own is not said there yet.
pub(super) fn tool<'d>(
    api: &Api<'d>,
    operation: &Operation<'d>,
    named: &Named,
    manner: &Manner<'_>,
    endpoint: &str,
    resolver: &mut Resolver<'_, 'd>,
) -> Result<Map<String, Value>, Refusal> {
    if !METHODS.contains(&operation.method.as_str()) {
        return Err((Skip::Method, String::new()));
    }
    if let Some(Envelope::Mcp { is_task: true, .. }) = operation.envelope {
        return Err((Skip::Task, String::new()));
    }
    let request = arguments::request(operation, manner, resolver)?;
    let tags = hints::tags(operation);
    let only_looks = tags.iter().any(|tag| tag == "readOnlyHint");
    let needed = operation.security.as_ref().unwrap_or(&api.security);
    let scopes = auth::scopes(needed, only_looks, &operation.at, resolver.report);
    let Named {
        slug,
        aliases,
        spoken,
    } = named;
    let mut tool = Map::new();
    tool.insert("slug".into(), slug.clone().into());
    if !aliases.is_empty() {
        tool.insert("aliases".into(), json!(aliases));
    }
    tool.insert("name".into(), name(operation, spoken).into());
    let args = fitting_arguments(&request, operation, resolver)?;
    let is_there = |name: &String| args.iter().any(|arg| arg["arg"] == **name);
    let mut require_any = request.require_any.clone();
    require_any.retain(|group| group.iter().all(is_there));
    let description = description(operation, &require_any, &args, resolver);
    tool.insert("description".into(), description.into());
    tool.insert("tags".into(), json!(tags));
    if !scopes.is_empty() {
        tool.insert("scopes".into(), json!(scopes));
    }
    if !require_any.is_empty() {
        tool.insert("require_any".into(), json!(require_any));
    }
    if !args.is_empty() {
        tool.insert("args".into(), Value::Array(args));
    }
    let request = match &operation.envelope {
        Some(envelope) => enveloped(envelope, endpoint),
        None => written_request(&request, operation),
    };
    tool.insert("request".into(), request);
    if operation.answers_file {
        tool.insert("response".into(), json!({ "file": { "field": "file" } }));
    }
    Ok(tool)
}

/// Says in the manifest that the tool has a server of its own.
pub(super) fn put_server(manifest: &mut Map<String, Value>, server: String) {
    if let Some(Value::Object(request)) = manifest.get_mut("request") {
        // After method and path.
        request.shift_insert(2, "server".into(), server.into());
    }
}

fn name(operation: &Operation<'_>, spoken: &str) -> String {
    let summary = cut(operation.summary.unwrap_or_default(), LONGEST_NAME);
    if summary.is_empty() || names::is_identifier(&summary) {
        spoken.to_owned()
    } else {
        summary
    }
}

fn description(
    operation: &Operation<'_>,
    require_any: &[Vec<String>],
    args: &[Value],
    resolver: &mut Resolver<'_, '_>,
) -> String {
    let summary = cut(operation.summary.unwrap_or_default(), LONGEST_DESCRIPTION);
    let about = cut(
        operation.description.unwrap_or_default(),
        LONGEST_DESCRIPTION,
    );
    let mut text = match (summary.is_empty(), about.is_empty()) {
        (true, true) => format!("{} {}", operation.method, operation.path),
        (false, true) => summary,
        (true, false) => about,
        (false, false) if about.starts_with(summary.trim_end_matches('.')) => about,
        (false, false) => format!("{}. {about}", summary.trim_end_matches('.')),
    };
    if operation.deprecated {
        resolver.report.lose(Loss::Deprecated, &operation.at, "");
        text.insert_str(0, "Deprecated by the vendor. ");
    }
    // Schemas that every model accepts cannot say it.
    let needs = match require_any {
        [] => String::new(),
        groups => cut(&needs(groups), LONGEST_TOLD),
    };
    let after = [needs, told(args)].join(" ");
    let after = after.trim();
    if after.is_empty() {
        return cut(&text, LONGEST_DESCRIPTION);
    }
    let text = cut(&text, LONGEST_DESCRIPTION - after.len() - 1);
    format!("{text} {after}")
}

/// Names of the arguments that may be given and are not shown, as many as there is room for.
fn told(args: &[Value]) -> String {
    let hidden = args.iter().filter(|arg| arg["hidden"] == true);
    let hidden: Vec<&str> = hidden.filter_map(|arg| arg["arg"].as_str()).collect();
    let mut text = String::from("Also takes");
    for (index, name) in hidden.iter().enumerate() {
        let left = hidden.len() - index;
        if text.len() + name.len() > LONGEST_TOLD {
            return format!("{text} and {left} more, by the vendor's names.");
        }
        let sign = if index == 0 { "" } else { "," };
        text.push_str(&format!("{sign} {name}"));
    }
    if hidden.is_empty() {
        String::new()
    } else {
        text + "."
    }
}

/// The arguments as a manifest has them, within the size that a tool may have. What nobody must
/// give and there is no room for is hidden: callers may give it all the same.
fn fitting_arguments<'d>(
    request: &Request<'d>,
    operation: &Operation<'d>,
    resolver: &mut Resolver<'_, 'd>,
) -> Result<Vec<Value>, Refusal> {
    let arguments = &request.arguments;
    let wanted: Vec<Wanted<'d>> = arguments.iter().map(|one| one.wanted.clone()).collect();
    let mut args = Vec::new();
    for (budget, longest_text) in BUDGETS {
        args = flatten(resolver, &wanted, budget, longest_text)
            .into_iter()
            .zip(arguments)
            .map(|(flat, argument)| argument.written(flat, &operation.method))
            .collect();
        if FRAME + args.iter().map(published_size).sum::<usize>() <= LARGEST_SCHEMA {
            return Ok(args);
        }
    }
    for (arg, one) in args.iter_mut().zip(arguments) {
        if !one.wanted.required && one.file.is_none() && arg["type"] == "object" {
            arg["schema"] = json!({ "additionalProperties": true });
        }
    }
    // What must be given is shown, then plain values, then those of which nothing more is known.
    let mut order: Vec<usize> = (0..args.len()).collect();
    let is_plain = |arg: &Value| arg["type"] != "object" && arg["type"] != "array";
    order.sort_by_key(|index| {
        let is_required = arguments[*index].wanted.required;
        (!is_required, !is_plain(&args[*index]))
    });
    let (mut left, mut places) = (LARGEST_SCHEMA - FRAME, MOST_ARGUMENTS);
    for index in order {
        let wanted = &arguments[index].wanted;
        let arg = &mut args[index];
        let size = published_size(arg);
        let has_place = places > 0;
        places = places.saturating_sub(1);
        if let (Some(rest), true) = (left.checked_sub(size), has_place) {
            left = rest;
        } else if wanted.required {
            let count = arguments.len();
            return Err((Skip::Rule, format!("{count} arguments have no room")));
        } else if size > LARGEST_SCHEMA || !has_place {
            *arg = Value::Null;
            resolver
                .report
                .lose(Loss::ArgumentLeftOut, &wanted.at, "no room");
        } else {
            arg["hidden"] = true.into();
            resolver.report.lose(Loss::ArgumentHidden, &wanted.at, "");
        }
    }
    args.retain(|arg| !arg.is_null());
    Ok(args)
}

/// Bytes that an argument takes in the published schema, at most: its name is the title as well,
/// and stands in the list of what must be given.
fn published_size(arg: &Value) -> usize {
    let name = arg["arg"].as_str().map_or(0, str::len);
    let required = if arg["required"] == true { name } else { 0 };
    let file = if arg["file"] == true { 300 } else { 0 };
    json_size(arg) + name + required + file + 10
}

impl Argument<'_> {
    fn written(&self, flat: super::schema::Flat, method: &str) -> Value {
        let super::schema::Flat {
            kind,
            description,
            default,
            accepts,
            schema,
        } = flat;
        if let Some(file) = &self.file {
            return self.written_file(file, &description);
        }
        let mut arg = Map::new();
        arg.insert("arg".into(), self.wanted.name.clone().into());
        arg.insert("type".into(), kind.name().into());
        let description = if description.is_empty() {
            format!("{}.", names::spoken(&names::snake(&self.wanted.name)))
        } else {
            description
        };
        arg.insert("description".into(), description.into());
        if self.wanted.required {
            arg.insert("required".into(), true.into());
        }
        if let Some(default) = default {
            arg.insert("default".into(), default);
        }
        if let Some(accepts) = accepts {
            arg.insert("accepts".into(), accepts);
        }
        if !schema.is_empty() {
            arg.insert("schema".into(), Value::Object(schema));
        }
        let usual = match method {
            "GET" | "DELETE" => ArgIn::Query,
            _ => ArgIn::Body,
        };
        let place = match self.place {
            ArgIn::Path => None,
            ArgIn::Query => Some("query"),
            ArgIn::Header => Some("header"),
            ArgIn::Body => Some("body"),
            ArgIn::None => Some("none"),
        };
        if let Some(place) = place.filter(|_| self.place != usual) {
            arg.insert("in".into(), place.into());
        }
        if let Some(wire) = &self.wire {
            arg.insert("name".into(), wire.clone().into());
        }
        let is_joined = matches!(self.place, ArgIn::Query | ArgIn::Body);
        if let Some(join) = self.join.filter(|_| is_joined) {
            arg.insert("join".into(), join.into());
        }
        if self.is_whole {
            arg.insert("whole".into(), true.into());
        }
        if self.wanted.shape.is_secret() {
            arg.insert("secret".into(), true.into());
        }
        Value::Object(arg)
    }

    fn written_file(&self, file: &FileArgument, description: &str) -> Value {
        let FileArgument { is_list, max_bytes } = file;
        let description = if description.is_empty() {
            "The file to send."
        } else {
            description
        };
        let mut arg = json!({
            "arg": self.wanted.name,
            "type": if *is_list { "array" } else { "object" },
            "file": true,
            "description": description,
        });
        if self.wanted.required {
            arg["required"] = true.into();
        }
        if let Some(max_bytes) = max_bytes {
            arg["max_bytes"] = (*max_bytes).into();
        }
        if let Some(wire) = &self.wire {
            arg["name"] = wire.clone().into();
        }
        arg
    }
}

fn written_request(request: &Request<'_>, operation: &Operation<'_>) -> Value {
    let mut written = json!({ "method": operation.method, "path": request.path });
    if let Some(encoding) = request.encoding {
        written["encoding"] = encoding.into();
    }
    if let Some(style) = request.style.filter(|_| request.encoding == Some("form")) {
        written["style"] = style.into();
    }
    if !request.query.is_empty() {
        written["query"] = json!(request.query);
    }
    let mut headers = request.headers.clone();
    if let Some(accept) = operation.accept {
        headers.insert("Accept".into(), accept.into());
    }
    if !headers.is_empty() {
        written["headers"] = json!(headers);
    }
    written
}

fn enveloped(envelope: &Envelope<'_>, endpoint: &str) -> Value {
    match envelope {
        Envelope::Graphql {
            document,
            variables,
        } => {
            let mut written = json!({ "kind": "graphql", "path": endpoint, "document": document });
            if let Some(variables) = variables {
                written["variables"] = (*variables).into();
            }
            written
        }
        Envelope::Mcp { tool, .. } => {
            json!({ "kind": "mcp", "path": endpoint, "tool": tool })
        }
    }
}

/// The tool for what no other tool asks a GraphQL endpoint.
pub(super) fn any_document(toolkit: &str, endpoint: &str) -> ConvertedTool {
    let manifest = json!({
        "slug": format!("{}_RUN_QUERY_OR_MUTATION", toolkit.to_ascii_uppercase()),
        "name": "Run query or mutation",
        "description": "Sends a GraphQL document of your own. Take it where no other tool asks for \
                        the same.",
        "tags": ["openWorldHint"],
        "args": [
            { "arg": "query_or_mutation", "type": "string", "description": "The document.", "required": true, "in": "none", "schema": { "examples": ["query { __typename }"] } },
            { "arg": "variables", "type": "object", "description": "Its variables.", "schema": { "additionalProperties": true }, "in": "none" },
        ],
        "request": {
            "kind": "graphql", "path": endpoint, "document": "{query_or_mutation}",
            "variables": ".args.variables // {}",
        },
    });
    ConvertedTool {
        operation: "POST /".into(),
        group: "graphql".into(),
        manifest: manifest.as_object().cloned().unwrap_or_default(),
    }
}
