//! The first start: checks the master key, makes the first organisation, project and keys.

use secrecy::ExposeSecret;

use super::projects::{blank, new_key};
use super::rotation::{MASTER_KEY_CHECK, check_openable, foreign_master_key};
use crate::config::Config;
use crate::crypto::{ApiKeySecret, Vault, hash_api_key};
use crate::error::{Error, Result};
use crate::ids::OrgId;
use crate::storage::api_keys;
use crate::storage::projects::{self, Organization, ProjectSettings};
use crate::storage::{Db, Tx, installation};
use crate::time::Timestamp;

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
    if let (Some(project), Some(organization)) = (&config.api_key, &config.org_api_key)
        && project.expose_secret() == organization.expose_secret()
    {
        return Err(Error::invalid(
            "TENON_API_KEY and TENON_ORG_API_KEY must differ",
        ));
    }
    let mut tx = db.begin().await?;
    let is_first = installation::insert(tx.conn(), MASTER_KEY_CHECK, &vault.check_value()?).await?;
    if !is_first {
        let check = installation::find(tx.conn(), MASTER_KEY_CHECK)
            .await?
            .unwrap_or_default();
        if !vault.follow(&check)? {
            return Err(foreign_master_key(vault, &check));
        }
        check_openable(&mut tx, vault).await?;
        warn_of_idle_keys(&mut tx, config).await?;
        return Ok(None);
    }
    let keys = FirstKeys {
        project: config
            .api_key
            .clone()
            .map_or_else(ApiKeySecret::for_project, ApiKeySecret::given),
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
    let name = "default".to_owned();
    let project = blank(vault, &org.id, name, ProjectSettings::default(), now)?;
    projects::insert(tx.conn(), &project).await?;
    let project_key = new_key(&keys.project, &org.id, Some(&project.id), now);
    api_keys::insert(tx.conn(), &project_key).await?;
    api_keys::insert(tx.conn(), &new_key(&keys.organization, &org.id, None, now)).await
}

/// A key in the environment that opens nothing is a common mistake: it counts at the first start.
async fn warn_of_idle_keys(tx: &mut Tx, config: &Config) -> Result<()> {
    for (setting, given, opens_project) in [
        ("TENON_API_KEY", &config.api_key, true),
        ("TENON_ORG_API_KEY", &config.org_api_key, false),
    ] {
        let Some(given) = given else { continue };
        let hash = hash_api_key(given.expose_secret());
        let found = api_keys::find_by_hash(tx.conn(), &hash).await?;
        if found.is_none_or(|key| key.project_id.is_some() != opens_project) {
            tracing::warn!(
                "{setting} is not a valid key of this database: it is read at the first start \
                 only. Keep using the key of the first start, or make a new one with `tenon \
                 api-keys issue`"
            );
        }
    }
    Ok(())
}
