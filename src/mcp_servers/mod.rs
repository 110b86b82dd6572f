//! MCP servers: URLs under which MCP clients find chosen tools of a project.

mod check;
pub mod instances;
mod read;
mod scope;
mod urls;
mod write;

pub use read::{by_url, get, list};
pub use scope::{Who, scope, tool, tools};
pub use urls::{Generate, Generated, generate, url};
pub use write::{create, delete, update};

use crate::error::Error;
use crate::ids::McpServerId;
use crate::storage::mcp_servers::McpServer;

/// A server to be.
#[derive(Debug, Clone, Default)]
pub struct NewServer {
    /// For people.
    pub name: String,
    /// Slugs of toolkits, besides those of the auth configs.
    pub toolkits: Vec<String>,
    /// Auth configs.
    pub auth_configs: Vec<String>,
    /// Slugs of tools; none means all of the toolkits.
    pub allowed_tools: Vec<String>,
    /// Whether a tool whose toolkit is not connected answers with a link to connect it.
    pub managed_auth: bool,
}

/// A change of a server; what is `None` stays as it is.
#[derive(Debug, Clone, Default)]
pub struct ServerChange {
    /// As in [`NewServer`].
    pub name: Option<String>,
    /// As in [`NewServer`]; auth configs of other toolkits go with the change.
    pub toolkits: Option<Vec<String>>,
    /// As in [`NewServer`]; their toolkits come with them.
    pub auth_configs: Option<Vec<String>>,
    /// As in [`NewServer`].
    pub allowed_tools: Option<Vec<String>>,
    /// As in [`NewServer`].
    pub managed_auth: Option<bool>,
}

/// A server as answers show it.
#[derive(Debug, Clone)]
pub struct ServerView {
    /// The row.
    pub server: McpServer,
    /// Logos by toolkit, of those that are there and have one.
    pub icons: Vec<(String, String)>,
    /// How many users were noted for it.
    pub instances: u64,
}

fn not_found(id: &McpServerId) -> Error {
    Error::not_found("MCP server", id.as_str())
}
