//! Bodies of which a description has no schema, but shows one in a call with `curl`.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Value, json};

use super::text;
use crate::catalog::manifest::ArgIn;
use crate::importer::document::{Dialect, Document, pointer};
use crate::importer::operation::{Body, Media, Parameter, Place, Style};
use crate::importer::report::{Loss, Report};

/// Of a text, in bytes.
const MOST_READ: usize = 20_000;
/// What files are called where any name will do.
const FILES: &str = "files";

static OBJECT: LazyLock<Value> = LazyLock::new(|| {
    json!({
        "type": "object",
        "additionalProperties": true,
        "description": "The JSON to send. Its members are not described one by one: see the example.",
    })
});
static FILE: LazyLock<Value> = LazyLock::new(|| json!({ "type": "string", "format": "binary" }));
static LIST: LazyLock<Value> = LazyLock::new(|| json!({ "type": "array", "items": *FILE }));

/// `curl … -d '{`
static SENDS_JSON: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let curl =
        r#"\bcurl\s[^`]*?\s(?:-d|--data(?:-raw|-binary|-ascii)?|--json)[\s=\\]*\$?['"]?\s*\{"#;
    Regex::new(curl).ok()
});
/// `curl … -F name=@`
static SENDS_FILE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let curl = r#"\bcurl\s[^`]*?\s(?:-F|--form)[\s=]+['"]?([A-Za-z_][\w-]*)=@"#;
    Regex::new(curl).ok()
});
/// The same in words.
static UPLOADS: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?i)\bupload[^.]*\bmultipart/form-data\b[^.]*\bfile").ok());

/// The body that an operation without one shows in its description; files are among `parameters`.
pub(super) fn body<'d>(
    document: Document<'d>,
    operation: &'d Value,
    method: &str,
    at: &str,
    parameters: &mut Vec<Parameter<'d>>,
    report: &mut Report,
) -> Option<Body<'d>> {
    let is_plain = matches!(document.dialect, Dialect::OpenApi | Dialect::Swagger);
    if !is_plain || !["post", "put", "patch"].contains(&method) {
        return None;
    }
    let about = text(operation, "description")?;
    let about = &about[..about.floor_char_boundary(MOST_READ)];
    let at = pointer(at, "description");
    let told = |media, schema| Body {
        at: at.clone(),
        required: false,
        media,
        schema,
        encoding: None,
    };
    let shows = |regex: Option<&Regex>| regex.is_some_and(|regex| regex.is_match(about));
    if shows(SENDS_JSON.as_ref()) {
        report.lose(Loss::BodyGuessed, &at, "JSON");
        return Some(told(Media::Json(None), Some(&*OBJECT)));
    }
    let curl = SENDS_FILE.as_ref().and_then(|curl| curl.captures(about));
    let name = curl.and_then(|curl| curl.get(1)).map(|name| name.as_str());
    let name = name.or_else(|| shows(UPLOADS.as_ref()).then_some(FILES))?;
    report.lose(Loss::BodyGuessed, &at, name);
    let schema: &Value = if name.ends_with('s') { &LIST } else { &FILE };
    parameters.push(Parameter {
        at: at.clone(),
        name,
        place: Place::In(ArgIn::Body),
        required: true,
        description: None,
        schema,
        style: Style::Repeated,
    });
    Some(told(Media::Multipart, None))
}
