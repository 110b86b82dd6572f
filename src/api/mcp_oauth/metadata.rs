//! What a client finds out beforehand (RFC 9728, RFC 8414).

use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::answer;
use crate::app::App;
use crate::error::Error;
use crate::mcp_grants::Place;

const RESOURCE: &str = "/.well-known/oauth-protected-resource";

/// Of a URL, whether there is something behind it or not.
pub(super) async fn resource(State(app): State<App>, uri: Uri) -> Response {
    let path = uri.path().strip_prefix(RESOURCE).unwrap_or_default();
    let Some(place) = Place::read(path, uri.query()) else {
        return Error::UnknownRoute {
            path: uri.path().to_owned(),
        }
        .into_response();
    };
    let base = app.config.public_base();
    // As the client wrote it: it compares it with what it asked.
    let query = uri
        .query()
        .map(|query| format!("?{query}"))
        .unwrap_or_default();
    let body = json!({
        "resource": format!("{base}{path}{query}"),
        "resource_name": place.title(),
        "authorization_servers": [base],
        "bearer_methods_supported": ["header"],
    });
    answer(StatusCode::OK, &body)
}

/// Of this server as an authorization server. Clients look for it under several names.
pub(super) async fn server(State(app): State<App>) -> Response {
    let base = app.config.public_base();
    let body = json!({
        "issuer": base,
        "authorization_endpoint": format!("{base}/oauth/authorize"),
        "token_endpoint": format!("{base}/oauth/token"),
        "registration_endpoint": format!("{base}/oauth/register"),
        "revocation_endpoint": format!("{base}/oauth/revoke"),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported":
            ["none", "client_secret_post", "client_secret_basic"],
        "revocation_endpoint_auth_methods_supported":
            ["none", "client_secret_post", "client_secret_basic"],
        "authorization_response_iss_parameter_supported": true,
    });
    answer(StatusCode::OK, &body)
}
