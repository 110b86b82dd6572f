//! Executes tools and proxied calls: account, arguments, credential, request, reply, result.
//!
//! An upstream's refusal, and its failure to answer, is a result (`successful: false`); what we
//! cannot do ourselves is an error. Keeping the two apart is the main rule here.

mod arguments;
mod attempts;
mod binary;
mod call;
mod connection;
mod custom_auth;
mod explain;
mod files;
mod form;
mod from_text;
#[cfg(fuzzing)]
pub mod fuzzing;
mod identity;
mod mcp;
mod own;
mod proxy;
mod reach;
mod recording;
mod records;
mod request;
mod response;
mod retry;
mod scope;
mod scopes;
mod steps;
mod wire;

pub use binary::{BinaryBody, BinaryContent, BinaryReply};
pub use custom_auth::{CustomAuth, CustomParameter, CustomPlace};
pub use from_text::{Made, Wish, arguments_from_text, filled_in};
pub use identity::{lets_in, try_credentials, welcomes};
pub use own::{OwnCall, record_own};
pub use proxy::{ProxyCall, ProxyCredential, ProxyReply, proxy};
pub use reach::Reach;
pub use records::{forget_old_records, record, search_records};
pub use scopes::{ToolScopes, required_scopes};

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};

use crate::accounts::{AccountSelector, DEFAULT_USER, GivenConnection};
use crate::app::App;
use crate::catalog::{Tool, versions};
use crate::error::{Error, Result};
use crate::ids::{LogId, ProjectId, RequestId};
use crate::outbound::OutboundRequest;
use crate::tenancy;
use crate::toolkits;
use call::{Call, Outcome};
use connection::Connection;
use recording::Recording;
use response::Shaped;
use scope::Scope;

const FORBIDDEN: u16 = 403;

/// For whom a call is made, and under which request it is recorded.
#[derive(Debug, Clone)]
pub struct CallContext {
    /// The tenant.
    pub project: ProjectId,
    /// The API request.
    pub request_id: RequestId,
    /// Set by the call when a service may have acted.
    pub reach: Reach,
}

/// A call of a tool.
#[derive(Debug, Clone, Default)]
pub struct ToolCall {
    /// `latest`, `00000000_00` or a released version.
    pub version: Option<String>,
    /// What it is called with.
    pub input: ToolInput,
    /// Whose account.
    pub account: AccountSelector,
    /// What is used in its place, if the call brought it.
    pub own_auth: Option<OwnAuth>,
}

/// What a tool is called with.
#[derive(Debug, Clone)]
pub enum ToolInput {
    /// The arguments as they came.
    Arguments(Map<String, Value>),
    /// Words, from which a language model makes the arguments.
    Text(Wish),
}

impl Default for ToolInput {
    fn default() -> Self {
        Self::Arguments(Map::new())
    }
}

/// Credentials that came with a call; no account is looked for then.
#[derive(Debug, Clone)]
pub enum OwnAuth {
    /// As an account of this scheme would hold them.
    Connection(GivenConnection),
    /// Headers, parameters and fields as they go into the request.
    Parameters(CustomAuth),
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
/// [`Error::RestrictedTool`] when the auth config does not allow the tool. An upstream that refuses or
/// does not answer is a result.
pub async fn execute(
    app: &App,
    context: &CallContext,
    slug: &str,
    call: ToolCall,
) -> Result<ToolResult> {
    let version = call.version.as_deref().unwrap_or(versions::BASE);
    let catalog = toolkits::catalog(app, &context.project).await?;
    let tool = Arc::clone(catalog.tool(slug, Some(version))?);
    let recording = Recording::begin(app, context, "tool", &tool.toolkit.manifest.slug);
    recording.name(&tool.manifest.slug, Some(tool.version(Some(version))));
    let outcome = match run(app, context, &tool, call, &recording).await {
        // SDKs repeat what fails with 5xx; the tool may have done its work already.
        Err(Error::Upstream { message, .. } | Error::UpstreamPaused { message, .. }) => {
            Ok(response::unreachable(&message))
        }
        outcome => outcome,
    };
    ended(recording, outcome, "the upstream did not answer")
}

/// Records how a call ended; `failed` says it of a result that is none, without quoting anybody.
fn ended(recording: Recording, outcome: Result<Shaped>, failed: &str) -> Result<ToolResult> {
    let log_id = recording.id();
    match &outcome {
        Ok(shaped) => recording.finish(shaped.error.as_deref(), failed),
        Err(error) => recording.finish(Some(&error.to_string()), error.shown().slug),
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
    recording: &Recording,
) -> Result<Shaped> {
    let project = tenancy::open_project(app, &context.project).await?;
    recording.stores_data(&project.project.settings);
    explain::tool(recording, tool, call.version.as_deref());
    let user = call.account.user.clone();
    let user = user.unwrap_or_else(|| DEFAULT_USER.to_owned());
    recording.user(Some(&user));
    let account = match call.own_auth {
        Some(_) => None,
        None => {
            connection::pick_account(app, &context.project, &tool.toolkit, &call.account).await?
        }
    };
    explain::account(
        recording,
        account.as_deref(),
        &call.account,
        call.own_auth.as_ref(),
    );
    if let Some(account) = &account {
        recording.account(account);
        connection::check_restriction(app, account, &tool.manifest.slug).await?;
    }
    let arguments = match call.input {
        ToolInput::Arguments(given) => arguments::prepare(tool, given)?,
        ToolInput::Text(wish) => Box::pin(from_text::for_call(app, tool, &wish, recording)).await?,
    };
    recording.arguments(|| arguments::without_secrets(tool, &arguments));
    let attached = files::attach(app, &context.project, tool, &arguments).await?;
    explain::attached(recording, &attached);
    let mut connection = match call.own_auth {
        Some(own) => Connection::of_caller(app, &context.project, &tool.toolkit, own).await?,
        None => Connection::open(app, &tool.toolkit, account).await?,
    };
    explain::credentials(app, recording, &connection).await?;
    let mut scope = Scope::new(app, tool, &arguments, &connection, &user);
    attached.show(tool, &mut scope).await?;
    let running = Call::new(app, context, tool, &attached, recording);
    let Outcome {
        mut shaped,
        status,
        headers,
    } = running.run(scope, &mut connection).await?;
    explain::redaction(recording, tool, &arguments, &shaped.data);
    let limit = tool.toolkit.manifest.rate_limit.as_ref();
    if shaped.error.is_some()
        && let Some(wait) = retry::wait(limit, status, &headers, app.clock.now())
    {
        let seconds = Value::from(wait.as_secs());
        shaped.data.insert("retry_after_s".into(), seconds);
    }
    if status == FORBIDDEN && shaped.error.is_some() {
        scopes::explain_refusal(&mut shaped, tool, &connection);
    }
    Ok(shaped)
}

/// On all attempts of a call together.
fn time_limit(app: &App, tool: &Tool) -> Duration {
    let own = tool.manifest.timeout_s.map(Duration::from_secs);
    own.unwrap_or_else(|| app.config.upstream_timeout())
}

fn limit(app: &App, request: &mut OutboundRequest) {
    request.timeout = app.config.upstream_timeout();
    request.max_bytes = app.config.max_upstream_bytes;
}
