//! Projects: an organisation's list of them, and the settings of the caller's own.

mod body;
mod create_body;
mod settings;

use axum::extract::State;
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::auth::OrgCaller;
use super::extract::{Json, Path, Query, number};
use crate::app::App;
use crate::error::Result;
use crate::ids::ProjectId;
use crate::paging::PageRequest;
use crate::tenancy::projects;
pub(super) use body::WebhookVersion;
use body::{DeletedProject, ProjectDetail, ProjectList, RegeneratedKey};
use create_body::{CreateProjectBody, CreatedProject};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(settings::routes())
        .routes(routes!(create_project))
        .routes(routes!(list_projects))
        .routes(routes!(get_project, delete_project))
        .routes(routes!(regenerate_project_api_key))
}

/// Make a project
///
/// Adds a project to the organisation. A project is a tenant of its own: its auth configs,
/// connected accounts and logs are sealed with its own data key and invisible to every other
/// project. With `should_create_api_key` the answer holds the project's first API key; it is shown
/// this once and kept as a hash.
#[utoipa::path(
    post, path = "/org/owner/project/new", tag = "Projects", security(("OrgApiKeyAuth" = [])),
    request_body(
        content = CreateProjectBody,
        example = json!({ "name": "staging", "should_create_api_key": true }),
    ),
    responses((status = 200, description = "The project, and its key if one was made",
        body = CreatedProject)),
)]
async fn create_project(
    State(app): State<App>,
    OrgCaller { org }: OrgCaller,
    Json(body): Json<CreateProjectBody>,
) -> Result<Json<CreatedProject>> {
    let (project, secret) = projects::create(&app, &org, body.into()).await?;
    let api_key = secret.map(|secret| secret.reveal().to_owned());
    Ok(Json(CreatedProject {
        id: project.id,
        name: project.name,
        api_key,
    }))
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct ListProjectsQuery {
    /// Projects on a page, at most 1000.
    #[serde(default, deserialize_with = "number")]
    #[param(nullable)]
    limit: Option<i64>,
    /// `next_cursor` of the page before.
    #[param(nullable = false)]
    cursor: Option<String>,
}

/// List projects
///
/// The organisation's projects, newest first, a page at a time. Deleted ones are left out.
#[utoipa::path(
    get, path = "/org/owner/project/list", tag = "Projects", security(("OrgApiKeyAuth" = [])),
    params(ListProjectsQuery),
    responses((status = 200, description = "One page of projects", body = ProjectList)),
)]
async fn list_projects(
    State(app): State<App>,
    OrgCaller { org }: OrgCaller,
    Query(query): Query<ListProjectsQuery>,
) -> Result<Json<ProjectList>> {
    let page = PageRequest::new(query.limit, query.cursor.as_deref())?;
    Ok(Json(projects::list(&app, &org, page).await?.into()))
}

/// Get a project
///
/// One project of the organisation with its live API keys. Of each key only the hint is shown: a
/// key itself is shown once, when it is made.
#[utoipa::path(
    get, path = "/org/owner/project/{nano_id}", tag = "Projects", security(("OrgApiKeyAuth" = [])),
    params(("nano_id" = String, Path, description = "The project's id",
        example = "proj_abc123xyz456")),
    responses((status = 200, description = "The project", body = ProjectDetail)),
)]
async fn get_project(
    State(app): State<App>,
    OrgCaller { org }: OrgCaller,
    Path(id): Path<ProjectId>,
) -> Result<Json<ProjectDetail>> {
    Ok(Json(projects::find(&app, &org, &id).await?.into()))
}

/// Delete a project
///
/// The project's API keys stop working at once, and its auth configs and connected accounts are
/// removed with their credentials; this cannot be undone. The organisation's last project cannot be
/// deleted (403).
#[utoipa::path(
    delete, path = "/org/owner/project/{nano_id}", tag = "Projects",
    security(("OrgApiKeyAuth" = [])),
    params(("nano_id" = String, Path, description = "The project's id",
        example = "proj_abc123xyz456")),
    responses((status = 200, description = "It is deleted", body = DeletedProject)),
)]
async fn delete_project(
    State(app): State<App>,
    OrgCaller { org }: OrgCaller,
    Path(id): Path<ProjectId>,
) -> Result<Json<DeletedProject>> {
    projects::delete(&app, &org, &id).await?;
    Ok(Json(DeletedProject::default()))
}

/// Replace a project's API keys
///
/// Makes a new API key and revokes all others of the project; they stop working before the answer
/// is sent. The key is shown this once.
#[utoipa::path(
    post, path = "/org/owner/project/{nano_id}/regenerate_api_key", tag = "Projects",
    security(("OrgApiKeyAuth" = [])),
    params(("nano_id" = String, Path, description = "The project's id",
        example = "proj_abc123xyz456")),
    responses((status = 200, description = "The new key", body = RegeneratedKey)),
)]
async fn regenerate_project_api_key(
    State(app): State<App>,
    OrgCaller { org }: OrgCaller,
    Path(id): Path<ProjectId>,
) -> Result<Json<RegeneratedKey>> {
    Ok(Json(
        projects::regenerate_api_key(&app, &org, &id).await?.into(),
    ))
}
