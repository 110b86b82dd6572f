//! The words of `exchange:` in an auth block: how credentials that last are exchanged for a token.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::scheme::Scheme;

/// The request that brings a token, and where its answer has it. Without a `url` the signed
/// assertion is itself the token.
///
/// Texts are templates over the scheme's fields: `{password}`, `{credentials_json.client_email}`
/// for a member of a field that holds JSON, `{base64(username:password)}`, and beside them
/// `{jwt}`, `{scopes}`, `{url}` and `{random}`. An entry that names an optional field which was
/// not given is left out.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExchangeManifest {
    /// POST, GET or PUT.
    #[serde(default = "post")]
    pub method: String,
    /// Where to: a URL, or a path under the base URL.
    #[serde(default)]
    pub url: Option<String>,
    /// Headers.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// Query parameters.
    #[serde(default)]
    pub query: BTreeMap<String, String>,
    /// A form as the body.
    #[serde(default)]
    pub form: BTreeMap<String, String>,
    /// JSON as the body; its texts are templates.
    #[serde(default)]
    pub json: Option<Value>,
    /// An assertion to sign (RFC 7519), for `{jwt}`.
    #[serde(default)]
    pub jwt: Option<JwtManifest>,
    /// Dotted path to the token in the answer, `.` for an answer that is the token; by default the
    /// name that the token has in the account.
    #[serde(default)]
    pub token: Option<String>,
    /// Dotted path to the token's lifetime in seconds.
    #[serde(default = "expires_in")]
    pub expires_in: String,
    /// Dotted path to the token's end: seconds or milliseconds since 1970, or RFC 3339.
    #[serde(default)]
    pub expires_at: Option<String>,
    /// The lifetime in seconds, where neither the answer nor the token says.
    #[serde(default)]
    pub lifetime: Option<u64>,
    /// What the account keeps of the answer beside the token: its name, and a dotted path.
    #[serde(default)]
    pub keep: BTreeMap<String, String>,
    /// Dotted path to the provider's words for a refusal. A text there is one, whatever the status.
    #[serde(default)]
    pub error: Option<String>,
    /// Statuses beside 401 that say for certain that the credentials are wrong.
    #[serde(default)]
    pub wrong: Vec<u16>,
}

fn post() -> String {
    "POST".into()
}

fn expires_in() -> String {
    "expires_in".into()
}

/// A JSON Web Token that is signed for an exchange (RFC 7523). It says by itself when it was
/// issued and when it ends.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JwtManifest {
    /// How it is signed.
    #[serde(default)]
    pub algorithm: JwtAlgorithm,
    /// The key, as a template: PEM for RS256 and ES256, the secret itself for HS256.
    pub key: String,
    /// Which key it is (RFC 7515 section 4.1.4).
    #[serde(default)]
    pub key_id: Option<String>,
    /// The claims but `iat` and `exp`; their texts are templates.
    #[serde(default)]
    pub claims: Map<String, Value>,
    /// Seconds from `iat` to `exp`.
    #[serde(default = "ten_minutes")]
    pub lifetime: u32,
    /// How many seconds `iat` lies in the past, for providers whose clock is slow.
    #[serde(default)]
    pub backdate: u32,
}

const fn ten_minutes() -> u32 {
    600
}

/// Signature algorithms (RFC 7518 section 3.1).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum JwtAlgorithm {
    /// RSA with SHA-256.
    #[default]
    RS256,
    /// ECDSA on P-256 with SHA-256.
    ES256,
    /// HMAC with SHA-256.
    HS256,
}

impl ExchangeManifest {
    /// Every template, for looking at what it names.
    pub fn templates(&self) -> Vec<&str> {
        let mut all: Vec<&str> = [&self.headers, &self.query, &self.form]
            .into_iter()
            .flat_map(BTreeMap::values)
            .map(String::as_str)
            .collect();
        all.extend(self.url.as_deref());
        if let Some(json) = &self.json {
            collect_texts(json, &mut all);
        }
        if let Some(jwt) = &self.jwt {
            all.push(&jwt.key);
            all.extend(jwt.key_id.as_deref());
            jwt.claims
                .values()
                .for_each(|claim| collect_texts(claim, &mut all));
        }
        all
    }

    /// Whether the exchange asks for scopes.
    #[must_use]
    pub fn takes_scopes(&self) -> bool {
        self.templates()
            .iter()
            .any(|template| template.contains("{scopes}"))
    }
}

fn collect_texts<'v>(value: &'v Value, texts: &mut Vec<&'v str>) {
    match value {
        Value::String(text) => texts.push(text),
        Value::Array(items) => items.iter().for_each(|item| collect_texts(item, texts)),
        Value::Object(fields) => fields.values().for_each(|item| collect_texts(item, texts)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The name under which an account keeps the token that an exchange brings.
#[must_use]
pub const fn token_name(scheme: Scheme) -> &'static str {
    match scheme {
        // The official name of the session that a login opens.
        Scheme::BillcomAuth => "sessionId",
        Scheme::OAuth2
        | Scheme::OAuth1
        | Scheme::ApiKey
        | Scheme::Basic
        | Scheme::BearerToken
        | Scheme::GoogleServiceAccount
        | Scheme::NoAuth
        | Scheme::BasicWithJwt
        | Scheme::CalcomAuth
        | Scheme::ServiceAccount
        | Scheme::Saml
        | Scheme::DcrOauth
        | Scheme::S2sOAuth2 => "access_token",
    }
}
