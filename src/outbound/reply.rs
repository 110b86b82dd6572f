//! Reads an answer whole, up to a limit.

use bytes::{Bytes, BytesMut};
use http::HeaderMap;

use super::{Failure, FailureKind, OutboundRequest};
use crate::error::Error;

/// An answer from the outside.
#[derive(Clone)]
pub struct OutboundReply {
    /// HTTP status.
    pub status: u16,
    /// Headers of the last hop.
    pub headers: HeaderMap,
    /// The whole body, decompressed.
    pub body: Bytes,
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
) -> Result<OutboundReply, Failure> {
    let status = response.status().as_u16();
    let headers = std::mem::take(response.headers_mut());
    let limit = request.max_bytes;
    if response
        .content_length()
        .is_some_and(|length| length > limit as u64)
        && has_body(request)
    {
        return Err(too_large(request));
    }
    let first = next_chunk(request, &mut response)
        .await?
        .unwrap_or_default();
    let Some(second) = next_chunk(request, &mut response).await? else {
        // Most answers are one chunk and need no copy.
        let body = if first.len() > limit {
            return Err(too_large(request));
        } else {
            first
        };
        return Ok(OutboundReply {
            status,
            headers,
            body,
        });
    };
    let mut body = BytesMut::from(first);
    let mut chunk = Some(second);
    while let Some(bytes) = chunk {
        if body.len() + bytes.len() > limit {
            return Err(too_large(request));
        }
        body.extend_from_slice(&bytes);
        chunk = next_chunk(request, &mut response).await?;
    }
    Ok(OutboundReply {
        status,
        headers,
        body: body.freeze(),
    })
}

fn has_body(request: &OutboundRequest) -> bool {
    request.method != http::Method::HEAD
}

async fn next_chunk(
    request: &OutboundRequest,
    response: &mut reqwest::Response,
) -> Result<Option<Bytes>, Failure> {
    response.chunk().await.map_err(|_| {
        let error = Error::Upstream {
            message: format!(
                "the answer of {} broke off or could not be unpacked",
                request.host()
            ),
            timed_out: false,
        };
        Failure::new(FailureKind::Broken, error)
    })
}

fn too_large(request: &OutboundRequest) -> Failure {
    let error = Error::Upstream {
        message: format!(
            "the answer of {} is larger than {} bytes",
            request.host(),
            request.max_bytes
        ),
        timed_out: false,
    };
    Failure::new(FailureKind::Unusable, error)
}
