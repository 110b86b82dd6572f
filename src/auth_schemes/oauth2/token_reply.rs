//! Brings the token answers that providers really give to the form of RFC 6749 section 5.

use http::{HeaderMap, HeaderValue, StatusCode, header};
use oauth2::HttpResponse;
use serde_json::{Map, Number, Value};

use crate::auth_schemes::values;
use crate::catalog::manifest::TokenResponse;

/// The same answer as RFC 6749 wants it: a JSON object, status 200 for a token and 400 for a
/// refusal, numbers as numbers, everything in its place. What cannot be understood stays as it is.
/// With it the fields of a token answer as they came.
pub(super) fn normalise(
    reply: HttpResponse,
    places: &TokenResponse,
) -> (HttpResponse, Map<String, Value>) {
    let (mut parts, body) = reply.into_parts();
    let mut raw = Map::new();
    let Some(mut fields) = parse(&parts.headers, &body) else {
        return (HttpResponse::from_parts(parts, body), raw);
    };
    if parts.status.is_server_error() {
        return (HttpResponse::from_parts(parts, Vec::new()), raw);
    }
    if let Some(refusal) = refusal(&fields) {
        parts.status = StatusCode::BAD_REQUEST;
        fields = refusal;
    } else if parts.status.is_success() {
        parts.status = StatusCode::OK;
        raw.clone_from(&fields);
        put_in_place(&mut fields, places);
        mend(&mut fields);
    }
    parts.headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    let body = Value::Object(fields).to_string().into_bytes();
    (HttpResponse::from_parts(parts, body), raw)
}

/// The value at a dotted path; numbers count the items of an array.
pub(super) fn at<'v>(fields: &'v Map<String, Value>, path: &str) -> Option<&'v Value> {
    let value = match path.split_once('.') {
        None => fields.get(path),
        Some((first, rest)) => values::at(fields.get(first)?, rest),
    };
    value.filter(|value| !value.is_null())
}

/// Puts what the manifest finds elsewhere at the top. What it does not find there is not given:
/// the value of that name at the top is another's, as the bot's token beside the user's at Slack.
fn put_in_place(fields: &mut Map<String, Value>, places: &TokenResponse) {
    let TokenResponse {
        access_token,
        refresh_token,
        expires_in,
        scope,
        default_expires_in,
    } = places;
    let found: Vec<(&str, Option<Value>)> = [
        ("access_token", access_token),
        ("refresh_token", refresh_token),
        ("expires_in", expires_in),
        ("scope", scope),
    ]
    .into_iter()
    .filter_map(|(name, path)| Some((name, at(fields, path.as_ref()?).cloned())))
    .collect();
    for (name, value) in found {
        match value {
            Some(value) => fields.insert(name.into(), value),
            None => fields.shift_remove(name),
        };
    }
    if let Some(seconds) = default_expires_in {
        let given = fields.get("expires_in").and_then(whole_seconds);
        if given.is_none() {
            fields.insert("expires_in".into(), Value::from(*seconds));
        }
    }
}

/// The fields of a JSON object, or of a form as GitHub sends it when nobody asks for JSON.
fn parse(headers: &HeaderMap, body: &[u8]) -> Option<Map<String, Value>> {
    if let Ok(Value::Object(fields)) = serde_json::from_slice(body) {
        return Some(fields);
    }
    let kind = headers
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok());
    let kind = kind.unwrap_or_default();
    if !kind.starts_with("application/x-www-form-urlencoded") && !kind.starts_with("text/plain") {
        return None;
    }
    let fields: Map<String, Value> = url::form_urlencoded::parse(body)
        .map(|(name, value)| (name.into_owned(), Value::String(value.into_owned())))
        .collect();
    let is_known = fields.contains_key("access_token") || fields.contains_key("error");
    is_known.then_some(fields)
}

/// A refusal in the form of RFC 6749 section 5.2. Some providers refuse with status 200, some put
/// an object where the code belongs, Slack says `ok: false`.
fn refusal(fields: &Map<String, Value>) -> Option<Map<String, Value>> {
    let (code, mut description) = match fields.get("error") {
        Some(Value::String(code)) if !code.is_empty() => (code.clone(), None),
        Some(Value::Object(error)) => (
            first_text(error, &["code", "status", "type"]).unwrap_or_else(|| "error".into()),
            first_text(error, &["message", "description"]),
        ),
        _ if fields.get("ok") == Some(&Value::Bool(false)) => ("error".into(), None),
        _ => return None,
    };
    description = description.or_else(|| first_text(fields, &["error_description", "message"]));
    let mut refusal = Map::new();
    refusal.insert("error".into(), Value::String(code));
    if let Some(description) = description {
        refusal.insert("error_description".into(), Value::String(description));
    }
    Some(refusal)
}

fn first_text(fields: &Map<String, Value>, names: &[&str]) -> Option<String> {
    names.iter().find_map(|name| match fields.get(*name)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    })
}

fn mend(fields: &mut Map<String, Value>) {
    fields.retain(|_, value| !value.is_null());
    if let Some(seconds) = fields.get("expires_in").map(whole_seconds) {
        match seconds {
            Some(seconds) => fields.insert("expires_in".into(), Value::Number(seconds)),
            None => fields.shift_remove("expires_in"),
        };
    }
    if let Some(Value::Array(scopes)) = fields.get("scope") {
        let scopes: Vec<&str> = scopes.iter().filter_map(Value::as_str).collect();
        fields.insert("scope".into(), Value::String(scopes.join(" ")));
    }
    if fields
        .get("refresh_token")
        .is_some_and(|token| token.as_str() == Some(""))
    {
        fields.shift_remove("refresh_token");
    }
    if !fields.get("token_type").is_some_and(Value::is_string) {
        fields.insert("token_type".into(), Value::String("bearer".into()));
    }
}

/// A lifetime that may be a text or have decimals; none when it is no lifetime at all.
fn whole_seconds(value: &Value) -> Option<Number> {
    let seconds = match value {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => text.trim().parse().ok()?,
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a float-to-int cast saturates, and negative ones are left out"
    )]
    (seconds > 0.0).then(|| Number::from(seconds as u64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use serde_json::json;

    fn normalised(status: u16, kind: &str, body: &str) -> (u16, Value) {
        let reply = http::Response::builder()
            .status(status)
            .header(header::CONTENT_TYPE, kind)
            .body(body.as_bytes().to_vec())
            .unwrap();
        let (reply, _) = normalise(reply, &TokenResponse::default());
        let body = serde_json::from_slice(reply.body()).unwrap_or(Value::Null);
        (reply.status().as_u16(), body)
    }

    #[rstest]
    #[case::github_form(
        "application/x-www-form-urlencoded; charset=utf-8",
        "access_token=gho_1&scope=repo%2Cgist&token_type=bearer",
        json!({ "access_token": "gho_1", "scope": "repo,gist", "token_type": "bearer" })
    )]
    #[case::lifetime_as_text(
        "application/json",
        r#"{"access_token":"a","token_type":"Bearer","expires_in":"3599","refresh_token":null}"#,
        json!({ "access_token": "a", "token_type": "Bearer", "expires_in": 3599 })
    )]
    #[case::no_token_type_and_scopes_as_list(
        "application/json",
        r#"{"access_token":"a","scope":["x","y"],"team":{"id":"T1"}}"#,
        json!({ "access_token": "a", "scope": "x y", "team": { "id": "T1" }, "token_type": "bearer" })
    )]
    fn a_token_is_brought_to_the_standard_form(
        #[case] kind: &str,
        #[case] body: &str,
        #[case] expected: Value,
    ) {
        assert_eq!(normalised(200, kind, body), (200, expected));
    }

    #[rstest]
    #[case::github(
        r#"{"error":"bad_verification_code","error_description":"d"}"#,
        "bad_verification_code"
    )]
    #[case::slack(r#"{"ok":false,"error":"invalid_code"}"#, "invalid_code")]
    #[case::object(r#"{"error":{"code":190,"message":"m"}}"#, "190")]
    fn a_refusal_with_status_200_is_a_refusal(#[case] body: &str, #[case] code: &str) {
        let (status, body) = normalised(200, "application/json", body);
        assert_eq!(status, 400);
        assert_eq!(body["error"], code);
    }

    #[test]
    fn a_server_error_is_no_refusal_even_if_it_looks_like_one() {
        let (status, body) = normalised(503, "application/json", r#"{"error":"invalid_grant"}"#);
        assert_eq!((status, body), (503, Value::Null));
    }

    #[test]
    fn a_token_may_lie_deeper_and_then_the_one_at_the_top_is_not_taken_for_it() {
        let places = TokenResponse {
            access_token: Some("authed_user.access_token".into()),
            refresh_token: Some("authed_user.refresh_token".into()),
            scope: Some("teams.1.scope".into()),
            default_expires_in: Some(60),
            ..TokenResponse::default()
        };
        let body = json!({
            "ok": true, "access_token": "xoxb", "refresh_token": "bots",
            "authed_user": { "access_token": "xoxp" }, "teams": [{}, { "scope": "chat:write" }],
        });
        let reply = http::Response::new(body.to_string().into_bytes());
        let (reply, raw) = normalise(reply, &places);
        let fields: Value = serde_json::from_slice(reply.body()).unwrap();
        assert_eq!(fields["access_token"], "xoxp");
        assert_eq!(fields["refresh_token"], Value::Null);
        assert_eq!(
            (&fields["scope"], &fields["expires_in"]),
            (&json!("chat:write"), &json!(60))
        );
        assert_eq!(at(&raw, "access_token"), Some(&json!("xoxb")));
        assert_eq!(at(&raw, "authed_user.nothing"), None);
    }
}
