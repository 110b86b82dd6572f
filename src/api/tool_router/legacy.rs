//! Sessions as the oldest clients make them.

use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::auth::Caller;
use crate::api::extract::Json;
use crate::app::App;
use crate::error::Result;
use crate::sessions::config::{Choice, SessionConfig};
use crate::sessions::custom::CustomTools;
use crate::sessions::{self, NewSession};

/// A request for a session, in its first shape.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct LabsSessionBody {
    /// Your name for the user.
    user_id: String,
    /// What the session is to reach.
    #[serde(default)]
    #[schema(required = false)]
    config: LabsConfig,
}

/// What the session is to reach.
#[derive(Debug, Default, Deserialize, ToSchema)]
struct LabsConfig {
    /// Whether the agent has no tool to connect users.
    #[serde(default)]
    #[schema(nullable, default = false)]
    manually_manage_connections: Option<bool>,
    /// Only these toolkits; all where empty.
    #[serde(default)]
    #[schema(required = false)]
    toolkits: Vec<LabsToolkit>,
}

/// A toolkit, and by which auth config its users connect.
#[derive(Debug, Deserialize, ToSchema)]
struct LabsToolkit {
    /// Its slug.
    #[schema(min_length = 1, example = "github")]
    toolkit: String,
    /// The auth config.
    #[serde(default)]
    #[schema(nullable = false, example = "ac_1a2b3c4d5e6f")]
    auth_config_id: Option<String>,
}

/// Where the session's tools are.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LabsSession {
    /// Its id.
    #[schema(example = "trs_1a2b3c4d5e6f")]
    session_id: String,
    /// The session's MCP endpoint.
    #[schema(format = "uri")]
    chat_session_mcp_url: String,
    /// The same: a session is the only instance here.
    #[schema(format = "uri")]
    tool_router_instance_mcp_url: String,
}

impl LabsConfig {
    fn read(self) -> SessionConfig {
        let Self {
            manually_manage_connections,
            toolkits,
        } = self;
        let mut config = SessionConfig::default();
        config.manage_connections.enabled = !manually_manage_connections.unwrap_or(false);
        if !toolkits.is_empty() {
            let slugs = toolkits.iter().map(|kit| kit.toolkit.clone());
            config.toolkits = Some(Choice::Enabled(slugs.collect()));
        }
        let named = toolkits.into_iter();
        config.auth_configs = named
            .filter_map(|kit| Some((kit.toolkit, kit.auth_config_id?.into())))
            .collect();
        config
    }
}

/// Make a session (legacy)
///
/// As `POST /tool_router/session`, in the shape of its first release.
#[utoipa::path(
    post, path = "/labs/tool_router/session", tag = "Tool Router",
    security(("ApiKeyAuth" = [])),
    request_body(content = LabsSessionBody, example = json!({
        "user_id": "user-123", "config": { "toolkits": [{ "toolkit": "github" }] },
    })),
    responses((status = 201, description = "The session", body = LabsSession)),
)]
pub(super) async fn create_labs_session(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<LabsSessionBody>,
) -> Result<(StatusCode, Json<LabsSession>)> {
    let LabsSessionBody { user_id, config } = body;
    let new = NewSession {
        user: user_id,
        created_by: caller.key.id.as_str().to_owned(),
        config: config.read(),
        custom: CustomTools::default(),
    };
    let session = sessions::create(&app, &caller.project, new).await?;
    let url = app.config.session_mcp_url(&session.id);
    Ok((
        StatusCode::CREATED,
        Json(LabsSession {
            session_id: session.id.as_str().to_owned(),
            chat_session_mcp_url: url.clone(),
            tool_router_instance_mcp_url: url,
        }),
    ))
}
