//! Executes tools and proxied calls: account, arguments, credential, request, reply, result.
//!
//! An upstream's refusal, and its failure to answer, is a result (`successful: false`); what we
//! cannot do ourselves is an error. Keeping the two apart is the main rule here.

mod arguments;
mod connection;
mod identity;
mod proxy;
mod recording;
mod request;
mod response;

pub use identity::{lets_in, try_credentials, welcomes};
pub use proxy::{ProxyCall, ProxyReply, proxy};

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};

use crate::accounts::{AccountSelector, DEFAULT_USER};
use crate::app::App;
use crate::auth_schemes::Redactor;
use crate::catalog::Tool;
use crate::error::{Error, Result};
use crate::ids::{LogId, ProjectId, RequestId};
use crate::outbound::{OutboundReply, OutboundRequest};
use crate::tenancy;
use connection::Connection;
use recording::Recording;
use response::Shaped;

/// The version of a call that names none.
const DEFAULT_VERSION: &str = "00000000_00";
const UNAUTHORIZED: u16 = 401;

/// For whom a call is made, and under which request it is recorded.
#[derive(Debug, Clone)]
pub struct CallContext {
    /// The tenant.
    pub project: ProjectId,
    /// The API request.
    pub request_id: RequestId,
}

/// A call of a tool.
#[derive(Debug, Clone, Default)]
pub struct ToolCall {
    /// `latest`, `00000000_00` or a released version.
    pub version: Option<String>,
    /// The arguments as they came.
    pub arguments: Map<String, Value>,
    /// Whose account.
    pub account: AccountSelector,
}

/// What came of a tool's execution.
#[derive(Debug, Clone)]
pub struct ToolResult {
    /// The tool's data, or what is known of the failure.
    pub data: Map<String, Value>,
    /// Why it failed; none for a success.
    pub error: Option<String>,
    /// The record's id.
    pub log_id: LogId,
}

/// Executes a tool for a project's user and records it.
///
/// # Errors
/// [`Error::NotFound`] for an unknown tool, version or account, [`Error::NoConnectedAccount`],
/// [`Error::AccountUnusable`], [`Error::Invalid`] for arguments that the tool's schema forbids,
/// [`Error::Forbidden`] when the auth config does not allow the tool. An upstream that refuses or
/// does not answer is a result.
pub async fn execute(
    app: &App,
    context: &CallContext,
    slug: &str,
    call: ToolCall,
) -> Result<ToolResult> {
    let version = call.version.as_deref().unwrap_or(DEFAULT_VERSION);
    let tool = Arc::clone(app.catalog.current().tool(slug, Some(version))?);
    let mut recording = Recording::begin(app, context, "tool", &tool.toolkit.manifest.slug);
    recording.name(&tool.manifest.slug, Some(version));
    let log_id = recording.id();
    let outcome = match run(app, context, &tool, call, &mut recording).await {
        // SDKs repeat what fails with 5xx; the tool may have done its work already.
        Err(Error::Upstream { message, .. }) => Ok(response::unreachable(&message)),
        outcome => outcome,
    };
    match &outcome {
        Ok(shaped) => recording.finish(shaped.error.as_deref()),
        Err(error) => recording.finish(Some(&error.to_string())),
    }
    let Shaped { data, error } = outcome?;
    Ok(ToolResult {
        data,
        error,
        log_id,
    })
}

async fn run(
    app: &App,
    context: &CallContext,
    tool: &Tool,
    call: ToolCall,
    recording: &mut Recording,
) -> Result<Shaped> {
    let project = tenancy::open_project(app, &context.project).await?;
    recording.stores_data(&project.project.settings.log_visibility);
    recording.user(Some(call.account.user.as_deref().unwrap_or(DEFAULT_USER)));
    let account =
        connection::pick_account(app, &context.project, &tool.toolkit, &call.account).await?;
    if let Some(account) = &account {
        recording.account(account);
        connection::check_restriction(app, account, &tool.manifest.slug).await?;
    }
    let arguments = arguments::prepare(tool, call.arguments)?;
    recording.arguments(|| arguments::without_secrets(tool, &arguments));
    let mut connection = Connection::open(app, &tool.toolkit, account).await?;
    let build = |connection: &Connection| build(app, tool, &arguments, connection);
    let (reply, redactor, url) = send(app, &mut connection, build, recording).await?;
    let rule = tool
        .manifest
        .response
        .as_ref()
        .unwrap_or(&tool.toolkit.manifest.response);
    Ok(response::shape(rule, &reply, &redactor, url))
}

fn build(
    app: &App,
    tool: &Tool,
    arguments: &Map<String, Value>,
    connection: &Connection,
) -> Result<OutboundRequest> {
    let base = connection.base_url(tool.manifest.request.server.as_deref())?;
    let mut request = request::build(tool, arguments, &base)?;
    limit(app, &mut request);
    if let Some(seconds) = tool.manifest.timeout_s {
        request.timeout = Duration::from_secs(seconds);
    }
    connection.authorize(&mut request)?;
    Ok(request)
}

fn limit(app: &App, request: &mut OutboundRequest) {
    request.timeout = app.config.upstream_timeout();
    request.max_bytes = app.config.max_upstream_bytes;
}

/// Sends what `build` makes; after a 401 once more, if there are other credentials by then. Gives
/// the reply, what must not be shown of it, and the URL without its query.
async fn send(
    app: &App,
    connection: &mut Connection,
    build: impl Fn(&Connection) -> Result<OutboundRequest>,
    recording: &mut Recording,
) -> Result<(OutboundReply, Redactor, String)> {
    let mut request = build(connection)?;
    recording.attempt();
    let mut redactor = connection.redactor(&request);
    let mut reply = app.outbound.send(request.clone()).await?;
    if reply.status == UNAUTHORIZED && connection.refresh(app).await? {
        request = build(connection)?;
        // The upstream may speak of the old token still.
        redactor.learn(connection.redactor(&request));
        recording.attempt();
        reply = app.outbound.send(request.clone()).await?;
    }
    recording.upstream_status(reply.status);
    let url = format!(
        "{}{}",
        request.url.origin().ascii_serialization(),
        request.url.path()
    );
    Ok((reply, redactor, url))
}
