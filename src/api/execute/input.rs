//! `POST /tools/execute/{tool_slug}/input`

use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::api::auth::Caller;
use crate::api::extract::{Json, Path};
use crate::app::App;
use crate::error::Result;
use crate::executor::{self, Made, Wish};

/// A wish in words.
#[derive(Deserialize, ToSchema)]
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
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false)]
    error: Option<String>,
}

/// Turn words into a tool's arguments
///
/// Has the operator's language model read the words. When they do not say enough, the answer has an
/// `error` and no arguments. Without a language model the answer is 501.
#[utoipa::path(
    post, path = "/tools/execute/{tool_slug}/input", tag = "Tools",
    security(("ApiKeyAuth" = [])),
    params(("tool_slug" = String, Path, description = "Slug of the tool", example = "GITHUB_GET_A_REPOSITORY")),
    request_body(content = InputRequest, example = json!({ "text": "Star octocat/Hello-World" })),
    responses((status = 200, description = "Arguments for the tool", body = InputResponse)),
)]
pub(super) async fn generate_tool_input(
    State(app): State<App>,
    caller: Caller,
    Path(slug): Path<String>,
    Json(request): Json<InputRequest>,
) -> Result<Json<InputResponse>> {
    let InputRequest {
        text,
        custom_description,
        system_prompt,
        version,
    } = request;
    let wish = Wish {
        text,
        description: custom_description.filter(|text| !text.trim().is_empty()),
        instructions: system_prompt.filter(|text| !text.trim().is_empty()),
    };
    let version = version.as_deref().filter(|version| !version.is_empty());
    let made = executor::arguments_from_text(&app, &caller.project, &slug, version, &wish).await?;
    Ok(Json(made.into()))
}

impl From<Made> for InputResponse {
    fn from(made: Made) -> Self {
        match made {
            Made::Arguments(arguments) => Self {
                arguments,
                error: None,
            },
            Made::Unclear { reason, problems } => Self {
                arguments: Map::new(),
                error: Some(
                    std::iter::once(reason)
                        .chain(problems)
                        .collect::<Vec<_>>()
                        .join("\n"),
                ),
            },
        }
    }
}
