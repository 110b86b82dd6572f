//! Fills templates with the values of a connection.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use crate::catalog::template;

/// The template with its slots filled: `{name}`, `{name.member}` of a value that holds JSON, and
/// `{base64(a:b)}`, of which the second may be absent or empty: many services take a key as the
/// user name and no password.
///
/// # Errors
/// The first name for which there is no value.
pub(super) fn fill<'t>(template: &'t str, values: &Map<String, Value>) -> Result<String, &'t str> {
    template::fill(template, |slot| match pair(slot.name) {
        None => text(values, slot.name),
        Some((first, second)) => {
            let first = text(values, first)?;
            let second = text(values, second).unwrap_or_default();
            Some(STANDARD.encode(format!("{first}:{second}")))
        }
    })
    .map_err(|slot| pair(slot).map_or(slot, |(first, _)| first))
}

/// The two names in `base64(a:b)`.
fn pair(slot: &str) -> Option<(&str, &str)> {
    slot.strip_prefix("base64(")?
        .strip_suffix(')')?
        .split_once(':')
}

fn text(values: &Map<String, Value>, name: &str) -> Option<String> {
    let Some((outer, path)) = name.split_once('.') else {
        return plain(values.get(name)?);
    };
    match values.get(outer)? {
        Value::String(json) => plain(at(&serde_json::from_str(json).ok()?, path)?),
        value => plain(at(value, path)?),
    }
}

/// A value as the text it has on the wire; none for what has none.
pub(super) fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// What stands at a dotted path: names of members, numbers of items.
pub(super) fn at<'v>(value: &'v Value, path: &str) -> Option<&'v Value> {
    path.split('.').try_fold(value, |value, step| match value {
        Value::Object(fields) => fields.get(step),
        Value::Array(items) => items.get(step.parse::<usize>().ok()?),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn members_of_json_values_and_encoded_pairs_are_filled() {
        let values = json!({
            "file": r#"{"client_email": "a@b.test", "keys": [{"id": 7}]}"#,
            "broken": "{", "name": "Aladdin", "word": "open sesame",
        });
        let values = values.as_object().unwrap();
        let filled = |template| fill(template, values);
        assert_eq!(filled("{file.client_email}!").as_deref(), Ok("a@b.test!"));
        assert_eq!(filled("{file.keys.0.id}").as_deref(), Ok("7"));
        assert_eq!(
            filled("Basic {base64(name:word)}").as_deref(),
            Ok("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==")
        );
        assert_eq!(filled("{base64(name:)}").as_deref(), Ok("QWxhZGRpbjo="));
        assert_eq!(filled("{base64(none:word)}"), Err("none"));
        assert_eq!(filled("{broken.x}"), Err("broken.x"));
        assert_eq!(filled("{file.keys}"), Err("file.keys"));
    }
}
