//! MCP servers: making them, their URLs, and the users noted for them. What MCP clients say at those
//! URLs is answered in `crate::mcp`.

mod answer;
mod generate;
mod instances;
mod query;
mod request;

use axum::extract::State;
use axum::http::StatusCode;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::auth::Caller;
use super::extract::{Json, Path, Query};
use crate::app::App;
use crate::error::Result;
use crate::ids::McpServerId;
use crate::mcp_servers;
use answer::{CreatedMcpServer, DeletedMcpServer, McpServerDetail, McpServerItem, McpServerPage};
use query::ListMcpServersQuery;
use request::{CreateCustomMcpServerBody, CreateMcpServerBody, UpdateMcpServerBody};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_mcp_servers, create_mcp_server))
        .routes(routes!(create_custom_mcp_server))
        .routes(routes!(generate::generate_mcp_url))
        .routes(routes!(
            get_mcp_server,
            update_mcp_server,
            delete_mcp_server
        ))
        .routes(routes!(list_mcp_servers_of_app))
        .routes(routes!(
            instances::list_mcp_server_instances,
            instances::create_mcp_server_instance
        ))
        .routes(routes!(instances::delete_mcp_server_instance))
}

/// List MCP servers
///
/// The project's MCP servers, a page at a time. Filters narrow the list together; a filter with
/// several values lets each of them through.
#[utoipa::path(
    get, path = "/mcp/servers", tag = "MCP", security(("ApiKeyAuth" = [])),
    params(ListMcpServersQuery),
    responses((status = 200, description = "One page of MCP servers", body = McpServerPage)),
)]
async fn list_mcp_servers(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<ListMcpServersQuery>,
) -> Result<Json<McpServerPage>> {
    let (filter, order, page) = query.read(None)?;
    let found = mcp_servers::list(&app, &caller.project, &filter, order, page).await?;
    Ok(Json(McpServerPage::new(&app, found)))
}

/// List the MCP servers of an app
///
/// The project's MCP servers that have this toolkit, a page at a time.
#[utoipa::path(
    get, path = "/mcp/app/{appKey}", tag = "MCP", security(("ApiKeyAuth" = [])),
    params(("appKey" = String, Path, description = "Slug of the toolkit", example = "github"),
        ListMcpServersQuery),
    responses((status = 200, description = "One page of MCP servers", body = McpServerPage)),
)]
async fn list_mcp_servers_of_app(
    State(app): State<App>,
    caller: Caller,
    Path(app_key): Path<String>,
    Query(query): Query<ListMcpServersQuery>,
) -> Result<Json<McpServerPage>> {
    let (filter, order, page) = query.read(Some(&app_key))?;
    let found = mcp_servers::list(&app, &caller.project, &filter, order, page).await?;
    Ok(Json(McpServerPage::new(&app, found)))
}

/// Make an MCP server
///
/// Puts the tools of these auth configs' toolkits under a URL for MCP clients; `allowed_tools` narrows
/// them. Calls take accounts that were connected by these auth configs.
#[utoipa::path(
    post, path = "/mcp/servers", tag = "MCP", security(("ApiKeyAuth" = [])),
    request_body(content = CreateMcpServerBody, example = json!({
        "name": "Issues of our team", "auth_config_ids": ["ac_1a2b3c4d5e6f"],
        "allowed_tools": ["GITHUB_CREATE_AN_ISSUE"],
    })),
    responses((status = 201, description = "The MCP server", body = McpServerItem)),
)]
async fn create_mcp_server(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<CreateMcpServerBody>,
) -> Result<(StatusCode, Json<McpServerItem>)> {
    let made = mcp_servers::create(&app, &caller.project, body.into()).await?;
    Ok((StatusCode::CREATED, Json(McpServerItem::new(&app, made))))
}

/// Make an MCP server of several toolkits
///
/// Puts the tools of toolkits, and of the toolkits of auth configs, under one URL for MCP clients;
/// `allowed_tools` narrows them. For a toolkit with an auth config here, calls take accounts that
/// were connected by it; for another, the user's newest account.
#[utoipa::path(
    post, path = "/mcp/servers/custom", tag = "MCP", security(("ApiKeyAuth" = [])),
    request_body(content = CreateCustomMcpServerBody, example = json!({
        "name": "News and issues", "toolkits": ["hackernews", "github"],
        "allowed_tools": ["HACKERNEWS_GET_USER", "GITHUB_CREATE_AN_ISSUE"],
    })),
    responses((status = 201, description = "The MCP server", body = CreatedMcpServer)),
)]
async fn create_custom_mcp_server(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<CreateCustomMcpServerBody>,
) -> Result<(StatusCode, Json<CreatedMcpServer>)> {
    let made = mcp_servers::create(&app, &caller.project, body.into()).await?;
    Ok((StatusCode::CREATED, Json(CreatedMcpServer::new(&app, made))))
}

/// Get an MCP server
///
/// One MCP server with its toolkits, tools and auth configs.
#[utoipa::path(
    get, path = "/mcp/{id}", tag = "MCP", security(("ApiKeyAuth" = [])),
    params(("id" = String, Path, description = "The MCP server's id",
        example = "0d8a9a9c-5a5e-8a0e-a9b0-9f1e6c7d2b11")),
    responses((status = 200, description = "The MCP server", body = McpServerDetail)),
)]
async fn get_mcp_server(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<McpServerId>,
) -> Result<Json<McpServerDetail>> {
    let found = mcp_servers::get(&app, &caller.project, &id).await?;
    Ok(Json(McpServerDetail::new(&app, found)))
}

/// Change an MCP server
///
/// Replaces what is given and leaves the rest. With other `toolkits`, auth configs of toolkits that
/// are not among them go as well unless `auth_config_ids` is given too.
#[utoipa::path(
    patch, path = "/mcp/{id}", tag = "MCP", security(("ApiKeyAuth" = [])),
    params(("id" = String, Path, description = "The MCP server's id",
        example = "0d8a9a9c-5a5e-8a0e-a9b0-9f1e6c7d2b11")),
    request_body(content = Option<UpdateMcpServerBody>, example = json!({
        "name": "Issues only", "allowed_tools": ["GITHUB_CREATE_AN_ISSUE"],
    })),
    responses((status = 200, description = "The MCP server as it is now", body = McpServerDetail)),
)]
async fn update_mcp_server(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<McpServerId>,
    Json(body): Json<UpdateMcpServerBody>,
) -> Result<Json<McpServerDetail>> {
    let changed = mcp_servers::update(&app, &caller.project, &id, body.into()).await?;
    Ok(Json(McpServerDetail::new(&app, changed)))
}

/// Delete an MCP server
///
/// Removes an MCP server for good. Clients get 404 at its URLs from then on; connected accounts stay.
#[utoipa::path(
    delete, path = "/mcp/{id}", tag = "MCP", security(("ApiKeyAuth" = [])),
    params(("id" = String, Path, description = "The MCP server's id",
        example = "0d8a9a9c-5a5e-8a0e-a9b0-9f1e6c7d2b11")),
    responses((status = 200, description = "It is deleted", body = DeletedMcpServer)),
)]
async fn delete_mcp_server(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<McpServerId>,
) -> Result<Json<DeletedMcpServer>> {
    mcp_servers::delete(&app, &caller.project, &id).await?;
    Ok(Json(DeletedMcpServer::of(id)))
}
