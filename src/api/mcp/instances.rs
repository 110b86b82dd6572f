//! Users that are noted as users of an MCP server.

use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::query::ListInstancesQuery;
use crate::accounts::revoke::GiveBack;
use crate::api::auth::Caller;
use crate::api::extract::{Json, Path, Query};
use crate::api::middleware::ApiVersion;
use crate::app::App;
use crate::error::Result;
use crate::ids::{McpInstanceId, McpServerId};
use crate::mcp_servers::instances;
use crate::storage::mcp_instances::McpInstance;
use crate::time::Timestamp;

/// A user noted for an MCP server.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct McpInstanceItem {
    /// The note's own id.
    #[schema(value_type = String, example = "7b0d6f0e-3c1a-8f55-a1d0-52a3f6f0c9de")]
    id: McpInstanceId,
    /// The user.
    #[schema(example = "user-123")]
    instance_id: String,
    /// The MCP server.
    #[schema(value_type = String, example = "0d8a9a9c-5a5e-8a0e-a9b0-9f1e6c7d2b11")]
    mcp_server_id: McpServerId,
    /// When the user was noted.
    #[schema(value_type = String, example = "2026-01-01T00:00:00.000Z")]
    created_at: Timestamp,
    /// When the note was last changed.
    #[schema(value_type = String, example = "2026-01-01T00:00:00.000Z")]
    updated_at: Timestamp,
}

impl From<McpInstance> for McpInstanceItem {
    fn from(instance: McpInstance) -> Self {
        let McpInstance {
            id,
            project_id: _,
            server_id,
            user_id,
            created_at,
            updated_at,
        } = instance;
        Self {
            id,
            instance_id: user_id,
            mcp_server_id: server_id,
            created_at,
            updated_at,
        }
    }
}

/// One page of an MCP server's users.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct McpInstancePage {
    /// What is on the page.
    instances: Vec<McpInstanceItem>,
    /// The MCP server.
    #[schema(value_type = String, example = "0d8a9a9c-5a5e-8a0e-a9b0-9f1e6c7d2b11")]
    server_id: McpServerId,
    /// Its name.
    #[schema(example = "Issues of our team")]
    server_name: String,
    /// How many pages of this size there are.
    #[schema(value_type = f64, example = 1)]
    total_pages: u64,
    /// This page's number, from 1.
    #[schema(value_type = f64, example = 1)]
    current_page: u64,
}

/// A user to be noted.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct CreateMcpInstanceBody {
    /// Your name for the user.
    #[schema(min_length = 1, example = "user-123")]
    user_id: String,
}

/// A user who was forgotten.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DeletedMcpInstance {
    /// One sentence.
    message: String,
    /// How many connected accounts went with the user.
    #[schema(value_type = f64, example = 1)]
    deleted_connected_accounts: u64,
}

/// List the instances of an MCP server
///
/// The users noted for an MCP server, a page at a time.
#[utoipa::path(
    get, path = "/mcp/servers/{serverId}/instances", tag = "MCP", security(("ApiKeyAuth" = [])),
    params(("serverId" = String, Path, description = "The MCP server's id",
        example = "0d8a9a9c-5a5e-8a0e-a9b0-9f1e6c7d2b11"), ListInstancesQuery),
    responses((status = 200, description = "One page of instances", body = McpInstancePage)),
)]
pub(super) async fn list_mcp_server_instances(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<McpServerId>,
    Query(query): Query<ListInstancesQuery>,
) -> Result<Json<McpInstancePage>> {
    let (order, page, search) = (query.order(), query.page()?, query.search.as_deref());
    let (server, found) = instances::list(&app, &caller.project, &id, search, order, page).await?;
    Ok(Json(McpInstancePage {
        total_pages: found.total_pages,
        current_page: found.current_page,
        instances: found.items.into_iter().map(Into::into).collect(),
        server_id: server.id,
        server_name: server.name,
    }))
}

/// Make an MCP server instance
///
/// Notes a user for an MCP server. The user must have an active account by each of its auth configs.
#[utoipa::path(
    post, path = "/mcp/servers/{serverId}/instances", tag = "MCP", security(("ApiKeyAuth" = [])),
    params(("serverId" = String, Path, description = "The MCP server's id",
        example = "0d8a9a9c-5a5e-8a0e-a9b0-9f1e6c7d2b11")),
    request_body(content = CreateMcpInstanceBody, example = json!({ "user_id": "user-123" })),
    responses((status = 201, description = "The instance", body = McpInstanceItem)),
)]
pub(super) async fn create_mcp_server_instance(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<McpServerId>,
    Json(body): Json<CreateMcpInstanceBody>,
) -> Result<(StatusCode, Json<McpInstanceItem>)> {
    let made = instances::create(&app, &caller.project, &id, &body.user_id).await?;
    Ok((StatusCode::CREATED, Json(made.into())))
}

/// Delete an MCP server instance
///
/// Forgets a user of an MCP server and deletes the accounts that they connected by its auth configs;
/// other accounts stay.
#[utoipa::path(
    delete, path = "/mcp/servers/{serverId}/instances/{instanceId}", tag = "MCP",
    security(("ApiKeyAuth" = [])),
    params(
        ("serverId" = String, Path, description = "The MCP server's id",
            example = "0d8a9a9c-5a5e-8a0e-a9b0-9f1e6c7d2b11"),
        ("instanceId" = String, Path, description = "The user", example = "user-123"),
    ),
    responses((status = 200, description = "It is deleted", body = DeletedMcpInstance)),
)]
pub(super) async fn delete_mcp_server_instance(
    State(app): State<App>,
    caller: Caller,
    Path((id, user)): Path<(McpServerId, String)>,
) -> Result<Json<DeletedMcpInstance>> {
    // As deleting an account does under each prefix.
    let mode = match caller.api {
        ApiVersion::V3 => GiveBack::UnlessShared,
        ApiVersion::V3_1 => GiveBack::Never,
    };
    let deleted = instances::delete(&app, &caller.project, &id, &user, mode).await?;
    Ok(Json(DeletedMcpInstance {
        message: format!("MCP server `{id}` has forgotten user `{user}`"),
        deleted_connected_accounts: deleted,
    }))
}
