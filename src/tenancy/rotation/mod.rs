//! Replaces the master key, and with it every project's data key and what they seal, while servers
//! serve on the same database.
//!
//! Each step leaves a state in which every server can open everything, so that a process may die at
//! any point and the next run goes on from there:
//!
//! 1. The new master key is put in force ([`master_key`]). All servers accept both by then.
//! 2. Every project gets a *coming* data key, sealed by the new master key. It opens and does not
//!    seal yet ([`data_keys`]).
//! 3. When every server must have heard of it, the coming key takes the place of the old one, which
//!    stays as a *retired* key, sealed by the new master key as well.
//! 4. What retired keys have sealed is sealed anew, a batch at a time ([`rows`]). A row that
//!    somebody changes meanwhile keeps the change.
//! 5. After an hour, longer than any call under way, retired keys are forgotten ([`forget`]).

mod data_keys;
mod forget;
mod master_key;
mod rows;
mod status;

pub use forget::forget_retired;
pub(super) use master_key::{MASTER_KEY_CHECK, check_openable, foreign_master_key};
pub use master_key::{follow_master_key, lock_master_key};
pub use status::{ColumnStatus, Status, status};

use std::time::{Duration, Instant};

use crate::crypto::{KeyId, Vault};
use crate::error::Result;
use crate::storage::Db;
use crate::time::Clock;

/// How many projects or rows are read at a time, and changed in one transaction.
const BATCH: usize = 100;
const BATCH_SQL: i64 = 100;
const BETWEEN_WALKS: Duration = Duration::from_millis(200);

/// What a rotation works on.
#[derive(Debug, Clone)]
pub struct Site {
    /// The database.
    pub db: Db,
    /// The master keys; the newest is the one to rotate to.
    pub vault: Vault,
    /// The time.
    pub clock: Clock,
}

/// How far a rotation has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// A new master key is in force.
    Switched {
        /// The former one.
        from: KeyId,
        /// The new one.
        to: KeyId,
    },
    /// A rotation that was begun before goes on.
    Resumed {
        /// The new master key.
        to: KeyId,
    },
    /// So many projects have been given a new data key.
    DataKeys {
        /// Projects.
        projects: usize,
    },
    /// Servers get time to hear of new keys.
    Waiting {
        /// How long.
        span: Duration,
    },
    /// Rows of a column were looked at, and sealed anew where they had to be.
    Rows {
        /// The table.
        table: &'static str,
        /// Rows looked at so far.
        seen: usize,
        /// Rows that there were at the beginning, at least as many as `seen`.
        all: usize,
        /// Of those seen, rows sealed anew.
        resealed: usize,
    },
}

/// What a rotation did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rotated {
    /// Whether there was anything to do.
    pub had_work: bool,
    /// Rows sealed anew.
    pub rows: usize,
    /// Rows that no key opens (`table/id`); they were damaged before and are left as they are.
    pub unreadable: Vec<String>,
}

/// Rotates to the newest master key of the vault, or finishes a rotation that was cut off.
/// `settle` is how long servers may take to hear of a change.
///
/// # Errors
/// When the database was never set up, a key is missing that something is sealed by, or the
/// database does not answer. Everything stays usable, and another run goes on.
pub async fn rotate(
    site: &Site,
    settle: Duration,
    report: &(dyn Fn(Progress) + Sync),
) -> Result<Rotated> {
    if !master_key::switch(site, report).await? {
        return Ok(Rotated::default());
    }
    data_keys::reseal_spare(site).await?;
    if data_keys::announce(site).await? > 0 {
        wait(settle, report).await;
    }
    let projects = data_keys::install(site).await?;
    report(Progress::DataKeys { projects });
    let installed = Instant::now();
    let mut rotated = Rotated {
        had_work: true,
        ..Rotated::default()
    };
    rotated.take(rows::reseal_all(site, report).await?);
    // A server that had not heard of its new key yet may have sealed a row behind our back.
    wait(settle.saturating_sub(installed.elapsed()), report).await;
    while rows::count_left(site, &rotated.unreadable).await? > 0 {
        tokio::time::sleep(BETWEEN_WALKS).await;
        rotated.take(rows::reseal_all(site, report).await?);
    }
    master_key::finish(site).await?;
    Ok(rotated)
}

impl Rotated {
    fn take(&mut self, pass: rows::Pass) {
        self.rows += pass.resealed;
        // A later pass sees the same damaged rows again.
        self.unreadable = pass.unreadable;
    }
}

async fn wait(span: Duration, report: &(dyn Fn(Progress) + Sync)) {
    if !span.is_zero() {
        report(Progress::Waiting { span });
        tokio::time::sleep(span).await;
    }
}
