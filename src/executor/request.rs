//! A tool and its arguments as an HTTP request: pure, and without the credential.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HOST};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};
use url::Url;

use super::files::Attachments;
use crate::catalog::manifest::{ArgIn, ArgManifest, Join, ToolManifest};
use crate::catalog::{Tool, template};
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

/// The request that `tool` makes of validated `arguments` and their files under `base`.
///
/// # Errors
/// [`Error::Invalid`] when an argument cannot stand where it goes: an empty or dotted path
/// segment, a line break in a header.
pub(super) fn build(
    tool: &Tool,
    arguments: &Map<String, Value>,
    files: &Attachments,
    base: &Url,
) -> Result<OutboundRequest> {
    let manifest = &tool.manifest;
    let path = fill_path(manifest, arguments)?;
    let mut url = under(base, &path)?;
    let mut headers = fixed_headers(&tool.toolkit.manifest.default_headers)?;
    headers.extend(fixed_headers(&manifest.request.headers)?);
    let mut query: Vec<(String, String)> = manifest
        .request
        .query
        .iter()
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    let mut body = None;
    for arg in &manifest.args {
        let place = manifest.place_of(arg);
        if place == ArgIn::Body && body.is_none() {
            body = Some(Map::new());
        }
        let Some(value) = arguments.get(&arg.arg) else {
            continue;
        };
        match (place, &mut body) {
            (ArgIn::Body, Some(body)) if arg.file => files.bind(manifest, arg, body),
            (ArgIn::Query, _) => query.extend(pairs(arg, value)),
            (ArgIn::Header, _) => {
                let header = header_value(arg, value)?;
                headers.insert(header_name(wire_name(arg))?, header);
            }
            (ArgIn::Body, Some(body)) => insert(body, wire_name(arg), in_body(arg, value)),
            // The path is filled already.
            (ArgIn::Path, _) | (ArgIn::Body, None) => {}
        }
    }
    if !query.is_empty() {
        url.query_pairs_mut().extend_pairs(&query);
    }
    let method = method(&manifest.request.method)?;
    let body = body.filter(|_| !matches!(method, Method::GET | Method::HEAD));
    let mut request = OutboundRequest::new(method, url);
    request.headers = headers;
    if let Some(body) = body {
        files.set_body(manifest, body, &mut request)?;
    }
    Ok(request)
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

fn fill_path(manifest: &ToolManifest, arguments: &Map<String, Value>) -> Result<String> {
    let mut problems = Vec::new();
    let path = template::fill(&manifest.request.path, |slot| {
        let arg = manifest.args.iter().find(|arg| arg.arg == slot.name)?;
        let value = wire_text(arg, arguments.get(slot.name)?);
        match encode(&value, slot.keep_slashes) {
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

pub(super) fn wire_name(arg: &ArgManifest) -> &str {
    arg.name.as_deref().unwrap_or(&arg.arg)
}

/// A value as it goes into a path, a query or a header.
fn wire_text(arg: &ArgManifest, value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    };
    in_template(arg, text)
}

fn plain(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

fn in_template(arg: &ArgManifest, text: String) -> String {
    match &arg.template {
        None => text,
        Some(wire) => template::fill(wire, |_| Some(text.clone())).unwrap_or(text),
    }
}

fn in_body(arg: &ArgManifest, value: &Value) -> Value {
    match &arg.template {
        None => value.clone(),
        Some(_) => Value::String(wire_text(arg, value)),
    }
}

fn pairs(arg: &ArgManifest, value: &Value) -> Vec<(String, String)> {
    let name = wire_name(arg).to_owned();
    match (value, arg.join) {
        (Value::Array(items), Join::Multi) => items
            .iter()
            .map(|item| (name.clone(), in_template(arg, plain(item))))
            .collect(),
        (value, Join::Multi | Join::Csv) => vec![(name, wire_text(arg, value))],
    }
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
    HeaderValue::from_str(&wire_text(arg, value)).map_err(|_| {
        let name = &arg.arg;
        Error::fields(vec![format!(
            "arguments.{name}: goes into a header and must not hold line breaks"
        )])
    })
}

/// `author.name` becomes an object in an object.
pub(super) fn insert(body: &mut Map<String, Value>, path: &str, value: Value) {
    match path.split_once('.') {
        None => {
            body.insert(path.to_owned(), value);
        }
        Some((outer, inner)) => {
            let entry = body
                .entry(outer)
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
        let expected = serde_json::json!({ "a": { "b": { "c": 1, "d": 2 } }, "e": 3 });
        assert_eq!(Value::Object(body), expected);
    }
}
