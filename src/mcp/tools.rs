//! The list of tools.

use std::sync::Arc;

use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use super::fault::Fault;
use super::message::Request;
use super::opened::Opened;
use super::revision::Revision;
use crate::app::App;
use crate::catalog::Tool;
use crate::error::Error;
use crate::meta_tools::Definition;
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
pub(super) struct ListedTool {
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
    pub(super) fn of(tool: &Tool) -> Self {
        let manifest = &tool.manifest;
        Self {
            name: manifest.slug.clone(),
            title: manifest.name.clone(),
            description: manifest.description.trim().to_owned(),
            input_schema: Arc::clone(&tool.published_input),
            output_schema: Arc::clone(&tool.published_output),
            annotations: Annotations::of(&manifest.name, &manifest.tags),
        }
    }

    pub(super) fn of_meta(definition: Definition) -> Self {
        let Definition {
            tool,
            name,
            description,
            tags,
            input,
            output,
        } = definition;
        Self {
            name: tool.slug().to_owned(),
            annotations: Annotations::of(&name, &tags),
            title: name,
            description: description.trim().to_owned(),
            input_schema: input,
            output_schema: output,
        }
    }
}

impl Annotations {
    fn of(title: &str, tags: &[String]) -> Self {
        let has = |hint: &str| tags.iter().any(|tag| tag.eq_ignore_ascii_case(hint));
        let read_only_hint = has("readOnlyHint");
        // Of what changes nothing neither means anything.
        let of_change = |hint| (!read_only_hint).then(|| has(hint));
        Self {
            title: title.to_owned(),
            read_only_hint,
            destructive_hint: of_change("destructiveHint"),
            idempotent_hint: of_change("idempotentHint"),
            open_world_hint: has("openWorldHint"),
        }
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
    let page = page.slice(&opened.listed(app).await?);
    let is_stateless = revision.is_stateless();
    let list = ToolList {
        result_type: is_stateless.then_some("complete"),
        tools: page.items,
        next_cursor: page.next_cursor,
        ttl_ms: is_stateless.then_some(0),
        cache_scope: is_stateless.then_some("private"),
    };
    Ok(to_raw_value(&list).map_err(Error::from)?)
}
