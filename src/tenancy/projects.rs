//! What an organisation does with its projects and their keys.

use super::rotation;
use super::settings::{initial_settings, settings_problems};
use crate::app::App;
use crate::crypto::{ApiKeySecret, Vault};
use crate::error::{Error, Result};
use crate::ids::{ApiKeyId, OrgId, ProjectId, random_text};
use crate::paging::{Page, PageRequest};
use crate::storage::api_keys::{self, ApiKey};
use crate::storage::auth_configs;
use crate::storage::changes::Change;
use crate::storage::connected_accounts;
use crate::storage::data_keys;
use crate::storage::files;
use crate::storage::idempotent_calls;
use crate::storage::memories;
use crate::storage::own_toolkits::{self, Owner};
use crate::storage::projects::{self, Project, ProjectSettings, SettingsChange};
use crate::storage::recipes;
use crate::storage::revocations;
use crate::storage::sessions;
use crate::storage::{mcp_grants, mcp_instances, mcp_servers, tool_vectors};
use crate::time::Timestamp;

const SHORTEST_NAME: usize = 3;
const LONGEST_NAME: usize = 75;

/// What a new project is to be.
#[derive(Debug, Clone)]
pub struct NewProject {
    /// 3 to 75 letters, digits, `_` and `-`.
    pub name: String,
    /// Settings that differ from the defaults.
    pub settings: SettingsChange,
    /// Whether it begins with an API key.
    pub with_api_key: bool,
}

/// Makes a project in an organisation, and its first API key if one is wished.
///
/// # Errors
/// [`Error::Invalid`] when the name or a setting breaks a rule.
pub async fn create(
    app: &App,
    org: &OrgId,
    new: NewProject,
) -> Result<(Project, Option<ApiKeySecret>)> {
    let mut problems = name_problems(&new.name);
    problems.extend(settings_problems(&new.settings, "config."));
    if !problems.is_empty() {
        return Err(Error::fields(problems));
    }
    let now = app.clock.now();
    let settings = initial_settings(new.settings);
    let secret = new.with_api_key.then(ApiKeySecret::for_project);
    let mut tx = app.db.begin().await?;
    // A rotation that goes on meanwhile sees this project, or this project its master key.
    rotation::lock_master_key(&mut tx, &app.vault).await?;
    let project = blank(&app.vault, org, new.name, settings, now)?;
    projects::insert(tx.conn(), &project).await?;
    if let Some(secret) = &secret {
        api_keys::insert(tx.conn(), &new_key(secret, org, Some(&project.id), now)).await?;
    }
    tx.commit().await?;
    Ok((project, secret))
}

/// The live projects of an organisation, newest first.
///
/// # Errors
/// When the database does not answer.
pub async fn list(app: &App, org: &OrgId, page: PageRequest) -> Result<Page<Project>> {
    let mut session = app.db.read().await?;
    let total = projects::count(session.conn(), org).await?;
    let rows = projects::list(session.conn(), org, page.sql_limit(), page.sql_offset()).await?;
    Ok(page.page(rows, u64::try_from(total).unwrap_or(0)))
}

/// A project of an organisation and its live API keys.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn find(app: &App, org: &OrgId, id: &ProjectId) -> Result<(Project, Vec<ApiKey>)> {
    let mut session = app.db.read().await?;
    let project = projects::find_in_org(session.conn(), org, id)
        .await?
        .ok_or_else(|| Error::not_found("project", id.as_str()))?;
    let keys = api_keys::list(session.conn(), id).await?;
    Ok((project, keys))
}

/// Deletes a project: its keys open nothing from now on; what it held of others' credentials, and
/// the key that opens them, is gone. The row and the records of its calls stay.
///
/// # Errors
/// [`Error::NotFound`], or [`Error::Forbidden`] for the organisation's last project.
pub async fn delete(app: &App, org: &OrgId, id: &ProjectId) -> Result<()> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    // Two deletions at once would each count the other's project as the one that is left.
    projects::lock_organization(tx.conn(), org, now).await?;
    if !projects::delete(tx.conn(), org, id, now).await? {
        return Err(Error::not_found("project", id.as_str()));
    }
    if projects::count(tx.conn(), org).await? == 0 {
        return Err(Error::Forbidden(format!(
            "project `{id}` is the organisation's last and cannot be deleted; make another first"
        )));
    }
    data_keys::delete_all(tx.conn(), id).await?;
    api_keys::revoke_all(tx.conn(), id, now).await?;
    connected_accounts::delete_all(tx.conn(), id).await?;
    revocations::delete_all(tx.conn(), id).await?;
    auth_configs::delete_all(tx.conn(), id).await?;
    mcp_grants::delete_all(tx.conn(), id).await?;
    mcp_instances::delete_all(tx.conn(), id).await?;
    mcp_servers::delete_all(tx.conn(), id).await?;
    idempotent_calls::forget_all(tx.conn(), id).await?;
    memories::delete_all(tx.conn(), id).await?;
    own_toolkits::delete_all(tx.conn(), id).await?;
    tool_vectors::delete_all(tx.conn(), &Owner::Project(id.clone())).await?;
    sessions::delete_all(tx.conn(), id).await?;
    recipes::delete_all(tx.conn(), id).await?;
    // Their contents go with the next purge; the key that opens them is gone with the project's.
    files::expire_all(tx.conn(), id, now).await?;
    // Nothing of the accounts and configs that memory may know is named here.
    tx.changed(Change::Everything);
    tx.commit().await
}

/// Revokes every API key of a project and makes a new one.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn regenerate_api_key(
    app: &App,
    org: &OrgId,
    id: &ProjectId,
) -> Result<(ApiKey, ApiKeySecret)> {
    let now = app.clock.now();
    let secret = ApiKeySecret::for_project();
    let key = new_key(&secret, org, Some(id), now);
    let mut tx = app.db.begin().await?;
    projects::find_in_org(tx.conn(), org, id)
        .await?
        .ok_or_else(|| Error::not_found("project", id.as_str()))?;
    api_keys::revoke_all(tx.conn(), id, now).await?;
    // What the keys proved the right to ends with them.
    mcp_grants::delete_all(tx.conn(), id).await?;
    api_keys::insert(tx.conn(), &key).await?;
    tx.changed(Change::ApiKeys);
    tx.commit().await?;
    Ok((key, secret))
}

/// A project that is not stored yet.
pub(super) fn blank(
    vault: &Vault,
    org: &OrgId,
    name: String,
    settings: ProjectSettings,
    now: Timestamp,
) -> Result<Project> {
    let id = ProjectId::generate();
    Ok(Project {
        data_key: vault.new_data_key(&id)?,
        org_id: org.clone(),
        name,
        // The API wants an address; `.invalid` receives no mail (RFC 2606 section 2).
        email: format!("{id}@tenon.invalid"),
        id,
        settings,
        created_at: now,
        updated_at: now,
        deleted_at: None,
    })
}

/// The row of a key that is not stored yet; without a project it opens the organisation.
pub(super) fn new_key(
    secret: &ApiKeySecret,
    org: &OrgId,
    project: Option<&ProjectId>,
    now: Timestamp,
) -> ApiKey {
    ApiKey {
        id: ApiKeyId::generate(),
        org_id: org.clone(),
        project_id: project.cloned(),
        name: format!("key-{}", random_text(6).to_lowercase()),
        key_hash: secret.hash(),
        hint: secret.hint(),
        created_at: now,
        updated_at: now,
        deleted_at: None,
    }
}

fn name_problems(name: &str) -> Vec<String> {
    let is_plain = name
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
    if is_plain && (SHORTEST_NAME..=LONGEST_NAME).contains(&name.len()) {
        return Vec::new();
    }
    vec![format!(
        "name: must have {SHORTEST_NAME} to {LONGEST_NAME} characters out of letters, digits, \
         `_` and `-`"
    )]
}
