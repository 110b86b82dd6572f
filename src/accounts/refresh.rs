//! Fresh credentials for a call. An access token that is about to end is refreshed once, however
//! many calls need it; a write names the generation it has seen, so that a lost race shows.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};

use super::blueprint::Blueprint;
use super::grant;
use super::pick::find_auth_config;
use super::secrets::Keyring;
use super::token;
use super::view::read;
use crate::app::App;
use crate::auth_schemes::Credentials;
use crate::auth_schemes::oauth2::TokenFailure;
use crate::error::{Error, Result};
use crate::storage::changes::Change;
use crate::storage::connected_accounts::{self, ConnectedAccount, NewCredentials, Status};
use crate::time::Timestamp;

/// A token with less life left than this is refreshed before it is used.
const MARGIN: Duration = Duration::from_mins(1);

/// The account's credentials, refreshed first where the access token is about to end.
///
/// # Errors
/// [`Error::AccountUnusable`] when the provider took the grant back.
pub async fn fresh_credentials(app: &App, account: &ConnectedAccount) -> Result<Credentials> {
    let now = app.clock.now();
    if !is_ending(account, now) {
        return open(app, account).await;
    }
    let old = open(app, account).await?;
    if !is_renewable(app, &old, account) {
        return Ok(old);
    }
    match refresh(app, account).await {
        Ok(account) => open(app, &account).await,
        Err(lost @ Error::AccountUnusable { .. }) => Err(lost),
        // The provider may be back before the old token ends.
        Err(error) if account.token_expires_at.is_some_and(|end| end > now) => {
            tracing::warn!(account.id = %account.id, %error, "not refreshed; the old token is used");
            Ok(old)
        }
        Err(error) => Err(error),
    }
}

/// After the upstream answered 401: refreshed credentials, or `None` where there is nothing to
/// refresh. A caller tries its request once more with them.
///
/// # Errors
/// [`Error::AccountUnusable`] when the provider took the grant back.
pub async fn refresh_after_unauthorized(
    app: &App,
    account: &ConnectedAccount,
) -> Result<Option<Credentials>> {
    if !is_renewable(app, &open(app, account).await?, account) {
        return Ok(None);
    }
    match refresh(app, account).await {
        Ok(account) => open(app, &account).await.map(Some),
        Err(lost @ Error::AccountUnusable { .. }) => Err(lost),
        Err(error) => {
            tracing::warn!(account.id = %account.id, %error, "not refreshed after a 401");
            Ok(None)
        }
    }
}

fn is_ending(account: &ConnectedAccount, now: Timestamp) -> bool {
    account
        .token_expires_at
        .is_some_and(|end| end <= now.after(MARGIN))
}

fn is_renewable(app: &App, held: &Credentials, account: &ConnectedAccount) -> bool {
    let catalog = app.catalog.current();
    let auth = catalog
        .toolkit(&account.toolkit)
        .ok()
        .and_then(|toolkit| toolkit.auth(account.scheme));
    auth.is_some_and(|auth| grant::is_renewable(auth, &held.values))
}

/// The account's values over those it inherits from its auth config.
async fn open(app: &App, account: &ConnectedAccount) -> Result<Credentials> {
    let keyring = Keyring::of(app, &account.project_id).await?;
    let config = find_auth_config(app, &account.project_id, &account.auth_config_id).await?;
    let mut values = keyring.open_config(&config)?.inherited();
    values.extend(keyring.open_account(account)?);
    Ok(Credentials {
        scheme: account.scheme,
        values,
    })
}

/// The account with a newer token than the one in `account`: refreshed now, or by somebody else
/// since. Runs to its end even if the caller goes away, because the provider may already have
/// replaced the refresh token.
///
/// # Errors
/// [`Error::AccountUnusable`] when the provider took the grant back, [`Error::Upstream`] when it
/// did not answer.
pub(super) async fn refresh(
    app: &App,
    account: &ConnectedAccount,
) -> Result<Arc<ConnectedAccount>> {
    let task = {
        let (app, account) = (app.clone(), account.clone());
        async move {
            let key = account.id.clone();
            app.refreshes.run(&key, refresh_alone(&app, &account)).await
        }
    };
    app.tasks
        .spawn(task)
        .await
        .map_err(|cause| Error::internal(format!("a refresh was cut off: {cause}")))?
}

async fn refresh_alone(app: &App, seen: &ConnectedAccount) -> Result<Arc<ConnectedAccount>> {
    let account = reread(app, seen).await?;
    if account.token_generation > seen.token_generation {
        return Ok(Arc::new(account));
    }
    let blueprint = Blueprint::load(app, &account.project_id, &account.auth_config_id).await?;
    let values = blueprint.keyring.open_account(&account)?;
    match grant::renew(app, &blueprint, &values).await? {
        Ok(tokens) => store(app, &blueprint, account, values, tokens).await,
        Err(failure) if failure.is_lost_grant() => lose(app, account, &failure).await,
        Err(failure) => Err(Error::Upstream {
            message: format!(
                "the token of connected account `{}` could not be refreshed: {}",
                account.id,
                failure.reason()
            ),
            timed_out: matches!(
                failure,
                TokenFailure::NoAnswer(Error::Upstream {
                    timed_out: true,
                    ..
                })
            ),
        }),
    }
}

async fn reread(app: &App, account: &ConnectedAccount) -> Result<ConnectedAccount> {
    read(app, &account.project_id, &account.id).await
}

/// Keeps the new tokens, unless another writer was first: then its tokens hold.
async fn store(
    app: &App,
    blueprint: &Blueprint,
    account: ConnectedAccount,
    values: Map<String, Value>,
    tokens: Map<String, Value>,
) -> Result<Arc<ConnectedAccount>> {
    let now = app.clock.now();
    let values = token::renewed(values, tokens, &blueprint.auth()?.fields.connection);
    let new = NewCredentials {
        seen_generation: account.token_generation,
        credentials: blueprint.keyring.seal_account(&account.id, &values)?,
        token_expires_at: token::end_of_life(&values, now),
        status: Status::Active,
        connect_by: None,
    };
    let mut tx = app.db.begin().await?;
    let project = &account.project_id;
    let stored =
        connected_accounts::store_credentials(tx.conn(), project, &account.id, &new, now).await?;
    if stored {
        tx.changed(change_of(&account));
        tx.commit().await?;
    } else {
        drop(tx);
    }
    reread(app, &account).await.map(Arc::new)
}

/// The provider refused the grant. That is final, unless somebody else refreshed meanwhile: then
/// it was our old refresh token that was refused.
async fn lose(
    app: &App,
    account: ConnectedAccount,
    failure: &TokenFailure,
) -> Result<Arc<ConnectedAccount>> {
    let reason = format!("the token could not be refreshed: {}", failure.reason());
    let seen = account.token_generation;
    let mut tx = app.db.begin().await?;
    let (project, id) = (&account.project_id, &account.id);
    let outcome = (Status::Expired, reason.as_str());
    let ended =
        connected_accounts::fail(tx.conn(), project, id, seen, outcome, app.clock.now()).await?;
    if !ended {
        drop(tx);
        return reread(app, &account).await.map(Arc::new);
    }
    tx.changed(change_of(&account));
    tx.commit().await?;
    tracing::info!(account.id = %account.id, reason, "the account expired");
    Err(Error::AccountUnusable {
        account: account.id.as_str().to_owned(),
        status: Status::Expired.name(),
        reason,
    })
}

/// What caches must hear when an account changes.
pub(super) fn change_of(account: &ConnectedAccount) -> Change {
    Change::Account {
        project: account.project_id.clone(),
        id: account.id.clone(),
        user: account.user_id.clone(),
        toolkit: account.toolkit.clone(),
    }
}
