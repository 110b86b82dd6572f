//! A schema's queries and mutations as operations of an OpenAPI description.

use serde_json::{Map, Value, json};

use super::selection::Known;
use super::{DOCUMENT, Field, Input, Kind, MARK, Schema, TypeRef, VARIABLES};
use crate::importer::dialects::MOST_OPERATIONS;

/// A mutation is named by what it does, wherever its name says that.
const VERBS: [&str; 26] = [
    "create",
    "update",
    "delete",
    "archive",
    "unarchive",
    "add",
    "remove",
    "set",
    "unset",
    "cancel",
    "send",
    "upload",
    "import",
    "export",
    "complete",
    "connect",
    "disconnect",
    "enable",
    "disable",
    "activate",
    "deactivate",
    "publish",
    "move",
    "reset",
    "upsert",
    "duplicate",
];

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
                object(schema, &of.inputs)
            };
            if !of.description.is_empty() {
                component["description"] = of.description.clone().into();
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
        .arguments
        .iter()
        .map(|input| format!("${}: {}", input.name, input.of.text()))
        .collect();
    let passed: Vec<String> = field
        .arguments
        .iter()
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
    let (body, variables) = body(schema, field);
    if !field.arguments.is_empty() {
        operation["requestBody"] =
            json!({ "required": true, "content": { "application/json": { "schema": body } } });
    }
    if let Some(variables) = variables {
        operation[VARIABLES] = variables.into();
    }
    operation
}

/// The arguments; those of an input object called `input` stand beside the others, and then an
/// expression puts them back.
fn body(schema: &Schema, field: &Field) -> (Value, Option<String>) {
    let opened = field.arguments.iter().find(|input| input.name == "input");
    let opened = opened.filter(|input| !input.of.is_list());
    let inner = opened.and_then(|input| schema.types.get(input.of.name()));
    let Some(inner) = inner.filter(|of| of.kind == Kind::Input) else {
        return (object(schema, &field.arguments), None);
    };
    let others: Vec<&Input> = field
        .arguments
        .iter()
        .filter(|input| input.name != "input")
        .collect();
    let clash = |other: &&&Input| inner.inputs.iter().any(|input| input.name == other.name);
    if others.iter().any(|other| clash(&other)) {
        return (object(schema, &field.arguments), None);
    }
    let all = others.iter().copied().chain(&inner.inputs);
    let all = object(schema, all);
    let names: Vec<String> = others
        .iter()
        .map(|input| format!(".{}", input.name))
        .collect();
    let variables = if names.is_empty() {
        "{input: .args}".to_owned()
    } else {
        let own: Vec<String> = others
            .iter()
            .map(|input| format!("{0}: .args.{0}", input.name))
            .collect();
        format!(
            "{{{}, input: (.args | del({}))}}",
            own.join(", "),
            names.join(", ")
        )
    };
    (all, Some(variables))
}

fn object<'i>(schema: &Schema, inputs: impl IntoIterator<Item = &'i Input>) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for input in inputs {
        let mut property = of_type(schema, &input.of);
        if !input.description.is_empty() {
            property["description"] = input.description.clone().into();
        }
        if input.is_required() {
            required.push(input.name.clone());
        }
        properties.insert(input.name.clone(), property);
    }
    json!({ "type": "object", "properties": properties, "required": required })
}

fn of_type(schema: &Schema, of: &TypeRef) -> Value {
    match of {
        TypeRef::NonNull(inner) => of_type(schema, inner),
        TypeRef::List(inner) => json!({ "type": "array", "items": of_type(schema, inner) }),
        TypeRef::Named(name) => match name.as_str() {
            "String" | "ID" => json!({ "type": "string" }),
            "Int" => json!({ "type": "integer" }),
            "Float" => json!({ "type": "number" }),
            "Boolean" => json!({ "type": "boolean" }),
            // Scalars of the vendor's own are objects where they say so.
            "JSON" | "JSONObject" => json!({ "type": "object", "additionalProperties": true }),
            _ => match schema.types.get(name).map(|of| of.kind) {
                Some(Kind::Input | Kind::Enum) => {
                    json!({ "$ref": format!("#/components/schemas/{name}") })
                }
                _ => scalar(name),
            },
        },
    }
}

/// A scalar of the vendor's own, with an example where its name says how it is written.
fn scalar(name: &str) -> Value {
    let example = if name.starts_with("DateTime") {
        "2026-01-31T09:00:00Z"
    } else if name.starts_with("TimelessDate") || name.ends_with("Date") {
        "2026-01-31"
    } else if name == "UUID" {
        "9cfb482a-81e3-4154-b5b9-2c805e70a02d"
    } else {
        return json!({ "type": "string", "format": name });
    };
    json!({ "type": "string", "format": name, "examples": [example] })
}

/// `issueCreate` → `createIssue`, `issues` → `listIssues`, `issue` → `getIssue`
fn spoken(schema: &Schema, field: &Field, is_mutation: bool) -> String {
    let name = &field.name;
    let capital = |text: &str| {
        let mut letters = text.chars();
        letters.next().map_or_else(String::new, |first| {
            first.to_uppercase().collect::<String>() + letters.as_str()
        })
    };
    if is_mutation {
        let start = name.rfind(|c: char| c.is_ascii_uppercase()).unwrap_or(0);
        let (noun, verb) = name.split_at(start);
        let verb = verb.to_ascii_lowercase();
        if !noun.is_empty() && VERBS.contains(&verb.as_str()) {
            return format!("{verb}{}", capital(noun));
        }
        return name.clone();
    }
    let of = schema.types.get(field.of.name());
    let is_page = of.is_some_and(|of| of.fields.iter().any(|field| field.name == "pageInfo"));
    let verb = if is_page || field.of.is_list() {
        "list"
    } else {
        "get"
    };
    format!("{verb}{}", capital(name))
}
