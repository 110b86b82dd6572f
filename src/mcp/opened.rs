//! Whose door it is: what a URL and the credential that came with it open.

use std::sync::Arc;

use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use url::form_urlencoded;

use super::cancel;
use super::fault::Fault;
use super::site::Site;
use crate::app::App;
use crate::caches::OpenProject;
use crate::error::{Error, Result};
use crate::executor::{CallContext, Reach};
use crate::ids::{McpServerId, ProjectId, RequestId, SessionId};
use crate::mcp_grants;
use crate::mcp_servers::{self, Who};
use crate::sessions::Scope;
use crate::storage::mcp_servers::McpServer;
use crate::tenancy;

/// What a request may reach.
#[derive(Debug)]
pub(super) struct Opened {
    /// For whom, and by which rules.
    pub(super) scope: Scope,
    /// Where the rules come from.
    pub(super) site: Site,
    /// Whether a tool whose toolkit is not connected answers with a link to connect it.
    pub(super) links: bool,
    /// Under which request calls are recorded.
    pub(super) context: CallContext,
    /// The client's name for what it has under way.
    pub(super) session: Option<String>,
}

/// What a URL names.
#[derive(Debug)]
pub(super) enum Place {
    /// An MCP server.
    Server(McpServerId),
    /// A session.
    Session(SessionId),
}

/// What the query of a URL says.
#[derive(Debug, Default)]
pub(super) struct Asked {
    pub(super) who: Who,
    pub(super) managed_auth: bool,
}

impl Asked {
    /// Reads a query; both spellings of accounts are taken, several with commas or repeated.
    ///
    /// # Errors
    /// For text that no database keeps.
    pub(super) fn read(query: Option<&str>) -> Result<Self, Fault> {
        let mut asked = Self::default();
        for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            if value.contains('\0') {
                return Err(Error::fields(vec![
                    "query: must not contain the NUL character".into(),
                ])
                .into());
            }
            let value = value.trim();
            if value.is_empty() {
                continue;
            }
            match &*name {
                "user_id" => asked.who.user = Some(value.to_owned()),
                "connected_account_id" | "connected_account_ids" => {
                    let ids = value.split(',').map(str::trim).filter(|id| !id.is_empty());
                    let ids = ids.map(|id| id.to_owned().into());
                    asked.who.accounts.extend(ids);
                }
                "managed_auth" => asked.managed_auth = value == "true",
                _ => {}
            }
        }
        Ok(asked)
    }
}

/// Opens a URL.
///
/// # Errors
/// 401 where a credential is missing or none, 404 where it opens nothing here: what is another project's
/// looks as if it were not there.
pub(super) async fn open(app: &App, place: &Place, parts: &Parts) -> Result<Opened, Fault> {
    let asked = Asked::read(parts.uri.query())?;
    let (scope, site) = match place {
        Place::Server(id) => {
            let server = server(app, id, parts).await?;
            let scope = mcp_servers::scope(app, &server, &asked.who).await?;
            (scope, Site::Server(server))
        }
        // Its user is its own, whatever the query says.
        Place::Session(id) => {
            let project = keys_project(app, parts).await?;
            let scope = Scope::of_session(app, &project, id).await?;
            (scope, Site::Session)
        }
    };
    let request_id = parts.extensions.get::<RequestId>().cloned();
    Ok(Opened {
        context: CallContext {
            project: scope.project.clone(),
            request_id: request_id.unwrap_or_else(RequestId::generate),
            reach: Reach::default(),
        },
        session: session_of(&parts.headers)?,
        links: site.offers_links(&scope) || asked.managed_auth,
        site,
        scope,
    })
}

/// The server that a URL names, if what came with the request opens it.
async fn server(app: &App, id: &McpServerId, parts: &Parts) -> Result<Arc<McpServer>, Fault> {
    let server = match mcp_servers::by_url(app, id).await {
        Ok(server) => Some(server),
        Err(Error::NotFound { .. }) => None,
        Err(error) => return Err(error.into()),
    };
    if key_of(&parts.headers).is_none() && token_of(&parts.headers).is_none() {
        return without_key(app, server, parts).await;
    }
    let project = keys_project(app, parts).await?;
    let own = server.filter(|server| server.project_id == project);
    own.ok_or_else(|| Error::not_found("MCP server", id.as_str()).into())
}

/// The project of the credential that came with the request, which counts there: an API key's, or that of
/// a token for this very URL.
async fn keys_project(app: &App, parts: &Parts) -> Result<ProjectId, Fault> {
    let Some(key) = key_of(&parts.headers) else {
        return match token_of(&parts.headers) {
            Some(token) => tokens_project(app, token, parts).await,
            None => Err(unauthorized(app, parts)),
        };
    };
    let key = tenancy::authenticate(app, key).await?;
    let Some(project) = &key.project_id else {
        let message = "this is an organisation key; MCP URLs need a project API key";
        return Err(Error::Unauthorized(message).into());
    };
    tenancy::count_request(app, &key.org_id, Some(project))?;
    Ok(project.clone())
}

async fn tokens_project(app: &App, token: &str, parts: &Parts) -> Result<ProjectId, Fault> {
    let refused = |error: Error| {
        let is_token = matches!(error, Error::Unauthorized(_));
        let fault = Fault::from(error);
        if is_token {
            fault.with_challenge(format!(
                "{}, error=\"invalid_token\"",
                challenge(app, parts)
            ))
        } else {
            fault
        }
    };
    let place = mcp_grants::Place::read(parts.uri.path(), parts.uri.query());
    let place = place.ok_or_else(|| unauthorized(app, parts))?;
    let verified = mcp_grants::verify(app, token, &place).await;
    let project = verified.map_err(refused)?;
    let open = tenancy::open_project(app, &project).await?;
    tenancy::count_request(app, &open.project.org_id, Some(&project))?;
    Ok(project)
}

fn token_of(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn key_of(headers: &HeaderMap) -> Option<&str> {
    let key = headers.get("x-api-key")?.to_str().ok()?.trim();
    (!key.is_empty()).then_some(key)
}

/// Where the project asks for no key, the URL is enough.
async fn without_key(
    app: &App,
    server: Option<Arc<McpServer>>,
    parts: &Parts,
) -> Result<Arc<McpServer>, Fault> {
    if let Some(server) = server
        && let Some(open) = keyless(app, &server.project_id).await?
    {
        tenancy::count_request(app, &open.project.org_id, Some(&server.project_id))?;
        return Ok(server);
    }
    Err(unauthorized(app, parts))
}

fn unauthorized(app: &App, parts: &Parts) -> Fault {
    let message = "the request has no `x-api-key` header, and no access token";
    Fault::http(StatusCode::UNAUTHORIZED, message).with_challenge(challenge(app, parts))
}

/// The project, if it asks MCP clients for no key.
async fn keyless(app: &App, project: &ProjectId) -> Result<Option<Arc<OpenProject>>, Fault> {
    match tenancy::open_project(app, project).await {
        Ok(open) if !open.project.settings.require_mcp_key => Ok(Some(open)),
        Ok(_) | Err(Error::NotFound { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Where a client finds out how to come by a token (RFC 9728 section 5.1).
fn challenge(app: &App, parts: &Parts) -> String {
    let place = parts
        .uri
        .path_and_query()
        .map_or("/", |place| place.as_str());
    format!(
        "Bearer resource_metadata=\"{}/.well-known/oauth-protected-resource{place}\"",
        app.config.public_base()
    )
}

/// The session id that the client sends, if it is one of ours.
fn session_of(headers: &HeaderMap) -> Result<Option<String>, Fault> {
    let Some(value) = headers.get("mcp-session-id") else {
        return Ok(None);
    };
    let id = value.to_str().unwrap_or_default();
    if cancel::is_session(id) {
        Ok(Some(id.to_owned()))
    } else {
        Err(Fault::unknown_session())
    }
}
