//! What a caller asks to be done once: its key, and a hash of its request.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};
use crate::ids::ProjectId;

const LONGEST_KEY: usize = 255;

/// An idempotency key and what it is used for. Neither is kept as it is.
#[derive(Debug)]
pub struct Asked {
    key: String,
    pub(super) fingerprint: String,
}

impl Asked {
    /// `operation` names what is called, such as the tool; `body` is the request's. The order of an
    /// object's fields makes no difference.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a key of no or more than 255 characters.
    pub fn new(key: &str, operation: &str, body: &Value) -> Result<Self> {
        let length = key.chars().count();
        if !(1..=LONGEST_KEY).contains(&length) {
            return Err(Error::fields(vec![format!(
                "idempotency-key: must have 1 to {LONGEST_KEY} characters, and has {length}"
            )]));
        }
        let mut hash = Sha256::new();
        add_text(&mut hash, b'o', operation);
        add(&mut hash, body);
        Ok(Self {
            key: key.to_owned(),
            fingerprint: URL_SAFE_NO_PAD.encode(hash.finalize()),
        })
    }

    /// Names the key in one project; nobody reads the key out of it.
    pub(super) fn row(&self, project: &ProjectId) -> String {
        let mut hash = Sha256::new();
        add_text(&mut hash, b'p', project.as_str());
        add_text(&mut hash, b'k', &self.key);
        URL_SAFE_NO_PAD.encode(hash.finalize())
    }
}

/// Kind and length stand before each value, so that no two values look alike.
fn add(hash: &mut Sha256, value: &Value) {
    match value {
        Value::Null => hash.update(b"n"),
        Value::Bool(flag) => hash.update([b'b', u8::from(*flag)]),
        Value::Number(number) => add_text(hash, b'd', &number.to_string()),
        Value::String(text) => add_text(hash, b's', text),
        Value::Array(items) => {
            add_length(hash, b'a', items.len());
            for item in items {
                add(hash, item);
            }
        }
        Value::Object(fields) => {
            add_length(hash, b'm', fields.len());
            let mut fields: Vec<(&String, &Value)> = fields.iter().collect();
            fields.sort_unstable_by_key(|(name, _)| *name);
            for (name, value) in fields {
                add_text(hash, b's', name);
                add(hash, value);
            }
        }
    }
}

fn add_text(hash: &mut Sha256, kind: u8, text: &str) {
    add_length(hash, kind, text.len());
    hash.update(text);
}

fn add_length(hash: &mut Sha256, kind: u8, length: usize) {
    hash.update([kind]);
    hash.update(length.to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn fingerprint(operation: &str, body: &Value) -> String {
        Asked::new("k", operation, body).unwrap().fingerprint
    }

    #[test]
    fn the_order_of_fields_makes_no_difference_and_everything_else_does() {
        let text = r#"{"b": [1, {"d": null, "c": "x"}], "a": true}"#;
        let body = json!({ "a": true, "b": [1, { "c": "x", "d": null }] });
        let same: Value = serde_json::from_str(text).unwrap();
        assert_eq!(fingerprint("t", &body), fingerprint("t", &same));
        let others = [
            json!({ "a": true, "b": [1, { "c": "x" }] }),
            json!({ "a": true, "b": [{ "c": "x", "d": null }, 1] }),
            json!({ "a": "true", "b": [1, { "c": "x", "d": null }] }),
            json!({ "a": true, "b": ["1", { "c": "x", "d": null }] }),
            json!({}),
        ];
        for other in others {
            assert_ne!(fingerprint("t", &body), fingerprint("t", &other), "{other}");
        }
        assert_ne!(fingerprint("t", &body), fingerprint("u", &body));
        assert_ne!(
            fingerprint("t", &json!(["ab", "c"])),
            fingerprint("t", &json!(["a", "bc"]))
        );
    }

    #[test]
    fn a_key_is_another_row_in_another_project() {
        let asked = Asked::new("order-7", "t", &json!({})).unwrap();
        let row = |project: &str| asked.row(&ProjectId::from(project.to_owned()));
        assert_eq!(row("proj_a"), row("proj_a"));
        assert_ne!(row("proj_a"), row("proj_b"));
        assert!(!row("proj_a").contains("order"));
    }
}
