//! Which account a call takes: the one it names, else the newest usable one of its user.

use std::sync::Arc;

use crate::app::App;
use crate::caches::AccountChoice;
use crate::error::{CONNECTED_ACCOUNT, Error, Result};
use crate::ids::{AccountId, AuthConfigId, ProjectId};
use crate::storage;
use crate::storage::auth_configs::AuthConfig;
use crate::storage::connected_accounts::{ConnectedAccount, Status};

/// Which account a call asks for.
#[derive(Debug, Clone, Default)]
pub struct AccountSelector {
    /// This one.
    pub account: Option<AccountId>,
    /// This user's newest usable one; with `account`, the user it must belong to.
    pub user: Option<String>,
}

/// The user of calls that name none.
pub const DEFAULT_USER: &str = "default";

/// The account a call uses: the one it names, else the newest usable one of its user. Never
/// another user's.
///
/// # Errors
/// [`Error::NoConnectedAccount`] when the user has none, [`Error::NotFound`] when the named one is
/// not there for this project and user, [`Error::AccountUnusable`] when it is not active.
pub async fn pick(
    app: &App,
    project: &ProjectId,
    toolkit: &str,
    selector: &AccountSelector,
) -> Result<Arc<ConnectedAccount>> {
    let user = selector.user.as_deref();
    if let Some(id) = &selector.account {
        return named(app, project, toolkit, id, user).await;
    }
    newest(app, project, toolkit, user.unwrap_or(DEFAULT_USER)).await
}

/// An account by id, from memory where it is known.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn find(app: &App, project: &ProjectId, id: &AccountId) -> Result<Arc<ConnectedAccount>> {
    let key = (project.clone(), id.clone());
    let found = app
        .caches
        .accounts
        .get(&key, || async {
            let mut session = app.db.read().await?;
            storage::connected_accounts::find(session.conn(), project, id).await
        })
        .await?;
    found.ok_or_else(|| Error::not_found(CONNECTED_ACCOUNT, id.as_str()))
}

async fn named(
    app: &App,
    project: &ProjectId,
    toolkit: &str,
    id: &AccountId,
    user: Option<&str>,
) -> Result<Arc<ConnectedAccount>> {
    let account = find(app, project, id).await?;
    if user.is_some_and(|user| user != account.user_id) {
        return Err(Error::NotFound {
            what: CONNECTED_ACCOUNT,
            id: id.as_str().to_owned(),
            fix: Some("The account belongs to another user; name its own `user_id`.".into()),
        });
    }
    if account.toolkit != toolkit {
        return Err(Error::invalid(format!(
            "connected account `{id}` is for `{}`, not for `{toolkit}`",
            account.toolkit
        )));
    }
    check_usable(app, project, &account).await?;
    Ok(account)
}

async fn newest(
    app: &App,
    project: &ProjectId,
    toolkit: &str,
    user: &str,
) -> Result<Arc<ConnectedAccount>> {
    let choice = AccountChoice {
        project: project.clone(),
        user: user.to_owned(),
        toolkit: toolkit.to_owned(),
    };
    let chosen = app
        .caches
        .choices
        .get(&choice, || async {
            let mut session = app.db.read().await?;
            let newest =
                storage::connected_accounts::newest_active(session.conn(), project, user, toolkit)
                    .await?;
            Ok(newest.map(|account| account.id))
        })
        .await?
        .ok_or_else(|| Error::NoConnectedAccount {
            user: user.to_owned(),
            toolkit: toolkit.to_owned(),
        })?;
    let account = find(app, project, &chosen).await?;
    check_usable(app, project, &account).await?;
    Ok(account)
}

async fn check_usable(app: &App, project: &ProjectId, account: &ConnectedAccount) -> Result<()> {
    let unusable = |status: &'static str, reason: &str| Error::AccountUnusable {
        account: account.id.as_str().to_owned(),
        status,
        reason: reason.to_owned(),
    };
    if !account.enabled {
        return Err(unusable("INACTIVE", "it was disabled"));
    }
    if account.status != Status::Active {
        let reason = account
            .status_reason
            .as_deref()
            .unwrap_or("it was never finished");
        return Err(unusable(account.status.name(), reason));
    }
    if !find_auth_config(app, project, &account.auth_config_id)
        .await?
        .enabled
    {
        return Err(unusable("INACTIVE", "its auth config is disabled"));
    }
    Ok(())
}

/// An auth config by id, from memory where it is known.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn find_auth_config(
    app: &App,
    project: &ProjectId,
    id: &AuthConfigId,
) -> Result<Arc<AuthConfig>> {
    let key = (project.clone(), id.clone());
    let found = app
        .caches
        .auth_configs
        .get(&key, || async {
            let mut session = app.db.read().await?;
            storage::auth_configs::find(session.conn(), project, id).await
        })
        .await?;
    found.ok_or_else(|| Error::not_found("auth config", id.as_str()))
}
