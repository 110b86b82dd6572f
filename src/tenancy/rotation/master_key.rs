//! Which master key is in force: the one that made the check value in the database.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Progress, Site};
use crate::crypto::{KeyId, Vault};
use crate::error::{Error, Result};
use crate::storage::changes::Change;
use crate::storage::jobs::{self, Job};
use crate::storage::{Db, Tx, installation};
use crate::time::Timestamp;

pub(in crate::tenancy) const MASTER_KEY_CHECK: &str = "master_key_check";
const ROTATION: &str = "key_rotation";

/// Retired data keys stay this long: no call, refresh or sign-in that began before takes longer.
pub(super) const RETIRED_FOR: Duration = Duration::from_hours(1);

/// A rotation that has not come to its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Underway {
    /// Names of the master keys that may still be needed.
    pub from: Vec<String>,
    /// Name of the new one.
    pub to: String,
    /// When it began.
    pub started_at: Timestamp,
}

/// Puts the newest master key in force. `false` when it is so already and no rotation is under way.
pub(super) async fn switch(site: &Site, report: &(dyn Fn(Progress) + Sync)) -> Result<bool> {
    let mut tx = site.db.begin().await?;
    lock_master_key(&mut tx, &site.vault).await?;
    let underway = find_underway(&mut tx).await?;
    let (old, accepted) = (site.vault.in_force(), site.vault.key_ids());
    let new = *accepted.first().unwrap_or(&old);
    if let Some(underway) = &underway {
        check_keys(underway, &accepted)?;
    }
    if old == new {
        if underway.is_some() {
            report(Progress::Resumed { to: new });
        }
        return Ok(underway.is_some());
    }
    let mut from = underway.map_or_else(Vec::new, |underway| underway.from);
    from.push(old.to_string());
    from.retain(|name| *name != new.to_string());
    let underway = Underway {
        from,
        to: new.to_string(),
        started_at: site.clock.now(),
    };
    let fact = serde_json::to_vec(&underway)?;
    installation::put(tx.conn(), ROTATION, &fact).await?;
    let check = site.vault.check_value_of(new)?;
    installation::put(tx.conn(), MASTER_KEY_CHECK, &check).await?;
    tx.changed(Change::Everything);
    tx.commit().await?;
    let _ = site.vault.put_in_force(new);
    report(Progress::Switched { from: old, to: new });
    Ok(true)
}

/// Ends the rotation, and asks for the retired keys to be forgotten in time.
pub(super) async fn finish(site: &Site) -> Result<()> {
    let now = site.clock.now();
    let mut tx = site.db.begin().await?;
    installation::delete(tx.conn(), ROTATION).await?;
    let at = now.after(RETIRED_FOR);
    jobs::enqueue(tx.conn(), &Job::ForgetRetiredKeys, at, now).await?;
    tx.changed(Change::Everything);
    tx.commit().await
}

/// The vault seals with the key in force, which stays so until the transaction ends.
///
/// # Errors
/// When this process was not given that key, or the database is empty.
pub async fn lock_master_key(tx: &mut Tx, vault: &Vault) -> Result<()> {
    let check = installation::lock(tx.conn(), MASTER_KEY_CHECK).await?;
    let check = check.ok_or_else(|| {
        Error::invalid_with_fix(
            "this database is empty: no server has started on it",
            "Check TENON_DATA_DIR or DATABASE_URL, or start `tenon serve` once.",
        )
    })?;
    if vault.follow(&check)? {
        return Ok(());
    }
    Err(foreign_master_key(vault, &check))
}

/// The vault seals with the key in force from now on.
///
/// # Errors
/// When this process was not given that key, or the database does not answer.
pub async fn follow_master_key(db: &Db, vault: &Vault) -> Result<()> {
    let mut session = db.read().await?;
    let check = installation::find(session.conn(), MASTER_KEY_CHECK).await?;
    drop(session);
    match check {
        Some(check) if !vault.follow(&check)? => Err(foreign_master_key(vault, &check)),
        Some(_) | None => Ok(()),
    }
}

pub(in crate::tenancy) fn foreign_master_key(vault: &Vault, check: &[u8]) -> Error {
    let wanted = KeyId::of_blob(check).map_or_else(|| "unknown".to_owned(), |id| id.to_string());
    let given: Vec<String> = vault.key_ids().iter().map(KeyId::to_string).collect();
    Error::invalid_with_fix(
        format!(
            "the master key is not the one this database is sealed by: that is {wanted}, given was \
             {}",
            given.join(", ")
        ),
        "Start with the TENON_MASTER_KEY (or the data folder's master.key) of the first start, or, \
         after `tenon keys rotate`, with the one it rotated to.",
    )
}

/// Refuses to go on without a key that something may still be sealed by.
pub(in crate::tenancy) async fn check_openable(tx: &mut Tx, vault: &Vault) -> Result<()> {
    match find_underway(tx).await? {
        Some(underway) => check_keys(&underway, &vault.key_ids()),
        None => Ok(()),
    }
}

fn check_keys(underway: &Underway, accepted: &[KeyId]) -> Result<()> {
    let needed = underway.from.iter().chain([&underway.to]);
    let is_missing = |name: &&String| !accepted.iter().any(|id| id.to_string() == **name);
    let missing: Vec<&str> = needed.filter(is_missing).map(String::as_str).collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(Error::invalid_with_fix(
        format!(
            "a rotation to master key {} is not finished, and master key {} is missing",
            underway.to,
            missing.join(" and ")
        ),
        "Give the former key as TENON_MASTER_KEY_PREVIOUS until `tenon keys rotate` has said that \
         it is done.",
    ))
}

pub(super) async fn find_underway(tx: &mut Tx) -> Result<Option<Underway>> {
    let fact = installation::find(tx.conn(), ROTATION).await?;
    Ok(fact.map(|fact| serde_json::from_slice(&fact)).transpose()?)
}
