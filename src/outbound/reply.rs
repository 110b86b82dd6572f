//! Reads an answer whole, up to a limit.

use bytes::{Bytes, BytesMut};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue};
use serde_json::Value;
use tokio::time::Instant;

use super::stream::{Peeked, StreamedAnswer, peek};
use super::{Failure, FailureKind, OutboundRequest};
use crate::error::Error;

/// An answer from the outside.
#[derive(Clone)]
pub struct OutboundReply {
    /// HTTP status.
    pub status: u16,
    /// Headers of the last hop.
    pub headers: HeaderMap,
    /// The whole body, decompressed; empty where it passes through.
    pub body: Bytes,
    /// A body that was not read yet.
    pub streamed: Option<StreamedAnswer>,
}

impl OutboundReply {
    /// An answer that is put together of others.
    #[must_use]
    pub fn json(status: u16, body: &Value) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        Self {
            status,
            headers,
            body: Bytes::from(body.to_string()),
            streamed: None,
        }
    }
}

/// Shows the size and not the content, which may hold a credential.
impl std::fmt::Debug for OutboundReply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "OutboundReply({}, {} bytes)",
            self.status,
            self.body.len()
        )
    }
}

/// The limit counts decompressed bytes as they come, so a small answer that unpacks into a huge
/// one is cut off at the limit.
pub(super) async fn read(
    request: &OutboundRequest,
    mut response: reqwest::Response,
    end: Instant,
) -> Result<OutboundReply, Failure> {
    let status = response.status().as_u16();
    let headers = std::mem::take(response.headers_mut());
    let announced = response.content_length();
    let (beginning, mut response) = match peek(request, response, &headers, end).await? {
        Peeked::Whole(beginning, response) => (beginning, response),
        Peeked::Streamed(streamed) => {
            return Ok(OutboundReply {
                status,
                headers,
                body: Bytes::new(),
                streamed: Some(streamed),
            });
        }
    };
    if announced.is_some_and(|length| length > request.max_bytes as u64) && has_body(request) {
        return Err(too_large(request));
    }
    let body = read_on(request, &mut response, beginning).await?;
    Ok(OutboundReply {
        status,
        headers,
        body,
        streamed: None,
    })
}

async fn read_on(
    request: &OutboundRequest,
    response: &mut reqwest::Response,
    beginning: BytesMut,
) -> Result<Bytes, Failure> {
    let limit = request.max_bytes;
    let first = if beginning.is_empty() {
        next_chunk(request, response).await?.unwrap_or_default()
    } else {
        beginning.freeze()
    };
    if first.len() > limit {
        return Err(too_large(request));
    }
    let Some(second) = next_chunk(request, response).await? else {
        // Most answers are one chunk and need no copy.
        return Ok(first);
    };
    let mut body = BytesMut::from(first);
    let mut chunk = Some(second);
    while let Some(bytes) = chunk {
        if body.len() + bytes.len() > limit {
            return Err(too_large(request));
        }
        body.extend_from_slice(&bytes);
        chunk = next_chunk(request, response).await?;
    }
    Ok(body.freeze())
}

fn has_body(request: &OutboundRequest) -> bool {
    request.method != http::Method::HEAD
}

pub(super) async fn next_chunk(
    request: &OutboundRequest,
    response: &mut reqwest::Response,
) -> Result<Option<Bytes>, Failure> {
    response.chunk().await.map_err(|_| {
        let error = Error::upstream(format!(
            "the answer of {} broke off or could not be unpacked",
            request.host()
        ));
        Failure::new(FailureKind::Broken, error)
    })
}

fn too_large(request: &OutboundRequest) -> Failure {
    let error = Error::upstream(format!(
        "the answer of {} is larger than {} bytes",
        request.host(),
        request.max_bytes
    ));
    Failure::new(FailureKind::Unusable, error)
}
