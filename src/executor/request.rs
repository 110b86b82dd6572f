//! A tool and its arguments as an HTTP request, without the credential.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HOST};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value, json};
use url::Url;

use super::files::Attachments;
use super::form;
use super::scope::Scope;
use super::wire::{self, converted, plain};
use crate::catalog::manifest::{
    ArgIn, ArgManifest, Encoding, FormStyle, RequestKind, RequestManifest, ToolManifest,
};
use crate::catalog::template;
use crate::error::{Error, Result};
use crate::outbound::OutboundRequest;

/// All but what RFC 3986 section 2.3 calls unreserved.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// RFC 9110 section 7.6.1: for one connection, not for the next.
const HOP_BY_HOP: [&str; 9] = [
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// What the expressions of a request made.
#[derive(Debug, Clone, Default)]
pub(super) struct Evaluated {
    url: Option<Value>,
    query: Option<Vec<(String, String)>>,
    body: Option<Value>,
    variables: Option<Value>,
    /// Of the next page: parameters in place of those of the same name.
    extra: Vec<(String, String)>,
    /// The same in the body.
    in_body: Vec<(String, Value)>,
}

impl Evaluated {
    /// Evaluates the expressions of `request`, which stands at `at` in its manifest.
    ///
    /// # Errors
    /// [`Error::Invalid`] with the expression's words.
    pub(super) async fn of(request: &RequestManifest, at: &str, scope: &Scope) -> Result<Self> {
        let mut made = Self::default();
        for (key, expression) in request.expressions() {
            let at = format!("{at}.{key}");
            let value = scope.make(&at, expression).await?;
            match key {
                "url" => made.url = Some(value),
                "query" => made.query = Some(query_of(&at, value)?),
                "body" => made.body = Some(value),
                _ => made.variables = Some(value),
            }
        }
        Ok(made)
    }

    /// A body, or variables, with what leads to this page.
    fn completed(&self, mut body: Value) -> Value {
        if let Value::Object(members) = &mut body {
            for (name, value) in &self.in_body {
                insert(members, name, value.clone());
            }
        }
        body
    }

    /// Whether the address is one that an expression or an answer gave.
    pub(super) const fn has_url(&self) -> bool {
        self.url.is_some()
    }

    /// The parameters of the query, but for those of arguments where nothing made them.
    pub(super) fn query(&self, request: &RequestManifest, scope: &Scope) -> Vec<(String, String)> {
        let made = self.query.clone();
        made.unwrap_or_else(|| filled_query(request, scope))
    }

    /// Goes to this address, whose query is its own.
    pub(super) fn lead_to(&mut self, url: &Url) {
        self.url = Some(url.as_str().into());
        self.query = Some(Vec::new());
        self.extra.clear();
    }

    /// Adds a member to the body, or to the variables of GraphQL; dotted names make objects.
    pub(super) fn add_to_body(&mut self, name: &str, value: Value) {
        self.in_body.retain(|(own, _)| own != name);
        self.in_body.push((name.to_owned(), value));
    }

    /// Adds a parameter to the query, or replaces it.
    pub(super) fn set_query(&mut self, name: &str, value: String) {
        self.extra.retain(|(own, _)| own != name);
        self.extra.push((name.to_owned(), value));
    }
}

/// Members as parameters: null is left out, a list repeats the name.
fn query_of(at: &str, made: Value) -> Result<Vec<(String, String)>> {
    let Value::Object(members) = made else {
        return Err(Error::invalid(format!("{at}: makes no object")));
    };
    let pairs = members.iter().flat_map(|(name, value)| match value {
        Value::Object(_) => vec![(name.clone(), plain(value))],
        value => form::pairs_of(name, value, FormStyle::Plain),
    });
    Ok(pairs.collect())
}

/// Everything that a request is made of, but for the credential.
#[derive(Clone, Copy)]
pub(super) struct Parts<'a> {
    pub(super) tool: &'a ToolManifest,
    pub(super) default_headers: &'a BTreeMap<String, String>,
    pub(super) request: &'a RequestManifest,
    pub(super) scope: &'a Scope,
    pub(super) made: &'a Evaluated,
    pub(super) files: &'a Attachments,
}

/// The request that a tool makes of validated arguments and their files under `base`.
///
/// # Errors
/// [`Error::Invalid`] when an argument cannot stand where it goes: an empty or dotted path
/// segment, a line break in a header.
pub(super) fn build(parts: Parts<'_>, base: &Url) -> Result<OutboundRequest> {
    let Parts {
        tool: manifest,
        default_headers,
        request: given,
        scope,
        made,
        files: _,
    } = parts;
    let mut url = match &made.url {
        Some(url) => whole_url(url)?,
        None => under(base, &fill_path(parts)?)?,
    };
    let mut headers = fixed_headers(default_headers)?;
    headers.extend(filled_headers(&given.headers, scope)?);
    let mut query = Vec::new();
    for arg in &manifest.args {
        match manifest.place_of(arg, given) {
            // There is no null outside JSON: services would read the word.
            ArgIn::Query => {
                if let Some(value) = given_value(arg, scope)?.filter(|value| !value.is_null()) {
                    query.extend(wire::pairs(arg, &value));
                }
            }
            ArgIn::Header => {
                if let Some(value) = given_value(arg, scope)?.filter(|value| !value.is_null()) {
                    let header = header_value(arg, &value)?;
                    headers.insert(header_name(wire::name(arg))?, header);
                }
            }
            // The path is filled already, and the body comes later.
            ArgIn::Path | ArgIn::None | ArgIn::Body => {}
        }
    }
    let query = made.query.clone().unwrap_or_else(|| {
        let mut all = filled_query(given, scope);
        all.append(&mut query);
        all
    });
    let is_replaced = |name: &String| made.extra.iter().any(|(own, _)| own == name);
    let query = query.into_iter().filter(|(name, _)| !is_replaced(name));
    let query: Vec<(String, String)> = query.chain(made.extra.iter().cloned()).collect();
    if !query.is_empty() {
        url.query_pairs_mut().extend_pairs(&query);
    }
    let mut request = OutboundRequest::new(method(given.method())?, url);
    request.headers = headers;
    set_body(parts, &mut request)?;
    Ok(request)
}

/// What a caller gave for an argument, in the form in which it is sent.
fn given_value(arg: &ArgManifest, scope: &Scope) -> Result<Option<Value>> {
    let value = scope.arguments().get(&arg.arg);
    let value = value.map(|value| converted(arg, value)).transpose();
    value.map_err(|problem| Error::fields(vec![format!("arguments.{}: {problem}", arg.arg)]))
}

/// What arguments fill of the body, member by member; none where none of them goes there.
///
/// # Errors
/// [`Error::Invalid`] when one cannot stand there.
pub(super) fn members(parts: Parts<'_>) -> Result<Option<Map<String, Value>>> {
    let mut body = None;
    for arg in &parts.tool.args {
        let is_whole = arg.whole && !arg.file;
        if is_whole || parts.tool.place_of(arg, parts.request) != ArgIn::Body {
            continue;
        }
        // One is sent although nothing was given: services want an object where they take one.
        let body = body.get_or_insert_with(Map::new);
        match given_value(arg, parts.scope)? {
            Some(_) if arg.file => parts.files.bind(parts.request, arg, body),
            Some(value) => insert(body, wire::name(arg), wire::in_body(arg, &value)),
            None => {}
        }
    }
    Ok(body)
}

/// The argument that is the whole body, where there is one.
pub(super) fn whole(parts: Parts<'_>) -> Option<Value> {
    let mut args = parts.tool.args.iter();
    let whole = args.find(|arg| {
        arg.whole && !arg.file && parts.tool.place_of(arg, parts.request) == ArgIn::Body
    })?;
    parts.scope.arguments().get(&whole.arg).cloned()
}

/// The body: what an expression made, a GraphQL document, one argument, or what arguments filled.
fn set_body(parts: Parts<'_>, request: &mut OutboundRequest) -> Result<()> {
    let Parts {
        tool,
        request: given,
        scope,
        made,
        files,
        ..
    } = parts;
    // A call of MCP's is a message of a session, which brings its own.
    if matches!(request.method, Method::GET | Method::HEAD) || given.kind == RequestKind::Mcp {
        return Ok(());
    }
    let filled = members(parts)?;
    if given.kind == RequestKind::Graphql {
        let variables = made.variables.clone();
        let variables = variables.unwrap_or_else(|| Value::Object(filled.unwrap_or_default()));
        return set_json(request, &graphql(given, scope, &made.completed(variables)));
    }
    let body = made
        .body
        .clone()
        .or(whole(parts))
        .map(|body| made.completed(body));
    let filled = filled.map(|filled| match made.completed(Value::Object(filled)) {
        Value::Object(filled) => filled,
        _ => Map::new(),
    });
    match (body, filled) {
        (Some(Value::Object(mut body)), filled) => {
            // Files stand beside what was made.
            for arg in tool.args.iter().filter(|arg| arg.file) {
                if tool.place_of(arg, given) == ArgIn::Body && filled.is_some() {
                    files.bind(given, arg, &mut body);
                }
            }
            files.set_body(tool, given, body, request)
        }
        (Some(Value::Null), _) | (None, None) => Ok(()),
        (Some(value), _) => match given.encoding {
            Encoding::Json => set_json(request, &value),
            Encoding::Raw => {
                request.body = Bytes::from(plain(&value));
                let kind = HeaderValue::from_static("text/plain; charset=utf-8");
                request.headers.entry(CONTENT_TYPE).or_insert(kind);
                Ok(())
            }
            Encoding::Multipart | Encoding::Form | Encoding::Resumable | Encoding::Related => {
                let words = format!("{}: request.body: makes no object", tool.slug);
                Err(Error::invalid(words))
            }
        },
        (None, Some(body)) => files.set_body(tool, given, body, request),
    }
}

fn graphql(given: &RequestManifest, scope: &Scope, variables: &Value) -> Value {
    let document = given.document.as_deref().unwrap_or_default();
    let name = document.trim();
    let name = name
        .strip_prefix('{')
        .and_then(|name| name.strip_suffix('}'));
    let held = name.and_then(|name| scope.arguments().get(name)?.as_str());
    let mut body = json!({ "query": held.unwrap_or(document), "variables": variables });
    if let Some(operation) = &given.operation {
        body["operationName"] = operation.as_str().into();
    }
    body
}

/// A URL that an expression gave; whether it is one of the toolkit's is for who sends it to see.
fn whole_url(made: &Value) -> Result<Url> {
    let url = made.as_str().and_then(|text| Url::parse(text).ok());
    url.filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
        .ok_or_else(|| Error::invalid("request.url: makes no http or https URL"))
}

/// Makes `body` the request's JSON body.
///
/// # Errors
/// Never in practice.
pub(super) fn set_json(request: &mut OutboundRequest, body: &Value) -> Result<()> {
    request.body = Bytes::from(serde_json::to_vec(body)?);
    let kind = HeaderValue::from_static("application/json");
    request.headers.entry(CONTENT_TYPE).or_insert(kind);
    Ok(())
}

/// The URL of a path under `base`, on the same host and below the base's own path.
///
/// # Errors
/// [`Error::Invalid`] when the path leads out of it.
pub(super) fn under(base: &Url, path: &str) -> Result<Url> {
    let text = format!(
        "{}/{}",
        base.as_str().trim_end_matches('/'),
        path.trim_start_matches('/')
    );
    let floor = base.path().trim_end_matches('/');
    let stays = |url: &Url| {
        let below = url.path().strip_prefix(floor);
        url.origin() == base.origin()
            && below.is_some_and(|below| below.is_empty() || below.starts_with('/'))
            && url.username() == base.username()
    };
    Url::parse(&text)
        .ok()
        .filter(stays)
        .ok_or_else(|| Error::invalid("the path leads out of the toolkit's base URL"))
}

/// Headers that belong to the connection and its encoding.
pub(super) fn is_ours(name: &HeaderName) -> bool {
    [HOST, CONTENT_LENGTH, ACCEPT_ENCODING].contains(name) || is_hop_by_hop(name)
}

/// For one connection, not for the next.
pub(super) fn is_hop_by_hop(name: &HeaderName) -> bool {
    HOP_BY_HOP.contains(&name.as_str())
}

pub(super) fn method(name: &str) -> Result<Method> {
    Method::from_bytes(name.to_ascii_uppercase().as_bytes())
        .map_err(|_| Error::internal(format!("`{name}` is no HTTP method")))
}

fn fill_path(parts: Parts<'_>) -> Result<String> {
    let mut problems = Vec::new();
    let path = template::fill(&parts.request.path, |slot| {
        let text = slot_text(parts, slot.name)?;
        match text.and_then(|text| encode(&text, slot.keep_slashes).map_err(str::to_owned)) {
            Ok(encoded) => Some(encoded),
            Err(problem) => {
                problems.push(format!("arguments.{}: {problem}", slot.name));
                Some(String::new())
            }
        }
    })
    .map_err(|missing| Error::fields(vec![format!("arguments.{missing}: is required")]))?;
    // Two arguments in one segment could make dots together.
    if path.split('/').any(is_dots) {
        problems.push("arguments: together they make `.` or `..` in the path".into());
    }
    if problems.is_empty() {
        Ok(path)
    } else {
        Err(Error::fields(problems))
    }
}

/// What stands for a slot; none where there is no value.
fn slot_text(parts: Parts<'_>, slot: &str) -> Option<Result<String, String>> {
    let value = parts.scope.find(slot).filter(|value| !value.is_null())?;
    Some(match parts.tool.arg(slot) {
        Some(arg) => converted(arg, value).map(|value| wire::text(arg, &value)),
        None => Ok(plain(value)),
    })
}

/// Headers with their slots filled; one that names a missing value is left out.
fn filled_headers(given: &BTreeMap<String, String>, scope: &Scope) -> Result<HeaderMap> {
    let mut headers = HeaderMap::new();
    for (name, text) in given {
        let Ok(text) = template::fill(text, |slot| filled(slot.name, scope)) else {
            continue;
        };
        let value = HeaderValue::from_str(&text)
            .map_err(|_| Error::invalid(format!("header {name}: must not hold line breaks")))?;
        headers.insert(header_name(name)?, value);
    }
    Ok(headers)
}

fn filled_query(given: &RequestManifest, scope: &Scope) -> Vec<(String, String)> {
    let filled = given.fixed_query().filter_map(|(name, text)| {
        let text = template::fill(text, |slot| filled(slot.name, scope));
        Some((name.clone(), text.ok()?))
    });
    filled.collect()
}

fn filled(slot: &str, scope: &Scope) -> Option<String> {
    scope.find(slot).filter(|value| !value.is_null()).map(plain)
}

fn is_dots(segment: &str) -> bool {
    matches!(segment, "." | "..")
}

/// One path segment; with `keep_slashes` several.
fn encode(value: &str, keep_slashes: bool) -> Result<String, &'static str> {
    let value = if keep_slashes {
        value.trim_start_matches('/')
    } else {
        value
    };
    if value.is_empty() && !keep_slashes {
        return Err("must not be empty");
    }
    let segments: Vec<&str> = if keep_slashes {
        value.split('/').collect()
    } else {
        vec![value]
    };
    if segments.iter().any(|segment| is_dots(segment)) {
        return Err("must not be `.` or `..`");
    }
    let encoded: Vec<String> = segments
        .iter()
        .map(|segment| utf8_percent_encode(segment, UNRESERVED).to_string())
        .collect();
    Ok(encoded.join("/"))
}

/// The headers that a manifest sets.
///
/// # Errors
/// [`Error::Internal`] when one is none.
pub(super) fn fixed_headers(fixed: &BTreeMap<String, String>) -> Result<HeaderMap> {
    fixed
        .iter()
        .map(|(name, value)| {
            let value = HeaderValue::from_str(value).map_err(|_| {
                Error::internal(format!("the fixed header {name} has no valid value"))
            })?;
            Ok((header_name(name)?, value))
        })
        .collect()
}

fn header_name(name: &str) -> Result<HeaderName> {
    HeaderName::from_bytes(name.as_bytes())
        .map_err(|_| Error::internal(format!("`{name}` is no header name")))
}

fn header_value(arg: &ArgManifest, value: &Value) -> Result<HeaderValue> {
    HeaderValue::from_str(&wire::text(arg, value)).map_err(|_| {
        let name = &arg.arg;
        Error::fields(vec![format!(
            "arguments.{name}: goes into a header and must not hold line breaks"
        )])
    })
}

/// `author.name` becomes an object in an object, `author\.name` a member of that name.
pub(super) fn insert(body: &mut Map<String, Value>, path: &str, value: Value) {
    let plain = |name: &str| name.replace("\\.", ".");
    let mut dots = path.match_indices('.').map(|(at, _)| at);
    let dot = dots.find(|at| !path[..*at].ends_with('\\'));
    match dot.map(|at| (&path[..at], &path[at + 1..])) {
        None => {
            body.insert(plain(path), value);
        }
        Some((outer, inner)) => {
            let entry = body
                .entry(plain(outer))
                .or_insert_with(|| Value::Object(Map::new()));
            if !entry.is_object() {
                *entry = Value::Object(Map::new());
            }
            if let Value::Object(nested) = entry {
                insert(nested, inner, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    fn base() -> Url {
        "https://api.test/v1".parse().unwrap()
    }

    proptest! {
        /// Whatever an argument holds, it is refused or fills exactly its segment.
        #[test]
        fn a_path_argument_fills_one_segment_and_reads_back_as_it_was(value in ".*") {
            let Ok(encoded) = encode(&value, false) else {
                prop_assert!(value.is_empty() || is_dots(&value));
                return Ok(());
            };
            let url = under(&base(), &format!("/things/{encoded}/end")).unwrap();
            let segments: Vec<&str> = url.path_segments().unwrap().collect();
            prop_assert_eq!(&segments[..2], ["v1", "things"]);
            prop_assert_eq!(&segments[3..], ["end"]);
            let decoded = percent_encoding::percent_decode_str(segments[2]).decode_utf8().unwrap();
            prop_assert_eq!(decoded, value);
            prop_assert_eq!(url.query(), None);
        }

        /// Whatever an argument that keeps its slashes holds, it stays below its place.
        #[test]
        fn a_path_of_arguments_stays_below_its_place(value in "[./%\\\\a-z?#@:]*") {
            if let Ok(encoded) = encode(&value, true) {
                let url = under(&base(), &format!("/files/{encoded}")).unwrap();
                prop_assert!(url.path().starts_with("/v1/files/"), "{}", url);
                prop_assert_eq!((url.host_str(), url.query(), url.fragment()), (Some("api.test"), None, None));
            }
        }

        /// Whatever a proxied path holds, it stays on the host and below the base.
        #[test]
        fn a_path_under_a_base_stays_there(path in "[./%2e\\\\a-z@:?#]*") {
            if let Ok(url) = under(&base(), &path) {
                prop_assert_eq!(url.origin(), base().origin());
                prop_assert!(url.path() == "/v1" || url.path().starts_with("/v1/"), "{}", url);
            }
        }
    }

    #[rstest]
    #[case("/../v1x/admin")]
    #[case("/%2e%2e/admin")]
    #[case("/a/../../admin")]
    #[case("\\..\\..\\admin")]
    fn a_path_that_leads_out_of_the_base_is_refused(#[case] path: &str) {
        assert!(under(&base(), path).is_err(), "{path}");
    }

    #[test]
    fn dotted_names_make_objects_in_objects() {
        let mut body = Map::new();
        insert(&mut body, "a.b.c", Value::from(1));
        insert(&mut body, "a.b.d", Value::from(2));
        insert(&mut body, "e", Value::from(3));
        insert(&mut body, "f\\.g.h\\.", Value::from(4));
        let expected = json!({ "a": { "b": { "c": 1, "d": 2 } }, "e": 3, "f.g": { "h.": 4 } });
        assert_eq!(Value::Object(body), expected);
    }
}
