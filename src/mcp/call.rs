//! `tools/call`

use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value, json};

use super::fault::Fault;
use super::message::Request;
use super::opened::Opened;
use super::progress::Progress;
use super::revision::Revision;
use super::site::Offered;
use crate::app::App;
use crate::error::{Error, Result};
use crate::executor::ToolResult;
use crate::sessions::LinkWish;

/// Executes a tool. What goes wrong with the tool is a result that a model can read; an error is what
/// the client did wrong.
///
/// # Errors
/// For a tool that this URL does not have, and for our own faults.
pub(super) async fn call(
    app: &App,
    opened: &Opened,
    revision: Revision,
    request: &Request,
    progress: &Progress,
) -> Result<Box<RawValue>, Fault> {
    let Some(Value::String(name)) = request.params.get("name") else {
        return Err(Fault::invalid_params("`name` must be the name of a tool"));
    };
    let arguments = match request.params.get("arguments") {
        None | Some(Value::Null) => Map::new(),
        Some(Value::Object(arguments)) => arguments.clone(),
        Some(_) => return Err(Fault::invalid_params("`arguments` must be an object")),
    };
    let Some(tool) = opened.offered(app, name).await? else {
        return Err(Fault::invalid_params(&format!("unknown tool: {name}")));
    };
    let outcome = opened.call(app, &tool, arguments, progress).await;
    let mut result = match outcome {
        Ok(result) => of_result(result),
        Err(error @ Error::Internal(_)) => return Err(of_fault(error)),
        Err(error) => of_failure(&explained(app, opened, &tool, &error).await?),
    };
    if revision.is_stateless() {
        result["resultType"] = "complete".into();
    }
    Ok(to_raw_value(&result).map_err(Error::from)?)
}

/// Our own fault in the middle of a call is an error of JSON-RPC, not of HTTP.
fn of_fault(error: Error) -> Fault {
    tracing::error!(cause = error.with_causes(), "an MCP call failed");
    Fault::from(error).in_band()
}

fn of_result(result: ToolResult) -> Value {
    let ToolResult {
        data,
        error,
        log_id,
    } = result;
    let mut structured = json!({ "data": data, "successful": error.is_none() });
    if let Some(error) = &error {
        structured["error"] = error.as_str().into();
    }
    json!({
        "content": [{ "type": "text", "text": structured.to_string() }],
        "structuredContent": structured,
        "isError": error.is_some(),
        "_meta": { "log_id": log_id.as_str() },
    })
}

fn of_failure(text: &str) -> Value {
    json!({
        "content": [{ "type": "text", "text": text }],
        "structuredContent": { "data": {}, "successful": false, "error": text },
        "isError": true,
    })
}

/// What a model can make something of: what went wrong, where, and what to do.
async fn explained(app: &App, opened: &Opened, tool: &Offered, error: &Error) -> Result<String> {
    let shown = error.shown();
    let mut text = error.to_string();
    for problem in &shown.errors {
        text.push_str(&format!("\n- {problem}"));
    }
    match (error, tool) {
        (Error::NoConnectedAccount { .. } | Error::AccountUnusable { .. }, Offered::Tool(tool)) => {
            let toolkit = &tool.toolkit.manifest.slug;
            let way = how_to_connect(app, opened, toolkit).await?;
            text.push_str(&format!("\n{way}"));
        }
        _ => {
            if let Some(fix) = shown.suggested_fix {
                text.push_str(&format!("\n{fix}"));
            }
        }
    }
    Ok(text)
}

async fn how_to_connect(app: &App, opened: &Opened, toolkit: &str) -> Result<String> {
    let by_api = opened.site.way_to_connect(&opened.scope.user, toolkit);
    if !opened.links {
        return Ok(by_api);
    }
    let wish = LinkWish {
        toolkit: toolkit.to_owned(),
        ..LinkWish::default()
    };
    match opened.scope.link(app, wish).await {
        Ok(link) => Ok(format!(
            "Ask the user to connect `{toolkit}` at {} and call the tool again when they have. The \
             link works once, for ten minutes.",
            link.url
        )),
        Err(error @ Error::Internal(_)) => Err(error),
        Err(error) => Ok(format!("{by_api} (No link could be made: {error}.)")),
    }
}
