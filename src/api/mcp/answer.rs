//! What MCP servers look like in answers.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::ids::McpServerId;
use crate::mcp_servers::{self, ServerView};
use crate::paging::Page;
use crate::storage::mcp_servers::McpServer;
use crate::time::Timestamp;

/// An MCP server.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct McpServerItem {
    /// Its id.
    #[schema(value_type = String, example = "0d8a9a9c-5a5e-8a0e-a9b0-9f1e6c7d2b11")]
    id: McpServerId,
    /// For people.
    #[schema(example = "Issues of our team")]
    name: String,
    /// Its auth configs.
    #[schema(example = json!(["ac_1a2b3c4d5e6f"]))]
    auth_config_ids: Vec<String>,
    /// Its tools; none means all of its toolkits.
    #[schema(example = json!(["GITHUB_CREATE_AN_ISSUE"]))]
    allowed_tools: Vec<String>,
    /// Where MCP clients find it, with `user_id` or `connected_account_id` in the query.
    #[schema(
        deprecated,
        example = "https://tenon.example/v3/mcp/0d8a9a9c-5a5e-8a0e-a9b0-9f1e6c7d2b11"
    )]
    mcp_url: String,
    /// Its toolkits.
    #[schema(example = json!(["github"]))]
    toolkits: Vec<String>,
    /// Logos of its toolkits.
    #[schema(example = json!({ "github": "https://logos.example/github.svg" }))]
    toolkit_icons: BTreeMap<String, String>,
    /// Commands that tell MCP clients of it.
    #[schema(deprecated)]
    commands: SetupCommands,
    /// When it was last changed.
    #[schema(value_type = String, example = "2026-01-01T00:00:00.000Z")]
    updated_at: Timestamp,
    /// When it was made.
    #[schema(value_type = String, example = "2026-01-01T00:00:00.000Z")]
    created_at: Timestamp,
    /// How many users were noted for it.
    #[schema(value_type = f64, example = 2)]
    server_instance_count: u64,
    /// Whether a tool whose toolkit is not connected answers with a link to connect it.
    managed_auth_via_composio: bool,
}

impl McpServerItem {
    pub(super) fn new(app: &App, view: ServerView) -> Self {
        let ServerView {
            server,
            icons,
            instances,
        } = view;
        let McpServer {
            id,
            project_id: _,
            name,
            toolkits,
            auth_config_ids,
            allowed_tools,
            managed_auth,
            created_at,
            updated_at,
        } = server;
        let mcp_url = mcp_servers::url(app, &id);
        Self {
            commands: SetupCommands::new(&mcp_url),
            mcp_url,
            id,
            name,
            auth_config_ids,
            allowed_tools,
            toolkits,
            toolkit_icons: icons.into_iter().collect(),
            updated_at,
            created_at,
            server_instance_count: instances,
            managed_auth_via_composio: managed_auth,
        }
    }
}

/// An MCP server, by its id.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct McpServerDetail {
    #[serde(flatten)]
    server: McpServerItem,
    /// Always false: what is deleted is not found.
    deleted: bool,
}

impl McpServerDetail {
    pub(super) fn new(app: &App, view: ServerView) -> Self {
        Self {
            server: McpServerItem::new(app, view),
            deleted: false,
        }
    }
}

/// A new MCP server.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CreatedMcpServer {
    /// Its id.
    #[schema(value_type = String, example = "0d8a9a9c-5a5e-8a0e-a9b0-9f1e6c7d2b11")]
    id: McpServerId,
    /// For people.
    #[schema(example = "News and issues")]
    name: String,
    /// Its auth configs.
    #[schema(example = json!(["ac_1a2b3c4d5e6f"]))]
    auth_config_ids: Vec<String>,
    /// Its tools; none means all of its toolkits.
    #[schema(example = json!(["GITHUB_CREATE_AN_ISSUE"]))]
    allowed_tools: Vec<String>,
    /// As `allowed_tools`, under the name that older clients read.
    #[schema(required = false, example = json!(["GITHUB_CREATE_AN_ISSUE"]))]
    custom_tools: Vec<String>,
    /// Its toolkits.
    #[schema(required = false, example = json!(["github", "hackernews"]))]
    toolkits: Vec<String>,
    /// Where MCP clients find it, with `user_id` or `connected_account_id` in the query.
    #[schema(example = "https://tenon.example/v3/mcp/0d8a9a9c-5a5e-8a0e-a9b0-9f1e6c7d2b11")]
    mcp_url: String,
    /// Commands that tell MCP clients of it.
    commands: SetupCommands,
    /// Whether a tool whose toolkit is not connected answers with a link to connect it.
    #[schema(required = false)]
    managed_auth_via_composio: bool,
}

impl CreatedMcpServer {
    pub(super) fn new(app: &App, view: ServerView) -> Self {
        let item = McpServerItem::new(app, view);
        Self {
            id: item.id,
            name: item.name,
            auth_config_ids: item.auth_config_ids,
            custom_tools: item.allowed_tools.clone(),
            allowed_tools: item.allowed_tools,
            toolkits: item.toolkits,
            mcp_url: item.mcp_url,
            commands: item.commands,
            managed_auth_via_composio: item.managed_auth_via_composio,
        }
    }
}

/// Commands that tell MCP clients of a server.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SetupCommands {
    /// For Cursor.
    cursor: String,
    /// For Claude.
    claude: String,
    /// For Windsurf.
    windsurf: String,
}

impl SetupCommands {
    fn new(url: &str) -> Self {
        let of = |client| {
            format!(
                "npx @composio/mcp@latest setup \"{url}?user_id=YOUR_USER_ID\" --client {client}"
            )
        };
        Self {
            cursor: of("cursor"),
            claude: of("claude"),
            windsurf: of("windsurf"),
        }
    }
}

/// One page of MCP servers.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct McpServerPage {
    /// What is on the page.
    items: Vec<McpServerItem>,
    /// How many pages of this size there are.
    #[schema(value_type = f64, example = 1)]
    total_pages: u64,
    /// This page's number, from 1.
    #[schema(value_type = f64, example = 1)]
    current_page: u64,
}

impl McpServerPage {
    pub(super) fn new(app: &App, page: Page<ServerView>) -> Self {
        Self {
            total_pages: page.total_pages,
            current_page: page.current_page,
            items: page
                .items
                .into_iter()
                .map(|view| McpServerItem::new(app, view))
                .collect(),
        }
    }
}

/// An MCP server that was deleted.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DeletedMcpServer {
    /// Its id.
    #[schema(value_type = String, example = "0d8a9a9c-5a5e-8a0e-a9b0-9f1e6c7d2b11")]
    id: McpServerId,
    /// Always true.
    deleted: bool,
}

impl DeletedMcpServer {
    pub(super) const fn of(id: McpServerId) -> Self {
        Self { id, deleted: true }
    }
}
