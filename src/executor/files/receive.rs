//! Answers that are files: streamed into the project's files, and given to the caller as what SDKs
//! download from.

use base64::alphabet;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use base64::engine::{DecodePaddingMode, Engine as _};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use serde_json::{Map, Value, json};

use super::disposition;
use crate::app::App;
use crate::auth_schemes::Redactor;
use crate::catalog::manifest::{FileRule, RequestKind, ResponseRule};
use crate::catalog::{Tool, template};
use crate::error::{Error, Result};
use crate::executor::CallContext;
use crate::executor::attempts::Sent;
use crate::executor::response::{self, Answer, Shaped};
use crate::executor::scope::Scope;
use crate::files::{self, Arrival, Link};
use crate::outbound::{ByteStream, OutboundReply, StreamAnswer};
use crate::storage::files::File;

/// The key of a file about which the tool says nothing.
const UNDECLARED: &str = "file";
const UNKNOWN_TYPE: &str = "application/octet-stream";
/// Padding is read where it stands and missed where it does not.
const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

/// What a file is called where the answer does not tell.
#[derive(Debug, Default)]
pub(in crate::executor) struct Naming {
    name: Option<String>,
    media_type: Option<String>,
}

/// Which answers pass through, of a request that is the last of its tool.
pub(in crate::executor) fn streamed(rule: &ResponseRule) -> StreamAnswer {
    match &rule.file {
        Some(file) if file.from.is_none() => StreamAnswer::IfSuccessful,
        Some(_) | None => StreamAnswer::IfBinary,
    }
}

/// The result of a tool; a file stands in it as `{name, mimetype, s3url}`.
///
/// # Errors
/// What [`files::store`] returns: an answer that breaks off or is too large leaves no file.
pub(in crate::executor) async fn shape(
    app: &App,
    context: &CallContext,
    tool: &Tool,
    kind: RequestKind,
    scope: &Scope,
    sent: &Sent,
) -> Result<Shaped> {
    let rule = &tool.response;
    let is_good = response::is_good(rule, sent.reply.status);
    let declared = rule.file.as_ref().filter(|_| is_good);
    let is_whole = match declared {
        Some(file) => file.from.is_none(),
        None => is_good && sent.reply.streamed.is_some(),
    };
    if !is_whole {
        let answer = Answer::of(rule, kind, scope, sent);
        if let Some(mut shaped) = answer.outcome().await {
            if kind == RequestKind::Mcp && shaped.error.is_none() {
                take_out_parts(app, context, tool, &sent.redactor, &mut shaped.data).await?;
            }
            return take_out(app, context, tool, scope, &sent.redactor, shaped).await;
        }
    }
    let naming = declared.map(|file| naming(file, scope));
    let field = declared.map_or(UNDECLARED, |file| &file.field);
    let naming = naming.unwrap_or_default();
    let (file, link) = keep(app, context, names(tool), naming, sent).await?;
    let data = Map::from_iter([given(field, &file, &link)]);
    Ok(Shaped { data, error: None })
}

/// Makes a file of the Base64 in a tool's data, where the tool says that there is some.
///
/// # Errors
/// [`Error::Upstream`] when there is none; what [`files::store`] returns.
pub(in crate::executor) async fn take_out(
    app: &App,
    context: &CallContext,
    tool: &Tool,
    scope: &Scope,
    redactor: &Redactor,
    mut shaped: Shaped,
) -> Result<Shaped> {
    let declared = tool.response.file.as_ref();
    let Some((declared, from)) = declared
        .filter(|_| shaped.error.is_none())
        .and_then(|file| Some((file, file.from.as_deref()?)))
    else {
        return Ok(shaped);
    };
    let bytes = taken(&mut shaped.data, from)
        .and_then(|text| decoded(&text))
        .ok_or_else(|| Error::upstream(format!("the answer has no file in Base64 at `{from}`")))?;
    let none = HeaderMap::new();
    let naming = naming(declared, scope);
    let mut arrival = arrival(names(tool), naming, &none, "");
    redact(&mut arrival, redactor);
    let file = files::store(app, &context.project, arrival, of_bytes(bytes)).await?;
    let link = files::read_link(app, &file).await?;
    shaped.data.extend([given(&declared.field, &file, &link)]);
    Ok(shaped)
}

/// Makes files of the pictures, sounds and other bytes among the parts of an MCP tool's result.
async fn take_out_parts(
    app: &App,
    context: &CallContext,
    tool: &Tool,
    redactor: &Redactor,
    data: &mut Map<String, Value>,
) -> Result<()> {
    let parts = data.get_mut("content").and_then(Value::as_array_mut);
    for part in parts.into_iter().flatten().filter_map(Value::as_object_mut) {
        let kind = part.get("type").and_then(Value::as_str).unwrap_or_default();
        let (held, key) = match (kind.to_owned().as_str(), part.get_mut("resource")) {
            ("resource", Some(Value::Object(resource))) => (resource, "blob"),
            ("image" | "audio", _) => (&mut *part, "data"),
            _ => continue,
        };
        let bytes = held.get(key).and_then(Value::as_str).and_then(decoded);
        let Some(bytes) = bytes else { continue };
        held.remove(key);
        let text = |key: &str| held.get(key).and_then(Value::as_str).map(str::to_owned);
        let naming = Naming {
            name: text("uri").and_then(|uri| Some(uri.rsplit('/').next()?.to_owned())),
            media_type: text("mimeType"),
        };
        let mut arrival = arrival(names(tool), naming, &HeaderMap::new(), "");
        redact(&mut arrival, redactor);
        let file = files::store(app, &context.project, arrival, of_bytes(bytes)).await?;
        let link = files::read_link(app, &file).await?;
        part.extend([given(UNDECLARED, &file, &link)]);
    }
    Ok(())
}

fn names(tool: &Tool) -> (&str, &str) {
    (&tool.toolkit.manifest.slug, &tool.manifest.slug)
}

/// Keeps an answer's body as a file of the project's, under a name without secrets.
///
/// # Errors
/// What [`files::store`] returns.
pub(in crate::executor) async fn keep(
    app: &App,
    context: &CallContext,
    names: (&str, &str),
    naming: Naming,
    sent: &Sent,
) -> Result<(File, Link)> {
    let mut arrival = arrival(names, naming, &sent.reply.headers, &sent.url);
    redact(&mut arrival, &sent.redactor);
    let file = files::store(app, &context.project, arrival, content(&sent.reply)?).await?;
    let link = files::read_link(app, &file).await?;
    Ok((file, link))
}

/// A file of toolkit and tool with what is known of it: what the answer says, what `naming` says,
/// the end of the path that it came from.
pub(in crate::executor) fn arrival(
    (toolkit, tool): (&str, &str),
    naming: Naming,
    headers: &HeaderMap,
    path: &str,
) -> Arrival {
    let path_end = || path.rsplit('/').next().unwrap_or_default().to_owned();
    let told = headers
        .get(CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok());
    let told = told.filter(|kind| *kind != UNKNOWN_TYPE).map(str::to_owned);
    Arrival {
        toolkit: toolkit.to_owned(),
        tool: tool.to_owned(),
        name: disposition::filename(headers)
            .or(naming.name)
            .unwrap_or_else(path_end),
        mimetype: told.or(naming.media_type).unwrap_or_default(),
    }
}

/// The body of an answer, however it came.
///
/// # Errors
/// When it was taken before.
pub(in crate::executor) fn content(reply: &OutboundReply) -> Result<ByteStream> {
    match &reply.streamed {
        Some(streamed) => streamed.take(),
        None => Ok(of_bytes(reply.body.clone())),
    }
}

fn of_bytes(bytes: Bytes) -> ByteStream {
    stream::once(async move { Ok(bytes) }).boxed()
}

/// A hostile service may put what it was sent into what it answers.
fn redact(arrival: &mut Arrival, redactor: &Redactor) {
    redactor.text(&mut arrival.name);
    redactor.text(&mut arrival.mimetype);
}

fn naming(rule: &FileRule, scope: &Scope) -> Naming {
    let name = rule.name.as_deref().and_then(|name| {
        let value = |slot: template::Slot<'_>| match scope.find(slot.name)? {
            Value::String(text) => Some(text.clone()),
            value => Some(value.to_string()),
        };
        template::fill(name, value).ok()
    });
    Naming {
        name,
        media_type: rule.media_type.clone(),
    }
}

fn given(field: &str, file: &File, link: &Link) -> (String, Value) {
    let value = json!({ "name": file.name, "mimetype": file.mimetype, "s3url": link.url });
    (field.to_owned(), value)
}

/// Takes the text at a dotted path out of the data.
fn taken(data: &mut Map<String, Value>, path: &str) -> Option<String> {
    match path.split_once('.') {
        Some((outer, inner)) => taken(data.get_mut(outer)?.as_object_mut()?, inner),
        None => match data.remove(path)? {
            Value::String(text) => Some(text),
            _ => None,
        },
    }
}

/// Base64 of either alphabet, as it is or with line breaks as in mails.
fn decoded(text: &str) -> Option<Bytes> {
    let text: Vec<u8> = text
        .bytes()
        .filter(|byte| !byte.is_ascii_whitespace())
        .collect();
    let is_url_safe = text.iter().any(|byte| matches!(byte, b'-' | b'_'));
    let engine = if is_url_safe { URL_SAFE } else { STANDARD };
    engine.decode(text).ok().map(Bytes::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_read_in_every_form_that_services_use() {
        for text in ["Pz8/Pw==", "Pz8_Pw", "Pz8_Pw==", "Pz8/\r\nPw==\n"] {
            assert_eq!(decoded(text).as_deref(), Some(b"????".as_slice()), "{text}");
        }
        assert_eq!(decoded("").as_deref(), Some(b"".as_slice()));
        assert_eq!(decoded("no base64!"), None);
    }

    #[test]
    fn what_is_taken_out_of_the_data_is_gone_from_it() {
        let mut data = json!({ "a": { "b": "text", "c": 1 } });
        let data = data.as_object_mut().unwrap();
        assert_eq!(taken(data, "a.b").as_deref(), Some("text"));
        assert_eq!(taken(data, "a.b"), None);
        assert_eq!(taken(data, "a.c.d"), None);
        assert_eq!(Value::Object(data.clone()), json!({ "a": { "c": 1 } }));
    }
}
