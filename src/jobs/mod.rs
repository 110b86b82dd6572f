//! Background work: claims due jobs, runs them, retries what failed.
//!
//! A job is claimed with a lease that is renewed while it runs, so the job of a dead replica
//! returns by itself. A job may therefore run twice, and every job is written to bear that.

mod execute;
mod lease;
pub mod renewals;

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;

use crate::app::App;
use crate::error::{Error, Result};
use crate::ids::random_text;
use crate::storage::jobs::{self, Job, QueuedJob};
use crate::time::Timestamp;

/// Jobs that one replica runs at a time.
const WORKERS: usize = 4;
const POLL: Duration = Duration::from_secs(1);
/// Spread of the polls, so that replicas do not ask all at once.
const POLL_JITTER_MS: u64 = 250;
/// Begun this often without success, a job is laid aside.
const MOST_ATTEMPTS: i64 = 10;

/// What became of a job that ran without error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// It is over.
    Done,
    /// It is to run again at this time.
    Again(Timestamp),
}

/// Runs until the server stops; a job under way is finished first.
pub async fn run(app: App) {
    let first = execute::enqueue_repeating(&app).await;
    if let Err(error) = first {
        report(&error, "the repeating jobs could not be stored");
    }
    let workers = (0..WORKERS).map(|_| work(&app));
    futures_util::future::join_all(workers).await;
}

async fn work(app: &App) {
    let holder = random_text(16);
    while !app.stopping.is_cancelled() {
        // Interest is registered before the look, so that a job stored in between is not missed.
        let stored = app.job_stored.notified();
        match run_one(app, &holder).await {
            Ok(true) => continue,
            Ok(false) => {}
            Err(error) => report(&error, "the queue of jobs could not be worked on"),
        }
        tokio::select! {
            () = stored => {}
            () = tokio::time::sleep(POLL + jitter(&holder)) => {}
            () = app.stopping.cancelled() => {}
        }
    }
}

fn report(error: &Error, what: &str) {
    match error {
        Error::Internal(cause) => tracing::error!(cause = format!("{cause:#}"), "{what}"),
        error => tracing::error!(%error, "{what}"),
    }
}

/// The same for one worker at all times, and another for each.
fn jitter(holder: &str) -> Duration {
    let sum: u64 = holder.bytes().map(u64::from).sum();
    Duration::from_millis(sum % POLL_JITTER_MS)
}

/// Runs every job that is due now, one after the other, and says how many there were.
///
/// # Errors
/// When the database does not answer.
pub async fn run_due(app: &App) -> Result<usize> {
    let holder = random_text(16);
    let mut ran = 0;
    while run_one(app, &holder).await? {
        ran += 1;
    }
    Ok(ran)
}

/// Claims and runs one due job; `false` when none is due.
async fn run_one(app: &App, holder: &str) -> Result<bool> {
    let Some(queued) = lease::claim(app, holder).await? else {
        return Ok(false);
    };
    let outcome = match serde_json::from_value::<Job>(queued.payload.clone()) {
        Ok(job) => lease::keep_while(app, &queued.id, holder, attempt(app, &job)).await,
        Err(cause) => Some(Err(Error::internal(format!("no such job: {cause}")))),
    };
    if let Some(outcome) = outcome {
        settle(app, holder, &queued, outcome).await?;
    } else {
        tracing::warn!(job.id = %queued.id, "another worker took the job over");
    }
    Ok(true)
}

/// One run; a panic counts as a failure.
async fn attempt(app: &App, job: &Job) -> Result<Outcome> {
    AssertUnwindSafe(execute::execute(app, job))
        .catch_unwind()
        .await
        .unwrap_or_else(|_| Err(Error::internal("the job panicked")))
}

async fn settle(
    app: &App,
    holder: &str,
    queued: &QueuedJob,
    outcome: Result<Outcome>,
) -> Result<()> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    match outcome {
        Ok(Outcome::Done) => jobs::finish(tx.conn(), &queued.id, holder).await?,
        Ok(Outcome::Again(at)) => jobs::repeat(tx.conn(), &queued.id, holder, at).await?,
        Err(error) => {
            report(&error, "a job failed");
            let text = error.to_string();
            if queued.attempts < MOST_ATTEMPTS {
                let at = now.after(retry_delay(queued.attempts));
                jobs::retry(tx.conn(), &queued.id, holder, at, &text).await?
            } else {
                jobs::bury(tx.conn(), &queued.id, holder, now, &text).await?
            }
        }
    };
    tx.commit().await
}

/// How long a job rests after its n-th failure.
///
/// | failure | 1 | 2 | 3 | 4 | 5 | 6 | 7 and later |
/// |---|---|---|---|---|---|---|---|
/// | rest | 5 s | 30 s | 2 min | 10 min | 30 min | 1 h | 2 h |
const fn retry_delay(failures: i64) -> Duration {
    Duration::from_secs(match failures {
        ..=1 => 5,
        2 => 30,
        3 => 2 * 60,
        4 => 10 * 60,
        5 => 30 * 60,
        6 => 60 * 60,
        7.. => 2 * 60 * 60,
    })
}
