//! Toolkits that a project or the operator imports: made of an API's description, again and again.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::auth::{Caller, OrgCaller};
use crate::api::extract::{Json, Path};
use crate::app::App;
use crate::catalog::versions::LATEST;
use crate::error::{Error, Result};
use crate::importer::recipes::Recipe;
use crate::importer::report::{Loss, Skip, Skipped};
use crate::importer::sources::Header;
use crate::importer::{Selection, SlugFrom, Wishes};
use crate::toolkits::{self, Description, ImportRequest, Imported, Owner};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(import_toolkit))
        .routes(routes!(remove_toolkit))
        .routes(routes!(import_toolkit_for_all))
        .routes(routes!(remove_toolkit_for_all))
}

/// A description of an API, and what is wanted of it. One of `source`, `document` and `recipe`.
#[derive(Debug, Deserialize, ToSchema)]
struct ImportToolkitBody {
    /// Where the description is: a URL of it or of an MCP server, `npm:package@1.2.3/path`,
    /// `pypi:package==1.2.3/path` or `crate:package==1.2.3/path`.
    #[schema(
        nullable = false,
        example = "npm:@octokit/openapi@23.0.2/generated/api.github.com.json"
    )]
    source: Option<String>,
    /// What the URL wants to see before it tells, as `Name: value`; not kept.
    #[schema(nullable = false, example = "Authorization: Bearer …")]
    header: Option<String>,
    /// The description itself: OpenAPI 3, Swagger 2 or Google Discovery as an object, or any of them
    /// or GraphQL as text.
    #[schema(nullable = false)]
    document: Option<Value>,
    /// A recipe that comes with the server, which knows where a vendor's description is.
    #[schema(nullable = false, example = "github-full")]
    recipe: Option<String>,
    /// The toolkit's slug; by default made of the title.
    #[schema(nullable = false, example = "acme")]
    slug: Option<String>,
    /// Its name; by default the title.
    #[schema(nullable = false, example = "Acme")]
    name: Option<String>,
    /// Where the API lives; by default what the description says.
    #[schema(nullable = false, value_type = String,
        example = "https://api.acme.example")]
    base_url: Option<Url>,
    /// Only these operations: a tag, a method, or a path, with `*` for anything.
    #[serde(default)]
    include: Vec<String>,
    /// None of these operations.
    #[serde(default)]
    exclude: Vec<String>,
    /// What the tools' names are made of: `auto`, `summary`, `operation_id` or `path`.
    #[schema(nullable = false, value_type = String, example = "auto")]
    slug_from: Option<SlugFrom>,
    /// Write arguments in snake case: `pageToken` becomes `page_token`.
    #[serde(default)]
    snake: bool,
    /// Hosts that credentials may go to, although the API's own is another's, or the first import did
    /// not name them.
    #[serde(default)]
    #[schema(example = json!(["files.acme.example"]))]
    allow_hosts: Vec<String>,
}

/// What became of an import.
#[derive(Debug, Serialize, ToSchema)]
struct ImportedToolkit {
    /// The toolkit's slug.
    #[schema(example = "acme")]
    slug: String,
    /// Its name.
    #[schema(example = "Acme")]
    name: String,
    /// Its newest version; a new one for every import that changed something.
    #[schema(example = "20261122_00")]
    version: String,
    /// How many tools it has.
    tools_count: usize,
    /// What the description was written in.
    #[schema(example = "openapi-3")]
    dialect: String,
    /// Whether anything differs from the import before.
    has_changed: bool,
    /// Where its accounts' credentials may go: origins, and patterns of hosts.
    #[schema(example = json!(["https://api.acme.example"]))]
    credential_hosts: BTreeSet<String>,
    /// Operations of the description.
    operations: usize,
    /// Those that became tools.
    converted: usize,
    /// Those left out, by reason.
    #[schema(value_type = BTreeMap<String, usize>)]
    skipped_by_reason: BTreeMap<Skip, usize>,
    /// Each of those that was left out although it was asked for.
    #[schema(value_type = Vec<Object>)]
    skipped: Vec<Skipped>,
    /// Steps that lost something, by kind.
    #[schema(value_type = BTreeMap<String, usize>)]
    losses: BTreeMap<Loss, usize>,
    /// Tools that the description has no more; they stay.
    vanished: Vec<String>,
}

/// Import a toolkit for this project
///
/// Makes a toolkit of a description of an API; this project alone sees it. A second import under the
/// same slug keeps the tools' names, and gives the toolkit a new version if anything changed.
#[utoipa::path(
    post, path = "/toolkits/import", tag = "Toolkits", security(("ApiKeyAuth" = [])),
    request_body(content = ImportToolkitBody,
        example = json!({ "source": "https://api.acme.example/openapi.json", "slug": "acme" })),
    responses((status = 200, description = "The toolkit is there", body = ImportedToolkit)),
)]
async fn import_toolkit(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<ImportToolkitBody>,
) -> Result<Json<ImportedToolkit>> {
    import(&app, &Owner::Project(caller.project), body).await
}

/// Import a toolkit for all projects
///
/// As `POST /toolkits/import`, for every project of the installation.
#[utoipa::path(
    post, path = "/org/owner/toolkits/import", tag = "Toolkits",
    security(("OrgApiKeyAuth" = [])),
    request_body(content = ImportToolkitBody, example = json!({ "recipe": "github-full" })),
    responses((status = 200, description = "The toolkit is there", body = ImportedToolkit)),
)]
async fn import_toolkit_for_all(
    State(app): State<App>,
    _caller: OrgCaller,
    Json(body): Json<ImportToolkitBody>,
) -> Result<Json<ImportedToolkit>> {
    import(&app, &Owner::Installation, body).await
}

async fn import(
    app: &App,
    owner: &Owner,
    body: ImportToolkitBody,
) -> Result<Json<ImportedToolkit>> {
    let imported = toolkits::import(app, owner, body.request()?).await?;
    Ok(Json(imported.into()))
}

/// What is left of a toolkit.
#[derive(Debug, Serialize, ToSchema)]
struct RemovedToolkit {
    /// Always true.
    success: bool,
}

/// Remove a toolkit of this project
///
/// One that was imported by this project; 409 while auth configs of it are there.
#[utoipa::path(
    delete, path = "/toolkits/{slug}", tag = "Toolkits", security(("ApiKeyAuth" = [])),
    params(("slug" = String, Path, description = "Slug of the toolkit", example = "acme")),
    responses((status = 200, description = "It is removed", body = RemovedToolkit)),
)]
async fn remove_toolkit(
    State(app): State<App>,
    caller: Caller,
    Path(slug): Path<String>,
) -> Result<Json<RemovedToolkit>> {
    toolkits::remove(&app, &Owner::Project(caller.project), &slug).await?;
    Ok(Json(RemovedToolkit { success: true }))
}

/// Remove a toolkit of all projects
///
/// One that was imported for all; 409 while any project has auth configs of it.
#[utoipa::path(
    delete, path = "/org/owner/toolkits/{slug}", tag = "Toolkits",
    security(("OrgApiKeyAuth" = [])),
    params(("slug" = String, Path, description = "Slug of the toolkit", example = "acme")),
    responses((status = 200, description = "It is removed", body = RemovedToolkit)),
)]
async fn remove_toolkit_for_all(
    State(app): State<App>,
    _caller: OrgCaller,
    Path(slug): Path<String>,
) -> Result<Json<RemovedToolkit>> {
    toolkits::remove(&app, &Owner::Installation, &slug).await?;
    Ok(Json(RemovedToolkit { success: true }))
}

impl ImportToolkitBody {
    fn request(self) -> Result<ImportRequest> {
        let Self {
            source,
            header,
            document,
            recipe,
            slug,
            name,
            base_url,
            include,
            exclude,
            slug_from,
            snake,
            allow_hosts,
        } = self;
        let (description, recipe) = match (source, document, recipe) {
            (Some(source), None, None) => {
                let header = header.as_deref().map(Header::from_str).transpose()?;
                (Description::At(source, header), None)
            }
            (None, Some(Value::String(text)), None) => {
                (Description::Given(text.into_bytes()), None)
            }
            (None, Some(document), None) => {
                (Description::Given(serde_json::to_vec(&document)?), None)
            }
            (None, None, Some(name)) => {
                let recipe = Recipe::bundled(&name)?;
                (Description::At(recipe.source.clone(), None), Some(recipe))
            }
            _ => {
                let problem = "body: must have one of `source`, `document` and `recipe`";
                return Err(Error::fields(vec![problem.into()]));
            }
        };
        let wishes = match recipe {
            Some(recipe) => recipe.wishes(slug)?,
            None => Wishes {
                slug,
                selection: Selection::new(&include, &exclude)?,
                slug_from: slug_from.unwrap_or(SlugFrom::Auto),
                snake,
                ..Wishes::default()
            },
        };
        let wishes = Wishes {
            name: name.or(wishes.name),
            base_url,
            allow_hosts,
            ..wishes
        };
        Ok(ImportRequest {
            description,
            wishes,
        })
    }
}

impl From<Imported> for ImportedToolkit {
    fn from(imported: Imported) -> Self {
        let Imported {
            kit,
            dialect,
            has_changed,
            report,
        } = imported;
        let manifest = &kit.toolkit().manifest;
        let newest = manifest.versions.first().cloned();
        let asked_for = report.skipped.into_iter();
        Self {
            slug: manifest.slug.clone(),
            name: manifest.name.clone(),
            version: newest.unwrap_or_else(|| LATEST.to_owned()),
            tools_count: kit.tools(),
            dialect: dialect.name().to_owned(),
            has_changed,
            credential_hosts: report.credential_hosts,
            operations: report.operations,
            converted: report.converted,
            skipped_by_reason: report.skipped_by_reason,
            skipped: asked_for
                .filter(|one| one.reason != Skip::NotSelected)
                .collect(),
            losses: report.losses,
            vanished: report.vanished,
        }
    }
}
