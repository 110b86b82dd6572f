//! Takes secrets out of what others answer: services echo headers and URLs, providers quote the
//! request they refuse, and no answer, log or table of ours may carry a token.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

/// All but what RFC 3986 section 2.3 calls unreserved.
pub(super) const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');
const REDACTED: &str = "[redacted]";
/// Shorter values are words that occur by themselves.
const SHORTEST: usize = 8;

/// Knows the secrets of one call. It stands before whatever shortens or rewrites a text: half a
/// secret is not found any more.
#[derive(Default)]
pub struct Redactor {
    secrets: Vec<Zeroizing<String>>,
}

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Redactor({} secrets)", self.secrets.len())
    }
}

impl Redactor {
    /// For these secrets, each also as it looks in a query.
    #[must_use]
    pub fn new(secrets: impl IntoIterator<Item = Zeroizing<String>>) -> Self {
        let mut all: Vec<Zeroizing<String>> = Vec::new();
        for secret in secrets {
            if secret.len() < SHORTEST || all.contains(&secret) {
                continue;
            }
            for encoded in encodings(&secret) {
                if *encoded != *secret {
                    all.push(encoded);
                }
            }
            all.push(secret);
        }
        let mut redactor = Self { secrets: all };
        redactor.order();
        redactor
    }

    /// Knows what `other` knows as well.
    pub fn learn(&mut self, other: Self) {
        self.secrets.extend(other.secrets);
        self.order();
    }

    /// A secret that contains another goes first, or its rest would stay.
    fn order(&mut self) {
        self.secrets
            .sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        self.secrets.dedup();
    }

    /// Replaces every secret in a text.
    pub fn text(&self, text: &mut String) {
        for secret in &self.secrets {
            if text.contains(secret.as_str()) {
                *text = text.replace(secret.as_str(), REDACTED);
            }
        }
    }

    /// Replaces every secret in the texts and keys of a value.
    pub fn value(&self, value: &mut Value) {
        if self.secrets.is_empty() {
            return;
        }
        match value {
            Value::String(text) => self.text(text),
            Value::Array(items) => items.iter_mut().for_each(|item| self.value(item)),
            Value::Object(fields) => self.fields(fields),
            Value::Number(number) => {
                let text = number.to_string();
                if self
                    .secrets
                    .iter()
                    .any(|secret| text.contains(secret.as_str()))
                {
                    *value = Value::String(REDACTED.into());
                }
            }
            Value::Null | Value::Bool(_) => {}
        }
    }

    /// Replaces every secret in an object.
    pub fn fields(&self, fields: &mut Map<String, Value>) {
        fields.values_mut().for_each(|value| self.value(value));
        if fields.keys().any(|key| {
            self.secrets
                .iter()
                .any(|secret| key.contains(secret.as_str()))
        }) {
            *fields = std::mem::take(fields)
                .into_iter()
                .map(|(mut key, value)| {
                    self.text(&mut key);
                    (key, value)
                })
                .collect();
        }
    }
}

/// Percent-encoded as in a path, and as in a form.
fn encodings(secret: &str) -> [Zeroizing<String>; 2] {
    let path = percent_encoding::utf8_percent_encode(secret, RESERVED);
    let form: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    [Zeroizing::new(path.to_string()), Zeroizing::new(form)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn redactor(secrets: &[&str]) -> Redactor {
        Redactor::new(
            secrets
                .iter()
                .map(|secret| Zeroizing::new((*secret).to_owned())),
        )
    }

    #[test]
    fn secrets_leave_texts_keys_and_numbers() {
        let mut value = json!({
            "echo": "Bearer tok_12345678!",
            "deep": [{ "tok_12345678": "x tok_12345678 y tok_12345678" }],
            "pin": 1_234_567_890,
            "other": "token",
        });
        redactor(&["tok_12345678", "1234567890"]).value(&mut value);
        assert_eq!(
            value,
            json!({
                "echo": "Bearer [redacted]!",
                "deep": [{ "[redacted]": "x [redacted] y [redacted]" }],
                "pin": "[redacted]",
                "other": "token",
            })
        );
    }

    #[test]
    fn a_secret_is_found_as_it_looks_in_a_url() {
        let mut text = "/x?key=a%2Fb+c%3D12345&p=a%2Fb%20c%3D12345".to_owned();
        redactor(&["a/b c=12345"]).text(&mut text);
        assert_eq!(text, "/x?key=[redacted]&p=[redacted]");
    }

    #[test]
    fn a_secret_within_a_longer_secret_leaves_nothing_of_it() {
        let mut text = "12345678-abc".to_owned();
        redactor(&["12345678", "12345678-abc"]).text(&mut text);
        assert_eq!(text, "[redacted]");
    }

    #[test]
    fn a_short_value_is_left_alone() {
        let mut text = "the admin".to_owned();
        redactor(&["admin"]).text(&mut text);
        assert_eq!(text, "the admin");
    }
}
