//! Tools that callers run themselves, as sessions take and show them.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::app::App;
use crate::error::Result;
use crate::ids::ProjectId;
use crate::sessions::custom::{
    CustomTool, CustomToolkit, CustomTools, DeclaredTool, DeclaredToolkit,
};
use crate::toolkits;

/// Tools of the caller's own, which stand beside the catalog's in searches. They are executed by the SDK
/// that registered them.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub(super) struct CustomBody {
    /// Tools that stand alone, or extend a toolkit of the catalog.
    #[serde(default)]
    #[schema(value_type = Vec<CustomToolBody>, required = false)]
    pub(super) custom_tools: Vec<DeclaredTool>,
    /// Toolkits of the caller's own.
    #[serde(default)]
    #[schema(value_type = Vec<CustomToolkitBody>, required = false)]
    pub(super) custom_toolkits: Vec<DeclaredToolkit>,
}

impl CustomBody {
    /// The tools, checked and under their slugs here.
    pub(super) async fn read(self, app: &App, project: &ProjectId) -> Result<CustomTools> {
        let Self {
            custom_tools,
            custom_toolkits,
        } = self;
        let catalog = toolkits::catalog(app, project).await?;
        CustomTools::declared(custom_tools, custom_toolkits, &catalog)
    }
}

/// A tool of the caller's, in the document.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "describes DeclaredTool, which knows nothing of documents"
)]
struct CustomToolBody {
    /// The caller's own slug.
    slug: String,
    /// For people.
    name: String,
    /// For a model to choose by.
    description: String,
    /// JSON Schema of the arguments: an object with `properties`.
    #[schema(value_type = Object)]
    input_schema: Map<String, Value>,
    /// JSON Schema of the result.
    #[schema(value_type = Object, required = false)]
    output_schema: Map<String, Value>,
    /// Slug of the toolkit whose account it uses.
    #[schema(required = false)]
    extends_toolkit: String,
}

/// A toolkit of the caller's, in the document.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "describes DeclaredToolkit, which knows nothing of documents"
)]
struct CustomToolkitBody {
    /// The caller's own slug, which no toolkit of the catalog has.
    slug: String,
    /// For people.
    name: String,
    /// What it is for.
    description: String,
    /// Its tools.
    tools: Vec<CustomToolBody>,
}

/// What a session answers of its caller's own tools, and a first instruction for its agent.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ExperimentalAnswer {
    /// What to tell a model about the session's tools; of new sessions only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) assistive_prompt: Option<String>,
    /// Tools that stand alone, or extend a toolkit of the catalog.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<Object>, required = false)]
    custom_tools: Vec<CustomTool>,
    /// Toolkits of the caller's own.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<Object>, required = false)]
    custom_toolkits: Vec<CustomToolkit>,
}

impl ExperimentalAnswer {
    pub(super) fn of(custom: CustomTools, assistive_prompt: Option<String>) -> Option<Self> {
        let CustomTools { tools, toolkits } = custom;
        let answer = Self {
            assistive_prompt,
            custom_tools: tools,
            custom_toolkits: toolkits,
        };
        let is_empty = answer.assistive_prompt.is_none()
            && answer.custom_tools.is_empty()
            && answer.custom_toolkits.is_empty();
        (!is_empty).then_some(answer)
    }
}
