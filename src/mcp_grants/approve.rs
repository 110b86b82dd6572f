//! The authorization request, and a person's yes to it.

use std::time::Duration;

use super::client::Client;
use super::place::Place;
use super::{CODE, OAuthError, hash, issue};
use crate::app::App;
use crate::error::{Error, Result};
use crate::ids::McpGrantId;
use crate::storage;
use crate::storage::mcp_grants::McpGrant;
use crate::tenancy;

const CODE_LIFE: Duration = Duration::from_mins(1);
/// BASE64URL of a SHA-256 (RFC 7636 section 4.2).
const CHALLENGE_CHARACTERS: usize = 43;

/// An authorization request as it comes (RFC 6749 section 4.1.1).
#[derive(Debug, Clone, Default)]
pub struct AuthorizationRequest {
    /// `code`
    pub response_type: Option<String>,
    /// RFC 7636.
    pub code_challenge: Option<String>,
    /// `S256`
    pub code_challenge_method: Option<String>,
    /// RFC 8707: the one URL.
    pub resource: Option<String>,
}

/// What a person says yes to.
#[derive(Debug, Clone)]
pub struct Approval {
    /// The one URL.
    pub place: Place,
    challenge: String,
}

/// Checks what a client asks for.
///
/// # Errors
/// What is sent back to it.
pub fn check_request(app: &App, request: AuthorizationRequest) -> Result<Approval, OAuthError> {
    if request.response_type.as_deref() != Some("code") {
        return Err(OAuthError::new(
            "unsupported_response_type",
            "response_type must be code",
        ));
    }
    let challenge = request.code_challenge.unwrap_or_default();
    let is_hash = challenge.len() == CHALLENGE_CHARACTERS
        && challenge
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    if !is_hash || request.code_challenge_method.as_deref() != Some("S256") {
        return Err(OAuthError::new(
            "invalid_request",
            "a code_challenge with the code_challenge_method S256 is required",
        ));
    }
    let resource = request.resource.unwrap_or_default();
    let place = Place::of_url(app, &resource).ok_or_else(|| {
        OAuthError::new(
            "invalid_target",
            "resource must be the URL of an MCP server or session of this server",
        )
    })?;
    Ok(Approval { place, challenge })
}

/// Makes a grant, by whoever holds an API key of the project. The code for the client.
///
/// # Errors
/// [`Error::Unauthorized`] for a key that is none or opens another project than the place's.
pub async fn approve(app: &App, client: &Client, approval: &Approval, key: &str) -> Result<String> {
    let key = tenancy::authenticate(app, key).await?;
    let refused = Error::Unauthorized("the API key is not one of the project that this belongs to");
    let Some(project) = key.project_id.clone() else {
        return Err(refused);
    };
    tenancy::count_request(app, &key.org_id, Some(&project))?;
    if !approval.place.is_of(app, &project).await? {
        return Err(refused);
    }
    let now = app.clock.now();
    let id = McpGrantId::generate();
    let code = issue(CODE, &id);
    let expires_at = now.after(CODE_LIFE);
    let grant = McpGrant {
        id,
        project_id: project,
        key_id: key.id.clone(),
        place: approval.place.text(),
        client_hash: hash(&client.id),
        redirect_uri: client.redirect_uri.to_string(),
        challenge: approval.challenge.clone(),
        code_hash: Some(hash(&code)),
        code_expires_at: expires_at,
        access_hash: None,
        access_expires_at: None,
        refresh_hash: None,
        expires_at,
        created_at: now,
    };
    let mut tx = app.db.begin().await?;
    storage::mcp_grants::insert(tx.conn(), &grant).await?;
    tx.commit().await?;
    Ok(code)
}
