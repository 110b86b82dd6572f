//! Auth configs: how a project's users connect to a toolkit.

use std::collections::HashMap;

use super::db::{Arg, Conn, Filter, Statement, bind_all, literal, on};
use crate::error::Result;
use crate::ids::{AuthConfigId, ProjectId};
use crate::scheme::Scheme;
use crate::time::Timestamp;

const FIND: Statement = Statement::both(
    "auth_configs.find",
    "SELECT * FROM auth_configs WHERE project_id = $1 AND id = $2",
);
// SQLite has one writer, which holds the file from the beginning of its transaction.
const FIND_TO_CHANGE: Statement = Statement::split(
    "auth_configs.find_to_change",
    "SELECT * FROM auth_configs WHERE project_id = $1 AND id = $2",
    "SELECT * FROM auth_configs WHERE project_id = $1 AND id = $2 FOR UPDATE",
);
const INSERT: Statement = Statement::both(
    "auth_configs.insert",
    "INSERT INTO auth_configs (project_id, id, toolkit, name, scheme, managed, enabled,
         enabled_for_tool_router, credentials, tools_for_account_creation, tools_for_execution,
         created_at, updated_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12)",
);
const UPDATE: Statement = Statement::both(
    "auth_configs.update",
    "UPDATE auth_configs SET name = $3, enabled_for_tool_router = $4, credentials = $5,
         tools_for_account_creation = $6, tools_for_execution = $7, updated_at = $8
     WHERE project_id = $1 AND id = $2",
);
const REPLACE_CREDENTIALS: Statement = Statement::both(
    "auth_configs.replace_credentials",
    "UPDATE auth_configs SET credentials = $4
     WHERE project_id = $1 AND id = $2 AND credentials = $3",
);
const SET_ENABLED: Statement = Statement::both(
    "auth_configs.set_enabled",
    "UPDATE auth_configs SET enabled = $3, updated_at = $4 WHERE project_id = $1 AND id = $2",
);
const DELETE: Statement = Statement::both(
    "auth_configs.delete",
    "DELETE FROM auth_configs WHERE project_id = $1 AND id = $2",
);
const DELETE_ALL: Statement = Statement::both(
    "auth_configs.delete_all",
    "DELETE FROM auth_configs WHERE project_id = $1",
);
pub(super) const STATEMENTS: &[Statement] = &[
    FIND,
    FIND_TO_CHANGE,
    INSERT,
    UPDATE,
    REPLACE_CREDENTIALS,
    SET_ENABLED,
    DELETE,
    DELETE_ALL,
];

/// A row of `auth_configs`. Credentials are sealed.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct AuthConfig {
    /// `ac_…`
    pub id: AuthConfigId,
    /// The tenant.
    pub project_id: ProjectId,
    /// Slug of the toolkit.
    pub toolkit: String,
    /// For people.
    pub name: String,
    /// The auth scheme.
    #[sqlx(try_from = "String")]
    pub scheme: Scheme,
    /// Uses the OAuth app that this installation's operator configured for the toolkit.
    pub managed: bool,
    /// Whether connections may be made and used.
    pub enabled: bool,
    /// Whether tool-router sessions may pick it.
    pub enabled_for_tool_router: bool,
    /// JSON object (client id, client secret, scopes, …), sealed with the project's data key.
    pub credentials: Vec<u8>,
    /// Slugs of the tools whose scopes a connection asks for.
    #[sqlx(json(nullable))]
    pub tools_for_account_creation: Option<Vec<String>>,
    /// Slugs of the tools that may be executed with it; none means all.
    #[sqlx(json(nullable))]
    pub tools_for_execution: Option<Vec<String>>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// Which auth configs a list shows; what is empty or absent does not narrow it.
#[derive(Debug, Clone, Default)]
pub struct ConfigFilter {
    /// Slugs of toolkits, in lower case.
    pub toolkits: Vec<String>,
    /// Only managed ones, or only custom ones.
    pub managed: Option<bool>,
    /// Disabled ones too.
    pub with_disabled: bool,
    /// Part of the name, in any case.
    pub search: Option<String>,
}

impl ConfigFilter {
    fn conditions(&self, project: &ProjectId) -> Filter {
        let Self {
            toolkits,
            managed,
            with_disabled,
            search,
        } = self;
        let mut filter = Filter::of_project(project);
        filter.and_in("toolkit", toolkits);
        if let Some(managed) = managed {
            filter.and("managed = ?", [Arg::Bool(*managed)]);
        }
        if !with_disabled {
            filter.and("enabled = ?", [Arg::Bool(true)]);
        }
        if let Some(search) = search {
            filter.and(
                r"LOWER(name) LIKE LOWER(?) ESCAPE '\'",
                [Arg::Text(format!("%{}%", literal(search)))],
            );
        }
        filter
    }
}

/// An auth config of a project.
pub async fn find(
    conn: Conn<'_>,
    project: &ProjectId,
    id: &AuthConfigId,
) -> Result<Option<AuthConfig>> {
    let sql = FIND.on(&conn);
    Ok(on!(conn, c => sqlx::query_as(sql).bind(project).bind(id).fetch_optional(c).await)?)
}

/// An auth config of a project that this transaction is about to change: another one that wants to
/// change it waits, and reads what this one wrote.
pub async fn find_to_change(
    conn: Conn<'_>,
    project: &ProjectId,
    id: &AuthConfigId,
) -> Result<Option<AuthConfig>> {
    let sql = FIND_TO_CHANGE.on(&conn);
    Ok(on!(conn, c => sqlx::query_as(sql).bind(project).bind(id).fetch_optional(c).await)?)
}

/// Several auth configs of a project; those that are not there are left out.
pub async fn find_all(
    conn: Conn<'_>,
    project: &ProjectId,
    ids: &[String],
) -> Result<Vec<AuthConfig>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut filter = Filter::of_project(project);
    filter.and_in("id", ids);
    let sql = filter.statement("SELECT * FROM auth_configs", "");
    Ok(on!(conn, c => bind_all!(sqlx::query_as(sql), filter.args).fetch_all(c).await)?)
}

/// Stores a new auth config.
pub async fn insert(conn: Conn<'_>, config: &AuthConfig) -> Result<()> {
    let sql = INSERT.on(&conn);
    let AuthConfig {
        id,
        project_id,
        toolkit,
        name,
        scheme,
        managed,
        enabled,
        enabled_for_tool_router,
        credentials,
        tools_for_account_creation,
        tools_for_execution,
        created_at,
        updated_at: _,
    } = config;
    on!(conn, c => sqlx::query(sql)
        .bind(project_id).bind(id).bind(toolkit).bind(name).bind(scheme.name()).bind(managed)
        .bind(enabled).bind(enabled_for_tool_router).bind(credentials)
        .bind(tools_for_account_creation.as_ref().map(sqlx::types::Json))
        .bind(tools_for_execution.as_ref().map(sqlx::types::Json))
        .bind(created_at)
        .execute(c).await?.rows_affected());
    Ok(())
}

/// Writes what an update may change (not whether it is enabled); `false` when it is gone.
pub async fn update(
    conn: Conn<'_>,
    project: &ProjectId,
    config: &AuthConfig,
    now: Timestamp,
) -> Result<bool> {
    let sql = UPDATE.on(&conn);
    let rows = on!(conn, c => sqlx::query(sql)
        .bind(project).bind(&config.id).bind(&config.name).bind(config.enabled_for_tool_router)
        .bind(&config.credentials)
        .bind(config.tools_for_account_creation.as_ref().map(sqlx::types::Json))
        .bind(config.tools_for_execution.as_ref().map(sqlx::types::Json))
        .bind(now)
        .execute(c).await?.rows_affected());
    Ok(rows == 1)
}

/// Puts other credentials in the place of those that the caller has seen; `false` when others stand
/// there by now.
pub async fn replace_credentials(
    conn: Conn<'_>,
    project: &ProjectId,
    id: &AuthConfigId,
    seen: &[u8],
    new: &[u8],
) -> Result<bool> {
    let sql = REPLACE_CREDENTIALS.on(&conn);
    let rows = on!(conn, c => sqlx::query(sql)
        .bind(project).bind(id).bind(seen).bind(new).execute(c).await?.rows_affected());
    Ok(rows == 1)
}

/// Enables or disables an auth config; `false` when there is none.
pub async fn set_enabled(
    conn: Conn<'_>,
    project: &ProjectId,
    id: &AuthConfigId,
    enabled: bool,
    now: Timestamp,
) -> Result<bool> {
    let sql = SET_ENABLED.on(&conn);
    let rows = on!(conn, c => sqlx::query(sql)
        .bind(project).bind(id).bind(enabled).bind(now).execute(c).await?.rows_affected());
    Ok(rows == 1)
}

/// Removes an auth config, whose accounts must be gone; `false` when there is none.
pub async fn delete(conn: Conn<'_>, project: &ProjectId, id: &AuthConfigId) -> Result<bool> {
    let sql = DELETE.on(&conn);
    let rows = on!(conn, c => sqlx::query(sql)
        .bind(project).bind(id).execute(c).await?.rows_affected());
    Ok(rows == 1)
}

/// The auth configs that `filter` lets through, newest first.
pub async fn list(
    conn: Conn<'_>,
    project: &ProjectId,
    filter: &ConfigFilter,
    limit: i64,
    offset: i64,
) -> Result<Vec<AuthConfig>> {
    let conditions = filter.conditions(project);
    let (sql, args) = conditions.page(
        "SELECT * FROM auth_configs",
        "created_at DESC, id DESC",
        limit,
        offset,
    );
    Ok(on!(conn, c => bind_all!(sqlx::query_as(sql), args).fetch_all(c).await)?)
}

/// How many auth configs `filter` lets through.
pub async fn count(conn: Conn<'_>, project: &ProjectId, filter: &ConfigFilter) -> Result<u64> {
    let conditions = filter.conditions(project);
    let sql = conditions.statement("SELECT COUNT(*) FROM auth_configs", "");
    let count: i64 =
        on!(conn, c => bind_all!(sqlx::query_scalar(sql), conditions.args).fetch_one(c).await)?;
    Ok(u64::try_from(count).unwrap_or_default())
}

/// How many active accounts each of these auth configs has; those without any are left out.
pub async fn count_connections(
    conn: Conn<'_>,
    project: &ProjectId,
    ids: &[String],
) -> Result<HashMap<String, i64>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let mut filter = Filter::of_project(project);
    filter.and("status = ?", [Arg::Text("ACTIVE".into())]);
    filter.and_in("auth_config_id", ids);
    let sql = filter.statement(
        "SELECT auth_config_id, COUNT(*) FROM connected_accounts",
        " GROUP BY auth_config_id",
    );
    let rows: Vec<(String, i64)> =
        on!(conn, c => bind_all!(sqlx::query_as(sql), filter.args).fetch_all(c).await)?;
    Ok(rows.into_iter().collect())
}

/// Removes every auth config of a project, which must have no accounts any more, and says how many
/// there were.
pub async fn delete_all(conn: Conn<'_>, project: &ProjectId) -> Result<u64> {
    let sql = DELETE_ALL.on(&conn);
    Ok(on!(conn, c => sqlx::query(sql).bind(project).execute(c).await?.rows_affected()))
}
