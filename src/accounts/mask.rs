//! Hides secrets in answers: the first four characters and `...`.

use serde_json::{Map, Value};

use crate::auth_schemes::may_be_secret;
use crate::catalog::manifest::AuthManifest;

const SHOWN_CHARACTERS: usize = 4;
/// The API's documents cut a secret to its first four characters and say REDACTED for one that is
/// shorter than these. Taken to the letter, a secret of four characters would be shown whole and a
/// password of six all but; here no secret shows more than half of itself.
const SHORTEST_CUT: usize = 2 * SHOWN_CHARACTERS;

/// A secret as answers show it.
pub(super) fn mask_text(secret: &str) -> String {
    if secret.chars().count() < SHORTEST_CUT {
        return "REDACTED".into();
    }
    let shown: String = secret.chars().take(SHOWN_CHARACTERS).collect();
    format!("{shown}...")
}

/// The values of an account or auth config as answers show them.
pub(super) fn mask(values: &Map<String, Value>, auth: Option<&AuthManifest>) -> Map<String, Value> {
    mask_fields(values, false, auth)
}

/// Whether `shown` is what answers show of `value`: a caller who sends it back changes nothing.
pub(super) fn is_mask_of(shown: &Value, value: &Value) -> bool {
    let is_same = |shown: &Value, value: &Value| shown == value || is_mask_of(shown, value);
    match (shown, value) {
        (Value::String(shown), Value::String(text)) => *shown == mask_text(text),
        (Value::String(shown), Value::Number(number)) => *shown == mask_text(&number.to_string()),
        (Value::Object(shown), Value::Object(fields)) => {
            let mut fields = fields.iter().map(|(name, value)| (shown.get(name), value));
            shown.len() == fields.len()
                && fields.all(|(shown, value)| shown.is_some_and(|shown| is_same(shown, value)))
        }
        (Value::Array(shown), Value::Array(items)) => {
            let mut pairs = shown.iter().zip(items);
            shown.len() == items.len() && pairs.all(|(shown, item)| is_same(shown, item))
        }
        _ => false,
    }
}

fn mask_fields(
    fields: &Map<String, Value>,
    secret: bool,
    auth: Option<&AuthManifest>,
) -> Map<String, Value> {
    let masked = |(name, value): (&String, &Value)| {
        let secret = secret || may_be_secret(auth, name);
        (name.clone(), mask_value(value, secret, auth))
    };
    fields.iter().map(masked).collect()
}

/// What stands within a secret is one too.
fn mask_value(value: &Value, secret: bool, auth: Option<&AuthManifest>) -> Value {
    match value {
        Value::String(text) if secret => Value::String(mask_text(text)),
        Value::Number(number) if secret => Value::String(mask_text(&number.to_string())),
        Value::Array(items) => {
            let masked = items.iter().map(|item| mask_value(item, secret, auth));
            Value::Array(masked.collect())
        }
        Value::Object(fields) => Value::Object(mask_fields(fields, secret, auth)),
        Value::String(_) | Value::Number(_) | Value::Null | Value::Bool(_) => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const SECRET_NAMES: &str = "access_token refresh_token id_token client_secret oauth_token \
        oauth_token_secret consumer_secret oauth_verifier code_verifier api_key generic_api_key \
        bearer_token token password basic_encoded private_key credentials_json sessionId devKey \
        accessToken refreshToken clientSecret registration_access_token jwt assertion \
        proxy_password passphrase";

    fn masked(values: &Value) -> Value {
        Value::Object(mask(values.as_object().unwrap(), None))
    }

    #[test]
    fn secrets_are_cut_and_other_values_stay() {
        let values = json!({
            "access_token": "gho_16C7e42F", "token_type": "bearer", "expires_in": 3600,
            "scope": "repo user", "subdomain": "acme", "password": "abc",
            "authed_user": { "access_token": "xoxp-1234", "id": "U1", "token_type": "user" },
            "keys": ["first-key", "second-key"],
            "refresh_token_expires_in": 15_780_000, "token_endpoint_auth_method": "none",
            "incoming_webhook": { "url": "https://hooks.slack.test/T/B/x" },
            "secret": { "value": "deeply-hidden", "pin": 12_345_678 },
        });
        assert_eq!(
            masked(&values),
            json!({
                "access_token": "gho_...", "token_type": "bearer", "expires_in": 3600,
                "scope": "repo user", "subdomain": "acme", "password": "REDACTED",
                "authed_user": { "access_token": "xoxp...", "id": "U1", "token_type": "user" },
                "keys": ["firs...", "seco..."],
                "refresh_token_expires_in": 15_780_000, "token_endpoint_auth_method": "none",
                "incoming_webhook": { "url": "http..." },
                "secret": { "value": "deep...", "pin": "1234..." },
            })
        );
    }

    #[test]
    fn the_secret_fields_of_every_scheme_are_hidden_without_a_manifest() {
        for name in SECRET_NAMES.split_whitespace() {
            let values = json!({ name: "abcdefghij" });
            assert_eq!(masked(&values), json!({ name: "abcd..." }));
        }
    }

    #[test]
    fn no_more_than_half_of_a_secret_is_shown() {
        for (secret, shown) in [
            ("", "REDACTED"),
            ("abc", "REDACTED"),
            ("abcd", "REDACTED"),
            ("hunter2", "REDACTED"),
            ("abcdefgh", "abcd..."),
            ("äöüßäöüß", "äöüß..."),
        ] {
            assert_eq!(mask_text(secret), shown);
        }
    }

    #[test]
    fn what_was_shown_is_known_again_at_any_depth() {
        let values = json!({
            "password": "abc", "pin_key": 12_345_678,
            "authed_user": { "access_token": "xoxp-1234", "id": "U1" }, "keys": ["first-key"],
        });
        assert!(is_mask_of(&masked(&values), &values));
        let mut other = masked(&values);
        other["authed_user"]["access_token"] = json!("xoxq...");
        assert!(!is_mask_of(&other, &values));
        assert!(!is_mask_of(&json!({}), &values));
    }
}
