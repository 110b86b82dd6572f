//! Executing tools, and calling a toolkit's API directly with an account's credentials.

use axum::extract::State;
use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::auth::Caller;
use super::execute_body::{BinaryBody, CustomAuthParams, CustomConnectionData};
use super::extract::{Json, Path};
use crate::accounts::AccountSelector;
use crate::app::App;
use crate::error::{Error, Result};
use crate::executor::{self, CallContext, ProxyCall, ProxyReply, ToolCall, ToolResult};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(execute_tool))
        .routes(routes!(generate_tool_input))
        .routes(routes!(execute_proxy_request))
}

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
    /// Not built yet: answered with 501.
    #[serde(default)]
    #[schema(value_type = Option<CustomAuthParams>, nullable = false)]
    custom_auth_params: Option<Value>,
    /// Not built yet: answered with 501.
    #[serde(default)]
    #[schema(value_type = Option<CustomConnectionData>, nullable = false)]
    custom_connection_data: Option<Value>,
    /// The arguments, as the tool's `input_parameters` describe them.
    #[serde(default)]
    #[schema(example = json!({ "owner": "octocat", "repo": "Hello-World" }), nullable = false)]
    arguments: Option<Map<String, Value>>,
    /// What to do, in words, in place of `arguments`. Not built yet: answered with 501.
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
    params(("tool_slug" = String, Path, description = "Slug of the tool", example = "GITHUB_GET_A_REPOSITORY")),
    request_body(content = Option<ExecuteRequest>, example = json!({
        "user_id": "user-123", "version": "latest",
        "arguments": { "owner": "octocat", "repo": "Hello-World" },
    })),
    responses((status = 200, description = "The tool was executed, whatever came of it", body = ExecuteResponse)),
)]
async fn execute_tool(
    State(app): State<App>,
    caller: Caller,
    Path(slug): Path<String>,
    Json(request): Json<Option<ExecuteRequest>>,
) -> Result<Json<ExecuteResponse>> {
    let call = request.unwrap_or_default().into_call()?;
    let result = executor::execute(&app, &context(caller), &slug, call).await?;
    Ok(Json(result.into()))
}

fn context(caller: Caller) -> CallContext {
    CallContext {
        project: caller.project,
        request_id: caller.request_id,
    }
}

impl ExecuteRequest {
    fn into_call(self) -> Result<ToolCall> {
        refuse_given("custom_auth_params", self.custom_auth_params.as_ref())?;
        refuse_given(
            "custom_connection_data",
            self.custom_connection_data.as_ref(),
        )?;
        let text = self.text.filter(|text| !text.trim().is_empty());
        let arguments = match (text, self.arguments) {
            (Some(_), Some(_)) => {
                return Err(Error::fields(vec![
                    "text: give either `text` or `arguments`".into(),
                ]));
            }
            (Some(_), None) => {
                return Err(Error::NotImplemented("executing a tool from `text`".into()));
            }
            (None, arguments) => arguments.unwrap_or_default(),
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
        Ok(ToolCall {
            version: self.version,
            arguments,
            account,
        })
    }
}

/// What is documented and not built is refused, so that nobody believes it took effect.
fn refuse_given(name: &str, value: Option<&Value>) -> Result<()> {
    let is_empty = match value {
        None | Some(Value::Null) => true,
        Some(Value::Object(fields)) => fields.is_empty(),
        Some(Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) => false,
    };
    if is_empty {
        Ok(())
    } else {
        Err(Error::NotImplemented(format!("`{name}`")))
    }
}

/// A wish in words.
#[derive(Debug, Deserialize, ToSchema)]
#[expect(dead_code, reason = "read for its checks; nothing answers it yet")]
pub struct InputRequest {
    /// What the tool should do, in words.
    #[schema(example = "Star the repository octocat/Hello-World")]
    text: String,
    /// Another description of the tool for the model.
    #[serde(default)]
    #[schema(nullable = false)]
    custom_description: Option<String>,
    /// Instructions for the model.
    #[serde(default)]
    #[schema(nullable = false)]
    system_prompt: Option<String>,
    /// The toolkit's version; the newest by default.
    #[serde(default)]
    #[schema(example = "latest", nullable = false)]
    version: Option<String>,
}

/// Arguments made of words.
#[derive(Debug, Serialize, ToSchema)]
pub struct InputResponse {
    /// For the tool.
    #[schema(required = false)]
    arguments: Map<String, Value>,
    /// Why there are none.
    #[schema(required = false, nullable = false)]
    error: Option<String>,
}

/// Turn words into a tool's arguments
///
/// Needs a language model, which this server does not have: it answers 501.
#[utoipa::path(
    post, path = "/tools/execute/{tool_slug}/input", tag = "Tools",
    security(("ApiKeyAuth" = [])),
    params(("tool_slug" = String, Path, description = "Slug of the tool", example = "GITHUB_GET_A_REPOSITORY")),
    request_body(content = InputRequest, example = json!({ "text": "Star octocat/Hello-World" })),
    responses((status = 200, description = "Arguments for the tool", body = InputResponse)),
)]
async fn generate_tool_input(
    State(app): State<App>,
    _caller: Caller,
    Path(slug): Path<String>,
    Json(_request): Json<InputRequest>,
) -> Result<Json<InputResponse>> {
    app.catalog.current().tool(&slug, None)?;
    Err(Error::NotImplemented(
        "making a tool's arguments from text".into(),
    ))
}

/// A request to a toolkit's own API.
#[derive(Debug, Deserialize, ToSchema)]
pub struct ProxyRequest {
    /// The connected account whose credential is used.
    #[serde(default)]
    #[schema(
        format = "connectedAccountId",
        example = "ca_1a2b3c4d5e6f",
        nullable = false
    )]
    connected_account_id: Option<String>,
    /// A path under the toolkit's base URL, or a whole URL on one of the toolkit's hosts.
    #[schema(example = "/user/repos")]
    endpoint: String,
    /// The HTTP method.
    #[schema(example = "GET")]
    method: ProxyMethod,
    /// The JSON body; a text goes as it is if the `content-type` parameter is not JSON.
    #[serde(default)]
    #[schema(nullable = true, example = json!({ "name": "Hello-World" }))]
    body: Option<Value>,
    /// Not built yet: answered with 501.
    #[serde(default)]
    #[schema(value_type = Option<BinaryBody>, nullable = false)]
    binary_body: Option<Value>,
    /// More headers and query parameters. What carries the credential cannot be set.
    #[serde(default)]
    parameters: Option<Vec<ProxyParameter>>,
    /// Not built yet: answered with 501.
    #[serde(default)]
    #[schema(value_type = Option<CustomConnectionData>, nullable = false, deprecated)]
    custom_connection_data: Option<Value>,
}

/// The methods of proxied requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum ProxyMethod {
    Get,
    Post,
    Put,
    Delete,
    Patch,
    Head,
}

impl From<ProxyMethod> for Method {
    fn from(method: ProxyMethod) -> Self {
        match method {
            ProxyMethod::Get => Self::GET,
            ProxyMethod::Post => Self::POST,
            ProxyMethod::Put => Self::PUT,
            ProxyMethod::Delete => Self::DELETE,
            ProxyMethod::Patch => Self::PATCH,
            ProxyMethod::Head => Self::HEAD,
        }
    }
}

/// A header or query parameter.
#[derive(Debug, Deserialize, ToSchema)]
pub struct ProxyParameter {
    /// Its name.
    #[schema(example = "accept")]
    name: String,
    /// Its value.
    #[schema(example = "application/vnd.github.raw+json")]
    value: String,
    /// Where it goes.
    #[serde(rename = "type")]
    kind: ProxyParameterKind,
}

/// Where a parameter of a proxied request goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ProxyParameterKind {
    /// Among the headers.
    Header,
    /// Into the query.
    Query,
}

/// The upstream's answer.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProxyResponse {
    /// The body: JSON, or else text; null if there is none.
    #[schema(required = false, nullable = true, example = json!({ "login": "octocat" }))]
    data: Value,
    /// A link to a binary body. Not built yet: binary answers are answered with 501.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    binary_data: Option<BinaryData>,
    /// The upstream's HTTP status.
    #[schema(value_type = f64, example = 200)]
    status: u16,
    /// The upstream's headers, without cookies.
    #[schema(required = false, value_type = std::collections::BTreeMap<String, String>,
        example = json!({ "content-type": "application/json" }))]
    headers: Map<String, Value>,
}

/// Where a binary body can be fetched.
#[derive(Debug, Serialize, ToSchema)]
pub struct BinaryData {
    /// The link.
    url: String,
    /// The media type.
    content_type: String,
    /// Length in bytes.
    #[schema(value_type = f64)]
    size: u64,
    /// Until when the link works.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    expires_at: Option<String>,
}

impl From<ProxyReply> for ProxyResponse {
    fn from(
        ProxyReply {
            data,
            status,
            headers,
        }: ProxyReply,
    ) -> Self {
        Self {
            data,
            binary_data: None,
            status,
            headers,
        }
    }
}

/// Call a toolkit's API directly
///
/// Sends the request with the account's credential, which goes to the toolkit's own hosts and
/// nowhere else. The upstream's status, whatever it is, is part of a 200 answer.
#[utoipa::path(
    post, path = "/tools/execute/proxy", tag = "Tools",
    security(("ApiKeyAuth" = [])),
    request_body(content = ProxyRequest, example = json!({
        "connected_account_id": "ca_1a2b3c4d5e6f", "endpoint": "/user/repos", "method": "GET",
        "parameters": [{ "name": "per_page", "value": "5", "type": "query" }],
    })),
    responses((status = 200, description = "The upstream answered", body = ProxyResponse)),
)]
async fn execute_proxy_request(
    State(app): State<App>,
    caller: Caller,
    Json(request): Json<ProxyRequest>,
) -> Result<Json<ProxyResponse>> {
    let reply = executor::proxy(&app, &context(caller), request.into_call()?).await?;
    Ok(Json(reply.into()))
}

impl ProxyRequest {
    fn into_call(self) -> Result<ProxyCall> {
        refuse_given(
            "custom_connection_data",
            self.custom_connection_data.as_ref(),
        )?;
        refuse_given("binary_body", self.binary_body.as_ref())?;
        let Some(account) = self.connected_account_id.filter(|id| !id.is_empty()) else {
            return Err(Error::fields(vec![
                "connected_account_id: is required".into(),
            ]));
        };
        if self.endpoint.trim().is_empty() {
            return Err(Error::fields(vec!["endpoint: must not be empty".into()]));
        }
        let mut call = ProxyCall {
            account: account.into(),
            endpoint: self.endpoint,
            method: self.method.into(),
            body: self.body,
            headers: Vec::new(),
            query: Vec::new(),
        };
        for ProxyParameter { name, value, kind } in self.parameters.unwrap_or_default() {
            match kind {
                ProxyParameterKind::Header => call.headers.push((name, value)),
                ProxyParameterKind::Query => call.query.push((name, value)),
            }
        }
        Ok(call)
    }
}
