//! What stands behind a URL: an MCP server with its tools, or a session with the meta tools.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::opened::Opened;
use super::progress::Progress;
use super::tools::ListedTool;
use crate::app::App;
use crate::catalog::Tool;
use crate::error::Result;
use crate::executor::ToolResult;
use crate::mcp_servers;
use crate::meta_tools::{self, Edition, MetaCall};
use crate::sessions::{MetaTool, Scope};
use crate::storage::mcp_servers::McpServer;

/// What stands behind a URL.
#[derive(Debug)]
pub(super) enum Site {
    /// An MCP server.
    Server(Arc<McpServer>),
    /// A session, which the scope holds.
    Session,
}

/// A tool that a client may call.
#[derive(Debug, Clone)]
pub(super) enum Offered {
    /// Of a toolkit.
    Tool(Arc<Tool>),
    /// A meta tool.
    Meta(MetaTool),
}

impl Site {
    /// For people.
    pub(super) fn title(&self) -> &str {
        match self {
            Self::Server(server) => &server.name,
            Self::Session => "Tool router",
        }
    }

    /// What a model should know beforehand.
    pub(super) fn instructions(&self, user: &str) -> String {
        match self {
            Self::Server(server) => format!(
                "Tools of {}, for user `{user}`. A tool that fails says what to do about it.",
                server.toolkits.join(", ")
            ),
            Self::Session => format!(
                "Tools for user `{user}`: search for what you need, connect what is not connected, \
                 then execute."
            ),
        }
    }

    /// Whether a tool whose toolkit is not connected answers with a link.
    pub(super) fn offers_links(&self, scope: &Scope) -> bool {
        match self {
            Self::Server(server) => server.managed_auth,
            Self::Session => scope
                .config()
                .is_some_and(|config| config.manage_connections.enabled),
        }
    }

    /// How a user comes to a connection without a link from here.
    pub(super) fn way_to_connect(&self, user: &str, toolkit: &str) -> String {
        let place = match self {
            Self::Server(server) => format!("MCP server `{}`", server.name),
            Self::Session => "this session".to_owned(),
        };
        format!(
            "User `{user}` must connect `{toolkit}` first: whoever set up {place} makes a link for \
             that with POST /api/v3/connected_accounts/link."
        )
    }
}

impl Opened {
    /// The tools that this URL shows: meta tools first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub(super) async fn listed(&self, app: &App) -> Result<Vec<ListedTool>> {
        let mut listed = Vec::new();
        if let Site::Session = &self.site {
            let definitions = meta_tools::definitions(&self.scope, Edition::V3_1)?;
            listed.extend(definitions.into_iter().map(ListedTool::of_meta));
        }
        let tools = self.tools(app).await?;
        listed.extend(tools.iter().map(|tool| ListedTool::of(tool)));
        Ok(listed)
    }

    async fn tools(&self, app: &App) -> Result<Vec<Arc<Tool>>> {
        match &self.site {
            Site::Server(server) => mcp_servers::tools(app, server, &self.scope).await,
            Site::Session => {
                let preloaded = self.scope.preloaded().into_iter();
                Ok(preloaded.map(Arc::clone).collect())
            }
        }
    }

    /// The tool of this name, if this URL has it.
    ///
    /// # Errors
    /// When the database does not answer.
    pub(super) async fn offered(&self, app: &App, name: &str) -> Result<Option<Offered>> {
        let found = match &self.site {
            Site::Server(server) => mcp_servers::tool(app, server, &self.scope, name).await?,
            Site::Session => {
                if let Some(meta) = MetaTool::of_slug(name) {
                    return Ok(Some(Offered::Meta(meta)));
                }
                self.scope.preloaded_tool(name).map(Arc::clone)
            }
        };
        Ok(found.map(Offered::Tool))
    }

    /// Calls a tool.
    ///
    /// # Errors
    /// What [`Scope::execute`] and [`meta_tools::execute`] return.
    pub(super) async fn call(
        &self,
        app: &App,
        tool: &Offered,
        arguments: Map<String, Value>,
        progress: &Progress,
    ) -> Result<ToolResult> {
        match tool {
            Offered::Tool(tool) => {
                let slug = &tool.manifest.slug;
                let call = self
                    .scope
                    .execute(app, &self.context, slug, arguments, None);
                progress.during(slug, Box::pin(call)).await
            }
            Offered::Meta(meta) => {
                let call = MetaCall {
                    tool: *meta,
                    arguments,
                    edition: Edition::V3_1,
                    progress: progress.of_parts(meta.slug()),
                };
                let call = meta_tools::execute(app, &self.context, &self.scope, call);
                Box::pin(call).await
            }
        }
    }
}
