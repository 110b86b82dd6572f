//! `/docs`: the `OpenAPI` document as a page for people. It is made here and loads nothing from
//! anywhere, so that it works where no internet is and tells nobody who reads it.

use askama::Template;
use serde_json::Value;

use super::schema_fields::{Field, fields_of, follow, type_of};
use crate::error::{Error, Result};

#[derive(Template)]
#[template(path = "reference.html")]
struct Page<'a> {
    title: &'a str,
    version: &'a str,
    description: &'a str,
    areas: Vec<Area<'a>>,
    error: Vec<Field>,
}

/// The operations of one tag.
struct Area<'a> {
    name: &'a str,
    anchor: String,
    operations: Vec<Operation<'a>>,
}

struct Operation<'a> {
    id: &'a str,
    method: String,
    path: &'a str,
    summary: &'a str,
    description: &'a str,
    key: &'static str,
    parameters: Vec<Field>,
    body: Vec<Field>,
    example: Option<String>,
    answers: Vec<Answer<'a>>,
}

struct Answer<'a> {
    status: &'a str,
    description: &'a str,
    fields: Vec<Field>,
}

/// The page for a document.
///
/// # Errors
/// Never in practice: writing into memory does not fail.
pub(super) fn page(document: &Value) -> Result<String> {
    let mut areas: Vec<Area<'_>> = Vec::new();
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        for (method, operation) in item.as_object().into_iter().flatten() {
            let name = text(&operation["tags"][0]);
            let area = match areas.iter().position(|area| area.name == name) {
                Some(index) => &mut areas[index],
                None => areas.push_mut(Area {
                    name,
                    anchor: name.to_lowercase().replace(' ', "-"),
                    operations: Vec::new(),
                }),
            };
            area.operations
                .push(operation_of(document, method, path, operation));
        }
    }
    let page = Page {
        title: text(&document["info"]["title"]),
        version: text(&document["info"]["version"]),
        description: text(&document["info"]["description"]),
        areas,
        error: fields_of(document, &document["components"]["schemas"]["Error"]),
    };
    page.render().map_err(Error::internal)
}

fn operation_of<'a>(
    document: &Value,
    method: &str,
    path: &'a str,
    operation: &'a Value,
) -> Operation<'a> {
    let body = &operation["requestBody"]["content"]["application/json"];
    let answers = operation["responses"].as_object().into_iter().flatten();
    Operation {
        id: text(&operation["operationId"]),
        method: method.to_uppercase(),
        path,
        summary: text(&operation["summary"]),
        description: text(&operation["description"]),
        key: key_of(operation),
        parameters: parameters_of(document, operation),
        body: fields_of(document, &body["schema"]),
        example: body
            .get("example")
            .and_then(|example| serde_json::to_string_pretty(example).ok()),
        answers: answers
            .filter(|(status, _)| status.starts_with(['2', '3']))
            .map(|(status, answer)| Answer {
                status,
                description: text(&answer["description"]),
                fields: fields_of(document, &answer["content"]["application/json"]["schema"]),
            })
            .collect(),
    }
}

fn key_of(operation: &Value) -> &'static str {
    let schemes = operation["security"].as_array().into_iter().flatten();
    let names: Vec<&String> = schemes
        .filter_map(Value::as_object)
        .flat_map(|scheme| scheme.keys())
        .collect();
    match names.first().map(|name| name.as_str()) {
        Some("OrgApiKeyAuth") => "Needs an organisation API key in x-org-api-key.",
        Some(_) => "Needs a project API key in x-api-key.",
        None => "Needs no key.",
    }
}

fn parameters_of(document: &Value, operation: &Value) -> Vec<Field> {
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    parameters
        .map(|parameter| {
            let parameter = follow(document, parameter);
            Field {
                name: text(&parameter["name"]).to_owned(),
                kind: format!(
                    "{}, in the {}",
                    type_of(document, &parameter["schema"]),
                    text(&parameter["in"])
                ),
                required: parameter["required"] == true,
                meaning: text(&parameter["description"]).to_owned(),
            }
        })
        .collect()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
