//! Calls of tools that are the server's own: recorded as those of services are.

use std::future::Future;

use serde_json::{Map, Value};

use super::recording::Recording;
use super::response::Shaped;
use super::{CallContext, ToolResult, ended};
use crate::app::App;
use crate::error::Result;
use crate::tenancy;

/// A call of one of the server's own tools.
#[derive(Debug, Clone)]
pub struct OwnCall {
    /// Its slug.
    pub tool: &'static str,
    /// Slug of the toolkit that it is said to belong to.
    pub toolkit: &'static str,
    /// The caller's name for the user.
    pub user: String,
    /// What the record keeps of the arguments, without anybody's secrets.
    pub arguments: Map<String, Value>,
}

/// Makes such a call and records it; `run` gives the data, and why it failed.
///
/// # Errors
/// What `run` returns.
pub async fn record_own(
    app: &App,
    context: &CallContext,
    call: OwnCall,
    run: impl Future<Output = Result<(Map<String, Value>, Option<String>)>> + Send,
) -> Result<ToolResult> {
    let OwnCall {
        tool,
        toolkit,
        user,
        arguments,
    } = call;
    let recording = Recording::begin(app, context, "tool", toolkit);
    recording.name(tool, None);
    recording.user(Some(&user));
    let project = tenancy::open_project(app, &context.project).await?;
    recording.stores_data(&project.project.settings);
    recording.arguments(|| arguments);
    let outcome = run.await.map(|(data, error)| Shaped { data, error });
    ended(recording, outcome, "it did not succeed")
}
