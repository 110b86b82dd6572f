//! What agents noted of a user's things in a toolkit.

use super::db::{Conn, Statement, on};
use crate::error::Result;
use crate::ids::ProjectId;
use crate::time::Timestamp;

const FIND: Statement = Statement::both(
    "memories.find",
    "SELECT facts FROM memories WHERE project_id = $1 AND id = $2",
);
const KEEP: Statement = Statement::both(
    "memories.keep",
    "INSERT INTO memories (project_id, id, facts, updated_at) VALUES ($1, $2, $3, $4)
     ON CONFLICT (id) DO UPDATE SET facts = $3, updated_at = $4 WHERE memories.project_id = $1",
);
const DELETE_ALL: Statement = Statement::both(
    "memories.delete_all",
    "DELETE FROM memories WHERE project_id = $1",
);
pub(super) const STATEMENTS: &[Statement] = &[FIND, KEEP, DELETE_ALL];

/// The sealed notes with this id.
pub async fn find(conn: Conn<'_>, project: &ProjectId, id: &str) -> Result<Option<Vec<u8>>> {
    let sql = FIND.on(&conn);
    Ok(on!(conn, c => sqlx::query_scalar(sql).bind(project).bind(id).fetch_optional(c).await)?)
}

/// Puts sealed notes in place of those with this id.
pub async fn keep(
    conn: Conn<'_>,
    project: &ProjectId,
    id: &str,
    facts: &[u8],
    now: Timestamp,
) -> Result<()> {
    let sql = KEEP.on(&conn);
    on!(conn, c => sqlx::query(sql)
        .bind(project).bind(id).bind(facts).bind(now).execute(c).await?.rows_affected());
    Ok(())
}

/// Removes every note of a project.
pub async fn delete_all(conn: Conn<'_>, project: &ProjectId) -> Result<()> {
    let sql = DELETE_ALL.on(&conn);
    on!(conn, c => sqlx::query(sql).bind(project).execute(c).await?.rows_affected());
    Ok(())
}
