//! Grants of accounts that are gone, sealed, until the provider has them back.

use super::db::{Conn, Statement, on};
use crate::error::Result;
use crate::ids::{AccountId, JobId, ProjectId};
use crate::time::Timestamp;

const INSERT: Statement = Statement::both(
    "revocations.insert",
    "INSERT INTO revocations (account_id, project_id, batch_id, toolkit, secrets, created_at)
     VALUES ($1, $2, $3, $4, $5, $6)",
);
const OF_BATCH: Statement = Statement::both(
    "revocations.of_batch",
    "SELECT * FROM revocations WHERE project_id = $1 AND batch_id = $2 ORDER BY account_id",
);
const DELETE: Statement = Statement::both(
    "revocations.delete",
    "DELETE FROM revocations WHERE project_id = $1 AND account_id = $2",
);
const DELETE_ALL: Statement = Statement::both(
    "revocations.delete_all",
    "DELETE FROM revocations WHERE project_id = $1",
);
const PURGE: Statement = Statement::both(
    "revocations.purge",
    "DELETE FROM revocations WHERE created_at < $1",
);
pub(super) const STATEMENTS: &[Statement] = &[INSERT, OF_BATCH, DELETE, DELETE_ALL, PURGE];

/// A row of `revocations`.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Revocation {
    /// The account that held the grant; it is gone.
    pub account_id: AccountId,
    /// The tenant.
    pub project_id: ProjectId,
    /// What one request removed together: the `revoke_job_id` of its answer.
    pub batch_id: JobId,
    /// Slug of the toolkit.
    pub toolkit: String,
    /// JSON of what it takes to give the grant back, sealed with the project's data key.
    pub secrets: Vec<u8>,
    /// When the account was removed.
    pub created_at: Timestamp,
}

/// Stores a grant that is to be given back.
pub async fn insert(conn: Conn<'_>, revocation: &Revocation) -> Result<()> {
    let sql = INSERT.on(&conn);
    let Revocation {
        account_id,
        project_id,
        batch_id,
        toolkit,
        secrets,
        created_at,
    } = revocation;
    on!(conn, c => sqlx::query(sql)
        .bind(account_id).bind(project_id).bind(batch_id).bind(toolkit).bind(secrets)
        .bind(created_at)
        .execute(c).await?.rows_affected());
    Ok(())
}

/// The grants of a batch that the provider does not have back yet.
pub async fn of_batch(
    conn: Conn<'_>,
    project: &ProjectId,
    batch: &JobId,
) -> Result<Vec<Revocation>> {
    let sql = OF_BATCH.on(&conn);
    Ok(on!(conn, c => sqlx::query_as(sql).bind(project).bind(batch).fetch_all(c).await)?)
}

/// Forgets a grant; `false` when it is forgotten already.
pub async fn delete(conn: Conn<'_>, project: &ProjectId, account: &AccountId) -> Result<bool> {
    let sql = DELETE.on(&conn);
    let rows = on!(conn, c => sqlx::query(sql)
        .bind(project).bind(account).execute(c).await?.rows_affected());
    Ok(rows == 1)
}

/// Forgets every grant of a project and says how many there were.
pub async fn delete_all(conn: Conn<'_>, project: &ProjectId) -> Result<u64> {
    let sql = DELETE_ALL.on(&conn);
    Ok(on!(conn, c => sqlx::query(sql).bind(project).execute(c).await?.rows_affected()))
}

/// Forgets grants of all tenants whose accounts were removed before `instant`.
pub async fn purge(conn: Conn<'_>, instant: Timestamp) -> Result<u64> {
    let sql = PURGE.on(&conn);
    Ok(on!(conn, c => sqlx::query(sql).bind(instant).execute(c).await?.rows_affected()))
}
