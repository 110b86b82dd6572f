//! What becomes of an account when the provider was asked: new tokens are kept whatever else is
//! written meanwhile, a lost grant ends it, and anything else is the provider's trouble, not its.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};

use super::lease::{self, Lease};
use super::{change_of, unusable};
use crate::accounts::blueprint::Blueprint;
use crate::accounts::secrets::Keyring;
use crate::accounts::{announce, token};
use crate::app::App;
use crate::auth_schemes::oauth2::TokenFailure;
use crate::error::{Error, Result};
use crate::storage::connected_accounts::{self, ConnectedAccount, Status};
use crate::storage::token_refresh::{self, Failure, Refreshed};
use crate::time::Timestamp;

/// How often new tokens are tried to be stored, and the rest between two tries that the database
/// failed: they exist nowhere else.
const STORE_ATTEMPTS: usize = 20;
const STORE_REST: Duration = Duration::from_millis(500);
/// How often an account is tried to be ended beside other writers.
const END_ATTEMPTS: usize = 5;
const DAY: Duration = Duration::from_hours(24);

/// Keeps new tokens. Values that others wrote meanwhile stay, and so do tokens of a newer grant.
///
/// # Errors
/// [`Error::NotFound`] when the account is gone, [`Error::AccountUnusable`] when it was given up;
/// when the database cannot be written for long.
pub(super) async fn keep(
    app: &App,
    blueprint: &Blueprint,
    lease: &Lease,
    tokens: &Map<String, Value>,
) -> Result<Arc<ConnectedAccount>> {
    let id = &lease.account.id;
    let mut last = Error::internal("an account is written by too many at once");
    for _ in 0..STORE_ATTEMPTS {
        match try_to_keep(app, blueprint, lease, tokens).await {
            Ok(Some(account)) => return Ok(Arc::new(account)),
            Ok(None) => {}
            Err(error @ Error::Internal(_)) => {
                let cause = error.with_causes();
                tracing::warn!(account.id = %id, cause, "new tokens are not stored yet");
                last = error;
                tokio::time::sleep(STORE_REST).await;
            }
            Err(error) => return Err(error),
        }
    }
    tracing::error!(account.id = %id, "new tokens could not be stored and are lost");
    Err(last)
}

/// One try; none when another writer was first.
async fn try_to_keep(
    app: &App,
    blueprint: &Blueprint,
    lease: &Lease,
    tokens: &Map<String, Value>,
) -> Result<Option<ConnectedAccount>> {
    let row = lease::read(app, &lease.account).await?.account;
    let declared = &blueprint.auth()?.fields.connection;
    // The project's keys may have been replaced while the provider was asked.
    let keyring = Keyring::of(app, &row.project_id).await?;
    let held = keyring.open_account(&row)?;
    if !matches!(row.status, Status::Active | Status::Expired) {
        give_back(app, lease).await?;
        tracing::info!(account.id = %row.id, "token refreshed for an account that was given up");
        let reason = row.status_reason.clone();
        let reason = reason.unwrap_or_else(|| "it was given up meanwhile".into());
        return Err(unusable(&row, row.status, reason));
    }
    if token::is_overtaken(&lease.values, &held, tokens, declared) {
        give_back(app, lease).await?;
        tracing::info!(account.id = %row.id, "token refreshed, and overtaken by a newer grant");
        return Ok(Some(row));
    }
    let now = app.clock.now();
    let values = token::renewed(held, tokens.clone(), declared);
    let new = Refreshed {
        seen_generation: row.token_generation,
        credentials: keyring.seal_account(&row.id, &values)?,
        token_expires_at: token::end_of_life(&values, now),
    };
    let (project, config) = (&row.project_id, &row.auth_config_id);
    let mut tx = app.db.begin().await?;
    if !token_refresh::store(tx.conn(), project, &row.id, &new, now).await? {
        return Ok(None);
    }
    let is_forgiven = token_refresh::clear_client(tx.conn(), project, config).await?;
    tx.changed(change_of(&row));
    tx.commit().await?;
    tracing::info!(account.id = %row.id, toolkit = row.toolkit, "token refreshed");
    if is_forgiven {
        tracing::info!(auth_config.id = %config, "the provider takes the OAuth client again");
    }
    Ok(Some(ConnectedAccount {
        credentials: new.credentials,
        token_generation: row.token_generation + 1,
        token_expires_at: new.token_expires_at,
        status: Status::Active,
        status_reason: None,
        updated_at: now,
        ..row
    }))
}

async fn give_back(app: &App, lease: &Lease) -> Result<()> {
    let mut tx = app.db.begin().await?;
    let (project, id) = (&lease.account.project_id, &lease.account.id);
    token_refresh::give_back(tx.conn(), project, id, &lease.owner).await?;
    tx.commit().await
}

/// The provider refused the grant. That is final, unless somebody else has another token by now:
/// then it was the old refresh token that was refused.
///
/// # Errors
/// [`Error::AccountUnusable`] when it is final.
pub(super) async fn lose(
    app: &App,
    lease: &Lease,
    failure: &TokenFailure,
) -> Result<Arc<ConnectedAccount>> {
    let said = failure.reason();
    let reason = match lease.unfinished_since {
        None => format!("the token could not be refreshed: {said}"),
        Some(since) => format!(
            "a refresh that began at {} was interrupted, and the provider may have replaced the \
             refresh token then: the user must connect again ({said})",
            since.to_text()
        ),
    };
    end(app, lease, reason).await
}

async fn end(app: &App, lease: &Lease, reason: String) -> Result<Arc<ConnectedAccount>> {
    for _ in 0..END_ATTEMPTS {
        let row = lease::read(app, &lease.account).await?.account;
        let held = Keyring::of(app, &row.project_id)
            .await?
            .open_account(&row)?;
        if row.token_generation > lease.account.token_generation
            && lease::is_renewed(&lease.account, &lease.values, &row, &held)
        {
            give_back(app, lease).await?;
            tracing::info!(account.id = %row.id, "refused, but refreshed by somebody else");
            return Ok(Arc::new(row));
        }
        if row.status != Status::Active {
            let reason = row.status_reason.clone().unwrap_or(reason);
            return Err(unusable(&row, row.status, reason));
        }
        let event = announce::expired(app, &row, &reason).await?;
        let (project, id, seen) = (&row.project_id, &row.id, row.token_generation);
        let outcome = (Status::Expired, reason.as_str());
        let mut tx = app.db.begin().await?;
        let now = app.clock.now();
        if connected_accounts::fail(tx.conn(), project, id, seen, outcome, now).await? {
            token_refresh::give_back(tx.conn(), project, id, &lease.owner).await?;
            announce::queue(&mut tx, &event).await?;
            tx.changed(change_of(&row));
            tx.commit().await?;
            tracing::info!(account.id = %id, toolkit = row.toolkit, reason, "the account expired");
            return Err(unusable(&row, Status::Expired, reason));
        }
    }
    Err(Error::internal("an account is written by too many at once"))
}

/// Why there is no token although the grant may be good.
pub(super) struct Trouble {
    error: Error,
    /// The provider will have nothing to do with the OAuth app.
    is_of_client: bool,
    /// The provider may have replaced the refresh token without our hearing of it.
    is_unclear: bool,
}

impl From<TokenFailure> for Trouble {
    fn from(failure: TokenFailure) -> Self {
        let is_of_client = failure.is_clients_fault();
        let message = failure.reason();
        let (is_unclear, timed_out) = match failure {
            TokenFailure::Refused { .. } | TokenFailure::Denied { .. } => (false, false),
            TokenFailure::NoAnswer(Error::Upstream { timed_out, .. }) => (true, timed_out),
            TokenFailure::NoAnswer(_) => (true, false),
        };
        Self {
            error: Error::Upstream { message, timed_out },
            is_of_client,
            is_unclear,
        }
    }
}

/// A request that could not be made.
impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Self {
            error,
            is_of_client: false,
            is_unclear: false,
        }
    }
}

/// The account rests until the next try. It ends only if the operator set a time for that and it
/// has failed all that while.
///
/// # Errors
/// [`Error::Upstream`], or [`Error::AccountUnusable`] at the end.
pub(super) async fn rest(
    app: &App,
    lease: &Lease,
    trouble: Trouble,
) -> Result<Arc<ConnectedAccount>> {
    let (account, now) = (&lease.account, app.clock.now());
    let said = trouble.error.to_string();
    if !trouble.is_of_client && is_given_up(app, lease, now) {
        let since = lease.failing_since.unwrap_or(now).to_text();
        let reason = format!("the token could not be refreshed since {since}: {said}");
        return end(app, lease, reason).await;
    }
    note(app, lease, &trouble, &said, now).await?;
    let Error::Upstream { timed_out, .. } = trouble.error else {
        return Err(trouble.error);
    };
    let id = &account.id;
    let message = format!("the token of connected account `{id}` could not be refreshed: {said}");
    Err(Error::Upstream { message, timed_out })
}

fn is_given_up(app: &App, lease: &Lease, now: Timestamp) -> bool {
    match (app.config.refresh_give_up_days, lease.failing_since) {
        (Some(days), Some(since)) => since.after(DAY * days) <= now,
        (None, _) | (_, None) => false,
    }
}

async fn note(
    app: &App,
    lease: &Lease,
    trouble: &Trouble,
    said: &str,
    now: Timestamp,
) -> Result<()> {
    let (account, config) = (&lease.account, &lease.account.auth_config_id);
    let reason = if trouble.is_of_client {
        format!("the provider does not take the OAuth client of auth config `{config}`: {said}")
    } else {
        format!("the last refresh of the token failed: {said}")
    };
    let count = lease.failures + 1;
    let failure = Failure {
        owner: &lease.owner,
        count,
        again_at: account
            .token_expires_at
            .map(|_| now.after(rest_after(count))),
        reason: &reason,
        is_unclear: trouble.is_unclear,
    };
    let mut tx = app.db.begin().await?;
    let project = &account.project_id;
    token_refresh::note_failure(tx.conn(), project, &account.id, &failure, now).await?;
    if trouble.is_of_client {
        token_refresh::blame_client(tx.conn(), project, config, said, now).await?;
    }
    if account.status_reason.as_deref() != Some(&reason) {
        tx.changed(change_of(account));
    }
    tx.commit().await?;
    let (id, toolkit) = (&account.id, &account.toolkit);
    tracing::warn!(account.id = %id, toolkit, failures = count, reason, "token not refreshed");
    Ok(())
}

/// How long the worker leaves an account alone after its n-th failure in a row.
///
/// | failure | 1 | 2 | 3 | 4 | 5 | 6 and later |
/// |---|---|---|---|---|---|---|
/// | rest | 5 s | 30 s | 2 min | 10 min | 30 min | 1 h |
const fn rest_after(failures: i64) -> Duration {
    Duration::from_secs(match failures {
        ..=1 => 5,
        2 => 30,
        3 => 2 * 60,
        4 => 10 * 60,
        5 => 30 * 60,
        6.. => 60 * 60,
    })
}
