//! `POST /oauth/register` (RFC 7591)

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;

use super::{answer, refused};
use crate::api::client_address::ClientAddress;
use crate::api::extract::Json;
use crate::app::App;
use crate::mcp_grants::{self, NewClient, Registration};

/// What is read of a client's metadata; the rest has no meaning here.
#[derive(Debug, Deserialize)]
pub(super) struct RegisterBody {
    #[serde(default)]
    client_name: Option<String>,
    #[serde(default)]
    redirect_uris: Vec<String>,
    #[serde(default)]
    token_endpoint_auth_method: Option<String>,
}

/// Registers a client: nothing is stored, so nothing can be filled up. Who asks too often waits.
pub(super) async fn register(
    State(app): State<App>,
    ClientAddress(address): ClientAddress,
    Json(body): Json<RegisterBody>,
) -> Response {
    if let Err(error) = app.registration_limiter.take(&address, app.clock.now()) {
        return refused(error.into());
    }
    let RegisterBody {
        client_name,
        redirect_uris,
        token_endpoint_auth_method,
    } = body;
    let new = NewClient {
        name: client_name,
        redirect_uris,
        auth_method: token_endpoint_auth_method,
    };
    let registered = match mcp_grants::register(&app, new) {
        Ok(registered) => registered,
        Err(error) => return refused(error),
    };
    let Registration { id, secret, client } = registered;
    let mut body = json!({
        "client_id": id,
        "client_id_issued_at": app.clock.now().as_secs(),
        "client_name": client.name,
        "redirect_uris": client.redirect_uris,
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": client.auth_method,
    });
    if let Some(secret) = secret {
        body["client_secret"] = secret.into();
        body["client_secret_expires_at"] = 0.into();
    }
    answer(StatusCode::CREATED, &body)
}
