//! Hides secrets in answers: the first four characters and `...`.

use serde_json::{Map, Value};

use crate::catalog::manifest::AuthManifest;

const SHOWN_CHARACTERS: usize = 4;
/// Parts of names that mean a secret in every toolkit, whatever its manifest says. A provider may
/// add any field to its token response, so a name that merely looks like a secret counts.
const SECRET_WORDS: [&str; 10] = [
    "token",
    "secret",
    "password",
    "passwd",
    "key",
    "credential",
    "encoded",
    "verifier",
    "assertion",
    "session",
];
/// Names that contain such a word and are none.
const PLAIN_NAMES: [&str; 3] = ["token_type", "token_uri", "key_id"];

/// A secret as answers show it.
pub(super) fn mask_text(secret: &str) -> String {
    if secret.chars().count() < SHOWN_CHARACTERS {
        return "REDACTED".into();
    }
    let shown: String = secret.chars().take(SHOWN_CHARACTERS).collect();
    format!("{shown}...")
}

/// The values of an account or auth config as answers show them.
pub(super) fn mask(values: &Map<String, Value>, auth: Option<&AuthManifest>) -> Map<String, Value> {
    let masked = |(name, value): (&String, &Value)| {
        (name.clone(), mask_value(value, is_secret(name, auth), auth))
    };
    values.iter().map(masked).collect()
}

fn mask_value(value: &Value, secret: bool, auth: Option<&AuthManifest>) -> Value {
    match value {
        Value::String(text) if secret => Value::String(mask_text(text)),
        Value::Array(items) => Value::Array(
            items
                .iter()
                .map(|item| mask_value(item, secret, auth))
                .collect(),
        ),
        Value::Object(object) => Value::Object(mask(object, auth)),
        Value::Number(number) if secret => Value::String(mask_text(&number.to_string())),
        other => other.clone(),
    }
}

fn is_secret(name: &str, auth: Option<&AuthManifest>) -> bool {
    let declared = auth
        .into_iter()
        .flat_map(|auth| {
            auth.fields
                .auth_config
                .iter()
                .chain(&auth.fields.connection)
        })
        .find(|field| field.name == name);
    if let Some(field) = declared {
        return field.secret;
    }
    let name = name.to_ascii_lowercase();
    !PLAIN_NAMES.contains(&name.as_str()) && SECRET_WORDS.iter().any(|word| name.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn secrets_are_cut_and_other_values_stay() {
        let values = json!({
            "access_token": "gho_16C7e42F", "token_type": "bearer", "expires_in": 3600,
            "scope": "repo user", "subdomain": "acme", "password": "abc",
            "authed_user": { "access_token": "xoxp-1234", "id": "U1" },
            "keys": ["first-key", "second-key"],
        });
        let masked = Value::Object(mask(values.as_object().unwrap(), None));
        assert_eq!(
            masked,
            json!({
                "access_token": "gho_...", "token_type": "bearer", "expires_in": 3600,
                "scope": "repo user", "subdomain": "acme", "password": "REDACTED",
                "authed_user": { "access_token": "xoxp...", "id": "U1" },
                "keys": ["firs...", "seco..."],
            })
        );
    }
}
