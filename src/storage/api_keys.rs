//! API keys, stored as SHA-256 hashes. A key without a project is an organisation key.

use super::db::{Conn, Statement, on};
use crate::error::Result;
use crate::ids::{ApiKeyId, OrgId, ProjectId};
use crate::time::Timestamp;

const INSERT: Statement = Statement::both(
    "api_keys.insert",
    "INSERT INTO api_keys (id, org_id, project_id, name, key_hash, hint, created_at, updated_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $7)",
);
// The key itself names its tenant, so this one statement has no project to begin with.
const FIND_BY_HASH: Statement = Statement::both(
    "api_keys.find_by_hash",
    "SELECT k.* FROM api_keys k LEFT JOIN projects p ON p.id = k.project_id
     WHERE k.key_hash = $1 AND k.deleted_at IS NULL AND p.deleted_at IS NULL",
);
const LIST: Statement = Statement::both(
    "api_keys.list",
    "SELECT * FROM api_keys WHERE project_id = $1 AND deleted_at IS NULL
     ORDER BY created_at, id",
);
const REVOKE_ALL: Statement = Statement::both(
    "api_keys.revoke_all",
    "UPDATE api_keys SET deleted_at = $2, updated_at = $2
     WHERE project_id = $1 AND deleted_at IS NULL",
);
const LIST_ALL: Statement = Statement::both(
    "api_keys.list_all",
    "SELECT k.* FROM api_keys k LEFT JOIN projects p ON p.id = k.project_id
     WHERE k.deleted_at IS NULL AND p.deleted_at IS NULL ORDER BY k.created_at, k.id",
);
const REVOKE: Statement = Statement::both(
    "api_keys.revoke",
    "UPDATE api_keys SET deleted_at = $2, updated_at = $2 WHERE id = $1 AND deleted_at IS NULL",
);
pub(super) const STATEMENTS: &[Statement] =
    &[INSERT, FIND_BY_HASH, LIST, LIST_ALL, REVOKE, REVOKE_ALL];

/// An API key, without the key.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct ApiKey {
    /// `key_…`
    pub id: ApiKeyId,
    /// The organisation it opens, or whose project it opens.
    pub org_id: OrgId,
    /// The project it opens; none for an organisation key.
    pub project_id: Option<ProjectId>,
    /// For people.
    pub name: String,
    /// SHA-256 of the key.
    pub key_hash: Vec<u8>,
    /// The key's first characters and `...`.
    pub hint: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// When it was revoked; such rows are never read.
    pub deleted_at: Option<Timestamp>,
}

/// Stores a new key.
pub async fn insert(conn: Conn<'_>, key: &ApiKey) -> Result<()> {
    let sql = INSERT.on(&conn);
    on!(conn, c => sqlx::query(sql)
        .bind(&key.id).bind(&key.org_id).bind(&key.project_id).bind(&key.name)
        .bind(&key.key_hash).bind(&key.hint).bind(key.created_at)
        .execute(c).await?.rows_affected());
    Ok(())
}

/// The live key with this hash, if its project is alive too.
pub async fn find_by_hash(conn: Conn<'_>, hash: &[u8]) -> Result<Option<ApiKey>> {
    let sql = FIND_BY_HASH.on(&conn);
    Ok(on!(conn, c => sqlx::query_as(sql).bind(hash).fetch_optional(c).await)?)
}

/// The live keys of a project, oldest first.
pub async fn list(conn: Conn<'_>, project: &ProjectId) -> Result<Vec<ApiKey>> {
    let sql = LIST.on(&conn);
    Ok(on!(conn, c => sqlx::query_as(sql).bind(project).fetch_all(c).await)?)
}

/// Revokes every key of a project.
pub async fn revoke_all(conn: Conn<'_>, project: &ProjectId, now: Timestamp) -> Result<u64> {
    let sql = REVOKE_ALL.on(&conn);
    Ok(on!(conn, c => sqlx::query(sql).bind(project).bind(now).execute(c).await?.rows_affected()))
}

/// Every live key of the installation, oldest first; for its operator alone.
pub async fn list_all(conn: Conn<'_>) -> Result<Vec<ApiKey>> {
    let sql = LIST_ALL.on(&conn);
    Ok(on!(conn, c => sqlx::query_as(sql).fetch_all(c).await)?)
}

/// Revokes a key, whoever it belongs to; `false` when there is no such live key.
pub async fn revoke(conn: Conn<'_>, id: &ApiKeyId, now: Timestamp) -> Result<bool> {
    let sql = REVOKE.on(&conn);
    let rows = on!(conn, c => sqlx::query(sql)
        .bind(id).bind(now).execute(c).await?.rows_affected());
    Ok(rows == 1)
}
