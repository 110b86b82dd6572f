//! An upstream's reply as the result of a tool: pure.

use http::StatusCode;
use http::header::CONTENT_TYPE;
use serde_json::{Map, Value, json};

use crate::auth_schemes::Redactor;
use crate::catalog::manifest::ResponseRule;
use crate::outbound::OutboundReply;

const DEFAULT_WRAP: &str = "response_data";
const LONGEST_MESSAGE: usize = 1_000;
const LONGEST_BODY_IN_MESSAGE: usize = 20_000;

/// What a reply comes to.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Shaped {
    /// The tool's data.
    pub(super) data: Map<String, Value>,
    /// None for a success.
    pub(super) error: Option<String>,
}

/// A body as far as we can read it.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Body {
    Empty,
    Json(Value),
    Text(String),
    /// No text.
    Binary,
}

impl Body {
    /// JSON where the reply says so or it looks like it; what then is no JSON is text. Without the
    /// secrets that `redactor` knows.
    pub(super) fn read(reply: &OutboundReply, redactor: &Redactor) -> Self {
        if reply.body.is_empty() {
            return Self::Empty;
        }
        let content_type = content_type(reply);
        let start = reply.body.iter().find(|byte| !byte.is_ascii_whitespace());
        let may_be_json = content_type.contains("json")
            || (!content_type.starts_with("text/html") && matches!(start, Some(b'{' | b'[')));
        if may_be_json && let Ok(mut value) = serde_json::from_slice(&reply.body) {
            redactor.value(&mut value);
            return Self::Json(value);
        }
        match std::str::from_utf8(&reply.body) {
            Ok(text) if text.trim().is_empty() => Self::Empty,
            Ok(text) if !text.contains('\0') => {
                let mut text = text.to_owned();
                redactor.text(&mut text);
                Self::Text(text)
            }
            Ok(_) | Err(_) => Self::Binary,
        }
    }
}

fn content_type(reply: &OutboundReply) -> String {
    let value = reply
        .headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    value.unwrap_or_default().to_ascii_lowercase()
}

/// Whether the upstream did what was asked.
pub(super) fn is_success(rule: &ResponseRule, status: u16) -> bool {
    (200..=299).contains(&status) || rule.ok_statuses.contains(&status)
}

/// The result of a tool whose request was answered with `reply`, without the secrets that
/// `redactor` knows; none for a success that is no text. `url` is named in the error, so it must be
/// without query.
pub(super) fn shape(
    rule: &ResponseRule,
    reply: &OutboundReply,
    redactor: &Redactor,
    mut url: String,
) -> Option<Shaped> {
    let body = Body::read(reply, redactor);
    redactor.text(&mut url);
    match (is_success(rule, reply.status), body) {
        (true, Body::Binary) => None,
        (true, body) => Some(Shaped {
            data: data(rule, body),
            error: None,
        }),
        (false, body) => Some(refusal(rule, reply.status, &body, &url)),
    }
}

/// The result of a tool whose upstream could not be asked or did not answer usably.
pub(super) fn unreachable(message: &str) -> Shaped {
    let data = json!({ "message": message, "http_error": message });
    Shaped {
        data: object(data),
        error: Some(message.to_owned()),
    }
}

fn data(rule: &ResponseRule, body: Body) -> Map<String, Value> {
    let value = match body {
        Body::Empty | Body::Binary => return Map::new(),
        Body::Json(Value::Object(fields)) if !rule.wrap_objects => return fields,
        Body::Json(value) => value,
        Body::Text(text) => Value::String(text),
    };
    let key = rule.wrap.clone().unwrap_or_else(|| DEFAULT_WRAP.to_owned());
    Map::from_iter([(key, value)])
}

/// The documented shape of an upstream's refusal: `{status_code, message, http_error}`, with the
/// whole of what the upstream said as the message.
fn refusal(rule: &ResponseRule, status: u16, body: &Body, url: &str) -> Shaped {
    let reason = reason(status);
    let (picked, said) = match body {
        Body::Json(value) => (pick_message(rule, value), value.to_string()),
        Body::Text(text) => (Some(text.clone()), text.clone()),
        Body::Empty | Body::Binary => (None, reason.to_owned()),
    };
    let picked = picked.map(|text| first_part(text.trim(), LONGEST_MESSAGE));
    let message = picked
        .filter(|text| !text.is_empty())
        .unwrap_or_else(|| reason.to_owned());
    let side = if status >= 500 { "Server" } else { "Client" };
    let http_error = match status {
        400.. => format!("{status} {side} Error: {reason} for url: {url}"),
        _ => format!("{status} {reason} for url: {url}"),
    };
    let data = json!({
        "status_code": status,
        "message": first_part(&said, LONGEST_BODY_IN_MESSAGE),
        "http_error": http_error,
    });
    Shaped {
        data: object(data),
        error: Some(format!("{status} {message}")),
    }
}

fn reason(status: u16) -> &'static str {
    let known = StatusCode::from_u16(status)
        .ok()
        .and_then(|status| status.canonical_reason());
    known.unwrap_or("Unknown status")
}

/// Looks where services keep their message, the manifest's place first.
fn pick_message(rule: &ResponseRule, body: &Value) -> Option<String> {
    const PLACES: [&str; 11] = [
        "error.message",
        "error_description",
        "error",
        "message",
        "errors.0.message",
        "errors.0.detail",
        "errors.0",
        "detail",
        "error_message",
        "title",
        "msg",
    ];
    rule.error
        .as_deref()
        .into_iter()
        .chain(PLACES)
        .find_map(|path| match find(body, path)? {
            Value::String(text) if !text.trim().is_empty() => Some(text.clone()),
            Value::Number(number) if Some(path) == rule.error.as_deref() => {
                Some(number.to_string())
            }
            _ => None,
        })
        .or_else(|| body.as_str().map(str::to_owned))
}

fn find<'v>(body: &'v Value, path: &str) -> Option<&'v Value> {
    path.split('.').try_fold(body, |value, name| match value {
        Value::Object(fields) => fields.get(name),
        Value::Array(items) => items.get(name.parse::<usize>().ok()?),
        _ => None,
    })
}

fn first_part(text: &str, limit: usize) -> String {
    match text.char_indices().nth(limit) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use http::{HeaderMap, HeaderValue};
    use rstest::rstest;

    const URL: &str = "https://api.test/things";

    fn reply(status: u16, content_type: &str, body: &[u8]) -> OutboundReply {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_str(content_type).unwrap());
        OutboundReply {
            status,
            headers,
            body: Bytes::copy_from_slice(body),
            streamed: None,
        }
    }

    fn shaped(rule: Value, reply: &OutboundReply) -> Value {
        let rule: ResponseRule = serde_json::from_value(rule).unwrap();
        let Shaped { data, error } =
            shape(&rule, reply, &Redactor::default(), URL.to_owned()).unwrap();
        json!({ "data": data, "error": error })
    }

    #[rstest]
    #[case::object("application/json", br#"{"id":1}"#, json!({ "id": 1 }))]
    #[case::list("application/json", b"[1]", json!({ "response_data": [1] }))]
    #[case::number("application/json", b"7", json!({ "response_data": 7 }))]
    #[case::null("application/json", b"null", json!({ "response_data": null }))]
    #[case::vendor_json("application/vnd.api+json; charset=utf-8", br#"{"a":1}"#, json!({ "a": 1 }))]
    #[case::unnamed_json("text/plain", br#" {"a":1}"#, json!({ "a": 1 }))]
    #[case::text("text/plain", b"pong", json!({ "response_data": "pong" }))]
    #[case::digits_as_text("text/plain", b"0042", json!({ "response_data": "0042" }))]
    #[case::broken_json("application/json", br#"{"a":"#, json!({ "response_data": "{\"a\":" }))]
    #[case::empty("application/json", b"", json!({}))]
    #[case::blank("text/plain", b" \n", json!({}))]
    fn a_success_is_an_object(#[case] kind: &str, #[case] body: &[u8], #[case] data: Value) {
        assert_eq!(
            shaped(json!({}), &reply(200, kind, body)),
            json!({ "data": data, "error": null })
        );
    }

    #[test]
    fn the_rule_names_the_wrapping_key() {
        let list = reply(200, "application/json", b"[1]");
        assert_eq!(
            shaped(json!({ "wrap": "issues" }), &list)["data"],
            json!({ "issues": [1] })
        );
        let object = reply(200, "application/json", br#"{"a":1}"#);
        let rule = json!({ "wrap": "item", "wrap_objects": true });
        assert_eq!(shaped(rule, &object)["data"], json!({ "item": { "a": 1 } }));
    }

    #[test]
    fn a_status_that_the_rule_calls_good_is_a_success() {
        let missing = reply(404, "application/json", br#"{"starred":false}"#);
        let result = shaped(json!({ "ok_statuses": [404] }), &missing);
        assert_eq!(
            result,
            json!({ "data": { "starred": false }, "error": null })
        );
    }

    #[test]
    fn a_refusal_has_the_documented_shape() {
        let body = br#"{"message":"Not Found","documentation_url":"https://docs.test"}"#;
        assert_eq!(
            shaped(json!({}), &reply(404, "application/json", body)),
            json!({
                "data": {
                    "status_code": 404,
                    "message": r#"{"message":"Not Found","documentation_url":"https://docs.test"}"#,
                    "http_error": "404 Client Error: Not Found for url: https://api.test/things",
                },
                "error": "404 Not Found",
            })
        );
    }

    #[rstest]
    #[case(r#"{"error":{"message":"no quota","code":7}}"#, "no quota")]
    #[case(
        r#"{"error":"invalid_grant","error_description":"the code is old"}"#,
        "the code is old"
    )]
    #[case(r#"{"error":"nope"}"#, "nope")]
    #[case(r#"{"errors":[{"message":"first"},{"message":"second"}]}"#, "first")]
    #[case(r#"{"errors":["flat"]}"#, "flat")]
    #[case(r#"{"detail":"no such thing"}"#, "no such thing")]
    #[case(r#"{"title":"Problem"}"#, "Problem")]
    #[case(r#""just text""#, "just text")]
    #[case(r#"{"unknown":true}"#, "Unprocessable Entity")]
    #[case("plain words", "plain words")]
    #[case("", "Unprocessable Entity")]
    fn the_message_is_found_where_services_keep_it(#[case] body: &str, #[case] message: &str) {
        let result = shaped(json!({}), &reply(422, "application/json", body.as_bytes()));
        assert_eq!(result["error"], format!("422 {message}"));
    }

    #[test]
    fn the_place_that_the_rule_names_comes_first() {
        let body = br#"{"message":"generic","fault":{"why":"specific"}}"#;
        let result = shaped(
            json!({ "error": "fault.why" }),
            &reply(400, "application/json", body),
        );
        assert_eq!(result["error"], "400 specific");
    }

    #[test]
    fn an_error_page_is_cut_to_a_readable_length() {
        let page = "<p>é</p>".repeat(10_000);
        let result = shaped(json!({}), &reply(502, "text/html", page.as_bytes()));
        assert!(result["error"].as_str().unwrap().chars().count() < 1_010);
        assert!(result["data"]["message"].as_str().unwrap().chars().count() < 20_010);
    }

    #[test]
    fn a_binary_answer_has_no_text_to_show() {
        let picture = reply(200, "image/png", b"\x89PNG\r\n\x1a\n");
        let rule = ResponseRule::default();
        assert_eq!(
            shape(&rule, &picture, &Redactor::default(), URL.to_owned()),
            None
        );
    }
}
