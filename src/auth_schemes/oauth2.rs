//! OAuth 2.0 authorization-code flow (RFC 6749 section 4.1) with PKCE (RFC 7636): builds the
//! requests and reads the answers; the caller sends them.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures_util::future::BoxFuture;
use oauth2::basic::{BasicErrorResponse, BasicRevocationErrorResponse};
use oauth2::basic::{BasicTokenIntrospectionResponse, BasicTokenType};
use oauth2::{
    AsyncHttpClient, AuthType, AuthUrl, AuthorizationCode, ClientId, ClientSecret, CsrfToken,
    EndpointNotSet, EndpointSet, ExtraTokenFields, HttpRequest, HttpResponse, PkceCodeChallenge,
    PkceCodeVerifier, RedirectUrl, RefreshToken, RequestTokenError, StandardRevocableToken,
    StandardTokenResponse, TokenUrl,
};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use url::Url;
use zeroize::Zeroizing;

use crate::catalog::manifest::{AuthManifest, Pkce, TokenAuth};
use crate::catalog::template::{self, Slot};
use crate::error::{Error, Result};

use super::{Redactor, token_reply};

/// What a provider adds to its token response, kept as it came.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct FurtherFields(Map<String, Value>);

impl ExtraTokenFields for FurtherFields {}

type TokenReply = StandardTokenResponse<FurtherFields, BasicTokenType>;
type TokenError = RequestTokenError<Error, BasicErrorResponse>;
type Endpoints = oauth2::Client<
    BasicErrorResponse,
    TokenReply,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
>;

/// The OAuth app that stands before the provider.
#[derive(Debug, Clone)]
pub struct ClientApp {
    /// Its public name.
    pub client_id: String,
    /// Its secret; a public client has none.
    pub client_secret: Option<SecretString>,
    /// Where the provider sends the browser back.
    pub redirect_uri: Url,
}

/// Sends a request to a token endpoint.
pub type SendRequest<'a> = dyn Fn(HttpRequest) -> BoxFuture<'a, Result<HttpResponse>> + Sync + 'a;

/// One OAuth app at one provider.
#[derive(Debug)]
pub struct OAuthClient<'a> {
    auth: &'a AuthManifest,
    endpoints: Endpoints,
    refresh_url: TokenUrl,
    /// What the app shows the provider, in every form; a provider may quote it.
    app_secrets: Vec<SecretString>,
}

/// Where to send the user's browser, and what to remember until it returns.
#[derive(Debug)]
pub struct Authorization {
    /// The authorization request (RFC 6749 section 4.1.1).
    pub url: Url,
    /// RFC 7636 section 4.1; none where the provider takes no part in it.
    pub code_verifier: Option<SecretString>,
}

/// Why a token request brought no token.
#[derive(Debug)]
pub enum TokenFailure {
    /// The provider said no (RFC 6749 section 5.2).
    Refused {
        /// `invalid_grant`, `invalid_client`, …
        code: String,
        /// The provider's own words, if it has any.
        description: Option<String>,
    },
    /// A declared exchange was refused because the credentials are wrong.
    Denied {
        /// The HTTP status.
        status: u16,
        /// The provider's own words, if it has any.
        description: Option<String>,
    },
    /// There was no usable answer: the network, the provider's own trouble, or not OAuth at all.
    NoAnswer(Error),
}

impl TokenFailure {
    /// Whether the grant is lost for good, so that only the user can give a new one.
    #[must_use]
    pub fn is_lost_grant(&self) -> bool {
        // The second is GitHub's name for it, the others are Slack's.
        let lost = [
            "invalid_grant",
            "bad_refresh_token",
            "invalid_refresh_token",
            "token_revoked",
            "token_expired",
        ];
        match self {
            Self::Refused { code, .. } => lost.contains(&code.as_str()),
            Self::Denied { .. } => true,
            Self::NoAnswer(_) => false,
        }
    }

    /// Whether the provider will have nothing to do with the OAuth app, whoever's grant it brings.
    #[must_use]
    pub fn is_clients_fault(&self) -> bool {
        // The third is GitHub's name for it, the others are Slack's.
        let faults = [
            "invalid_client",
            "unauthorized_client",
            "incorrect_client_credentials",
            "invalid_client_id",
            "bad_client_secret",
        ];
        match self {
            Self::Refused { code, .. } => faults.contains(&code.as_str()),
            Self::Denied { .. } | Self::NoAnswer(_) => false,
        }
    }

    /// For a person: what the provider said, without anything of the request.
    #[must_use]
    pub fn reason(&self) -> String {
        match self {
            Self::Refused {
                code,
                description: Some(description),
            } => {
                format!("the provider answered {code}: {description}")
            }
            Self::Refused {
                code,
                description: None,
            } => format!("the provider answered {code}"),
            Self::Denied {
                status,
                description: Some(description),
            } => format!("the provider answered {status}: {description}"),
            Self::Denied {
                status,
                description: None,
            } => format!("the provider answered {status}"),
            Self::NoAnswer(error) => error.to_string(),
        }
    }
}

impl<'a> OAuthClient<'a> {
    /// The client for an auth block; `values` fill the placeholders of its URLs.
    ///
    /// # Errors
    /// When the block has no URLs, or a placeholder has no value.
    pub fn new(
        auth: &'a AuthManifest,
        app: &ClientApp,
        values: &Map<String, Value>,
    ) -> Result<Self> {
        let authorize_url = fill_url(auth.authorize_url.as_deref(), "authorize_url", values)?;
        let token_url = fill_url(auth.token_url.as_deref(), "token_url", values)?;
        let refresh_url = match &auth.refresh_url {
            Some(url) => fill_url(Some(url), "refresh_url", values)?,
            None => token_url.clone(),
        };
        let endpoints = oauth2::Client::new(ClientId::new(app.client_id.clone()))
            .set_auth_uri(AuthUrl::from_url(authorize_url))
            .set_token_uri(TokenUrl::from_url(token_url))
            .set_redirect_uri(RedirectUrl::from_url(app.redirect_uri.clone()))
            .set_auth_type(match auth.token_auth {
                TokenAuth::ClientSecretBasic => AuthType::BasicAuth,
                TokenAuth::ClientSecretPost | TokenAuth::None => AuthType::RequestBody,
            });
        let endpoints = match (&app.client_secret, auth.token_auth) {
            (Some(secret), TokenAuth::ClientSecretBasic | TokenAuth::ClientSecretPost) => {
                endpoints.set_client_secret(ClientSecret::new(secret.expose_secret().to_owned()))
            }
            (None, _) | (_, TokenAuth::None) => endpoints,
        };
        Ok(Self {
            auth,
            endpoints,
            refresh_url: TokenUrl::from_url(refresh_url),
            app_secrets: app_secrets(app),
        })
    }

    /// Where to send the user's browser to be asked for `scopes`.
    #[must_use]
    pub fn authorize(
        &self,
        state: String,
        scopes: &[String],
        user_scopes: &[String],
    ) -> Authorization {
        let separator = &self.auth.scopes.separator;
        let mut request = self.endpoints.authorize_url(|| CsrfToken::new(state));
        // The crate joins scopes by spaces; some providers want commas.
        for (name, scopes) in [("scope", scopes), ("user_scope", user_scopes)] {
            if !scopes.is_empty() {
                request = request.add_extra_param(name, scopes.join(separator));
            }
        }
        for (name, value) in &self.auth.authorize_params {
            request = request.add_extra_param(name.as_str(), value.as_str());
        }
        let verifier = match self.auth.pkce {
            Pkce::None => None,
            Pkce::Supported | Pkce::Required => {
                let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
                request = request.set_pkce_challenge(challenge);
                Some(verifier.into_secret().into())
            }
        };
        Authorization {
            url: request.url().0,
            code_verifier: verifier,
        }
    }

    /// Exchanges a code for tokens (RFC 6749 section 4.1.3) and gives every field of the answer.
    ///
    /// # Errors
    /// [`TokenFailure`].
    pub async fn exchange(
        &self,
        code: String,
        code_verifier: Option<String>,
        send: &SendRequest<'_>,
    ) -> Result<Map<String, Value>, TokenFailure> {
        let redactor = self.redactor([Some(code.as_str()), code_verifier.as_deref()]);
        let mut request = self.endpoints.exchange_code(AuthorizationCode::new(code));
        for (name, value) in &self.auth.token_params {
            request = request.add_extra_param(name.as_str(), value.as_str());
        }
        if let Some(verifier) = code_verifier {
            request = request.set_pkce_verifier(PkceCodeVerifier::new(verifier));
        }
        read(request.request_async(&Endpoint(send)).await, &redactor)
    }

    /// Exchanges a refresh token for new tokens (RFC 6749 section 6) and gives every field of the
    /// answer.
    ///
    /// # Errors
    /// [`TokenFailure`].
    pub async fn refresh(
        &self,
        refresh_token: String,
        send: &SendRequest<'_>,
    ) -> Result<Map<String, Value>, TokenFailure> {
        let endpoints = self
            .endpoints
            .clone()
            .set_token_uri(self.refresh_url.clone());
        let redactor = self.redactor([Some(refresh_token.as_str()), None]);
        let refresh_token = RefreshToken::new(refresh_token);
        let mut request = endpoints.exchange_refresh_token(&refresh_token);
        for (name, value) in &self.auth.refresh_params {
            request = request.add_extra_param(Cow::from(name.as_str()), value.as_str());
        }
        read(request.request_async(&Endpoint(send)).await, &redactor)
    }

    /// Knows what a request to the token endpoint holds: `grant` and the app's own secrets.
    fn redactor(&self, grant: [Option<&str>; 2]) -> Redactor {
        let own = self.app_secrets.iter().map(ExposeSecret::expose_secret);
        let all = own.chain(grant.into_iter().flatten());
        Redactor::new(all.map(|secret| Zeroizing::new(secret.to_owned())))
    }
}

/// The app's secret as it goes into a body, and as it goes into a header (RFC 6749 section 2.3.1).
fn app_secrets(app: &ClientApp) -> Vec<SecretString> {
    let Some(secret) = &app.client_secret else {
        return Vec::new();
    };
    let form =
        |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let (id, encoded) = (form(&app.client_id), form(secret.expose_secret()));
    vec![
        secret.clone(),
        STANDARD.encode(format!("{id}:{encoded}")).into(),
    ]
}

/// The crate's view of the caller's way to send.
struct Endpoint<'a, 'b>(&'a SendRequest<'b>);

impl<'c> AsyncHttpClient<'c> for Endpoint<'_, '_> {
    type Error = Error;
    type Future = BoxFuture<'c, Result<HttpResponse>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(async { Ok(token_reply::normalise((self.0)(request).await?)) })
    }
}

/// The crate's answer as ours. Its parse errors hold the whole body and so are left out.
fn read(
    reply: std::result::Result<TokenReply, TokenError>,
    redactor: &Redactor,
) -> Result<Map<String, Value>, TokenFailure> {
    let unusable = |message: &str| {
        TokenFailure::NoAnswer(Error::Upstream {
            message: message.into(),
            timed_out: false,
        })
    };
    match reply {
        Ok(reply) => match serde_json::to_value(&reply) {
            Ok(Value::Object(fields)) => Ok(fields),
            Ok(_) | Err(_) => Err(unusable("the token endpoint's answer cannot be kept")),
        },
        Err(RequestTokenError::ServerResponse(refusal)) => Err(TokenFailure::Refused {
            code: quoted(refusal.error().as_ref(), redactor),
            description: refusal
                .error_description()
                .map(|text| quoted(text, redactor)),
        }),
        Err(RequestTokenError::Request(error)) => Err(TokenFailure::NoAnswer(error)),
        Err(RequestTokenError::Parse(..)) => {
            Err(unusable("the token endpoint did not answer with a token"))
        }
        Err(RequestTokenError::Other(_)) => Err(unusable("the token endpoint's answer was empty")),
    }
}

/// A provider's words without what it was sent, and only then cut short.
fn quoted(text: &str, redactor: &Redactor) -> String {
    let mut text = text.to_owned();
    redactor.text(&mut text);
    presentable(&text)
}

const LONGEST_DESCRIPTION: usize = 300;

/// A provider's words, short enough and without control characters.
#[must_use]
pub fn presentable(text: &str) -> String {
    text.chars()
        .filter(|character| !character.is_control())
        .take(LONGEST_DESCRIPTION)
        .collect()
}

/// A URL template with its `{slots}` filled; values that enter a URL were checked against their
/// field's pattern when they were given.
fn fill_url(template: Option<&str>, what: &str, values: &Map<String, Value>) -> Result<Url> {
    let template =
        template.ok_or_else(|| Error::internal(format!("an OAUTH2 block has no {what}")))?;
    let value = |slot: Slot<'_>| values.get(slot.name)?.as_str().map(str::to_owned);
    let filled = template::fill(template, value)
        .map_err(|name| Error::invalid(format!("the connection needs a value for `{name}`")))?;
    Url::parse(&filled)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
        .ok_or_else(|| Error::invalid(format!("the connection's values make no valid {what}")))
}
