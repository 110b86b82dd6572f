//! Recipes: workflows that a project saved, in every version.

use serde_json::Value;
use sqlx::types::Json;

use super::db::{Conn, Statement, on};
use crate::error::Result;
use crate::ids::{ProjectId, RecipeId};
use crate::time::Timestamp;

const NEWEST: Statement = Statement::both(
    "recipes.newest",
    "SELECT * FROM recipes WHERE project_id = $1 AND (slug = $2 OR id = $2)
     ORDER BY version DESC LIMIT 1",
);
const FIND: Statement = Statement::both(
    "recipes.find",
    "SELECT * FROM recipes WHERE project_id = $1 AND (slug = $2 OR id = $2) AND version = $3",
);
/// Another caller may have come first with the same version.
const INSERT: Statement = Statement::both(
    "recipes.insert",
    "INSERT INTO recipes
         (project_id, slug, version, id, name, description, content, created_by, created_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
     ON CONFLICT (project_id, slug, version) DO NOTHING",
);
const FORGET: Statement = Statement::both(
    "recipes.forget",
    "DELETE FROM recipes WHERE project_id = $1 AND slug = $2 AND version <= $3",
);
const NAMES: Statement = Statement::both(
    "recipes.names",
    "SELECT slug, name, description FROM recipes one WHERE project_id = $1 AND version =
         (SELECT MAX(version) FROM recipes WHERE project_id = one.project_id AND slug = one.slug)
     ORDER BY slug",
);
const COUNT: Statement = Statement::both(
    "recipes.count",
    "SELECT COUNT(DISTINCT slug) FROM recipes WHERE project_id = $1",
);
const DELETE_ALL: Statement = Statement::both(
    "recipes.delete_all",
    "DELETE FROM recipes WHERE project_id = $1",
);
pub(super) const STATEMENTS: &[Statement] =
    &[NEWEST, FIND, INSERT, FORGET, NAMES, COUNT, DELETE_ALL];

/// A row of `recipes`.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct RecipeRow {
    /// The tenant.
    pub project_id: ProjectId,
    /// What it is executed by, in lower case.
    pub slug: String,
    /// From 1.
    pub version: i64,
    /// `rcp_…`, the same for all versions.
    pub id: RecipeId,
    /// For people.
    pub name: String,
    /// What it does.
    pub description: String,
    /// Schemas, steps, code, defaults.
    #[sqlx(json)]
    pub content: Value,
    /// The user whose agent saved this version.
    pub created_by: String,
    /// When.
    pub created_at: Timestamp,
}

/// The newest version of a recipe, by slug or id.
pub async fn newest(conn: Conn<'_>, project: &ProjectId, named: &str) -> Result<Option<RecipeRow>> {
    let sql = NEWEST.on(&conn);
    Ok(on!(conn, c => sqlx::query_as(sql).bind(project).bind(named).fetch_optional(c).await)?)
}

/// One version of a recipe, by slug or id.
pub async fn find(
    conn: Conn<'_>,
    project: &ProjectId,
    named: &str,
    version: i64,
) -> Result<Option<RecipeRow>> {
    let sql = FIND.on(&conn);
    Ok(on!(conn, c => sqlx::query_as(sql)
        .bind(project).bind(named).bind(version).fetch_optional(c).await)?)
}

/// Adds a version; `false` when it is there already.
pub async fn insert(conn: Conn<'_>, recipe: &RecipeRow) -> Result<bool> {
    let RecipeRow {
        project_id,
        slug,
        version,
        id,
        name,
        description,
        content,
        created_by,
        created_at,
    } = recipe;
    let sql = INSERT.on(&conn);
    let rows = on!(conn, c => sqlx::query(sql)
        .bind(project_id).bind(slug).bind(version).bind(id).bind(name).bind(description)
        .bind(Json(content)).bind(created_by).bind(created_at)
        .execute(c).await?.rows_affected());
    Ok(rows == 1)
}

/// Removes the versions of a recipe up to `version`.
pub async fn forget(conn: Conn<'_>, project: &ProjectId, slug: &str, version: i64) -> Result<()> {
    let sql = FORGET.on(&conn);
    on!(conn, c => sqlx::query(sql)
        .bind(project).bind(slug).bind(version).execute(c).await?.rows_affected());
    Ok(())
}

/// What a recipe is called.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct RecipeName {
    /// What it is executed by.
    pub slug: String,
    /// For people.
    pub name: String,
    /// What it does.
    pub description: String,
}

/// The names of a project's recipes, each in its newest version.
pub async fn names(conn: Conn<'_>, project: &ProjectId) -> Result<Vec<RecipeName>> {
    let sql = NAMES.on(&conn);
    Ok(on!(conn, c => sqlx::query_as(sql).bind(project).fetch_all(c).await)?)
}

/// How many recipes a project has.
pub async fn count(conn: Conn<'_>, project: &ProjectId) -> Result<i64> {
    let sql = COUNT.on(&conn);
    Ok(on!(conn, c => sqlx::query_scalar(sql).bind(project).fetch_one(c).await)?)
}

/// Removes every recipe of a project.
pub async fn delete_all(conn: Conn<'_>, project: &ProjectId) -> Result<()> {
    let sql = DELETE_ALL.on(&conn);
    on!(conn, c => sqlx::query(sql).bind(project).execute(c).await?.rows_affected());
    Ok(())
}
