//! A second import: what people changed in a manifest since the first stays as they wrote it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::lock::{mark, parts};

/// `new` with the parts of `current` that differ from what the last import wrote, whose hashes are
/// `written`; and the names of those parts, where the import would have them otherwise.
pub(super) fn merge(
    new: &Map<String, Value>,
    current: &Map<String, Value>,
    written: &BTreeMap<String, String>,
) -> (Map<String, Value>, Vec<String>) {
    let (new_parts, current_parts) = (parts(new), parts(current));
    let mut kept = Vec::new();
    let mut choose = |name: &str| {
        let (fresh, present) = (new_parts.get(name), current_parts.get(name));
        let is_edited = present.map(|value| mark(value)).as_ref() != written.get(name);
        if !is_edited {
            return fresh.map(|value| (*value).clone());
        }
        if fresh != present {
            kept.push(name.to_owned());
        }
        present.map(|value| (*value).clone())
    };
    let mut merged = Map::new();
    let mut args = Vec::new();
    let mut seen = BTreeSet::new();
    // The import's order, and after it what people added.
    for source in [new, current] {
        for (key, value) in source {
            if key == "args" {
                merged.entry("args").or_insert(Value::Null);
                for arg in value.as_array().into_iter().flatten() {
                    let name = arg.get("arg").and_then(Value::as_str).unwrap_or_default();
                    let name = format!("args.{name}");
                    if seen.insert(name.clone()) {
                        args.extend(choose(&name));
                    }
                }
            } else if seen.insert(key.clone())
                && let Some(value) = choose(key)
            {
                merged.insert(key.clone(), value);
            }
        }
    }
    if args.is_empty() {
        merged.shift_remove("args");
    } else {
        merged.insert("args".into(), Value::Array(args));
    }
    (merged, kept)
}

#[cfg(test)]
mod tests {
    use super::super::lock::marks;
    use super::*;
    use serde_json::json;

    fn map(value: &Value) -> Map<String, Value> {
        value.as_object().cloned().unwrap()
    }

    #[test]
    fn edits_stay_and_the_rest_follows_the_description() {
        let first = map(
            &json!({ "slug": "A", "name": "one", "description": "old", "args": [
            { "arg": "x", "type": "string" }, { "arg": "y", "type": "string" }, { "arg": "z", "type": "string" }
        ] }),
        );
        let edited = map(
            &json!({ "slug": "A", "name": "mine", "description": "old", "timeout_s": 9, "args": [
            { "arg": "x", "type": "string", "description": "mine" }, { "arg": "y", "type": "string" },
            { "arg": "added", "type": "string" }
        ] }),
        );
        let second = map(
            &json!({ "slug": "A", "name": "two", "description": "new", "tags": ["t"], "args": [
            { "arg": "x", "type": "integer" }, { "arg": "y", "type": "integer" }, { "arg": "z", "type": "integer" }
        ] }),
        );
        let (merged, kept) = merge(&second, &edited, &marks(&first));
        assert_eq!(
            Value::Object(merged),
            json!({ "slug": "A", "name": "mine", "description": "new", "tags": ["t"], "timeout_s": 9, "args": [
                { "arg": "x", "type": "string", "description": "mine" }, { "arg": "y", "type": "integer" },
                { "arg": "added", "type": "string" }
            ] })
        );
        assert_eq!(
            kept,
            ["name", "args.x", "args.z", "timeout_s", "args.added"]
        );
    }

    #[test]
    fn without_edits_the_second_import_is_what_stands_there() {
        let first = map(&json!({ "slug": "A", "args": [{ "arg": "x" }] }));
        let second = map(&json!({ "slug": "A", "name": "n" }));
        assert_eq!(
            merge(&second, &first, &marks(&first)),
            (second.clone(), Vec::new())
        );
    }
}
