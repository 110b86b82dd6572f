//! What OpenAPI 3 and Swagger 2 have in common: `paths`, and parameters of a path and its operations.

use serde_json::Value;

use super::security::requirements;
use super::server::server;
use super::{entries, flag, text, texts, told};
use crate::catalog::manifest::ArgIn;
use crate::importer::document::{Dialect, Document, Target, pointer};
use crate::importer::operation::{Body, Envelope, Operation, Parameter, Place};
use crate::importer::report::{Loss, Report, Skip};
use crate::importer::{graphql, mcp};

const METHODS: [&str; 8] = [
    "get", "put", "post", "delete", "options", "head", "patch", "trace",
];
/// More is no API but an attack.
pub(in crate::importer) const MOST_OPERATIONS: usize = 20_000;

/// Of one operation; no tool has room for more.
pub(super) const MOST_PARAMETERS: usize = 1_000;

/// How a dialect reads one described parameter, `None` when it is a part of the body.
pub(super) type ReadParameter<'d> = fn(&'d Value, Place) -> Option<Parameter<'d>>;
/// How a dialect finds an operation's body, in the operation and its parameters.
pub(super) type ReadBody<'d> =
    fn(Document<'d>, &'d Value, &[&'d Value], &str, &mut Report) -> Option<Body<'d>>;

/// Whether an operation's answer is a file.
pub(super) type AnswersFile<'d> = fn(Document<'d>, &'d Value) -> bool;

/// All operations under `paths`.
pub(super) fn operations<'d>(
    document: Document<'d>,
    read_parameter: ReadParameter<'d>,
    read_body: ReadBody<'d>,
    answers_file: AnswersFile<'d>,
    report: &mut Report,
) -> Vec<Operation<'d>> {
    let mut found = Vec::new();
    for (path, item) in entries(document.root, "paths") {
        let at_path = pointer("/paths", path);
        let Target::Found(item) = document.deref(item) else {
            report.lose(Loss::ExternalReference, &at_path, "");
            continue;
        };
        for (method, operation) in item.as_object().into_iter().flatten() {
            if !METHODS.contains(&method.as_str()) || !operation.is_object() {
                continue;
            }
            if found.len() >= MOST_OPERATIONS {
                let key = format!("{} {path}", method.to_ascii_uppercase());
                report.skip(&key, Skip::TooMany, "");
                continue;
            }
            let at = pointer(&at_path, method);
            let described = described(document, item, operation, &at, report);
            let mut parameters: Vec<_> = described
                .iter()
                .filter_map(|value| {
                    let mut parameter = read_parameter(value, place(value)?)?;
                    parameter.at = format!("{at}/parameters/{}", parameter.name);
                    Some(parameter)
                })
                .collect();
            let body = read_body(document, operation, &described, &at, report)
                .or_else(|| told::body(document, operation, method, &at, &mut parameters, report));
            found.push(Operation {
                method: method.to_ascii_uppercase(),
                path: path.to_owned(),
                full_path: None,
                id: text(operation, "operationId"),
                summary: text(operation, "summary"),
                description: text(operation, "description"),
                tags: texts(operation, "tags"),
                deprecated: flag(operation, "deprecated"),
                parameters,
                body,
                security: requirements(operation),
                server: server(operation).or_else(|| server(item)),
                content: None,
                answers_file: answers_file(document, operation),
                accept: accept(document, operation),
                envelope: envelope(document, operation),
                at,
            });
        }
    }
    found
}

/// Of an operation that was made; nobody else's may pass for one.
fn envelope<'d>(document: Document<'d>, operation: &'d Value) -> Option<Envelope<'d>> {
    match document.dialect {
        Dialect::Graphql => Some(Envelope::Graphql {
            document: text(operation, graphql::DOCUMENT)?,
            variables: text(operation, graphql::VARIABLES),
        }),
        Dialect::Mcp => Some(Envelope::Mcp {
            tool: text(operation, mcp::TOOL)?,
            hints: texts(operation, mcp::HINTS),
            is_task: flag(operation, mcp::TASK),
        }),
        Dialect::OpenApi | Dialect::Swagger | Dialect::Discovery => None,
    }
}

/// The bodies of successful answers.
pub(super) fn answers<'d>(
    document: Document<'d>,
    operation: &'d Value,
) -> impl Iterator<Item = &'d Value> {
    let answers = entries(operation, "responses").filter(|(status, _)| status.starts_with('2'));
    answers.filter_map(move |(_, answer)| match document.deref(answer) {
        Target::Found(answer) => Some(answer),
        Target::External | Target::Nowhere => None,
    })
}

/// What is to be asked for where an answer comes in several forms, or in one of JSON's: JSON.
fn accept<'d>(document: Document<'d>, operation: &'d Value) -> Option<&'d str> {
    let forms: Vec<&'d str> = match document.dialect {
        Dialect::Swagger => media(document, operation, "produces"),
        Dialect::OpenApi => answers(document, operation)
            .flat_map(|answer| entries(answer, "content"))
            .map(|(media, _)| media)
            .collect(),
        Dialect::Graphql | Dialect::Mcp | Dialect::Discovery => return None,
    };
    let plain = |media: &'d str| media.split(';').next().unwrap_or_default().trim();
    let is_json = |media: &&str| *media == "application/json";
    let mut kinds = forms.iter().copied().map(plain);
    if kinds.clone().any(|media| is_json(&media)) {
        let others = kinds.any(|media| !is_json(&media) && media != "*/*");
        return others.then_some("application/json");
    }
    let is_named = |media: &&str| media.ends_with("+json") && media.starts_with("application/");
    kinds.find(is_named)
}

/// What a Swagger operation `consumes` or `produces`, or else all of them.
pub(super) fn media<'d>(document: Document<'d>, operation: &'d Value, key: &str) -> Vec<&'d str> {
    match texts(operation, key) {
        own if own.is_empty() => texts(document.root, key),
        own => own,
    }
}

/// Neither text nor anything that a model reads.
pub(in crate::importer) fn is_file(media: &str) -> bool {
    let plain = media.split(';').next().unwrap_or_default().trim();
    let plain = plain.to_ascii_lowercase();
    let is_text = [
        "json",
        "xml",
        "text",
        "html",
        "javascript",
        "yaml",
        "csv",
        "form",
        "*/*",
    ]
    .iter()
    .any(|word| plain.contains(word));
    plain.contains('/') && !is_text && !plain.starts_with("multipart/")
}

/// The parameters of a path and of an operation, which stand above those.
fn described<'d>(
    document: Document<'d>,
    item: &'d Value,
    operation: &'d Value,
    at: &str,
    report: &mut Report,
) -> Vec<&'d Value> {
    let mut found: Vec<&'d Value> = Vec::new();
    for owner in [item, operation] {
        let list = owner.get("parameters").and_then(Value::as_array);
        for (index, value) in list.into_iter().flatten().enumerate() {
            if found.len() >= MOST_PARAMETERS {
                report.lose(
                    Loss::TooLarge,
                    at,
                    format!("more than {MOST_PARAMETERS} parameters"),
                );
                break;
            }
            match document.deref(value) {
                Target::Found(value) => {
                    let same = |other: &&Value| {
                        ["name", "in"]
                            .iter()
                            .all(|key| other.get(key) == value.get(key))
                    };
                    found.retain(|other| !same(other));
                    found.push(value);
                }
                Target::External => {
                    report.lose(
                        Loss::ExternalReference,
                        &format!("{at}/parameters/{index}"),
                        "",
                    );
                }
                Target::Nowhere => {
                    report.lose(
                        Loss::DanglingReference,
                        &format!("{at}/parameters/{index}"),
                        "",
                    );
                }
            }
        }
    }
    found
}

fn place(parameter: &Value) -> Option<Place> {
    match text(parameter, "in")? {
        "path" => Some(Place::In(ArgIn::Path)),
        "query" => Some(Place::In(ArgIn::Query)),
        "header" => Some(Place::In(ArgIn::Header)),
        "body" | "formData" => Some(Place::In(ArgIn::Body)),
        "cookie" => Some(Place::Cookie),
        _ => None,
    }
}
