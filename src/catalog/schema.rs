//! The JSON Schemas a tool publishes, in the flat subset that every SDK reads: an object with
//! typed properties, `required` only as an array beside `properties`, nothing null.

use std::collections::BTreeSet;

use jsonschema::{ValidationError, Validator};
use serde_json::{Map, Value, json};

use super::manifest::{ArgManifest, FileRule, ToolManifest};

/// The schema of a tool's arguments.
pub(super) fn input(tool: &ToolManifest) -> Value {
    let properties: Map<String, Value> = tool
        .args
        .iter()
        .filter(|arg| arg.is_published())
        .map(|arg| (arg.arg.clone(), Value::Object(property(arg))))
        .collect();
    let required: Vec<&str> = tool
        .args
        .iter()
        .filter(|arg| arg.required && arg.is_published())
        .map(|arg| arg.arg.as_str())
        .collect();
    let mut schema = json!({ "type": "object", "properties": properties });
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    schema
}

/// The schema of one argument.
pub(super) fn property(arg: &ArgManifest) -> Map<String, Value> {
    let mut property = Map::new();
    property.insert("type".into(), arg.kind.clone().into());
    property.insert("title".into(), title(&arg.arg).into());
    property.insert("description".into(), arg.description.trim().into());
    if let Some(default) = &arg.default {
        property.insert("default".into(), default.clone());
    }
    property.extend(arg.schema.clone());
    if arg.file && arg.kind == "array" {
        let mut items = Map::from_iter([("type".into(), "object".into())]);
        items.extend(file("file_uploadable", "s3key"));
        property.insert("items".into(), Value::Object(items));
    } else if arg.file {
        property.extend(file("file_uploadable", "s3key"));
    }
    property
}

/// The keys by which SDKs know an object that stands for a file, and put a path in its place.
fn file(mark: &str, place: &str) -> Map<String, Value> {
    let text = |name: &str| json!({ "type": "string", "title": title(name) });
    Map::from_iter([
        (mark.to_owned(), Value::Bool(true)),
        (
            "properties".to_owned(),
            json!({ "name": text("name"), "mimetype": text("mimetype"), place: text(place) }),
        ),
        ("required".to_owned(), json!(["name", "mimetype", place])),
    ])
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
pub(super) fn output(given: Option<&FileRule>) -> Value {
    let mut schema = open_output();
    if let Some(FileRule { field, .. }) = given {
        let mut property = Map::from_iter([
            ("type".to_owned(), "object".into()),
            ("title".to_owned(), title(field).into()),
            (
                "description".to_owned(),
                "The file that the service gave.".into(),
            ),
        ]);
        property.extend(file("file_downloadable", "s3url"));
        schema["properties"]["data"]["properties"] = json!({ field: property });
    }
    schema
}

fn open_output() -> Value {
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
                "type": "string",
                "nullable": true,
                "title": "Error",
                "description": "Why it did not; null on success."
            }
        },
        "required": ["data", "successful"],
        "additionalProperties": true
    })
}

/// What arguments are checked by, compiled.
///
/// # Errors
/// What is wrong with the schema words of an argument.
pub(super) fn compiled(tool: &ToolManifest) -> Result<Validator, Box<ValidationError<'static>>> {
    jsonschema::validator_for(&checked(tool)).map_err(Box::new)
}

/// The same for a tool whose schema could be wrong in what no other rule knows, which are patterns
/// alone; all others can wait until they are used.
///
/// # Errors
/// As [`compiled`].
pub(super) fn compiled_early(tool: &ToolManifest) -> Result<Option<Validator>, String> {
    if !tool.args.iter().any(|arg| has_pattern(&arg.schema)) {
        return Ok(None);
    }
    compiled(tool).map(Some).map_err(|cause| cause.to_string())
}

fn has_pattern(schema: &Map<String, Value>) -> bool {
    schema.contains_key("pattern")
        || schema
            .values()
            .filter_map(Value::as_object)
            .any(has_pattern)
}

/// What arguments are checked by: the published schema, with those that are not published and with
/// the types that are taken besides.
fn checked(tool: &ToolManifest) -> Value {
    let mut schema = input(tool);
    admit_null(&mut schema);
    // Most are checked as they are published.
    let is_there = |arg: &ArgManifest| arg.is_published() && arg.accepts.is_empty();
    let others = tool.args.iter().filter(|arg| !is_there(arg));
    for arg in others.filter(|arg| arg.fixed.is_none()) {
        let mut own = Value::Object(property(arg));
        admit_null(&mut own);
        if arg.accepts.iter().any(|kind| kind == "any") {
            own = json!({});
        } else if !arg.accepts.is_empty() {
            let mut types: BTreeSet<&str> = arg.accepts.iter().map(String::as_str).collect();
            types.insert(&arg.kind);
            if arg.is_nullable() {
                types.insert("null");
            }
            own["type"] = json!(types);
        }
        schema["properties"][&arg.arg] = own;
    }
    schema
}

/// Makes JSON Schema proper of a published schema, to check by: `nullable` is a word of `OpenAPI`.
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
        let mut schema = json!({ "type": "object", "properties": {
            "a": { "type": "string", "nullable": true, "enum": ["x"] },
            "b": { "type": "string" }
        } });
        admit_null(&mut schema);
        let validator = jsonschema::validator_for(&schema).unwrap();
        assert!(validator.is_valid(&json!({ "a": null })));
        assert!(validator.is_valid(&json!({ "a": "x" })));
        assert!(!validator.is_valid(&json!({ "a": "y" })));
        assert!(!validator.is_valid(&json!({ "b": null })));
    }
}
