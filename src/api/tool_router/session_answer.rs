//! A session as answers show it.

use serde::Serialize;
use utoipa::ToSchema;

use super::body::pins_by_one;
use super::custom::ExperimentalAnswer;
use crate::api::auth::Caller;
use crate::api::middleware::ApiVersion;
use crate::app::App;
use crate::error::{Error, Result};
use crate::sessions::config::{PreloadedTools, SessionConfig};
use crate::sessions::{Scope, Session};

/// Preloaded tools above which a model's context fills up before it has done anything.
const MANY_PRELOADED: usize = 50;

/// A session.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SessionAnswer {
    /// Its id.
    #[schema(format = "toolRouterSessionId", example = "trs_1a2b3c4d5e6f")]
    session_id: String,
    /// Where clients of the Model Context Protocol find its tools.
    mcp: McpAddress,
    /// The meta tools that its agent has.
    #[schema(example = json!(["COMPOSIO_SEARCH_TOOLS", "COMPOSIO_MULTI_EXECUTE_TOOL"]))]
    tool_router_tools: Vec<String>,
    /// What it reaches.
    config: ShownConfig,
    /// Grows by one with every change of the configuration, from 1.
    #[schema(required = false)]
    config_version: i64,
    /// What may want attention; the session works.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    warnings: Vec<Warning>,
    /// A prompt for its agent, and tools of the caller's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) experimental: Option<ExperimentalAnswer>,
}

/// Where clients of the Model Context Protocol find a session's tools.
#[derive(Debug, Serialize, ToSchema)]
struct McpAddress {
    /// The transport: streamable HTTP.
    #[serde(rename = "type")]
    kind: McpTransport,
    /// The endpoint.
    #[schema(
        format = "uri",
        example = "http://localhost:8080/tool_router/trs_1a2b3c4d5e6f/mcp"
    )]
    url: String,
}

/// The transport of an MCP endpoint.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum McpTransport {
    /// Streamable HTTP.
    Http,
}

/// What a session reaches, and for whom.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ShownConfig {
    /// Your name for the user.
    user_id: String,
    #[serde(flatten)]
    config: SessionConfig,
}

impl ShownConfig {
    pub(super) fn new(user_id: String, mut config: SessionConfig, api: ApiVersion) -> Self {
        match api {
            ApiVersion::V3 => pins_by_one(&mut config),
            ApiVersion::V3_1 => {}
        }
        Self { user_id, config }
    }
}

/// Something about a session that may want attention.
#[derive(Debug, Serialize, ToSchema)]
struct Warning {
    /// Stable, for programs.
    code: WarningCode,
    /// For people.
    message: String,
}

/// What a warning is about.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum WarningCode {
    /// Many tools stand beside the meta tools.
    PreloadToolsHighContextUsage,
}

impl SessionAnswer {
    pub(super) fn new(app: &App, scope: &Scope, session: &Session, caller: &Caller) -> Self {
        let shown = scope.meta_tools(caller.api == ApiVersion::V3);
        Self {
            session_id: session.id.as_str().to_owned(),
            mcp: McpAddress {
                kind: McpTransport::Http,
                url: app.config.session_mcp_url(&session.id),
            },
            tool_router_tools: shown.iter().map(|tool| tool.slug().to_owned()).collect(),
            warnings: warnings(scope, &session.config),
            config: ShownConfig::new(session.user.clone(), session.config.clone(), caller.api),
            config_version: session.config_version,
            experimental: ExperimentalAnswer::of(session.custom.clone(), None),
        }
    }

    pub(super) async fn of(app: &App, caller: &Caller, session: Session) -> Result<Self> {
        let scope = Scope::with(app, &caller.project, session).await?;
        let session = scope.session.as_deref();
        let session = session.ok_or_else(|| Error::internal("a session's scope has none"))?;
        Ok(Self::new(app, &scope, session, caller))
    }
}

fn warnings(scope: &Scope, config: &SessionConfig) -> Vec<Warning> {
    let preloaded = match &config.preload.tools {
        PreloadedTools::Slugs(slugs) => slugs.len(),
        PreloadedTools::All(_) => scope.preloaded().len(),
    };
    if preloaded <= MANY_PRELOADED {
        return Vec::new();
    }
    vec![Warning {
        code: WarningCode::PreloadToolsHighContextUsage,
        message: format!(
            "{preloaded} tools stand beside the meta tools; their definitions fill much of a model's \
             context. Preload fewer, or let the agent search."
        ),
    }]
}
