//! Finishes an OAuth connection when the user's browser comes back from the provider (RFC 6749
//! section 4.1.2).

use serde_json::{Map, Value};
use url::Url;

use super::Finish;
use super::attempt::{Journey, by_link};
use crate::accounts::blueprint::Blueprint;
use crate::accounts::choice::Granted;
use crate::accounts::consent::{self, Returned};
use crate::accounts::refresh::change_of;
use crate::accounts::token;
use crate::accounts::view::read;
use crate::app::App;
use crate::auth_schemes::oauth2::TokenFailure;
use crate::error::{Error, Result};
use crate::ids::{AccountId, AttemptId};
use crate::scheme::Scheme;
use crate::storage::connected_accounts::{self, ConnectedAccount, NewCredentials, Status};
use crate::storage::connection_attempts::{self, AttemptKind, ConnectionAttempt};
use crate::storage::jobs::{self, Job};

/// How often new tokens are tried to be stored beside other writers.
const STORE_ATTEMPTS: usize = 5;

/// What comes of a consent.
#[derive(Debug)]
pub enum Consented {
    /// The connection came to its end.
    Over(Finish),
    /// The user must choose what the account is for, on this page.
    Choose(Url),
}

/// Ends the round trip to a provider: the attempt that `state` names is used up, whatever comes of
/// it, then what came back is redeemed and the account activated, or ended with the provider's
/// reason.
///
/// # Errors
/// [`Error::Invalid`] when the state is not ours, over, or used already.
pub async fn complete_consent(app: &App, state: &str, returned: Returned) -> Result<Consented> {
    let attempt = consume(app, state).await?;
    // The browser may go away, but a code that was exchanged must not be lost.
    let task = {
        let app = app.clone();
        async move { complete(&app, attempt, &returned).await }
    };
    app.tasks
        .spawn(task)
        .await
        .map_err(|cause| Error::internal(format!("a connection was cut off: {cause}")))?
}

fn unusable_state() -> Error {
    Error::invalid_with_fix(
        "this sign-in is over, was used already, or was not begun here",
        "Go back to where you began and connect again.",
    )
}

async fn consume(app: &App, state: &str) -> Result<ConnectionAttempt> {
    let now = app.clock.now();
    let (project, id) = app
        .state_signer
        .read(state, now)
        .ok_or_else(unusable_state)?;
    let mut tx = app.db.begin().await?;
    let attempt = connection_attempts::find(tx.conn(), &project, &id)
        .await?
        .filter(|attempt| attempt.kind == AttemptKind::OAuth)
        .ok_or_else(unusable_state)?;
    if !connection_attempts::consume(tx.conn(), &project, &id, now).await? {
        return Err(unusable_state());
    }
    tx.commit().await?;
    Ok(attempt)
}

async fn complete(app: &App, attempt: ConnectionAttempt, returned: &Returned) -> Result<Consented> {
    let (project, id) = (&attempt.project_id, &attempt.account_id);
    let account = read(app, project, id).await.map_err(|_| unusable_state())?;
    let blueprint = Blueprint::load(app, project, &account.auth_config_id).await?;
    let outcome = match returned.refusal(account.scheme) {
        Some(refusal) => Err(refusal),
        None if !blueprint.config.enabled => {
            Err("the auth config was switched off meanwhile".to_owned())
        }
        None => redeem(app, &blueprint, &account, &attempt, returned).await?,
    };
    let remembered = blueprint.keyring.open_attempt(&attempt)?;
    let failure = match outcome {
        Ok(granted) if !granted.choices.is_empty() => {
            let journey = Journey {
                account: account.id,
                callback_url: attempt.callback_url,
                expires_at: attempt.expires_at,
                camel_case_callback: remembered.camel_case_callback,
            };
            return let_choose(app, &blueprint, journey, granted).await;
        }
        Ok(granted) => {
            activate(app, &blueprint, id, granted.tokens, None).await?;
            None
        }
        Err(reason) => {
            fail(app, &account, &reason).await?;
            Some(reason)
        }
    };
    Ok(Consented::Over(Finish {
        project: account.project_id,
        account: account.id,
        toolkit: account.toolkit,
        goes_on: failure.is_some() && account.status == Status::Active,
        failure,
        callback_url: attempt.callback_url,
        camel_case: remembered.camel_case_callback,
    }))
}

/// Seals the grant with an attempt of our own page, which ends when the user's time does. Nothing of
/// it enters the account before the user has chosen.
async fn let_choose(
    app: &App,
    blueprint: &Blueprint,
    journey: Journey,
    granted: Granted,
) -> Result<Consented> {
    let (_, url, attempt) = by_link(app, blueprint, journey, Some(granted))?;
    let job = Job::GiveBackUnchosen {
        project: attempt.project_id.clone(),
        attempt: attempt.id.clone(),
    };
    let mut tx = app.db.begin().await?;
    connection_attempts::insert(tx.conn(), &attempt).await?;
    jobs::enqueue(tx.conn(), &job, attempt.expires_at, attempt.created_at).await?;
    tx.commit().await?;
    Ok(Consented::Choose(url))
}

async fn redeem(
    app: &App,
    blueprint: &Blueprint,
    account: &ConnectedAccount,
    attempt: &ConnectionAttempt,
    returned: &Returned,
) -> Result<Result<Granted, String>> {
    let values = blueprint.keyring.open_account(account)?;
    let remembered = blueprint.keyring.open_attempt(attempt)?;
    match consent::redeem(app, blueprint, &values, remembered, returned).await {
        Ok(Ok(granted)) => Ok(Ok(granted)),
        Ok(Err(failure)) => {
            if let TokenFailure::NoAnswer(error) = &failure {
                tracing::warn!(account.id = %account.id, %error, "the code was not exchanged");
            }
            Ok(Err(format!(
                "the consent could not be used: {}",
                failure.reason()
            )))
        }
        // The auth config was changed meanwhile and works no longer.
        Err(error @ Error::Invalid { .. }) => Ok(Err(error.to_string())),
        Err(error) => Err(error),
    }
}

/// Keeps the tokens. Two windows may finish at once; the later grant is as good as the other. Uses
/// `link` up with it, where the user came from our page, and leaves it the secrets that stand beside it;
/// `false` when that was used or is over.
pub(super) async fn activate(
    app: &App,
    blueprint: &Blueprint,
    id: &AccountId,
    tokens: Map<String, Value>,
    link: Option<(&AttemptId, &[u8])>,
) -> Result<bool> {
    let (keyring, project) = (&blueprint.keyring, &blueprint.config.project_id);
    let declared = &blueprint.auth()?.fields.connection;
    for _ in 0..STORE_ATTEMPTS {
        let account = read(app, project, id).await.map_err(|_| unusable_state())?;
        let now = app.clock.now();
        let mut values = keyring.open_account(&account)?;
        let is_registered = account.scheme == Scheme::DcrOauth;
        let is_of_client = |name: &str| is_registered && token::is_of_client(name);
        let told = blueprint.auth()?.post_connect.as_ref();
        let is_told = |name: &str| told.is_some_and(|asked| asked.keep.contains_key(name));
        // Nothing of an earlier grant stays behind: a new one may come without a refresh token, and may be
        // for another site.
        values.retain(|name, _| {
            let is_given = declared.iter().any(|field| field.name == *name);
            !token::is_of_grant(name) && !is_of_client(name) && (is_given || !is_told(name))
        });
        let values = token::renewed(values, tokens.clone(), declared);
        let new = NewCredentials {
            seen_generation: account.token_generation,
            credentials: keyring.seal_account(id, &values)?,
            token_expires_at: token::end_of_life(&values, now),
            status: Status::Active,
            connect_by: None,
        };
        let mut tx = app.db.begin().await?;
        if let Some((link, rest)) = link {
            if !connection_attempts::consume(tx.conn(), project, link, now).await? {
                return Ok(false);
            }
            connection_attempts::replace_secrets(tx.conn(), project, link, rest).await?;
        }
        if connected_accounts::store_credentials(tx.conn(), project, id, &new, now).await? {
            connection_attempts::close(tx.conn(), project, id, now).await?;
            tx.changed(change_of(&account));
            tx.commit().await?;
            return Ok(true);
        }
    }
    Err(Error::internal("an account is written by too many at once"))
}

/// Ends an unfinished connection with a reason. An account that worked before the user was asked
/// again goes on as it was.
pub(super) async fn fail(app: &App, account: &ConnectedAccount, reason: &str) -> Result<()> {
    if !account.status.is_unfinished() {
        return Ok(());
    }
    let (project, id, now) = (&account.project_id, &account.id, app.clock.now());
    let mut tx = app.db.begin().await?;
    let seen = account.token_generation;
    let outcome = (Status::Failed, reason);
    if connected_accounts::fail(tx.conn(), project, id, seen, outcome, now).await? {
        connection_attempts::close(tx.conn(), project, id, now).await?;
        tx.changed(change_of(account));
        tx.commit().await?;
    }
    Ok(())
}
