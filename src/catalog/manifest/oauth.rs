//! Words of a manifest that only the schemes of OAuth 2 use.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

/// Whether access tokens are renewed by refresh tokens (RFC 6749 section 6).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Refresh {
    /// Where the provider gives a refresh token.
    #[default]
    Supported,
    /// Never: the tokens last, or only the user can give the next one.
    None,
}

/// The form of requests to the token endpoint.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum TokenBody {
    /// As RFC 6749 wants it.
    #[default]
    Form,
    /// A JSON object.
    Json,
}

/// Where a token answer has what RFC 6749 section 5.1 puts at its top: dotted paths.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TokenResponse {
    /// Path to the access token.
    pub access_token: Option<String>,
    /// Path to the refresh token.
    pub refresh_token: Option<String>,
    /// Path to the lifetime, in seconds.
    pub expires_in: Option<String>,
    /// Path to the granted scopes.
    pub scope: Option<String>,
    /// The lifetime in seconds where an answer names none.
    pub default_expires_in: Option<u64>,
}

/// What is asked with a new token, and what a connection keeps of the answer.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PostConnect {
    /// The whole URL; it is got with the credential of the connection.
    pub url: String,
    /// Which of several things an account is for, where the answer lists what the grant reaches.
    #[serde(default)]
    pub choose: Option<Choose>,
    /// Values of the connection, by where the answer has them; with `choose`, by where the chosen
    /// thing has them.
    pub keep: BTreeMap<String, Kept>,
}

/// How one of the things that a grant reaches is chosen: the one that the connection's field names,
/// the one that the account has been for, the only one, or the one that its user chooses.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Choose {
    /// What such a thing is called, for people: `site`.
    pub what: String,
    /// Dotted path to their list in the answer; without it the answer is the list.
    #[serde(default)]
    pub items: String,
    /// Dotted paths in a thing to what a person tells it by.
    pub label: Vec<String>,
    /// The field of the connection by which a caller may name one beforehand.
    #[serde(default)]
    pub field: Option<String>,
    /// Dotted paths in a thing to what that field may hold. Case does not matter; of a URL its host
    /// and the first part of that will do.
    #[serde(default, rename = "match")]
    pub names: Vec<String>,
}

/// A value that a provider tells and a connection keeps.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(from = "KeptWords")]
#[schemars(into = "KeptWords")]
pub struct Kept {
    /// Where it stands: a dotted path in the token answer, or a parameter of the callback.
    pub from: String,
    /// A regular expression that the whole value must match. One that enters a URL needs one, and
    /// one that has one must come with the first token.
    pub pattern: Option<String>,
    /// Never shown in the clear.
    pub secret: bool,
}

/// How a manifest writes it: the place alone, or with more about it.
#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
enum KeptWords {
    Place(String),
    Full(FullKept),
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct FullKept {
    from: String,
    #[serde(default)]
    pattern: Option<String>,
    #[serde(default)]
    secret: bool,
}

impl From<KeptWords> for Kept {
    fn from(words: KeptWords) -> Self {
        match words {
            KeptWords::Place(from) => Self {
                from,
                pattern: None,
                secret: false,
            },
            KeptWords::Full(FullKept {
                from,
                pattern,
                secret,
            }) => Self {
                from,
                pattern,
                secret,
            },
        }
    }
}
