//! Calls through a session: of tools, of meta tools, and searches.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::custom::CustomBody;
use crate::api::auth::Caller;
use crate::api::execute::context;
use crate::api::extract::{Json, Once, OnceAnswer, Path};
use crate::app::App;
use crate::error::{Error, Result};
use crate::executor::{CallContext, ToolResult};
use crate::idempotency;
use crate::ids::SessionId;
use crate::meta_tools::{self, Edition, MetaCall};
use crate::sessions::{MetaTool, Scope};

/// A call of a tool.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct SessionExecuteBody {
    /// Slug of a tool that the session lets through, or of one of its meta tools.
    #[schema(min_length = 1, example = "GITHUB_GET_A_REPOSITORY")]
    tool_slug: String,
    /// The arguments, as the tool's `input_parameters` describe them.
    #[serde(default)]
    #[schema(required = false, example = json!({ "owner": "octocat", "repo": "Hello-World" }))]
    arguments: Map<String, Value>,
    /// The account, by its id or alias, where the user has several.
    #[serde(default)]
    #[schema(nullable = false, example = "work")]
    account: Option<String>,
    /// Whether a result of a single tool that is larger than the session's
    /// `workbench.auto_offload_threshold` goes into a file: `data` holds a preview of it as `data`, what was
    /// cut as `preview`, and the file as `remote_file_info`. Not of meta tools.
    #[serde(default)]
    #[schema(required = false)]
    enable_auto_workbench_offload: Option<bool>,
    /// What may change.
    #[serde(default)]
    #[schema(required = false)]
    experimental: Option<CustomBody>,
}

/// A call of a meta tool.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct SessionExecuteMetaBody {
    /// Which meta tool.
    #[schema(value_type = MetaToolSlug)]
    slug: String,
    /// The arguments, as the meta tool's `input_parameters` describe them.
    #[serde(default)]
    #[schema(required = false, example = json!({ "queries": [{ "use_case": "star a repository" }] }))]
    arguments: Map<String, Value>,
    /// What may change.
    #[serde(default)]
    #[schema(required = false)]
    experimental: Option<CustomBody>,
}

/// Official slugs, in the document.
#[derive(ToSchema)]
#[schema(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(dead_code, reason = "describes a slug, which is read as text")]
#[expect(clippy::enum_variant_names, reason = "the slugs are official")]
enum MetaToolSlug {
    ComposioSearchTools,
    ComposioMultiExecuteTool,
    ComposioManageConnections,
    ComposioWaitForConnections,
    ComposioRemoteWorkbench,
    ComposioRemoteBashTool,
    ComposioGetToolSchemas,
    ComposioUpsertRecipe,
    ComposioGetRecipe,
}

/// What came of a call.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SessionExecuteAnswer {
    /// What the tool returned; after a refusal what is known of it.
    data: Map<String, Value>,
    /// Why it failed; null for a success.
    #[schema(required = true)]
    error: Option<String>,
    /// Names the record of this execution.
    #[schema(example = "log_3kT0aXqM9ZbC")]
    log_id: String,
    /// Whether it did what was asked.
    #[schema(required = false)]
    result_type: ResultType,
}

/// How a call ended.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum ResultType {
    /// It did what was asked.
    Completed,
    /// It did not.
    Failed,
}

impl From<ToolResult> for SessionExecuteAnswer {
    fn from(
        ToolResult {
            data,
            error,
            log_id,
        }: ToolResult,
    ) -> Self {
        let result_type = match error {
            None => ResultType::Completed,
            Some(_) => ResultType::Failed,
        };
        Self {
            data,
            error,
            log_id: log_id.as_str().to_owned(),
            result_type,
        }
    }
}

/// The session's scope, with the tools of the caller's own that came with the call.
async fn scope(
    app: &App,
    context: &CallContext,
    id: &SessionId,
    custom: Option<CustomBody>,
) -> Result<Scope> {
    let scope = Scope::of_session(app, &context.project, id).await?;
    let custom = custom.unwrap_or_default();
    Ok(scope.with_custom(custom.read(app, &context.project).await?))
}

/// A call that nobody is told the progress of.
fn meta_call(tool: MetaTool, arguments: Map<String, Value>, edition: Edition) -> MetaCall {
    MetaCall {
        tool,
        arguments,
        edition,
        progress: None,
    }
}

/// Execute a tool through a session
///
/// A tool that the session lets through, with the account that its rules choose, or one of its meta
/// tools. A service that refuses is a result with an `error`, not a failed request.
#[utoipa::path(
    post, path = "/tool_router/session/{session_id}/execute", tag = "Tool Router",
    security(("ApiKeyAuth" = [])),
    params(("session_id" = String, Path, description = "The session's id",
        example = "trs_1a2b3c4d5e6f")),
    request_body(content = SessionExecuteBody, example = json!({
        "tool_slug": "GITHUB_GET_A_REPOSITORY",
        "arguments": { "owner": "octocat", "repo": "Hello-World" },
    })),
    responses((status = 200, description = "It was executed, whatever came of it",
        body = SessionExecuteAnswer)),
)]
pub(super) async fn execute_in_session(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<SessionId>,
    request: Once<SessionExecuteBody>,
) -> Result<OnceAnswer<SessionExecuteAnswer>> {
    let (request, asked) = request.take(&format!("execute in {id}"))?;
    let edition = Edition::from(caller.api);
    let context = context(caller);
    let (own_app, own_context) = (app.clone(), context.clone());
    let execution = Box::pin(async move {
        let (app, context) = (&own_app, &own_context);
        let scope = scope(app, context, &id, request.experimental).await?;
        let (slug, arguments) = (&request.tool_slug, request.arguments);
        let result = if let Some(tool) = MetaTool::of_slug(slug) {
            meta_tools::execute(app, context, &scope, meta_call(tool, arguments, edition)).await?
        } else {
            let account = request.account.as_deref().filter(|name| !name.is_empty());
            let execution = scope.execute(app, context, slug, arguments, account);
            let mut result = execution.await?;
            if request.enable_auto_workbench_offload == Some(true) {
                offload(app, &scope, slug, &mut result).await;
            }
            result
        };
        Ok(SessionExecuteAnswer::from(result))
    });
    let answer = idempotency::once(&app, &context, asked, execution).await?;
    Ok(OnceAnswer(answer))
}

/// Puts a preview in the place of a large result. The tool has done its work, so a file that cannot be
/// stored is no reason to lose what came of it.
async fn offload(app: &App, scope: &Scope, slug: &str, result: &mut ToolResult) {
    let short = async {
        let tool = scope.tool(slug)?;
        meta_tools::offload_one(app, scope, tool, &result.data).await
    };
    match short.await {
        Ok(None) => {}
        Ok(Some(short)) => result.data = short,
        Err(error) => {
            tracing::error!(cause = error.with_causes(), "a large result stays inline");
        }
    }
}

/// Execute a meta tool through a session
///
/// One of the tools by which an agent finds, connects and executes all others.
#[utoipa::path(
    post, path = "/tool_router/session/{session_id}/execute_meta", tag = "Tool Router",
    security(("ApiKeyAuth" = [])),
    params(("session_id" = String, Path, description = "The session's id",
        example = "trs_1a2b3c4d5e6f")),
    request_body(content = SessionExecuteMetaBody, example = json!({
        "slug": "COMPOSIO_SEARCH_TOOLS",
        "arguments": { "queries": [{ "use_case": "star a repository" }] },
    })),
    responses((status = 200, description = "It was executed, whatever came of it",
        body = SessionExecuteAnswer)),
)]
pub(super) async fn execute_meta_in_session(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<SessionId>,
    request: Once<SessionExecuteMetaBody>,
) -> Result<OnceAnswer<SessionExecuteAnswer>> {
    let (request, asked) = request.take(&format!("execute a meta tool in {id}"))?;
    let edition = Edition::from(caller.api);
    let context = context(caller);
    let (own_app, own_context) = (app.clone(), context.clone());
    let execution = Box::pin(async move {
        let (app, context) = (&own_app, &own_context);
        let SessionExecuteMetaBody {
            slug,
            arguments,
            experimental,
        } = request;
        let scope = scope(app, context, &id, experimental).await?;
        let tool = MetaTool::of_slug(&slug).ok_or_else(|| Error::NotFound {
            what: "meta tool",
            id: slug,
            fix: Some(format!(
                "The meta tools are {}. Execute other tools with POST …/execute.",
                MetaTool::ALL.map(MetaTool::slug).join(", ")
            )),
        })?;
        let call = meta_call(tool, arguments, edition);
        let result = meta_tools::execute(app, context, &scope, call).await?;
        Ok(SessionExecuteAnswer::from(result))
    });
    let answer = idempotency::once(&app, &context, asked, execution).await?;
    Ok(OnceAnswer(answer))
}

/// What to search for.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct SessionSearchBody {
    /// Things to be done, each with its own result; at most 10.
    #[schema(value_type = Vec<SearchQuery>)]
    queries: Vec<Map<String, Value>>,
    /// Taken and without effect: no language model is asked.
    #[serde(default)]
    #[schema(nullable = false)]
    #[expect(dead_code, reason = "documented, and without effect here")]
    model: Option<String>,
    /// What may change.
    #[serde(default)]
    #[schema(required = false)]
    experimental: Option<CustomBody>,
}

/// A thing to be done, in the document.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes a query, which the meta tool reads")]
struct SearchQuery {
    /// In words, as a user would say it.
    #[schema(max_length = 1024, example = "star a repository")]
    use_case: String,
    /// What is known already, as `name:value` pairs.
    #[schema(
        max_length = 500,
        required = false,
        example = "repo:octocat/Hello-World"
    )]
    known_fields: String,
}

/// Search a session's tools
///
/// As the meta tool `COMPOSIO_SEARCH_TOOLS`: for each query the tools that do it, with schemas, the state
/// of their connections and a plan. It needs no language model.
#[utoipa::path(
    post, path = "/tool_router/session/{session_id}/search", tag = "Tool Router",
    security(("ApiKeyAuth" = [])),
    params(("session_id" = String, Path, description = "The session's id",
        example = "trs_1a2b3c4d5e6f")),
    request_body(content = SessionSearchBody, example = json!({
        "queries": [{ "use_case": "star a repository" }],
    })),
    responses((status = 200, description = "What was found", body = Object)),
)]
pub(super) async fn search_in_session(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<SessionId>,
    Json(body): Json<SessionSearchBody>,
) -> Result<Json<Map<String, Value>>> {
    let edition = Edition::from(caller.api);
    let context = context(caller);
    let scope = scope(&app, &context, &id, body.experimental).await?;
    let queries = serde_json::to_value(body.queries)?;
    let arguments = Map::from_iter([("queries".to_owned(), queries)]);
    let call = meta_call(MetaTool::SearchTools, arguments, edition);
    let found = meta_tools::execute(&app, &context, &scope, call).await?;
    Ok(Json(found.data))
}
