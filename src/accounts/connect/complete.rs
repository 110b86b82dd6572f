//! Takes a user back from an OAuth provider.

use serde_json::{Map, Value};

use super::Finish;
use crate::accounts::refresh::change_of;
use crate::accounts::secrets::Keyring;
use crate::accounts::{find_auth_config, provider, token};
use crate::app::App;
use crate::auth_schemes::oauth2::{TokenFailure, presentable};
use crate::error::{Error, Result};
use crate::storage::connected_accounts::{self, ConnectedAccount, NewCredentials, Status};
use crate::storage::connection_attempts::{self, AttemptKind, ConnectionAttempt};

/// What the provider sent the browser back with (RFC 6749 sections 4.1.2 and 4.1.2.1).
#[derive(Clone)]
pub enum Verdict {
    /// A code to exchange.
    Code(String),
    /// The user or the provider said no.
    Refused {
        /// `access_denied`, …
        error: String,
        /// The provider's own words.
        description: Option<String>,
    },
}

/// Without the code.
impl std::fmt::Debug for Verdict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Code(_) => "Code",
            Self::Refused { .. } => "Refused",
        })
    }
}

/// Ends an OAuth round trip: the attempt that `state` names is used up, then the code is exchanged.
///
/// # Errors
/// [`Error::Invalid`] when the state is not ours, over, or used; what fails after that is a
/// [`Finish`] with its reason.
pub async fn complete_oauth(app: &App, state: &str, verdict: Verdict) -> Result<Finish> {
    let (attempt, account) = take_attempt(app, state).await?;
    let catalog = app.catalog.current();
    let toolkit = catalog.toolkit(&account.toolkit)?;
    let outcome = match verdict {
        Verdict::Refused { error, description } => Err(refusal(&error, description.as_deref())),
        Verdict::Code(code) => exchange(app, &attempt, &account, code).await?,
    };
    let failure = match outcome {
        Ok(tokens) => activate(app, &account, tokens).await?,
        Err(reason) => {
            fail(app, &account, &reason).await?;
            Some(reason)
        }
    };
    Ok(Finish {
        account: account.id,
        toolkit: toolkit.manifest.name.clone(),
        failure,
        callback_url: attempt.callback_url,
    })
}

/// Uses the attempt up, which works for one caller alone.
async fn take_attempt(app: &App, state: &str) -> Result<(ConnectionAttempt, ConnectedAccount)> {
    let unknown = || {
        Error::invalid_with_fix(
            "this sign-in is not known here, is over, or was used already",
            "Go back to where you came from and connect again.",
        )
    };
    let now = app.clock.now();
    let (project, id) = app.state_signer.read(state, now).ok_or_else(unknown)?;
    let mut tx = app.db.begin().await?;
    let attempt = connection_attempts::find(tx.conn(), &project, &id)
        .await?
        .filter(|attempt| attempt.kind == AttemptKind::OAuth)
        .ok_or_else(unknown)?;
    if !connection_attempts::consume(tx.conn(), &project, &id, now).await? {
        return Err(unknown());
    }
    let account = connected_accounts::find(tx.conn(), &project, &attempt.account_id)
        .await?
        .ok_or_else(unknown)?;
    tx.commit().await?;
    Ok((attempt, account))
}

fn refusal(error: &str, description: Option<&str>) -> String {
    let error = presentable(error);
    match description {
        None => format!("the provider answered {error}"),
        Some(description) => format!(
            "the provider answered {error}: {}",
            presentable(description)
        ),
    }
}

/// The tokens, or why there are none.
async fn exchange(
    app: &App,
    attempt: &ConnectionAttempt,
    account: &ConnectedAccount,
    code: String,
) -> Result<Result<Map<String, Value>, String>> {
    let keyring = Keyring::of(app, &account.project_id).await?;
    let config = find_auth_config(app, &account.project_id, &account.auth_config_id).await?;
    let catalog = app.catalog.current();
    let toolkit = catalog.toolkit(&account.toolkit)?;
    let secrets = keyring.open_config(&config)?;
    let values = keyring.open_account(account)?;
    let client = provider::client(app, toolkit, &config, &secrets, &values)?;
    let remembered = keyring.open_attempt(attempt)?;
    let tokens = client
        .exchange(code, remembered.code_verifier, &|request| {
            Box::pin(provider::send(app, request))
        })
        .await;
    Ok(tokens.map_err(|failure| format!("no token was given: {}", TokenFailure::reason(&failure))))
}

/// Stores the tokens. An account that another attempt finished meanwhile stays as that one left it.
async fn activate(
    app: &App,
    account: &ConnectedAccount,
    tokens: Map<String, Value>,
) -> Result<Option<String>> {
    let keyring = Keyring::of(app, &account.project_id).await?;
    let now = app.clock.now();
    let values = token::connected(keyring.open_account(account)?, tokens);
    let new = NewCredentials {
        seen_generation: account.token_generation,
        credentials: keyring.seal_account(&account.id, &values)?,
        token_expires_at: token::end_of_life(&values, now),
        status: Status::Active,
        connect_by: None,
    };
    let (project, id) = (&account.project_id, &account.id);
    let mut tx = app.db.begin().await?;
    if !connected_accounts::store_credentials(tx.conn(), project, id, &new, now).await? {
        return Ok(Some(
            "the account changed while it was being connected".into(),
        ));
    }
    connection_attempts::close(tx.conn(), project, id, now).await?;
    tx.changed(change_of(account));
    tx.commit().await?;
    Ok(None)
}

/// Notes the failure of a connection that never worked; one that works keeps working.
async fn fail(app: &App, account: &ConnectedAccount, reason: &str) -> Result<()> {
    if account.status == Status::Active {
        return Ok(());
    }
    let now = app.clock.now();
    let (project, id) = (&account.project_id, &account.id);
    let mut tx = app.db.begin().await?;
    let seen = account.token_generation;
    connected_accounts::fail(tx.conn(), project, id, seen, (Status::Failed, reason), now).await?;
    connection_attempts::close(tx.conn(), project, id, now).await?;
    tx.changed(change_of(account));
    tx.commit().await
}
