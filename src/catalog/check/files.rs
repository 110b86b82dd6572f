//! Rules for tools that take or give files.

use super::{Report, is_plain_name};
use crate::catalog::manifest::{
    ArgIn, ArgManifest, Encoding, FileRule, ResponseRule, ToolManifest, ToolkitManifest,
};
use crate::catalog::template;

/// What callers may be told of a file beside what makes it one.
const KEYWORDS: [&str; 4] = ["title", "examples", "minItems", "maxItems"];

/// A toolkit's rule is for all its tools, and no two files of different tools are alike.
pub(super) fn check_toolkit(toolkit: &ToolkitManifest, report: &mut Report<'_>) {
    report.require(toolkit.response.file.is_none(), || {
        "response.file: belongs to a tool".into()
    });
}

pub(super) fn check(tool: &ToolManifest, report: &mut Report<'_>) {
    for arg in &tool.args {
        if arg.file {
            check_argument(arg, tool.request.encoding, report);
        } else {
            check_no_file(arg, report);
        }
    }
    check_encoding(tool, report);
    let given = tool.response.as_ref();
    if let Some((rule, file)) = given.and_then(|rule| Some((rule, rule.file.as_ref()?))) {
        check_answer(tool, rule, file, report);
    }
}

fn check_argument(arg: &ArgManifest, encoding: Encoding, report: &mut Report<'_>) {
    let at = format!("args.{}", arg.arg);
    report.require(matches!(arg.kind.as_str(), "object" | "array"), || {
        format!("{at}: a file is of type object, several are of type array")
    });
    report.require(arg.place.is_none_or(|place| place == ArgIn::Body), || {
        format!("{at}: a file goes into the body")
    });
    let bare = arg.default.is_none()
        && arg.instead.is_empty()
        && arg.template.is_none()
        && arg.strip.is_none()
        && !arg.secret;
    report.require(bare, || {
        format!("{at}: a file has no default, instead, template, strip or secret")
    });
    let mut keywords = arg.schema.keys();
    report.require(keywords.all(|key| KEYWORDS.contains(&key.as_str())), || {
        format!(
            "{at}: the schema of a file may hold {} alone",
            KEYWORDS.join(", ")
        )
    });
    report.require(arg.max_bytes != Some(0), || {
        format!("{at}: max_bytes must be 1 at least")
    });
    let is_json = encoding == Encoding::Json;
    report.require(is_json == arg.file_text.is_some(), || {
        if is_json {
            format!("{at}: a file in a JSON body needs `as: base64` or `as: base64url`")
        } else {
            format!("{at}: `as` is for a file in a JSON body")
        }
    });
    let named = [&arg.sends_name, &arg.sends_type];
    for key in named.into_iter().flatten() {
        report.require(encoding != Encoding::Raw && arg.kind == "object", || {
            format!("{at}: `{key}` has no place beside a raw body or for several files")
        });
    }
}

fn check_no_file(arg: &ArgManifest, report: &mut Report<'_>) {
    for (is_there, key) in [
        (arg.file_text.is_some(), "as"),
        (arg.max_bytes.is_some(), "max_bytes"),
        (arg.sends_name.is_some(), "sends_name"),
        (arg.sends_type.is_some(), "sends_type"),
    ] {
        report.require(!is_there, || {
            format!("args.{}: `{key}` is for a `file: true`", arg.arg)
        });
    }
}

fn check_encoding(tool: &ToolManifest, report: &mut Report<'_>) {
    let request = &tool.request;
    let has_body = !matches!(request.method.as_str(), "GET" | "DELETE");
    report.require(request.encoding == Encoding::Json || has_body, || {
        format!("request.encoding: {} has no such body", request.method)
    });
    let is_multipart = request.encoding == Encoding::Multipart;
    report.require(is_multipart || request.part_json.is_none(), || {
        "request.part_json: is for `encoding: multipart`".into()
    });
    if !matches!(request.encoding, Encoding::Raw | Encoding::Resumable) {
        return;
    }
    let files: Vec<&ArgManifest> = tool.args.iter().filter(|arg| arg.file).collect();
    let is_one = matches!(files.as_slice(), [file] if file.required && file.kind == "object");
    report.require(is_one, || {
        "request.encoding: takes one file, which must be required and of type object".into()
    });
    let mut others = tool.args.iter().filter(|arg| !arg.file);
    if request.encoding == Encoding::Raw
        && let Some(other) = others.find(|arg| tool.place_of(arg) == ArgIn::Body)
    {
        report.add(format!(
            "args.{}: has no place beside a raw body",
            other.arg
        ));
    }
}

fn check_answer(
    tool: &ToolManifest,
    rule: &ResponseRule,
    file: &FileRule,
    report: &mut Report<'_>,
) {
    let FileRule {
        field,
        from,
        name,
        media_type,
    } = file;
    report.require(is_plain_name(field), || {
        "response.file.field: is no name".into()
    });
    let is_path = |path: &String| !path.is_empty() && path.split('.').all(|part| !part.is_empty());
    report.require(from.as_ref().is_none_or(is_path), || {
        "response.file.from: is no dotted path".into()
    });
    let shapes = rule.wrap.is_some() || rule.wrap_objects;
    report.require(from.is_some() || !shapes, || {
        "response.wrap: an answer that is a file is not wrapped".into()
    });
    report.require(from.is_some() || rule.ok_statuses.is_empty(), || {
        "response.ok_statuses: an answer with such a status is no file".into()
    });
    report.require(
        media_type.as_ref().is_none_or(|kind| kind.contains('/')),
        || "response.file.type: is no media type".into(),
    );
    let Some(name) = name else { return };
    let is_argument = |slot: template::Slot<'_>| tool.args.iter().any(|arg| arg.arg == slot.name);
    report.require(
        template::is_well_formed(name) && template::slots(name).all(is_argument),
        || "response.file.name: may name arguments alone".into(),
    );
}
