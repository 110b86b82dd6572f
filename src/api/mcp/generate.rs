//! `POST /mcp/servers/generate`

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::auth::Caller;
use crate::api::extract::Json;
use crate::app::App;
use crate::error::Result;
use crate::ids::{AccountId, McpServerId};
use crate::mcp_servers::{self, Generate, Generated};

/// Which URLs are wanted.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct GenerateMcpUrlBody {
    /// The MCP server.
    #[schema(value_type = String, example = "0d8a9a9c-5a5e-8a0e-a9b0-9f1e6c7d2b11")]
    mcp_server_id: McpServerId,
    /// Whether a tool whose toolkit is not connected answers with a link to connect it, whatever the
    /// server says.
    #[serde(default)]
    #[schema(nullable = false, default = false)]
    managed_auth_by_composio: Option<bool>,
    /// Your names for users, who get a URL each.
    #[serde(default)]
    #[schema(nullable = false, required = false, example = json!(["user-123"]))]
    user_ids: Option<Vec<String>>,
    /// Connected accounts, which get a URL each.
    #[serde(default)]
    #[schema(value_type = Vec<String>, nullable = false, required = false, example = json!(["ca_1a2b3c4d5e6f"]))]
    connected_account_ids: Option<Vec<AccountId>>,
}

impl From<GenerateMcpUrlBody> for Generate {
    fn from(body: GenerateMcpUrlBody) -> Self {
        let GenerateMcpUrlBody {
            mcp_server_id,
            managed_auth_by_composio,
            user_ids,
            connected_account_ids,
        } = body;
        Self {
            server: mcp_server_id,
            users: user_ids.unwrap_or_default(),
            accounts: connected_account_ids.unwrap_or_default(),
            managed_auth: managed_auth_by_composio.unwrap_or_default(),
        }
    }
}

/// URLs of an MCP server.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct GeneratedMcpUrls {
    /// Without a query.
    #[schema(example = "https://tenon.example/v3/mcp/0d8a9a9c-5a5e-8a0e-a9b0-9f1e6c7d2b11")]
    mcp_url: String,
    /// One for each connected account, in the order asked for.
    connected_account_urls: Vec<String>,
    /// One for each user, in the order asked for.
    user_ids_url: Vec<String>,
}

impl From<Generated> for GeneratedMcpUrls {
    fn from(
        Generated {
            base,
            users,
            accounts,
        }: Generated,
    ) -> Self {
        Self {
            mcp_url: base,
            connected_account_urls: accounts,
            user_ids_url: users,
        }
    }
}

/// Generate MCP URLs
///
/// The URLs under which users, or single connected accounts, use an MCP server.
#[utoipa::path(
    post, path = "/mcp/servers/generate", tag = "MCP", security(("ApiKeyAuth" = [])),
    request_body(content = GenerateMcpUrlBody, example = json!({
        "mcp_server_id": "0d8a9a9c-5a5e-8a0e-a9b0-9f1e6c7d2b11", "user_ids": ["user-123"],
    })),
    responses((status = 200, description = "The URLs", body = GeneratedMcpUrls)),
)]
pub(super) async fn generate_mcp_url(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<GenerateMcpUrlBody>,
) -> Result<Json<GeneratedMcpUrls>> {
    let urls = mcp_servers::generate(&app, &caller.project, body.into()).await?;
    Ok(Json(urls.into()))
}
