//! Ends connections that their users did not finish in time.

use crate::app::App;
use crate::error::Result;
use crate::ids::{AccountId, ProjectId};
use crate::storage::changes::Change;
use crate::storage::connected_accounts::{self, Status};
use crate::storage::connection_attempts;

/// Expires an account that is still unfinished after its time; anything else stays as it is.
///
/// # Errors
/// When the database does not answer.
pub async fn expire_unfinished(app: &App, project: &ProjectId, id: &AccountId) -> Result<()> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let Some(account) = connected_accounts::find(tx.conn(), project, id).await? else {
        return Ok(());
    };
    let is_over = account.connect_by.is_some_and(|end| end <= now);
    if !is_over || !account.status.is_unfinished() {
        return Ok(());
    }
    let outcome = (Status::Expired, "the connection was not finished in time");
    connected_accounts::fail(
        tx.conn(),
        project,
        id,
        account.token_generation,
        outcome,
        now,
    )
    .await?;
    connection_attempts::close(tx.conn(), project, id, now).await?;
    tx.changed(Change::Account {
        project: project.clone(),
        id: id.clone(),
        user: account.user_id,
        toolkit: account.toolkit,
    });
    tx.commit().await
}
