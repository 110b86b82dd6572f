//! A JSON Schema as a flat list of fields, for the reference page.

use serde_json::Value;

/// How deep fields are listed; what lies deeper is shown by its type alone.
const DEPTH: usize = 4;

/// One field.
#[derive(Debug)]
pub(super) struct Field {
    /// The way to it, as `items[].toolkit.slug`.
    pub(super) name: String,
    /// Its JSON type in words.
    pub(super) kind: String,
    /// Whether it is always there, or must be.
    pub(super) required: bool,
    /// What it means.
    pub(super) meaning: String,
}

/// The fields of a schema, each after the one that holds it.
pub(super) fn fields_of(document: &Value, schema: &Value) -> Vec<Field> {
    let mut fields = Vec::new();
    collect(document, schema, "", DEPTH, &mut fields);
    fields
}

/// What a `$ref` into the document points to; anything else stands for itself.
pub(super) fn follow<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    let target = value["$ref"]
        .as_str()
        .and_then(|path| path.strip_prefix('#'));
    target
        .and_then(|path| document.pointer(path))
        .unwrap_or(value)
}

/// A schema's type in words: `string`, `array of object`, `"a" or "b"`.
pub(super) fn type_of(document: &Value, schema: &Value) -> String {
    let schema = follow(document, schema);
    if let Some(values) = schema["enum"].as_array() {
        return join(values.iter().map(Value::to_string));
    }
    for key in ["oneOf", "anyOf"] {
        if let Some(variants) = schema[key].as_array() {
            return join(variants.iter().map(|variant| type_of(document, variant)));
        }
    }
    let name = |kind: &str| match kind {
        "array" => format!("array of {}", type_of(document, &schema["items"])),
        kind => kind.to_owned(),
    };
    match &schema["type"] {
        Value::String(kind) => name(kind),
        Value::Array(kinds) => join(kinds.iter().filter_map(Value::as_str).map(name)),
        _ if schema.get("properties").is_some() || schema.get("allOf").is_some() => {
            "object".to_owned()
        }
        _ => "any".to_owned(),
    }
}

/// `a, b or c`, each once.
fn join(words: impl Iterator<Item = String>) -> String {
    let mut seen: Vec<String> = Vec::new();
    for word in words {
        if !seen.contains(&word) {
            seen.push(word);
        }
    }
    match seen.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
        None => "any".to_owned(),
    }
}

fn collect(document: &Value, schema: &Value, prefix: &str, depth: usize, fields: &mut Vec<Field>) {
    let schema = follow(document, schema);
    if depth == 0 {
        return;
    }
    for key in ["allOf", "oneOf", "anyOf"] {
        for part in schema[key].as_array().into_iter().flatten() {
            collect(document, part, prefix, depth, fields);
        }
    }
    if let Some(items) = schema.get("items") {
        collect(document, items, &format!("{prefix}[]"), depth, fields);
    }
    let required = schema["required"].as_array();
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        let separator = if prefix.is_empty() { "" } else { "." };
        let way = format!("{prefix}{separator}{name}");
        // Variants of a union share fields; the first one speaks for all.
        if fields.iter().any(|known| known.name == way) {
            continue;
        }
        let own = field["description"].as_str();
        let meaning = own.or_else(|| follow(document, field)["description"].as_str());
        fields.push(Field {
            kind: type_of(document, field),
            required: required.is_some_and(|names| names.iter().any(|known| known == name)),
            meaning: meaning.unwrap_or_default().to_owned(),
            name: way.clone(),
        });
        collect(document, field, &way, depth - 1, fields);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn fields_are_listed_through_references_unions_and_arrays() {
        let document = json!({ "components": { "schemas": { "Item": {
            "type": "object",
            "required": ["id"],
            "properties": {
                "id": { "type": "string", "description": "Its id" },
                "kind": { "enum": ["a", "b"] },
                "parent": { "$ref": "#/components/schemas/Item" },
            },
        } } } });
        let schema = json!({ "allOf": [
            { "properties": { "items": {
                "type": "array", "items": { "$ref": "#/components/schemas/Item" },
            } } },
            { "properties": { "next": { "type": ["string", "null"] } } },
        ] });
        let fields = fields_of(&document, &schema);
        let listed = |name: &str| fields.iter().find(|field| field.name == name).unwrap();
        assert_eq!(listed("items").kind, "array of object");
        assert_eq!(listed("items[].id").meaning, "Its id");
        assert!(listed("items[].id").required && !listed("items[].kind").required);
        assert_eq!(listed("items[].kind").kind, "\"a\" or \"b\"");
        assert_eq!(listed("next").kind, "string or null");
        // A type that holds itself ends somewhere.
        assert!(fields.len() < 20);
    }
}
