//! API keys for an operator who has none: made, listed and revoked past the API.

use super::projects::new_key;
use super::rotation::Site;
use crate::crypto::ApiKeySecret;
use crate::error::{Error, Result};
use crate::ids::{ApiKeyId, OrgId, ProjectId};
use crate::storage::api_keys::{self, ApiKey};
use crate::storage::changes::Change;
use crate::storage::projects;

/// Makes a key for a project, or without one for the organisation.
///
/// # Errors
/// [`Error::NotFound`] when there is no such project or the database is empty.
pub async fn issue_api_key(
    site: &Site,
    project: Option<&ProjectId>,
) -> Result<(ApiKey, ApiKeySecret)> {
    let mut tx = site.db.begin().await?;
    let (org, secret) = match project {
        Some(id) => {
            let found = projects::find(tx.conn(), id).await?;
            let found = found.ok_or_else(|| Error::NotFound {
                what: "project",
                id: id.as_str().to_owned(),
                fix: Some("See the ids with `tenon api-keys list`.".into()),
            })?;
            (found.org_id, ApiKeySecret::for_project())
        }
        None => (
            only_organization(&mut tx).await?,
            ApiKeySecret::for_organization(),
        ),
    };
    let key = new_key(&secret, &org, project, site.clock.now());
    api_keys::insert(tx.conn(), &key).await?;
    tx.changed(Change::ApiKeys);
    tx.commit().await?;
    Ok((key, secret))
}

/// Every live key of the installation, oldest first.
///
/// # Errors
/// When the database does not answer.
pub async fn list_api_keys(site: &Site) -> Result<Vec<ApiKey>> {
    let mut session = site.db.read().await?;
    api_keys::list_all(session.conn()).await
}

/// Revokes a key: it opens nothing from now on.
///
/// # Errors
/// [`Error::NotFound`] when there is no such live key.
pub async fn revoke_api_key(site: &Site, id: &ApiKeyId) -> Result<()> {
    let mut tx = site.db.begin().await?;
    if !api_keys::revoke(tx.conn(), id, site.clock.now()).await? {
        return Err(Error::NotFound {
            what: "API key",
            id: id.as_str().to_owned(),
            fix: Some("See the live keys with `tenon api-keys list`.".into()),
        });
    }
    // What the key proved the right to ends with it.
    crate::storage::mcp_grants::delete_of_key(tx.conn(), id).await?;
    tx.changed(Change::ApiKeys);
    tx.commit().await
}

/// An installation has one organisation: the first start makes it, and nothing makes another.
async fn only_organization(tx: &mut crate::storage::Tx) -> Result<OrgId> {
    let first = projects::first_organization(tx.conn()).await?;
    first.map(|org| org.id).ok_or_else(|| {
        Error::invalid_with_fix(
            "this database is empty: no server has started on it",
            "Check TENON_DATA_DIR or DATABASE_URL, or start `tenon serve` once.",
        )
    })
}
