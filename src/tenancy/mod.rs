//! Organisations, projects and their keys: who a request speaks for.

mod issue;
pub mod projects;
pub mod rotation;
mod settings;
mod setup;

pub use issue::{issue_api_key, list_api_keys, revoke_api_key};
pub use settings::change_settings;
pub use setup::{FirstKeys, set_up};

use std::sync::Arc;

use crate::app::App;
use crate::caches::OpenProject;
use crate::crypto::{hash_api_key, same_hash};
use crate::error::{Error, Result};
use crate::ids::{OrgId, ProjectId};
use crate::rate_limit::Allowance;
use crate::storage;
use crate::storage::api_keys::ApiKey;
use crate::storage::projects::Organization;

/// The live API key that `text` is.
///
/// # Errors
/// [`Error::Unauthorized`] when there is none.
pub async fn authenticate(app: &App, text: &str) -> Result<Arc<ApiKey>> {
    let hash = hash_api_key(text);
    let found = app
        .caches
        .api_keys
        .get(&hash, || async {
            let mut session = app.db.read().await?;
            storage::api_keys::find_by_hash(session.conn(), &hash).await
        })
        .await?;
    found
        .filter(|key| same_hash(&key.key_hash, &hash))
        .ok_or(Error::Unauthorized("the API key is not valid"))
}

/// Takes one request from the project's window and from the organisation's, and says what is left in
/// the one that has fewer.
///
/// # Errors
/// [`Error::RateLimited`] when either is used up.
pub fn count_request(
    app: &App,
    org: &OrgId,
    project: Option<&ProjectId>,
) -> Result<Option<Allowance>> {
    let now = app.clock.now();
    let of_project = match project {
        None => None,
        Some(project) => app.project_rate_limiter.take(project, now)?,
    };
    let of_org = app.rate_limiter.take(org, now)?;
    Ok(of_project
        .into_iter()
        .chain(of_org)
        .min_by_key(|allowance| allowance.remaining))
}

/// A live project with its data key opened.
///
/// # Errors
/// [`Error::NotFound`] when it is deleted.
pub async fn open_project(app: &App, project: &ProjectId) -> Result<Arc<OpenProject>> {
    let found = app
        .caches
        .projects
        .get(project, || async {
            let mut session = app.db.read().await?;
            let Some(row) = storage::projects::find(session.conn(), project).await? else {
                return Ok(None);
            };
            let spare = storage::data_keys::of_project(session.conn(), project).await?;
            drop(session);
            let spare: Vec<Vec<u8>> = spare.into_iter().map(|key| key.sealed).collect();
            let data_key = app.vault.open_data_key(project, &row.data_key, &spare)?;
            Ok(Some(OpenProject {
                project: row,
                data_key,
            }))
        })
        .await?;
    found.ok_or_else(|| Error::not_found("project", project.as_str()))
}

/// An organisation.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn find_organization(app: &App, id: &OrgId) -> Result<Organization> {
    let mut session = app.db.read().await?;
    storage::projects::find_organization(session.conn(), id)
        .await?
        .ok_or_else(|| Error::not_found("organisation", id.as_str()))
}
