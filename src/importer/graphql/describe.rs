//! A schema's queries and mutations as operations of an OpenAPI description.

use serde_json::{Map, Value, json};

use super::inputs;
use super::selection::Known;
use super::spoken::spoken;
use super::{DOCUMENT, Field, Kind, MARK, Schema, Type, VARIABLES};
use crate::importer::dialects::MOST_OPERATIONS;

pub(super) fn description(schema: &Schema) -> Value {
    let mut paths = Map::new();
    let mut known = Known::new();
    for (root, is_mutation) in [(&schema.query, false), (&schema.mutation, true)] {
        let fields = root.as_ref().and_then(|name| schema.types.get(name));
        let fields = fields.iter().flat_map(|root| &root.fields);
        for field in fields {
            let kind = if is_mutation { "mutation" } else { "query" };
            let operation = if paths.len() < MOST_OPERATIONS {
                operation(schema, field, kind, &mut known)
            } else {
                // Its reader tells that there are too many.
                json!({})
            };
            paths.insert(
                format!("/{kind}/{}", field.name),
                json!({ "post": operation }),
            );
        }
    }
    let components: Map<String, Value> = schema
        .types
        .iter()
        .filter(|(_, of)| matches!(of.kind, Kind::Input | Kind::Enum))
        .map(|(name, of)| {
            let mut component = if of.kind == Kind::Enum {
                json!({ "type": "string", "enum": of.values })
            } else {
                inputs::object(schema, of.inputs.iter().filter(|input| input.is_wanted()))
            };
            if of.is_one_of {
                let names = of
                    .inputs
                    .iter()
                    .map(|input| json!({ "required": [input.name] }));
                component["oneOf"] = names.collect();
            }
            let about = about(of);
            if !about.is_empty() {
                component["description"] = about.into();
            }
            (name.clone(), component)
        })
        .collect();
    json!({
        "openapi": "3.1.0",
        MARK: true,
        "info": { "title": "" },
        "paths": paths,
        "components": { "schemas": components },
    })
}

fn operation(schema: &Schema, field: &Field, kind: &str, known: &mut Known) -> Value {
    let is_mutation = kind == "mutation";
    let declared: Vec<String> = field
        .wanted()
        .map(|input| format!("${}: {}", input.name, input.declared()))
        .collect();
    let passed: Vec<String> = field
        .wanted()
        .map(|input| format!("{0}: ${0}", input.name))
        .collect();
    let around = |parts: &[String]| {
        if parts.is_empty() {
            String::new()
        } else {
            format!("({})", parts.join(", "))
        }
    };
    let selection = schema.selection(field, is_mutation, known);
    let (name, declared, passed) = (&field.name, around(&declared), around(&passed));
    let document = format!("{kind}{declared} {{ {name}{passed}{selection} }}");
    let about = if field.description.is_empty() {
        format!("The {kind} `{name}`.")
    } else {
        field.description.clone()
    };
    let mut operation = json!({
        "operationId": spoken(schema, field, is_mutation),
        "tags": [kind],
        "description": about,
        "deprecated": field.is_deprecated,
        DOCUMENT: document,
    });
    let (body, variables) = inputs::body(schema, field);
    if field.wanted().next().is_some() {
        operation["requestBody"] =
            json!({ "required": true, "content": { "application/json": { "schema": body } } });
    }
    if let Some(variables) = variables {
        operation[VARIABLES] = variables.into();
    }
    operation
}

fn about(of: &Type) -> String {
    let one = if of.is_one_of { inputs::ONLY_ONE } else { "" };
    format!("{} {one}", of.description).trim().to_owned()
}
