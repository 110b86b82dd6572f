//! Gives every project a new data key, sealed by the new master key, in two steps: first it opens,
//! then it seals.

use super::{BATCH, BATCH_SQL, Site};
use crate::crypto::KeyId;
use crate::error::{Error, Result};
use crate::ids::{DataKeyId, ProjectId};
use crate::storage::changes::Change;
use crate::storage::data_keys::{self, DataKeyState, SpareDataKey};
use crate::storage::projects::{self, ProjectDataKey};
use crate::storage::{Session, Tx};
use crate::time::Timestamp;

/// Seals the keys beside the sealing ones by the master key in force, where an earlier rotation
/// was cut off.
pub(super) async fn reseal_spare(site: &Site) -> Result<()> {
    let mut after = String::new();
    loop {
        let mut tx = site.db.begin().await?;
        let page = data_keys::page(tx.conn(), &after, BATCH_SQL).await?;
        for key in &page {
            let (project, old) = (&key.project_id, &key.sealed);
            if let Some(new) = site.vault.reseal_data_key(project, old)? {
                data_keys::replace(tx.conn(), project, &key.id, old, &new).await?;
            }
        }
        tx.commit().await?;
        match page.last() {
            Some(last) if page.len() == BATCH => last.id.as_str().clone_into(&mut after),
            Some(_) | None => return Ok(()),
        }
    }
}

/// Makes a coming key for every project whose data key the new master key has not sealed; says how
/// many projects that are.
pub(super) async fn announce(site: &Site) -> Result<usize> {
    let mut projects = Projects::default();
    let mut announced = 0;
    while let Some(page) = projects.next(site).await? {
        announced += page.len();
        let now = site.clock.now();
        let mut tx = site.db.begin().await?;
        for project in &page {
            let key = SpareDataKey {
                id: DataKeyId::generate(),
                project_id: project.id.clone(),
                state: DataKeyState::Coming,
                sealed: site.vault.new_data_key(&project.id)?,
                changed_at: now,
            };
            data_keys::insert(tx.conn(), &key).await?;
            tx.changed(changed(&project.id));
        }
        tx.commit().await?;
    }
    Ok(announced)
}

/// Puts every project's coming key in the place of its data key; says how many projects got one.
pub(super) async fn install(site: &Site) -> Result<usize> {
    let mut projects = Projects::default();
    let mut installed = 0;
    while let Some(page) = projects.next(site).await? {
        let now = site.clock.now();
        let mut tx = site.db.begin().await?;
        for project in &page {
            installed += usize::from(install_one(site, &mut tx, project, now).await?);
        }
        tx.commit().await?;
    }
    Ok(installed)
}

async fn install_one(
    site: &Site,
    tx: &mut Tx,
    project: &ProjectDataKey,
    now: Timestamp,
) -> Result<bool> {
    let spare = data_keys::of_project(tx.conn(), &project.id).await?;
    let is_coming = |key: &SpareDataKey| key.state == DataKeyState::Coming;
    let coming = spare
        .into_iter()
        .find(is_coming)
        .ok_or_else(|| Error::internal(format!("project {} has no coming data key", project.id)))?;
    data_keys::delete(tx.conn(), &project.id, &coming.id).await?;
    if !projects::replace_data_key(tx.conn(), project, &coming.sealed).await? {
        // It was deleted meanwhile, or another run of this was here first.
        return Ok(false);
    }
    let resealed = site.vault.reseal_data_key(&project.id, &project.data_key)?;
    let retired = SpareDataKey {
        id: DataKeyId::generate(),
        project_id: project.id.clone(),
        state: DataKeyState::Retired,
        sealed: resealed.unwrap_or_else(|| project.data_key.clone()),
        changed_at: now,
    };
    data_keys::insert(tx.conn(), &retired).await?;
    tx.changed(changed(&project.id));
    Ok(true)
}

pub(super) fn changed(project: &ProjectId) -> Change {
    Change::Project {
        project: project.clone(),
    }
}

/// Walks through the projects whose data key another master key than the one in force has sealed.
#[derive(Default)]
struct Projects {
    after: Option<String>,
    is_over: bool,
}

impl Projects {
    async fn next(&mut self, site: &Site) -> Result<Option<Vec<ProjectDataKey>>> {
        while !self.is_over {
            let mut session = site.db.read().await?;
            let page = self.read(&mut session).await?;
            drop(session);
            let in_force = Some(site.vault.in_force());
            let is_old = |project: &ProjectDataKey| KeyId::of_blob(&project.data_key) != in_force;
            let old: Vec<ProjectDataKey> = page.into_iter().filter(is_old).collect();
            if !old.is_empty() {
                return Ok(Some(old));
            }
        }
        Ok(None)
    }

    async fn read(&mut self, session: &mut Session) -> Result<Vec<ProjectDataKey>> {
        let after = self.after.as_deref().unwrap_or_default();
        let page = projects::data_keys(session.conn(), after, BATCH_SQL).await?;
        self.is_over = page.len() < BATCH;
        self.after = page.last().map(|last| last.id.as_str().to_owned());
        Ok(page)
    }
}
