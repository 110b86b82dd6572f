//! Which values of a connection must not be shown, for taking them out of answers.

use serde_json::Value;
use zeroize::Zeroizing;

use super::Credentials;
use crate::catalog::manifest::AuthManifest;

/// What the names of secrets end with, in small letters and digits alone, whether a manifest
/// declares them or not: every name of the fourteen schemes, and what providers send beside a token
/// (Slack's `authed_user.access_token`, RFC 7591's `registration_access_token`).
const SECRET_ENDINGS: [&str; 17] = [
    "token",
    "secret",
    "password",
    "passphrase",
    "apikey",
    "privatekey",
    "secretkey",
    "accesskey",
    "signingkey",
    "devkey",
    "basicencoded",
    "credentialsjson",
    "serviceaccountjson",
    "sessionid",
    "assertion",
    "verifier",
    "jwt",
];
/// Parts of names that probably mean a secret. A provider may add any field to its token response,
/// so for showing a value a name that merely looks like it counts.
const SECRET_WORDS: [&str; 15] = [
    "token",
    "secret",
    "pass",
    "pwd",
    "key",
    "credential",
    "encoded",
    "verifier",
    "assertion",
    "session",
    "jwt",
    "cookie",
    "bearer",
    "authorization",
    "webhook",
];
/// What names end with that have such a word and are none: kinds, addresses, times and names of keys.
const PLAIN_ENDINGS: [&str; 11] = [
    "type",
    "uri",
    "tokenurl",
    "endpoint",
    "authmethod",
    "expiresin",
    "expiresat",
    "expiry",
    "issuedat",
    "lifetime",
    "keyid",
];

/// Whether the value of this name is surely a secret, to be taken out of what others answer:
/// declared so, or customarily one.
#[must_use]
pub fn is_secret(auth: Option<&AuthManifest>, name: &str) -> bool {
    declared(auth, name) == Some(true) || ends_with_one_of(&plain(name), &SECRET_ENDINGS)
}

/// Whether the value of this name must not be shown: it may be a secret, and no manifest says that
/// it is none.
#[must_use]
pub fn may_be_secret(auth: Option<&AuthManifest>, name: &str) -> bool {
    if let Some(is_secret) = declared(auth, name) {
        return is_secret;
    }
    let name = plain(name);
    !ends_with_one_of(&name, &PLAIN_ENDINGS) && SECRET_WORDS.iter().any(|word| name.contains(word))
}

/// What the manifest says of a value, if it knows it.
fn declared(auth: Option<&AuthManifest>, name: &str) -> Option<bool> {
    let auth = auth?;
    let fields = auth
        .fields
        .connection
        .iter()
        .chain(&auth.fields.auth_config);
    let mut fields = fields.filter(|field| field.name == name).peekable();
    if fields.peek().is_some() {
        return Some(fields.any(|field| field.secret));
    }
    // Of what a provider tells, a harmless name alone shows the rest.
    let mut kept = auth.kept().filter(|(kept, _)| *kept == name);
    kept.any(|(_, rule)| rule.secret).then_some(true)
}

/// `accessToken`, `access_token` and `Access-Token` are one name.
fn plain(name: &str) -> String {
    let characters = name.chars().filter(char::is_ascii_alphanumeric);
    characters.map(|c| c.to_ascii_lowercase()).collect()
}

fn ends_with_one_of(name: &str, endings: &[&str]) -> bool {
    endings.iter().any(|ending| name.ends_with(ending))
}

/// The secret values of a connection, at any depth: providers put tokens into objects beside the
/// one that is used.
#[must_use]
pub fn secrets(auth: Option<&AuthManifest>, credentials: &Credentials) -> Vec<Zeroizing<String>> {
    let mut found = Vec::new();
    for (name, value) in &credentials.values {
        collect(auth, is_secret(auth, name), value, &mut found);
    }
    found
}

/// What stands within a secret is one too.
fn collect(
    auth: Option<&AuthManifest>,
    secret: bool,
    value: &Value,
    found: &mut Vec<Zeroizing<String>>,
) {
    match value {
        Value::String(text) if secret => {
            found.push(Zeroizing::new(text.clone()));
            collect_from_text(auth, text, found);
        }
        Value::Number(number) if secret => found.push(Zeroizing::new(number.to_string())),
        Value::Object(fields) => {
            for (name, value) in fields {
                collect(auth, secret || is_secret(auth, name), value, found);
            }
        }
        Value::Array(items) => {
            for item in items {
                collect(auth, secret, item, found);
            }
        }
        Value::String(_) | Value::Number(_) | Value::Null | Value::Bool(_) => {}
    }
}

/// A secret may be a text of JSON with the real one inside, such as a service account's key file.
fn collect_from_text(auth: Option<&AuthManifest>, text: &str, found: &mut Vec<Zeroizing<String>>) {
    if text.starts_with('{')
        && let Ok(inner @ Value::Object(_)) = serde_json::from_str(text)
    {
        collect(auth, false, &inner, found);
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
            "authed_user": { "access_token": "three", "id": "U1" }, "refreshToken": "four",
            "credentials_json": "{\"client_email\":\"a@b\",\"private_key\":\"five\"}",
            "token_type": "bearer", "tokens": ["six"], "client_secret": { "value": ["seven"] },
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
        found.retain(|secret| !secret.starts_with('{'));
        assert_eq!(found, ["five", "four", "one", "seven", "three", "two"]);
    }
}
