//! Rules for tools that take or give files.

use super::{Report, is_plain_name};
use crate::catalog::manifest::{
    ArgIn, ArgManifest, As, Encoding, FileRule, FileText, RequestManifest, ResponseRule,
    ToolManifest, ToolkitManifest,
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
        if !arg.file {
            check_no_file(arg, report);
            continue;
        }
        let mut taking = tool
            .requests()
            .filter(|request| tool.place_of(arg, request) == ArgIn::Body);
        check_argument(arg, taking.next(), report);
        check_in_mail(tool, arg, report);
    }
    for request in tool.requests() {
        check_encoding(tool, request, report);
    }
    if let Some(file) = tool.response.file.as_ref() {
        check_answer(tool, &tool.response, file, report);
    }
}

fn check_argument(arg: &ArgManifest, taking: Option<&RequestManifest>, report: &mut Report<'_>) {
    let at = format!("args.{}", arg.arg);
    report.require(matches!(arg.kind.as_str(), "object" | "array"), || {
        format!("{at}: a file is of type object, several are of type array")
    });
    let places = [None, Some(ArgIn::Body), Some(ArgIn::None)];
    report.require(places.contains(&arg.place), || {
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
    let encoding = taking.map(|request| request.encoding);
    let is_json = encoding == Some(Encoding::Json);
    let is_text = arg.file_text().is_some_and(|text| text != FileText::Mime);
    report.require(
        is_json == is_text && (is_text || matches!(arg.sent_as, None | Some(As::Mime))),
        || {
            if is_json {
                format!("{at}: a file in a JSON body needs `as: base64` or `as: base64url`")
            } else {
                format!("{at}: `as` is for a file in a JSON body")
            }
        },
    );
    let named = [&arg.sends_name, &arg.sends_type];
    for key in named.into_iter().flatten() {
        let has_room = encoding.is_some_and(|encoding| encoding != Encoding::Raw);
        report.require(has_room && arg.kind == "object", || {
            format!("{at}: `{key}` has no place beside a raw body or for several files")
        });
    }
}

/// What stands for such a file is of use in a mail alone, and is not the file anywhere else.
fn check_in_mail(tool: &ToolManifest, arg: &ArgManifest, report: &mut Report<'_>) {
    if arg.sent_as != Some(As::Mime) {
        return;
    }
    let mut requests = tool.requests();
    let has_room = requests.any(|request| request.encoding == Encoding::Related);
    report.require(arg.place == Some(ArgIn::None) && has_room, || {
        format!(
            "args.{}: `as: mime` is for `in: none` and a request with `encoding: related`",
            arg.arg
        )
    });
}

fn check_no_file(arg: &ArgManifest, report: &mut Report<'_>) {
    for (is_there, key) in [
        (arg.max_bytes.is_some(), "max_bytes"),
        (arg.sends_name.is_some(), "sends_name"),
        (arg.sends_type.is_some(), "sends_type"),
    ] {
        report.require(!is_there, || {
            format!("args.{}: `{key}` is for a `file: true`", arg.arg)
        });
    }
}

fn check_encoding(tool: &ToolManifest, request: &RequestManifest, report: &mut Report<'_>) {
    let has_body = !matches!(request.method(), "GET" | "DELETE");
    let is_deleting_form = request.encoding == Encoding::Form && request.method() == "DELETE";
    let takes_it = request.encoding == Encoding::Json || has_body || is_deleting_form;
    report.require(takes_it, || {
        format!("request.encoding: {} has no such body", request.method())
    });
    let is_multipart = request.encoding == Encoding::Multipart;
    report.require(is_multipart || request.part_json.is_none(), || {
        "request.part_json: is for `encoding: multipart`".into()
    });
    let is_related = request.encoding == Encoding::Related;
    report.require(is_related == request.media.is_some(), || {
        "request.media: is for `encoding: related`, which needs it".into()
    });
    if let Some(media) = &request.media {
        let is_path = media.from.split('.').all(|part| !part.is_empty());
        report.require(request.body.is_some() && is_path, || {
            "request.media.from: is a dotted path in what `body` makes".into()
        });
        report.require(media.media_type.contains('/'), || {
            "request.media.type: is no media type".into()
        });
    }
    if !matches!(request.encoding, Encoding::Raw | Encoding::Resumable) {
        return;
    }
    let in_body = || {
        let args = tool.args.iter();
        args.filter(|arg| tool.place_of(arg, request) == ArgIn::Body)
    };
    let files: Vec<&ArgManifest> = in_body().filter(|arg| arg.file).collect();
    // A step may be left out where there is no file, and a raw body is empty then.
    let may_lack = tool.request.is_none() || request.encoding == Encoding::Raw;
    let is_one =
        matches!(files.as_slice(), [file] if (file.required || may_lack) && file.kind == "object");
    let is_made = request.encoding == Encoding::Raw && request.body.is_some() && files.is_empty();
    let is_text = matches!(in_body().collect::<Vec<_>>().as_slice(), [only] if only.whole);
    report.require(is_one || is_made || is_text, || {
        "request.encoding: takes one file, which must be required and of type object".into()
    });
    let mut others = in_body().filter(|arg| !arg.file);
    if request.encoding == Encoding::Raw
        && !is_made
        && !is_text
        && let Some(other) = others.next()
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
    report.require(from.is_some() || rule.data.is_none(), || {
        "response.data: an answer that is a file has no other data".into()
    });
    report.require(from.is_some() || rule.ok_statuses.is_none(), || {
        "response.ok_statuses: an answer with such a status is no file".into()
    });
    report.require(
        media_type.as_ref().is_none_or(|kind| kind.contains('/')),
        || "response.file.type: is no media type".into(),
    );
    let Some(name) = name else { return };
    let is_known = |slot: template::Slot<'_>| {
        let mut steps = tool.steps.iter();
        let step = slot.name.strip_prefix("steps.");
        let step = step.map(|path| path.split('.').next().unwrap_or_default());
        tool.arg(slot.name).is_some() || step.is_some_and(|id| steps.any(|step| step.id == id))
    };
    report.require(
        template::is_well_formed(name) && template::slots(name).all(is_known),
        || "response.file.name: may name arguments and answers of steps alone".into(),
    );
}
