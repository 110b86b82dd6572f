//! Calls that came with an idempotency key: a row is the claim on making the call, and later holds
//! what came of it.

use super::db::{Conn, Statement, on};
use crate::error::Result;
use crate::ids::ProjectId;
use crate::time::Timestamp;

/// One of any number of callers at once inserts the row.
const CLAIM: Statement = Statement::both(
    "idempotent_calls.claim",
    "INSERT INTO idempotent_calls
         (project_id, id, holder, content, ends_by, ended_at, expires_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (id) DO NOTHING",
);
const FIND: Statement = Statement::both(
    "idempotent_calls.find",
    "SELECT * FROM idempotent_calls WHERE project_id = $1 AND id = $2",
);
const FINISH: Statement = Statement::both(
    "idempotent_calls.finish",
    "UPDATE idempotent_calls SET content = $4, ended_at = $5
     WHERE project_id = $1 AND id = $2 AND holder = $3 AND ended_at IS NULL",
);
const RELEASE: Statement = Statement::both(
    "idempotent_calls.release",
    "DELETE FROM idempotent_calls
     WHERE project_id = $1 AND id = $2 AND holder = $3 AND ended_at IS NULL",
);
const FORGET: Statement = Statement::both(
    "idempotent_calls.forget",
    "DELETE FROM idempotent_calls WHERE project_id = $1 AND id = $2 AND expires_at <= $3",
);
const FORGET_ALL: Statement = Statement::both(
    "idempotent_calls.forget_all",
    "DELETE FROM idempotent_calls WHERE project_id = $1",
);
const PURGE: Statement = Statement::both(
    "idempotent_calls.purge",
    "DELETE FROM idempotent_calls WHERE id IN
         (SELECT id FROM idempotent_calls WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)",
);
pub(super) const STATEMENTS: &[Statement] =
    &[CLAIM, FIND, FINISH, RELEASE, FORGET, FORGET_ALL, PURGE];

/// A row of `idempotent_calls`.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct IdempotentCall {
    /// A hash of project and key.
    pub id: String,
    /// The tenant.
    pub project_id: ProjectId,
    /// Names the request that claimed it.
    pub holder: String,
    /// JSON of what was asked and what came of it, sealed with the project's data key.
    pub content: Vec<u8>,
    /// By then the call has ended, or its server has.
    pub ends_by: Timestamp,
    /// When it ended, if its end is known.
    pub ended_at: Option<Timestamp>,
    /// When the key may be used for something else.
    pub expires_at: Timestamp,
}

/// Claims the call; `false` when another request holds it.
pub async fn claim(conn: Conn<'_>, call: &IdempotentCall) -> Result<bool> {
    let sql = CLAIM.on(&conn);
    let IdempotentCall {
        id,
        project_id,
        holder,
        content,
        ends_by,
        ended_at,
        expires_at,
    } = call;
    let rows = on!(conn, c => sqlx::query(sql)
        .bind(project_id).bind(id).bind(holder).bind(content).bind(ends_by).bind(ended_at)
        .bind(expires_at)
        .execute(c).await?.rows_affected());
    Ok(rows == 1)
}

/// The call that was made with a key, or is being made.
pub async fn find(conn: Conn<'_>, project: &ProjectId, id: &str) -> Result<Option<IdempotentCall>> {
    let sql = FIND.on(&conn);
    Ok(on!(conn, c => sqlx::query_as(sql).bind(project).bind(id).fetch_optional(c).await)?)
}

/// Notes what came of a call; `false` when `holder` does not hold it any more.
pub async fn finish(
    conn: Conn<'_>,
    project: &ProjectId,
    id: &str,
    holder: &str,
    content: &[u8],
    now: Timestamp,
) -> Result<bool> {
    let sql = FINISH.on(&conn);
    let rows = on!(conn, c => sqlx::query(sql)
        .bind(project).bind(id).bind(holder).bind(content).bind(now)
        .execute(c).await?.rows_affected());
    Ok(rows == 1)
}

/// Gives a claim back, so that the key is as it was before.
pub async fn release(conn: Conn<'_>, project: &ProjectId, id: &str, holder: &str) -> Result<()> {
    let sql = RELEASE.on(&conn);
    on!(conn, c => sqlx::query(sql)
        .bind(project).bind(id).bind(holder).execute(c).await?.rows_affected());
    Ok(())
}

/// Forgets a call that has expired by `now`.
pub async fn forget(conn: Conn<'_>, project: &ProjectId, id: &str, now: Timestamp) -> Result<()> {
    let sql = FORGET.on(&conn);
    on!(conn, c => sqlx::query(sql)
        .bind(project).bind(id).bind(now).execute(c).await?.rows_affected());
    Ok(())
}

/// Forgets every call of a project.
pub async fn forget_all(conn: Conn<'_>, project: &ProjectId) -> Result<()> {
    let sql = FORGET_ALL.on(&conn);
    on!(conn, c => sqlx::query(sql).bind(project).execute(c).await?.rows_affected());
    Ok(())
}

/// Forgets up to `limit` calls of all tenants that have expired by `now`, and says how many.
pub async fn purge(conn: Conn<'_>, now: Timestamp, limit: i64) -> Result<u64> {
    let sql = PURGE.on(&conn);
    Ok(on!(conn, c => sqlx::query(sql)
        .bind(now).bind(limit).execute(c).await?.rows_affected()))
}
