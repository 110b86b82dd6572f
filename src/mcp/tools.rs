//! The list of tools.

use std::sync::Arc;

use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use super::fault::Fault;
use super::message::Request;
use super::opened::{Opened, Site};
use super::revision::Revision;
use crate::app::App;
use crate::catalog::Tool;
use crate::error::Result;
use crate::mcp_servers;
use crate::paging::{MAX_LIMIT, PageRequest};

/// One page.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ToolList {
    #[serde(skip_serializing_if = "Option::is_none")]
    result_type: Option<&'static str>,
    tools: Vec<ListedTool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ttl_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cache_scope: Option<&'static str>,
}

/// A tool as clients see it.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct ListedTool {
    name: String,
    title: String,
    description: String,
    input_schema: Arc<RawValue>,
    output_schema: Arc<RawValue>,
    annotations: Annotations,
}

/// What a tool does; what a manifest does not say is left to the client's defaults.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct Annotations {
    title: String,
    read_only_hint: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    destructive_hint: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    idempotent_hint: Option<bool>,
    open_world_hint: bool,
}

impl ListedTool {
    fn of(tool: &Tool) -> Self {
        let manifest = &tool.manifest;
        let read_only_hint = tool.has_tag("readOnlyHint");
        // Of what changes nothing neither means anything.
        let of_change = |tag| (!read_only_hint).then(|| tool.has_tag(tag));
        Self {
            name: manifest.slug.clone(),
            title: manifest.name.clone(),
            description: manifest.description.trim().to_owned(),
            input_schema: Arc::clone(&tool.published_input),
            output_schema: Arc::clone(&tool.published_output),
            annotations: Annotations {
                title: manifest.name.clone(),
                read_only_hint,
                destructive_hint: of_change("destructiveHint"),
                idempotent_hint: of_change("idempotentHint"),
                open_world_hint: tool.has_tag("openWorldHint"),
            },
        }
    }
}

/// The tools that a URL shows.
///
/// # Errors
/// When the database does not answer.
pub(super) async fn shown(app: &App, opened: &Opened) -> Result<Vec<Arc<Tool>>> {
    match &opened.site {
        Site::Server(server) => mcp_servers::tools(app, server, &opened.scope).await,
    }
}

/// `tools/list`. Many clients never ask for a second page, so the first is long.
///
/// # Errors
/// For a cursor that is none of ours.
pub(super) async fn list(
    app: &App,
    opened: &Opened,
    revision: Revision,
    request: &Request,
) -> Result<Box<RawValue>, Fault> {
    let cursor = match request.params.get("cursor") {
        None | Some(serde_json::Value::Null) => None,
        Some(serde_json::Value::String(cursor)) => Some(cursor.as_str()),
        Some(_) => return Err(Fault::invalid_params("`cursor` must be text")),
    };
    let page = PageRequest::new(Some(i64::from(MAX_LIMIT)), cursor)
        .map_err(|error| Fault::invalid_params(&error.to_string()))?;
    let shown = shown(app, opened).await?;
    let page = page.slice(&shown);
    let is_stateless = revision.is_stateless();
    let list = ToolList {
        result_type: is_stateless.then_some("complete"),
        tools: page.items.iter().map(|tool| ListedTool::of(tool)).collect(),
        next_cursor: page.next_cursor,
        ttl_ms: is_stateless.then_some(0),
        cache_scope: is_stateless.then_some("private"),
    };
    Ok(to_raw_value(&list).map_err(crate::error::Error::from)?)
}
