//! Takes execution records on the hot path and writes them in batches.
//!
//! A call never waits for its record and never fails because of it: when the database cannot keep
//! up, records are dropped and counted.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::error::Result;
use crate::storage::Db;
use crate::storage::execution_logs::{self, ExecutionLog};

/// How long a record waits for others to be written with.
const PAUSE: Duration = Duration::from_millis(100);
const LARGEST_BATCH: usize = 500;
/// Bounds the memory that records take while the database does not answer: each is small, since
/// long arguments are left out of it.
const MOST_WAITING: usize = 5_000;

/// A handle to the writer; clones share its queue.
#[derive(Debug, Clone, Default)]
pub struct LogWriter(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    waiting: Mutex<VecDeque<ExecutionLog>>,
    arrived: Notify,
    /// Held while a batch is written, so that [`LogWriter::flush`] waits for one under way.
    writing: tokio::sync::Mutex<()>,
    dropped: AtomicU64,
}

impl LogWriter {
    /// Takes a record to be written soon.
    pub fn record(&self, record: ExecutionLog) {
        let mut waiting = self.waiting();
        if waiting.len() >= MOST_WAITING {
            drop(waiting);
            self.count_dropped(1, "too many wait to be written");
            return;
        }
        waiting.push_back(record);
        drop(waiting);
        self.0.arrived.notify_one();
    }

    /// Records that were lost since the start.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.0.dropped.load(Ordering::Relaxed)
    }

    /// Writes what arrives until the server stops. Only waiting is cut short, never a write; what
    /// arrives after the stop is for a last [`Self::flush`].
    pub async fn run(&self, db: &Db, stopping: &CancellationToken) {
        let arrived = || async {
            self.0.arrived.notified().await;
            tokio::time::sleep(PAUSE).await;
        };
        while stopping.run_until_cancelled(arrived()).await.is_some() {
            self.flush(db).await;
        }
    }

    /// Writes everything that was recorded before this call; what arrives meanwhile waits for the
    /// next, so that batches stay large under load.
    pub async fn flush(&self, db: &Db) {
        let _guard = self.0.writing.lock().await;
        let mut left = self.waiting().len();
        while left > 0 {
            let batch: Vec<ExecutionLog> =
                self.waiting().drain(..left.min(LARGEST_BATCH)).collect();
            left -= batch.len();
            if let Err(error) = write(db, &batch).await {
                let count = u64::try_from(batch.len()).unwrap_or(u64::MAX);
                self.count_dropped(count, &format!("they could not be written: {error:?}"));
            }
        }
    }

    fn waiting(&self) -> MutexGuard<'_, VecDeque<ExecutionLog>> {
        self.0
            .waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Warns at the first loss and then at every tenfold, so that the log is not flooded too.
    fn count_dropped(&self, count: u64, why: &str) {
        let before = self.0.dropped.fetch_add(count, Ordering::Relaxed);
        let after = before.saturating_add(count);
        if before == 0 || before.ilog10() != after.ilog10() {
            tracing::warn!(dropped = after, why, "execution records were lost");
        }
    }
}

async fn write(db: &Db, batch: &[ExecutionLog]) -> Result<()> {
    let mut tx = db.begin().await?;
    execution_logs::insert_all(tx.conn(), batch).await?;
    tx.commit().await
}
