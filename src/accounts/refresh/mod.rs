//! Keeps tokens fresh: once an account at a time, however many calls and replicas want it.
//!
//! [`demand`] serves calls, [`ahead`] the worker. Both come to [`refresh`], which takes the account's
//! [`lease`], asks the provider and settles the [`outcome`].

mod ahead;
mod demand;
mod lease;
mod outcome;

pub use ahead::{due_for_refresh, renew_ahead};
pub use demand::{fresh_credentials, refresh_after_unauthorized};

use std::sync::Arc;

use super::blueprint::Blueprint;
use super::grant;
use crate::app::App;
use crate::auth_schemes::oauth2::TokenFailure;
use crate::error::{Error, Result};
use crate::storage::changes::Change;
use crate::storage::connected_accounts::{ConnectedAccount, Status};
use lease::{Lease, Turn};

/// What a refresh is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Want {
    /// A call or the worker needs it; after a failure it rests a while.
    Token,
    /// Somebody asked for it by name, and is told what the provider says now.
    Answer,
}

/// The account with a newer token than the one in `account`: refreshed now, or by somebody else
/// since. Runs to its end even if the caller goes away, because the provider may already have
/// replaced the refresh token.
///
/// # Errors
/// [`Error::AccountUnusable`] when the provider took the grant back, [`Error::Upstream`] when it
/// did not answer usably, or somebody else waits for its answer too long.
pub(super) async fn refresh(
    app: &App,
    account: &ConnectedAccount,
    want: Want,
) -> Result<Arc<ConnectedAccount>> {
    let task = {
        let (app, account) = (app.clone(), account.clone());
        async move { share(&app, &account, want).await }
    };
    app.tasks
        .spawn(task)
        .await
        .map_err(|cause| Error::internal(format!("a refresh was cut off: {cause}")))?
}

/// One refresh in this process. The run that a call joins may have begun for an older token than
/// the call has; then it takes another.
async fn share(app: &App, seen: &ConnectedAccount, want: Want) -> Result<Arc<ConnectedAccount>> {
    let found = app.refreshes.run(&seen.id, run(app, seen, want)).await?;
    if found.token_generation > seen.token_generation {
        return Ok(found);
    }
    app.refreshes.run(&seen.id, run(app, seen, want)).await
}

async fn run(app: &App, seen: &ConnectedAccount, want: Want) -> Result<Arc<ConnectedAccount>> {
    let blueprint = Blueprint::load(app, &seen.project_id, &seen.auth_config_id).await?;
    match lease::wait_for_turn(app, &blueprint, seen, want).await? {
        Turn::Ours(lease) => ask(app, &blueprint, *lease).await,
        Turn::Renewed(account) => Ok(account),
    }
}

/// Asks the provider. That we do stands in the database already.
async fn ask(app: &App, blueprint: &Blueprint, lease: Lease) -> Result<Arc<ConnectedAccount>> {
    let asked = grant::renew(app, blueprint, &lease.values);
    let answer = tokio::time::timeout(lease::TIME_TO_ASK, asked).await;
    match answer.unwrap_or_else(|_| Ok(Err(no_answer()))) {
        Ok(Ok(tokens)) => outcome::keep(app, blueprint, &lease, &tokens).await,
        Ok(Err(failure)) if failure.is_lost_grant() => outcome::lose(app, &lease, &failure).await,
        Ok(Err(failure)) => outcome::rest(app, &lease, failure.into()).await,
        Err(error) => outcome::rest(app, &lease, error.into()).await,
    }
}

fn no_answer() -> TokenFailure {
    TokenFailure::NoAnswer(Error::Upstream {
        message: "the provider did not answer in time".into(),
        timed_out: true,
    })
}

fn unusable(account: &ConnectedAccount, status: Status, reason: String) -> Error {
    Error::AccountUnusable {
        account: account.id.as_str().to_owned(),
        status: status.name(),
        reason,
    }
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
