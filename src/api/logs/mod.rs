//! Records of executions, by id and by search, under the names that today's SDKs use.

mod answer;
mod search;

use axum::extract::State;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::auth::Caller;
use super::extract::{Json, Path};
use crate::app::App;
use crate::error::Result;
use crate::executor;
use answer::{LogDetail, LogPage};
use search::SearchRequest;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(search_execution_logs))
        .routes(routes!(get_execution_log))
}

/// Search execution logs
///
/// The newest first. All filters hold together; a time range narrows further.
#[utoipa::path(
    post, path = "/logs/tool_execution", tag = "Logs",
    security(("ApiKeyAuth" = [])),
    request_body(content = SearchRequest, example = json!({
        "limit": 20, "filters": [{ "field": "toolkit_slug", "operator": "==", "value": "github" }],
    })),
    responses((status = 200, description = "What was found", body = LogPage)),
)]
async fn search_execution_logs(
    State(app): State<App>,
    caller: Caller,
    Json(request): Json<SearchRequest>,
) -> Result<Json<LogPage>> {
    let (filter, limit) = request.into_filter()?;
    let (found, has_more) = executor::search_records(&app, &caller.project, &filter, limit).await?;
    Ok(Json(LogPage::new(found, has_more)))
}

/// Get an execution log
///
/// With the call's arguments, unless the project stores no data, and with what it did step by step:
/// which account was taken and why, each attempt with its time, and what was redacted.
#[utoipa::path(
    get, path = "/logs/tool_execution/{id}", tag = "Logs",
    security(("ApiKeyAuth" = [])),
    params(("id" = String, Path, description = "The `log_id` of an execution", example = "log_3kT0aXqM9ZbC")),
    responses((status = 200, description = "The record", body = LogDetail)),
)]
async fn get_execution_log(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<LogDetail>> {
    let record = executor::record(&app, &caller.project, &id.into()).await?;
    Ok(Json(record.into()))
}
