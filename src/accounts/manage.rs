//! Changes to accounts that exist: disable, rename, give new credentials, ask the user again,
//! remove.

use serde_json::{Map, Value};

use super::blueprint::Blueprint;
use super::config_credentials::merge;
use super::connect::{
    AtProvider, Journey, TIME_TO_CONNECT, at_provider, by_link, check_enabled, check_names,
    credentials_only,
};
use super::fields::missing_error;
use super::grant;
use super::refresh::{change_of, refresh};
use super::revoke::{Batch, GiveBack};
use super::token;
use super::view::read;
use crate::app::App;
use crate::error::{CONNECTED_ACCOUNT, Error, Result};
use crate::ids::{AccountId, JobId, ProjectId};
use crate::scheme::Scheme;
use crate::storage::connected_accounts::{self, ConnectedAccount, NewCredentials, Status};
use crate::storage::connection_attempts;
use crate::storage::jobs::{self, Job};

/// A change of an account; what is absent stays as it is.
#[derive(Debug, Clone, Default)]
pub struct AccountUpdate {
    /// Another name; an empty one removes it.
    pub alias: Option<String>,
    /// The scheme that the caller takes the account for, and single values; null removes one.
    pub credentials: Option<(Scheme, Map<String, Value>)>,
}

/// What came of a refresh.
#[derive(Debug)]
pub struct Refreshed {
    /// The account as it stands now.
    pub account: ConnectedAccount,
    /// Where the user must go, when only the user can help.
    pub redirect_url: Option<String>,
}

fn not_found(id: &AccountId) -> Error {
    Error::not_found(CONNECTED_ACCOUNT, id.as_str())
}

/// Enables or disables an account; a disabled one is kept and not used.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn set_enabled(
    app: &App,
    project: &ProjectId,
    id: &AccountId,
    enabled: bool,
) -> Result<()> {
    let mut tx = app.db.begin().await?;
    let account = connected_accounts::find(tx.conn(), project, id)
        .await?
        .ok_or_else(|| not_found(id))?;
    connected_accounts::set_enabled(tx.conn(), project, id, enabled, app.clock.now()).await?;
    tx.changed(change_of(&account));
    tx.commit().await
}

/// Removes an account and its credentials for good, and names the job that gives its grant back to
/// the provider, if one does.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn delete(
    app: &App,
    project: &ProjectId,
    id: &AccountId,
    mode: GiveBack,
) -> Result<Option<JobId>> {
    let config = read(app, project, id).await?.auth_config_id;
    // An account whose toolkit the operator took away can be deleted all the same.
    let blueprint = Blueprint::load(app, project, &config).await.ok();
    let mut tx = app.db.begin().await?;
    let account = connected_accounts::find(tx.conn(), project, id)
        .await?
        .ok_or_else(|| not_found(id))?;
    let mut batch = Batch::new(mode);
    if let Some(blueprint) = &blueprint {
        batch.add(app, &mut tx, blueprint, &account).await?;
    }
    connected_accounts::delete(tx.conn(), project, id).await?;
    let job = batch.enqueue(app, &mut tx, project).await?;
    tx.changed(change_of(&account));
    tx.commit().await?;
    app.job_stored.notify_one();
    Ok(job)
}

/// Renames an account, or replaces some of its credentials.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::Conflict`] when the user has the alias already;
/// [`Error::Invalid`] when a value is wrong, or the account is connected by OAuth: its tokens come
/// from the provider.
pub async fn update(
    app: &App,
    project: &ProjectId,
    id: &AccountId,
    update: AccountUpdate,
) -> Result<ConnectedAccount> {
    let AccountUpdate { alias, credentials } = update;
    let account = read(app, project, id).await?;
    if let Some((scheme, values)) = credentials {
        replace_credentials(app, &account, scheme, values).await?;
    }
    if let Some(alias) = alias {
        rename(app, &account, &alias).await?;
    }
    read(app, project, id).await
}

async fn replace_credentials(
    app: &App,
    account: &ConnectedAccount,
    scheme: Scheme,
    values: Map<String, Value>,
) -> Result<()> {
    const PATH: &str = "connection.state.val";
    if scheme != account.scheme {
        let own = account.scheme;
        return Err(Error::invalid(format!(
            "account `{}` is connected by {own}",
            account.id
        )));
    }
    if scheme.needs_consent() {
        return Err(Error::invalid_with_fix(
            "the tokens of an OAuth account come from the provider",
            format!(
                "Let the user consent again: POST /connected_accounts/{}/refresh.",
                account.id
            ),
        ));
    }
    let (project, id) = (&account.project_id, &account.id);
    let blueprint = Blueprint::load(app, project, &account.auth_config_id).await?;
    let mut old = credentials_only(blueprint.keyring.open_account(account)?);
    // A token of the former credentials is none of the new ones.
    old.retain(|name, _| !token::is_of_grant(name));
    let values = blueprint.take_own_names(credentials_only(values))?;
    let (values, missing) = blueprint.check(merge(old, values))?.valid(PATH)?;
    if !missing.is_empty() {
        return Err(missing_error(PATH, &missing));
    }
    let values = grant::with_first_token(app, &blueprint, values)
        .await?
        .map_err(grant::refused)?;
    let now = app.clock.now();
    let new = NewCredentials {
        seen_generation: account.token_generation,
        credentials: blueprint.keyring.seal_account(id, &values)?,
        token_expires_at: token::end_of_life(&values, now),
        status: Status::Active,
        connect_by: None,
    };
    let mut tx = app.db.begin().await?;
    if !connected_accounts::store_credentials(tx.conn(), project, id, &new, now).await? {
        return Err(Error::Conflict(
            "the account was changed by another request".into(),
        ));
    }
    connection_attempts::close(tx.conn(), project, id, now).await?;
    tx.changed(change_of(account));
    tx.commit().await
}

async fn rename(app: &App, account: &ConnectedAccount, alias: &str) -> Result<()> {
    let alias = Some(alias).filter(|alias| !alias.is_empty());
    check_names(&account.user_id, alias)?;
    let (project, id) = (&account.project_id, &account.id);
    let mut tx = app.db.begin().await?;
    connected_accounts::set_alias(tx.conn(), project, id, alias, app.clock.now()).await?;
    tx.changed(change_of(account));
    tx.commit().await
}

/// Renews an account: by its refresh token where it has one, else by asking the user again. What
/// works goes on working meanwhile; what does not becomes unfinished, so that it can be waited for.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::Upstream`] when the provider did not answer, with the account
/// unchanged.
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
    if !account.scheme.needs_consent() && !is_renewable {
        return Ok(Refreshed {
            account,
            redirect_url: None,
        });
    }
    if account.status == Status::Active && is_renewable {
        match refresh(app, &account).await {
            Ok(account) => {
                return Ok(Refreshed {
                    account: (*account).clone(),
                    redirect_url: None,
                });
            }
            // The grant is lost; the user can give a new one.
            Err(Error::AccountUnusable { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    ask_again(app, &blueprint, id, callback_url).await
}

async fn ask_again(
    app: &App,
    blueprint: &Blueprint,
    id: &AccountId,
    callback_url: Option<String>,
) -> Result<Refreshed> {
    check_enabled(blueprint)?;
    let project = &blueprint.config.project_id;
    let account = read(app, project, id).await?;
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
    let (url, attempt) = if missing.is_empty() {
        let AtProvider {
            url,
            shown,
            attempt,
        } = at_provider(app, blueprint, &values, journey).await?;
        values.extend(shown);
        (url, attempt)
    } else {
        let (_, url, attempt) = by_link(app, blueprint, journey)?;
        (url, attempt)
    };
    let mut tx = app.db.begin().await?;
    connection_attempts::insert(tx.conn(), &attempt).await?;
    if account.status != Status::Active {
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
