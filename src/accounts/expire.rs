//! Ends connections that their users did not finish in time.

use crate::app::App;
use crate::error::Result;
use crate::ids::{AccountId, ProjectId};
use crate::storage::changes::Change;
use crate::storage::connected_accounts::{self, Status};
use crate::storage::connection_attempts;
use crate::time::Timestamp;

/// Expires an account that is still unfinished after its time, and says when to look again at one
/// that got more time; anything else stays as it is.
///
/// # Errors
/// When the database does not answer.
pub async fn expire_unfinished(
    app: &App,
    project: &ProjectId,
    id: &AccountId,
) -> Result<Option<Timestamp>> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let Some(account) = connected_accounts::find(tx.conn(), project, id).await? else {
        return Ok(None);
    };
    match account.connect_by {
        Some(end) if account.status.is_unfinished() && end <= now => {}
        Some(end) if account.status.is_unfinished() => return Ok(Some(end)),
        Some(_) | None => return Ok(None),
    }
    let outcome = (Status::Expired, "it was not finished within 10 minutes");
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
    tx.commit().await?;
    Ok(None)
}
