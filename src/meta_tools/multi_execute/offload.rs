//! Results that are too large for a model's context go into a file, with a preview in their place.

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use serde_json::{Map, Value, json};

use super::super::{Desk, TOOLKIT, preview};
use crate::error::Result;
use crate::files::{self, Arrival};
use crate::sessions::MetaTool;
use crate::sessions::config::OFFLOAD_ABOVE;

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
    let most = threshold(desk);
    let is_large = most.is_some_and(|most| length > most);
    if !is_large && !is_wished {
        return Ok((results, Map::new()));
    }
    let file = keep(desk, &results).await?;
    let mut told = Map::from_iter([("remote_file_info".to_owned(), file)]);
    if is_large && let Some(most) = most {
        for (result, share) in results.iter_mut().zip(preview::shares(&lengths, most)) {
            shorten(&mut result["response"], share);
        }
        let next = "Large results are shown as previews: `response.preview` says what was cut. The \
                    whole is in the file of `remote_file_info`; or ask for less, by filters and pages.";
        told.insert("next_steps".into(), next.into());
    }
    Ok((results, told))
}

/// Characters above which results are kept in a file; none where the session wants them inline.
fn threshold(desk: &Desk<'_>) -> Option<usize> {
    let Some(config) = desk.scope.config() else {
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

/// The results as a JSON file of the project, behind a link that works for a while.
async fn keep(desk: &Desk<'_>, results: &[Value]) -> Result<Value> {
    let content = serde_json::to_vec(&json!({ "results": results }))?;
    let bytes = content.len();
    let arrival = Arrival {
        toolkit: TOOLKIT.to_owned(),
        tool: MetaTool::MultiExecuteTool.slug().to_owned(),
        name: "tool_results.json".into(),
        mimetype: "application/json".into(),
    };
    let content = stream::once(async { Ok(Bytes::from(content)) }).boxed();
    let file = files::store(desk.app, &desk.scope.project, arrival, content).await?;
    let link = files::read_link(desk.app, &file).await?;
    Ok(json!({
        "name": file.name,
        "mimetype": file.mimetype,
        "s3key": files::key(&file),
        "download_url": link.url,
        "expires_at": link.expires_at.to_text(),
        "bytes": bytes,
    }))
}
