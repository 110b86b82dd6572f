//! `POST /tools/execute/{tool_slug}/input`

use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::api::auth::Caller;
use crate::api::extract::{Json, Path};
use crate::app::App;
use crate::error::{Error, Result};

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
pub(super) async fn generate_tool_input(
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
