//! Results that are too large for a model's context go into a file, with a preview in their place.

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use serde_json::{Map, Value, json};

use super::{Desk, TOOLKIT, preview};
use crate::app::App;
use crate::catalog::Tool;
use crate::error::Result;
use crate::files::{self, Arrival};
use crate::sessions::config::OFFLOAD_ABOVE;
use crate::sessions::{MetaTool, Scope};

const MIMETYPE: &str = "application/json";
const NEXT: &str =
    "The whole is in the file of `remote_file_info`; or ask for less, by filters and pages.";

/// The results as the caller gets them, and what is told of the file if there is one: all of them
/// are in it, by wish or because they have too many characters together.
///
/// # Errors
/// When the file cannot be stored.
pub(super) async fn offload(
    desk: &Desk<'_>,
    mut results: Vec<Value>,
    is_wished: bool,
) -> Result<(Vec<Value>, Map<String, Value>)> {
    let lengths: Vec<usize> = results
        .iter()
        .map(|result| preview::length(&result["response"]["data"]))
        .collect();
    let length: usize = lengths.iter().sum();
    let most = threshold(desk.scope);
    let is_large = most.is_some_and(|most| length > most);
    if !is_large && !is_wished {
        return Ok((results, Map::new()));
    }
    let arrival = Arrival {
        toolkit: TOOLKIT.to_owned(),
        tool: MetaTool::MultiExecuteTool.slug().to_owned(),
        name: "tool_results.json".into(),
        mimetype: MIMETYPE.into(),
    };
    let content = json!({ "results": results });
    let file = keep(desk.app, desk.scope, arrival, &content).await?;
    let mut told = Map::from_iter([("remote_file_info".to_owned(), file)]);
    if is_large && let Some(most) = most {
        for (result, share) in results.iter_mut().zip(preview::shares(&lengths, most)) {
            shorten(&mut result["response"], share);
        }
        let next = format!(
            "Large results are shown as previews: `response.preview` says what was cut. {NEXT}"
        );
        told.insert("next_steps".into(), next.into());
    }
    Ok((results, told))
}

/// The data of a single tool's result in the same way: a preview, what was cut, and the file with the
/// whole. None where it is not too large, and stays as it is.
///
/// # Errors
/// When the file cannot be stored.
pub async fn offload_one(
    app: &App,
    scope: &Scope,
    tool: &Tool,
    data: &Map<String, Value>,
) -> Result<Option<Map<String, Value>>> {
    let mut response = json!({ "data": data });
    let length = preview::length(&response["data"]);
    let Some(most) = threshold(scope).filter(|most| length > *most) else {
        return Ok(None);
    };
    let arrival = Arrival {
        toolkit: tool.toolkit.manifest.slug.clone(),
        tool: tool.manifest.slug.clone(),
        name: "tool_result.json".into(),
        mimetype: MIMETYPE.into(),
    };
    let file = keep(app, scope, arrival, &response["data"]).await?;
    shorten(&mut response, most);
    let next = format!("The result is shown as a preview: `preview` says what was cut. {NEXT}");
    response["remote_file_info"] = file;
    response["next_steps"] = next.into();
    Ok(response.as_object().cloned())
}

/// Characters above which results are kept in a file; none where the session wants them inline.
fn threshold(scope: &Scope) -> Option<usize> {
    let Some(config) = scope.config() else {
        return usize::try_from(OFFLOAD_ABOVE).ok();
    };
    let workbench = &config.workbench;
    let above = workbench.auto_offload_threshold.unwrap_or(OFFLOAD_ABOVE);
    usize::try_from(above).ok().filter(|_| workbench.enable)
}

fn shorten(response: &mut Value, most: usize) {
    let length = preview::length(&response["data"]);
    if length <= most {
        return;
    }
    let preview::Preview { value, cut } = preview::preview(&response["data"], most);
    response["data"] = value;
    response["preview"] = json!({ "full_characters": length, "cut": cut });
}

/// A JSON file of the project, behind a link that works for a while.
async fn keep(app: &App, scope: &Scope, arrival: Arrival, content: &Value) -> Result<Value> {
    let content = serde_json::to_vec(content)?;
    let bytes = content.len();
    let content = stream::once(async { Ok(Bytes::from(content)) }).boxed();
    let file = files::store(app, &scope.project, arrival, content).await?;
    let link = files::read_link(app, &file).await?;
    Ok(json!({
        "name": file.name,
        "mimetype": file.mimetype,
        "s3key": files::key(&file),
        "download_url": link.url,
        "expires_at": link.expires_at.to_text(),
        "bytes": bytes,
    }))
}
