//! Tools: the list with its filters, the list of slugs, one tool.

use std::borrow::Cow;
use std::sync::Arc;

use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::auth::Caller;
use super::extract::{CommaList, Json, Path, Query, flag, number};
use super::listing::Listing;
use super::middleware::ApiVersion;
use crate::app::App;
use crate::catalog::versions::BASE;
use crate::catalog::{Tool, ToolAccess, ToolFilter, VersionPins};
use crate::error::Result;
use crate::ids::{AuthConfigId, ProjectId};
use crate::meanings;
use crate::meta_tools::{self, Definition};
use crate::paging::{MAX_LIMIT, PageRequest};
use crate::sessions::MetaTool;
use crate::storage;
use crate::toolkits;

/// Tools on a page when the caller names no limit: as many as a model can choose from.
const TOOLS_ON_A_PAGE: u32 = 20;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_tools))
        .routes(routes!(list_tool_slugs))
        .routes(routes!(get_tool))
}

/// A tool as a model sees it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct ToolItem {
    /// What to execute it by.
    #[schema(example = "GITHUB_CREATE_AN_ISSUE")]
    slug: String,
    /// For people.
    #[schema(example = "Create an issue")]
    name: String,
    /// For a model to choose by.
    description: String,
    /// Its toolkit.
    toolkit: ToolToolkit,
    /// JSON Schema of the arguments: an object with typed properties, without references.
    #[schema(value_type = Object)]
    input_parameters: Arc<RawValue>,
    /// Whether it works without a connected account.
    no_auth: bool,
    /// Versions it can be executed in, newest first.
    #[schema(example = json!(["20261122_00"]))]
    available_versions: Vec<String>,
    /// The version shown.
    #[schema(example = "20261122_00")]
    version: String,
    /// JSON Schema of the result.
    #[schema(value_type = Object)]
    output_parameters: Arc<RawValue>,
    /// OAuth scopes it needs.
    #[schema(example = json!(["repo"]))]
    scopes: Vec<String>,
    /// Hints about what it does (`readOnlyHint`, `destructiveHint`, …), `important`, and groups.
    #[schema(example = json!(["important", "openWorldHint"]))]
    tags: Vec<String>,
    /// Whether another tool should be used instead.
    is_deprecated: bool,
    /// Names that older clients read.
    deprecated: DeprecatedToolFields,
}

/// The toolkit of a tool, in short.
#[derive(Debug, Clone, Serialize, ToSchema)]
struct ToolToolkit {
    /// Its slug.
    #[schema(example = "github")]
    slug: String,
    /// For people.
    #[schema(example = "GitHub")]
    name: String,
    /// URL of its logo; empty when there is none.
    logo: String,
}

/// Names that older clients read.
#[derive(Debug, Clone, Serialize, ToSchema)]
struct DeprecatedToolFields {
    /// As `name`.
    #[serde(rename = "displayName")]
    display_name: String,
    /// As above.
    version: String,
    /// As above.
    available_versions: Vec<String>,
    /// As above.
    is_deprecated: bool,
    /// The toolkit's logo.
    toolkit: DeprecatedToolToolkit,
}

/// The toolkit's logo, where older clients look for it.
#[derive(Debug, Clone, Serialize, ToSchema)]
struct DeprecatedToolToolkit {
    /// URL of the logo; empty when there is none.
    logo: String,
}

impl ToolItem {
    /// A tool under the slug it was asked for, which may be an alias: SDKs key what they get by
    /// that slug.
    pub(super) fn new(tool: &Tool, slug: &str, version: &str) -> Self {
        let no_auth = tool.no_auth();
        let available_versions = tool.available_versions.to_vec();
        let (tool, toolkit, input_parameters, output_parameters) = (
            &tool.manifest,
            &tool.toolkit.manifest,
            Arc::clone(&tool.published_input),
            Arc::clone(&tool.published_output),
        );
        let is_deprecated = tool.deprecated.is_some();
        Self {
            slug: slug.to_owned(),
            name: tool.name.clone(),
            description: tool.description.trim().to_owned(),
            toolkit: ToolToolkit {
                slug: toolkit.slug.clone(),
                name: toolkit.name.clone(),
                logo: toolkit.logo.clone(),
            },
            input_parameters,
            no_auth,
            available_versions: available_versions.clone(),
            version: version.to_owned(),
            output_parameters,
            scopes: tool.scopes.clone(),
            tags: tool.tags.clone(),
            is_deprecated,
            deprecated: DeprecatedToolFields {
                display_name: tool.name.clone(),
                version: version.to_owned(),
                available_versions,
                is_deprecated,
                toolkit: DeprecatedToolToolkit {
                    logo: toolkit.logo.clone(),
                },
            },
        }
    }
}

impl From<Definition> for ToolItem {
    fn from(definition: Definition) -> Self {
        let Definition {
            tool,
            name,
            description,
            tags,
            input,
            output,
        } = definition;
        let version = BASE.to_owned();
        Self {
            slug: tool.slug().to_owned(),
            name: name.clone(),
            description,
            toolkit: ToolToolkit {
                slug: meta_tools::TOOLKIT.to_owned(),
                name: "Meta tools".to_owned(),
                logo: String::new(),
            },
            input_parameters: input,
            no_auth: true,
            available_versions: vec![version.clone()],
            version: version.clone(),
            output_parameters: output,
            scopes: Vec::new(),
            tags,
            is_deprecated: false,
            deprecated: DeprecatedToolFields {
                display_name: name,
                version: version.clone(),
                available_versions: vec![version],
                is_deprecated: false,
                toolkit: DeprecatedToolToolkit {
                    logo: String::new(),
                },
            },
        }
    }
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct ListToolsQuery {
    /// Only tools of these toolkits; several joined by commas.
    #[serde(default)]
    #[param(value_type = String, required = false, example = "github")]
    toolkit_slug: CommaList,
    /// Exactly these tools, by slug or alias, joined by commas; other filters do not count then,
    /// and slugs that no tool has are left out.
    #[serde(default)]
    #[param(value_type = String, required = false, example = "GITHUB_CREATE_AN_ISSUE")]
    tool_slugs: CommaList,
    /// Only tools that these auth configs of the project open: those of their toolkits, and of
    /// these only what the config admits. An id of no auth config opens nothing.
    #[serde(default)]
    #[param(inline, value_type = AuthConfigIds, required = false)]
    auth_config_ids: Option<CommaList>,
    /// Only tools that an agent gets by default: those marked as important, and all of a toolkit
    /// that marks none.
    #[serde(default, deserialize_with = "flag")]
    #[param(inline, value_type = BooleanWord, nullable = false)]
    important: Option<bool>,
    /// Only tools with one of these tags.
    #[serde(default)]
    #[param(value_type = Vec<String>, required = false, example = json!(["readOnlyHint"]))]
    tags: CommaList,
    /// Only tools that need one of these OAuth scopes.
    #[serde(default)]
    #[param(value_type = Option<Vec<String>>, nullable, example = json!(["repo"]))]
    scopes: CommaList,
    /// Words to look for in slugs, names, descriptions and tags, the best match first.
    #[param(nullable = false, example = "open an issue")]
    search: Option<String>,
    /// As `search`.
    #[param(nullable = false)]
    query: Option<String>,
    /// Deprecated tools as well.
    #[serde(default, deserialize_with = "flag")]
    #[param(nullable = false, default = true)]
    include_deprecated: Option<bool>,
    /// `latest`, one version for all toolkits, or one a toolkit: `toolkit_versions[github]=…`.
    #[serde(default)]
    #[param(inline, value_type = VersionSelection, required = false)]
    toolkit_versions: VersionPins,
    /// Tools on a page, at most 1000; 20 by default, or all that `tool_slugs` names.
    #[serde(default, deserialize_with = "number")]
    #[param(value_type = Option<f64>, nullable)]
    limit: Option<i64>,
    /// `next_cursor` of the page before.
    #[param(nullable = false)]
    cursor: Option<String>,
}

/// List tools
///
/// The tools of this installation, the important ones first, then by name; a search ranks by its
/// words instead. Filters narrow each other, values of one filter widen it.
#[utoipa::path(
    get, path = "/tools", tag = "Tools", security(("ApiKeyAuth" = [])),
    params(ListToolsQuery),
    responses((status = 200, description = "One page of tools", body = Listing<ToolItem>)),
)]
async fn list_tools(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<ListToolsQuery>,
) -> Result<Json<Listing<ToolItem>>> {
    let named = !query.tool_slugs.0.is_empty();
    let limit = i64::from(if named { MAX_LIMIT } else { TOOLS_ON_A_PAGE });
    let page = PageRequest::new(query.limit.or(Some(limit)), query.cursor.as_deref())?;
    let accesses = match &query.auth_config_ids {
        None => None,
        Some(CommaList(ids)) => Some(opened_by(&app, &caller.project, ids).await?),
    };
    let catalog = toolkits::catalog(&app, &caller.project).await?;
    let pins = query.toolkit_versions;
    let slugs = &query.tool_slugs.0;
    let mut found: Vec<Listed<'_>> = asked_meta_tools(slugs, &query.toolkit_slug.0, caller.api)?
        .into_iter()
        .map(Listed::Meta)
        .collect();
    if named {
        let named = catalog.named_tools(slugs, &pins)?.into_iter();
        found.extend(named.map(|(slug, tool)| Listed::Tool(Cow::Owned(slug), tool)));
    } else {
        let search = query.search.or(query.query);
        let mut meanings = meanings::of_queries(&app, &catalog, search.as_deref()).await;
        let filter = ToolFilter {
            toolkits: query.toolkit_slug.0,
            accesses,
            tags: query.tags.0,
            scopes: query.scopes.0,
            important: query.important.unwrap_or(false),
            include_deprecated: query.include_deprecated.unwrap_or(true),
            search,
            meaning: meanings.pop().flatten(),
        };
        let tools = catalog.list_tools(&filter, &pins)?;
        found.extend(tools.into_iter().map(|tool| {
            let slug = tool.manifest.slug.as_str();
            Listed::Tool(Cow::Borrowed(slug), tool)
        }));
    }
    let page = page.slice(&found);
    let tools = page.items.iter().map(|listed| match listed {
        Listed::Meta(definition) => ToolItem::from(definition.clone()),
        Listed::Tool(slug, tool) => {
            let pin = pins.of(&tool.toolkit.manifest.slug);
            ToolItem::new(tool, slug, tool.version(pin))
        }
    });
    let tools: Vec<ToolItem> = tools.collect();
    Ok(Json(page.with(tools).into()))
}

/// What a list shows.
#[derive(Clone)]
enum Listed<'c> {
    /// A tool of the catalog under the slug it was asked for.
    Tool(Cow<'c, str>, &'c Arc<Tool>),
    /// A meta tool.
    Meta(Definition),
}

/// The meta tools that are named by slug or, where none is, all of them by their toolkit. No other
/// list shows them: outside sessions they are no tools to choose from.
fn asked_meta_tools(
    slugs: &[String],
    toolkits: &[String],
    api: ApiVersion,
) -> Result<Vec<Definition>> {
    let by_toolkit = slugs.is_empty()
        && toolkits
            .iter()
            .any(|slug| slug.eq_ignore_ascii_case(meta_tools::TOOLKIT));
    let asked = MetaTool::ALL.into_iter().filter(|tool| {
        let is_own = |slug: &String| tool.slug().eq_ignore_ascii_case(slug);
        by_toolkit || slugs.iter().any(is_own)
    });
    asked
        .map(|tool| meta_tools::definition(tool, None, api.into()))
        .collect()
}

/// What the project's auth configs among `ids` open.
async fn opened_by(app: &App, project: &ProjectId, ids: &[String]) -> Result<Vec<ToolAccess>> {
    let mut accesses = Vec::new();
    for id in ids {
        let key = (project.clone(), AuthConfigId::from(id.clone()));
        let load = || async {
            let mut session = app.db.read().await?;
            storage::auth_configs::find(session.conn(), project, &key.1).await
        };
        if let Some(config) = app.caches.auth_configs.get(&key, load).await? {
            accesses.push(ToolAccess {
                toolkit: config.toolkit.clone(),
                tools: config
                    .tools_for_execution
                    .clone()
                    .filter(|tools| !tools.is_empty()),
            });
        }
    }
    Ok(accesses)
}

/// List tool slugs
///
/// The slugs of all tools, in alphabetical order, as a JSON array.
#[utoipa::path(
    get, path = "/tools/enum", tag = "Tools", security(("ApiKeyAuth" = [])),
    responses((status = 200, description = "All slugs", body = Vec<String>,
        example = json!(["GITHUB_CREATE_AN_ISSUE", "HACKERNEWS_GET_USER"]))),
)]
async fn list_tool_slugs(State(app): State<App>, caller: Caller) -> Result<Json<Vec<String>>> {
    let catalog = toolkits::catalog(&app, &caller.project).await?;
    let slugs = catalog.tool_slugs().into_iter();
    Ok(Json(slugs.map(str::to_owned).collect()))
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct GetToolQuery {
    /// A version of its toolkit; comes before `toolkit_versions`.
    #[param(nullable = false, example = "20261122_00")]
    version: Option<String>,
    /// `latest`, one version for all toolkits, or one a toolkit: `toolkit_versions[github]=…`.
    #[serde(default)]
    #[param(inline, value_type = VersionSelection, required = false)]
    toolkit_versions: VersionPins,
}

/// Get a tool
///
/// One tool with the schemas of its arguments and its result, by its slug or an alias of it, in
/// any case. For an unknown slug the error names the nearest ones.
#[utoipa::path(
    get, path = "/tools/{tool_slug}", tag = "Tools", security(("ApiKeyAuth" = [])),
    params(("tool_slug" = String, Path, description = "Slug or alias of the tool",
        example = "GITHUB_CREATE_AN_ISSUE"), GetToolQuery),
    responses((status = 200, description = "The tool", body = ToolItem)),
)]
async fn get_tool(
    State(app): State<App>,
    caller: Caller,
    Path(slug): Path<String>,
    Query(query): Query<GetToolQuery>,
) -> Result<Json<ToolItem>> {
    if let Some(tool) = MetaTool::of_slug(&slug) {
        let definition = meta_tools::definition(tool, None, caller.api.into())?;
        return Ok(Json(definition.into()));
    }
    let catalog = toolkits::catalog(&app, &caller.project).await?;
    let toolkit = &catalog.newest_form(&slug)?.toolkit;
    let pin = query.toolkit_versions.of(&toolkit.manifest.slug);
    let version = query.version.as_deref().or(pin);
    let tool = catalog.tool(&slug, version)?;
    Ok(Json(ToolItem::new(
        tool,
        &slug.to_ascii_uppercase(),
        tool.version(version),
    )))
}

/// `true` or `false`, as a word.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum BooleanWord {
    True,
    False,
}

/// Ids joined by commas, or repeated.
#[derive(Deserialize, ToSchema)]
#[serde(untagged)]
enum AuthConfigIds {
    Joined(#[expect(dead_code, reason = "describes a parameter")] String),
    Repeated(#[expect(dead_code, reason = "describes a parameter")] Vec<String>),
}

/// None, one version for all toolkits, or one a toolkit.
#[derive(Deserialize, ToSchema)]
#[serde(untagged)]
enum VersionSelection {
    Null,
    All(#[expect(dead_code, reason = "describes a parameter")] String),
    ByToolkit(
        #[expect(dead_code, reason = "describes a parameter")]
        std::collections::BTreeMap<String, String>,
    ),
}
