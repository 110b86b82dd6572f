//! One shape for everything that fails: `{"error": {message, code, status, slug, request_id, …}}`.

use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::{Error, Shown};
use crate::rate_limit::Allowance;

const SHOULD_RETRY: HeaderName = HeaderName::from_static("x-should-retry");

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

impl IntoResponse for Error {
    /// Status and the error itself; [`super::middleware::answer`] has [`render`] write the body.
    fn into_response(self) -> Response {
        let status =
            StatusCode::from_u16(self.shown().status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// The error behind a failed answer: ours, or what axum's bare status stands for. Pages answer
/// for themselves.
pub(super) fn failure_of(
    response: &Response,
    method: &str,
    path: &str,
    max_body_bytes: usize,
) -> Option<Error> {
    let status = response.status();
    if status.is_success() || status.is_redirection() || is_whole(response) {
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
            limit: max_body_bytes,
        },
        status if status.is_client_error() => Error::invalid("the request could not be read"),
        status => Error::internal(format!("a bare answer with status {status}")),
    })
}

/// Pages, and the answers of MCP, which has a shape of its own.
fn is_whole(response: &Response) -> bool {
    response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| {
            let kind = kind.as_bytes();
            kind.starts_with(b"text/html") || kind.starts_with(b"application/json")
        })
}

/// The API's error object for `error`, logged; `failed` is the answer it stands in for.
pub(super) fn render(error: &Error, request_id: &str, failed: &Response) -> Response {
    log(error);
    let mut response = body(error, request_id);
    add_headers(response.headers_mut(), error);
    // RFC 9110 section 15.5.6: a 405 names the methods that are allowed.
    if let Some(allowed) = failed.headers().get(header::ALLOW) {
        response
            .headers_mut()
            .insert(header::ALLOW, allowed.clone());
    }
    response
}

/// Logs the error behind a page, which answers for itself.
pub(super) fn log_page(response: &Response) {
    if let Some(error) = response.extensions().get::<Error>() {
        log(error);
    }
}

fn log(error: &Error) {
    let Shown { code, errors, .. } = error.shown();
    if let Error::Internal(_) = error {
        tracing::error!(error.code = code, cause = error.with_causes(), "failed");
    } else {
        // Quoted, since a caller's own words may stand in it.
        let error = error.to_string();
        tracing::debug!(error.code = code, ?error, ?errors, "refused");
    }
}

fn body(error: &Error, request_id: &str) -> Response {
    let Shown {
        status,
        code,
        slug,
        suggested_fix,
        errors,
        should_retry: _,
    } = error.shown();
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
    (status, axum::Json(body)).into_response()
}

fn add_headers(headers: &mut HeaderMap, error: &Error) {
    if let Some(should_retry) = error.shown().should_retry {
        let text = if should_retry { "true" } else { "false" };
        headers.insert(SHOULD_RETRY, HeaderValue::from_static(text));
    }
    if let Error::RateLimited {
        limit,
        window_s,
        retry_after_s,
    } = error
    {
        let (limit, window_s) = (*limit, *window_s);
        add_allowance(
            headers,
            Allowance {
                limit,
                remaining: 0,
                window_s,
            },
        );
        headers.insert(header::RETRY_AFTER, HeaderValue::from(*retry_after_s));
    }
    if let Error::UpstreamPaused { retry_after_s, .. } | Error::StillRunning { retry_after_s } =
        error
    {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(*retry_after_s));
    }
    if let Error::Unauthorized(_) = error {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("ApiKey"));
    }
}

/// The headers that tell an organisation how much of its rate limit is left.
pub(super) fn add_allowance(headers: &mut HeaderMap, allowance: Allowance) {
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
