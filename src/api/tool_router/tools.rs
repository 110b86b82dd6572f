//! The tools that a session's agent is given.

use axum::extract::State;
use serde::Deserialize;

use crate::api::auth::Caller;
use crate::api::extract::{Json, Path, Query, number};
use crate::api::listing::Listing;
use crate::api::tools::ToolItem;
use crate::app::App;
use crate::catalog::versions::LATEST;
use crate::error::Result;
use crate::ids::SessionId;
use crate::meta_tools::{self, Edition};
use crate::paging::{MAX_LIMIT, PageRequest};
use crate::sessions::Scope;

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct SessionToolsQuery {
    /// Tools on a page, at most 1000; all where it is left out.
    #[serde(default, deserialize_with = "number")]
    #[param(value_type = Option<f64>, nullable = false)]
    limit: Option<i64>,
    /// `next_cursor` of the page before.
    #[param(nullable = false)]
    cursor: Option<String>,
}

/// List a session's tools
///
/// What to give to the model: the meta tools, and the tools that stand beside them.
#[utoipa::path(
    get, path = "/tool_router/session/{session_id}/tools", tag = "Tool Router",
    security(("ApiKeyAuth" = [])),
    params(("session_id" = String, Path, description = "The session's id",
        example = "trs_1a2b3c4d5e6f"), SessionToolsQuery),
    responses((status = 200, description = "One page of tools", body = Listing<ToolItem>)),
)]
pub(super) async fn list_session_tools(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<SessionId>,
    Query(query): Query<SessionToolsQuery>,
) -> Result<Json<Listing<ToolItem>>> {
    let limit = query.limit.unwrap_or(i64::from(MAX_LIMIT));
    let page = PageRequest::new(Some(limit), query.cursor.as_deref())?;
    let scope = Scope::of_session(&app, &caller.project, &id).await?;
    let meta = meta_tools::definitions(&scope, Edition::from(caller.api))?;
    let mut tools: Vec<ToolItem> = meta.into_iter().map(ToolItem::from).collect();
    let preloaded = scope.preloaded().into_iter();
    tools.extend(preloaded.map(|tool| {
        let version = tool.version(Some(LATEST));
        ToolItem::new(tool, &tool.manifest.slug, version)
    }));
    Ok(Json(page.slice(&tools).into()))
}
