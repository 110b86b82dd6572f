//! From descriptions to toolkits that a server runs.

mod again;
mod bodies;
mod connect;
mod dialects;
mod graphql;
mod hostile;
mod mcp;
mod room;
mod run;
mod sources;

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tenon::importer::{Converted, Wishes, convert};

/// A small description: one operation of every shape that has a rule.
pub const SHOP: &str = include_str!("shop.yaml");

fn read(text: &str) -> Value {
    tenon::importer::read::document(text.as_bytes()).expect("a document")
}

#[track_caller]
fn converted(document: &Value) -> Converted {
    convert(document, &Wishes::default(), &BTreeMap::new()).expect("a toolkit")
}

/// A manifest with one key a line, and one argument a line.
fn lines(manifest: &Value) -> String {
    let mut text = String::new();
    for (key, value) in manifest.as_object().unwrap() {
        match value {
            Value::Array(items) if items.iter().any(Value::is_object) => {
                text.push_str(&format!("{key}:\n"));
                for item in items {
                    text.push_str(&format!("  {item}\n"));
                }
            }
            value => text.push_str(&format!("{key}: {value}\n")),
        }
    }
    text
}

fn tools_of(converted: &Converted) -> String {
    let tools = converted.tools.iter();
    let tools: Vec<String> = tools.map(|tool| lines(&json!(tool.manifest))).collect();
    tools.join("\n")
}

/// One operation with this schema for the member `x` of its body, and what else `root` holds.
fn with_schema(schema: Value, root: Value) -> Value {
    let mut document = json!({
        "openapi": "3.1.0",
        "info": { "title": "Acme" },
        "servers": [{ "url": "https://acme.test" }],
        "paths": { "/x": { "post": { "operationId": "make", "requestBody": { "content": {
            "application/json": { "schema": { "type": "object", "properties": { "x": null } } }
        } } } } }
    });
    document["paths"]["/x"]["post"]["requestBody"]["content"]["application/json"]["schema"]["properties"]
        ["x"] = schema;
    if let Value::Object(root) = root {
        document.as_object_mut().unwrap().extend(root);
    }
    document
}

/// The argument `x` that such a schema becomes.
#[track_caller]
fn argument(schema: Value, root: Value) -> Value {
    let converted = converted(&with_schema(schema, root));
    let [tool] = converted.tools.as_slice() else {
        panic!("one tool: {:#?}", converted.report)
    };
    tool.manifest["args"][0].clone()
}

/// Nothing that a model's API refuses stands anywhere in a schema.
#[track_caller]
fn assert_acceptable(args: &Value) {
    const WORDS: [&str; 9] = [
        "$ref",
        "oneOf",
        "anyOf",
        "allOf",
        "not",
        "const",
        "if",
        "definitions",
        "$defs",
    ];
    let mut open = vec![args];
    while let Some(value) = open.pop() {
        match value {
            Value::Object(members) => {
                for (key, value) in members {
                    assert!(
                        !WORDS.contains(&key.as_str()) || value.is_object(),
                        "{key} in {args}"
                    );
                    if key == "type" && !value.is_object() {
                        assert!(value.is_string(), "type {value} in {args}");
                    }
                    // Values that are given may have members of any name.
                    if !["default", "examples", "enum"].contains(&key.as_str()) {
                        open.push(value);
                    }
                }
            }
            Value::Array(items) => open.extend(items),
            _ => {}
        }
    }
    let shown = match args {
        Value::Array(args) => args
            .iter()
            .filter(|arg| arg["hidden"] != true)
            .cloned()
            .collect(),
        args => args.clone(),
    };
    assert!(shown.to_string().len() <= 24 * 1024);
}
