//! Which values of a connection must not be shown, for taking them out of answers.

use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::Credentials;
use crate::catalog::manifest::AuthManifest;

/// The names under which schemes keep what is secret, whether a manifest declares them or not.
const SECRET_NAMES: [&str; 18] = [
    "access_token",
    "refresh_token",
    "id_token",
    "token",
    "bearer_token",
    "api_key",
    "generic_api_key",
    "basic_encoded",
    "password",
    "proxy_password",
    "client_secret",
    "private_key",
    "credentials_json",
    "oauth_token",
    "oauth_token_secret",
    "consumer_secret",
    "sessionId",
    "devKey",
];

/// Whether the value of this name is a secret: declared so, or customarily one.
#[must_use]
pub fn is_secret(auth: Option<&AuthManifest>, name: &str) -> bool {
    let declared = auth.is_some_and(|auth| {
        let fields = auth
            .fields
            .connection
            .iter()
            .chain(&auth.fields.auth_config);
        fields
            .into_iter()
            .any(|field| field.secret && field.name == name)
            || auth.kept().any(|(kept, rule)| rule.secret && kept == name)
    });
    declared || SECRET_NAMES.contains(&name)
}

/// The secret values of a connection.
#[must_use]
pub fn secrets(auth: Option<&AuthManifest>, credentials: &Credentials) -> Vec<Zeroizing<String>> {
    let mut found = Vec::new();
    collect(auth, &credentials.values, &mut found);
    found
}

/// Providers put tokens into objects beside the one that is used (Slack's `authed_user`).
fn collect(
    auth: Option<&AuthManifest>,
    values: &Map<String, Value>,
    found: &mut Vec<Zeroizing<String>>,
) {
    for (name, value) in values {
        match value {
            Value::String(text) if is_secret(auth, name) => {
                found.push(Zeroizing::new(text.clone()));
            }
            Value::Number(number) if is_secret(auth, name) => {
                found.push(Zeroizing::new(number.to_string()));
            }
            Value::Object(fields) => collect(auth, fields, found),
            Value::String(_)
            | Value::Number(_)
            | Value::Null
            | Value::Bool(_)
            | Value::Array(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn declared_and_customary_secrets_are_found_and_plain_fields_are_not() {
        let auth: AuthManifest = serde_json::from_value(json!({
            "scheme": "API_KEY",
            "fields": { "connection": [
                { "name": "site_pin", "display_name": "PIN", "secret": true },
                { "name": "subdomain", "display_name": "Subdomain" },
            ] },
        }))
        .unwrap();
        let values = json!({
            "site_pin": "one", "subdomain": "acme", "access_token": "two", "scope": "repo",
            "authed_user": { "access_token": "three", "id": "U1" },
        });
        let credentials = Credentials {
            scheme: auth.scheme,
            values: values.as_object().unwrap().clone(),
        };
        let mut found: Vec<String> = secrets(Some(&auth), &credentials)
            .iter()
            .map(|secret| secret.to_string())
            .collect();
        found.sort();
        assert_eq!(found, ["one", "three", "two"]);
    }
}
