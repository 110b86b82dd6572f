//! Tool-router sessions, and what their configurations were before.

use serde_json::Value;
use sqlx::types::Json;

use super::db::{Conn, Statement, on};
use crate::error::Result;
use crate::ids::{ProjectId, SessionId};
use crate::time::Timestamp;

const FIND: Statement = Statement::both(
    "sessions.find",
    "SELECT * FROM sessions WHERE project_id = $1 AND id = $2",
);
const FIND_BY_URL: Statement = Statement::both(
    "sessions.find_by_url",
    "SELECT * FROM sessions WHERE id = $1",
);
const INSERT: Statement = Statement::both(
    "sessions.insert",
    "INSERT INTO sessions (project_id, id, user_id, created_by, config, config_version,
         custom_tools, created_at, updated_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)",
);
// The writer names the version it has read, so that of two writers one learns that it lost.
const CONFIGURE: Statement = Statement::both(
    "sessions.configure",
    "UPDATE sessions SET config = $4, config_version = config_version + 1, updated_at = $5
     WHERE project_id = $1 AND id = $2 AND config_version = $3",
);
const DELETE: Statement = Statement::both(
    "sessions.delete",
    "DELETE FROM sessions WHERE project_id = $1 AND id = $2",
);
const DELETE_ALL: Statement = Statement::both(
    "sessions.delete_all",
    "DELETE FROM sessions WHERE project_id = $1",
);
const KEEP_CONFIG: Statement = Statement::both(
    "sessions.keep_config",
    "INSERT INTO session_configs (project_id, session_id, version, config, replaced_at)
     VALUES ($1, $2, $3, $4, $5)",
);
const FORMER_CONFIGS: Statement = Statement::both(
    "sessions.former_configs",
    "SELECT version, config, replaced_at FROM session_configs
     WHERE project_id = $1 AND session_id = $2 ORDER BY version DESC LIMIT $3 OFFSET $4",
);
pub(super) const STATEMENTS: &[Statement] = &[
    FIND,
    FIND_BY_URL,
    INSERT,
    CONFIGURE,
    DELETE,
    DELETE_ALL,
    KEEP_CONFIG,
    FORMER_CONFIGS,
];

/// A row of `sessions`.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct SessionRow {
    /// `trs_…`
    pub id: SessionId,
    /// The tenant.
    pub project_id: ProjectId,
    /// The caller's name for the user.
    pub user_id: String,
    /// The API key that made it.
    pub created_by: String,
    /// Its configuration, as answers show it.
    #[sqlx(json)]
    pub config: Value,
    /// Grows by one with every change of `config`, from 1.
    pub config_version: i64,
    /// Tools that run at the caller's.
    #[sqlx(json)]
    pub custom_tools: Value,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// What a session's configuration was before a change.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct FormerConfig {
    /// Its version.
    pub version: i64,
    /// As answers show it.
    #[sqlx(json)]
    pub config: Value,
    /// When the next version took its place.
    pub replaced_at: Timestamp,
}

/// A session of a project.
pub async fn find(
    conn: Conn<'_>,
    project: &ProjectId,
    id: &SessionId,
) -> Result<Option<SessionRow>> {
    let sql = FIND.on(&conn);
    Ok(on!(conn, c => sqlx::query_as(sql).bind(project).bind(id).fetch_optional(c).await)?)
}

/// The session that a URL names, whoever it belongs to: the row says whose it is.
pub async fn find_by_url(conn: Conn<'_>, id: &SessionId) -> Result<Option<SessionRow>> {
    let sql = FIND_BY_URL.on(&conn);
    Ok(on!(conn, c => sqlx::query_as(sql).bind(id).fetch_optional(c).await)?)
}

/// Stores a new session.
pub async fn insert(conn: Conn<'_>, session: &SessionRow) -> Result<()> {
    let sql = INSERT.on(&conn);
    let SessionRow {
        id,
        project_id,
        user_id,
        created_by,
        config,
        config_version,
        custom_tools,
        created_at,
        updated_at: _,
    } = session;
    on!(conn, c => sqlx::query(sql)
        .bind(project_id).bind(id).bind(user_id).bind(created_by).bind(Json(config))
        .bind(config_version).bind(Json(custom_tools)).bind(created_at)
        .execute(c).await.map(drop))?;
    Ok(())
}

/// Gives a session another configuration; `false` when it has another version than `seen` by now.
pub async fn configure(
    conn: Conn<'_>,
    project: &ProjectId,
    seen: &SessionRow,
    config: &Value,
    now: Timestamp,
) -> Result<bool> {
    let sql = CONFIGURE.on(&conn);
    let rows = on!(conn, c => sqlx::query(sql)
        .bind(project).bind(&seen.id).bind(seen.config_version).bind(Json(config)).bind(now)
        .execute(c).await?.rows_affected());
    Ok(rows == 1)
}

/// Keeps the configuration that a session had until now.
pub async fn keep_config(
    conn: Conn<'_>,
    project: &ProjectId,
    former: &SessionRow,
    now: Timestamp,
) -> Result<()> {
    let sql = KEEP_CONFIG.on(&conn);
    on!(conn, c => sqlx::query(sql)
        .bind(project).bind(&former.id).bind(former.config_version).bind(Json(&former.config)).bind(now)
        .execute(c).await.map(drop))?;
    Ok(())
}

/// Removes a session with its history; `false` when there is none.
pub async fn delete(conn: Conn<'_>, project: &ProjectId, id: &SessionId) -> Result<bool> {
    let sql = DELETE.on(&conn);
    let rows = on!(conn, c => sqlx::query(sql)
        .bind(project).bind(id).execute(c).await?.rows_affected());
    Ok(rows == 1)
}

/// Removes every session of a project.
pub async fn delete_all(conn: Conn<'_>, project: &ProjectId) -> Result<()> {
    let sql = DELETE_ALL.on(&conn);
    on!(conn, c => sqlx::query(sql).bind(project).execute(c).await.map(drop))?;
    Ok(())
}

/// What a session's configuration was before its changes, the newest first.
pub async fn former_configs(
    conn: Conn<'_>,
    project: &ProjectId,
    id: &SessionId,
    limit: i64,
    offset: i64,
) -> Result<Vec<FormerConfig>> {
    let sql = FORMER_CONFIGS.on(&conn);
    Ok(on!(conn, c => sqlx::query_as(sql)
        .bind(project).bind(id).bind(limit).bind(offset).fetch_all(c).await)?)
}
