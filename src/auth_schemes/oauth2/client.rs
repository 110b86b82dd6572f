//! One OAuth app at one provider: exchanges codes, refresh tokens and its own credentials for
//! tokens (RFC 6749 sections 4.1.3, 6 and 4.4).

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures_util::future::BoxFuture;
use oauth2::basic::{BasicErrorResponse, BasicRevocationErrorResponse};
use oauth2::basic::{BasicTokenIntrospectionResponse, BasicTokenType};
use oauth2::{
    AsyncHttpClient, AuthType, AuthorizationCode, ClientId, ClientSecret, EndpointNotSet,
    EndpointSet, ExtraTokenFields, HttpRequest, HttpResponse, PkceCodeVerifier, RedirectUrl,
    RefreshToken, RequestTokenError, StandardRevocableToken, StandardTokenResponse, TokenUrl,
};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use url::Url;
use zeroize::Zeroizing;

use super::failure::{TokenFailure, presentable};
use super::token_reply;
use super::token_request::Form;
use crate::auth_schemes::Redactor;
use crate::auth_schemes::values::{fill, plain};
use crate::catalog::manifest::{AuthManifest, TokenAuth};
use crate::catalog::template::{self, Slot};
use crate::error::{Error, Result};

/// What a provider adds to its token response, kept as it came.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct FurtherFields(Map<String, Value>);

impl ExtraTokenFields for FurtherFields {}

pub(super) type TokenReply = StandardTokenResponse<FurtherFields, BasicTokenType>;
type TokenError = RequestTokenError<Error, BasicErrorResponse>;
pub(super) type CrateClient = oauth2::Client<
    BasicErrorResponse,
    TokenReply,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
>;

type ReadyClient = oauth2::Client<
    BasicErrorResponse,
    TokenReply,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    EndpointNotSet,
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
    /// How it proves itself.
    pub token_auth: TokenAuth,
}

/// Where a provider takes requests. A URL may lack a value that comes later: some providers say
/// with the code which of their hosts it is for.
#[derive(Debug, Clone)]
pub struct Endpoints {
    /// RFC 6749 section 3.1.
    pub authorize: Result<Url>,
    /// RFC 6749 section 3.2.
    pub token: Result<Url>,
    /// Where refresh tokens go.
    pub refresh: Result<Url>,
}

impl Endpoints {
    /// Those of an auth block; `values` fill the placeholders of its URLs.
    #[must_use]
    pub fn of(auth: &AuthManifest, values: &Map<String, Value>) -> Self {
        let filled = |url: &Option<String>, what| match url {
            Some(url) => fill_url(url, what, values),
            None => Err(Error::internal(format!("an auth block has no {what}"))),
        };
        let refresh_url = auth.refresh_url.as_ref().or(auth.token_url.as_ref());
        Self {
            authorize: filled(&auth.authorize_url, "authorize_url"),
            token: filled(&auth.token_url, "token_url"),
            refresh: filled(&refresh_url.cloned(), "refresh_url"),
        }
    }
}

/// Sends a request to a token endpoint.
pub type SendRequest<'a> = dyn Fn(HttpRequest) -> BoxFuture<'a, Result<HttpResponse>> + Sync + 'a;

/// What a token request brought.
pub struct TokenAnswer {
    /// Every field of the answer, with those of RFC 6749 section 5.1 at the top.
    pub tokens: Map<String, Value>,
    /// What the manifest keeps of it, by the names the connection has for it; unchecked.
    pub kept: Map<String, Value>,
}

/// Without the values.
impl std::fmt::Debug for TokenAnswer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TokenAnswer({} fields)", self.tokens.len())
    }
}

/// One OAuth app at one provider.
pub struct OAuthClient<'a> {
    pub(super) auth: &'a AuthManifest,
    pub(super) endpoints: CrateClient,
    pub(super) urls: Endpoints,
    /// What fills the placeholders of parameters.
    values: Map<String, Value>,
    /// What the app shows the provider, in every form; a provider may quote it.
    app_secrets: Vec<SecretString>,
}

/// Without the values.
impl std::fmt::Debug for OAuthClient<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "OAuthClient({})", self.auth.scheme)
    }
}

impl<'a> OAuthClient<'a> {
    /// The client for an auth block; `values` fill the placeholders of its parameters.
    #[must_use]
    pub fn new(
        auth: &'a AuthManifest,
        app: &ClientApp,
        endpoints: Endpoints,
        values: Map<String, Value>,
    ) -> Self {
        let urls = endpoints;
        let endpoints = oauth2::Client::new(ClientId::new(app.client_id.clone()))
            .set_redirect_uri(RedirectUrl::from_url(app.redirect_uri.clone()))
            .set_auth_type(match app.token_auth {
                TokenAuth::ClientSecretBasic => AuthType::BasicAuth,
                TokenAuth::ClientSecretPost | TokenAuth::None => AuthType::RequestBody,
            });
        let endpoints = match (&app.client_secret, app.token_auth) {
            (Some(secret), TokenAuth::ClientSecretBasic | TokenAuth::ClientSecretPost) => {
                endpoints.set_client_secret(ClientSecret::new(secret.expose_secret().to_owned()))
            }
            (None, _) | (_, TokenAuth::None) => endpoints,
        };
        Self {
            auth,
            endpoints,
            urls,
            values,
            app_secrets: app_secrets(app),
        }
    }

    /// Exchanges a code for tokens (RFC 6749 section 4.1.3).
    ///
    /// # Errors
    /// [`TokenFailure`].
    pub async fn exchange(
        &self,
        code: String,
        code_verifier: Option<String>,
        send: &SendRequest<'_>,
    ) -> Result<TokenAnswer, TokenFailure> {
        let redactor = self.redactor([Some(code.as_str()), code_verifier.as_deref()]);
        let endpoints = self.at(&self.urls.token)?;
        let mut request = endpoints.exchange_code(AuthorizationCode::new(code));
        if let Some(verifier) = code_verifier {
            request = request.set_pkce_verifier(PkceCodeVerifier::new(verifier));
        }
        let endpoint = self.endpoint(&self.auth.token_params, send);
        let reply = request.request_async(&endpoint).await;
        self.answer(reply, endpoint, &redactor)
    }

    /// Exchanges a refresh token for new tokens (RFC 6749 section 6).
    ///
    /// # Errors
    /// [`TokenFailure`].
    pub async fn refresh(
        &self,
        refresh_token: String,
        send: &SendRequest<'_>,
    ) -> Result<TokenAnswer, TokenFailure> {
        let endpoints = self.at(&self.urls.refresh)?;
        let redactor = self.redactor([Some(refresh_token.as_str()), None]);
        let refresh_token = RefreshToken::new(refresh_token);
        let request = endpoints.exchange_refresh_token(&refresh_token);
        let endpoint = self.endpoint(&self.auth.refresh_params, send);
        let reply = request.request_async(&endpoint).await;
        self.answer(reply, endpoint, &redactor)
    }

    /// Exchanges the app's own credentials for a token (RFC 6749 section 4.4).
    ///
    /// # Errors
    /// [`TokenFailure`].
    pub async fn client_credentials(
        &self,
        scopes: &[String],
        send: &SendRequest<'_>,
    ) -> Result<TokenAnswer, TokenFailure> {
        let redactor = self.redactor([None, None]);
        let endpoints = self.at(&self.urls.token)?;
        let mut request = endpoints.exchange_client_credentials();
        for (name, scopes) in self.scope_params(scopes, &[]) {
            request = request.add_extra_param(name, scopes);
        }
        let endpoint = self.endpoint(&self.auth.token_params, send);
        let reply = request.request_async(&endpoint).await;
        self.answer(reply, endpoint, &redactor)
    }

    fn at(&self, url: &Result<Url>) -> Result<ReadyClient, TokenFailure> {
        let url = url.clone().map_err(TokenFailure::NoAnswer)?;
        Ok(self
            .endpoints
            .clone()
            .set_token_uri(TokenUrl::from_url(url)))
    }

    fn endpoint<'c, 's>(
        &'c self,
        params: &BTreeMap<String, String>,
        send: &'c SendRequest<'s>,
    ) -> Endpoint<'c, 's> {
        let mut params = self.filled(params);
        params.extend(self.resource());
        Endpoint {
            send,
            form: Form {
                params,
                headers: &self.auth.token_headers,
                body: self.auth.token_body,
            },
            auth: self.auth,
            raw: Mutex::default(),
        }
    }

    /// Parameters with their placeholders filled, without those that lack a value.
    pub(super) fn filled(&self, params: &BTreeMap<String, String>) -> Vec<(String, String)> {
        params
            .iter()
            .filter_map(|(name, text)| Some((name.clone(), fill(text, &self.values).ok()?)))
            .collect()
    }

    /// The resource that the token is for (RFC 8707 section 2); the same in every request.
    pub(super) fn resource(&self) -> Option<(String, String)> {
        let resource = fill(self.auth.resource.as_deref()?, &self.values).ok()?;
        Some(("resource".to_owned(), resource))
    }

    /// Knows what a request to the token endpoint holds: `grant`, the app's own secrets, and what
    /// parameters take from the connection.
    fn redactor(&self, grant: [Option<&str>; 2]) -> Redactor {
        let own = self.app_secrets.iter().map(ExposeSecret::expose_secret);
        let filled = self.secrets_in_params();
        let all = own
            .chain(grant.into_iter().flatten())
            .chain(filled.iter().map(String::as_str));
        Redactor::new(all.map(|secret| Zeroizing::new(secret.to_owned())))
    }

    fn secrets_in_params(&self) -> Vec<String> {
        let params = [&self.auth.token_params, &self.auth.refresh_params];
        params
            .into_iter()
            .flat_map(BTreeMap::values)
            .flat_map(|text| template::slots(text))
            .filter(|slot| crate::auth_schemes::is_secret(Some(self.auth), slot.name))
            .filter_map(|slot| plain(self.values.get(slot.name)?))
            .collect()
    }

    /// The crate's answer as ours. Its parse errors hold the whole body and so are left out.
    fn answer(
        &self,
        reply: std::result::Result<TokenReply, TokenError>,
        endpoint: Endpoint<'_, '_>,
        redactor: &Redactor,
    ) -> Result<TokenAnswer, TokenFailure> {
        let reply = match reply {
            Ok(reply) => reply,
            Err(error) => return Err(failure(error, redactor)),
        };
        let Ok(Value::Object(tokens)) = serde_json::to_value(&reply) else {
            return Err(TokenFailure::unusable(
                "the token endpoint's answer cannot be kept",
            ));
        };
        let raw = endpoint
            .raw
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        let kept = self.auth.keep.iter().filter_map(|(name, kept)| {
            let value = token_reply::at(&raw, &kept.from)?;
            Some((name.clone(), value.clone()))
        });
        Ok(TokenAnswer {
            kept: kept.collect(),
            tokens,
        })
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

/// The crate's view of the caller's way to send, with the manifest's wishes on the way out and the
/// answer put in order on the way in.
struct Endpoint<'a, 'b> {
    send: &'a SendRequest<'b>,
    form: Form<'a>,
    auth: &'a AuthManifest,
    /// The answer before it was put in order.
    raw: Mutex<Map<String, Value>>,
}

impl<'c> AsyncHttpClient<'c> for Endpoint<'_, '_> {
    type Error = Error;
    type Future = BoxFuture<'c, Result<HttpResponse>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(async {
            let reply = (self.send)(self.form.of(request)?).await?;
            let (reply, raw) = token_reply::normalise(reply, &self.auth.token_response);
            *self.raw.lock().unwrap_or_else(PoisonError::into_inner) = raw;
            Ok(reply)
        })
    }
}

fn failure(error: TokenError, redactor: &Redactor) -> TokenFailure {
    match error {
        RequestTokenError::ServerResponse(refusal) => TokenFailure::Refused {
            code: quoted(refusal.error().as_ref(), redactor),
            description: refusal
                .error_description()
                .map(|text| quoted(text, redactor)),
        },
        RequestTokenError::Request(error) => TokenFailure::NoAnswer(error),
        RequestTokenError::Parse(..) => {
            TokenFailure::unusable("the token endpoint did not answer with a token")
        }
        RequestTokenError::Other(_) => {
            TokenFailure::unusable("the token endpoint's answer was empty")
        }
    }
}

/// A provider's words without what it was sent, and only then cut short.
fn quoted(text: &str, redactor: &Redactor) -> String {
    let mut text = text.to_owned();
    redactor.text(&mut text);
    presentable(&text)
}

/// A URL template with its `{slots}` filled; values that enter a URL were checked against their
/// field's pattern when they were given.
pub(super) fn fill_url(template: &str, what: &str, values: &Map<String, Value>) -> Result<Url> {
    let value = |slot: Slot<'_>| values.get(slot.name)?.as_str().map(str::to_owned);
    let filled = template::fill(template, value)
        .map_err(|name| Error::invalid(format!("the connection needs a value for `{name}`")))?;
    Url::parse(&filled)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
        .ok_or_else(|| Error::invalid(format!("the connection's values make no valid {what}")))
}
