//! Toolkits: lists, one toolkit with what it takes to connect, categories and changes.

mod body;
mod detail;
mod import;
mod oauth_fields;

use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::auth::Caller;
use super::extract::{Json, Path, Query, flag, number};
use super::listing::Listing;
use crate::app::App;
use crate::catalog::{Catalog, ToolkitFilter};
use crate::error::{Error, Result};
use crate::paging::PageRequest;
use crate::toolkits;
use body::{Category, Changelog, ManagedBy, SortBy, ToolkitItem};
use detail::ToolkitDetail;

const SHORTEST_SEARCH: usize = 3;
const CHANGELOG_VERSIONS: usize = 10;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_toolkits))
        .routes(routes!(list_toolkit_categories))
        .routes(routes!(get_toolkits_changelog))
        .merge(import::routes())
        .routes(routes!(fetch_toolkits))
        .routes(routes!(get_toolkit))
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct ListToolkitsQuery {
    /// Only toolkits of a category, by id or by name.
    #[param(nullable = false, example = "developer-tools-&-devops")]
    category: Option<String>,
    /// Who looks after them: `composio` for those of this installation, `project` for those that a
    /// project brought itself (none yet).
    #[param(nullable = false)]
    managed_by: Option<ManagedBy>,
    /// The most used first, or by name.
    #[param(nullable = false)]
    sort_by: Option<SortBy>,
    /// Deprecated toolkits as well.
    #[serde(default, deserialize_with = "flag")]
    #[param(nullable, default = false)]
    include_deprecated: Option<bool>,
    /// Text in slug, name or description, at least 3 characters.
    #[param(nullable = false, example = "git")]
    search: Option<String>,
    /// Toolkits on a page, at most 1000.
    #[serde(default, deserialize_with = "number")]
    #[param(value_type = Option<f64>, nullable)]
    limit: Option<i64>,
    /// `next_cursor` of the page before.
    #[param(nullable = false)]
    cursor: Option<String>,
}

/// List toolkits
///
/// The services that tools exist for, the most used first.
#[utoipa::path(
    get, path = "/toolkits", tag = "Toolkits", security(("ApiKeyAuth" = [])),
    params(ListToolkitsQuery),
    responses((status = 200, description = "One page of toolkits", body = Listing<ToolkitItem>)),
)]
async fn list_toolkits(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<ListToolkitsQuery>,
) -> Result<Json<Listing<ToolkitItem>>> {
    let page = PageRequest::new(query.limit, query.cursor.as_deref())?;
    if query
        .search
        .as_ref()
        .is_some_and(|text| text.trim().chars().count() < SHORTEST_SEARCH)
    {
        let problem = format!("search: must have at least {SHORTEST_SEARCH} characters");
        return Err(Error::fields(vec![problem]));
    }
    let filter = ToolkitFilter {
        slugs: Vec::new(),
        category: query.category,
        search: query.search.map(|text| text.trim().to_owned()),
        include_deprecated: query.include_deprecated.unwrap_or(false),
        alphabetically: query.sort_by == Some(SortBy::Alphabetically),
        of_project: query.managed_by.and_then(ManagedBy::of_project),
    };
    let catalog = toolkits::catalog(&app, &caller.project).await?;
    Ok(Json(one_page(&catalog, &filter, page)))
}

/// Which toolkits to fetch; every field may be left out.
#[derive(Debug, Deserialize, ToSchema)]
struct FetchToolkitsBody {
    /// Slugs of the toolkits, in any case; all where left out. Deprecated ones that are named are
    /// part of the answer, unknown ones are not.
    #[schema(nullable = false, example = json!(["github", "hackernews"]))]
    toolkits: Option<Vec<String>>,
    /// Only toolkits of a category, by id or by name.
    #[schema(nullable = false)]
    category: Option<String>,
    /// Who looks after them.
    #[schema(nullable = false)]
    managed_by: Option<ManagedBy>,
    /// The most used first, or by name.
    #[schema(nullable = false)]
    sort_by: Option<SortBy>,
    /// Toolkits on a page, at most 1000.
    #[serde(default, deserialize_with = "number")]
    #[schema(value_type = Option<f64>)]
    limit: Option<i64>,
    /// `next_cursor` of the page before.
    #[schema(nullable = false)]
    cursor: Option<String>,
}

/// Fetch several toolkits
///
/// The same list, for toolkits named in the body: their number is not bound by a URL's length.
#[utoipa::path(
    post, path = "/toolkits/multi", tag = "Toolkits", security(("ApiKeyAuth" = [])),
    request_body(content = Option<FetchToolkitsBody>, example = json!({ "toolkits": ["github"] })),
    responses((status = 200, description = "One page of toolkits", body = Listing<ToolkitItem>)),
)]
async fn fetch_toolkits(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<FetchToolkitsBody>,
) -> Result<Json<Listing<ToolkitItem>>> {
    let page = PageRequest::new(body.limit, body.cursor.as_deref())?;
    let slugs = body.toolkits.unwrap_or_default();
    let filter = ToolkitFilter {
        include_deprecated: !slugs.is_empty(),
        slugs,
        category: body.category,
        search: None,
        alphabetically: body.sort_by == Some(SortBy::Alphabetically),
        of_project: body.managed_by.and_then(ManagedBy::of_project),
    };
    let catalog = toolkits::catalog(&app, &caller.project).await?;
    Ok(Json(one_page(&catalog, &filter, page)))
}

fn one_page(catalog: &Catalog, filter: &ToolkitFilter, page: PageRequest) -> Listing<ToolkitItem> {
    let toolkits = catalog.list_toolkits(filter);
    Listing::from(
        page.slice(&toolkits)
            .map(|toolkit| ToolkitItem::new(&toolkit)),
    )
}

/// List toolkit categories
///
/// The categories that toolkits name; each is a filter of the list of toolkits.
#[utoipa::path(
    get, path = "/toolkits/categories", tag = "Toolkits", security(("ApiKeyAuth" = [])),
    responses((status = 200, description = "All categories", body = Listing<Category>)),
)]
async fn list_toolkit_categories(
    State(app): State<App>,
    caller: Caller,
) -> Result<Json<Listing<Category>>> {
    let catalog = toolkits::catalog(&app, &caller.project).await?;
    let categories: Vec<_> = catalog.categories().into_iter().collect();
    let total = categories.len() as u64;
    let all = PageRequest::new(Some(i64::from(crate::paging::MAX_LIMIT)), None)?;
    let page = all.page(categories, total);
    Ok(Json(page.map(|(id, name)| Category { id, name }).into()))
}

/// Get the toolkits' changelog
///
/// The last 10 versions of every toolkit, newest first, with what each changed.
#[utoipa::path(
    get, path = "/toolkits/changelog", tag = "Toolkits", security(("ApiKeyAuth" = [])),
    responses((status = 200, description = "Versions by toolkit", body = Changelog)),
)]
async fn get_toolkits_changelog(State(app): State<App>, caller: Caller) -> Result<Json<Changelog>> {
    let catalog = toolkits::catalog(&app, &caller.project).await?;
    let toolkits = catalog.list_toolkits(&ToolkitFilter::default());
    Ok(Json(Changelog::new(&toolkits, CHANGELOG_VERSIONS)))
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct GetToolkitQuery {
    /// The version to show: `latest` or one of its own.
    #[param(nullable = false, default = "latest", example = "20261122_00")]
    version: Option<String>,
}

/// Get a toolkit
///
/// One toolkit by its slug, in any case, with the fields that its auth schemes ask for: once for
/// an auth config, and once for each connection.
#[utoipa::path(
    get, path = "/toolkits/{slug}", tag = "Toolkits", security(("ApiKeyAuth" = [])),
    params(("slug" = String, Path, description = "Slug of the toolkit", example = "github"),
        GetToolkitQuery),
    responses((status = 200, description = "The toolkit", body = ToolkitDetail)),
)]
async fn get_toolkit(
    State(app): State<App>,
    caller: Caller,
    Path(slug): Path<String>,
    Query(query): Query<GetToolkitQuery>,
) -> Result<Json<ToolkitDetail>> {
    let catalog = toolkits::catalog(&app, &caller.project).await?;
    let toolkit = catalog.toolkit(&slug)?;
    let version = toolkit.version(query.version.as_deref())?;
    Ok(Json(ToolkitDetail::new(
        toolkit,
        version,
        &app.config.oauth_callback_url(),
    )))
}
