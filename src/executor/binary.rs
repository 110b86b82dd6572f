//! Bytes that go through the proxy: what a caller sends from a file or a URL, and answers that are
//! no text, which become files.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method};
use url::Url;

use super::CallContext;
use super::attempts::Sent;
use super::files::{self as received, Naming};
use crate::app::App;
use crate::error::{Error, Result};
use crate::files;
use crate::outbound::{OutboundRequest, StreamAnswer, StreamedBody};
use crate::storage::files::File;
use crate::time::Timestamp;

/// Under which the files of proxied calls are listed.
const PROXY: &str = "PROXY_EXECUTE";
const UNKNOWN_TYPE: &str = "application/octet-stream";

/// Bytes to send as they are.
#[derive(Debug, Clone)]
pub struct BinaryBody {
    /// The bytes, or where they are.
    pub content: BinaryContent,
    /// The media type to send them as.
    pub content_type: Option<String>,
}

/// Bytes, or where they are.
#[derive(Debug, Clone)]
pub enum BinaryContent {
    /// They came with the call.
    Inline(Bytes),
    /// A link to a file of this server, or any public address.
    At(Url),
}

/// An answer that is no text.
#[derive(Debug, Clone)]
pub struct BinaryReply {
    /// Where it can be fetched.
    pub url: String,
    /// The media type, as the upstream calls it.
    pub content_type: String,
    /// Length in bytes.
    pub size: u64,
    /// Until when the link works.
    pub expires_at: Timestamp,
}

/// A body ready to be sent, as often as it must.
pub(super) struct ReadyBody {
    pub(super) content: StreamedBody,
    pub(super) content_type: Option<HeaderValue>,
}

impl ReadyBody {
    /// Makes it the body of `request`; the caller's own header stands where no type was given.
    pub(super) fn put_into(&self, request: &mut OutboundRequest) {
        request.streamed_body = Some(self.content.clone());
        if let Some(kind) = &self.content_type {
            request.headers.insert(CONTENT_TYPE, kind.clone());
        } else {
            let unknown = HeaderValue::from_static(UNKNOWN_TYPE);
            request.headers.entry(CONTENT_TYPE).or_insert(unknown);
        }
    }
}

/// Finds what is to be sent. A foreign URL is fetched into a file first, so that its length is known
/// and it can be sent again.
///
/// # Errors
/// [`Error::NotFound`] for a file of another project, [`Error::Forbidden`] for a link that is over,
/// [`Error::Invalid`] when a foreign URL may not be called or does not give the bytes.
pub(super) async fn prepare(
    app: &App,
    context: &CallContext,
    toolkit: &str,
    body: &BinaryBody,
) -> Result<ReadyBody> {
    let given = body.content_type.as_deref().map(HeaderValue::from_str);
    let content_type = given.transpose().map_err(|_| {
        Error::fields(vec![
            "binary_body.content_type: must not hold line breaks".into(),
        ])
    })?;
    let found = match &body.content {
        BinaryContent::Inline(bytes) => StreamedBody::of_bytes(bytes.clone()),
        BinaryContent::At(url) => {
            let file = match files::linked(app, &context.project, url).await? {
                Some(file) => file,
                None => fetch(app, context, toolkit, url).await?,
            };
            files::body(app, &file).await?
        }
    };
    Ok(ReadyBody {
        content: found,
        content_type,
    })
}

async fn fetch(app: &App, context: &CallContext, toolkit: &str, url: &Url) -> Result<File> {
    let mut request = OutboundRequest::new(Method::GET, url.clone());
    request.timeout = app.config.upstream_timeout();
    request.max_bytes = app.config.max_upstream_bytes;
    request.stream_answer = StreamAnswer::IfSuccessful;
    let reply = app.outbound.send(request).await?;
    if !(200..=299).contains(&reply.status) {
        return Err(Error::invalid(format!(
            "binary_body.url: its host answered {}",
            reply.status
        )));
    }
    let names = (toolkit, PROXY);
    let arrival = received::arrival(names, Naming::default(), &reply.headers, url.path());
    files::store(app, &context.project, arrival, received::content(&reply)?).await
}

/// Keeps an answer that is no text as a file, and gives a link to it.
///
/// # Errors
/// What [`files::store`] returns.
pub(super) async fn hand_over(
    app: &App,
    context: &CallContext,
    toolkit: &str,
    sent: &Sent,
) -> Result<BinaryReply> {
    let (file, link) =
        received::keep(app, context, (toolkit, PROXY), Naming::default(), sent).await?;
    Ok(BinaryReply {
        url: link.url,
        expires_at: link.expires_at,
        size: file.length(),
        content_type: file.mimetype,
    })
}
