//! Clients that a provider makes for us (RFC 7591): what is asked for, and what came of it.

use http::StatusCode;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use url::Url;

use super::client::{ClientApp, Endpoints};
use super::discovery::{ServerMetadata, token_auth};
use super::failure::presentable;
use crate::catalog::manifest::TokenAuth;
use crate::error::{Error, Result};
use crate::time::Timestamp;

/// A client at a provider, and where that provider takes requests. Holds a secret: it is stored
/// sealed only.
#[derive(Clone, Serialize, Deserialize)]
pub struct Registration {
    /// Its public name.
    pub client_id: String,
    /// Its secret; a public client has none.
    #[serde(default)]
    pub client_secret: Option<String>,
    /// Seconds since 1970; none where the provider said nothing.
    #[serde(default)]
    pub client_id_issued_at: Option<i64>,
    /// Seconds since 1970; none where the secret does not end.
    #[serde(default)]
    pub client_secret_expires_at: Option<i64>,
    /// How it proves itself.
    pub token_auth: TokenAuth,
    /// Where it may be sent back to.
    pub redirect_uri: Url,
    /// RFC 6749 section 3.1.
    pub authorize_url: Url,
    /// RFC 6749 section 3.2.
    pub token_url: Url,
    /// Who the provider says it is in the callback, where it does (RFC 9207).
    #[serde(default)]
    pub issuer: Option<String>,
}

/// Without its secret.
impl std::fmt::Debug for Registration {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Registration({})", self.client_id)
    }
}

impl Registration {
    /// Whether it can still be used at `until`, to be sent back to `redirect_uri`.
    #[must_use]
    pub fn is_good(&self, redirect_uri: &Url, until: Timestamp) -> bool {
        let lasts = self
            .client_secret_expires_at
            .is_none_or(|end| end > until.as_secs());
        lasts && self.redirect_uri == *redirect_uri
    }

    /// The app that stands before the provider.
    #[must_use]
    pub fn app(&self) -> ClientApp {
        ClientApp {
            client_id: self.client_id.clone(),
            client_secret: self.client_secret.clone().map(SecretString::from),
            redirect_uri: self.redirect_uri.clone(),
            token_auth: self.token_auth,
        }
    }

    /// Where the provider takes requests.
    #[must_use]
    pub fn endpoints(&self) -> Endpoints {
        Endpoints {
            authorize: Ok(self.authorize_url.clone()),
            token: Ok(self.token_url.clone()),
            refresh: Ok(self.token_url.clone()),
        }
    }

    /// What an account keeps of it, under the names of the API: its refresh tokens are good for
    /// this client alone.
    #[must_use]
    pub fn kept_by_account(&self) -> Map<String, Value> {
        let fields = [
            ("client_id", Some(Value::from(self.client_id.as_str()))),
            (
                "client_secret",
                self.client_secret.as_deref().map(Value::from),
            ),
            (
                "client_id_issued_at",
                self.client_id_issued_at.map(Value::from),
            ),
            (
                "client_secret_expires_at",
                self.client_secret_expires_at.map(Value::from),
            ),
            (
                "token_endpoint_auth_method",
                serde_json::to_value(self.token_auth).ok(),
            ),
        ];
        fields
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), value?)))
            .collect()
    }
}

/// The way to prove itself that a new client asks for: the manifest's, if the server can, else
/// what the server can.
#[must_use]
pub fn choose(wanted: TokenAuth, server: &ServerMetadata) -> Option<TokenAuth> {
    if server.token_auth.contains(&wanted) {
        return Some(wanted);
    }
    [
        TokenAuth::ClientSecretBasic,
        TokenAuth::ClientSecretPost,
        TokenAuth::None,
    ]
    .into_iter()
    .find(|method| server.token_auth.contains(method))
}

/// The request for a client (RFC 7591 section 3.1).
#[must_use]
pub fn request(name: &str, redirect_uri: &Url, method: TokenAuth, scope: &str) -> Value {
    let mut fields = json!({
        "client_name": name,
        "redirect_uris": [redirect_uri],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": method,
        "application_type": "web",
    });
    if !scope.is_empty() {
        fields["scope"] = scope.into();
    }
    fields
}

#[derive(Deserialize)]
struct Answer {
    client_id: String,
    client_secret: Option<String>,
    client_id_issued_at: Option<i64>,
    client_secret_expires_at: Option<i64>,
    token_endpoint_auth_method: Option<String>,
}

/// The client that the provider made (RFC 7591 section 3.2.1).
///
/// # Errors
/// [`Error::Upstream`] when it made none, with its reason, or one that we cannot be.
pub fn read(
    status: u16,
    body: &[u8],
    server: &ServerMetadata,
    asked: TokenAuth,
    redirect_uri: &Url,
) -> Result<Registration> {
    if !StatusCode::from_u16(status).is_ok_and(|status| status.is_success()) {
        return Err(refusal(status, body));
    }
    let Answer {
        client_id,
        client_secret,
        client_id_issued_at,
        client_secret_expires_at,
        token_endpoint_auth_method,
    } = serde_json::from_slice(body)
        .map_err(|_| Error::upstream("the provider's registration answer names no client"))?;
    let method = match &token_endpoint_auth_method {
        None => asked,
        Some(name) => token_auth(name).ok_or_else(|| {
            let name = presentable(name);
            Error::upstream(format!("the provider registered a client for `{name}`"))
        })?,
    };
    let client_secret = client_secret.filter(|secret| !secret.is_empty());
    if method != TokenAuth::None && client_secret.is_none() {
        return Err(Error::upstream(
            "the provider registered a client without a secret",
        ));
    }
    Ok(Registration {
        client_id,
        client_secret: client_secret.filter(|_| method != TokenAuth::None),
        client_id_issued_at,
        // Zero stands for never (RFC 7591 section 3.2.1).
        client_secret_expires_at: client_secret_expires_at.filter(|end| *end > 0),
        token_auth: method,
        redirect_uri: redirect_uri.clone(),
        authorize_url: server.authorize_url.clone(),
        token_url: server.token_url.clone(),
        issuer: server.names_itself.then(|| server.issuer.clone()),
    })
}

/// RFC 7591 section 3.2.2.
fn refusal(status: u16, body: &[u8]) -> Error {
    let fields: Map<String, Value> = serde_json::from_slice(body).unwrap_or_default();
    let said: Vec<String> = ["error", "error_description"]
        .into_iter()
        .filter_map(|name| fields.get(name)?.as_str().map(presentable))
        .collect();
    let said = if said.is_empty() {
        format!("status {status}")
    } else {
        said.join(": ")
    };
    Error::upstream(format!("the provider registered no client: {said}"))
}
