//! OAuth for MCP clients that know no API key: what they find out, how they register, and their tokens.
//! The page that a person sees is in `connect`.

mod metadata;
mod register;
mod token;

use axum::Router;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::Serialize;
use serde_json::json;

use crate::app::App;
use crate::error::Error;
use crate::mcp_grants::{GrantError, OAuthError};

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route(
            "/.well-known/oauth-protected-resource/{*path}",
            get(metadata::resource),
        )
        .route(
            "/.well-known/oauth-authorization-server",
            get(metadata::server),
        )
        .route(
            "/.well-known/oauth-authorization-server/{*path}",
            get(metadata::server),
        )
        .route("/.well-known/openid-configuration", get(metadata::server))
        .route(
            "/.well-known/openid-configuration/{*path}",
            get(metadata::server),
        )
        .route("/oauth/register", post(register::register))
        .route("/oauth/token", post(token::token))
        .route("/oauth/revoke", post(token::revoke))
}

/// An answer that nobody may keep.
fn answer(status: StatusCode, body: &impl Serialize) -> Response {
    let text = match serde_json::to_string(body) {
        Ok(text) => text,
        Err(cause) => return Error::from(cause).into_response(),
    };
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (status, headers, text).into_response()
}

/// RFC 6749 section 5.2; who must wait is told in the same shape.
fn refused(error: GrantError) -> Response {
    match error {
        GrantError::Ours(Error::RateLimited {
            limit,
            window_s,
            retry_after_s,
        }) => {
            let description = format!("more than {limit} requests in {window_s} seconds");
            let body =
                json!({ "error": "temporarily_unavailable", "error_description": description });
            let mut response = answer(StatusCode::TOO_MANY_REQUESTS, &body);
            let headers = response.headers_mut();
            headers.insert(header::RETRY_AFTER, retry_after_s.into());
            response
        }
        GrantError::Ours(error) => error.into_response(),
        GrantError::OAuth(OAuthError { code, description }) => {
            let is_client = code == "invalid_client";
            let status = if is_client {
                StatusCode::UNAUTHORIZED
            } else {
                StatusCode::BAD_REQUEST
            };
            let body = json!({ "error": code, "error_description": description });
            let mut response = answer(status, &body);
            if is_client {
                let challenge = HeaderValue::from_static("Basic realm=\"tenon\"");
                let headers = response.headers_mut();
                headers.insert(header::WWW_AUTHENTICATE, challenge);
            }
            response
        }
    }
}
