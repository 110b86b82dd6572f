//! `POST /tools/scopes/required`, and `POST /tools/get_scopes_required`, its older name.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::auth::Caller;
use crate::api::extract::Json;
use crate::app::App;
use crate::error::Result;
use crate::executor::{self, ToolScopes};

/// Which tools.
#[derive(Debug, Deserialize, ToSchema)]
pub struct ScopesRequest {
    /// Slugs of tools of one toolkit.
    #[serde(default)]
    #[schema(required = true, min_items = 1, example = json!(["GITHUB_CREATE_AN_ISSUE"]))]
    tools: Vec<String>,
    /// The toolkit's version; the newest by default.
    #[serde(default)]
    #[schema(example = "latest", nullable = false)]
    version: Option<String>,
}

/// What they need.
#[derive(Debug, Serialize, ToSchema)]
pub struct ScopesResponse {
    /// All scopes together, each once.
    #[schema(example = json!(["repo"]))]
    scopes_required: Vec<String>,
    /// The same a tool.
    per_tool_requirements: Vec<ToolRequirement>,
}

/// What one tool needs.
#[derive(Debug, Serialize, ToSchema)]
pub struct ToolRequirement {
    /// Its slug.
    #[schema(example = "GITHUB_CREATE_AN_ISSUE")]
    tool: String,
    /// Its scopes.
    scope_requirements: ScopeRequirements,
}

/// Scopes that a tool needs.
#[derive(Debug, Serialize, ToSchema)]
pub struct ScopeRequirements {
    /// Every one of them.
    #[schema(example = json!(["repo"]))]
    all_of: Vec<String>,
}

impl From<Vec<ToolScopes>> for ScopesResponse {
    fn from(tools: Vec<ToolScopes>) -> Self {
        let mut scopes_required: Vec<String> = Vec::new();
        for scope in tools.iter().flat_map(|tool| &tool.scopes) {
            if !scopes_required.contains(scope) {
                scopes_required.push(scope.clone());
            }
        }
        Self {
            scopes_required,
            per_tool_requirements: tools.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<ToolScopes> for ToolRequirement {
    fn from(ToolScopes { tool, scopes }: ToolScopes) -> Self {
        Self {
            tool,
            scope_requirements: ScopeRequirements { all_of: scopes },
        }
    }
}

/// Tell which OAuth scopes tools need
///
/// A connection that is to execute all of these tools must have been granted all of these scopes.
#[utoipa::path(
    post, path = "/tools/scopes/required", tag = "Tools",
    security(("ApiKeyAuth" = [])),
    request_body(content = ScopesRequest, example = json!({ "tools": ["GITHUB_CREATE_AN_ISSUE"] })),
    responses((status = 200, description = "What the tools need", body = ScopesResponse)),
)]
pub(super) async fn required_scopes(
    State(app): State<App>,
    caller: Caller,
    Json(request): Json<ScopesRequest>,
) -> Result<Json<ScopesResponse>> {
    answer(&app, &caller, &request).await
}

/// Tell which OAuth scopes tools need, under the older name
///
/// As `POST /tools/scopes/required`.
#[utoipa::path(
    post, path = "/tools/get_scopes_required", tag = "Tools",
    security(("ApiKeyAuth" = [])),
    request_body(content = ScopesRequest, example = json!({ "tools": ["GITHUB_CREATE_AN_ISSUE"] })),
    responses((status = 200, description = "What the tools need", body = ScopesResponse)),
)]
pub(super) async fn get_scopes_required(
    State(app): State<App>,
    caller: Caller,
    Json(request): Json<ScopesRequest>,
) -> Result<Json<ScopesResponse>> {
    answer(&app, &caller, &request).await
}

async fn answer(
    app: &App,
    caller: &Caller,
    request: &ScopesRequest,
) -> Result<Json<ScopesResponse>> {
    let ScopesRequest { tools, version } = request;
    let scopes = executor::required_scopes(app, &caller.project, tools, version.as_deref());
    let scopes = scopes.await?;
    Ok(Json(scopes.into()))
}
