//! Texts for URLs and forms.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use super::{checked, text};

/// All but what RFC 3986 section 2.3 calls unreserved.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Percent-encodes all but unreserved characters: `"a b/c"` is `"a%20b%2Fc"`.
pub(super) fn url_encode(input: &Value) -> Result<Value, String> {
    let encoded = match input {
        Value::Number(_) | Value::Bool(_) => input.to_string(),
        other => utf8_percent_encode(text(other)?, UNRESERVED).to_string(),
    };
    Ok(encoded.into())
}

/// An object as `application/x-www-form-urlencoded`: lists repeat their name, nulls are left out.
pub(super) fn form_encode(input: &Value) -> Result<Value, String> {
    let Value::Object(fields) = input else {
        return Err("form_encode wants an object".into());
    };
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in fields {
        let values = match value {
            Value::Array(values) => values.as_slice(),
            one => std::slice::from_ref(one),
        };
        for value in values {
            match value {
                Value::Null => {}
                Value::String(text) => {
                    form.append_pair(name, text);
                }
                Value::Bool(_) | Value::Number(_) => {
                    form.append_pair(name, &value.to_string());
                }
                Value::Array(_) | Value::Object(_) => {
                    return Err(format!("form_encode: `{name}` holds no plain value"));
                }
            }
        }
    }
    checked(form.finish())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_text_for_a_url_keeps_its_unreserved_characters_only() {
        assert_eq!(url_encode(&json!("a b/ü~")), Ok(json!("a%20b%2F%C3%BC~")));
        assert_eq!(url_encode(&json!(7)), Ok(json!("7")));
        assert!(url_encode(&json!(null)).is_err());
    }

    #[test]
    fn a_form_repeats_lists_and_leaves_nulls_out() {
        let form = form_encode(&json!({ "a": "x y&z", "b": [1, true], "c": null }));
        assert_eq!(form, Ok(json!("a=x+y%26z&b=1&b=true")));
        assert!(form_encode(&json!({ "a": { "b": 1 } })).is_err());
        assert!(form_encode(&json!("a=b")).is_err());
    }
}
