//! Clients that are registered at the provider for an auth config (RFC 7591): made once when the
//! first user connects, sealed with the config, made again when they are no longer good.

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderValue, Method, header};
use secrecy::SecretString;
use serde_json::{Map, Value};
use url::Url;

use super::blueprint::Blueprint;
use crate::app::App;
use crate::auth_schemes::oauth2::discovery::{self, ServerMetadata};
use crate::auth_schemes::oauth2::registration::{self as protocol, Registration};
use crate::auth_schemes::oauth2::{ClientApp, Endpoints, OAuthClient, TokenFailure};
use crate::catalog::manifest::{AuthManifest, TokenAuth};
use crate::catalog::template;
use crate::error::{Error, Result};
use crate::outbound::{AllowedHosts, OutboundReply, OutboundRequest};
use crate::storage::auth_configs::{self, AuthConfig};
use crate::storage::changes::Change;
use crate::tenancy;

const TIMEOUT: Duration = Duration::from_secs(10);
const LARGEST_DOCUMENT: usize = 256 * 1024;
/// A client's secret must outlive the consent that is asked for with it.
const SHORTEST_REST: Duration = Duration::from_mins(15);
/// How often a client is tried to be stored beside other writers.
const STORE_ATTEMPTS: usize = 5;

/// The config's client, registered now if there is none that is good. Asks the provider, so it is
/// called before a transaction begins.
///
/// # Errors
/// [`Error::Upstream`] when the provider registers none or its metadata are not to be trusted.
pub(super) async fn current(app: &App, blueprint: &Blueprint) -> Result<Registration> {
    let redirect_uri = blueprint.redirect_uri(app)?;
    if let Some(held) = &blueprint.secrets.registration
        && is_good(app, blueprint, held, &redirect_uri)
    {
        return Ok(held.clone());
    }
    let id = &blueprint.config.id;
    let row = app
        .registrations
        .run(id, register(app, blueprint, redirect_uri))
        .await?;
    let secrets = blueprint.keyring.open_config(&row)?;
    secrets
        .registration
        .ok_or_else(|| Error::Conflict("the client was removed while it was registered".into()))
}

fn is_good(app: &App, blueprint: &Blueprint, held: &Registration, redirect_uri: &Url) -> bool {
    let own = blueprint.secrets.text("client_id");
    let until = app.clock.now().after(SHORTEST_REST);
    held.is_good(redirect_uri, until) && own.is_none_or(|own| own == held.client_id)
}

/// Registers and stores. Where another replica was first, its client is taken: all users of a
/// config consent to the same one.
async fn register(app: &App, blueprint: &Blueprint, redirect_uri: Url) -> Result<Arc<AuthConfig>> {
    let mut made: Option<Registration> = None;
    for _ in 0..STORE_ATTEMPTS {
        let row = read(app, blueprint).await?;
        let mut secrets = blueprint.keyring.open_config(&row)?;
        if let Some(held) = &secrets.registration
            && is_good(app, blueprint, held, &redirect_uri)
        {
            return Ok(Arc::new(row));
        }
        let registration = match &made {
            Some(made) => made.clone(),
            None => make(app, blueprint, &redirect_uri).await?,
        };
        made = Some(registration.clone());
        secrets.registration = Some(registration);
        let sealed = blueprint.keyring.seal_config(&row.id, &secrets)?;
        if let Some(row) = store(app, row, sealed).await? {
            return Ok(Arc::new(row));
        }
    }
    Err(Error::internal(
        "an auth config is written by too many at once",
    ))
}

/// The provider knows the client no more: the next connection registers another.
///
/// # Errors
/// When the database does not answer.
pub(super) async fn forget(app: &App, blueprint: &Blueprint, client_id: &str) -> Result<()> {
    for _ in 0..STORE_ATTEMPTS {
        let row = read(app, blueprint).await?;
        let mut secrets = blueprint.keyring.open_config(&row)?;
        let held = secrets.registration.take();
        if held.is_none_or(|held| held.client_id != client_id) {
            return Ok(());
        }
        let sealed = blueprint.keyring.seal_config(&row.id, &secrets)?;
        if store(app, row, sealed).await?.is_some() {
            tracing::info!(auth_config.id = %blueprint.config.id, "a registered client was forgotten");
            return Ok(());
        }
    }
    Ok(())
}

/// What it means for an account when the provider knows its client no more: its refresh token was
/// good for that client alone, so only the user can give a new grant.
///
/// # Errors
/// When the database does not answer.
pub(super) async fn lost(
    app: &App,
    blueprint: &Blueprint,
    values: &Map<String, Value>,
) -> Result<TokenFailure> {
    if let Some(client_id) = values.get("client_id").and_then(Value::as_str) {
        forget(app, blueprint, client_id).await?;
    }
    Ok(TokenFailure::Refused {
        code: "invalid_grant".into(),
        description: Some(
            "the client that was registered for this account is not known any more".into(),
        ),
    })
}

async fn read(app: &App, blueprint: &Blueprint) -> Result<AuthConfig> {
    let (project, id) = (&blueprint.config.project_id, &blueprint.config.id);
    let mut session = app.db.read().await?;
    auth_configs::find(session.conn(), project, id)
        .await?
        .ok_or_else(|| Error::not_found("auth config", id.as_str()))
}

/// The row with other credentials; none where another writer was first.
async fn store(app: &App, row: AuthConfig, sealed: Vec<u8>) -> Result<Option<AuthConfig>> {
    let mut tx = app.db.begin().await?;
    let (project, id) = (&row.project_id, &row.id);
    let seen = &row.credentials;
    if !auth_configs::replace_credentials(tx.conn(), project, id, seen, &sealed).await? {
        return Ok(None);
    }
    tx.changed(Change::AuthConfig {
        project: project.clone(),
        id: id.clone(),
    });
    tx.commit().await?;
    Ok(Some(AuthConfig {
        credentials: sealed,
        ..row
    }))
}

/// A client at the provider: the config's own where it brings one, else a new one.
async fn make(app: &App, blueprint: &Blueprint, redirect_uri: &Url) -> Result<Registration> {
    let auth = blueprint.auth()?;
    let server = server(app, blueprint).await?;
    if let Some(client_id) = blueprint.secrets.text("client_id") {
        let client_secret = blueprint.secrets.text("client_secret").map(str::to_owned);
        let method = match client_secret {
            Some(_) => protocol::choose(auth.token_auth, &server).unwrap_or(auth.token_auth),
            None => TokenAuth::None,
        };
        return Ok(own(client_id, client_secret, method, redirect_uri, server));
    }
    let url = server.registration_url.clone().ok_or_else(|| {
        Error::invalid_with_fix(
            format!("{} registers no clients", server.issuer),
            "Create the auth config with a `client_id` of your own.",
        )
    })?;
    let method = protocol::choose(auth.token_auth, &server).ok_or_else(|| {
        Error::upstream(format!("{} takes no client that we can be", server.issuer))
    })?;
    let project = tenancy::open_project(app, &blueprint.config.project_id).await?;
    let name = project.project.settings.display_name.as_deref();
    let scope = blueprint.scopes(auth).join(&auth.scopes.separator);
    let body = protocol::request(name.unwrap_or("Tenon"), redirect_uri, method, &scope);
    let mut request = document(Method::POST, url);
    let json = HeaderValue::from_static("application/json");
    request.headers.insert(header::CONTENT_TYPE, json);
    request.body = body.to_string().into();
    let OutboundReply { status, body, .. } = app.outbound.send(request).await?;
    let made = protocol::read(status, &body, &server, method, redirect_uri)?;
    tracing::info!(auth_config.id = %blueprint.config.id, "a client was registered");
    Ok(made)
}

fn own(
    client_id: &str,
    client_secret: Option<String>,
    token_auth: TokenAuth,
    redirect_uri: &Url,
    server: ServerMetadata,
) -> Registration {
    Registration {
        client_id: client_id.to_owned(),
        client_secret,
        client_id_issued_at: None,
        client_secret_expires_at: None,
        token_auth,
        redirect_uri: redirect_uri.clone(),
        authorize_url: server.authorize_url,
        token_url: server.token_url,
        issuer: server.names_itself.then_some(server.issuer),
    }
}

/// What is known of the authorization server: by the manifest where it names every endpoint, else
/// by metadata.
async fn server(app: &App, blueprint: &Blueprint) -> Result<ServerMetadata> {
    let auth = blueprint.auth()?;
    let values = blueprint.secrets.inherited();
    if auth.token_url.is_some() {
        return declared(auth, &values);
    }
    let hosts = hosts(auth, &values)?;
    let issuer = match url(auth.issuer.as_deref(), &values)? {
        Some(issuer) => issuer,
        None => issuer_of_resource(app, auth, &values, &hosts).await?,
    };
    for url in discovery::server_urls(&issuer) {
        if let Some(body) = fetch(app, url).await? {
            return discovery::read_server(&issuer, &body, &hosts);
        }
    }
    Err(Error::upstream(format!(
        "{issuer} has no metadata (RFC 8414)"
    )))
}

fn declared(auth: &AuthManifest, values: &Map<String, Value>) -> Result<ServerMetadata> {
    let Endpoints {
        authorize,
        token,
        refresh: _,
    } = Endpoints::of(auth, values);
    let token = token?;
    Ok(ServerMetadata {
        issuer: match &auth.issuer {
            Some(issuer) => issuer.clone(),
            None => token.origin().ascii_serialization(),
        },
        authorize_url: authorize?,
        token_url: token,
        registration_url: url(auth.registration_url.as_deref(), values)?,
        names_itself: auth.issuer.is_some(),
        token_auth: vec![auth.token_auth],
    })
}

/// The server that the resource names, or the resource's own origin where it says nothing.
async fn issuer_of_resource(
    app: &App,
    auth: &AuthManifest,
    values: &Map<String, Value>,
    hosts: &AllowedHosts,
) -> Result<Url> {
    let resource = url(auth.resource.as_deref(), values)?
        .ok_or_else(|| Error::internal("a DCR_OAUTH block has neither issuer nor resource"))?;
    for url in discovery::resource_urls(&resource) {
        if let Some(body) = fetch(app, url).await?
            && let Some(issuer) = discovery::read_resource(&resource, &body, hosts)?
        {
            return Ok(issuer);
        }
    }
    let mut origin = resource;
    origin.set_path("/");
    origin.set_query(None);
    Ok(origin)
}

/// Where endpoints may be: the manifest says it, a document does not.
fn hosts(auth: &AuthManifest, values: &Map<String, Value>) -> Result<AllowedHosts> {
    let mut hosts = AllowedHosts(auth.auth_hosts.clone());
    for template in [&auth.issuer, &auth.resource] {
        if let Some(url) = url(template.as_deref(), values)? {
            hosts.add_url(&url);
        }
    }
    Ok(hosts)
}

fn url(template: Option<&str>, values: &Map<String, Value>) -> Result<Option<Url>> {
    let Some(template) = template else {
        return Ok(None);
    };
    let value = |slot: template::Slot<'_>| values.get(slot.name)?.as_str().map(str::to_owned);
    let text = template::fill(template, value)
        .map_err(|name| Error::invalid(format!("the auth config needs a value for `{name}`")))?;
    Url::parse(&text)
        .map(Some)
        .map_err(|_| Error::invalid("the auth config's values make no valid URL"))
}

/// A document, if it is there.
async fn fetch(app: &App, url: Url) -> Result<Option<Vec<u8>>> {
    let OutboundReply { status, body, .. } = app.outbound.send(document(Method::GET, url)).await?;
    Ok((status == 200).then(|| body.to_vec()))
}

fn document(method: Method, url: Url) -> OutboundRequest {
    let mut request = OutboundRequest::new(method, url);
    let json = HeaderValue::from_static("application/json");
    request.headers.insert(header::ACCEPT, json);
    request.timeout = TIMEOUT;
    request.max_bytes = LARGEST_DOCUMENT;
    request.max_redirects = 0;
    request
}

/// The OAuth client for a connection by a registered client.
///
/// # Errors
/// When the toolkit no longer has the scheme.
pub(super) fn client<'b>(
    blueprint: &'b Blueprint,
    registration: &Registration,
    values: &Map<String, Value>,
) -> Result<OAuthClient<'b>> {
    let all = blueprint.secrets.inherited_with(values.clone());
    let endpoints = registration.endpoints();
    let app = registration.app();
    Ok(OAuthClient::new(blueprint.auth()?, &app, endpoints, all))
}

/// The OAuth client that an account's refresh tokens are good for: the one it was connected by,
/// which need not be the config's any more.
///
/// # Errors
/// When the provider's endpoints cannot be found.
pub(super) async fn client_of_account<'b>(
    app: &App,
    blueprint: &'b Blueprint,
    values: &Map<String, Value>,
) -> Result<OAuthClient<'b>> {
    let held = blueprint.secrets.registration.as_ref();
    let text = |name: &str| values.get(name).and_then(Value::as_str);
    let client_id = text("client_id");
    if let Some(held) = held
        && client_id.is_none_or(|own| own == held.client_id)
    {
        return client(blueprint, held, values);
    }
    let endpoints = if let Some(held) = held {
        held.endpoints()
    } else {
        let server = server(app, blueprint).await?;
        Endpoints {
            authorize: Ok(server.authorize_url),
            refresh: Ok(server.token_url.clone()),
            token: Ok(server.token_url),
        }
    };
    let client_id = client_id.ok_or_else(|| Error::invalid("the account has no `client_id`"))?;
    let auth = blueprint.auth()?;
    let own = ClientApp {
        client_id: client_id.to_owned(),
        client_secret: text("client_secret").map(SecretString::from),
        redirect_uri: blueprint.redirect_uri(app)?,
        token_auth: match text("client_secret") {
            Some(_) => text("token_endpoint_auth_method")
                .and_then(discovery::token_auth)
                .unwrap_or(auth.token_auth),
            None => TokenAuth::None,
        },
    };
    let all = blueprint.secrets.inherited_with(values.clone());
    Ok(OAuthClient::new(auth, &own, endpoints, all))
}
