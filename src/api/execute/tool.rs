//! `POST /tools/execute/{tool_slug}`

use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::context;
use super::custom::{CustomAuthParams, CustomConnectionData};
use crate::accounts::{AccountSelector, DEFAULT_USER};
use crate::api::auth::Caller;
use crate::api::extract::{Once, OnceAnswer, Path};
use crate::app::App;
use crate::error::{Error, Result};
use crate::executor::{self, CallContext, OwnAuth, ToolCall, ToolInput, ToolResult, Wish};
use crate::idempotency;
use crate::meta_tools::{self, Edition, MetaCall};
use crate::sessions::{MetaTool, Scope};

/// A call of a tool.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub struct ExecuteRequest {
    /// The connected account to act as; by default the user's newest active one.
    #[serde(default)]
    #[schema(example = "ca_1a2b3c4d5e6f", nullable = false)]
    connected_account_id: Option<String>,
    /// The old name of `user_id`.
    #[serde(default)]
    #[schema(deprecated, nullable = false)]
    entity_id: Option<String>,
    /// Your name for the user on whose behalf the tool acts.
    #[serde(default)]
    #[schema(example = "user-123", nullable = false)]
    user_id: Option<String>,
    /// The toolkit's version: `latest`, `00000000_00` (the default) or a released one.
    #[serde(default)]
    #[schema(example = "latest", nullable = false)]
    version: Option<String>,
    /// Headers, query parameters and fields of the body in place of a connected account's
    /// credential. They go to the toolkit's hosts, or to `base_url` alone if that is given.
    #[serde(default)]
    #[schema(nullable = false)]
    custom_auth_params: Option<CustomAuthParams>,
    /// Credentials in the shape of a connected account's, for this call. They stand above
    /// `custom_auth_params`.
    #[serde(default)]
    #[schema(nullable = false)]
    custom_connection_data: Option<CustomConnectionData>,
    /// The arguments, as the tool's `input_parameters` describe them.
    #[serde(default)]
    #[schema(example = json!({ "owner": "octocat", "repo": "Hello-World" }), nullable = false)]
    arguments: Option<Map<String, Value>>,
    /// What to do, in words, in place of `arguments`: a language model makes them, if the operator
    /// has set one.
    #[serde(default)]
    #[schema(nullable = false)]
    text: Option<String>,
    /// Taken and without effect: every execution is recorded under its `log_id`.
    #[serde(default)]
    #[expect(dead_code, reason = "documented, and without effect here")]
    allow_tracing: Option<bool>,
}

/// What came of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct ExecuteResponse {
    /// What the tool returned; after a refusal `status_code`, `message` and `http_error`.
    #[schema(example = json!({ "id": 1_296_269, "full_name": "octocat/Hello-World" }))]
    data: Map<String, Value>,
    /// Why it failed; null for a success.
    #[schema(required = true, example = json!(null))]
    error: Option<String>,
    /// Whether the upstream service did what was asked.
    #[schema(example = true)]
    successful: bool,
    /// Only of tools that run in a session; none does yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    session_info: Option<Value>,
    /// Names the record of this execution.
    #[schema(required = false, example = "log_3kT0aXqM9ZbC")]
    log_id: String,
}

impl From<ToolResult> for ExecuteResponse {
    fn from(
        ToolResult {
            data,
            error,
            log_id,
        }: ToolResult,
    ) -> Self {
        Self {
            data,
            successful: error.is_none(),
            error,
            session_info: None,
            log_id: log_id.as_str().to_owned(),
        }
    }
}

/// Execute a tool
///
/// Checks the arguments against the tool's schema, adds the credential of the user's connected
/// account and calls the service. When the service refuses or cannot be reached, the answer is
/// still 200, with `successful: false` and the reason.
#[utoipa::path(
    post, path = "/tools/execute/{tool_slug}", tag = "Tools",
    security(("ApiKeyAuth" = [])),
    params(
        ("tool_slug" = String, Path, description = "Slug of the tool", example = "GITHUB_GET_A_REPOSITORY"),
        ("idempotency-key" = inline(Option<String>), Header, min_length = 1, max_length = 255,
            description = "Makes the call at most once: with the same key and request the first \
                answer is given again, with the header `idempotent-replayed: true`"),
    ),
    request_body(content = Option<ExecuteRequest>, example = json!({
        "user_id": "user-123", "version": "latest",
        "arguments": { "owner": "octocat", "repo": "Hello-World" },
    })),
    responses((status = 200, description = "The tool was executed, whatever came of it", body = ExecuteResponse)),
)]
pub(super) async fn execute_tool(
    State(app): State<App>,
    caller: Caller,
    Path(slug): Path<String>,
    request: Once<Option<ExecuteRequest>>,
) -> Result<OnceAnswer<ExecuteResponse>> {
    let operation = format!("execute {}", slug.to_ascii_uppercase());
    let (request, asked) = request.take(&operation)?;
    let call = request.unwrap_or_default().into_call()?;
    let (edition, created_by) = (Edition::from(caller.api), caller.key.id.to_string());
    let context = context(caller);
    let (own_app, own_context) = (app.clone(), context.clone());
    let execution = Box::pin(async move {
        let (app, context) = (&own_app, &own_context);
        let result = match MetaTool::of_slug(&slug) {
            None => executor::execute(app, context, &slug, call).await?,
            Some(tool) => {
                let user = call.account.user.as_deref().unwrap_or(DEFAULT_USER);
                let scope = Scope::of_user(app, &context.project, user, &created_by).await?;
                execute_meta_tool(app, context, &scope, (tool, edition), call.input).await?
            }
        };
        Ok(ExecuteResponse::from(result))
    });
    let answer = idempotency::once(&app, &context, asked, execution).await?;
    Ok(OnceAnswer(answer))
}

/// A meta tool outside a session: it reaches all that the user has.
async fn execute_meta_tool(
    app: &App,
    context: &CallContext,
    scope: &Scope,
    (tool, edition): (MetaTool, Edition),
    input: ToolInput,
) -> Result<ToolResult> {
    let ToolInput::Arguments(arguments) = input else {
        return Err(Error::fields(vec![
            "text: meta tools take `arguments` alone".into(),
        ]));
    };
    let call = MetaCall {
        tool,
        arguments,
        edition,
        progress: None,
    };
    meta_tools::execute(app, context, scope, call).await
}

impl ExecuteRequest {
    fn into_call(self) -> Result<ToolCall> {
        let text = self.text.filter(|text| !text.trim().is_empty());
        // SDKs cannot leave `arguments` out.
        let arguments = self.arguments.filter(|arguments| !arguments.is_empty());
        let input = match (text, arguments) {
            (Some(_), Some(_)) => {
                return Err(Error::fields(vec![
                    "text: give either `text` or `arguments`".into(),
                ]));
            }
            (Some(text), None) => ToolInput::Text(Wish {
                text,
                description: None,
                instructions: None,
            }),
            (None, arguments) => ToolInput::Arguments(arguments.unwrap_or_default()),
        };
        let account = AccountSelector {
            account: self
                .connected_account_id
                .filter(|id| !id.is_empty())
                .map(Into::into),
            user: self
                .user_id
                .or(self.entity_id)
                .filter(|user| !user.is_empty()),
        };
        let own_auth = match (self.custom_connection_data, self.custom_auth_params) {
            (Some(data), _) => Some(OwnAuth::Connection(data.into())),
            (None, parameters) => parameters
                .and_then(CustomAuthParams::into_auth)
                .map(OwnAuth::Parameters),
        };
        if own_auth.is_some() && account.account.is_some() {
            return Err(Error::fields(vec![
                "connected_account_id: give either it or credentials of your own".into(),
            ]));
        }
        Ok(ToolCall {
            version: self.version,
            input,
            account,
            own_auth,
        })
    }
}
