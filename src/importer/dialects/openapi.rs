//! OpenAPI 3.0 and 3.1.

use serde_json::Value;

use super::paths;
use super::security::{requirements, schemes};
use super::server::server;
use super::{entries, flag, text};
use crate::catalog::manifest::ArgIn;
use crate::importer::document::{Document, Target, pointer};
use crate::importer::operation::{Api, Body, Media, Parameter, Place, Style};
use crate::importer::report::{Loss, Report};

pub(super) fn read<'d>(document: Document<'d>, report: &mut Report) -> Api<'d> {
    let root = document.root;
    let info = root.get("info").unwrap_or(&Value::Null);
    Api {
        dialect: document.dialect,
        title: text(info, "title").unwrap_or_default(),
        description: text(info, "description").unwrap_or_default(),
        docs_url: root.get("externalDocs").and_then(|docs| text(docs, "url")),
        server: server(root),
        operations: paths::operations(document, parameter, body, answers_file, report),
        schemes: schemes(document, root.get("components"), "securitySchemes"),
        security: requirements(root).unwrap_or_default(),
    }
}

fn parameter(value: &Value, place: Place) -> Option<Parameter<'_>> {
    let content = entries(value, "content").next().map(|(_, media)| media);
    let explodes = value.get("explode").and_then(Value::as_bool);
    let style = match text(value, "style") {
        _ if content.is_some() => Style::Json,
        Some("deepObject") => Style::Deep,
        Some("spaceDelimited") if explodes != Some(true) => Style::Separated("ssv"),
        Some("pipeDelimited") if explodes != Some(true) => Style::Separated("pipes"),
        _ if place != Place::In(ArgIn::Query) || explodes == Some(false) => Style::Commas,
        _ => Style::Repeated,
    };
    let schema = content.map_or(value, |media| media).get("schema");
    Some(Parameter {
        at: String::new(),
        name: text(value, "name")?,
        place,
        required: flag(value, "required"),
        description: text(value, "description"),
        schema: schema.unwrap_or(&Value::Null),
        style,
    })
}

fn body<'d>(
    document: Document<'d>,
    operation: &'d Value,
    _: &[&'d Value],
    at: &str,
    report: &mut Report,
) -> Option<Body<'d>> {
    let at = pointer(at, "requestBody");
    let body = match document.deref(operation.get("requestBody")?) {
        Target::Found(body) => body,
        Target::External | Target::Nowhere => {
            report.lose(Loss::DanglingReference, &at, "the body is not there");
            return None;
        }
    };
    let media = entries(body, "content").map(|(name, media)| (name, Media::of(name), media));
    let media: Vec<_> = media.collect();
    let best = media.iter().min_by_key(|(_, kind, _)| kind.rank())?;
    let parts = media.iter().find(|(_, kind, _)| *kind == Media::Multipart);
    let holds_files = |parts: &&(_, _, &'d Value)| needs_parts(document, best.2, parts.2);
    let is_json = matches!(best.1, Media::Json(_));
    let (name, kind, media) = *parts
        .filter(|_| is_json)
        .filter(holds_files)
        .unwrap_or(best);
    Some(Body {
        at: format!("{}/schema", pointer(&pointer(&at, "content"), name)),
        required: flag(body, "required"),
        media: kind,
        schema: media.get("schema"),
        encoding: media.get("encoding"),
    })
}

/// Whether `parts` take files for which there is no place in `json`, and all else that JSON takes.
fn needs_parts<'d>(document: Document<'d>, json: &'d Value, parts: &'d Value) -> bool {
    let members = |media: &'d Value| -> Vec<(&'d str, &'d Value)> {
        match media.get("schema").map(|schema| document.deref(schema)) {
            Some(Target::Found(schema)) => entries(schema, "properties").collect(),
            _ => Vec::new(),
        }
    };
    let is_file = |value: &Value| {
        let item = value.get("items").unwrap_or(value);
        text(item, "format") == Some("binary")
    };
    let (json, parts) = (members(json), members(parts));
    let has_files = parts.iter().any(|(_, value)| is_file(value));
    let stays = |(name, value): &(&str, &Value)| {
        let known = parts.iter().find(|(other, _)| other == name);
        is_file(value) || known.is_some_and(|(_, other)| !is_file(other))
    };
    has_files && json.iter().all(stays)
}

fn answers_file<'d>(document: Document<'d>, operation: &'d Value) -> bool {
    let mut bodies = paths::answers(document, operation)
        .flat_map(|answer| entries(answer, "content"))
        .map(|(media, _)| paths::is_file(media))
        .peekable();
    bodies.peek().is_some() && bodies.all(|is_file| is_file)
}
