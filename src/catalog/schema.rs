//! The JSON Schemas a tool publishes, in the flat subset that every SDK reads: an object with
//! typed properties, `required` only as an array beside `properties`, nothing null.

use serde_json::{Map, Value, json};

use super::manifest::{ArgManifest, ToolManifest};

/// The schema of a tool's arguments.
pub(super) fn input(tool: &ToolManifest) -> Value {
    let properties: Map<String, Value> = tool
        .args
        .iter()
        .map(|arg| (arg.arg.clone(), property(arg)))
        .collect();
    let required: Vec<&str> = tool
        .args
        .iter()
        .filter(|arg| arg.required)
        .map(|arg| arg.arg.as_str())
        .collect();
    let mut schema = json!({ "type": "object", "properties": properties });
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    schema
}

fn property(arg: &ArgManifest) -> Value {
    let mut property = Map::new();
    property.insert("type".into(), arg.kind.clone().into());
    property.insert("title".into(), title(&arg.arg).into());
    property.insert("description".into(), arg.description.trim().into());
    if let Some(default) = &arg.default {
        property.insert("default".into(), default.clone());
    }
    property.extend(arg.schema.clone());
    Value::Object(property)
}

/// `per_page` → `Per Page`
fn title(name: &str) -> String {
    let capitalize = |word: &str| {
        let mut letters = word.chars();
        letters
            .next()
            .map(|first| first.to_uppercase().collect::<String>() + letters.as_str())
    };
    name.split('_')
        .filter_map(capitalize)
        .collect::<Vec<_>>()
        .join(" ")
}

/// The schema of a tool's result. SDKs add keys of their own to it before frameworks check it, and
/// `error` is null on success: so the root stays open and `error` may be null.
pub(super) fn output() -> Value {
    json!({
        "type": "object",
        "properties": {
            "data": {
                "type": "object",
                "title": "Data",
                "description": "What the service answered.",
                "additionalProperties": true
            },
            "successful": {
                "type": "boolean",
                "title": "Successful",
                "description": "Whether the service did what was asked."
            },
            "error": {
                "type": ["string", "null"],
                "title": "Error",
                "description": "Why it did not; null on success."
            }
        },
        "required": ["data", "successful"],
        "additionalProperties": true
    })
}

/// The arguments' schema as JSON Schema proper, to check by: `nullable` is a word of `OpenAPI`.
pub(super) fn for_validation(published: &Value) -> Value {
    let mut schema = published.clone();
    admit_null(&mut schema);
    schema
}

fn admit_null(schema: &mut Value) {
    let Value::Object(schema) = schema else {
        return;
    };
    if schema.remove("nullable") == Some(Value::Bool(true)) {
        if let Some(kind) = schema.get_mut("type") {
            *kind = json!([kind.take(), "null"]);
        }
        if let Some(Value::Array(values)) = schema.get_mut("enum") {
            values.push(Value::Null);
        }
    }
    if let Some(Value::Object(properties)) = schema.get_mut("properties") {
        properties.values_mut().for_each(admit_null);
    }
    for key in ["items", "additionalProperties"] {
        schema.get_mut(key).into_iter().for_each(admit_null);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_argument_is_published_with_its_schema_and_without_its_binding() {
        let tool: ToolManifest = serde_json::from_value(json!({
            "slug": "X_Y", "name": "n", "description": "d",
            "args": [
                { "arg": "per_page", "type": "integer", "description": " How many. ", "default": 30,
                  "schema": { "minimum": 1 }, "in": "query", "name": "perPage" },
                { "arg": "q", "type": "string", "description": "What for.", "required": true }
            ],
            "request": { "method": "GET", "path": "/" }
        }))
        .unwrap();
        insta::assert_json_snapshot!(input(&tool), @r#"
        {
          "type": "object",
          "properties": {
            "per_page": {
              "type": "integer",
              "title": "Per Page",
              "description": "How many.",
              "default": 30,
              "minimum": 1
            },
            "q": {
              "type": "string",
              "title": "Q",
              "description": "What for."
            }
          },
          "required": [
            "q"
          ]
        }
        "#);
    }

    #[test]
    fn a_nullable_value_may_be_null_and_another_may_not() {
        let schema = for_validation(&json!({ "type": "object", "properties": {
            "a": { "type": "string", "nullable": true, "enum": ["x"] },
            "b": { "type": "string" }
        } }));
        let validator = jsonschema::validator_for(&schema).unwrap();
        assert!(validator.is_valid(&json!({ "a": null })));
        assert!(validator.is_valid(&json!({ "a": "x" })));
        assert!(!validator.is_valid(&json!({ "a": "y" })));
        assert!(!validator.is_valid(&json!({ "b": null })));
    }
}
