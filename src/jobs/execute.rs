//! One match from a job to the service that does it: a job without one does not compile.

use std::time::Duration;

use super::Outcome;
use crate::accounts;
use crate::app::App;
use crate::error::{Error, Result};
use crate::executor;
use crate::files;
use crate::idempotency;
use crate::storage::connection_attempts;
use crate::storage::events;
use crate::storage::jobs::{self, Job};
use crate::storage::mcp_grants;
use crate::storage::revocations;
use crate::tenancy::rotation::{self, Site};

const PURGE_EVERY: Duration = Duration::from_hours(1);
/// Used and expired attempts stay this long, so that a person who comes late is told so, and so does a grant
/// that no provider has taken back meanwhile.
const ATTEMPTS_KEPT: Duration = Duration::from_hours(24);
/// Dead jobs stay this long, so that an operator can look at them.
const DEAD_JOBS_KEPT: Duration = Duration::from_hours(14 * 24);
/// Events stay this long, told or not.
const EVENTS_KEPT: Duration = Duration::from_hours(30 * 24);
/// Grants of deleted accounts stay no longer: by then the job that gives them back has given up.
const GRANTS_KEPT: Duration = Duration::from_hours(24);

pub(super) async fn execute(app: &App, job: &Job) -> Result<Outcome> {
    match job {
        Job::ExpireConnection { project, account } => {
            let again = accounts::expire_unfinished(app, project, account).await?;
            Ok(again.map_or(Outcome::Done, Outcome::Again))
        }
        Job::GiveBack { project, batch } => {
            accounts::revoke::give_back_batch(app, project, batch).await?;
            Ok(Outcome::Done)
        }
        Job::GiveBackUnchosen { project, attempt } => {
            let again =
                Box::pin(accounts::revoke::give_back_unchosen(app, project, attempt)).await?;
            Ok(again.map_or(Outcome::Done, Outcome::Again))
        }
        Job::Purge => purge(app).await,
        Job::ForgetRetiredKeys => {
            let site = Site {
                db: app.db.clone(),
                vault: app.vault.clone(),
                clock: app.clock.clone(),
            };
            let again = Box::pin(rotation::forget_retired(&site)).await?;
            Ok(again.map_or(Outcome::Done, Outcome::Again))
        }
        Job::PurgeFiles => {
            match files::purge(app).await {
                // An object store may be out for longer than a job is tried.
                Err(Error::Unavailable(reason)) => {
                    tracing::warn!(reason, "old files stay until the next purge");
                }
                purged => purged?,
            }
            Ok(Outcome::Again(app.clock.now().after(PURGE_EVERY)))
        }
    }
}

/// Stores the jobs that repeat themselves, unless they are stored already.
pub(super) async fn enqueue_repeating(app: &App) -> Result<()> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    jobs::enqueue(tx.conn(), &Job::Purge, now, now).await?;
    jobs::enqueue(tx.conn(), &Job::PurgeFiles, now, now).await?;
    tx.commit().await
}

async fn purge(app: &App) -> Result<Outcome> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    connection_attempts::purge(tx.conn(), now.before(ATTEMPTS_KEPT)).await?;
    events::purge(tx.conn(), now.before(EVENTS_KEPT)).await?;
    jobs::purge(tx.conn(), now.before(DEAD_JOBS_KEPT)).await?;
    revocations::purge(tx.conn(), now.before(GRANTS_KEPT)).await?;
    mcp_grants::purge(tx.conn(), now).await?;
    tx.commit().await?;
    executor::forget_old_records(app).await?;
    idempotency::purge(app).await?;
    Ok(Outcome::Again(now.after(PURGE_EVERY)))
}
