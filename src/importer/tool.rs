//! One operation as a tool of a manifest.

use serde_json::{Map, Value, json};

use super::arguments::{self, Argument, FileArgument, Manner, Refusal, Request};
use super::names::{self, Named};
use super::operation::{Api, Envelope, Operation};
use super::report::{Loss, Skip};
use super::schema::{Resolver, Wanted, cut, flatten, needs};
use super::{ConvertedTool, auth, hints};
use crate::catalog::manifest::ArgIn;
use crate::catalog::{LARGEST_SCHEMA, json_size};

const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];
const LONGEST_NAME: usize = 100;
const LONGEST_DESCRIPTION: usize = 1_024;
/// Bytes for schemas and characters for each text, ever less until the tool is small enough.
const BUDGETS: [(usize, usize); 4] = [(20_000, 1_024), (20_000, 256), (16_000, 80), (8_000, 40)];

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
    let require_any = request.require_any.iter();
    let require_any: Vec<Vec<&str>> = require_any
        .filter(|group| group.iter().all(is_there))
        .map(|group| group.iter().map(String::as_str).collect())
        .collect();
    tool.insert(
        "description".into(),
        description(operation, &require_any, resolver).into(),
    );
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
    require_any: &[Vec<&str>],
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
    if require_any.is_empty() {
        return cut(&text, LONGEST_DESCRIPTION);
    }
    // Schemas that every model accepts cannot say it.
    let needs = cut(&needs(require_any), LONGEST_DESCRIPTION / 2);
    let text = cut(&text, LONGEST_DESCRIPTION - needs.len() - 1);
    format!("{text} {needs}")
}

/// The arguments as a manifest has them, within the size that a tool may have.
fn fitting_arguments<'d>(
    request: &Request<'d>,
    operation: &Operation<'d>,
    resolver: &mut Resolver<'_, 'd>,
) -> Result<Vec<Value>, Refusal> {
    let mut kept: Vec<&Argument<'d>> = request.arguments.iter().collect();
    loop {
        for (budget, longest_text) in BUDGETS {
            let wanted: Vec<Wanted<'d>> = kept.iter().map(|one| one.wanted.clone()).collect();
            let args: Vec<Value> = flatten(resolver, &wanted, budget, longest_text)
                .into_iter()
                .zip(&kept)
                .map(|(flat, argument)| argument.written(flat, &operation.method))
                .collect();
            // Titles and the frame are what the list does not show.
            let size = args.iter().map(|arg| json_size(arg) + 60).sum::<usize>();
            if size <= LARGEST_SCHEMA {
                return Ok(args);
            }
        }
        // The last ones that nobody must give.
        let before = kept.len();
        let optional = kept.iter().filter(|one| !one.wanted.required).count();
        let mut going = optional.div_ceil(2);
        for index in (0..kept.len()).rev() {
            if going > 0 && !kept[index].wanted.required {
                let left_out = kept.remove(index);
                let at = left_out.wanted.at.clone();
                resolver.report.lose(Loss::ArgumentLeftOut, &at, "no room");
                going -= 1;
            }
        }
        if kept.len() == before {
            return Err((Skip::Rule, format!("{before} arguments have no room")));
        }
    }
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
        if let Some(join) = self.join.filter(|_| self.place == ArgIn::Query) {
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
    if !request.query.is_empty() {
        written["query"] = json!(request.query);
    }
    if !request.headers.is_empty() {
        written["headers"] = json!(request.headers);
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
