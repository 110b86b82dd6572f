//! Requests to a toolkit's own API through a session.

use axum::extract::State;
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::api::auth::Caller;
use crate::api::execute::context;
use crate::api::execute::custom::BinaryBody;
use crate::api::execute::proxy::{
    BinaryRequest, ProxyMethod, ProxyParameter, ProxyResponse, Written,
};
use crate::api::extract::{Once, OnceAnswer, Path};
use crate::app::App;
use crate::error::Result;
use crate::idempotency;
use crate::ids::SessionId;
use crate::sessions::Scope;

/// A request to a toolkit's own API.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct SessionProxyRequest {
    /// Slug of the toolkit, with whose account the request is sent.
    #[schema(example = "github")]
    toolkit_slug: String,
    /// A path under the toolkit's base URL, or a whole URL on one of the toolkit's hosts.
    #[schema(example = "/user/repos")]
    endpoint: String,
    /// The HTTP method.
    #[schema(example = "GET")]
    method: ProxyMethod,
    /// The JSON body; a text goes as it is if the `content-type` parameter is not JSON.
    #[serde(default)]
    #[schema(nullable = true)]
    body: Option<Value>,
    /// Bytes to send as they are, in place of `body`.
    #[serde(default)]
    #[schema(value_type = Option<BinaryBody>, nullable = false)]
    binary_body: Option<BinaryRequest>,
    /// More headers and query parameters. What carries the credential cannot be set.
    #[serde(default)]
    parameters: Option<Vec<ProxyParameter>>,
}

/// Call a toolkit's API through a session
///
/// As `POST /tools/execute/proxy`, with the account that the session's rules choose. A toolkit that the
/// session does not let through is refused.
#[utoipa::path(
    post, path = "/tool_router/session/{session_id}/proxy_execute", tag = "Tool Router",
    security(("ApiKeyAuth" = [])),
    params(("session_id" = String, Path, description = "The session's id",
        example = "trs_1a2b3c4d5e6f")),
    request_body(content = SessionProxyRequest, example = json!({
        "toolkit_slug": "github", "endpoint": "/user/repos", "method": "GET",
    })),
    responses((status = 200, description = "The upstream answered", body = ProxyResponse)),
)]
pub(super) async fn proxy_execute_in_session(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<SessionId>,
    request: Once<SessionProxyRequest>,
) -> Result<OnceAnswer<ProxyResponse>> {
    let (request, asked) = request.take(&format!("proxy in {id}"))?;
    let SessionProxyRequest {
        toolkit_slug,
        endpoint,
        method,
        body,
        binary_body,
        parameters,
    } = request;
    let written = Written {
        endpoint,
        method,
        body,
        binary_body,
        parameters,
    };
    let scope = Scope::of_session(&app, &caller.project, &id).await?;
    let context = context(caller);
    let (own_app, own_context) = (app.clone(), context.clone());
    let proxying = Box::pin(async move {
        let call = |credential| written.into_call(credential);
        let reply = scope
            .proxy(&own_app, &own_context, &toolkit_slug, call)
            .await?;
        Ok(ProxyResponse::from(reply))
    });
    let answer = idempotency::once(&app, &context, asked, proxying).await?;
    Ok(OnceAnswer(answer))
}
