//! Seals rows anew with their projects' data keys, a batch at a time, and gives servers on the same
//! database their turn in between.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::{BATCH, BATCH_SQL, Progress, Site};
use crate::crypto::{DataKey, KeyId, Place};
use crate::error::Result;
use crate::ids::ProjectId;
use crate::storage::sealed::{COLUMNS, SealedColumn, SealedRow};
use crate::storage::{data_keys, projects};

/// The longest rest after a batch. A rest is as long as the batch took: half of the time the one
/// writer of an SQLite file is free for a server.
const LONGEST_REST: Duration = Duration::from_millis(200);

/// What one walk through all columns found.
#[derive(Debug, Default)]
pub(super) struct Pass {
    pub resealed: usize,
    /// `table/id` of rows that no key opens.
    pub unreadable: Vec<String>,
}

/// The opened data keys of the projects met so far; none of a project that is gone.
pub(super) struct DataKeys<'s> {
    site: &'s Site,
    known: HashMap<ProjectId, Option<DataKey>>,
}

impl<'s> DataKeys<'s> {
    pub(super) fn new(site: &'s Site) -> Self {
        Self {
            site,
            known: HashMap::new(),
        }
    }

    pub(super) async fn of(&mut self, project: &ProjectId) -> Result<Option<&DataKey>> {
        if !self.known.contains_key(project) {
            let key = self.load(project).await?;
            self.known.insert(project.clone(), key);
        }
        Ok(self.known.get(project).and_then(Option::as_ref))
    }

    async fn load(&self, project: &ProjectId) -> Result<Option<DataKey>> {
        let mut session = self.site.db.read().await?;
        let Some(row) = projects::find(session.conn(), project).await? else {
            return Ok(None);
        };
        let spare = data_keys::of_project(session.conn(), project).await?;
        let spare: Vec<Vec<u8>> = spare.into_iter().map(|key| key.sealed).collect();
        let vault = &self.site.vault;
        let key = vault.open_data_key(project, &row.data_key, &spare)?;
        Ok(Some(key))
    }
}

/// Walks through all columns once.
pub(super) async fn reseal_all(site: &Site, report: &(dyn Fn(Progress) + Sync)) -> Result<Pass> {
    let mut keys = DataKeys::new(site);
    let mut pass = Pass::default();
    for column in COLUMNS {
        reseal_column(site, column, &mut keys, &mut pass, report).await?;
    }
    Ok(pass)
}

async fn reseal_column(
    site: &Site,
    column: &SealedColumn,
    keys: &mut DataKeys<'_>,
    pass: &mut Pass,
    report: &(dyn Fn(Progress) + Sync),
) -> Result<()> {
    let (mut after, mut seen, before) = (String::new(), 0, pass.resealed);
    let all = left_in(site, column, keys).await?.all;
    loop {
        let began = Instant::now();
        let mut session = site.db.read().await?;
        let page = column.page(session.conn(), &after, BATCH_SQL).await?;
        drop(session);
        let fresh = reseal(column, &page, keys, pass).await?;
        let has_written = !fresh.is_empty();
        pass.resealed += store(site, column, fresh).await?;
        seen += page.len();
        report(Progress::Rows {
            table: column.table,
            seen,
            all: if page.len() < BATCH {
                seen
            } else {
                all.max(seen + 1)
            },
            resealed: pass.resealed - before,
        });
        match page.last() {
            Some(last) if page.len() == BATCH => after.clone_from(&last.id),
            Some(_) | None => return Ok(()),
        }
        if has_written {
            tokio::time::sleep(began.elapsed().min(LONGEST_REST)).await;
        }
    }
}

/// The rows of a page that another key than their project's present one has sealed, with the new
/// blob of each.
async fn reseal<'p>(
    column: &SealedColumn,
    page: &'p [SealedRow],
    keys: &mut DataKeys<'_>,
    pass: &mut Pass,
) -> Result<Vec<(&'p SealedRow, Vec<u8>)>> {
    let mut fresh = Vec::new();
    for row in page {
        let Some(key) = keys.of(&row.project_id).await? else {
            continue;
        };
        let place = Place {
            table: column.table,
            row: &row.id,
            column: column.column,
        };
        match key.reseal(place, &row.sealed) {
            Ok(None) => {}
            Ok(Some(blob)) => fresh.push((row, blob)),
            Err(_) => pass.unreadable.push(format!("{}/{}", column.table, row.id)),
        }
    }
    Ok(fresh)
}

/// Stores the new blobs, each only in place of the one that was read.
async fn store(
    site: &Site,
    column: &SealedColumn,
    fresh: Vec<(&SealedRow, Vec<u8>)>,
) -> Result<usize> {
    if fresh.is_empty() {
        return Ok(0);
    }
    let mut stored = 0;
    let mut tx = site.db.begin().await?;
    for (row, blob) in fresh {
        stored += usize::from(column.replace(tx.conn(), row, &blob).await?);
    }
    // No cache needs to hear of it: what the former key has sealed opens until that key goes.
    tx.commit().await?;
    Ok(stored)
}

/// How many rows another key than their project's present one has sealed, without those of which
/// it is known that nothing opens them.
pub(super) async fn count_left(site: &Site, unreadable: &[String]) -> Result<usize> {
    let mut keys = DataKeys::new(site);
    let mut left = 0;
    for column in COLUMNS {
        left += left_in(site, column, &mut keys).await?.left;
    }
    Ok(left.saturating_sub(unreadable.len()))
}

/// Rows of one column.
pub(super) struct Rows {
    pub all: usize,
    /// Sealed by another key than their project's present one.
    pub left: usize,
}

pub(super) async fn left_in(
    site: &Site,
    column: &SealedColumn,
    keys: &mut DataKeys<'_>,
) -> Result<Rows> {
    let mut session = site.db.read().await?;
    let uses = column.uses(session.conn()).await?;
    drop(session);
    let mut rows = Rows { all: 0, left: 0 };
    for used in uses {
        let count = usize::try_from(used.rows).unwrap_or_default();
        rows.all += count;
        let present = keys.of(&used.project_id).await?.map(DataKey::id);
        // Rows of a deleted project are about to go, and nothing opens them any more.
        if present.is_some() && present != KeyId::from_bytes(&used.key_id) {
            rows.left += count;
        }
    }
    Ok(rows)
}
