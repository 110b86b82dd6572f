//! An operation's path, parameters and body as the arguments and the request of a tool.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::body;
use super::credentials::is_credential;
use super::document::pointer;
use super::names;
use super::operation::{Operation, Parameter, Place, Style};
use super::report::{Loss, Skip};
use super::schema::{Kind, Resolver, Shape, Wanted};
use crate::catalog::manifest::ArgIn;

/// Headers that the server itself writes, or that are between it and the next host alone
/// (RFC 9110 section 7.6.1).
const OURS: [&str; 17] = [
    "accept",
    "accept-encoding",
    "authorization",
    "connection",
    "content-length",
    "content-type",
    "cookie",
    "expect",
    "host",
    "keep-alive",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
];

/// One argument of a tool.
pub(super) struct Argument<'d> {
    pub(super) wanted: Wanted<'d>,
    pub(super) place: ArgIn,
    /// The name on the wire, where it is another.
    pub(super) wire: Option<String>,
    /// How a list travels, where the name is not repeated for each item.
    pub(super) join: Option<&'static str>,
    /// It is all of the body.
    pub(super) is_whole: bool,
    /// Its value is a file.
    pub(super) file: Option<FileArgument>,
}

/// What is known of an argument that is a file.
#[derive(Clone, Copy, Default)]
pub(super) struct FileArgument {
    /// It takes several.
    pub(super) is_list: bool,
    /// The largest that the service takes.
    pub(super) max_bytes: Option<u64>,
}

/// What a tool sends.
#[derive(Default)]
pub(super) struct Request<'d> {
    pub(super) path: String,
    pub(super) arguments: Vec<Argument<'d>>,
    pub(super) query: BTreeMap<String, String>,
    pub(super) headers: BTreeMap<String, String>,
    /// Groups of arguments of which one must be given whole.
    pub(super) require_any: Vec<Vec<String>>,
    /// How lists stand in a form, where it is not by brackets.
    pub(super) style: Option<&'static str>,
    /// The form of the body, where it is not JSON.
    pub(super) encoding: Option<&'static str>,
    /// Names of arguments in use.
    taken: BTreeSet<String>,
}

/// Why there can be no tool.
pub(super) type Refusal = (Skip, String);

/// How arguments are called and which are left to the server.
pub(super) struct Manner<'m> {
    /// `pageToken` becomes `page_token`.
    pub(super) is_snake: bool,
    /// Headers and query parameters that carry a credential, lower case.
    pub(super) credentials: &'m BTreeSet<String>,
}

/// The request that an operation takes.
pub(super) fn request<'d>(
    operation: &Operation<'d>,
    manner: &Manner<'_>,
    resolver: &mut Resolver<'_, 'd>,
) -> Result<Request<'d>, Refusal> {
    let mut request = Request::default();
    path(operation, manner, resolver, &mut request)?;
    for parameter in &operation.parameters {
        match parameter.place {
            Place::In(ArgIn::Path) => {}
            Place::Cookie => resolver
                .report
                .lose(Loss::CookieParameter, &parameter.at, ""),
            Place::In(ArgIn::Header) if is_ours(parameter.name, manner) => {}
            Place::In(ArgIn::Header) if !is_header(parameter.name) => {
                let name = parameter.name.to_owned();
                if parameter.required {
                    return Err((Skip::RequiredArgument, name));
                }
                let why = "no name of a header";
                resolver
                    .report
                    .lose(Loss::ArgumentLeftOut, &parameter.at, why);
            }
            Place::In(ArgIn::Query)
                if manner
                    .credentials
                    .contains(&parameter.name.to_ascii_lowercase()) => {}
            // The path says it already.
            Place::In(ArgIn::Query)
                if request.query.contains_key(parameter.name)
                    || request.fills(ArgIn::Query, parameter.name) => {}
            Place::In(place) => {
                one(parameter, place, operation, manner, resolver, &mut request)?;
            }
        }
    }
    body::add(operation, manner, resolver, &mut request)?;
    Ok(request)
}

/// Whether a header may be called so (RFC 9110 section 5.6.2).
pub(super) fn is_header(name: &str) -> bool {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    !name.is_empty() && name.bytes().all(is_plain)
}

/// Whether a credential may stand in a header of that name.
pub(super) fn is_for_credentials(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let is_free = ["authorization", "cookie", "proxy-authorization"].contains(&lower.as_str());
    is_header(name) && (is_free || !OURS.contains(&lower.as_str()))
}

fn is_ours(header: &str, manner: &Manner<'_>) -> bool {
    let lower = header.to_ascii_lowercase();
    OURS.contains(&lower.as_str()) || manner.credentials.contains(&lower)
}

/// The path with the names of arguments in it; what comes after `?` goes into the query.
fn path<'d>(
    operation: &Operation<'d>,
    manner: &Manner<'_>,
    resolver: &mut Resolver<'_, 'd>,
    request: &mut Request<'d>,
) -> Result<(), Refusal> {
    let whole = operation.path.split('#').next().unwrap_or_default();
    let (path, query) = whole.split_once('?').unwrap_or((whole, ""));
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        if let Some(slot) = value.strip_prefix('{').and_then(|it| it.strip_suffix('}')) {
            let wanted = slot_wanted(slot, &[ArgIn::Path, ArgIn::Query], operation, resolver).0;
            request.add(&name, wanted, ArgIn::Query, manner);
        } else if !value.contains('{') {
            request.query.insert(name.into_owned(), value.into_owned());
        }
    }
    let mut rest = path;
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    while let Some(open) = rest.find('{') {
        request.path.push_str(&rest[..open]);
        let tail = &rest[open + 1..];
        let close = tail.find('}').ok_or((Skip::Path, operation.path.clone()))?;
        let slot = &tail[..close];
        rest = &tail[close + 1..];
        // RFC 6570: `{?a,b}` names parameters of the query.
        if slot.starts_with(['?', '&']) {
            continue;
        }
        let keeps_slashes = slot.starts_with('+');
        let name = slot.trim_start_matches('+').trim_end_matches('*');
        if name.is_empty() || name.contains(['/', '{', ';', '#', ',']) {
            return Err((Skip::Path, operation.path.clone()));
        }
        if !names.contains_key(name) {
            let arg = slot_argument(name, operation, manner, resolver, request)?;
            names.insert(name.to_owned(), arg);
        }
        let arg = &names[name];
        request.path.push_str(&if keeps_slashes {
            format!("{{+{arg}}}")
        } else {
            format!("{{{arg}}}")
        });
    }
    request.path.push_str(rest);
    if !request.path.starts_with('/') {
        request.path.insert(0, '/');
    }
    Ok(())
}

fn slot_argument<'d>(
    name: &str,
    operation: &Operation<'d>,
    manner: &Manner<'_>,
    resolver: &mut Resolver<'_, 'd>,
    request: &mut Request<'d>,
) -> Result<String, Refusal> {
    let (wanted, is_object) = slot_wanted(name, &[ArgIn::Path], operation, resolver);
    if is_object {
        return Err((
            Skip::RequiredArgument,
            format!("{name}: an object in the path"),
        ));
    }
    let argument = request.add(name, wanted, ArgIn::Path, manner);
    Ok(argument.wanted.name.clone())
}

/// What a placeholder stands for, and whether that is an object.
fn slot_wanted<'d>(
    name: &str,
    places: &[ArgIn],
    operation: &Operation<'d>,
    resolver: &mut Resolver<'_, 'd>,
) -> (Wanted<'d>, bool) {
    let parameter = places.iter().find_map(|place| {
        let mut all = operation.parameters.iter();
        all.find(|one| one.place == Place::In(*place) && one.name == name)
    });
    let (shape, at, description) = if let Some(parameter) = parameter {
        (
            resolver.shape(&[parameter.schema], &[], &parameter.at),
            parameter.at.clone(),
            parameter.description,
        )
    } else {
        let at = pointer(&operation.at, "parameters");
        resolver.report.lose(Loss::UndescribedParameter, &at, name);
        (text(), at, None)
    };
    let is_object = shape.kind == Some(Kind::Object);
    let wanted = Wanted {
        name: String::new(),
        at,
        shape: or_text(shape),
        description,
        required: true,
    };
    (wanted, is_object)
}

/// Text, of which no more is known.
fn text<'d>() -> Shape<'d> {
    Shape {
        kind: Some(Kind::String),
        ..Shape::default()
    }
}

/// What travels outside of a body is text in the end.
fn or_text(mut shape: Shape<'_>) -> Shape<'_> {
    shape.also.remove(&Kind::Object);
    Shape {
        kind: shape.kind.or(Some(Kind::String)),
        ..shape
    }
}

fn one<'d>(
    parameter: &Parameter<'d>,
    place: ArgIn,
    operation: &Operation<'d>,
    manner: &Manner<'_>,
    resolver: &mut Resolver<'_, 'd>,
    request: &mut Request<'d>,
) -> Result<(), Refusal> {
    let shape = resolver.shape(&[parameter.schema], &[], &parameter.at);
    // Swagger writes the parts of a form among the parameters.
    let file = body::file_of(&shape, &parameter.at, resolver).filter(|_| place == ArgIn::Body);
    let mut shape = or_text(shape);
    if place != ArgIn::Body {
        tell_default(&mut shape);
        if is_credential(parameter.name) && shape.kind == Some(Kind::String) {
            shape.words.insert("format".into(), "password".into());
        }
    }
    if place == ArgIn::Header
        && let Some(only) = shape.only_value()
    {
        request
            .headers
            .insert(parameter.name.to_owned(), only.to_owned());
        return Ok(());
    }
    if place == ArgIn::Query
        && parameter.required
        && let Some(only) = shape.only_value()
    {
        request
            .query
            .insert(parameter.name.to_owned(), only.to_owned());
        return Ok(());
    }
    if shape.kind == Some(Kind::Object) && parameter.style != Style::Json {
        return object(parameter, &shape, operation, manner, resolver, request);
    }
    let join = match parameter.style {
        _ if shape.kind != Some(Kind::Array) => None,
        Style::Repeated | Style::List => None,
        // OpenAPI leaves lists of that style open; who writes them means `name[]`.
        Style::Deep => Some("brackets"),
        Style::Commas => Some("csv"),
        Style::Separated(join) => Some(join),
        Style::Json => Some("json"),
    };
    let wanted = Wanted {
        name: String::new(),
        at: parameter.at.clone(),
        shape,
        description: parameter.description,
        required: parameter.required,
    };
    let is_list = wanted.shape.kind == Some(Kind::Array);
    // A plain dot makes objects in objects.
    let wire = match place {
        ArgIn::Body => Cow::Owned(parameter.name.replace('.', "\\.")),
        ArgIn::Path | ArgIn::Query | ArgIn::Header | ArgIn::None => Cow::Borrowed(parameter.name),
    };
    let argument = request.add(&wire, wanted, place, manner);
    argument.join = join;
    argument.file = file;
    if place == ArgIn::Body && is_list && parameter.style == Style::Repeated {
        request.style = Some("plain");
    }
    Ok(())
}

/// Some vendors say in the place of a default what the parameter is for, or what becomes of it.
fn tell_default(shape: &mut Shape<'_>) {
    let told = |value: &Value| {
        let text = value.as_str().map(str::trim_end);
        text.is_some_and(|text| text.ends_with('.') && text.split_whitespace().count() > 3)
    };
    if shape.words.get("default").is_some_and(told)
        && let Some(sentence) = shape.words.shift_remove("default")
    {
        shape.words.entry("description").or_insert(sentence);
    }
}

/// An object in the query: each member is an argument.
fn object<'d>(
    parameter: &Parameter<'d>,
    shape: &Shape<'d>,
    operation: &Operation<'d>,
    manner: &Manner<'_>,
    resolver: &mut Resolver<'_, 'd>,
    request: &mut Request<'d>,
) -> Result<(), Refusal> {
    let is_spread = matches!(parameter.style, Style::Deep | Style::Repeated);
    if !is_spread || shape.properties.is_empty() {
        if parameter.required {
            let detail = format!("{}: an object that is not described", parameter.name);
            return Err((Skip::RequiredArgument, detail));
        }
        resolver.report.lose(
            Loss::ArgumentLeftOut,
            &parameter.at,
            "an object in the query",
        );
        return Ok(());
    }
    for (member, source) in &shape.properties {
        let at = pointer(&parameter.at, member);
        let inner = or_text(resolver.shape(source, &[], &at));
        if inner.kind == Some(Kind::Object) {
            resolver.report.lose(
                Loss::ArgumentLeftOut,
                &at,
                "an object in an object of the query",
            );
            continue;
        }
        let wire = match parameter.style {
            Style::Deep => format!("{}[{member}]", parameter.name),
            _ => (*member).to_owned(),
        };
        let mut parameters = operation.parameters.iter();
        let is_taken = parameters.any(|one| one.place == parameter.place && one.name == wire)
            || request.fills(ArgIn::Query, &wire);
        if is_taken {
            let detail = format!("another parameter is called {wire}");
            resolver.report.lose(Loss::ArgumentLeftOut, &at, detail);
            continue;
        }
        let wanted = Wanted {
            name: String::new(),
            at,
            shape: inner,
            description: None,
            required: parameter.required && shape.required.contains(member),
        };
        let is_deep_list = parameter.style == Style::Deep && wanted.shape.kind == Some(Kind::Array);
        let argument = request.add(&wire, wanted, ArgIn::Query, manner);
        argument.join = is_deep_list.then_some("brackets");
    }
    Ok(())
}

impl<'d> Request<'d> {
    /// Whether an argument is called so on the wire.
    fn fills(&self, place: ArgIn, wire: &str) -> bool {
        let name = |one: &Argument<'d>| one.wire.as_deref().unwrap_or(&one.wanted.name) == wire;
        self.arguments
            .iter()
            .any(|one| one.place == place && name(one))
    }

    /// Takes an argument in under a name that is free.
    pub(super) fn add(
        &mut self,
        wire: &str,
        mut wanted: Wanted<'d>,
        place: ArgIn,
        manner: &Manner<'_>,
    ) -> &mut Argument<'d> {
        let plain = if manner.is_snake {
            names::snake(wire)
        } else {
            names::argument(wire)
        };
        let place_name = match place {
            ArgIn::Path => "path",
            ArgIn::Query => "query",
            ArgIn::Header => "header",
            ArgIn::Body => "body",
            ArgIn::None => "none",
        };
        let mut name = plain.clone();
        if self.taken.contains(&name) {
            name = names::argument(&format!("{place_name}_{plain}"));
        }
        let mut number = 2_usize;
        while !self.taken.insert(name.clone()) {
            let end = format!("_{number}");
            let mut start = plain.clone();
            start.truncate(names::LONGEST - end.len());
            name = start + &end;
            number += 1;
        }
        wanted.name.clone_from(&name);
        let index = self.arguments.len();
        self.arguments.push(Argument {
            wire: (place != ArgIn::Path && name != wire).then(|| wire.to_owned()),
            wanted,
            place,
            join: None,
            is_whole: false,
            file: None,
        });
        &mut self.arguments[index]
    }
}
