//! The configurations that a session has had.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::session_answer::ShownConfig;
use crate::api::auth::Caller;
use crate::api::extract::{Json, Path, Query, number};
use crate::api::listing::Listing;
use crate::app::App;
use crate::error::Result;
use crate::ids::SessionId;
use crate::paging::PageRequest;
use crate::sessions::{self, ConfigVersion};

/// Configurations on a page, at most.
const MOST_VERSIONS: i64 = 100;

/// A configuration that a session has or had.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ConfigVersionItem {
    /// From 1.
    version: i64,
    /// What the session reaches, or reached.
    config: ShownConfig,
    /// Whether it is in force.
    is_current: bool,
    /// When it came into force; of former ones, when they were replaced.
    #[schema(format = "date-time")]
    created_at: String,
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct HistoryQuery {
    /// Versions on a page, at most 100.
    #[serde(default, deserialize_with = "number")]
    #[param(value_type = Option<f64>, nullable = false)]
    limit: Option<i64>,
    /// `next_cursor` of the page before.
    #[param(nullable = false)]
    cursor: Option<String>,
}

/// List a session's configurations
///
/// The present one first, then those that it replaced, the newest first.
#[utoipa::path(
    get, path = "/tool_router/session/{session_id}/config_history", tag = "Tool Router",
    security(("ApiKeyAuth" = [])),
    params(("session_id" = String, Path, description = "The session's id",
        example = "trs_1a2b3c4d5e6f"), HistoryQuery),
    responses((status = 200, description = "One page of versions",
        body = Listing<ConfigVersionItem>)),
)]
pub(super) async fn list_session_configs(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<SessionId>,
    Query(query): Query<HistoryQuery>,
) -> Result<Json<Listing<ConfigVersionItem>>> {
    let limit = query.limit.unwrap_or(MOST_VERSIONS).min(MOST_VERSIONS);
    let page = PageRequest::new(Some(limit), query.cursor.as_deref())?;
    let user = sessions::find(&app, &caller.project, &id).await?.user;
    let versions = sessions::history(&app, &caller.project, &id, page).await?;
    let shown = versions.map(|version| {
        let ConfigVersion {
            version,
            config,
            is_current,
            at,
        } = version;
        ConfigVersionItem {
            version,
            config: ShownConfig::new(user.clone(), config, caller.api),
            is_current,
            created_at: at.to_text(),
        }
    });
    Ok(Json(shown.into()))
}
