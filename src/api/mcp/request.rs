//! What is sent about MCP servers.

use serde::Deserialize;
use utoipa::ToSchema;

use crate::mcp_servers::{NewServer, ServerChange};

/// A new MCP server of auth configs.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct CreateMcpServerBody {
    /// For people: letters, digits, spaces and `-`.
    #[schema(
        min_length = 4,
        max_length = 30,
        pattern = "^[a-zA-Z0-9- ]+$",
        example = "Issues of our team"
    )]
    name: String,
    /// Auth configs, whose toolkits it has.
    #[schema(example = json!(["ac_1a2b3c4d5e6f"]))]
    auth_config_ids: Vec<String>,
    /// Toolkits that need no account.
    #[serde(default)]
    #[schema(nullable = false, required = false, example = json!(["hackernews"]))]
    no_auth_apps: Option<Vec<String>>,
    /// Its tools; none means all of its toolkits.
    #[serde(default)]
    #[schema(nullable = false, required = false, default = json!([]), example = json!(["GITHUB_CREATE_AN_ISSUE"]))]
    allowed_tools: Option<Vec<String>>,
    /// Whether a tool whose toolkit is not connected answers with a link to connect it.
    #[serde(default)]
    #[schema(nullable = false)]
    managed_auth_via_composio: Option<bool>,
}

impl From<CreateMcpServerBody> for NewServer {
    fn from(body: CreateMcpServerBody) -> Self {
        let CreateMcpServerBody {
            name,
            auth_config_ids,
            no_auth_apps,
            allowed_tools,
            managed_auth_via_composio,
        } = body;
        Self {
            name,
            toolkits: no_auth_apps.unwrap_or_default(),
            auth_configs: auth_config_ids,
            allowed_tools: allowed_tools.unwrap_or_default(),
            managed_auth: managed_auth_via_composio.unwrap_or_default(),
        }
    }
}

/// A new MCP server of toolkits and auth configs.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct CreateCustomMcpServerBody {
    /// For people: letters, digits, spaces and `-`.
    #[schema(
        min_length = 4,
        max_length = 30,
        pattern = "^[a-zA-Z0-9- ]+$",
        example = "News and issues"
    )]
    name: String,
    /// Auth configs, whose toolkits it has.
    #[serde(default)]
    #[schema(nullable = false, required = false, example = json!(["ac_1a2b3c4d5e6f"]))]
    auth_config_ids: Option<Vec<String>>,
    /// Further toolkits.
    #[serde(default)]
    #[schema(nullable = false, required = false, example = json!(["hackernews", "github"]))]
    toolkits: Option<Vec<String>>,
    /// Its tools; none means all of its toolkits.
    #[serde(default)]
    #[schema(nullable = false, required = false, example = json!(["GITHUB_CREATE_AN_ISSUE"]))]
    allowed_tools: Option<Vec<String>>,
    /// The old name of `allowed_tools`; both are taken.
    #[serde(default)]
    #[schema(nullable = false, required = false, example = json!(["GITHUB_CREATE_AN_ISSUE"]))]
    custom_tools: Option<Vec<String>>,
    /// Whether a tool whose toolkit is not connected answers with a link to connect it.
    #[serde(default)]
    #[schema(nullable = false)]
    managed_auth_via_composio: Option<bool>,
}

impl From<CreateCustomMcpServerBody> for NewServer {
    fn from(body: CreateCustomMcpServerBody) -> Self {
        let CreateCustomMcpServerBody {
            name,
            auth_config_ids,
            toolkits,
            allowed_tools,
            custom_tools,
            managed_auth_via_composio,
        } = body;
        let tools = allowed_tools.into_iter().chain(custom_tools).flatten();
        Self {
            name,
            toolkits: toolkits.unwrap_or_default(),
            auth_configs: auth_config_ids.unwrap_or_default(),
            allowed_tools: tools.collect(),
            managed_auth: managed_auth_via_composio.unwrap_or_default(),
        }
    }
}

/// What changes of an MCP server.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct UpdateMcpServerBody {
    /// For people: 4 to 30 letters, digits, spaces and `-`.
    #[serde(default)]
    #[schema(nullable = false, example = "Issues only")]
    name: Option<String>,
    /// Its toolkits.
    #[serde(default)]
    #[schema(nullable = false, required = false, example = json!(["github"]))]
    toolkits: Option<Vec<String>>,
    /// Its tools; an empty list means all of its toolkits.
    #[serde(default, alias = "custom_tools")]
    #[schema(nullable = false, required = false, example = json!(["GITHUB_CREATE_AN_ISSUE"]))]
    allowed_tools: Option<Vec<String>>,
    /// Whether a tool whose toolkit is not connected answers with a link to connect it.
    #[serde(default)]
    #[schema(nullable = false)]
    managed_auth_via_composio: Option<bool>,
    /// Its auth configs.
    #[serde(default)]
    #[schema(nullable = false, required = false, example = json!(["ac_1a2b3c4d5e6f"]))]
    auth_config_ids: Option<Vec<String>>,
}

impl From<UpdateMcpServerBody> for ServerChange {
    fn from(body: UpdateMcpServerBody) -> Self {
        let UpdateMcpServerBody {
            name,
            toolkits,
            allowed_tools,
            managed_auth_via_composio,
            auth_config_ids,
        } = body;
        Self {
            name,
            toolkits,
            auth_configs: auth_config_ids,
            allowed_tools,
            managed_auth: managed_auth_via_composio,
        }
    }
}
