//! A body as arguments: the members of JSON and of forms, and files.

use std::collections::BTreeMap;

use serde_json::Value;

use super::arguments::{FileArgument, Manner, Refusal, Request};
use super::dialects::is_file;
use super::document::{Dialect, pointer};
use super::operation::{Body, Content, Media, Operation, Style};
use super::report::{Loss, Skip};
use super::schema::{Kind, Resolver, Shape, Wanted};
use crate::catalog::manifest::ArgIn;

/// The argument that is a whole body.
const FILE: &str = "file";

/// Adds what `operation` sends in its body to `request`.
pub(super) fn add<'d>(
    operation: &Operation<'d>,
    manner: &Manner<'_>,
    resolver: &mut Resolver<'_, 'd>,
    request: &mut Request<'d>,
) -> Result<(), Refusal> {
    match (operation.content, &operation.body) {
        (Some(Content::Simple { max_bytes }), body) => {
            if let Some(body) = body {
                resolver.report.lose(Loss::BodyLeftOut, &body.at, "");
            }
            let upload = [("uploadType".to_owned(), "media".to_owned())];
            request.query.extend(upload);
            request.encoding = Some("raw");
            add_file(operation, max_bytes, manner, request);
            Ok(())
        }
        (Some(Content::Resumable { max_bytes }), body) => {
            if let Some(body) = body {
                add_body(body, operation, manner, resolver, request)?;
            }
            let upload = [("uploadType".to_owned(), "resumable".to_owned())];
            request.query.extend(upload);
            request.encoding = Some("resumable");
            add_file(operation, max_bytes, manner, request);
            Ok(())
        }
        (Some(Content::Download), _) => {
            request.query.insert("alt".into(), "media".into());
            Ok(())
        }
        (None, Some(body)) => add_body(body, operation, manner, resolver, request),
        (None, None) => Ok(()),
    }
}

fn add_body<'d>(
    body: &Body<'d>,
    operation: &Operation<'d>,
    manner: &Manner<'_>,
    resolver: &mut Resolver<'_, 'd>,
    request: &mut Request<'d>,
) -> Result<(), Refusal> {
    if operation.method == "GET" {
        return left_out(body, Skip::BodyOfGet, resolver);
    }
    // What deletes has a body of JSON or a plain form, or none.
    if operation.method == "DELETE" && matches!(body.media, Media::Multipart | Media::Raw(_)) {
        return left_out(body, Skip::BodyOfDelete, resolver);
    }
    match body.media {
        Media::Json(None) => {}
        Media::Json(Some(name)) => {
            let header = ("Content-Type".to_owned(), name.to_owned());
            request.headers.extend([header]);
        }
        Media::Form => request.encoding = Some("form"),
        Media::Multipart => request.encoding = Some("multipart"),
        Media::Raw(name) => {
            // A file has a type of its own, which says more than that.
            if !name.contains('*') && name != "application/octet-stream" {
                let header = ("Content-Type".to_owned(), name.to_owned());
                request.headers.extend([header]);
            }
            raw(name, body, operation, manner, resolver, request);
            return Ok(());
        }
    }
    members(body, manner, resolver, request)
}

/// A body that is one text, or one file.
fn raw<'d>(
    media: &str,
    body: &Body<'d>,
    operation: &Operation<'d>,
    manner: &Manner<'_>,
    resolver: &mut Resolver<'_, 'd>,
    request: &mut Request<'d>,
) {
    let is_text = !is_file(media) && !media.starts_with("multipart/");
    if is_text {
        let source: Vec<_> = body.schema.into_iter().collect();
        let mut shape = resolver.shape(&source, &[], &body.at);
        let mut about = shape.words.remove("description");
        if shape.kind != Some(Kind::String) {
            shape = Shape::default();
            about = about.or_else(|| Some(format!("The text to send: {media}.").into()));
        }
        shape.kind = Some(Kind::String);
        shape.is_file = false;
        shape
            .words
            .extend(about.map(|about| ("description".to_owned(), about)));
        let wanted = Wanted {
            name: String::new(),
            at: body.at.clone(),
            shape,
            description: None,
            required: body.required,
        };
        request.add("body", wanted, ArgIn::Body, manner).is_whole = true;
    } else {
        add_file(operation, None, manner, request);
        // Where there is nothing else to say, it is the point of the call, whatever is said of it.
        let file = request.arguments.last_mut();
        if let Some(file) = file.filter(|_| !operation.parameters.is_empty()) {
            file.wanted.required = body.required;
        }
    }
    request.encoding = Some("raw");
}

/// How the lists of a form stand in it.
#[derive(Default)]
struct Lists {
    repeats: bool,
    nests: bool,
}

impl Lists {
    /// Takes a member in; what stands between its items, where they are one text.
    fn take(&mut self, kind: Option<Kind>, style: Style) -> Option<&'static str> {
        let is_list = kind == Some(Kind::Array);
        match style {
            Style::Separated(join) if is_list => return Some(join),
            Style::Repeated if is_list => self.repeats = true,
            Style::Separated(_)
            | Style::Repeated
            | Style::Commas
            | Style::Deep
            | Style::Json
            | Style::List => self.nests |= is_list || kind == Some(Kind::Object),
        }
        None
    }

    /// There is one style for all members.
    fn style(&self) -> Option<&'static str> {
        (self.repeats && !self.nests).then_some("plain")
    }
}

/// How a list stands in a form, by what OpenAPI says of that member: in brackets, with something
/// between, or its name once for each item.
fn style_in_form(body: &Body<'_>, name: &str) -> Style {
    let own = body.encoding.and_then(|all| all.get(name));
    let said = own.and_then(|own| own.get("style")).and_then(Value::as_str);
    let explodes = own
        .and_then(|own| own.get("explode"))
        .and_then(Value::as_bool);
    match said {
        Some("deepObject") => Style::Deep,
        Some("spaceDelimited") if explodes != Some(true) => Style::Separated("ssv"),
        Some("pipeDelimited") if explodes != Some(true) => Style::Separated("pipes"),
        _ if explodes == Some(false) => Style::Separated("csv"),
        _ => Style::Repeated,
    }
}

/// Each member is an argument; Swagger's forms are among the parameters already.
fn members<'d>(
    body: &Body<'d>,
    manner: &Manner<'_>,
    resolver: &mut Resolver<'_, 'd>,
    request: &mut Request<'d>,
) -> Result<(), Refusal> {
    let is_form = matches!(body.media, Media::Form | Media::Multipart);
    let source: Vec<_> = match body.schema {
        None if is_form => return Ok(()),
        schema => schema.into_iter().collect(),
    };
    let shape = resolver.shape(&source, &[], &body.at);
    let is_empty = shape.kind == Some(Kind::Object) && shape.properties.is_empty();
    // Discovery says of every member what it is, or that there are none.
    if is_empty && resolver.document.dialect == Dialect::Discovery && shape.others.is_empty() {
        return Ok(());
    }
    if is_empty || shape.kind != Some(Kind::Object) {
        if is_form {
            return left_out(body, Skip::UndescribedForm, resolver);
        }
        let wanted = Wanted {
            name: String::new(),
            at: body.at.clone(),
            shape,
            description: None,
            required: body.required,
        };
        request.add("body", wanted, ArgIn::Body, manner).is_whole = true;
        return Ok(());
    }
    if shape.is_open || !shape.others.is_empty() {
        resolver.report.lose(Loss::OtherMembers, &body.at, "");
    }
    let mut names = BTreeMap::new();
    let mut lists = Lists::default();
    for (name, source) in &shape.properties {
        let at = pointer(&pointer(&body.at, "properties"), name);
        let mut inner = resolver.shape(source, &shape.references, &at);
        inner.references.extend(&shape.references);
        if inner.is_read_only() {
            continue;
        }
        let required = shape.required.contains(name);
        if name.is_empty() {
            if required {
                return Err((Skip::RequiredArgument, "without a name".to_owned()));
            }
            resolver
                .report
                .lose(Loss::ArgumentLeftOut, &at, "without a name");
            continue;
        }
        let file = file_of(&inner, &at, resolver).filter(|_| is_form);
        let wanted = Wanted {
            name: String::new(),
            at,
            shape: inner,
            description: None,
            required,
        };
        // A plain dot makes objects in objects.
        let wire = name.replace('.', "\\.");
        let kind = wanted.shape.kind;
        let argument = request.add(&wire, wanted, ArgIn::Body, manner);
        argument.file = file;
        if is_form {
            argument.join = lists.take(kind, style_in_form(body, name));
        }
        names.insert(*name, argument.wanted.name.clone());
    }
    request.style = lists.style();
    request.require_any = demands(&shape, &names);
    if request.require_any.is_empty() && !shape.demands.is_empty() {
        resolver.report.lose(Loss::OneOfRequired, &body.at, "");
    }
    Ok(())
}

/// Groups of arguments of which one must be given, beside those that must be given anyway; none
/// where those will do, or where a group has a member that is no argument.
fn demands(shape: &Shape<'_>, names: &BTreeMap<&str, String>) -> Vec<Vec<String>> {
    let groups = shape.demands.iter().map(|group| {
        let missing = group.iter().filter(|name| !shape.required.contains(name));
        let group: Option<Vec<String>> = missing.map(|name| names.get(name).cloned()).collect();
        group.filter(|group| !group.is_empty())
    });
    groups.collect::<Option<_>>().unwrap_or_default()
}

/// What is known of a file, if the shape is one or a list of them.
pub(super) fn file_of<'d>(
    shape: &Shape<'d>,
    at: &str,
    resolver: &mut Resolver<'_, 'd>,
) -> Option<FileArgument> {
    let is_list = shape.kind == Some(Kind::Array) && !shape.items.is_empty() && {
        let items = shape.items.clone();
        resolver.shape(&items, &shape.references, at).is_file
    };
    (shape.is_file || is_list).then_some(FileArgument {
        is_list,
        max_bytes: None,
    })
}

fn add_file<'d>(
    operation: &Operation<'d>,
    max_bytes: Option<u64>,
    manner: &Manner<'_>,
    request: &mut Request<'d>,
) {
    let wanted = Wanted {
        name: String::new(),
        at: operation.at.clone(),
        shape: Shape {
            kind: Some(Kind::String),
            ..Shape::default()
        },
        description: None,
        required: true,
    };
    request.add(FILE, wanted, ArgIn::Body, manner).file = Some(FileArgument {
        is_list: false,
        max_bytes,
    });
}

fn left_out(
    body: &Body<'_>,
    refusal: Skip,
    resolver: &mut Resolver<'_, '_>,
) -> Result<(), Refusal> {
    if body.required {
        return Err((refusal, String::new()));
    }
    resolver.report.lose(Loss::BodyLeftOut, &body.at, "");
    Ok(())
}
