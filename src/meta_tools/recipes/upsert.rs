//! `COMPOSIO_UPSERT_RECIPE`: saves a recipe, or a new version of one.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::super::{Desk, Outcome, workflow};
use super::{Content, Step, check, find};
use crate::error::{Error, Result};
use crate::ids::RecipeId;
use crate::storage::recipes::{self, RecipeRow};

/// Of a project.
const MOST_RECIPES: i64 = 1_000;
/// Kept of a recipe, the newest.
const MOST_VERSIONS: i64 = 100;

#[derive(Debug, Deserialize)]
pub(in crate::meta_tools) struct Arguments {
    #[serde(default)]
    recipe_slug: Option<String>,
    #[serde(default)]
    recipe_id: Option<String>,
    name: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    input_schema: Option<Value>,
    #[serde(default)]
    output_schema: Option<Value>,
    #[serde(default)]
    steps: Vec<Step>,
    #[serde(default)]
    output: Option<Map<String, Value>>,
    #[serde(default, alias = "recipe_code")]
    workflow_code: Option<String>,
    #[serde(default)]
    defaults_for_required_parameters: Map<String, Value>,
    #[serde(default)]
    session_id: Option<String>,
}

/// Saves a recipe as version 1, or as the next version of the one that is named.
///
/// # Errors
/// [`Error::Invalid`] naming every field that is wrong, [`Error::NotFound`] for an unknown id,
/// [`Error::Conflict`] when somebody else saves it at the same moment.
pub(in crate::meta_tools) async fn upsert(
    desk: &Desk<'_>,
    arguments: Arguments,
) -> Result<Outcome> {
    let Arguments {
        recipe_slug,
        recipe_id,
        name,
        description,
        input_schema,
        output_schema,
        steps,
        output,
        workflow_code,
        defaults_for_required_parameters,
        session_id,
    } = arguments;
    let slug = match &recipe_id {
        Some(id) => {
            let known = find(desk, id, None).await?;
            known
                .ok_or_else(|| Error::not_found("recipe", id))?
                .row
                .slug
        }
        None => recipe_slug.map_or_else(|| slug_of(&name), |slug| slug.to_ascii_lowercase()),
    };
    let content = Content {
        input_schema: input_schema.unwrap_or_else(|| json!({ "type": "object", "properties": {} })),
        output_schema,
        steps,
        output,
        workflow_code,
        defaults_for_required_parameters,
    };
    let mut problems = check::names(&slug, &name, desk.scope);
    problems.extend(check::content(&content, desk.scope));
    if !problems.is_empty() {
        return Err(Error::fields(problems));
    }
    let row = store(desk, slug, name, description, &content).await?;
    let mut data = Map::from_iter([
        ("recipe_id".to_owned(), row.id.as_str().into()),
        ("recipe_slug".to_owned(), row.slug.into()),
        ("version".to_owned(), row.version.into()),
        ("is_executable".to_owned(), json!(!content.steps.is_empty())),
    ]);
    data.extend(workflow::echo(session_id.as_deref()).map(|session| ("session".into(), session)));
    Ok((data, None))
}

async fn store(
    desk: &Desk<'_>,
    slug: String,
    name: String,
    description: String,
    content: &Content,
) -> Result<RecipeRow> {
    let project = &desk.scope.project;
    let mut tx = desk.app.db.begin().await?;
    let former = recipes::newest(tx.conn(), project, &slug).await?;
    if former.is_none() && recipes::count(tx.conn(), project).await? >= MOST_RECIPES {
        return Err(Error::Conflict(format!(
            "the project has {MOST_RECIPES} recipes, the most there may be"
        )));
    }
    let row = RecipeRow {
        project_id: project.clone(),
        version: former.as_ref().map_or(1, |former| former.version + 1),
        id: former.map_or_else(RecipeId::generate, |former| former.id),
        slug,
        name: name.trim().to_owned(),
        description,
        content: serde_json::to_value(content)?,
        created_by: desk.scope.user.clone(),
        created_at: desk.app.clock.now(),
    };
    if !recipes::insert(tx.conn(), &row).await? {
        return Err(Error::Conflict(format!(
            "recipe `{}` was saved by somebody else at the same moment; look at its newest version",
            row.slug
        )));
    }
    recipes::forget(tx.conn(), project, &row.slug, row.version - MOST_VERSIONS).await?;
    tx.commit().await?;
    Ok(row)
}

/// `Daily stand-up!` → `daily-stand-up`
fn slug_of(name: &str) -> String {
    let words = name.split(|letter: char| !letter.is_ascii_alphanumeric());
    let words: Vec<String> = words
        .filter(|word| !word.is_empty())
        .map(str::to_ascii_lowercase)
        .collect();
    words.join("-")
}
