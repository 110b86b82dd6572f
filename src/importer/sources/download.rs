//! Downloads by the product's own rules of who may be called, within limits of size and time.

use std::fs::File;
use std::io::{Seek, SeekFrom};
use std::time::Duration;

use futures_util::StreamExt;
use http::header::ACCEPT;
use http::{HeaderValue, Method};
use sha2::Digest;
use tokio::io::AsyncWriteExt;
use url::Url;

use super::{Header, LARGEST_DOCUMENT};
use crate::error::{Error, Result};
use crate::outbound::{Outbound, OutboundReply, OutboundRequest, StreamAnswer};

/// Bytes of a package, as it is sent.
const LARGEST_PACKAGE: u64 = 256 * 1024 * 1024;
const LIMIT: Duration = Duration::from_mins(10);

/// What a GET finds.
pub(super) enum Found {
    Document(Vec<u8>),
    /// No document; the error says so. An MCP server answers like that, or with events without end.
    Nothing(Error),
}

/// The document at `url`.
pub(super) async fn document(
    outbound: &Outbound,
    url: &Url,
    header: Option<&Header>,
) -> Result<Found> {
    let mut request = OutboundRequest::new(Method::GET, url.clone());
    request.max_bytes = LARGEST_DOCUMENT;
    request.timeout = LIMIT;
    request.stream_answer = StreamAnswer::IfEvents;
    if let Some(header) = header {
        header.put_into(&mut request);
    }
    let reply = outbound.send(request).await?;
    match expect_success(&reply, url) {
        Ok(()) if reply.streamed.is_none() => Ok(Found::Document(reply.body.to_vec())),
        Ok(()) => Ok(Found::Nothing(Error::invalid(
            "events without end are no description",
        ))),
        Err(error) if (400..500).contains(&reply.status) => Ok(Found::Nothing(error)),
        Err(error) => Err(error),
    }
}

/// What stands at `url`, up to `max_bytes`.
pub(super) async fn whole(
    outbound: &Outbound,
    url: Url,
    accept: &'static str,
    max_bytes: usize,
) -> Result<Vec<u8>> {
    let mut request = OutboundRequest::new(Method::GET, url.clone());
    request.max_bytes = max_bytes;
    request.timeout = LIMIT;
    let accept = HeaderValue::from_static(accept);
    request.headers.insert(ACCEPT, accept);
    let reply = outbound.send(request).await?;
    expect_success(&reply, &url)?;
    Ok(reply.body.to_vec())
}

/// What stands at `url` as a file without a name, if its digest is the expected one.
pub(super) async fn checked<D: Digest>(
    outbound: &Outbound,
    url: Url,
    expected: &[u8],
    what: &str,
) -> Result<File> {
    let mut request = OutboundRequest::new(Method::GET, url.clone());
    request.timeout = LIMIT;
    request.stream_answer = StreamAnswer::IfSuccessful;
    let reply = outbound.send(request).await?;
    expect_success(&reply, &url)?;
    let content = reply
        .streamed
        .ok_or_else(|| Error::internal("an answer was not streamed"))?;
    let mut content = content.take()?;
    let mut file = tokio::fs::File::from_std(tempfile::tempfile()?);
    let mut digest = D::new();
    let mut size = 0;
    while let Some(piece) = content.next().await {
        let piece = piece?;
        size += piece.len() as u64;
        if size > LARGEST_PACKAGE {
            return Err(Error::invalid(format!(
                "{what} has more than {LARGEST_PACKAGE} bytes"
            )));
        }
        digest.update(&piece);
        file.write_all(&piece).await?;
    }
    file.flush().await?;
    if digest.finalize().as_slice() != expected {
        return Err(Error::invalid_with_fix(
            format!("{what} is not what its registry promises: the digest differs"),
            "The download broke, or somebody changed the package; try again or take another mirror.",
        ));
    }
    let mut file = file.into_std().await;
    file.seek(SeekFrom::Start(0))?;
    Ok(file)
}

/// The URL's query may hold a credential and is not told.
fn expect_success(reply: &OutboundReply, url: &Url) -> Result<()> {
    let place = format!("{}{}", url.origin().ascii_serialization(), url.path());
    match reply.status {
        200..=299 => Ok(()),
        404 | 410 => Err(Error::invalid(format!("there is nothing at {place}"))),
        status => Err(Error::Upstream {
            message: format!("{place} answers with status {status}"),
            timed_out: false,
        }),
    }
}
