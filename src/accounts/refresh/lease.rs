//! Who asks the provider: the one that holds the lease on the account's row. The others wait for
//! what it brings.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};

use super::{Want, unusable};
use crate::accounts::blueprint::Blueprint;
use crate::accounts::secrets::Keyring;
use crate::accounts::{grant, token, token_endpoint};
use crate::app::App;
use crate::error::{CONNECTED_ACCOUNT, Error, Result};
use crate::ids::random_text;
use crate::storage::connected_accounts::{ConnectedAccount, Status};
use crate::storage::token_refresh::{self, Refreshing};
use crate::time::Timestamp;

/// What asking the provider may take in all, however many requests the scheme needs.
pub(super) const TIME_TO_ASK: Duration =
    token_endpoint::TIMEOUT.saturating_add(Duration::from_secs(5));
/// And as much more as clocks may differ and a database may dawdle: while a request is under way
/// nobody else may send one with the same refresh token.
const LEASE: Duration = TIME_TO_ASK.saturating_add(Duration::from_secs(10));
/// Longer than a lease, so that who waits for a process that died still gets its turn.
const PATIENCE: Duration = LEASE.saturating_add(Duration::from_secs(5));
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// A call asks a provider that failed again after this rest, however long the worker's is.
const REST_OF_CALLS: Duration = Duration::from_secs(30);

/// The right, and the duty, to refresh an account.
pub(super) struct Lease {
    /// The account as it stood then.
    pub account: ConnectedAccount,
    /// Its values, opened.
    pub values: Map<String, Value>,
    /// Names this try.
    pub owner: String,
    /// Failed tries before this one.
    pub failures: i64,
    /// Since when it fails.
    pub failing_since: Option<Timestamp>,
    /// An earlier try of which nobody knows how it ended.
    pub unfinished_since: Option<Timestamp>,
}

/// How it goes on for who wants a new token.
pub(super) enum Turn {
    /// It is for us to ask.
    Ours(Box<Lease>),
    /// Somebody else was faster.
    Renewed(Arc<ConnectedAccount>),
}

/// Waits until it is for us to ask, or the token that `seen` has was replaced.
///
/// # Errors
/// [`Error::AccountUnusable`] when the account is not active, [`Error::Upstream`] when it rests
/// after a failure or the waiting takes too long.
pub(super) async fn wait_for_turn(
    app: &App,
    blueprint: &Blueprint,
    seen: &ConnectedAccount,
    want: Want,
) -> Result<Turn> {
    let turn = async {
        loop {
            if let Some(turn) = look(app, blueprint, seen, want).await? {
                return Ok(turn);
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    };
    tokio::time::timeout(PATIENCE, turn).await.map_err(|_| {
        let message = format!(
            "the token of connected account `{}` is being refreshed elsewhere, and that takes too \
             long",
            seen.id
        );
        Error::Upstream {
            message,
            timed_out: true,
        }
    })?
}

/// One look at the row; none when somebody else holds the lease.
async fn look(
    app: &App,
    blueprint: &Blueprint,
    seen: &ConnectedAccount,
    want: Want,
) -> Result<Option<Turn>> {
    let now = app.clock.now();
    let row = read(app, seen).await?;
    if row.account.status != Status::Active {
        let reason = row.account.status_reason.clone();
        let reason = reason.unwrap_or_else(|| "it was never finished".into());
        return Err(unusable(&row.account, row.account.status, reason));
    }
    // The project's keys may be replaced while somebody waits here.
    let keyring = Keyring::of(app, &seen.project_id).await?;
    let values = keyring.open_account(&row.account)?;
    if row.account.token_generation > seen.token_generation
        && is_renewed(seen, &keyring.open_account(seen)?, &row.account, &values)
    {
        return Ok(Some(Turn::Renewed(Arc::new(row.account))));
    }
    if !grant::is_renewable(blueprint.auth()?, &values) {
        return Err(Error::invalid(format!(
            "connected account `{}` has nothing to refresh its token with",
            seen.id
        )));
    }
    if row.refresh_lease_until.is_some_and(|until| until > now) {
        return Ok(None);
    }
    if want == Want::Token {
        check_rest(&row, now)?;
    }
    take(app, row, values, now).await
}

/// The row as it stands, and how its refreshing does.
pub(super) async fn read(app: &App, account: &ConnectedAccount) -> Result<Refreshing> {
    let mut session = app.db.read().await?;
    token_refresh::find(session.conn(), &account.project_id, &account.id)
        .await?
        .ok_or_else(|| Error::not_found(CONNECTED_ACCOUNT, account.id.as_str()))
}

/// Whether the newer row has another token, or only its other values were changed.
pub(super) fn is_renewed(
    seen: &ConnectedAccount,
    before: &Map<String, Value>,
    newer: &ConnectedAccount,
    held: &Map<String, Value>,
) -> bool {
    newer.token_expires_at != seen.token_expires_at || !token::is_same_grant(before, held)
}

fn check_rest(row: &Refreshing, now: Timestamp) -> Result<()> {
    let Some(failed_at) = row.refresh_failed_at else {
        return Ok(());
    };
    let soon = failed_at.after(REST_OF_CALLS);
    let until = row.refresh_due_at.map_or(soon, |due| due.min(soon));
    if until <= now {
        return Ok(());
    }
    let seconds = (until.as_millis() - now.as_millis() + 999) / 1000;
    let reason = row.account.status_reason.as_deref();
    Err(Error::upstream(format!(
        "the token of connected account `{}` could not be refreshed ({}); the next try is in \
             {seconds} s",
        row.account.id,
        reason.unwrap_or("the provider gave no token")
    )))
}

async fn take(
    app: &App,
    row: Refreshing,
    values: Map<String, Value>,
    now: Timestamp,
) -> Result<Option<Turn>> {
    let owner = random_text(16);
    let mut tx = app.db.begin().await?;
    let until = now.after(LEASE);
    if !token_refresh::take(tx.conn(), &row.account, &owner, until, now).await? {
        return Ok(None);
    }
    tx.commit().await?;
    Ok(Some(Turn::Ours(Box::new(Lease {
        values,
        owner,
        failures: row.refresh_failures,
        failing_since: row.refresh_failing_since,
        unfinished_since: row.refresh_begun_at,
        account: row.account,
    }))))
}
