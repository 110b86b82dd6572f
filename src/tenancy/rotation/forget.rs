//! The end of retired keys: what a late writer still sealed by them is sealed anew, then they go.

use std::collections::HashSet;

use super::data_keys::changed;
use super::master_key::{RETIRED_FOR, find_underway};
use super::{BATCH, BATCH_SQL, Site, rows};
use crate::crypto::KeyId;
use crate::error::Result;
use crate::storage::data_keys::{self, DataKeyState, SpareDataKey};
use crate::storage::sealed::COLUMNS;
use crate::time::Timestamp;

/// Forgets the data keys and master keys that nothing needs any more, and says when to look again
/// for those that must stay for now.
///
/// # Errors
/// When the database does not answer.
pub async fn forget_retired(site: &Site) -> Result<Option<Timestamp>> {
    let now = site.clock.now();
    let again = Some(now.after(RETIRED_FOR));
    let mut tx = site.db.begin().await?;
    let underway = find_underway(&mut tx).await?;
    drop(tx);
    if underway.is_some() {
        return Ok(again);
    }
    let retired = retired_keys(site).await?;
    if !retired.is_empty() {
        rows::reseal_all(site, &|_| {}).await?;
    }
    let used = used_keys(site).await?;
    let mut stay = 0;
    for key in retired {
        let id = id_of(site, &key)?;
        if key.changed_at.after(RETIRED_FOR) > now || used.contains(&id) {
            stay += 1;
            continue;
        }
        let mut tx = site.db.begin().await?;
        data_keys::delete(tx.conn(), &key.project_id, &key.id).await?;
        tx.changed(changed(&key.project_id));
        tx.commit().await?;
    }
    if stay > 0 {
        return Ok(again);
    }
    site.vault.forget_replaced()?;
    Ok(None)
}

async fn retired_keys(site: &Site) -> Result<Vec<SpareDataKey>> {
    let (mut all, mut after) = (Vec::new(), String::new());
    loop {
        let mut session = site.db.read().await?;
        let page = data_keys::page(session.conn(), &after, BATCH_SQL).await?;
        drop(session);
        let is_last = page.len() < BATCH;
        if let Some(last) = page.last() {
            last.id.as_str().clone_into(&mut after);
        }
        let is_retired = |key: &SpareDataKey| key.state == DataKeyState::Retired;
        all.extend(page.into_iter().filter(is_retired));
        if is_last {
            return Ok(all);
        }
    }
}

/// The names of all data keys that any row is sealed by.
async fn used_keys(site: &Site) -> Result<HashSet<KeyId>> {
    let mut used = HashSet::new();
    for column in COLUMNS {
        let mut session = site.db.read().await?;
        let counts = column.uses(session.conn()).await?;
        used.extend(
            counts
                .iter()
                .filter_map(|count| KeyId::from_bytes(&count.key_id)),
        );
    }
    Ok(used)
}

fn id_of(site: &Site, key: &SpareDataKey) -> Result<KeyId> {
    let vault = &site.vault;
    let opened = vault.open_data_key(&key.project_id, &key.sealed, &[])?;
    Ok(opened.id())
}
