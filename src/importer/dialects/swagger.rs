//! Swagger 2.0: parameters are their own schemas, and the body is one of them.

use std::collections::BTreeMap;

use serde_json::Value;

use super::paths::{self, media};
use super::security::{requirements, schemes};
use super::{flag, text, texts};
use crate::importer::document::{Dialect, Document};
use crate::importer::operation::{Api, Body, Media, Parameter, Place, Server, Style};
use crate::importer::report::Report;

pub(super) fn read<'d>(document: Document<'d>, report: &mut Report) -> Api<'d> {
    let root = document.root;
    let info = root.get("info").unwrap_or(&Value::Null);
    Api {
        dialect: Dialect::Swagger,
        title: text(info, "title").unwrap_or_default(),
        description: text(info, "description").unwrap_or_default(),
        docs_url: root.get("externalDocs").and_then(|docs| text(docs, "url")),
        server: server(root),
        operations: paths::operations(document, parameter, body, answers_file, report),
        schemes: schemes(document, Some(root), "securityDefinitions"),
        security: requirements(root).unwrap_or_default(),
    }
}

fn server(root: &Value) -> Option<Server<'_>> {
    let base = text(root, "basePath").unwrap_or_default();
    let Some(host) = text(root, "host") else {
        return (!base.is_empty()).then(|| Server {
            url: format!("/{}", base.trim_start_matches('/')),
            variables: BTreeMap::new(),
        });
    };
    // Some write a whole URL there.
    let host = host.split_once("://").map_or(host, |(_, host)| host);
    let host = host.trim_end_matches('/');
    let schemes = texts(root, "schemes");
    let scheme = if schemes.is_empty() || schemes.contains(&"https") {
        "https"
    } else {
        "http"
    };
    Some(Server {
        url: format!("{scheme}://{host}/{}", base.trim_start_matches('/')),
        variables: BTreeMap::new(),
    })
}

fn parameter(value: &Value, place: Place) -> Option<Parameter<'_>> {
    // The body is read as one; parts of a form are like other parameters.
    if text(value, "in") == Some("body") {
        return None;
    }
    let style = match text(value, "collectionFormat") {
        Some("multi") => Style::Repeated,
        Some("ssv") => Style::Separated("ssv"),
        Some("pipes") => Style::Separated("pipes"),
        _ => Style::Commas,
    };
    Some(Parameter {
        at: String::new(),
        name: text(value, "name")?,
        place,
        required: flag(value, "required"),
        description: text(value, "description"),
        // Some write the schema out as in a body.
        schema: value.get("schema").unwrap_or(value),
        style,
    })
}

fn body<'d>(
    document: Document<'d>,
    operation: &'d Value,
    parameters: &[&'d Value],
    at: &str,
    _: &mut Report,
) -> Option<Body<'d>> {
    let in_place = |place: &str| {
        let mut all = parameters.iter();
        all.find(|parameter| text(parameter, "in") == Some(place))
            .copied()
    };
    let consumes = media(document, operation, "consumes");
    if in_place("formData").is_some() {
        let is_file = |one: &&&Value| {
            text(one, "in") == Some("formData") && text(one, "type") == Some("file")
        };
        let has_parts = consumes
            .iter()
            .any(|name| Media::of(name) == Media::Multipart)
            || parameters.iter().any(|one| is_file(&one));
        return Some(Body {
            at: at.to_owned(),
            required: parameters.iter().any(|parameter| {
                text(parameter, "in") == Some("formData") && flag(parameter, "required")
            }),
            media: if has_parts {
                Media::Multipart
            } else {
                Media::Form
            },
            schema: None,
            encoding: None,
        });
    }
    let body = in_place("body")?;
    let media = consumes.into_iter().map(Media::of);
    Some(Body {
        at: format!(
            "{at}/parameters/{}/schema",
            text(body, "name").unwrap_or("body")
        ),
        required: flag(body, "required"),
        media: media
            .min_by_key(|media| media.rank())
            .unwrap_or(Media::Json(None)),
        schema: body.get("schema"),
        encoding: None,
    })
}

fn answers_file<'d>(document: Document<'d>, operation: &'d Value) -> bool {
    let mut schemas = paths::answers(document, operation).filter_map(|answer| answer.get("schema"));
    let is_file = |schema: &Value| text(schema, "type") == Some("file");
    let produced = media(document, operation, "produces");
    schemas.any(is_file) && !produced.iter().any(|media| media.contains("json"))
}
