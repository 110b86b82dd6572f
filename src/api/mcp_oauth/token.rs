//! `POST /oauth/token` (RFC 6749 section 3.2) and `POST /oauth/revoke` (RFC 7009)

use std::collections::HashMap;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;
use serde_json::json;

use super::{answer, refused};
use crate::app::App;
use crate::mcp_grants::{self, GrantError, OAuthError, Proof, TokenRequest, Tokens};

type Form = HashMap<String, String>;

fn form(body: &[u8]) -> Form {
    url::form_urlencoded::parse(body).into_owned().collect()
}

/// The client's id and secret, from the form or from `Authorization` (RFC 6749 section 2.3.1).
fn proof(headers: &HeaderMap, form: &mut Form) -> Proof {
    let basic = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok()?.strip_prefix("Basic "))
        .and_then(|text| STANDARD.decode(text.trim()).ok())
        .and_then(|bytes| String::from_utf8(bytes).ok());
    if let Some((id, secret)) = basic.as_deref().and_then(|pair| pair.split_once(':')) {
        let decoded = |text: &str| {
            let text = text.replace('+', " ");
            percent_decode_str(&text).decode_utf8_lossy().into_owned()
        };
        return Proof {
            client_id: decoded(id),
            client_secret: Some(decoded(secret)),
        };
    }
    Proof {
        client_id: form.remove("client_id").unwrap_or_default(),
        client_secret: form.remove("client_secret"),
    }
}

fn request(mut form: Form) -> Result<TokenRequest, OAuthError> {
    let grant_type = form.remove("grant_type").unwrap_or_default();
    let mut needed = |name: &str| {
        form.remove(name).ok_or_else(|| OAuthError {
            code: "invalid_request",
            description: format!("{name} is missing"),
        })
    };
    match grant_type.as_str() {
        "authorization_code" => Ok(TokenRequest::Code {
            code: needed("code")?,
            verifier: needed("code_verifier")?,
            redirect_uri: form.remove("redirect_uri"),
            resource: form.remove("resource"),
        }),
        "refresh_token" => Ok(TokenRequest::Refresh {
            token: needed("refresh_token")?,
            resource: form.remove("resource"),
        }),
        _ => Err(OAuthError {
            code: "unsupported_grant_type",
            description: "grant_type must be authorization_code or refresh_token".into(),
        }),
    }
}

pub(super) async fn token(State(app): State<App>, headers: HeaderMap, body: Bytes) -> Response {
    let mut form = form(&body);
    let proof = proof(&headers, &mut form);
    let exchanged = async {
        let request = request(form)?;
        mcp_grants::exchange(&app, &proof, request).await
    };
    let exchanged: Result<Tokens, GrantError> = exchanged.await;
    match exchanged {
        Ok(Tokens {
            access,
            expires_in,
            refresh,
        }) => answer(
            StatusCode::OK,
            &json!({
                "access_token": access, "token_type": "Bearer", "expires_in": expires_in,
                "refresh_token": refresh,
            }),
        ),
        Err(error) => refused(error),
    }
}

pub(super) async fn revoke(State(app): State<App>, headers: HeaderMap, body: Bytes) -> Response {
    let mut form = form(&body);
    let proof = proof(&headers, &mut form);
    let token = form.remove("token").unwrap_or_default();
    match mcp_grants::revoke(&app, &proof, &token).await {
        Ok(()) => StatusCode::OK.into_response(),
        Err(error) => refused(error),
    }
}
