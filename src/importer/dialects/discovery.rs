//! Google's Discovery documents.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{entries, flag, text, texts};
use crate::catalog::manifest::ArgIn;
use crate::importer::document::{Dialect, Document, pointer};
use crate::importer::operation::{
    Api, Body, Flow, Media, Operation, Parameter, Place, SecurityScheme, Server, Style,
};
use crate::importer::report::Report;

/// Resources hold resources; real ones stop at six.
const DEEPEST: usize = 20;
const SCHEME: &str = "oauth2";

pub(super) fn read<'d>(document: Document<'d>, _: &mut Report) -> Api<'d> {
    let root = document.root;
    let mut operations = Vec::new();
    resource(root, "", &mut Vec::new(), &mut operations);
    Api {
        dialect: Dialect::Discovery,
        title: text(root, "title")
            .or(text(root, "name"))
            .unwrap_or_default(),
        description: text(root, "description").unwrap_or_default(),
        docs_url: text(root, "documentationLink"),
        server: text(root, "rootUrl").map(|url| Server {
            url: format!("{url}{}", text(root, "servicePath").unwrap_or_default()),
            variables: BTreeMap::new(),
        }),
        operations,
        schemes: schemes(root),
        security: Vec::new(),
    }
}

fn schemes(root: &Value) -> BTreeMap<&str, SecurityScheme<'_>> {
    let scopes = root.pointer("/auth/oauth2").into_iter();
    let scopes: BTreeMap<&str, &str> = scopes
        .flat_map(|oauth2| entries(oauth2, "scopes"))
        .map(|(scope, about)| (scope, text(about, "description").unwrap_or_default()))
        .collect();
    if scopes.is_empty() {
        return BTreeMap::new();
    }
    let flow = Flow {
        authorize_url: Some("https://accounts.google.com/o/oauth2/v2/auth"),
        token_url: Some("https://oauth2.googleapis.com/token"),
        refresh_url: None,
        scopes,
        // Without these Google gives no refresh token.
        authorize_params: BTreeMap::from([("access_type", "offline"), ("prompt", "consent")]),
    };
    BTreeMap::from([(SCHEME, SecurityScheme::OAuth2(Box::new(flow)))])
}

fn resource<'d>(
    value: &'d Value,
    at: &str,
    above: &mut Vec<&'d str>,
    found: &mut Vec<Operation<'d>>,
) {
    for (name, method) in entries(value, "methods") {
        found.extend(operation(
            method,
            &pointer(&format!("{at}/methods"), name),
            above,
        ));
    }
    if above.len() >= DEEPEST {
        return;
    }
    for (name, inner) in entries(value, "resources") {
        above.push(name);
        resource(
            inner,
            &pointer(&format!("{at}/resources"), name),
            above,
            found,
        );
        above.pop();
    }
}

fn operation<'d>(method: &'d Value, at: &str, above: &[&'d str]) -> Option<Operation<'d>> {
    let parameters = entries(method, "parameters").map(|(name, value)| Parameter {
        at: pointer(&format!("{at}/parameters"), name),
        name,
        place: Place::In(if text(value, "location") == Some("path") {
            ArgIn::Path
        } else {
            ArgIn::Query
        }),
        required: flag(value, "required"),
        description: text(value, "description"),
        schema: value,
        style: if flag(value, "repeated") {
            Style::List
        } else {
            Style::Repeated
        },
    });
    // Alternatives: any one of them will do.
    let scopes = texts(method, "scopes").into_iter();
    let security = scopes
        .map(|scope| BTreeMap::from([(SCHEME, vec![scope])]))
        .collect();
    Some(Operation {
        at: at.to_owned(),
        method: text(method, "httpMethod")?.to_ascii_uppercase(),
        path: format!("/{}", text(method, "path")?.trim_start_matches('/')),
        // Many a path is nothing but `v1/{+name}`.
        full_path: text(method, "flatPath"),
        id: text(method, "id"),
        summary: None,
        description: text(method, "description"),
        tags: above.last().copied().into_iter().collect(),
        deprecated: flag(method, "deprecated"),
        parameters: parameters.collect(),
        body: method.get("request").map(|schema| Body {
            at: format!("{at}/request"),
            required: true,
            media: Media::Json(None),
            schema: Some(schema),
        }),
        security: Some(security),
        has_own_server: false,
        has_media: flag(method, "supportsMediaUpload") || flag(method, "supportsMediaDownload"),
    })
}
