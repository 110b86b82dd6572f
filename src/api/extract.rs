//! Extractors that fail in our error shape, and the lenient words of queries: SDKs join arrays by
//! commas in one parameter, others repeat the parameter; both are taken.

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use crate::error::{Error, Result};
use crate::paging::PageRequest;

/// A JSON body. The content type is not asked for, and no body is `{}`: SDKs send either.
#[derive(Debug, Clone, Copy)]
pub struct Json<T>(pub T);

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        // A body that is too large keeps its own status, which the border turns into our error.
        let bytes = Bytes::from_request(request, state)
            .await
            .map_err(IntoResponse::into_response)?;
        read_object(&bytes)
            .map(Self)
            .map_err(IntoResponse::into_response)
    }
}

fn read_object<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    let text = match bytes.iter().find(|byte| !byte.is_ascii_whitespace()) {
        None => b"{}",
        // serde would read a list as an object's fields in order.
        Some(b'[') => return Err(Error::fields(vec!["body: must be a JSON object".into()])),
        Some(_) => bytes,
    };
    if has_nul(text) {
        return Err(nul("body"));
    }
    let mut reader = serde_json::Deserializer::from_slice(text);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|cause| explain(&cause))?;
    reader
        .end()
        .map_err(|cause| Error::fields(vec![format!("body: {cause}")]))?;
    Ok(value)
}

/// PostgreSQL keeps no NUL in text, SQLite does; refused at the door, both engines behave alike.
fn nul(place: &str) -> Error {
    Error::fields(vec![format!("{place}: must not contain the NUL character")])
}

/// Whether a string of the JSON text holds an escaped NUL (a plain one is no JSON).
fn has_nul(json: &[u8]) -> bool {
    let mut rest = json;
    while let Some(at) = rest.iter().position(|byte| *byte == b'\\') {
        if rest[at + 1..].starts_with(b"u0000") {
            return true;
        }
        // The escaped character may itself be a backslash.
        rest = rest.get(at + 2..).unwrap_or_default();
    }
    false
}

fn explain(cause: &serde_path_to_error::Error<serde_json::Error>) -> Error {
    let path = cause.path().to_string();
    let place = if path == "." { "body" } else { &path };
    let problem = without_value(&cause.inner().to_string());
    Error::fields(vec![format!("{place}: {problem}")])
}

/// serde quotes the value it did not expect, which may be a secret in the wrong place:
/// `invalid type: string "…", expected a boolean` loses its middle.
fn without_value(problem: &str) -> String {
    let quote = problem.find(['"', '`']);
    match (quote, problem.rfind(", expected ")) {
        (Some(start), Some(end)) if start < end => {
            format!("{}{}", problem[..start].trim_end(), &problem[end..])
        }
        _ => problem.to_owned(),
    }
}

/// The query, read leniently: empty values count as absent, `a[b]=c` is an object.
#[derive(Debug, Clone, Copy)]
pub struct Query<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self> {
        let query = parts.uri.query().unwrap_or_default();
        if query.contains("%00") {
            return Err(nul("query"));
        }
        let fields = query_fields(query);
        serde_path_to_error::deserialize(Value::Object(fields))
            .map(Self)
            .map_err(|cause| explain(&cause))
    }
}

fn query_fields(query: &str) -> Map<String, Value> {
    let mut fields = Map::new();
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        if value.is_empty() {
            continue;
        }
        let value = Value::String(value.into_owned());
        if let Some((outer, inner)) = name.strip_suffix(']').and_then(|name| name.split_once('[')) {
            if inner.is_empty() {
                append(&mut fields, outer, value);
            } else {
                let entry = fields
                    .entry(outer)
                    .or_insert_with(|| Value::Object(Map::new()));
                if let Value::Object(object) = entry {
                    object.insert(inner.to_owned(), value);
                }
            }
        } else {
            append(&mut fields, &name, value);
        }
    }
    fields
}

/// The first value stands alone; a repeated parameter becomes an array.
fn append(fields: &mut Map<String, Value>, name: &str, value: Value) {
    match fields.get_mut(name) {
        None => {
            fields.insert(name.to_owned(), value);
        }
        Some(Value::Array(values)) => values.push(value),
        Some(present) => {
            let first = present.take();
            *present = Value::Array(vec![first, value]);
        }
    }
}

/// The path's parameters.
#[derive(Debug, Clone, Copy)]
pub struct Path<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        if parts.uri.path().contains("%00") {
            return Err(nul("path"));
        }
        #[expect(clippy::disallowed_types, reason = "wrapped here, with our error")]
        axum::extract::Path::from_request_parts(parts, state)
            .await
            .map(|axum::extract::Path(value)| Self(value))
            .map_err(|cause| Error::invalid(format!("the path cannot be read: {cause}")))
    }
}

/// Values joined by commas, repeated, or both.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CommaList(pub Vec<String>);

impl<'de> Deserialize<'de> for CommaList {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum OneOrMany {
            One(String),
            Many(Vec<String>),
        }
        let texts = match Option::<OneOrMany>::deserialize(deserializer)? {
            None => Vec::new(),
            Some(OneOrMany::One(text)) => vec![text],
            Some(OneOrMany::Many(texts)) => texts,
        };
        let split = |text: &String| -> Vec<String> {
            text.split(',')
                .map(str::trim)
                .filter(|one| !one.is_empty())
                .map(str::to_owned)
                .collect()
        };
        Ok(Self(texts.iter().flat_map(split).collect()))
    }
}

/// A whole number that arrives as text or as a number (`10`, `10.0`).
///
/// # Errors
/// When it is neither.
pub fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    let text = match Option::<Value>::deserialize(deserializer)? {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(text)) if text == "null" => return Ok(None),
        Some(Value::String(text)) => text,
        Some(other) => other.to_string(),
    };
    let number: f64 = text
        .trim()
        .parse()
        .map_err(|_| serde::de::Error::custom("must be a whole number"))?;
    if !number.is_finite() || number.fract() != 0.0 {
        return Err(serde::de::Error::custom("must be a whole number"));
    }
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a float-to-int cast saturates"
    )]
    Ok(Some(number as i64))
}

/// `true` or `false`, as text or as a boolean.
///
/// # Errors
/// When it is neither.
pub fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    match Option::<Value>::deserialize(deserializer)? {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Bool(flag)) => Ok(Some(flag)),
        Some(Value::String(text)) => match text.to_ascii_lowercase().as_str() {
            "true" | "1" => Ok(Some(true)),
            "false" | "0" => Ok(Some(false)),
            "null" => Ok(None),
            _ => Err(serde::de::Error::custom("must be true or false")),
        },
        Some(_) => Err(serde::de::Error::custom("must be true or false")),
    }
}

/// The `limit` and `cursor` of a list; flatten-free, so that each list's parameters are its own.
///
/// # Errors
/// When the cursor is not one of ours.
pub fn page(limit: Option<i64>, cursor: Option<&str>) -> Result<PageRequest> {
    PageRequest::new(limit, cursor)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn arrays_may_be_joined_repeated_or_bracketed() {
        #[derive(Deserialize)]
        struct Filters {
            #[serde(default)]
            toolkit_slugs: CommaList,
        }
        for query in [
            "toolkit_slugs=a%2Cb",
            "toolkit_slugs=a&toolkit_slugs=b",
            "toolkit_slugs[]=a&toolkit_slugs[]=b",
        ] {
            let filters: Filters =
                serde_json::from_value(Value::Object(query_fields(query))).unwrap();
            assert_eq!(filters.toolkit_slugs.0, ["a", "b"], "{query}");
        }
    }

    #[test]
    fn a_problem_never_quotes_the_value_behind_it() {
        #[derive(Debug, Deserialize)]
        #[serde(rename_all = "snake_case")]
        enum Choice {
            First,
        }
        let cases = [
            (
                explain_body::<bool>(r#""s3cr3t\", expected x""#),
                "body: invalid type: string, expected a boolean",
            ),
            (
                explain_body::<Choice>(r#""s3cr3t`""#),
                "body: unknown variant, expected `first`",
            ),
            (
                explain_body::<u8>("70000"),
                "body: invalid value: integer, expected u8",
            ),
        ];
        for (problem, expected) in cases {
            assert!(problem.starts_with(expected), "{problem}");
            assert!(!problem.contains("s3cr3t"), "{problem}");
        }
    }

    fn explain_body<T: DeserializeOwned + std::fmt::Debug>(text: &str) -> String {
        read_object::<T>(text.as_bytes())
            .unwrap_err()
            .shown()
            .errors
            .remove(0)
    }

    #[test]
    fn an_escaped_nul_is_found_and_an_escaped_backslash_before_it_is_not_one() {
        assert!(has_nul(br#"{"a":"b\u0000"}"#));
        assert!(has_nul(br#"{"a":"\\\u0000"}"#));
        assert!(!has_nul(br#"{"a":"\\u0000"}"#));
        assert!(!has_nul(br#"{"a":"\u0001 0000"}"#));
        assert!(!has_nul(b"\\"));
    }

    #[test]
    fn a_bracketed_name_makes_an_object_and_an_empty_value_counts_as_absent() {
        let fields = query_fields("toolkit_versions%5Bgithub%5D=20260101_00&search=");
        assert_eq!(
            Value::Object(fields),
            json!({ "toolkit_versions": { "github": "20260101_00" } })
        );
    }
}
