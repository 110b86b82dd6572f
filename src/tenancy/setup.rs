//! The first start: checks the master key, makes the first organisation, project and keys.

use crate::crypto::{ApiKeySecret, Vault};
use crate::config::Config;
use crate::error::{Error, Result};
use crate::ids::{ApiKeyId, OrgId, ProjectId};
use crate::storage::api_keys::{self, ApiKey};
use crate::storage::projects::{self, Organization, Project, ProjectSettings};
use crate::storage::{Db, Tx, installation};
use crate::time::Timestamp;

const MASTER_KEY_CHECK: &str = "master_key_check";

/// The keys made at the first start, to be shown once.
#[derive(Debug)]
pub struct FirstKeys {
    /// Opens the first project.
    pub project: ApiKeySecret,
    /// Opens the organisation.
    pub organization: ApiKeySecret,
}

/// Makes sure that the master key is the one this database was made with, and sets up a new
/// database. The keys come back only where this call made them.
///
/// # Errors
/// When the master key is another one, or the database cannot be written.
pub async fn set_up(
    db: &Db,
    vault: &Vault,
    config: &Config,
    now: Timestamp,
) -> Result<Option<FirstKeys>> {
    let mut tx = db.begin().await?;
    let is_first = installation::insert(tx.conn(), MASTER_KEY_CHECK, &vault.check_value()?).await?;
    if !is_first {
        let check = installation::find(tx.conn(), MASTER_KEY_CHECK).await?.unwrap_or_default();
        if vault.matches(&check) {
            return Ok(None);
        }
        return Err(Error::invalid_with_fix(
            "the master key is not the one this database was made with",
            "Start with the TENON_MASTER_KEY (or the data folder's master.key) of the first start.",
        ));
    }
    let keys = FirstKeys {
        project: config.api_key.clone().map_or_else(ApiKeySecret::for_project, ApiKeySecret::given),
        organization: config
            .org_api_key
            .clone()
            .map_or_else(ApiKeySecret::for_organization, ApiKeySecret::given),
    };
    insert_first_tenant(&mut tx, vault, &keys, now).await?;
    tx.commit().await?;
    Ok(Some(keys))
}

async fn insert_first_tenant(
    tx: &mut Tx,
    vault: &Vault,
    keys: &FirstKeys,
    now: Timestamp,
) -> Result<()> {
    let org = Organization {
        id: OrgId::generate(),
        name: "default".into(),
        created_at: now,
        updated_at: now,
    };
    projects::insert_organization(tx.conn(), &org).await?;
    let id = ProjectId::generate();
    let project = Project {
        data_key: vault.new_data_key(&id)?,
        id,
        org_id: org.id.clone(),
        name: "default".into(),
        email: String::new(),
        settings: ProjectSettings::default(),
        created_at: now,
        updated_at: now,
        deleted_at: None,
    };
    projects::insert(tx.conn(), &project).await?;
    let project_key = (&keys.project, Some(&project.id));
    for (secret, project_id) in [project_key, (&keys.organization, None)] {
        let key = ApiKey {
            id: ApiKeyId::generate(),
            org_id: org.id.clone(),
            project_id: project_id.cloned(),
            name: "first key".into(),
            key_hash: secret.hash(),
            hint: secret.hint(),
            created_at: now,
            updated_at: now,
            deleted_at: None,
        };
        api_keys::insert(tx.conn(), &key).await?;
    }
    Ok(())
}
