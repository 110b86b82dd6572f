//! An upstream's reply as the result of a tool.

use http::StatusCode;
use http::header::CONTENT_TYPE;
use serde_json::{Map, Value, json};

use super::attempts::Sent;
use super::mcp;
use super::scope::{self, Scope};
use crate::auth_schemes::Redactor;
use crate::catalog::manifest::{RequestKind, ResponseRule};
use crate::expressions::Input;
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

impl Body {
    /// As expressions see it.
    fn as_value(&self) -> Value {
        match self {
            Self::Empty | Self::Binary => Value::Null,
            Self::Json(value) => value.clone(),
            Self::Text(text) => Value::String(text.clone()),
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

/// An answer as a rule reads it.
pub(super) struct Answer<'a> {
    pub(super) rule: &'a ResponseRule,
    pub(super) kind: RequestKind,
    pub(super) scope: &'a Scope,
    pub(super) status: u16,
    /// Without query, for messages.
    pub(super) url: String,
    body: Body,
    /// `{status, headers, body}`
    value: Value,
}

impl<'a> Answer<'a> {
    /// Reads a reply, without the secrets that its redactor knows.
    pub(super) fn of(
        rule: &'a ResponseRule,
        kind: RequestKind,
        scope: &'a Scope,
        sent: &Sent,
    ) -> Self {
        let Sent {
            reply,
            redactor,
            url,
        } = sent;
        let mut url = url.clone();
        redactor.text(&mut url);
        let body = Body::read(reply, redactor);
        let value = json!({
            "status": reply.status,
            "headers": scope::headers(&reply.headers, redactor),
            "body": body.as_value(),
        });
        Self {
            rule,
            kind,
            scope,
            status: reply.status,
            url,
            body,
            value,
        }
    }

    /// An answer that was read before.
    pub(super) fn of_value(
        rule: &'a ResponseRule,
        kind: RequestKind,
        scope: &'a Scope,
        value: Value,
        url: String,
    ) -> Self {
        let body = match value.get("body") {
            None | Some(Value::Null) => Body::Empty,
            Some(Value::String(text)) => Body::Text(text.clone()),
            Some(body) => Body::Json(body.clone()),
        };
        let status = value.get("status").and_then(Value::as_u64);
        Self {
            rule,
            kind,
            scope,
            status: status
                .and_then(|status| u16::try_from(status).ok())
                .unwrap_or(200),
            url,
            body,
            value,
        }
    }

    /// `{status, headers, body}`, as later steps see it.
    pub(super) fn into_value(self) -> Value {
        self.value
    }

    /// As expressions see it.
    pub(super) fn input(&self) -> Input {
        self.scope.of_answer(&self.value)
    }

    /// Whether the service did what was asked.
    ///
    /// # Errors
    /// The rule's words, where it cannot tell.
    pub(super) async fn is_success(&self) -> Result<bool, String> {
        if let Some(ok) = &self.rule.ok {
            let is_ok = self.scope.read("response.ok", ok, &self.input()).await?;
            return Ok(!matches!(is_ok, Value::Null | Value::Bool(false)));
        }
        let is_success = match (&self.body, self.kind) {
            (Body::Json(body), RequestKind::Graphql) => {
                let errors = body.get("errors").and_then(Value::as_array);
                errors.is_none_or(Vec::is_empty)
            }
            (Body::Json(body), RequestKind::Mcp) => mcp::is_success(body),
            _ => true,
        };
        Ok(is_good(self.rule, self.status) && is_success)
    }

    /// The tool's data; none where the answer is no text.
    ///
    /// # Errors
    /// The rule's words.
    pub(super) async fn data(&self) -> Result<Option<Map<String, Value>>, String> {
        let value = match (&self.rule.data, &self.body, self.kind) {
            (Some(data), ..) => {
                self.scope
                    .read("response.data", data, &self.input())
                    .await?
            }
            (None, Body::Binary, _) => return Ok(None),
            (None, Body::Empty, _) => Value::Object(Map::new()),
            (None, Body::Json(body), RequestKind::Graphql) => {
                body.get("data").cloned().unwrap_or_default()
            }
            (None, Body::Json(body), RequestKind::Mcp) => mcp::data(body),
            (None, Body::Json(body), RequestKind::Http) => body.clone(),
            (None, Body::Text(text), _) => Value::String(text.clone()),
        };
        Ok(Some(pruned(self.rule, object_of(value))))
    }

    /// The result of a tool whose last answer this is; none for a success that is no text.
    pub(super) async fn outcome(&self) -> Option<Shaped> {
        match self.is_success().await {
            Ok(false) => return Some(self.refusal().await),
            Ok(true) => {}
            Err(cause) => return Some(unreadable(&cause)),
        }
        match self.data().await {
            Ok(data) => data.map(|data| Shaped { data, error: None }),
            Err(cause) => Some(unreadable(&cause)),
        }
    }

    /// The documented shape of an upstream's refusal: `{status_code, message, http_error}`, with the
    /// whole of what the upstream said as the message.
    pub(super) async fn refusal(&self) -> Shaped {
        let mut picked = None;
        if let Some(error) = &self.rule.error
            && let Ok(value) = self
                .scope
                .read("response.error", error, &self.input())
                .await
        {
            picked = message_of(&value);
        }
        refusal(picked, self.status, &self.body, &self.url)
    }
}

/// Whether a status is a success by itself.
pub(super) fn is_good(rule: &ResponseRule, status: u16) -> bool {
    let mut others = rule.ok_statuses.iter().flatten();
    (200..=299).contains(&status) || others.any(|other| *other == status)
}

/// The service acted, and its answer is not what the toolkit expects.
pub(super) fn unreadable(cause: &str) -> Shaped {
    unreachable(&format!("the answer could not be read: {cause}"))
}

/// An object as it is, nothing as an empty one, anything else under one key.
pub(super) fn object_of(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        value => Map::from_iter([(DEFAULT_WRAP.to_owned(), value)]),
    }
}

/// What the rule keeps of the data.
pub(super) fn pruned(rule: &ResponseRule, mut data: Map<String, Value>) -> Map<String, Value> {
    if let Some(keep) = &rule.keep {
        data.retain(|name, _| keep.contains(name));
    }
    for name in rule.drop.iter().flatten() {
        data.shift_remove(name);
    }
    data
}

/// Words that an expression gave; none where it gave none.
fn message_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) => Some(value.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
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

fn refusal(picked: Option<String>, status: u16, body: &Body, url: &str) -> Shaped {
    let reason = reason(status);
    let (found, said) = match body {
        Body::Json(value) => (pick_message(value), value.to_string()),
        Body::Text(text) => (Some(text.clone()), text.clone()),
        Body::Empty | Body::Binary => (None, reason.to_owned()),
    };
    let words = |text: String| first_part(text.trim(), LONGEST_MESSAGE);
    let mut words = picked.into_iter().chain(found).map(words);
    let message = words
        .find(|text| !text.is_empty())
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
    // A refusal that came with 200 is none of HTTP's.
    let error = match status {
        200..=299 => message,
        _ => format!("{status} {message}"),
    };
    Shaped {
        data: object(data),
        error: Some(error),
    }
}

fn reason(status: u16) -> &'static str {
    let known = StatusCode::from_u16(status)
        .ok()
        .and_then(|status| status.canonical_reason());
    known.unwrap_or("Unknown status")
}

/// Looks where services keep their message.
fn pick_message(body: &Value) -> Option<String> {
    const PLACES: [&str; 12] = [
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
        "content.0.text",
    ];
    let mut found = PLACES
        .into_iter()
        .filter_map(|path| find(body, path)?.as_str());
    found
        .find(|text| !text.trim().is_empty())
        .or_else(|| body.as_str())
        .map(str::to_owned)
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

    fn outcome(rule: Value, reply: &OutboundReply) -> Option<Shaped> {
        let rule: ResponseRule = serde_json::from_value(rule).unwrap();
        let scope = Scope::of_nothing();
        let sent = Sent {
            reply: reply.clone(),
            redactor: Redactor::default(),
            url: URL.to_owned(),
        };
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        let answer = Answer::of(&rule, RequestKind::Http, &scope, &sent);
        runtime.unwrap().block_on(answer.outcome())
    }

    fn shaped(rule: Value, reply: &OutboundReply) -> Value {
        let Shaped { data, error } = outcome(rule, reply).unwrap();
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
    fn the_rule_makes_the_data_and_prunes_it() {
        let list = reply(200, "application/json", b"[1]");
        let rule = json!({ "data": "{issues: .body, status}" });
        assert_eq!(
            shaped(rule, &list)["data"],
            json!({ "issues": [1], "status": 200 })
        );
        let object = reply(200, "application/json", br#"{"a":1,"b":2,"c":3}"#);
        let rule = json!({ "keep": ["c", "a"], "drop": ["a"] });
        assert_eq!(shaped(rule, &object)["data"], json!({ "c": 3 }));
    }

    #[rstest]
    #[case(r#"{"ok":true,"a":1}"#, json!({ "data": { "a": 1 }, "error": null }))]
    #[case(r#"{"ok":false,"error":"channel_not_found"}"#, json!({
        "data": {
            "status_code": 200,
            "message": r#"{"ok":false,"error":"channel_not_found"}"#,
            "http_error": "200 OK for url: https://api.test/things",
        },
        "error": "no: channel_not_found",
    }))]
    fn the_rule_says_whether_an_answer_is_a_success(#[case] body: &str, #[case] expected: Value) {
        let rule = json!({
            "ok": ".body.ok == true",
            "data": ".body | del(.ok)",
            "error": "\"no: \\(.body.error)\"",
        });
        let answer = reply(200, "application/json", body.as_bytes());
        assert_eq!(shaped(rule, &answer), expected);
    }

    #[test]
    fn an_answer_that_the_rule_cannot_read_is_a_failure_that_says_so() {
        let rule = json!({ "data": ".body | map(.id)" });
        let result = shaped(rule, &reply(200, "application/json", b"7"));
        assert_eq!(
            result["error"],
            "the answer could not be read: response.data: cannot use 7 as iterable (array or object)"
        );
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
            json!({ "error": ".body.fault.why" }),
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
        assert_eq!(outcome(json!({}), &picture), None);
    }
}
