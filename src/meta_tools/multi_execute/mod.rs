//! `COMPOSIO_MULTI_EXECUTE_TOOL`: many calls side by side, none of which fails another.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::future::join_all;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::sync::Semaphore;

use super::{Desk, Outcome, arguments, memory, offload, recipes, workflow};
use crate::error::{Error, Result};
use crate::executor::ToolResult;
use crate::sessions::MetaTool;

/// Calls of one toolkit at the same time: services bound how many a user may make.
const AT_ONCE: usize = 5;

#[derive(Debug, Deserialize)]
pub(super) struct Arguments {
    tools: Vec<Wanted>,
    #[serde(default)]
    sync_response_to_workbench: bool,
    /// What the model noted, by toolkit.
    #[serde(default)]
    memory: Value,
    #[serde(default)]
    session_id: Option<String>,
}

/// One call.
#[derive(Debug, Deserialize)]
struct Wanted {
    tool_slug: String,
    #[serde(default, deserialize_with = "arguments::object")]
    arguments: Map<String, Value>,
    #[serde(default)]
    account: Option<String>,
}

/// What came of one call.
struct Done {
    slug: String,
    result: Result<Response>,
}

/// What a call that was made answered.
struct Response {
    data: Value,
    error: Option<String>,
    log_id: Option<String>,
}

impl From<ToolResult> for Response {
    fn from(
        ToolResult {
            data,
            error,
            log_id,
        }: ToolResult,
    ) -> Self {
        Self {
            data: data.into(),
            error,
            log_id: Some(log_id.to_string()),
        }
    }
}

/// Executes all, and tells what came of each in the order they were named.
///
/// # Errors
/// [`Error::Invalid`] when there are none or too many; nothing was executed then.
pub(super) async fn execute(desk: &Desk<'_>, arguments: Arguments) -> Result<Outcome> {
    let Arguments {
        tools,
        sync_response_to_workbench,
        memory: noted,
        session_id,
    } = arguments;
    let (of, most) = (tools.len(), desk.edition.most_calls);
    if of == 0 || of > most {
        return Err(Error::invalid_with_fix(
            format!("arguments.tools: has {of} calls, and one call executes 1 to {most}"),
            "Split them over several calls.",
        ));
    }
    if let Some(noted) = noted.as_object() {
        memory::keep(desk, noted).await?;
    }
    let gates = gates(desk, &tools);
    let done = AtomicUsize::new(0);
    let calls = tools.into_iter().map(|wanted| {
        let gate = Arc::clone(&gates[&toolkit_of(desk, &wanted.tool_slug)]);
        let done = &done;
        async move {
            let _place = gate.acquire().await.map_err(Error::internal)?;
            let slug = wanted.tool_slug.to_ascii_uppercase();
            let result = call(desk, wanted).await;
            if let Err(error @ Error::Internal(_)) = &result {
                let cause = error.with_causes();
                tracing::error!(cause, tool = slug, "a call beside others failed");
            }
            desk.tell(done.fetch_add(1, Ordering::Relaxed) + 1, of);
            Ok(Done { slug, result })
        }
    });
    let done: Vec<Done> = join_all(calls).await.into_iter().collect::<Result<_>>()?;
    let failed = done.iter().filter(|one| one.failure().is_some()).count();
    let error = (failed > 0).then(|| format!("{failed} out of {of} tools failed"));
    let results: Vec<Value> = done
        .into_iter()
        .enumerate()
        .map(|(at, one)| one.shown(at))
        .collect();
    let mut data = Map::from_iter([
        ("total_count".to_owned(), of.into()),
        ("success_count".to_owned(), (of - failed).into()),
        ("error_count".to_owned(), failed.into()),
    ]);
    data.extend(workflow::echo(session_id.as_deref()).map(|session| ("session".into(), session)));
    let (results, file) = offload::offload(desk, results, sync_response_to_workbench).await?;
    data.insert("results".into(), results.into());
    data.extend(file);
    Ok((data, error))
}

/// The places at each toolkit that the calls are of.
fn gates(desk: &Desk<'_>, tools: &[Wanted]) -> HashMap<String, Arc<Semaphore>> {
    let toolkits = tools
        .iter()
        .map(|wanted| toolkit_of(desk, &wanted.tool_slug));
    toolkits
        .map(|toolkit| (toolkit, Arc::new(Semaphore::new(AT_ONCE))))
        .collect()
}

/// A recipe's slug, and one that nothing has, stands for itself.
fn toolkit_of(desk: &Desk<'_>, slug: &str) -> String {
    desk.scope.catalog.newest_form(slug).map_or_else(
        |_| slug.to_ascii_lowercase(),
        |tool| tool.toolkit.manifest.slug.clone(),
    )
}

async fn call(desk: &Desk<'_>, wanted: Wanted) -> Result<Response> {
    let Wanted {
        tool_slug,
        arguments,
        account,
    } = wanted;
    if MetaTool::of_slug(&tool_slug).is_some() {
        return Err(Error::invalid_with_fix(
            format!("{tool_slug} is a meta tool and executes no other meta tool"),
            "Call it by itself.",
        ));
    }
    if desk.scope.catalog.newest_form(&tool_slug).is_err()
        && let Some(recipe) = recipes::find(desk, &tool_slug, None).await?
    {
        let (data, error) = recipes::run(desk, &recipe, arguments).await?;
        return Ok(Response {
            data: data.into(),
            error,
            log_id: None,
        });
    }
    let (app, context) = (desk.app, desk.context);
    let account = account.as_deref();
    let execution = desk
        .scope
        .execute(app, context, &tool_slug, arguments, account);
    Box::pin(execution).await.map(Response::from)
}

impl Done {
    fn failure(&self) -> Option<String> {
        match &self.result {
            Ok(response) => response.error.clone(),
            Err(error) => Some(told(error)),
        }
    }

    fn shown(self, index: usize) -> Value {
        let error = self.failure();
        let Self { slug, result } = self;
        let response = match result {
            Ok(Response {
                data,
                error,
                log_id,
            }) => {
                let mut response = json!({
                    "data": data, "successful": error.is_none(), "error": error,
                });
                if let Some(log_id) = log_id {
                    response["log_id"] = log_id.into();
                }
                response
            }
            Err(_) => json!({ "data": {}, "successful": false, "error": error }),
        };
        json!({ "index": index, "tool_slug": slug, "response": response, "error": error })
    }
}

/// An error in one text, with each problem and the way out: the model reads nothing else.
pub(super) fn told(error: &Error) -> String {
    let shown = error.shown();
    let problems = shown.errors.iter().map(|problem| format!("; {problem}"));
    let mut told: String = std::iter::once(error.to_string()).chain(problems).collect();
    if let Some(fix) = shown.suggested_fix {
        told.push_str(". ");
        told.push_str(&fix);
    }
    told
}
