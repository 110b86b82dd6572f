//! The files that a call's arguments name, and how they go into its request.

use std::collections::BTreeMap;

use base64::engine::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures_util::TryStreamExt;
use http::header::CONTENT_TYPE;
use http::{HeaderName, HeaderValue};
use serde_json::{Map, Value, json};

use super::{inline, multipart, related};
use crate::app::App;
use crate::catalog::Tool;
use crate::catalog::manifest::{
    ArgIn, ArgManifest, Encoding, FileText, RequestManifest, ToolManifest,
};
use crate::error::{Error, Result};
use crate::executor::form;
use crate::executor::request;
use crate::executor::scope::Scope;
use crate::executor::wire;
use crate::files;
use crate::ids::{ProjectId, random_text};
use crate::outbound::{OutboundRequest, StreamedBody};

/// What services that take Base64 take at most, where the manifest does not say: with its third on
/// top it is about the 35 MB of a message of Gmail's.
const LARGEST_AS_TEXT: u64 = 25 * 1024 * 1024;
/// Expressions have a content whole in memory, several times.
const LARGEST_IN_EXPRESSIONS: u64 = 10 * 1024 * 1024;
const SLOT_LENGTH: usize = 32;
/// What opens an upload session announces of the file.
const UPLOAD_TYPE: HeaderName = HeaderName::from_static("x-upload-content-type");
const UPLOAD_LENGTH: HeaderName = HeaderName::from_static("x-upload-content-length");

/// A file that is to be sent.
#[derive(Debug)]
pub(super) struct Attachment {
    /// As the caller calls it, without folders.
    pub(super) name: String,
    pub(super) media_type: HeaderValue,
    pub(super) content: StreamedBody,
    /// Stands for the content in a text until it is sent; nobody can guess it, and it is Base64 of
    /// whatever.
    pub(super) slot: String,
    /// In which form it stands there.
    pub(super) text: Option<FileText>,
}

/// The files of a call, by argument.
#[derive(Debug, Default)]
pub(in crate::executor) struct Attachments(BTreeMap<String, Vec<Attachment>>);

/// Finds the files that `arguments`, which were validated, name.
///
/// # Errors
/// [`Error::NotFound`] for a key of another project, of a file that is over or never came,
/// [`Error::Invalid`] for one that is larger than the service takes.
pub(in crate::executor) async fn attach(
    app: &App,
    project: &ProjectId,
    tool: &Tool,
    arguments: &Map<String, Value>,
) -> Result<Attachments> {
    let mut found = BTreeMap::new();
    for arg in tool.manifest.args.iter().filter(|arg| arg.file) {
        let Some(value) = arguments.get(&arg.arg) else {
            continue;
        };
        let given = match value {
            Value::Array(items) => items.as_slice(),
            one => std::slice::from_ref(one),
        };
        let mut attachments = Vec::with_capacity(given.len());
        for one in given {
            attachments.push(attachment(app, project, arg, one).await?);
        }
        found.insert(arg.arg.clone(), attachments);
    }
    Ok(Attachments(found))
}

async fn attachment(
    app: &App,
    project: &ProjectId,
    arg: &ArgManifest,
    given: &Value,
) -> Result<Attachment> {
    let text = |key: &str| given.get(key).and_then(Value::as_str).unwrap_or_default();
    let file = files::find_by_key(app, project, text("s3key"))
        .await
        .map_err(|error| with_advice(error, &arg.arg))?;
    let content = files::body(app, &file).await?;
    let is_seen = arg.place == Some(ArgIn::None);
    let at_most = arg
        .max_bytes
        .or_else(|| is_seen.then_some(LARGEST_IN_EXPRESSIONS))
        .or_else(|| arg.file_text().map(|_| LARGEST_AS_TEXT));
    if let (Some(length), Some(at_most)) = (content.length, at_most)
        && length > at_most
    {
        return Err(Error::fields(vec![format!(
            "arguments.{}: has {length} bytes, and the service takes {at_most} at most",
            arg.arg
        )]));
    }
    let media_type = match text("mimetype").trim() {
        "" => file.mimetype.as_str(),
        given => given,
    };
    let media_type = HeaderValue::from_str(media_type)
        .ok()
        .filter(|_| media_type.contains('/'))
        .ok_or_else(|| {
            let problem = "must be a media type such as text/plain";
            Error::fields(vec![format!("arguments.{}.mimetype: {problem}", arg.arg)])
        })?;
    Ok(Attachment {
        name: match text("name").trim() {
            "" => file.name,
            name => files::plain_name(name),
        },
        media_type,
        content,
        slot: random_text(SLOT_LENGTH),
        text: arg.file_text(),
    })
}

fn with_advice(error: Error, arg: &str) -> Error {
    match error {
        Error::NotFound {
            what,
            id,
            fix: None,
        } => Error::NotFound {
            what,
            id,
            fix: Some(format!(
                "Upload it to this project by /files/upload/request and give the `key` of that \
                 answer as `{arg}.s3key`; a file is kept for a while only."
            )),
        },
        error => error,
    }
}

impl Attachments {
    /// The length of each file in bytes, with its argument.
    pub(in crate::executor) fn sizes(&self) -> impl Iterator<Item = (&str, Option<u64>)> {
        self.0.iter().flat_map(|(arg, files)| {
            let lengths = files.iter().map(|file| file.content.length);
            lengths.map(move |length| (arg.as_str(), length))
        })
    }

    /// Lets expressions see the files: what they are called and how large they are, and of those that
    /// are there for them the content in Base64, or what stands for it in a mail.
    ///
    /// # Errors
    /// When a content cannot be read.
    pub(in crate::executor) async fn show(&self, tool: &Tool, scope: &mut Scope) -> Result<()> {
        let mut seen = Map::new();
        let args = tool.manifest.args.iter();
        for arg in args.filter(|arg| arg.file) {
            let mut shown = Vec::new();
            for file in self.0.get(&arg.arg).into_iter().flatten() {
                let mut seen = json!({
                    "name": file.name,
                    "mimetype": String::from_utf8_lossy(file.media_type.as_bytes()),
                    "size": file.content.length,
                });
                if file.text == Some(FileText::Mime) {
                    seen["content"] = file.slot.as_str().into();
                } else if arg.place == Some(ArgIn::None) {
                    let pieces: Vec<Bytes> = (file.content.open)().try_collect().await?;
                    seen["content"] = STANDARD.encode(pieces.concat()).into();
                }
                shown.push(seen);
            }
            if arg.kind == "array" {
                seen.insert(arg.arg.clone(), Value::Array(shown));
            } else if let Some(file) = shown.pop() {
                seen.insert(arg.arg.clone(), file);
            }
        }
        scope.set_arguments(seen);
        Ok(())
    }

    /// Puts into a JSON body what an argument's files bring to it.
    pub(in crate::executor) fn bind(
        &self,
        given: &RequestManifest,
        arg: &ArgManifest,
        body: &mut Map<String, Value>,
    ) {
        let Some(files) = self.0.get(&arg.arg) else {
            return;
        };
        if given.encoding == Encoding::Json {
            let mut slots = files.iter().map(|file| Value::String(file.slot.clone()));
            let value = match arg.kind.as_str() {
                "array" => Some(Value::Array(slots.collect())),
                _ => slots.next(),
            };
            if let Some(value) = value {
                request::insert(body, wire::name(arg), value);
            }
        }
        if let Some(file) = files.first() {
            let media_type = String::from_utf8_lossy(file.media_type.as_bytes());
            for (key, value) in [
                (&arg.sends_name, file.name.as_str()),
                (&arg.sends_type, &media_type),
            ] {
                if let Some(key) = key {
                    request::insert(body, key, value.into());
                }
            }
        }
    }

    /// Makes files and `body` the body of `request`, as the tool wants them.
    ///
    /// # Errors
    /// Never in practice.
    pub(in crate::executor) fn set_body(
        &self,
        tool: &ToolManifest,
        given: &RequestManifest,
        body: Map<String, Value>,
        outbound: &mut OutboundRequest,
    ) -> Result<()> {
        match given.encoding {
            Encoding::Json => request::set_json(outbound, &Value::Object(body)),
            Encoding::Form => {
                form::set_body(&body, given.style, outbound);
                Ok(())
            }
            Encoding::Multipart => {
                let named = |arg: &ArgManifest| wire::name(arg).to_owned();
                let files = tool.args.iter().flat_map(|arg| {
                    let files = self.0.get(&arg.arg).into_iter().flatten();
                    files.map(move |file| (named(arg), file))
                });
                let part_json = given.part_json.as_deref();
                multipart::set_body(body, part_json, files, outbound)
            }
            Encoding::Related => {
                let media = given.media.as_ref().ok_or_else(|| {
                    Error::internal("a manifest's `encoding: related` has no `media`")
                })?;
                related::set_body(body, media, self.0.values().flatten(), outbound)
            }
            Encoding::Raw => {
                if let Some(file) = self.only() {
                    outbound.streamed_body = Some(file.content.clone());
                    if !names_type(&given.headers) {
                        let kind = file.media_type.clone();
                        outbound.headers.insert(CONTENT_TYPE, kind);
                    }
                }
                Ok(())
            }
            Encoding::Resumable => {
                if let Some(file) = self.only() {
                    let length = file.content.length.unwrap_or_default();
                    let headers = &mut outbound.headers;
                    headers.insert(UPLOAD_TYPE, file.media_type.clone());
                    headers.insert(UPLOAD_LENGTH, length.into());
                }
                request::set_json(outbound, &Value::Object(body))
            }
        }
    }

    /// Puts the contents in the place of their slots in a JSON body, which was completed meanwhile.
    pub(in crate::executor) fn fill(&self, given: &RequestManifest, request: &mut OutboundRequest) {
        if given.encoding == Encoding::Json && !self.0.is_empty() {
            let files = self.0.values().flatten();
            let filled = inline::fill(&request.body, files);
            request.streamed_body = Some(filled);
        }
    }

    /// The file of a tool that takes one.
    pub(super) fn only(&self) -> Option<&Attachment> {
        self.0.values().flatten().next()
    }
}

fn names_type(headers: &BTreeMap<String, String>) -> bool {
    let mut names = headers.keys();
    names.any(|name| name.eq_ignore_ascii_case(CONTENT_TYPE.as_str()))
}
