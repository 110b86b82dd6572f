//! Answers that give request tokens and tokens (RFC 5849 sections 2.1 and 2.3).

use oauth2::HttpResponse;
use secrecy::SecretString;
use serde_json::{Map, Value};

use crate::auth_schemes::Redactor;
use crate::auth_schemes::oauth2::{TokenFailure, presentable};

/// A token with its secret, and what the provider says beside it.
#[derive(Debug)]
pub struct Tokens {
    /// `oauth_token`
    pub token: String,
    /// `oauth_token_secret`
    pub secret: SecretString,
    /// The other fields, such as a user's name.
    pub further: Map<String, Value>,
}

/// The tokens of an answer; a form as the RFC says, or JSON.
///
/// # Errors
/// [`TokenFailure`].
pub fn read(reply: &HttpResponse, redactor: &Redactor) -> Result<Tokens, TokenFailure> {
    let status = reply.status().as_u16();
    match status {
        200..=299 => {}
        400..=499 if status != 429 && status != 408 => {
            return Err(TokenFailure::Refused {
                code: status.to_string(),
                description: words(reply.body(), redactor),
            });
        }
        _ => return Err(nothing(&format!("answered {status}"))),
    }
    let mut fields = fields(reply.body());
    let mut take = |name: &str| match fields.shift_remove(name) {
        Some(Value::String(text)) if !text.is_empty() => Ok(text),
        _ => Err(nothing(&format!("answered without `{name}`"))),
    };
    let (token, secret) = (take("oauth_token")?, take("oauth_token_secret")?);
    if fields.shift_remove("oauth_callback_confirmed") == Some("false".into()) {
        return Err(nothing("does not send users back to this server"));
    }
    Ok(Tokens {
        token,
        secret: secret.into(),
        further: fields,
    })
}

fn fields(body: &[u8]) -> Map<String, Value> {
    if let Ok(Value::Object(fields)) = serde_json::from_slice(body) {
        return fields;
    }
    url::form_urlencoded::parse(body)
        .map(|(name, value)| (name.into_owned(), Value::String(value.into_owned())))
        .collect()
}

/// What a provider says of a refusal: a line of text, a problem report, but no page.
fn words(body: &[u8], redactor: &Redactor) -> Option<String> {
    let text = std::str::from_utf8(body).ok()?.trim();
    if text.is_empty() || text.starts_with('<') {
        return None;
    }
    let mut text = text.to_owned();
    redactor.text(&mut text);
    Some(presentable(&text))
}

fn nothing(what: &str) -> TokenFailure {
    TokenFailure::unusable(format!("the provider {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use secrecy::ExposeSecret;
    use serde_json::json;

    fn read_from(status: u16, body: &str) -> Result<Tokens, TokenFailure> {
        let reply = http::Response::builder()
            .status(status)
            .body(body.as_bytes().to_vec())
            .unwrap();
        let redactor = Redactor::new([zeroize::Zeroizing::new("consumer-s3cret".to_owned())]);
        read(&reply, &redactor)
    }

    #[rstest]
    #[case("oauth_token=a%20b&oauth_token_secret=c&oauth_callback_confirmed=true&screen_name=ada")]
    #[case(r#"{"oauth_token":"a b","oauth_token_secret":"c","screen_name":"ada"}"#)]
    fn tokens_come_as_a_form_or_as_json(#[case] body: &str) {
        let tokens = read_from(200, body).unwrap();
        assert_eq!(
            (tokens.token.as_str(), tokens.secret.expose_secret()),
            ("a b", "c")
        );
        assert_eq!(
            Value::Object(tokens.further),
            json!({ "screen_name": "ada" })
        );
    }

    #[rstest]
    #[case(200, "<html>", "the provider answered without `oauth_token`")]
    #[case(
        200,
        "oauth_token=a",
        "the provider answered without `oauth_token_secret`"
    )]
    #[case(
        200,
        "oauth_token=a&oauth_token_secret=b&oauth_callback_confirmed=false",
        "the provider does not send users back to this server"
    )]
    #[case(503, "oauth_token=a&oauth_token_secret=b", "the provider answered 503")]
    #[case(401, "<html>", "the provider answered 401")]
    #[case(
        401,
        "bad consumer-s3cret",
        "the provider answered 401: bad [redacted]"
    )]
    fn anything_else_is_told(#[case] status: u16, #[case] body: &str, #[case] reason: &str) {
        assert_eq!(read_from(status, body).unwrap_err().reason(), reason);
    }
}
