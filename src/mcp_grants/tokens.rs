//! Codes and refresh tokens for tokens, each once; and what a token opens.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq;
use url::Url;

use super::place::Place;
use super::{ACCESS, CODE, GrantError, OAuthError, REFRESH, hash, is_hash_of, issue, named};
use crate::app::App;
use crate::crypto::same_hash;
use crate::error::{Error, Result};
use crate::ids::ProjectId;
use crate::storage;
use crate::storage::mcp_grants::{McpGrant, NewTokens};

/// Of an access token.
const ACCESS_LIFE: Duration = Duration::from_hours(1);
/// Of a refresh token that is not used.
const REFRESH_LIFE: Duration = Duration::from_hours(30 * 24);

/// How a client proves itself at the token endpoint.
#[derive(Debug, Clone, Default)]
pub struct Proof {
    /// Its id.
    pub client_id: String,
    /// Its secret, where it has one.
    pub client_secret: Option<String>,
}

/// A request for tokens (RFC 6749 sections 4.1.3 and 6).
#[derive(Debug, Clone)]
pub enum TokenRequest {
    /// For a code.
    Code {
        /// The code.
        code: String,
        /// As in the authorization request.
        redirect_uri: Option<String>,
        /// RFC 7636.
        verifier: String,
        /// RFC 8707, where it is said again.
        resource: Option<String>,
    },
    /// For a refresh token.
    Refresh {
        /// The token.
        token: String,
        /// RFC 8707, where it is said again.
        resource: Option<String>,
    },
}

/// What a client gets.
#[derive(Clone)]
pub struct Tokens {
    /// Opens the one URL.
    pub access: String,
    /// Seconds until it no longer does.
    pub expires_in: u64,
    /// Gets the next tokens, once.
    pub refresh: String,
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tokens")
    }
}

/// Gives tokens for a code or a refresh token. Either works once; its second use ends the grant.
///
/// # Errors
/// `invalid_client`, `invalid_grant`, `invalid_target`.
pub async fn exchange(
    app: &App,
    proof: &Proof,
    request: TokenRequest,
) -> Result<Tokens, GrantError> {
    check_proof(app, proof)?;
    let (kind, text, resource) = match &request {
        TokenRequest::Code { code, resource, .. } => (CODE, code, resource),
        TokenRequest::Refresh { token, resource } => (REFRESH, token, resource),
    };
    let grant = find(app, kind, text).await?;
    let grant = grant.ok_or_else(|| OAuthError::invalid_grant("it is not known, or over"))?;
    if !same_hash(&grant.client_hash, &hash(&proof.client_id)) {
        return Err(OAuthError::invalid_grant("it was given to another client").into());
    }
    let is_current = match &request {
        TokenRequest::Code { code, .. } => is_hash_of(grant.code_hash.as_ref(), code),
        TokenRequest::Refresh { token, .. } => is_hash_of(grant.refresh_hash.as_ref(), token),
    };
    let now = app.clock.now();
    if !is_current {
        end(app, &grant).await?;
        return Err(OAuthError::invalid_grant("it was used before, so the grant is over").into());
    }
    if grant.expires_at < now {
        return Err(OAuthError::invalid_grant("it is over").into());
    }
    if let TokenRequest::Code {
        redirect_uri,
        verifier,
        ..
    } = &request
    {
        check_code(&grant, redirect_uri.as_deref(), verifier)?;
    }
    let elsewhere = resource.as_deref().is_some_and(|resource| {
        Place::of_url(app, resource).is_none_or(|place| place.text() != grant.place)
    });
    if elsewhere {
        let words = "the grant is for another resource";
        return Err(OAuthError::new("invalid_target", words).into());
    }
    give(app, &grant, kind, text).await
}

/// Stores new tokens in the place of what was used.
async fn give(app: &App, grant: &McpGrant, kind: &str, used: &str) -> Result<Tokens, GrantError> {
    let now = app.clock.now();
    let tokens = Tokens {
        access: issue(ACCESS, &grant.id),
        expires_in: ACCESS_LIFE.as_secs(),
        refresh: issue(REFRESH, &grant.id),
    };
    let new = NewTokens {
        access_hash: hash(&tokens.access),
        access_expires_at: now.after(ACCESS_LIFE),
        refresh_hash: hash(&tokens.refresh),
        expires_at: now.after(REFRESH_LIFE),
    };
    let mut tx = app.db.begin().await?;
    let is_given = if kind == CODE {
        storage::mcp_grants::redeem(tx.conn(), grant, &hash(used), &new).await?
    } else {
        storage::mcp_grants::rotate(tx.conn(), grant, &hash(used), &new).await?
    };
    tx.commit().await?;
    if !is_given {
        end(app, grant).await?;
        return Err(OAuthError::invalid_grant("it was used before, so the grant is over").into());
    }
    Ok(tokens)
}

fn check_proof(app: &App, proof: &Proof) -> Result<(), OAuthError> {
    let signer = app.vault.mcp_client_signer();
    let unknown = || OAuthError::new("invalid_client", "the client is not known, or not proven");
    let client = signer.read(&proof.client_id).ok_or_else(unknown)?;
    if client.auth_method == "none" {
        return Ok(());
    }
    let given = proof.client_secret.as_deref().ok_or_else(unknown)?;
    let is_own = signer
        .secrets(&proof.client_id)
        .iter()
        .any(|own| bool::from(own.as_bytes().ct_eq(given.as_bytes())));
    if is_own { Ok(()) } else { Err(unknown()) }
}

fn check_code(
    grant: &McpGrant,
    redirect_uri: Option<&str>,
    verifier: &str,
) -> Result<(), OAuthError> {
    let is_same = redirect_uri.is_none_or(|given| {
        Url::parse(given).is_ok_and(|given| given.as_str() == grant.redirect_uri)
    });
    if !is_same {
        let words = "redirect_uri is not that of the authorization request";
        return Err(OAuthError::invalid_grant(words));
    }
    let challenge = URL_SAFE_NO_PAD.encode(hash(verifier));
    if bool::from(challenge.as_bytes().ct_eq(grant.challenge.as_bytes())) {
        return Ok(());
    }
    let words = "code_verifier does not belong to the code_challenge";
    Err(OAuthError::invalid_grant(words))
}

async fn find(app: &App, kind: &str, text: &str) -> Result<Option<McpGrant>> {
    let Some(id) = named(kind, text) else {
        return Ok(None);
    };
    let mut session = app.db.read().await?;
    storage::mcp_grants::find(session.conn(), &id).await
}

async fn end(app: &App, grant: &McpGrant) -> Result<()> {
    let mut tx = app.db.begin().await?;
    storage::mcp_grants::delete(tx.conn(), &grant.project_id, &grant.id).await?;
    tx.commit().await
}

/// Ends the grant of a token (RFC 7009); one that is not known is over already.
///
/// # Errors
/// `invalid_client`.
pub async fn revoke(app: &App, proof: &Proof, token: &str) -> Result<(), GrantError> {
    check_proof(app, proof)?;
    for kind in [ACCESS, REFRESH] {
        if let Some(grant) = find(app, kind, token).await? {
            let stored = [grant.access_hash.as_ref(), grant.refresh_hash.as_ref()];
            let is_own = stored.into_iter().any(|stored| is_hash_of(stored, token));
            if is_own && same_hash(&grant.client_hash, &hash(&proof.client_id)) {
                end(app, &grant).await?;
            }
        }
    }
    Ok(())
}

/// The project that an access token opens at a place.
///
/// # Errors
/// [`Error::Unauthorized`] for a token that is none, over, or for another place.
pub async fn verify(app: &App, token: &str, place: &Place) -> Result<ProjectId> {
    let refused = Error::Unauthorized("the access token is not valid here");
    let Some(grant) = find(app, ACCESS, token).await? else {
        return Err(refused);
    };
    let now = app.clock.now();
    let is_good = is_hash_of(grant.access_hash.as_ref(), token)
        && grant.access_expires_at.is_some_and(|end| end > now)
        && grant.place == place.text();
    if is_good {
        Ok(grant.project_id)
    } else {
        Err(refused)
    }
}
