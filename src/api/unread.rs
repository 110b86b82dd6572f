//! What becomes of a body that a door did not read to its end: a small one is read off, so that the
//! connection can go on; with any other the connection ends, and the client is told (RFC 9112, section
//! 9.3). One that is not told sends its next request on it, which is then cut off.

use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::{Body, BodyDataStream, Bytes, HttpBody};
use axum::extract::Request;
use axum::http::{HeaderValue, Version, header};
use axum::middleware::Next;
use axum::response::Response;
use futures_util::{StreamExt, stream};

/// Bytes that cost less to read off than a new connection does.
const SMALL: u64 = 64 * 1024;
/// How long the rest of a small body may take: the client has its answer late meanwhile.
const SOON: Duration = Duration::from_secs(1);

/// The layer, around everything that may answer.
pub(super) async fn settle(request: Request, next: Next) -> Response {
    // Later versions have streams, which end alone.
    let has_streams = request.version() > Version::HTTP_11;
    if has_streams || request.body().is_end_stream() {
        return next.run(request).await;
    }
    let most = request.body().size_hint().upper();
    let is_small = most.is_some_and(|most| most <= SMALL);
    let (parts, body) = request.into_parts();
    let content = Content::of(body);
    let shared = content.clone();
    let body = Body::from_stream(stream::poll_fn(move |context| shared.poll(context)));
    let mut response = next.run(Request::from_parts(parts, body)).await;
    if is_small && !content.is_over() {
        let mut rest = stream::poll_fn(|context| content.poll(context));
        let read_off = async { while let Some(Ok(_)) = rest.next().await {} };
        // Whether it came to its end is asked below.
        tokio::time::timeout(SOON, read_off).await.ok();
    }
    if !content.is_over() {
        let close = HeaderValue::from_static("close");
        response.headers_mut().insert(header::CONNECTION, close);
    }
    response
}

/// A body's content, which whoever answers may leave unread.
#[derive(Clone)]
struct Content(Arc<Mutex<(BodyDataStream, bool)>>);

impl Content {
    fn of(body: Body) -> Self {
        Self(Arc::new(Mutex::new((body.into_data_stream(), false))))
    }

    fn poll(&self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, axum::Error>>> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (data, is_over) = &mut *held;
        let next = ready!(data.poll_next_unpin(context));
        *is_over = next.is_none();
        Poll::Ready(next)
    }

    fn is_over(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).1
    }
}
