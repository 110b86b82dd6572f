//! Renews an account on demand: without the user where that is possible, else by asking the user
//! again.

use serde_json::Value;

use super::blueprint::Blueprint;
use super::connect::{
    AtProvider, Journey, TIME_TO_CONNECT, at_provider, by_link, check_enabled, credentials_only,
};
use super::refresh::{Want, change_of, refresh};
use super::view::read;
use super::{grant, token};
use crate::app::App;
use crate::error::{Error, Result};
use crate::ids::{AccountId, ProjectId};
use crate::storage::connected_accounts::{self, ConnectedAccount, NewCredentials, Status};
use crate::storage::connection_attempts;
use crate::storage::jobs::{self, Job};

/// What came of a refresh.
#[derive(Debug)]
pub struct Refreshed {
    /// The account as it stands now.
    pub account: ConnectedAccount,
    /// Where the user must go, when only the user can help.
    pub redirect_url: Option<String>,
}

/// Renews an account: by its refresh token or its lasting credentials where it has them, else by
/// asking the user again. What works goes on working meanwhile; what does not becomes unfinished, so
/// that it can be waited for.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::Invalid`] when its auth config is disabled; [`Error::Upstream`]
/// when the provider did not answer, with the account unchanged.
pub async fn renew(
    app: &App,
    project: &ProjectId,
    id: &AccountId,
    callback_url: Option<String>,
) -> Result<Refreshed> {
    let account = read(app, project, id).await?;
    let blueprint = Blueprint::load(app, project, &account.auth_config_id).await?;
    let values = blueprint.keyring.open_account(&account)?;
    let is_renewable = grant::is_renewable(blueprint.auth()?, &values);
    let needs_consent = account.scheme.needs_consent();
    if !needs_consent && !is_renewable {
        return Ok(Refreshed {
            account,
            redirect_url: None,
        });
    }
    check_enabled(&blueprint)?;
    // Credentials that last may get a token again after a time without one; a lost grant is lost.
    let may_work = match account.status {
        Status::Active => true,
        Status::Expired => !needs_consent,
        Status::Initializing | Status::Initiated | Status::Failed | Status::Revoked => false,
    };
    if may_work && is_renewable {
        match refresh(app, &account, Want::Answer).await {
            Ok(account) => {
                return Ok(Refreshed {
                    account: (*account).clone(),
                    redirect_url: None,
                });
            }
            // The grant is lost; the user can give a new one.
            Err(Error::AccountUnusable { status, .. }) if status == Status::Expired.name() => {}
            // Given back on purpose meanwhile.
            Err(Error::AccountUnusable { .. }) => {
                return Ok(Refreshed {
                    account: read(app, project, id).await?,
                    redirect_url: None,
                });
            }
            Err(error) => return Err(error),
        }
    }
    ask_again(app, project, id, callback_url).await
}

/// Asks the user for a new grant, or for new credentials on our page. An active account stays so.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::Invalid`] when its auth config is disabled; [`Error::Conflict`]
/// when another request was first.
pub async fn ask_again(
    app: &App,
    project: &ProjectId,
    id: &AccountId,
    callback_url: Option<String>,
) -> Result<Refreshed> {
    let account = read(app, project, id).await?;
    let blueprint = &Blueprint::load(app, project, &account.auth_config_id).await?;
    check_enabled(blueprint)?;
    let mut values = blueprint.keyring.open_account(&account)?;
    let now = app.clock.now();
    let journey = Journey {
        account: id.clone(),
        callback_url,
        expires_at: now.after(TIME_TO_CONNECT),
        camel_case_callback: false,
    };
    let connect_by = journey.expires_at;
    let missing = blueprint.check(credentials_only(values.clone()))?.missing;
    let (url, attempt) = if account.scheme.needs_consent() && missing.is_empty() {
        let AtProvider {
            url,
            shown,
            attempt,
        } = at_provider(app, blueprint, &values, journey).await?;
        values.extend(shown);
        (url, attempt)
    } else {
        let (_, url, attempt) = by_link(app, blueprint, journey, None)?;
        (url, attempt)
    };
    let mut tx = app.db.begin().await?;
    connection_attempts::insert(tx.conn(), &attempt).await?;
    if account.status != Status::Active {
        values.shift_remove(token::REVOKED_AT);
        values.insert("redirectUrl".into(), Value::String(url.to_string()));
        let new = NewCredentials {
            seen_generation: account.token_generation,
            credentials: blueprint.keyring.seal_account(id, &values)?,
            token_expires_at: None,
            status: Status::Initiated,
            connect_by: Some(connect_by),
        };
        if !connected_accounts::store_credentials(tx.conn(), project, id, &new, now).await? {
            return Err(Error::Conflict(
                "the account was changed by another request".into(),
            ));
        }
        let job = Job::ExpireConnection {
            project: project.clone(),
            account: id.clone(),
        };
        jobs::enqueue(tx.conn(), &job, connect_by, now).await?;
        tx.changed(change_of(&account));
    }
    tx.commit().await?;
    let account = read(app, project, id).await?;
    Ok(Refreshed {
        account,
        redirect_url: Some(url.into()),
    })
}
