//! The published document describes what the handlers are.

use std::collections::BTreeMap;

use serde_json::Value;

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// Every operation as `METHOD path`, with its object.
fn operations() -> Vec<(String, Value)> {
    let text = tenon::api::openapi::document_text().unwrap();
    let document: Value = serde_json::from_str(&text).unwrap();
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in METHODS {
            if let Some(operation) = item.get(method) {
                let name = format!("{} {path}", method.to_uppercase());
                operations.push((name, operation.clone()));
            }
        }
    }
    assert!(!operations.is_empty());
    operations
}

#[test]
fn the_committed_document_is_fresh() {
    let path = super::repository().join("openapi/openapi.json");
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        committed == tenon::api::openapi::document_text().unwrap(),
        "the handlers changed; run: cargo run -- openapi > openapi/openapi.json"
    );
}

#[test]
fn every_operation_has_a_tag_a_summary_and_a_description() {
    let mut bare = Vec::new();
    for (name, operation) in operations() {
        let is_text = |field: &str| {
            operation[field]
                .as_str()
                .is_some_and(|text| !text.is_empty())
        };
        if !is_text("summary") || !is_text("description") {
            bare.push(format!(
                "{name}: write a doc comment of a title, a blank line, sentences"
            ));
        }
        if operation["tags"]
            .as_array()
            .is_none_or(|tags| tags.len() != 1)
        {
            bare.push(format!("{name}: give it one tag"));
        }
    }
    assert!(bare.is_empty(), "{}", bare.join("\n"));
}

#[test]
fn every_reference_leads_to_a_schema() {
    fn references<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
        match value {
            Value::Object(object) => {
                found.extend(object.get("$ref").and_then(Value::as_str));
                object.values().for_each(|value| references(value, found));
            }
            Value::Array(values) => values.iter().for_each(|value| references(value, found)),
            _ => {}
        }
    }
    let text = tenon::api::openapi::document_text().unwrap();
    let document: Value = serde_json::from_str(&text).unwrap();
    let mut found = Vec::new();
    references(&document, &mut found);
    found.retain(|path| document.pointer(path.trim_start_matches('#')).is_none());
    assert!(
        found.is_empty(),
        "these are no components; use `inline`: {found:?}"
    );
}

#[test]
fn every_operation_has_an_id_of_its_own() {
    let mut by_id: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, operation) in operations() {
        let id = operation["operationId"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        assert!(!id.is_empty(), "{name} has no operationId");
        by_id.entry(id).or_default().push(name);
    }
    by_id.retain(|_, names| names.len() > 1);
    assert!(by_id.is_empty(), "rename these handlers: {by_id:#?}");
}

#[test]
fn every_request_body_has_an_example() {
    let mut bare = Vec::new();
    for (name, operation) in operations() {
        let Some(body) = operation.get("requestBody") else {
            continue;
        };
        let content = &body["content"]["application/json"];
        if content.get("example").is_none() && content.get("examples").is_none() {
            bare.push(name);
        }
    }
    assert!(
        bare.is_empty(),
        "add `example = json!(…)` to request_body of:\n{}",
        bare.join("\n")
    );
}

#[test]
fn every_operation_says_which_key_it_needs() {
    let open: Vec<String> = operations()
        .into_iter()
        .filter(|(_, operation)| operation.get("security").is_none())
        .map(|(name, _)| name)
        .collect();
    assert!(
        open.is_empty(),
        "add `security(…)` to (`security(())` for none):\n{}",
        open.join("\n")
    );
}
