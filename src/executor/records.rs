//! Records of executions, to be read, searched and at last forgotten.

use std::time::Duration;

use futures_util::FutureExt;

use crate::app::App;
use crate::error::{Error, Result};
use crate::ids::{LogId, ProjectId};
use crate::storage::execution_logs::{self, ExecutionLog, LogFilter};

const DAY: Duration = Duration::from_hours(24);

/// A project's record. What this process has not written yet is written first.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn record(app: &App, project: &ProjectId, id: &LogId) -> Result<ExecutionLog> {
    app.execution_log.flush(&app.db).await;
    let mut session = app.db.read().await?;
    execution_logs::find(session.conn(), project, id)
        .await?
        .ok_or_else(|| Error::not_found("log", id.as_str()))
}

/// A project's newest records that match, at most `limit`, and whether there are more.
///
/// # Errors
/// When the database does not answer.
pub async fn search_records(
    app: &App,
    project: &ProjectId,
    filter: &LogFilter,
    limit: u32,
) -> Result<(Vec<ExecutionLog>, bool)> {
    app.execution_log.flush(&app.db).await;
    let mut session = app.db.read().await?;
    let one_more = i64::from(limit) + 1;
    let mut found = execution_logs::search(session.conn(), project, filter, one_more).await?;
    let has_more = found.len() > limit as usize;
    found.truncate(limit as usize);
    Ok((found, has_more))
}

/// Removes records that are older than the operator keeps them, a batch a transaction.
///
/// # Errors
/// When the database does not answer; what was removed stays removed.
pub async fn forget_old_records(app: &App) -> Result<()> {
    let days = u32::try_from(app.config.log_retention_days).unwrap_or(u32::MAX);
    let oldest = app.clock.now().before(DAY.saturating_mul(days));
    app.db
        .remove_in_batches(|conn, most| execution_logs::purge(conn, oldest, most).boxed())
        .await
}
