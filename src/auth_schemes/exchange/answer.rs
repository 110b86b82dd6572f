//! Reads what came of an exchange: the token with its end, or why there is none.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use oauth2::HttpResponse;
use serde_json::{Map, Value};

use crate::auth_schemes::oauth2::{TokenFailure, presentable};
use crate::auth_schemes::{Redactor, values};
use crate::catalog::exchange::{ExchangeManifest, token_name};
use crate::catalog::manifest::AuthManifest;
use crate::time::Timestamp;

/// A longer token would not fit into a header.
const LONGEST_TOKEN: usize = 16 * 1024;
/// Numbers above it are milliseconds since 1970, those below are seconds.
const FIRST_MILLIS: f64 = 1e11;
/// Ten years, in seconds.
const LONGEST_LIFE: f64 = 3.2e8;
/// Where services put their words, tried in order.
const COMMON_WORDS: [&str; 7] = [
    "error.message",
    "error_description",
    "message",
    "error",
    "errors.0.message",
    "detail",
    "title",
];

/// The token, its lifetime and what is kept beside it, out of an answer.
///
/// # Errors
/// [`TokenFailure::Denied`] where the credentials are wrong for certain, [`TokenFailure::Refused`]
/// for another no, [`TokenFailure::NoAnswer`] for anything that is no answer to the question.
pub fn read(
    auth: &AuthManifest,
    exchange: &ExchangeManifest,
    reply: &HttpResponse,
    redactor: &Redactor,
    now: Timestamp,
) -> Result<Map<String, Value>, TokenFailure> {
    let status = reply.status().as_u16();
    let body: Option<Value> = serde_json::from_slice(reply.body()).ok();
    let words = body.as_ref().and_then(|body| words(exchange, body));
    let words = words.map(|mut words| {
        redactor.text(&mut words);
        presentable(&words)
    });
    let declared = exchange.error.as_deref().and_then(|path| {
        let text = values::at(body.as_ref()?, path)?.as_str()?;
        (!text.is_empty()).then_some(())
    });
    match status {
        200..=299 if declared.is_some() => Err(refused(status, None, words)),
        200..=299 => token(auth, exchange, reply, body.as_ref(), now),
        401 => Err(denied(status, words)),
        _ if exchange.wrong.contains(&status) => Err(denied(status, words)),
        408 | 425 | 429 | 500.. => Err(nothing(&format!("answered {status}"))),
        400..=499 => {
            let code = body.as_ref().and_then(|body| body.get("error")?.as_str());
            Err(refused(
                status,
                code.map(|code| hidden(code, redactor)),
                words,
            ))
        }
        _ => Err(nothing(&format!("answered {status} and no token"))),
    }
}

fn hidden(code: &str, redactor: &Redactor) -> String {
    let mut code = code.to_owned();
    redactor.text(&mut code);
    presentable(&code)
}

fn words(exchange: &ExchangeManifest, body: &Value) -> Option<String> {
    let declared = exchange.error.as_deref();
    declared
        .into_iter()
        .chain(COMMON_WORDS)
        .filter_map(|path| values::at(body, path)?.as_str())
        .find(|words| !words.trim().is_empty())
        .map(str::to_owned)
}

fn denied(status: u16, description: Option<String>) -> TokenFailure {
    TokenFailure::Denied {
        status,
        description,
    }
}

/// A no that does not say whether the credentials are wrong, unless `code` is one of RFC 6749.
fn refused(status: u16, code: Option<String>, words: Option<String>) -> TokenFailure {
    let is_code = |code: &String| {
        !code.is_empty()
            && code
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte == b'_')
    };
    let code = code.filter(is_code);
    TokenFailure::Refused {
        description: words.filter(|words| Some(words) != code.as_ref()),
        code: code.unwrap_or_else(|| status.to_string()),
    }
}

fn nothing(what: &str) -> TokenFailure {
    TokenFailure::unusable(format!("the service that gives tokens {what}"))
}

fn token(
    auth: &AuthManifest,
    exchange: &ExchangeManifest,
    reply: &HttpResponse,
    body: Option<&Value>,
    now: Timestamp,
) -> Result<Map<String, Value>, TokenFailure> {
    let name = token_name(auth.scheme);
    let path = exchange.token.as_deref().unwrap_or(name);
    let found = match (path, body) {
        (".", Some(Value::String(text))) => Some(text.clone()),
        (".", None) => std::str::from_utf8(reply.body()).ok().map(str::to_owned),
        (_, Some(body)) => values::at(body, path).and_then(|value| match value {
            Value::Number(_) | Value::String(_) => values::plain(value),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        }),
        (_, None) => return Err(nothing("did not answer with JSON")),
    };
    let token = found
        .map(|token| token.trim().to_owned())
        .filter(|token| !token.is_empty())
        .ok_or_else(|| nothing(&format!("answered without a token at `{path}`")))?;
    let is_one_word = token.bytes().all(|byte| byte.is_ascii_graphic());
    if token.len() > LONGEST_TOKEN || !is_one_word {
        return Err(nothing("answered with something that is no token"));
    }
    let mut kept = Map::new();
    if let Some(seconds) = lifetime(exchange, body, &token, now) {
        kept.insert("expires_in".into(), seconds.into());
    }
    kept.insert(name.into(), token.into());
    for (name, path) in &exchange.keep {
        if let Some(value) = body.and_then(|body| values::at(body, path))
            && !value.is_null()
        {
            kept.insert(name.clone(), value.clone());
        }
    }
    Ok(kept)
}

/// Seconds until the token ends: as the answer says, else as the token says where it is a JWT,
/// else as the manifest says.
fn lifetime(
    exchange: &ExchangeManifest,
    body: Option<&Value>,
    token: &str,
    now: Timestamp,
) -> Option<u64> {
    let at = |path: &str| body.and_then(|body| values::at(body, path));
    let seconds_from_now = |end: f64| end - seconds(now);
    let said = at(&exchange.expires_in).and_then(number);
    let ends = || {
        let path = exchange.expires_at.as_deref()?;
        at(path).and_then(instant).map(seconds_from_now)
    };
    let own = || jwt_end(token).map(seconds_from_now);
    said.or_else(ends)
        .or_else(own)
        .filter(|seconds| *seconds >= 1.0)
        .map(|seconds| {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "it is between 1 and the longest life"
            )]
            let whole = seconds.min(LONGEST_LIFE) as u64;
            whole
        })
        .or(exchange.lifetime)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "seconds since 1970 are far below 2^52"
)]
fn seconds(instant: Timestamp) -> f64 {
    instant.as_secs() as f64
}

fn number(value: &Value) -> Option<f64> {
    values::plain(value)?.trim().parse().ok()
}

/// Seconds since 1970, of a number of seconds or milliseconds, or an RFC 3339 instant; one without
/// a zone is taken for UTC.
fn instant(value: &Value) -> Option<f64> {
    if let Some(number) = number(value) {
        return Some(if number > FIRST_MILLIS {
            number / 1000.0
        } else {
            number
        });
    }
    let text = value.as_str()?.trim();
    Timestamp::parse(text)
        .or_else(|_| Timestamp::parse(&format!("{text}Z")))
        .ok()
        .map(seconds)
}

/// The `exp` of a token that is a JWT (RFC 7519 section 4.1.4). Nobody trusts it: it only says when
/// to ask for the next one.
fn jwt_end(token: &str) -> Option<f64> {
    let mut parts = token.split('.');
    let (_, claims, _) = (parts.next()?, parts.next()?, parts.next()?);
    let claims = URL_SAFE_NO_PAD.decode(claims).ok()?;
    let claims: Value = serde_json::from_slice(&claims).ok()?;
    claims.get("exp")?.as_f64()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use serde_json::json;

    const NOW: i64 = 1_767_225_600;

    fn read_from(exchange: Value, status: u16, body: &str) -> Result<Value, TokenFailure> {
        let auth: AuthManifest =
            serde_json::from_value(json!({ "scheme": "BASIC_WITH_JWT" })).unwrap();
        let exchange: ExchangeManifest = serde_json::from_value(exchange).unwrap();
        let reply = http::Response::builder()
            .status(status)
            .body(body.as_bytes().to_vec())
            .unwrap();
        let redactor = Redactor::new([zeroize::Zeroizing::new("open-sesame".to_owned())]);
        let now = Timestamp::from_millis(NOW * 1000);
        read(&auth, &exchange, &reply, &redactor, now).map(Value::Object)
    }

    #[rstest]
    #[case::standard(json!({}), r#"{"access_token":"t","expires_in":60}"#, json!(60))]
    #[case::lifetime_as_text(json!({}), r#"{"access_token":"t","expires_in":"60"}"#, json!(60))]
    #[case::deep(
        json!({ "token": "tokens.0.jwt", "expires_in": "tokens.0.ttl" }),
        r#"{"tokens":[{"jwt":"t","ttl":61.5}]}"#,
        json!(61)
    )]
    #[case::seconds(json!({ "expires_at": "end" }), r#"{"access_token":"t","end":1767225700}"#, json!(100))]
    #[case::milliseconds(json!({ "expires_at": "end" }), r#"{"access_token":"t","end":"1767225700000"}"#, json!(100))]
    #[case::instant(json!({ "expires_at": "end" }), r#"{"access_token":"t","end":"2026-01-01T01:00:00+00:00"}"#, json!(3600))]
    #[case::no_zone(json!({ "expires_at": "end" }), r#"{"access_token":"t","end":"2026-01-01T00:01:00"}"#, json!(60))]
    #[case::over(json!({ "expires_at": "end", "lifetime": 7 }), r#"{"access_token":"t","end":1}"#, json!(7))]
    #[case::unsaid(json!({ "lifetime": 900 }), r#"{"access_token":"t"}"#, json!(900))]
    #[case::for_ever(json!({}), r#"{"access_token":"t","expires_in":1e300}"#, json!(320_000_000))]
    #[case::nothing_said(json!({}), r#"{"access_token":"t"}"#, Value::Null)]
    #[case::whole_text(json!({ "token": ".", "lifetime": 5 }), "t\n", json!(5))]
    #[case::whole_json_text(json!({ "token": ".", "lifetime": 5 }), r#""t""#, json!(5))]
    fn a_token_and_its_lifetime_are_found(
        #[case] exchange: Value,
        #[case] body: &str,
        #[case] expires_in: Value,
    ) {
        let values = read_from(exchange, 200, body).unwrap();
        assert_eq!(values["access_token"], "t");
        assert_eq!(values["expires_in"], expires_in);
    }

    #[test]
    fn a_jwt_says_its_end_itself() {
        let claims = URL_SAFE_NO_PAD.encode(json!({ "exp": NOW + 30 }).to_string());
        let body = json!({ "jwt": format!("e30.{claims}.c2ln"), "user": { "id": 7 } });
        let exchange =
            json!({ "token": "jwt", "lifetime": 5, "keep": { "user_id": "user.id", "x": "y" } });
        let values = read_from(exchange, 200, &body.to_string()).unwrap();
        assert_eq!(values["expires_in"], 30);
        assert_eq!(values["user_id"], 7);
        assert_eq!(values.get("x"), None);
    }

    #[rstest]
    #[case::html("<html>Welcome</html>")]
    #[case::empty("")]
    #[case::no_token(r#"{"ok":true}"#)]
    #[case::an_object(r#"{"access_token":{"value":"t"}}"#)]
    #[case::a_list(r#"{"access_token":["t"]}"#)]
    #[case::a_flag(r#"{"access_token":true}"#)]
    #[case::blank(r#"{"access_token":"  "}"#)]
    #[case::lines(r#"{"access_token":"t\r\nX-Evil: 1"}"#)]
    fn a_success_without_a_token_is_no_answer(#[case] body: &str) {
        let failure = read_from(json!({}), 200, body).unwrap_err();
        assert!(matches!(failure, TokenFailure::NoAnswer(_)), "{failure:?}");
    }

    #[test]
    fn a_token_that_fits_into_no_header_is_none() {
        let body = json!({ "access_token": "t".repeat(LONGEST_TOKEN + 1) });
        let failure = read_from(json!({}), 200, &body.to_string()).unwrap_err();
        assert!(matches!(failure, TokenFailure::NoAnswer(_)), "{failure:?}");
        let page = "<p>Sign in</p>".repeat(3);
        let failure = read_from(json!({ "token": "." }), 200, &page).unwrap_err();
        assert!(matches!(failure, TokenFailure::NoAnswer(_)), "{failure:?}");
    }

    #[rstest]
    #[case::wrong_password(
        401,
        r#"{"message":"Wrong password"}"#,
        true,
        "the provider answered 401: Wrong password"
    )]
    #[case::unauthorized_page(401, "<html>", true, "the provider answered 401")]
    #[case::declared(422, r#"{"detail":"No"}"#, true, "the provider answered 422: No")]
    #[case::grant(
        400,
        r#"{"error":"invalid_grant","error_description":"Gone"}"#,
        true,
        "the provider answered invalid_grant: Gone"
    )]
    #[case::forbidden(
        403,
        r#"{"error":"Suspended"}"#,
        false,
        "the provider answered 403: Suspended"
    )]
    #[case::bad_request(
        400,
        r#"{"error":"invalid_scope"}"#,
        false,
        "the provider answered invalid_scope"
    )]
    #[case::words_that_quote(
        401,
        r#"{"message":"open-sesame is wrong"}"#,
        true,
        "the provider answered 401: [redacted] is wrong"
    )]
    #[case::success_with_words(
        200,
        r#"{"fault":{"text":"Nope"}}"#,
        false,
        "the provider answered 200: Nope"
    )]
    fn a_refusal_is_told_from_trouble(
        #[case] status: u16,
        #[case] body: &str,
        #[case] lost: bool,
        #[case] reason: &str,
    ) {
        let exchange = json!({ "wrong": [422], "error": "fault.text" });
        let failure = read_from(exchange, status, body).unwrap_err();
        assert_eq!(
            (failure.is_lost_grant(), failure.reason().as_str()),
            (lost, reason)
        );
        assert!(!matches!(failure, TokenFailure::NoAnswer(_)));
    }

    #[rstest]
    #[case(429)]
    #[case(500)]
    #[case(503)]
    #[case(302)]
    fn trouble_of_the_provider_says_nothing_about_the_credentials(#[case] status: u16) {
        let failure = read_from(json!({}), status, r#"{"error":"invalid_grant"}"#).unwrap_err();
        assert!(matches!(failure, TokenFailure::NoAnswer(_)), "{failure:?}");
    }
}
