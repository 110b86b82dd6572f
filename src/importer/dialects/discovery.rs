//! Google's Discovery documents.

use std::collections::BTreeMap;

use serde_json::Value;

use super::paths::{MOST_OPERATIONS, MOST_PARAMETERS};
use super::{entries, flag, text, texts};
use crate::catalog::manifest::ArgIn;
use crate::importer::document::{Dialect, Document, pointer};
use crate::importer::operation::{
    Api, Body, Content, Flow, Media, Operation, Parameter, Place, SecurityScheme, Server, Style,
};
use crate::importer::report::Report;

/// Resources hold resources; real ones stop at six.
const DEEPEST: usize = 20;
const SCHEME: &str = "oauth2";
/// Which parts of an answer are wanted.
const FIELDS: &str = "fields";

pub(super) fn read<'d>(document: Document<'d>, _: &mut Report) -> Api<'d> {
    let root = document.root;
    let mut operations = Vec::new();
    resource(root, root, "", &mut Vec::new(), &mut operations);
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

/// Whose method it is.
#[derive(Clone, Copy)]
struct Owner<'a, 'd> {
    root: &'d Value,
    above: &'a [&'d str],
}

fn resource<'d>(
    root: &'d Value,
    value: &'d Value,
    at: &str,
    above: &mut Vec<&'d str>,
    found: &mut Vec<Operation<'d>>,
) {
    let owner = Owner { root, above };
    let left = MOST_OPERATIONS.saturating_sub(found.len());
    for (name, method) in entries(value, "methods").take(left) {
        let at = pointer(&format!("{at}/methods"), name);
        found.extend(operations(method, &at, owner));
    }
    if above.len() >= DEEPEST || found.len() >= MOST_OPERATIONS {
        return;
    }
    for (name, inner) in entries(value, "resources") {
        above.push(name);
        let at = pointer(&format!("{at}/resources"), name);
        resource(root, inner, &at, above, found);
        above.pop();
    }
}

/// An operation, and those that move the content of its thing.
fn operations<'d>(method: &'d Value, at: &str, owner: Owner<'_, 'd>) -> Vec<Operation<'d>> {
    let mut found: Vec<_> = operation(method, at, owner, None).into_iter().collect();
    let upload = method.pointer("/mediaUpload/protocols");
    let path_of = |protocol: &str| upload.and_then(|all| text(all.get(protocol)?, "path"));
    let max_bytes = method
        .pointer("/mediaUpload/maxSize")
        .and_then(Value::as_str);
    let max_bytes = max_bytes.and_then(bytes);
    let content = match (path_of("simple"), path_of("resumable")) {
        (simple, Some(resumable)) => Some((
            simple.unwrap_or(resumable),
            Content::Resumable { max_bytes },
        )),
        (Some(simple), None) => Some((simple, Content::Simple { max_bytes })),
        (None, None) => None,
    };
    if let Some((path, content)) = content
        && let Some(mut upload) = operation(method, at, owner, Some(content))
    {
        upload.full_path = Some(path);
        path.clone_into(&mut upload.path);
        found.push(upload);
    }
    if flag(method, "supportsMediaDownload") {
        // Without a description of the thing its content is all there is.
        if method.get("response").is_none() {
            found.clear();
        }
        found.extend(operation(method, at, owner, Some(Content::Download)));
    }
    found
}

/// `35MB`, or plain bytes.
fn bytes(size: &str) -> Option<u64> {
    let digits = size.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit: u64 = match &size[digits.len()..] {
        "" => 1,
        "KB" => 1 << 10,
        "MB" => 1 << 20,
        "GB" => 1 << 30,
        "TB" => 1 << 40,
        _ => return None,
    };
    let bytes = digits.parse::<u64>().ok()?.checked_mul(unit)?;
    Some(bytes).filter(|bytes| *bytes > 0)
}

fn operation<'d>(
    method: &'d Value,
    at: &str,
    owner: Owner<'_, 'd>,
    content: Option<Content>,
) -> Option<Operation<'d>> {
    let own = entries(method, "parameters").take(MOST_PARAMETERS);
    let own = own.map(|(name, value)| parameter(name, value, &format!("{at}/parameters")));
    let mut parameters: Vec<_> = own.collect();
    // Of what every method takes this is for those who read the answer: several say next to
    // nothing without it.
    let is_told = method.get("response").is_some() && content.is_none();
    let fields = owner.root.pointer("/parameters/fields");
    if let Some(fields) = fields.filter(|_| is_told)
        && parameters.iter().all(|own| own.name != FIELDS)
    {
        parameters.push(parameter(FIELDS, fields, "/parameters"));
    }
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
        tags: owner.above.last().copied().into_iter().collect(),
        deprecated: flag(method, "deprecated"),
        parameters,
        body: method.get("request").map(|schema| Body {
            at: format!("{at}/request"),
            required: true,
            media: Media::Json(None),
            schema: Some(schema),
            encoding: None,
        }),
        security: Some(security),
        // Uploads have paths from the host's root on.
        server: match content {
            Some(Content::Resumable { .. } | Content::Simple { .. }) => text(owner.root, "rootUrl"),
            Some(Content::Download) | None => None,
        }
        .map(|url| Server {
            url: url.to_owned(),
            variables: BTreeMap::new(),
        }),
        answers_file: content == Some(Content::Download),
        accept: None,
        content,
        envelope: None,
    })
}

fn parameter<'d>(name: &'d str, value: &'d Value, at: &str) -> Parameter<'d> {
    Parameter {
        at: pointer(at, name),
        name,
        place: Place::In(if text(value, "location") == Some("path") {
            ArgIn::Path
        } else {
            ArgIn::Query
        }),
        required: flag(value, "required"),
        // What its choices mean stands in the schema.
        description: text(value, "description").filter(|_| value.get("enumDescriptions").is_none()),
        schema: value,
        style: if flag(value, "repeated") {
            Style::List
        } else {
            Style::Repeated
        },
    }
}
