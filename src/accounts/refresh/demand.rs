//! Fresh credentials for a call: an old token that still lives is used while it is refreshed, and
//! one that does not is refreshed first.

use std::time::Duration;

use serde_json::{Map, Value};

use super::{Want, refresh};
use crate::accounts::pick::find_auth_config;
use crate::accounts::secrets::Keyring;
use crate::accounts::{grant, token};
use crate::app::App;
use crate::auth_schemes::Credentials;
use crate::error::{Error, Result};
use crate::storage::connected_accounts::ConnectedAccount;
use crate::toolkits;

/// A token with less life left than this is refreshed when a call needs it.
const MARGIN: Duration = Duration::from_mins(1);
/// And not before this part of its life is left, where a minute is much of it.
const MARGIN_PART: u32 = 5;
/// A token with this much life left is good for one call more.
const GOOD_FOR_A_CALL: Duration = Duration::from_secs(10);

/// The account's credentials. Where the access token is about to end, a refresh begins; a call
/// waits for it only when the old token is not good for it any more.
///
/// # Errors
/// [`Error::AccountUnusable`] when the provider took the grant back, [`Error::Upstream`] when the
/// token ended and no other is to be had now.
pub async fn fresh_credentials(app: &App, account: &ConnectedAccount) -> Result<Credentials> {
    let now = app.clock.now();
    let held = open(app, account).await?;
    let end = match account.token_expires_at {
        Some(end) if end <= now.after(margin(&held.values)) => end,
        Some(_) | None => return Ok(held),
    };
    if !is_renewable(app, &held, account).await? {
        return Ok(held);
    }
    if end >= now.after(GOOD_FOR_A_CALL) {
        refresh_aside(app, account);
        return Ok(held);
    }
    match refresh(app, account, Want::Token).await {
        Ok(account) => open(app, &account).await,
        Err(lost @ Error::AccountUnusable { .. }) => Err(lost),
        // The provider may be back before the old token ends.
        Err(error) if end > now => {
            tracing::debug!(account.id = %account.id, %error, "the old token is used");
            Ok(held)
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
    if !is_renewable(app, &open(app, account).await?, account).await? {
        return Ok(None);
    }
    match refresh(app, account, Want::Token).await {
        Ok(account) => open(app, &account).await.map(Some),
        Err(lost @ Error::AccountUnusable { .. }) => Err(lost),
        Err(error) => {
            tracing::warn!(account.id = %account.id, %error, "not refreshed after a 401");
            Ok(None)
        }
    }
}

fn margin(values: &Map<String, Value>) -> Duration {
    token::lifetime(values).map_or(MARGIN, |lifetime| (lifetime / MARGIN_PART).min(MARGIN))
}

/// Begins a refresh that nobody waits for, unless one is under way here.
fn refresh_aside(app: &App, account: &ConnectedAccount) {
    if app.refreshes.is_under_way(&account.id) {
        return;
    }
    let (own, account) = (app.clone(), account.clone());
    app.tasks.spawn(async move {
        if let Err(error) = refresh(&own, &account, Want::Token).await {
            tracing::debug!(account.id = %account.id, %error, "the old token is used");
        }
    });
}

async fn is_renewable(app: &App, held: &Credentials, account: &ConnectedAccount) -> Result<bool> {
    let catalog = toolkits::catalog(app, &account.project_id).await?;
    let auth = catalog
        .toolkit(&account.toolkit)
        .ok()
        .and_then(|toolkit| toolkit.auth(account.scheme));
    Ok(auth.is_some_and(|auth| grant::is_renewable(auth, &held.values)))
}

/// The account's values over those it inherits from its auth config.
async fn open(app: &App, account: &ConnectedAccount) -> Result<Credentials> {
    let keyring = Keyring::of(app, &account.project_id).await?;
    let config = find_auth_config(app, &account.project_id, &account.auth_config_id).await?;
    let own = keyring.open_account(account)?;
    Ok(Credentials {
        scheme: account.scheme,
        values: keyring.open_config(&config)?.inherited_with(own),
    })
}
