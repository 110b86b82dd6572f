//! Claims jobs for a while, and keeps a claim while its job runs.

use std::future::Future;
use std::time::Duration;

use crate::app::App;
use crate::error::Result;
use crate::ids::JobId;
use crate::storage::jobs::{self, QueuedJob};

const LEASE: Duration = Duration::from_mins(1);
const RENEW_EVERY: Duration = Duration::from_secs(20);

/// Takes the longest due job.
pub(super) async fn claim(app: &App, holder: &str) -> Result<Option<QueuedJob>> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let claimed = jobs::claim(tx.conn(), holder, now, now.after(LEASE)).await?;
    tx.commit().await?;
    Ok(claimed)
}

/// Runs `work` and renews the lease meanwhile; `None` when the job was lost, and `work` is dropped.
pub(super) async fn keep_while<T>(
    app: &App,
    id: &JobId,
    holder: &str,
    work: impl Future<Output = T>,
) -> Option<T> {
    let lost = async {
        loop {
            tokio::time::sleep(RENEW_EVERY).await;
            // A renewal that cannot be stored is tried again; the lease outlives two of them.
            if matches!(renew(app, id, holder).await, Ok(false)) {
                return;
            }
        }
    };
    tokio::select! {
        done = work => Some(done),
        () = lost => None,
    }
}

async fn renew(app: &App, id: &JobId, holder: &str) -> Result<bool> {
    let mut tx = app.db.begin().await?;
    let kept = jobs::renew(tx.conn(), id, holder, app.clock.now().after(LEASE)).await?;
    tx.commit().await?;
    Ok(kept)
}
