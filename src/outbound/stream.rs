//! Bodies and answers that pass through in pieces, so that a large one is never whole in memory.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::{Bytes, BytesMut};
use futures_util::stream::BoxStream;
use futures_util::{StreamExt, TryStreamExt, stream};
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use tokio::time::Instant;

use super::reply::next_chunk;
use super::{Failure, OutboundRequest};
use crate::error::{Error, Result};

/// Enough of an answer to see whether it is text.
const PEEKED: usize = 512;

/// Bytes on their way.
pub type ByteStream = BoxStream<'static, Result<Bytes>>;

/// A body that is opened anew for every attempt and redirect.
#[derive(Clone)]
pub struct StreamedBody {
    /// In bytes; none where it is not known before the end.
    pub length: Option<u64>,
    /// Opens it from its beginning.
    pub open: Arc<dyn Fn() -> ByteStream + Send + Sync>,
}

/// Shows the length and not the content.
impl std::fmt::Debug for StreamedBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "StreamedBody({:?})", self.length)
    }
}

impl StreamedBody {
    /// A body that is in memory.
    #[must_use]
    pub fn of_bytes(bytes: Bytes) -> Self {
        Self {
            length: Some(bytes.len() as u64),
            open: Arc::new(move || {
                let bytes = bytes.clone();
                stream::once(async move { Ok(bytes) }).boxed()
            }),
        }
    }

    /// One body after the other.
    #[must_use]
    pub fn join(parts: Vec<Self>) -> Self {
        Self {
            length: parts.iter().map(|part| part.length).sum(),
            open: Arc::new(move || {
                let parts: Vec<ByteStream> = parts.iter().map(|part| (part.open)()).collect();
                stream::iter(parts).flatten().boxed()
            }),
        }
    }

    pub(super) fn to_wire(&self) -> reqwest::Body {
        reqwest::Body::wrap_stream((self.open)().map_err(std::io::Error::other))
    }
}

/// Which answers come in pieces instead of whole.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum StreamAnswer {
    /// None.
    #[default]
    Never,
    /// Those that are neither text nor JSON.
    IfBinary,
    /// All successful ones.
    IfSuccessful,
    /// Successful ones that are server-sent events, which may never end.
    IfEvents,
}

/// An answer's body that was not read yet; whoever takes it first has it.
#[derive(Clone)]
pub struct StreamedAnswer(Arc<Mutex<Option<ByteStream>>>);

/// Shows nothing of the content.
impl std::fmt::Debug for StreamedAnswer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("StreamedAnswer")
    }
}

impl StreamedAnswer {
    /// Of a body that is in memory.
    #[must_use]
    pub fn of_bytes(bytes: Bytes) -> Self {
        let content = stream::once(async move { Ok(bytes) }).boxed();
        Self(Arc::new(Mutex::new(Some(content))))
    }

    /// The content.
    ///
    /// # Errors
    /// When it was taken before.
    pub fn take(&self) -> Result<ByteStream> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.take()
            .ok_or_else(|| Error::internal("an answer was read twice"))
    }
}

/// What the beginning of an answer shows.
pub(super) enum Peeked {
    /// It is to be read whole; this much of it came already.
    Whole(BytesMut, reqwest::Response),
    /// It is to pass through.
    Streamed(StreamedAnswer),
}

/// Looks at the beginning of an answer where `request` wants some answers in pieces.
pub(super) async fn peek(
    request: &OutboundRequest,
    mut response: reqwest::Response,
    headers: &HeaderMap,
    end: Instant,
) -> Result<Peeked, Failure> {
    let mut beginning = BytesMut::new();
    match request.stream_answer {
        StreamAnswer::Never => return Ok(Peeked::Whole(beginning, response)),
        StreamAnswer::IfSuccessful if response.status().is_success() => {}
        StreamAnswer::IfEvents if response.status().is_success() && is_events(headers) => {}
        StreamAnswer::IfBinary if !is_called_text(headers) => {
            while beginning.len() < PEEKED {
                let Some(chunk) = next_chunk(request, &mut response).await? else {
                    break;
                };
                beginning.extend_from_slice(&chunk);
            }
            if !is_binary(&beginning) {
                return Ok(Peeked::Whole(beginning, response));
            }
        }
        StreamAnswer::IfBinary | StreamAnswer::IfSuccessful | StreamAnswer::IfEvents => {
            return Ok(Peeked::Whole(beginning, response));
        }
    }
    let rest = rest(request.clone(), response, end);
    let beginning = stream::once(async move { Ok(beginning.freeze()) });
    let whole = beginning.chain(rest).boxed();
    let held = StreamedAnswer(Arc::new(Mutex::new(Some(whole))));
    Ok(Peeked::Streamed(held))
}

/// What is left of an answer, within the limit of the whole call.
fn rest(request: OutboundRequest, response: reqwest::Response, end: Instant) -> ByteStream {
    stream::try_unfold(
        (request, response),
        move |(request, mut response)| async move {
            let next = tokio::time::timeout_at(end, next_chunk(&request, &mut response)).await;
            match next {
                Ok(Ok(chunk)) => Ok(chunk.map(|chunk| (chunk, (request, response)))),
                Ok(Err(failure)) => Err(Error::from(failure)),
                Err(_) => Err(Error::Upstream {
                    message: format!("the answer of {} took too long", request.host()),
                    timed_out: true,
                }),
            }
        },
    )
    .boxed()
}

fn content_type(headers: &HeaderMap) -> String {
    let kind = headers
        .get(CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok());
    kind.unwrap_or_default().to_ascii_lowercase()
}

fn is_events(headers: &HeaderMap) -> bool {
    content_type(headers).starts_with("text/event-stream")
}

fn is_called_text(headers: &HeaderMap) -> bool {
    let kind = content_type(headers);
    kind.starts_with("text/")
        || ["json", "xml", "x-www-form-urlencoded"]
            .iter()
            .any(|word| kind.contains(word))
}

/// No UTF-8, or text with NUL in it; a character that is cut at the end is no fault.
fn is_binary(beginning: &[u8]) -> bool {
    let is_text = match std::str::from_utf8(beginning) {
        Ok(_) => true,
        Err(fault) => fault.error_len().is_none(),
    };
    !is_text || beginning.contains(&0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_told_from_other_bytes_by_its_beginning() {
        for (beginning, expected) in [
            (b"plain".as_slice(), false),
            ("caf\u{e9}".as_bytes(), false),
            (&"\u{e9}".as_bytes()[..1], false),
            (b"", false),
            (b"\x89PNG\r\n\x1a\n", true),
            (b"a\0b", true),
        ] {
            assert_eq!(is_binary(beginning), expected, "{beginning:?}");
        }
    }

    #[tokio::test]
    async fn joined_bodies_follow_one_another_each_time_they_are_opened() {
        let parts = ["one ", "two"].map(|part| StreamedBody::of_bytes(Bytes::from(part)));
        let body = StreamedBody::join(parts.to_vec());
        assert_eq!(body.length, Some(7));
        for _ in 0..2 {
            let pieces: Vec<Bytes> = (body.open)().try_collect().await.unwrap();
            assert_eq!(pieces.concat(), b"one two");
        }
    }
}
