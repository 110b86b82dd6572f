//! The words of a manifest's `revoke`: where and how a grant is given back to the provider.
//!
//! What is not said is RFC 7009 section 2.1: a form by POST, the client proven as at the token
//! endpoint, the refresh token first.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

/// How a grant is given back.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RevokeManifest {
    /// The endpoint; may name connection fields, `{client_id}` and `{token}`.
    pub url: String,
    /// HTTP method.
    #[serde(default = "post")]
    pub method: String,
    /// How the request proves who sends it.
    #[serde(default)]
    pub auth: RevokeAuth,
    /// The connection's values that are given back, one request each, in this order; those that a
    /// connection lacks are passed by.
    #[serde(default = "both_tokens")]
    pub tokens: Vec<String>,
    /// Where the token stands in the request.
    #[serde(default, rename = "in")]
    pub place: TokenPlace,
    /// Its name there.
    #[serde(default = "token")]
    pub param: String,
    /// Whether a form says which kind of token it brings (`token_type_hint`).
    #[serde(default = "yes")]
    pub hint: bool,
    /// Further parameters beside the token; values may name what `url` may, and `{client_secret}`.
    #[serde(default)]
    pub params: BTreeMap<String, String>,
    /// Headers; values may name what `params` may.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// Statuses outside 200..=299 that mean that the token is worthless now.
    #[serde(default)]
    pub ok_statuses: Vec<u16>,
}

/// How a revocation proves who sends it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RevokeAuth {
    /// As `token_auth` says.
    #[default]
    TokenAuth,
    /// Client id and secret beside the token.
    ClientSecretPost,
    /// Client id and secret in the `Authorization` header.
    ClientSecretBasic,
    /// The token itself in the `Authorization` header.
    Bearer,
    /// Not at all.
    None,
}

/// Where a token stands in a revocation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum TokenPlace {
    /// In a form body.
    #[default]
    Form,
    /// In a JSON body.
    Json,
    /// In the query.
    Query,
    /// Nowhere by itself: `auth`, the URL, a header or a parameter carries it.
    None,
}

impl RevokeManifest {
    /// RFC 7009 at this endpoint.
    #[must_use]
    pub fn at(url: String) -> Self {
        Self {
            url,
            method: post(),
            auth: RevokeAuth::default(),
            tokens: both_tokens(),
            place: TokenPlace::default(),
            param: token(),
            hint: true,
            params: BTreeMap::new(),
            headers: BTreeMap::new(),
            ok_statuses: Vec::new(),
        }
    }
}

fn post() -> String {
    "POST".into()
}

fn both_tokens() -> Vec<String> {
    vec!["refresh_token".into(), "access_token".into()]
}

fn token() -> String {
    "token".into()
}

const fn yes() -> bool {
    true
}
