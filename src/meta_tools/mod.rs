//! The meta tools: a handful of tools of our own by which an agent finds, connects and executes all
//! the others, in a session or for a user without one.

mod arguments;
mod connections;
mod definition;
mod memory;
mod multi_execute;
mod offload;
mod preview;
mod recipes;
mod schemas;
mod search;
mod workflow;

use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::app::App;
use crate::error::{Error, Result};
use crate::executor::{self, CallContext, OwnCall, ToolResult};
use crate::sessions::{MetaTool, Scope};
pub use definition::{Definition, TOOLKIT, definition, definitions};
pub use offload::offload_one;

/// What the versions of the API differ in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Edition {
    /// How many tools one call may execute.
    pub most_calls: usize,
    /// Whether the recipes' meta tools are shown. They can be called in any case.
    pub with_recipes: bool,
}

impl Edition {
    /// Of `/api/v3`.
    pub const V3: Self = Self {
        most_calls: 20,
        with_recipes: true,
    };
    /// Of `/api/v3.1`.
    pub const V3_1: Self = Self {
        most_calls: 50,
        with_recipes: false,
    };
}

/// Told how many of a call's parts are done, and of how many.
pub type Progress = Arc<dyn Fn(usize, usize) + Send + Sync>;

/// A call of a meta tool.
pub struct MetaCall {
    /// Which.
    pub tool: MetaTool,
    /// What it is called with.
    pub arguments: Map<String, Value>,
    /// By which version of the API.
    pub edition: Edition,
    /// Who is told how far it is.
    pub progress: Option<Progress>,
}

/// Shows no arguments: they may hold secrets of other tools.
impl std::fmt::Debug for MetaCall {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "MetaCall({})", self.tool.slug())
    }
}

/// What a meta tool works with.
struct Desk<'a> {
    app: &'a App,
    context: &'a CallContext,
    scope: &'a Scope,
    edition: Edition,
    progress: Option<Progress>,
}

/// What came of it: the data, and why it failed.
type Outcome = (Map<String, Value>, Option<String>);

/// Executes a meta tool within what `scope` reaches, and records it. Whoever drops the future gives
/// up the calls that are under way.
///
/// # Errors
/// [`Error::Forbidden`] when the session does not have it, [`Error::Invalid`] for wrong arguments,
/// [`Error::NotFound`] for an unknown recipe, [`Error::NotImplemented`] for what needs a sandbox.
/// What single tools fail with is in the data.
pub async fn execute(
    app: &App,
    context: &CallContext,
    scope: &Scope,
    call: MetaCall,
) -> Result<ToolResult> {
    let MetaCall {
        tool,
        arguments,
        edition,
        progress,
    } = call;
    let own = OwnCall {
        tool: tool.slug(),
        toolkit: TOOLKIT,
        user: scope.user.clone(),
        arguments: recorded(&arguments),
    };
    let desk = Desk {
        app,
        context,
        scope,
        edition,
        progress,
    };
    let run = Box::pin(desk.run(tool, arguments));
    executor::record_own(app, context, own, run).await
}

impl Desk<'_> {
    async fn run(&self, tool: MetaTool, arguments: Map<String, Value>) -> Result<Outcome> {
        self.refuse_hidden(tool)?;
        match tool {
            MetaTool::SearchTools => search::search(self, arguments::read(arguments)?).await,
            MetaTool::GetToolSchemas => schemas::get(self, &arguments::read(arguments)?),
            MetaTool::ManageConnections => {
                connections::manage(self, arguments::read(arguments)?).await
            }
            MetaTool::WaitForConnections => {
                connections::wait(self, arguments::read(arguments)?).await
            }
            MetaTool::MultiExecuteTool => {
                multi_execute::execute(self, arguments::read(arguments)?).await
            }
            MetaTool::UpsertRecipe => recipes::upsert(self, arguments::read(arguments)?).await,
            MetaTool::GetRecipe => recipes::get(self, arguments::read(arguments)?).await,
            MetaTool::RemoteWorkbench | MetaTool::RemoteBashTool => Err(Error::NotImplemented(
                format!("{} needs a sandbox to run code in", tool.slug()),
            )),
        }
    }

    fn refuse_hidden(&self, tool: MetaTool) -> Result<()> {
        let Some(session) = &self.scope.session else {
            return Ok(());
        };
        if self.scope.has_meta_tool(tool) {
            return Ok(());
        }
        Err(Error::Forbidden(format!(
            "session `{}` does not have {}: its configuration switches it off",
            session.id,
            tool.slug()
        )))
    }

    fn tell(&self, done: usize, of: usize) {
        if let Some(progress) = &self.progress {
            progress(done, of);
        }
    }
}

/// What a record keeps: which tools, toolkits and recipes were named. Arguments of other tools may
/// hold secrets, and have records of their own.
fn recorded(arguments: &Map<String, Value>) -> Map<String, Value> {
    let slugs = |value: &Value| {
        let entries = value.as_array().into_iter().flatten();
        let names = entries.filter_map(|entry| {
            let name = entry.get("tool_slug").or_else(|| entry.get("name"));
            name.unwrap_or(entry).as_str().map(str::to_owned)
        });
        json!(names.collect::<Vec<String>>())
    };
    let kept = arguments.iter().filter_map(|(name, value)| {
        let value = match name.as_str() {
            "tools" | "toolkits" | "tool_slugs" => slugs(value),
            "recipe_slug" | "recipe_id" | "mode" | "session_id" => value.clone(),
            "queries" => json!(value.as_array().map_or(0, Vec::len)),
            _ => return None,
        };
        Some((name.clone(), value))
    });
    kept.collect()
}
