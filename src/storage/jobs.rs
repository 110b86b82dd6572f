//! The queue of background work: a job is stored in the transaction that makes it necessary, and
//! claimed with a lease, so that the job of a dead worker returns by itself.

use serde::{Deserialize, Serialize};

use super::db::{Conn, Statement, on};
use crate::error::Result;
use crate::ids::{AccountId, AttemptId, JobId, ProjectId};
use crate::time::Timestamp;

const ENQUEUE: Statement = Statement::both(
    "jobs.enqueue",
    "INSERT INTO jobs (id, dedupe_key, payload, attempts, run_at, created_at)
     VALUES ($1, $2, $3, 0, $4, $5) ON CONFLICT (dedupe_key) DO NOTHING",
);
const CLAIM: Statement = Statement::split(
    "jobs.claim",
    "UPDATE jobs SET locked_by = $2, locked_until = $3, attempts = attempts + 1
     WHERE id = (SELECT id FROM jobs
                 WHERE dead_at IS NULL AND run_at <= $1
                   AND (locked_until IS NULL OR locked_until <= $1)
                 ORDER BY run_at, id LIMIT 1)
     RETURNING *",
    // Workers pass over rows that another one is just claiming instead of waiting for them.
    "UPDATE jobs SET locked_by = $2, locked_until = $3, attempts = attempts + 1
     WHERE id = (SELECT id FROM jobs
                 WHERE dead_at IS NULL AND run_at <= $1
                   AND (locked_until IS NULL OR locked_until <= $1)
                 ORDER BY run_at, id LIMIT 1 FOR UPDATE SKIP LOCKED)
     RETURNING *",
);
const RENEW: Statement = Statement::both(
    "jobs.renew",
    "UPDATE jobs SET locked_until = $3 WHERE id = $1 AND locked_by = $2",
);
const FINISH: Statement = Statement::both(
    "jobs.finish",
    "DELETE FROM jobs WHERE id = $1 AND locked_by = $2",
);
const REPEAT: Statement = Statement::both(
    "jobs.repeat",
    "UPDATE jobs SET run_at = $3, attempts = 0, locked_by = NULL, locked_until = NULL,
         last_error = NULL
     WHERE id = $1 AND locked_by = $2",
);
const RETRY: Statement = Statement::both(
    "jobs.retry",
    "UPDATE jobs SET run_at = $3, last_error = $4, locked_by = NULL, locked_until = NULL
     WHERE id = $1 AND locked_by = $2",
);
// A dead job gives its key free, so that the same work can be asked for again.
const BURY: Statement = Statement::both(
    "jobs.bury",
    "UPDATE jobs SET dead_at = $3, last_error = $4, dedupe_key = NULL, locked_by = NULL,
         locked_until = NULL
     WHERE id = $1 AND locked_by = $2",
);
const PURGE: Statement = Statement::both("jobs.purge", "DELETE FROM jobs WHERE dead_at < $1");
pub(super) const STATEMENTS: &[Statement] =
    &[ENQUEUE, CLAIM, RENEW, FINISH, REPEAT, RETRY, BURY, PURGE];

/// Work to be done outside a request. Stored as JSON: a name that was ever stored stays readable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Job {
    /// Ends a connection that its user did not finish in time.
    ExpireConnection {
        /// The account's project.
        project: ProjectId,
        /// The account.
        account: AccountId,
    },
    /// Gives the grants of deleted accounts back to their providers.
    GiveBack {
        /// Their project.
        project: ProjectId,
        /// What one request deleted.
        batch: JobId,
    },
    /// Gives a grant back whose person did not choose in time what it is for.
    GiveBackUnchosen {
        /// Its project.
        project: ProjectId,
        /// The attempt that it is sealed with.
        attempt: AttemptId,
    },
    /// Removes what nobody can use any more; repeats itself.
    Purge,
    /// Forgets the data keys that a rotation retired.
    ForgetRetiredKeys,
    /// Removes files that are over, and their contents; repeats itself.
    PurgeFiles,
}

impl Job {
    /// The same work is queued once: jobs with an equal key are one.
    fn dedupe_key(&self) -> String {
        match self {
            Self::ExpireConnection { project, account } => {
                format!("expire_connection/{project}/{account}")
            }
            Self::GiveBack { project, batch } => format!("give_back/{project}/{batch}"),
            Self::GiveBackUnchosen { project, attempt } => {
                format!("give_back_unchosen/{project}/{attempt}")
            }
            Self::Purge => "purge".into(),
            Self::ForgetRetiredKeys => "forget_retired_keys".into(),
            Self::PurgeFiles => "purge_files".into(),
        }
    }
}

/// A row of `jobs`.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct QueuedJob {
    /// `job_…`
    pub id: JobId,
    /// What is to be done.
    #[sqlx(json)]
    pub payload: serde_json::Value,
    /// How often it was begun, this time included.
    pub attempts: i64,
    /// When it is due.
    pub run_at: Timestamp,
    /// Who holds it.
    pub locked_by: Option<String>,
}

/// Stores work for `run_at`; the same work that is already stored stays as it is.
pub async fn enqueue(conn: Conn<'_>, job: &Job, run_at: Timestamp, now: Timestamp) -> Result<()> {
    let sql = ENQUEUE.on(&conn);
    on!(conn, c => sqlx::query(sql)
        .bind(JobId::generate()).bind(job.dedupe_key()).bind(sqlx::types::Json(job))
        .bind(run_at).bind(now)
        .execute(c).await?.rows_affected());
    Ok(())
}

/// Takes the longest due job until `until`, if there is one.
pub async fn claim(
    conn: Conn<'_>,
    holder: &str,
    now: Timestamp,
    until: Timestamp,
) -> Result<Option<QueuedJob>> {
    let sql = CLAIM.on(&conn);
    Ok(on!(conn, c => sqlx::query_as(sql)
        .bind(now).bind(holder).bind(until).fetch_optional(c).await)?)
}

/// Keeps a claimed job longer; `false` when it was lost.
pub async fn renew(conn: Conn<'_>, id: &JobId, holder: &str, until: Timestamp) -> Result<bool> {
    let sql = RENEW.on(&conn);
    let rows = on!(conn, c => sqlx::query(sql)
        .bind(id).bind(holder).bind(until).execute(c).await?.rows_affected());
    Ok(rows == 1)
}

/// Removes a job that is done; `false` when it was lost to another holder.
pub async fn finish(conn: Conn<'_>, id: &JobId, holder: &str) -> Result<bool> {
    let sql = FINISH.on(&conn);
    let rows = on!(conn, c => sqlx::query(sql)
        .bind(id).bind(holder).execute(c).await?.rows_affected());
    Ok(rows == 1)
}

/// Gives a job that is done back for `run_at`, as if new.
pub async fn repeat(conn: Conn<'_>, id: &JobId, holder: &str, run_at: Timestamp) -> Result<bool> {
    let sql = REPEAT.on(&conn);
    let rows = on!(conn, c => sqlx::query(sql)
        .bind(id).bind(holder).bind(run_at).execute(c).await?.rows_affected());
    Ok(rows == 1)
}

/// Gives a job that failed back for `run_at`.
pub async fn retry(
    conn: Conn<'_>,
    id: &JobId,
    holder: &str,
    run_at: Timestamp,
    error: &str,
) -> Result<bool> {
    let sql = RETRY.on(&conn);
    let rows = on!(conn, c => sqlx::query(sql)
        .bind(id).bind(holder).bind(run_at).bind(error).execute(c).await?.rows_affected());
    Ok(rows == 1)
}

/// Lays a job aside that failed too often; it stays to be looked at until it is purged.
pub async fn bury(
    conn: Conn<'_>,
    id: &JobId,
    holder: &str,
    now: Timestamp,
    error: &str,
) -> Result<bool> {
    let sql = BURY.on(&conn);
    let rows = on!(conn, c => sqlx::query(sql)
        .bind(id).bind(holder).bind(now).bind(error).execute(c).await?.rows_affected());
    Ok(rows == 1)
}

/// Removes jobs that died before `instant`.
pub async fn purge(conn: Conn<'_>, instant: Timestamp) -> Result<u64> {
    let sql = PURGE.on(&conn);
    Ok(on!(conn, c => sqlx::query(sql).bind(instant).execute(c).await?.rows_affected()))
}
