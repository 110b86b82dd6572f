//! Grants whose person did not choose what they are for: given back when the time to choose is over, and
//! wiped then. Whoever chooses takes the grant out of the attempt, so what is still there nobody wants.

use super::held::{Holding, holding};
use crate::accounts::blueprint::Blueprint;
use crate::accounts::choice::Granted;
use crate::accounts::secrets::{AttemptSecrets, Keyring};
use crate::accounts::token;
use crate::app::App;
use crate::error::{Error, Result};
use crate::ids::{AttemptId, ProjectId};
use crate::storage::connected_accounts::{self, ConnectedAccount, Status};
use crate::storage::connection_attempts;
use crate::time::Timestamp;

/// Gives back and forgets the grant of an attempt that is over; says when to look again where the person
/// has begun once more and has time left. A job that ended half-way is run again: what was given back by
/// then is worthless to the provider.
///
/// # Errors
/// [`Error::Upstream`] when the provider could not say; the job is tried again.
pub async fn give_back_unchosen(
    app: &App,
    project: &ProjectId,
    id: &AttemptId,
) -> Result<Option<Timestamp>> {
    let keyring = match Keyring::of(app, project).await {
        Ok(keyring) => keyring,
        // The project is gone, and with it the key to its secrets.
        Err(Error::NotFound { .. }) => return Ok(None),
        Err(error) => return Err(error),
    };
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    // From here on nobody chooses, whatever the clock of another replica says.
    connection_attempts::end(tx.conn(), project, id, now).await?;
    let Some(attempt) = connection_attempts::find(tx.conn(), project, id).await? else {
        return Ok(None);
    };
    let account = connected_accounts::find(tx.conn(), project, &attempt.account_id).await?;
    let Some(account) = account else {
        return Ok(None);
    };
    let has_sibling = connected_accounts::has_sibling(tx.conn(), &account).await?;
    tx.commit().await?;
    let mut secrets = keyring.open_attempt(&attempt)?;
    let Some(granted) = secrets.granted.take() else {
        return Ok(None);
    };
    if account.status.is_unfinished()
        && let Some(end) = account.connect_by.filter(|end| *end > now)
    {
        return Ok(Some(end));
    }
    // Many providers have one grant for a user and an app: what works by it would lose it.
    if account.status != Status::Active && !has_sibling {
        give_back(app, &account, granted).await?;
    }
    forget(app, project, id, &keyring, &secrets).await?;
    Ok(None)
}

async fn give_back(app: &App, account: &ConnectedAccount, granted: Granted) -> Result<()> {
    let loaded = Blueprint::load(app, &account.project_id, &account.auth_config_id).await;
    let blueprint = match loaded {
        Ok(blueprint) => blueprint,
        Err(Error::NotFound { .. }) => return Ok(()),
        Err(error) => return Err(error),
    };
    let mut values = blueprint.keyring.open_account(account)?;
    values.retain(|name, _| !token::is_of_grant(name));
    values.extend(granted.tokens);
    let held = match holding(app, &blueprint, values)? {
        Holding::Grant(held) => held,
        Holding::NoEndpoint | Holding::NoToken => return Ok(()),
    };
    match held.give_back(app, &blueprint.toolkit).await {
        Ok(_) => {
            tracing::info!(account.id = %account.id, "a grant that nobody chose for is given back");
        }
        Err(failure) if failure.may_pass => {
            return Err(Error::upstream(format!(
                "a grant for `{}` that nobody chose for is not given back yet: {}",
                account.id, failure.reason
            )));
        }
        Err(failure) => tracing::warn!(
            account.id = %account.id, toolkit = account.toolkit, reason = failure.reason,
            "the provider refused to take back a grant that nobody chose for; its user can take the \
             access away there"
        ),
    }
    Ok(())
}

async fn forget(
    app: &App,
    project: &ProjectId,
    id: &AttemptId,
    keyring: &Keyring,
    rest: &AttemptSecrets,
) -> Result<()> {
    let sealed = keyring.seal_attempt(id, rest)?;
    let mut tx = app.db.begin().await?;
    connection_attempts::replace_secrets(tx.conn(), project, id, &sealed).await?;
    tx.commit().await
}
