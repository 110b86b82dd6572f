//! The OAuth app and the token endpoint behind an auth config.

use std::time::Duration;

use http::header;
use oauth2::{HttpRequest, HttpResponse};
use secrecy::SecretString;
use serde_json::{Map, Value};
use url::Url;

use super::secrets::ConfigSecrets;
use crate::app::App;
use crate::auth_schemes::oauth2::{ClientApp, OAuthClient};
use crate::catalog::Toolkit;
use crate::catalog::manifest::AuthManifest;
use crate::config::OAuthApp;
use crate::error::{Error, Result};
use crate::outbound::{AllowedHosts, OutboundRequest};
use crate::scheme::Scheme;
use crate::storage::auth_configs::AuthConfig;

const TOKEN_TIMEOUT: Duration = Duration::from_secs(30);
const LARGEST_TOKEN_REPLY: usize = 1024 * 1024;
const CALLBACK_PATH: &str = "/api/v3/toolkits/auth/callback";

/// The client for an auth config whose connection has `values`.
///
/// # Errors
/// When the config is managed and the operator's app is gone, or a URL cannot be made.
pub(super) fn client<'a>(
    app: &App,
    toolkit: &'a Toolkit,
    config: &AuthConfig,
    secrets: &ConfigSecrets,
    values: &Map<String, Value>,
) -> Result<OAuthClient<'a>> {
    let auth = auth_block(toolkit, Scheme::OAuth2)?;
    let redirect_uri = redirect_uri(app, secrets)?;
    let client_app = if config.managed {
        let OAuthApp {
            client_id,
            client_secret,
        } = managed_app(toolkit)?.clone();
        ClientApp {
            client_id,
            client_secret: Some(client_secret),
            redirect_uri,
        }
    } else {
        let client_id = secrets.text("client_id").ok_or_else(|| {
            Error::invalid(format!("auth config `{}` has no client_id", config.id))
        })?;
        let client_secret = secrets.text("client_secret").map(SecretString::from);
        ClientApp {
            client_id: client_id.to_owned(),
            client_secret,
            redirect_uri,
        }
    };
    let mut all = secrets.inherited();
    all.extend(values.clone());
    OAuthClient::new(auth, &client_app, &all)
}

/// Where providers send browsers back to, unless the auth config says otherwise.
pub(super) fn redirect_uri(app: &App, secrets: &ConfigSecrets) -> Result<Url> {
    let text = match secrets.text("oauth_redirect_uri") {
        Some(own) => own.to_owned(),
        None => format!("{}{CALLBACK_PATH}", app.config.public_base()),
    };
    Url::parse(&text).map_err(|_| Error::invalid("`oauth_redirect_uri` is not an absolute URL"))
}

/// The operator's own OAuth app for a toolkit.
///
/// # Errors
/// [`Error::Invalid`] that says how to set one.
pub(super) fn managed_app(toolkit: &Toolkit) -> Result<&OAuthApp> {
    toolkit.managed_app.as_ref().ok_or_else(|| {
        let slug = &toolkit.manifest.slug;
        let name = slug.to_ascii_uppercase();
        Error::invalid_with_fix(
            format!("this server has no managed OAuth app for `{slug}`"),
            format!(
                "Create the auth config with `type: use_custom_auth` and credentials of your own, \
                 or let the server's operator set TENON_OAUTH_CLIENT_ID_{name} and \
                 TENON_OAUTH_CLIENT_SECRET_{name}."
            ),
        )
    })
}

/// What a connection asks for: the config's own scopes, else those of the tools it was made for,
/// else the toolkit's.
pub(super) fn scopes(
    app: &App,
    auth: &AuthManifest,
    config: &AuthConfig,
    secrets: &ConfigSecrets,
) -> Vec<String> {
    let own = secrets.list("scopes");
    if !own.is_empty() {
        return own;
    }
    let catalog = app.catalog.current();
    let mut needed: Vec<String> = Vec::new();
    for slug in config.tools_for_account_creation.iter().flatten() {
        let scopes = catalog
            .tool(slug, None)
            .map(|tool| tool.manifest.scopes.clone());
        for scope in scopes.unwrap_or_default() {
            if !needed.contains(&scope) {
                needed.push(scope);
            }
        }
    }
    if needed.is_empty() {
        auth.scopes.default.clone()
    } else {
        needed
    }
}

/// The toolkit's block for the scheme of a config or account.
///
/// # Errors
/// When the toolkit no longer has the scheme.
pub(super) fn auth_block(toolkit: &Toolkit, scheme: Scheme) -> Result<&AuthManifest> {
    toolkit.auth(scheme).ok_or_else(|| {
        let slug = &toolkit.manifest.slug;
        Error::invalid(format!("toolkit `{slug}` cannot be connected by {scheme}"))
    })
}

/// Sends a request to a token endpoint. It holds the client's secret and the grant, so they go to
/// that endpoint's host alone and no redirect is followed.
///
/// # Errors
/// [`Error::Upstream`] when there is no answer.
pub(super) async fn send(app: &App, request: HttpRequest) -> Result<HttpResponse> {
    let (mut parts, body) = request.into_parts();
    let url = Url::parse(&parts.uri.to_string())
        .map_err(|_| Error::internal("a token request has no valid URL"))?;
    let mut credential_headers = http::HeaderMap::new();
    if let Some(authorization) = parts.headers.remove(header::AUTHORIZATION) {
        credential_headers.insert(header::AUTHORIZATION, authorization);
    }
    let host = url.host_str().unwrap_or_default().to_owned();
    let reply = app
        .outbound
        .send(OutboundRequest {
            method: parts.method,
            url,
            headers: parts.headers,
            credential_headers,
            credential_query: Vec::new(),
            credential_hosts: AllowedHosts(vec![host]),
            body: body.into(),
            timeout: TOKEN_TIMEOUT,
            max_bytes: LARGEST_TOKEN_REPLY,
            max_redirects: 0,
        })
        .await?;
    let mut response = http::Response::new(reply.body.to_vec());
    *response.status_mut() = http::StatusCode::from_u16(reply.status)
        .map_err(|_| Error::internal("an answer has an impossible status"))?;
    *response.headers_mut() = reply.headers;
    Ok(response)
}
