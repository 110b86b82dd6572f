//! The JSON Schemas a tool publishes, in the flat subset that every SDK reads: an object with
//! typed properties, `required` only as an array beside `properties`, nothing null.

use jsonschema::{ValidationError, Validator};
use serde_json::{Map, Value, json};

use super::manifest::{ArgManifest, FileRule, ToolManifest};

/// Further JSON types that are taken beside `type`; no model is told it by this word.
pub const ACCEPTS: &str = "accepts";

/// The schema of a tool's arguments, as it is published.
pub(super) fn input(tool: &ToolManifest) -> Value {
    let published = tool.args.iter().filter(|arg| arg.is_published());
    object(published, property)
}

fn object<'a>(
    args: impl Iterator<Item = &'a ArgManifest> + Clone,
    schema_of: impl Fn(&ArgManifest) -> Map<String, Value>,
) -> Value {
    let properties: Map<String, Value> = args
        .clone()
        .map(|arg| (arg.arg.clone(), Value::Object(schema_of(arg))))
        .collect();
    let required: Vec<&str> = args
        .filter(|arg| arg.required)
        .map(|arg| arg.arg.as_str())
        .collect();
    let mut schema = json!({ "type": "object", "properties": properties });
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    schema
}

/// The schema of one argument, as it is published.
pub(super) fn property(arg: &ArgManifest) -> Map<String, Value> {
    let mut property = written(arg);
    in_each(&mut property, &|schema| {
        schema.shift_remove(ACCEPTS);
    });
    property
}

/// The schema of one argument with what is taken besides.
fn written(arg: &ArgManifest) -> Map<String, Value> {
    let mut property = Map::new();
    property.insert("type".into(), arg.kind.clone().into());
    property.insert("title".into(), title(&arg.arg).into());
    property.insert("description".into(), arg.description.trim().into());
    if let Some(default) = &arg.default {
        property.insert("default".into(), default.clone());
    }
    property.extend(arg.schema.clone());
    if !arg.accepts.is_empty() {
        property.insert(ACCEPTS.into(), json!(arg.accepts));
    }
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
    let given = tool.args.iter().filter(|arg| arg.fixed.is_none());
    object(given, |arg| {
        let mut schema = written(arg);
        in_each(&mut schema, &admit);
        schema
    })
}

/// Makes JSON Schema proper of one schema, to check by: `nullable` is a word of `OpenAPI`, and
/// `accepts` one of manifests.
fn admit(schema: &mut Map<String, Value>) {
    let nullable = schema.remove("nullable") == Some(Value::Bool(true));
    let mut kinds = match schema.remove(ACCEPTS) {
        Some(Value::Array(kinds)) => kinds,
        _ => Vec::new(),
    };
    if kinds.iter().any(|kind| kind == "any") {
        return schema.clear();
    }
    let own = schema.get("type").cloned().unwrap_or_default();
    if !kinds.is_empty()
        && let Some(choices) = schema.remove("enum")
    {
        // All other keywords are silent about values of another type.
        schema.insert("if".into(), json!({ "type": own }));
        schema.insert("then".into(), json!({ "enum": choices }));
    }
    if nullable {
        kinds.push("null".into());
        if let Some(Value::Array(values)) = schema.get_mut("enum") {
            values.push(Value::Null);
        }
    }
    if !kinds.is_empty() {
        let mut all = vec![own];
        for kind in kinds {
            if !all.contains(&kind) {
                all.push(kind);
            }
        }
        schema.insert("type".into(), all.into());
    }
}

/// Changes a schema and all those in it, the inner ones first.
fn in_each(schema: &mut Map<String, Value>, change: &impl Fn(&mut Map<String, Value>)) {
    if let Some(Value::Object(properties)) = schema.get_mut("properties") {
        for inner in properties.values_mut().filter_map(Value::as_object_mut) {
            in_each(inner, change);
        }
    }
    for key in ["items", "additionalProperties"] {
        if let Some(Value::Object(inner)) = schema.get_mut(key) {
            in_each(inner, change);
        }
    }
    change(schema);
}

/// The schemas right below a schema, each with its name or keyword.
pub(super) fn inner(
    schema: &Map<String, Value>,
) -> impl Iterator<Item = (&str, &Map<String, Value>)> {
    let properties = schema.get("properties").and_then(Value::as_object);
    let others = ["items", "additionalProperties"];
    let others = others
        .into_iter()
        .filter_map(move |key| Some((key, schema.get(key)?)));
    let properties = properties.into_iter().flatten();
    properties
        .map(|(name, inner)| (name.as_str(), inner))
        .chain(others)
        .filter_map(|(name, inner)| Some((name, inner.as_object()?)))
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

    fn tool(schema: &Value) -> ToolManifest {
        serde_json::from_value(json!({
            "slug": "X_Y", "name": "n", "description": "d", "request": { "method": "POST", "path": "/" },
            "args": [{ "arg": "x", "type": "object", "description": "d", "schema": schema }]
        }))
        .unwrap()
    }

    #[test]
    fn a_nullable_value_may_be_null_and_another_may_not() {
        let validator = compiled(&tool(&json!({ "properties": {
            "a": { "type": "string", "nullable": true, "enum": ["x"] },
            "b": { "type": "string" },
            "c": { "type": "string", "nullable": true, "enum": ["x"], "accepts": ["integer"] }
        } })))
        .unwrap();
        let is_valid = |x: Value| validator.is_valid(&json!({ "x": x }));
        assert!(is_valid(json!({ "a": null })));
        assert!(is_valid(json!({ "a": "x" })));
        assert!(!is_valid(json!({ "a": "y" })));
        assert!(!is_valid(json!({ "b": null })));
        assert!(is_valid(json!({ "c": null })));
        assert!(is_valid(json!({ "c": 5 })));
        assert!(!is_valid(json!({ "c": "y" })));
    }

    #[test]
    fn a_member_that_is_called_like_the_word_is_published_and_the_word_is_not() {
        let found = input(&tool(&json!({
            "properties": { "accepts": { "type": "string", "accepts": ["integer"] } },
            "additionalProperties": { "type": "array", "items": { "type": "string", "accepts": ["any"] } }
        })));
        let x = &found["properties"]["x"];
        assert_eq!(x["properties"], json!({ "accepts": { "type": "string" } }));
        let others = json!({ "type": "array", "items": { "type": "string" } });
        assert_eq!(x["additionalProperties"], others);
    }
}
