//! Data keys beside the one that seals, sealed by the master key. Most of the time there are none.

use super::db::{Conn, Statement, on};
use crate::error::{Error, Result};
use crate::ids::{DataKeyId, ProjectId};
use crate::time::Timestamp;

// A project has one coming key at most: of two processes that make one, the second keeps the
// first's.
const INSERT: Statement = Statement::both(
    "data_keys.insert",
    "INSERT INTO data_keys (id, project_id, state, sealed, changed_at)
     VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
);
const OF_PROJECT: Statement = Statement::both(
    "data_keys.of_project",
    "SELECT * FROM data_keys WHERE project_id = $1 ORDER BY id",
);
const PAGE: Statement = Statement::both(
    "data_keys.page",
    "SELECT * FROM data_keys WHERE id > $1 ORDER BY id LIMIT $2",
);
const REPLACE: Statement = Statement::both(
    "data_keys.replace",
    "UPDATE data_keys SET sealed = $4 WHERE project_id = $1 AND id = $2 AND sealed = $3",
);
const DELETE: Statement = Statement::both(
    "data_keys.delete",
    "DELETE FROM data_keys WHERE project_id = $1 AND id = $2",
);
const DELETE_ALL: Statement = Statement::both(
    "data_keys.delete_all",
    "DELETE FROM data_keys WHERE project_id = $1",
);
pub(super) const STATEMENTS: &[Statement] =
    &[INSERT, OF_PROJECT, PAGE, REPLACE, DELETE, DELETE_ALL];

/// What a data key beside the sealing one is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DataKeyState {
    /// Made known to every process before it seals.
    Coming,
    /// Sealed before, and opens what is left of it.
    Retired,
}

impl DataKeyState {
    const ALL: [Self; 2] = [Self::Coming, Self::Retired];

    const fn name(self) -> &'static str {
        match self {
            Self::Coming => "coming",
            Self::Retired => "retired",
        }
    }
}

impl TryFrom<String> for DataKeyState {
    type Error = Error;

    fn try_from(name: String) -> Result<Self> {
        Self::ALL
            .into_iter()
            .find(|state| state.name() == name)
            .ok_or_else(|| Error::internal(format!("a data key has the unknown state {name}")))
    }
}

/// A row of `data_keys`.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct SpareDataKey {
    /// `dk_…`
    pub id: DataKeyId,
    /// The tenant.
    pub project_id: ProjectId,
    /// What it is for.
    #[sqlx(try_from = "String")]
    pub state: DataKeyState,
    /// The key, sealed by the master key.
    pub sealed: Vec<u8>,
    /// When it came into this state.
    pub changed_at: Timestamp,
}

/// Stores a key; `false` when the project has a coming one already.
pub async fn insert(conn: Conn<'_>, key: &SpareDataKey) -> Result<bool> {
    let sql = INSERT.on(&conn);
    let SpareDataKey {
        id,
        project_id,
        state,
        sealed,
        changed_at,
    } = key;
    let rows = on!(conn, c => sqlx::query(sql)
        .bind(id).bind(project_id).bind(state.name()).bind(sealed).bind(changed_at)
        .execute(c).await?.rows_affected());
    Ok(rows == 1)
}

/// The keys beside a project's own.
pub async fn of_project(conn: Conn<'_>, project: &ProjectId) -> Result<Vec<SpareDataKey>> {
    let sql = OF_PROJECT.on(&conn);
    Ok(on!(conn, c => sqlx::query_as(sql).bind(project).fetch_all(c).await)?)
}

/// Keys of all projects in the order of their ids, those after `after`.
pub async fn page(conn: Conn<'_>, after: &str, limit: i64) -> Result<Vec<SpareDataKey>> {
    let sql = PAGE.on(&conn);
    Ok(on!(conn, c => sqlx::query_as(sql).bind(after).bind(limit).fetch_all(c).await)?)
}

/// Stores the same key sealed anew; `false` when somebody else has.
pub async fn replace(
    conn: Conn<'_>,
    project: &ProjectId,
    id: &DataKeyId,
    old: &[u8],
    new: &[u8],
) -> Result<bool> {
    let sql = REPLACE.on(&conn);
    let rows = on!(conn, c => sqlx::query(sql)
        .bind(project).bind(id).bind(old).bind(new).execute(c).await?.rows_affected());
    Ok(rows == 1)
}

/// Forgets a key.
pub async fn delete(conn: Conn<'_>, project: &ProjectId, id: &DataKeyId) -> Result<bool> {
    let sql = DELETE.on(&conn);
    let rows = on!(conn, c => sqlx::query(sql)
        .bind(project).bind(id).execute(c).await?.rows_affected());
    Ok(rows == 1)
}

/// Forgets every key beside a project's own.
pub async fn delete_all(conn: Conn<'_>, project: &ProjectId) -> Result<u64> {
    let sql = DELETE_ALL.on(&conn);
    Ok(on!(conn, c => sqlx::query(sql).bind(project).execute(c).await?.rows_affected()))
}
