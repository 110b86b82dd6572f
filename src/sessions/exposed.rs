//! The meta tools that a session shows.

use super::scope::Scope;

/// A tool about tools, by its official slug.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each name is the slug's")]
pub enum MetaTool {
    SearchTools,
    GetToolSchemas,
    MultiExecuteTool,
    ManageConnections,
    WaitForConnections,
    RemoteWorkbench,
    RemoteBashTool,
    UpsertRecipe,
    GetRecipe,
}

impl MetaTool {
    /// Every meta tool, in the order in which sessions show them.
    pub const ALL: [Self; 9] = [
        Self::SearchTools,
        Self::GetToolSchemas,
        Self::MultiExecuteTool,
        Self::ManageConnections,
        Self::WaitForConnections,
        Self::RemoteWorkbench,
        Self::RemoteBashTool,
        Self::UpsertRecipe,
        Self::GetRecipe,
    ];

    /// The official slug.
    #[must_use]
    pub const fn slug(self) -> &'static str {
        match self {
            Self::SearchTools => "COMPOSIO_SEARCH_TOOLS",
            Self::GetToolSchemas => "COMPOSIO_GET_TOOL_SCHEMAS",
            Self::MultiExecuteTool => "COMPOSIO_MULTI_EXECUTE_TOOL",
            Self::ManageConnections => "COMPOSIO_MANAGE_CONNECTIONS",
            Self::WaitForConnections => "COMPOSIO_WAIT_FOR_CONNECTIONS",
            Self::RemoteWorkbench => "COMPOSIO_REMOTE_WORKBENCH",
            Self::RemoteBashTool => "COMPOSIO_REMOTE_BASH_TOOL",
            Self::UpsertRecipe => "COMPOSIO_UPSERT_RECIPE",
            Self::GetRecipe => "COMPOSIO_GET_RECIPE",
        }
    }

    /// The meta tool with this slug, in any case.
    #[must_use]
    pub fn of_slug(slug: &str) -> Option<Self> {
        let mut all = Self::ALL.into_iter();
        all.find(|tool| tool.slug().eq_ignore_ascii_case(slug))
    }
}

impl Scope {
    /// Whether a meta tool may be called here.
    #[must_use]
    pub fn has_meta_tool(&self, tool: MetaTool) -> bool {
        let Some(config) = self.config() else {
            return true;
        };
        let connections = &config.manage_connections;
        match tool {
            MetaTool::SearchTools => config.search.enable,
            MetaTool::MultiExecuteTool => config.execute.enable_multi_execute,
            MetaTool::ManageConnections => connections.enabled,
            MetaTool::WaitForConnections => {
                connections.enabled && connections.enable_wait_for_connections
            }
            MetaTool::RemoteWorkbench | MetaTool::RemoteBashTool => config.workbench.enable,
            // Of use with one of them; an agent without both has its tools in its list.
            MetaTool::GetToolSchemas => config.search.enable || config.execute.enable_multi_execute,
            MetaTool::UpsertRecipe | MetaTool::GetRecipe => true,
        }
    }

    /// The meta tools that an agent is shown; recipes where `with_recipes` (`/api/v3` alone lists
    /// them).
    #[must_use]
    pub fn meta_tools(&self, with_recipes: bool) -> Vec<MetaTool> {
        let is_shown = |tool: &MetaTool| {
            let is_recipe = matches!(tool, MetaTool::UpsertRecipe | MetaTool::GetRecipe);
            (with_recipes || !is_recipe) && self.has_meta_tool(*tool)
        };
        MetaTool::ALL.into_iter().filter(is_shown).collect()
    }
}
