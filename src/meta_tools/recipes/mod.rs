//! Recipes: workflows that an agent saved. One of steps is executed here, by its slug like a tool;
//! one of code is kept and shown.

mod check;
mod references;
mod run;
mod upsert;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{Desk, Outcome, workflow};
use crate::error::{Error, Result};
use crate::storage::recipes::{self, RecipeName, RecipeRow};
pub(super) use run::run;
pub(super) use upsert::upsert;

/// A recipe in one version.
#[derive(Debug)]
pub(super) struct Recipe {
    row: RecipeRow,
    content: Content,
}

/// What a version keeps besides its names.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Content {
    /// JSON Schema of the parameters.
    input_schema: Value,
    /// JSON Schema of the result.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    output_schema: Option<Value>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    steps: Vec<Step>,
    /// The result, with references; what came of each step where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    output: Option<Map<String, Value>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    workflow_code: Option<String>,
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    defaults_for_required_parameters: Map<String, Value>,
}

/// One call of a recipe.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Step {
    id: String,
    tool_slug: String,
    #[serde(default, deserialize_with = "super::arguments::object")]
    arguments: Map<String, Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    account: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct GetArguments {
    #[serde(default)]
    recipe_slug: Option<String>,
    #[serde(default)]
    recipe_id: Option<String>,
    #[serde(default)]
    version: Option<i64>,
    #[serde(default)]
    session_id: Option<String>,
}

/// A recipe of the project, by slug or id; the newest version where none is named.
///
/// # Errors
/// When the database does not answer.
pub(super) async fn find(
    desk: &Desk<'_>,
    named: &str,
    version: Option<i64>,
) -> Result<Option<Recipe>> {
    let project = &desk.scope.project;
    let slug = named.to_ascii_lowercase();
    // Ids are told apart by case, slugs are not.
    let named = if named.starts_with("rcp_") {
        named
    } else {
        &slug
    };
    let mut session = desk.app.db.read().await?;
    let row = match version {
        Some(version) => recipes::find(session.conn(), project, named, version).await?,
        None => recipes::newest(session.conn(), project, named).await?,
    };
    drop(session);
    row.map(Recipe::read).transpose()
}

/// The names of the project's recipes.
///
/// # Errors
/// When the database does not answer.
pub(super) async fn names(desk: &Desk<'_>) -> Result<Vec<RecipeName>> {
    let mut session = desk.app.db.read().await?;
    recipes::names(session.conn(), &desk.scope.project).await
}

/// Shows a recipe.
///
/// # Errors
/// [`Error::NotFound`], for one of another project too.
pub(super) async fn get(desk: &Desk<'_>, arguments: GetArguments) -> Result<Outcome> {
    let GetArguments {
        recipe_slug,
        recipe_id,
        version,
        session_id,
    } = arguments;
    let named = recipe_slug.or(recipe_id).ok_or_else(|| {
        Error::fields(vec!["arguments.recipe_slug: give it or `recipe_id`".into()])
    })?;
    let recipe = find(desk, &named, version)
        .await?
        .ok_or_else(|| Error::NotFound {
            what: "recipe",
            id: version.map_or_else(
                || named.clone(),
                |version| format!("{named} version {version}"),
            ),
            fix: None,
        })?;
    let mut data = recipe.shown()?;
    data.extend(workflow::echo(session_id.as_deref()).map(|session| ("session".into(), session)));
    Ok((data, None))
}

impl Recipe {
    fn read(row: RecipeRow) -> Result<Self> {
        let content = Content::deserialize(&row.content)?;
        Ok(Self { row, content })
    }

    /// Whether it is of steps.
    pub(super) fn is_executable(&self) -> bool {
        !self.content.steps.is_empty()
    }

    pub(super) fn slug(&self) -> &str {
        &self.row.slug
    }

    /// As a search shows a tool.
    pub(super) fn as_tool(&self) -> Value {
        json!({
            "toolkit": "recipe",
            "tool_slug": self.row.slug,
            "description": format!("{}: {}", self.row.name, self.row.description),
            "input_schema": self.content.input_schema,
            "hasFullSchema": true,
        })
    }

    fn shown(&self) -> Result<Map<String, Value>> {
        let Self {
            row:
                RecipeRow {
                    project_id: _,
                    slug,
                    version,
                    id,
                    name,
                    description,
                    content,
                    created_by: _,
                    created_at,
                },
            content: Content { steps, .. },
        } = self;
        let mut shown = Map::from_iter([
            ("recipe_id".to_owned(), id.as_str().into()),
            ("recipe_slug".to_owned(), slug.clone().into()),
            ("version".to_owned(), (*version).into()),
            ("name".to_owned(), name.clone().into()),
            ("description".to_owned(), description.clone().into()),
            ("created_at".to_owned(), created_at.to_text().into()),
            ("is_executable".to_owned(), json!(!steps.is_empty())),
        ]);
        shown.extend(Map::<String, Value>::deserialize(content)?);
        Ok(shown)
    }
}
