//! Objects as `application/x-www-form-urlencoded` (HTML standard), nested as services read it: pure.

use bytes::Bytes;
use http::HeaderValue;
use http::header::CONTENT_TYPE;
use serde_json::{Map, Value};
use url::form_urlencoded;

use super::wire::plain;
use crate::catalog::manifest::FormStyle;
use crate::outbound::OutboundRequest;

const FORM: HeaderValue = HeaderValue::from_static("application/x-www-form-urlencoded");

/// Makes `fields` the request's body.
pub(super) fn set_body(
    fields: &Map<String, Value>,
    style: FormStyle,
    request: &mut OutboundRequest,
) {
    let pairs = fields
        .iter()
        .flat_map(|(name, value)| pairs_of(name, value, style));
    let mut text = form_urlencoded::Serializer::new(String::new());
    request.body = Bytes::from(text.extend_pairs(pairs).finish());
    request.headers.entry(CONTENT_TYPE).or_insert(FORM);
}

/// A value under a name; null is left out.
pub(super) fn pairs_of(name: &str, value: &Value, style: FormStyle) -> Vec<(String, String)> {
    match (value, style) {
        (Value::Null, _) => Vec::new(),
        (Value::Array(items), FormStyle::Plain) => items
            .iter()
            .map(|item| (name.to_owned(), plain(item)))
            .collect(),
        (Value::Array(items), _) => {
            // `a[][b]` would not tell which `b` belongs to which item.
            let are_plain = !items.iter().any(|item| item.is_array() || item.is_object());
            let items = items.iter().enumerate();
            let named = items.map(|(index, item)| {
                if are_plain && style == FormStyle::Brackets {
                    (format!("{name}[]"), item)
                } else {
                    (format!("{name}[{index}]"), item)
                }
            });
            named
                .flat_map(|(name, item)| pairs_of(&name, item, style))
                .collect()
        }
        (Value::Object(members), FormStyle::Brackets | FormStyle::Indices) => members
            .iter()
            .flat_map(|(key, member)| pairs_of(&format!("{name}[{key}]"), member, style))
            .collect(),
        (value, _) => vec![(name.to_owned(), plain(value))],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use serde_json::json;

    #[rstest]
    #[case(
        FormStyle::Brackets,
        "a[b][c]=1&a[d]=true&e[]=x&e[]=y&f[0][g]=2&f[1][g]=3"
    )]
    #[case(
        FormStyle::Indices,
        "a[b][c]=1&a[d]=true&e[0]=x&e[1]=y&f[0][g]=2&f[1][g]=3"
    )]
    #[case(
        FormStyle::Plain,
        r#"a={"b":{"c":1},"d":true}&e=x&e=y&f={"g":2}&f={"g":3}"#
    )]
    fn what_is_nested_stands_in_a_form_as_the_service_reads_it(
        #[case] style: FormStyle,
        #[case] expected: &str,
    ) {
        let body = json!({
            "a": { "b": { "c": 1 }, "d": true },
            "e": ["x", "y"],
            "f": [{ "g": 2 }, { "g": 3 }],
            "nothing": null,
        });
        let fields = body.as_object().unwrap();
        let pairs = fields
            .iter()
            .flat_map(|(name, value)| pairs_of(name, value, style));
        let pairs: Vec<String> = pairs
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        assert_eq!(pairs.join("&"), expected);
    }
}
