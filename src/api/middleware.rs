//! What happens to every request: one slash for many, an id, a line in the log, a time limit, and
//! an answer even to a panic.

use std::any::Any;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::uri::PathAndQuery;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::{Router, middleware};
use tower_http::catch_panic::CatchPanicLayer;
use tracing::Instrument;

use super::failure::{add_allowance, failure_of, log_page, render};
use super::files::is_content;
use super::unread;
use crate::error::Error;
use crate::ids::RequestId;
use crate::meta_tools::Edition;
use crate::rate_limit::Allowance;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const LONGEST_REQUEST_ID: usize = 128;
/// Longer than any tool's own limit of 300 seconds.
const LONGEST_REQUEST: Duration = Duration::from_secs(330);

/// Which prefix a request came by; a few answers differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ApiVersion {
    /// `/api/v3`
    V3,
    /// `/api/v3.1`
    V3_1,
}

impl From<ApiVersion> for Edition {
    fn from(version: ApiVersion) -> Self {
        match version {
            ApiVersion::V3 => Self::V3,
            ApiVersion::V3_1 => Self::V3_1,
        }
    }
}

/// Where an extractor leaves the organisation's allowance for the answer's headers.
#[derive(Debug, Clone, Default)]
pub struct AllowanceSlot(pub Arc<OnceLock<Allowance>>);

/// Puts what every request goes through around `routed`.
pub(super) fn with_manners(routed: Router, max_body_bytes: usize) -> Router {
    // A router that is only a fallback, so that its layers run before anything is routed.
    Router::new()
        .fallback_service(routed.layer(DefaultBodyLimit::max(max_body_bytes)))
        .layer(middleware::from_fn(limit_time))
        .layer(CatchPanicLayer::custom(answer_panic))
        .layer(middleware::from_fn_with_state(max_body_bytes, answer))
        .layer(middleware::from_fn(unread::settle))
        .layer(middleware::from_fn(collapse_slashes))
}

/// Gives the request an id and a span, turns every failure into the API's error object, logs it
/// once.
async fn answer(State(max_body_bytes): State<usize>, mut request: Request, next: Next) -> Response {
    let request_id = given_request_id(request.headers())
        .unwrap_or_else(|| RequestId::generate().as_str().to_owned());
    let allowance = AllowanceSlot::default();
    request
        .extensions_mut()
        .insert(RequestId::from(request_id.clone()));
    request.extensions_mut().insert(allowance.clone());
    let method = request.method().clone();
    let path = shown_path(request.uri().path()).to_owned();
    let span = tracing::info_span!(
        "request", request_id = %request_id, http.method = %method, http.path = %path
    );
    let started = Instant::now();
    let response = next.run(request).instrument(span.clone()).await;
    let entered = span.enter();
    let mut response = match failure_of(&response, method.as_str(), &path, max_body_bytes) {
        None => {
            log_page(&response);
            response
        }
        Some(error) => render(&error, &request_id, &response),
    };
    log_answer(&path, response.status(), started.elapsed());
    drop(entered);
    if let Ok(value) = HeaderValue::from_str(&request_id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    if let Some(allowance) = allowance.0.get() {
        add_allowance(response.headers_mut(), *allowance);
    }
    response
}

/// A line for every request; probes come every few seconds and would drown the others.
fn log_answer(path: &str, status: StatusCode, duration: Duration) {
    let (status, duration_ms) = (status.as_u16(), duration.as_millis());
    if matches!(path, "/health" | "/ready") {
        tracing::debug!(status, duration_ms, "answered");
    } else {
        tracing::info!(status, duration_ms, "answered");
    }
}

/// Paths of connect links hold a token, which belongs in no log: nor where the link was put
/// together under a wrong prefix.
fn shown_path(path: &str) -> &str {
    if path.starts_with("/link/") {
        "/link/…"
    } else if path.contains("/link/ln_") {
        "/…/link/…"
    } else {
        path
    }
}

/// The caller's own request id, if it can stand in a log line.
fn given_request_id(headers: &HeaderMap) -> Option<String> {
    let given = headers.get(REQUEST_ID)?.to_str().ok()?;
    let is_plain = given.len() <= LONGEST_REQUEST_ID
        && !given.is_empty()
        && given
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte));
    is_plain.then(|| given.to_owned())
}

/// Turns a panic into an answer; its text goes to the log.
#[expect(
    clippy::needless_pass_by_value,
    reason = "the layer hands the panic over"
)]
fn answer_panic(panic: Box<dyn Any + Send + 'static>) -> Response {
    let text = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("a panic without text");
    Error::internal(format!("panic: {text}")).into_response()
}

/// Ends a request that takes too long.
async fn limit_time(request: Request, next: Next) -> Response {
    // The content of a file takes as long as the line is slow; an upload that falls silent ends
    // by itself.
    if is_content(request.uri().path()) {
        return next.run(request).await;
    }
    match tokio::time::timeout(LONGEST_REQUEST, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Error::Timeout.into_response(),
    }
}

/// `//api//v3/x` is `/api/v3/x`: SDKs join URLs by hand.
async fn collapse_slashes(mut request: Request, next: Next) -> Response {
    let path = request.uri().path();
    if path.contains("//") {
        let mut collapsed = String::with_capacity(path.len());
        for character in path.chars() {
            if !(character == '/' && collapsed.ends_with('/')) {
                collapsed.push(character);
            }
        }
        if let Some(query) = request.uri().query() {
            collapsed.push('?');
            collapsed.push_str(query);
        }
        let mut parts = request.uri().clone().into_parts();
        if let Ok(path_and_query) = PathAndQuery::try_from(collapsed) {
            parts.path_and_query = Some(path_and_query);
            if let Ok(uri) = Uri::from_parts(parts) {
                *request.uri_mut() = uri;
            }
        }
    }
    next.run(request).await
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};
    use axum::routing::get;
    use serde_json::Value;
    use tower::ServiceExt;

    use super::*;

    async fn call(routed: Router) -> (StatusCode, HeaderMap, Value) {
        let request = Request::get("/").body(Body::empty()).unwrap();
        let response = with_manners(routed, 1024).oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.unwrap();
        let json = serde_json::from_slice(&bytes).unwrap();
        (parts.status, parts.headers, json)
    }

    #[tokio::test]
    async fn a_panic_answers_the_error_object_without_its_text() {
        async fn panicking() {
            panic!("the secret is 42")
        }
        let routed = Router::new().route("/", get(panicking));
        let (status, headers, json) = call(routed).await;
        assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(headers["x-should-retry"], "false");
        assert_eq!(json["error"]["code"], 10500);
        assert_eq!(json["error"]["message"], "internal error");
        assert!(!json.to_string().contains("42"), "{json}");
        assert_eq!(
            headers["x-request-id"],
            json["error"]["request_id"].as_str().unwrap()
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_that_takes_too_long_is_ended() {
        let routed = Router::new().route("/", get(std::future::pending::<()>));
        let (status, headers, json) = call(routed).await;
        assert_eq!(status, StatusCode::GATEWAY_TIMEOUT);
        assert_eq!(headers["x-should-retry"], "false");
        assert_eq!(json["error"]["slug"], "timeout");
    }

    #[tokio::test]
    async fn a_bare_failure_of_a_library_gets_the_error_object() {
        for (status, code) in [
            (StatusCode::IM_A_TEAPOT, 10400),
            (StatusCode::BAD_GATEWAY, 10500),
        ] {
            let routed = Router::new().route("/", get(move || std::future::ready(status)));
            let (_, _, json) = call(routed).await;
            assert_eq!(json["error"]["code"], code);
        }
    }

    #[test]
    fn the_token_of_a_connect_link_is_not_shown() {
        assert_eq!(shown_path("/link/ln_secret"), "/link/…");
        assert_eq!(shown_path("/api/v3/link/ln_secret/x"), "/…/link/…");
        assert_eq!(shown_path("/api/v3/tools"), "/api/v3/tools");
    }
}
