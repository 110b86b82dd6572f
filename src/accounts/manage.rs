//! Switches accounts on and off, and removes them.

use super::blueprint::Blueprint;
use super::refresh::change_of;
use super::revoke::{Batch, GiveBack};
use super::view::read;
use crate::app::App;
use crate::error::{CONNECTED_ACCOUNT, Error, Result};
use crate::ids::{AccountId, JobId, ProjectId};
use crate::storage::connected_accounts;

fn not_found(id: &AccountId) -> Error {
    Error::not_found(CONNECTED_ACCOUNT, id.as_str())
}

/// Enables or disables an account; a disabled one is kept and not used.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn set_enabled(
    app: &App,
    project: &ProjectId,
    id: &AccountId,
    enabled: bool,
) -> Result<()> {
    let mut tx = app.db.begin().await?;
    let account = connected_accounts::find(tx.conn(), project, id)
        .await?
        .ok_or_else(|| not_found(id))?;
    connected_accounts::set_enabled(tx.conn(), project, id, enabled, app.clock.now()).await?;
    tx.changed(change_of(&account));
    tx.commit().await
}

/// Removes an account and its credentials for good, and names the job that gives its grant back to
/// the provider, if one does.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn delete(
    app: &App,
    project: &ProjectId,
    id: &AccountId,
    mode: GiveBack,
) -> Result<Option<JobId>> {
    let config = read(app, project, id).await?.auth_config_id;
    // An account whose toolkit the operator took away can be deleted all the same.
    let blueprint = Blueprint::load(app, project, &config).await.ok();
    let mut tx = app.db.begin().await?;
    let account = connected_accounts::find(tx.conn(), project, id)
        .await?
        .ok_or_else(|| not_found(id))?;
    let mut batch = Batch::new(mode);
    if let Some(blueprint) = &blueprint {
        batch.add(app, &mut tx, blueprint, &account).await?;
    }
    connected_accounts::delete(tx.conn(), project, id).await?;
    let job = batch.enqueue(app, &mut tx, project).await?;
    tx.changed(change_of(&account));
    tx.commit().await?;
    app.job_stored.notify_one();
    Ok(job)
}
