//! What is sealed by which key, for the operator.

use std::collections::BTreeMap;

use super::master_key::{find_underway, lock_master_key};
use super::rows::{DataKeys, left_in};
use super::{BATCH, BATCH_SQL, Site};
use crate::crypto::KeyId;
use crate::error::Result;
use crate::storage::data_keys::{self, DataKeyState};
use crate::storage::projects;
use crate::storage::sealed::COLUMNS;
use crate::time::Timestamp;

/// What is sealed by which key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// The master key that seals.
    pub in_force: KeyId,
    /// Every master key this process was given, the newest first.
    pub accepted: Vec<KeyId>,
    /// Since when a rotation is under way.
    pub rotating_since: Option<Timestamp>,
    /// How many data keys each master key has sealed.
    pub data_keys: BTreeMap<KeyId, usize>,
    /// How many of the data keys are retired ones, which open and do not seal.
    pub retired: usize,
    /// Each sealed column.
    pub columns: Vec<ColumnStatus>,
}

/// One sealed column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnStatus {
    /// The table.
    pub table: &'static str,
    /// The column.
    pub column: &'static str,
    /// Sealed values.
    pub rows: usize,
    /// Of these, values that a former data key has sealed.
    pub left: usize,
}

/// What is sealed by which key now.
///
/// # Errors
/// When the key in force is missing or the database does not answer.
pub async fn status(site: &Site) -> Result<Status> {
    let mut tx = site.db.begin().await?;
    lock_master_key(&mut tx, &site.vault).await?;
    let underway = find_underway(&mut tx).await?;
    drop(tx);
    let mut status = Status {
        in_force: site.vault.in_force(),
        accepted: site.vault.key_ids(),
        rotating_since: underway.map(|underway| underway.started_at),
        data_keys: BTreeMap::new(),
        retired: 0,
        columns: Vec::new(),
    };
    status.count_own_keys(site).await?;
    status.count_spare_keys(site).await?;
    let mut keys = DataKeys::new(site);
    for column in COLUMNS {
        let rows = left_in(site, column, &mut keys).await?;
        status.columns.push(ColumnStatus {
            table: column.table,
            column: column.column,
            rows: rows.all,
            left: rows.left,
        });
    }
    Ok(status)
}

impl Status {
    async fn count_own_keys(&mut self, site: &Site) -> Result<()> {
        let mut after = String::new();
        loop {
            let mut session = site.db.read().await?;
            let page = projects::data_keys(session.conn(), &after, BATCH_SQL).await?;
            for project in &page {
                self.count(&project.data_key);
            }
            match page.last() {
                Some(last) if page.len() == BATCH => last.id.as_str().clone_into(&mut after),
                Some(_) | None => return Ok(()),
            }
        }
    }

    async fn count_spare_keys(&mut self, site: &Site) -> Result<()> {
        let mut after = String::new();
        loop {
            let mut session = site.db.read().await?;
            let page = data_keys::page(session.conn(), &after, BATCH_SQL).await?;
            for key in &page {
                self.count(&key.sealed);
                self.retired += usize::from(key.state == DataKeyState::Retired);
            }
            match page.last() {
                Some(last) if page.len() == BATCH => last.id.as_str().clone_into(&mut after),
                Some(_) | None => return Ok(()),
            }
        }
    }

    fn count(&mut self, sealed: &[u8]) {
        if let Some(id) = KeyId::of_blob(sealed) {
            *self.data_keys.entry(id).or_default() += 1;
        }
    }
}
