//! What happens to every request: an id, one shape for every failure, a line in the log.

use std::any::Any;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use axum::extract::{Request, State};
use axum::http::uri::PathAndQuery;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use tracing::Instrument;
use utoipa::ToSchema;

use crate::app::App;
use crate::error::{Error, Shown};
use crate::ids::RequestId;
use crate::rate_limit::Allowance;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const SHOULD_RETRY: HeaderName = HeaderName::from_static("x-should-retry");
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

/// What the failure of a request looks like.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Error)]
pub struct ErrorBody {
    /// The error.
    error: ErrorDetail,
}

/// The error object of the API.
#[derive(Debug, Serialize, ToSchema)]
pub struct ErrorDetail {
    /// What went wrong, for a person.
    #[schema(example = "connected account `ca_x` was not found")]
    message: String,
    /// The API's number for the error.
    #[schema(example = 10404)]
    code: u32,
    /// The HTTP status.
    #[schema(example = 404)]
    status: u16,
    /// A stable name for the error.
    #[schema(required = false)]
    slug: &'static str,
    /// The request's id, as in `x-request-id` and in the server's log.
    #[schema(required = false)]
    request_id: String,
    /// What the caller can do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    suggested_fix: Option<String>,
    /// One line a problem.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    errors: Vec<String>,
}

/// Where an extractor leaves the organisation's allowance for the answer's headers.
#[derive(Debug, Clone, Default)]
pub struct AllowanceSlot(pub Arc<OnceLock<Allowance>>);

impl IntoResponse for Error {
    /// Status and the error itself; [`answer`] writes the body.
    fn into_response(self) -> Response {
        let status =
            StatusCode::from_u16(self.shown().status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// The outermost layer: gives the request an id and a span, turns every failure into the API's
/// error object, logs it once.
pub async fn answer(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let request_id = given_request_id(request.headers())
        .unwrap_or_else(|| RequestId::generate().as_str().to_owned());
    let allowance = AllowanceSlot::default();
    request
        .extensions_mut()
        .insert(RequestId::from(request_id.clone()));
    request.extensions_mut().insert(allowance.clone());
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let span = tracing::info_span!(
        "request", request_id = %request_id, http.method = %method, http.path = %shown_path(&path)
    );
    let started = Instant::now();
    let response = next.run(request).instrument(span.clone()).await;
    let entered = span.enter();
    let mut response = match failure_of(&response, method.as_str(), &path, &app) {
        None => response,
        Some(error) => render(&error, &request_id),
    };
    tracing::info!(
        status = response.status().as_u16(),
        duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        "answered"
    );
    drop(entered);
    if let Ok(value) = HeaderValue::from_str(&request_id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    if let Some(allowance) = allowance.0.get() {
        add_allowance(response.headers_mut(), *allowance);
    }
    response
}

/// Paths of connect links end in a token, which belongs in no log.
fn shown_path(path: &str) -> &str {
    if path.starts_with("/link/") {
        "/link/…"
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

/// The error behind a failed answer: ours, or what axum's bare status stands for. Pages answer
/// for themselves.
fn failure_of(response: &Response, method: &str, path: &str, app: &App) -> Option<Error> {
    let status = response.status();
    if status.is_success() || status.is_redirection() || is_page(response) {
        return None;
    }
    if let Some(error) = response.extensions().get::<Error>() {
        return Some(error.clone());
    }
    Some(match status {
        StatusCode::NOT_FOUND => Error::UnknownRoute {
            path: path.to_owned(),
        },
        StatusCode::METHOD_NOT_ALLOWED => Error::WrongMethod {
            method: method.to_owned(),
        },
        StatusCode::PAYLOAD_TOO_LARGE => Error::TooLarge {
            limit: app.config.max_body_bytes,
        },
        status if status.is_client_error() => Error::invalid("the request could not be read"),
        status => Error::internal(format!("a bare answer with status {status}")),
    })
}

fn is_page(response: &Response) -> bool {
    response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"))
}

fn render(error: &Error, request_id: &str) -> Response {
    let Shown {
        status,
        code,
        slug,
        suggested_fix,
        errors,
        should_retry,
    } = error.shown();
    match error {
        Error::Internal(cause) => {
            tracing::error!(error.code = code, cause = format!("{cause:#}"), "failed")
        }
        error => tracing::debug!(error.code = code, %error, ?errors, "refused"),
    }
    let body = ErrorBody {
        error: ErrorDetail {
            message: error.to_string(),
            code,
            status,
            slug,
            request_id: request_id.to_owned(),
            suggested_fix,
            errors,
        },
    };
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    #[expect(
        clippy::disallowed_types,
        reason = "the one place that writes the error's body"
    )]
    let mut response = (status, axum::Json(body)).into_response();
    let headers = response.headers_mut();
    if let Some(should_retry) = should_retry {
        headers.insert(
            SHOULD_RETRY,
            HeaderValue::from_static(if should_retry { "true" } else { "false" }),
        );
    }
    if let Error::RateLimited {
        limit,
        window_s,
        retry_after_s,
    } = error
    {
        add_allowance(
            headers,
            Allowance {
                limit: *limit,
                remaining: 0,
                window_s: *window_s,
            },
        );
        headers.insert(header::RETRY_AFTER, HeaderValue::from(*retry_after_s));
    }
    if status == StatusCode::UNAUTHORIZED {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("ApiKey"));
    }
    response
}

fn add_allowance(headers: &mut HeaderMap, allowance: Allowance) {
    let Allowance {
        limit,
        remaining,
        window_s,
    } = allowance;
    headers.insert("x-ratelimit", HeaderValue::from(limit));
    headers.insert("x-ratelimit-remaining", HeaderValue::from(remaining));
    if let Ok(window) = HeaderValue::from_str(&format!("{window_s}s")) {
        headers.insert("x-ratelimit-window-size", window);
    }
}

/// Turns a panic into an answer; its text goes to the log.
pub fn answer_panic(panic: Box<dyn Any + Send + 'static>) -> Response {
    let text = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("a panic without text");
    Error::internal(format!("panic: {text}")).into_response()
}

/// Ends a request that takes too long.
pub async fn limit_time(request: Request, next: Next) -> Response {
    match tokio::time::timeout(LONGEST_REQUEST, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Error::Timeout.into_response(),
    }
}

/// `//api//v3/x` is `/api/v3/x`: SDKs join URLs by hand.
pub async fn collapse_slashes(mut request: Request, next: Next) -> Response {
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
