//! Manifests as YAML that people edit: one key a line, what lies deeper on one line, and nothing
//! that a reader could take for something else.

use serde_json::{Map, Value};

/// `toolkit.yaml`.
pub(super) fn toolkit(manifest: &Map<String, Value>) -> String {
    let mut text = String::new();
    for (key, value) in manifest {
        entry(key, value, 0, &mut text);
    }
    text
}

/// A file below `tools/`.
pub(super) fn tools<'t>(tools: impl IntoIterator<Item = &'t Map<String, Value>>) -> String {
    let mut text = String::from("tools:\n");
    for tool in tools {
        let mut lines = String::new();
        for (key, value) in tool {
            entry(key, value, 4, &mut lines);
        }
        text.push_str("  - ");
        text.push_str(lines.trim_start());
        text.push('\n');
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}

fn entry(key: &str, value: &Value, indent: usize, text: &mut String) {
    let pad = " ".repeat(indent);
    text.push_str(&pad);
    scalar(key, text);
    match value {
        // Arguments and ways to connect: one a line.
        Value::Array(items) if items.iter().any(Value::is_object) => {
            text.push_str(":\n");
            for item in items {
                text.push_str(&pad);
                text.push_str("  - ");
                flow(item, text);
                text.push('\n');
            }
        }
        value => {
            text.push_str(": ");
            flow(value, text);
            text.push('\n');
        }
    }
}

fn flow(value: &Value, text: &mut String) {
    match value {
        Value::Object(members) => {
            text.push('{');
            for (index, (key, value)) in members.iter().enumerate() {
                if index > 0 {
                    text.push_str(", ");
                }
                scalar(key, text);
                text.push_str(": ");
                flow(value, text);
            }
            text.push('}');
        }
        Value::Array(items) => {
            text.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    text.push_str(", ");
                }
                flow(item, text);
            }
            text.push(']');
        }
        Value::String(string) => scalar(string, text),
        other => text.push_str(&other.to_string()),
    }
}

/// Plain where that can mean nothing else, in quotes otherwise.
fn scalar(string: &str, text: &mut String) {
    if is_plain(string) {
        text.push_str(string);
        return;
    }
    // A string of JSON is one of YAML, but for a few characters.
    for c in serde_json::to_string(string).unwrap_or_default().chars() {
        if c.is_control()
            || matches!(
                c,
                '\u{feff}' | '\u{2028}' | '\u{2029}' | '\u{fffe}' | '\u{ffff}'
            )
        {
            text.push_str(&format!("\\u{:04x}", u32::from(c)));
        } else {
            text.push(c);
        }
    }
}

fn is_plain(string: &str) -> bool {
    const WORDS: [&str; 10] = [
        "true", "false", "null", "yes", "no", "on", "off", "y", "n", "nan",
    ];
    string.starts_with(|c: char| c.is_ascii_alphabetic())
        && string.ends_with(|c: char| c.is_ascii_alphanumeric())
        && string
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b' ' | b'/'))
        && !WORDS.contains(&string.to_ascii_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(text: &str) -> Value {
        serde_saphyr::from_str(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
    }

    #[test]
    fn tools_stand_one_key_a_line_and_arguments_one_a_line() {
        let tool = json!({
            "slug": "ACME_SELL", "description": "Sells: one.", "tags": ["openWorldHint"],
            "args": [{ "arg": "no", "type": "string", "schema": { "enum": ["yes", "1"] } }],
            "request": { "method": "POST", "path": "/sell/{no}" }
        });
        let text = tools([tool.as_object().unwrap()]);
        insta::assert_snapshot!(text, @r#"
        tools:
          - slug: ACME_SELL
            description: "Sells: one."
            tags: [openWorldHint]
            args:
              - {arg: "no", type: string, schema: {enum: ["yes", "1"]}}
            request: {method: POST, path: "/sell/{no}"}
        "#);
        assert_eq!(read(&text), json!({ "tools": [tool] }));
    }

    proptest::proptest! {
        #[test]
        fn any_text_reads_back_as_it_was(key in "[ -~]{1,20}", value in proptest::string::string_regex("(?s).{0,80}").unwrap()) {
            let mut manifest = Map::new();
            manifest.insert(key, json!([value, { "inner": value }]));
            proptest::prop_assert_eq!(read(&toolkit(&manifest)), Value::Object(manifest));
        }

        #[test]
        fn any_number_reads_back_as_it_was(whole in proptest::num::i64::ANY, broken in -1e15_f64..1e15) {
            let manifest = json!({ "a": { "whole": whole, "broken": broken } });
            proptest::prop_assert_eq!(read(&toolkit(manifest.as_object().unwrap())), manifest);
        }
    }
}
