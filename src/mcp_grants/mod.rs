//! Grants for MCP clients that know no API key: OAuth 2.1 with this server as its own authorization
//! server. A person proves the right with an API key, the client gets a token for one URL and user.

mod approve;
mod client;
mod place;
mod tokens;

pub use approve::{Approval, AuthorizationRequest, approve, check_request};
pub use client::{Client, NewClient, Registration, check_client, register};
pub use place::{Owner, Place};
pub use tokens::{Proof, TokenRequest, Tokens, exchange, revoke, verify};

use sha2::{Digest, Sha256};

use crate::crypto::same_hash;
use crate::ids::McpGrantId;

/// What goes wrong in OAuth's own terms (RFC 6749 sections 4.1.2.1 and 5.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OAuthError {
    /// `invalid_grant`, …
    pub code: &'static str,
    /// One sentence for a developer.
    pub description: String,
}

impl OAuthError {
    fn new(code: &'static str, description: impl Into<String>) -> Self {
        Self {
            code,
            description: description.into(),
        }
    }

    fn invalid_grant(description: &str) -> Self {
        Self::new("invalid_grant", description)
    }
}

/// What may go wrong with a grant.
#[derive(Debug, Clone)]
pub enum GrantError {
    /// The client's fault.
    OAuth(OAuthError),
    /// Ours.
    Ours(crate::error::Error),
}

impl From<OAuthError> for GrantError {
    fn from(error: OAuthError) -> Self {
        Self::OAuth(error)
    }
}

impl From<crate::error::Error> for GrantError {
    fn from(error: crate::error::Error) -> Self {
        Self::Ours(error)
    }
}

const CODE: &str = "mcpc";
const ACCESS: &str = "mcpa";
const REFRESH: &str = "mcpr";
const SECRET_CHARACTERS: usize = 32;

fn hash(text: &str) -> Vec<u8> {
    Sha256::digest(text.as_bytes()).to_vec()
}

/// A new code or token: its kind, the grant's id, and a secret.
fn issue(kind: &str, grant: &McpGrantId) -> String {
    let secret = crate::ids::random_text(SECRET_CHARACTERS);
    format!("{kind}_{grant}_{secret}")
}

/// The grant that a code or token of this kind names.
fn named(kind: &str, text: &str) -> Option<McpGrantId> {
    let rest = text.strip_prefix(kind)?.strip_prefix('_')?;
    let (id, secret) = rest.rsplit_once('_')?;
    (secret.len() == SECRET_CHARACTERS).then(|| McpGrantId::from(id.to_owned()))
}

fn is_hash_of(stored: Option<&Vec<u8>>, text: &str) -> bool {
    stored.is_some_and(|stored| same_hash(stored, &hash(text)))
}
