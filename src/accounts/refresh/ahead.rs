//! What the worker does before a token ends: finds the accounts that are due, and renews one.

use super::{Want, refresh};
use crate::accounts::blueprint::Blueprint;
use crate::accounts::grant;
use crate::app::App;
use crate::error::{Error, Result};
use crate::storage::connected_accounts::ConnectedAccount;
use crate::storage::token_refresh;

/// Accounts of all projects that are due, the longest due first, but none of the toolkits in
/// `passed_over`. Reads no account that is not due.
///
/// # Errors
/// When the database does not answer.
pub async fn due_for_refresh(
    app: &App,
    passed_over: &[String],
    limit: i64,
) -> Result<Vec<ConnectedAccount>> {
    let now = app.clock.now();
    let mut session = app.db.read().await?;
    token_refresh::due(session.conn(), passed_over, limit, now).await
}

/// Renews the token of an account that is due. One that cannot be renewed, or whose auth config is
/// switched off, is due no more until that changes.
///
/// # Errors
/// When the database does not answer; what comes of the renewal itself is logged where it is
/// settled, and stands on the account.
pub async fn renew_ahead(app: &App, account: &ConnectedAccount) -> Result<()> {
    let (project, config) = (&account.project_id, &account.auth_config_id);
    let can_be_renewed = match Blueprint::load(app, project, config).await {
        Ok(blueprint) => {
            let values = blueprint.keyring.open_account(account)?;
            let auth = blueprint.auth();
            blueprint.config.enabled && auth.is_ok_and(|auth| grant::is_renewable(auth, &values))
        }
        Err(error @ Error::Internal(_)) => return Err(error),
        // The toolkit is not there any more, or everything is about to go.
        Err(_) => false,
    };
    if !can_be_renewed {
        let mut tx = app.db.begin().await?;
        token_refresh::unschedule(tx.conn(), account).await?;
        return tx.commit().await;
    }
    match refresh(app, account, Want::Token).await {
        Err(error @ Error::Internal(_)) => Err(error),
        Ok(_) | Err(_) => Ok(()),
    }
}
