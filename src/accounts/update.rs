//! Changes of an account that a project asks for: another alias, new credentials.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::blueprint::Blueprint;
use super::config_credentials::merge;
use super::connect::{check_names, credentials_only};
use super::fields::missing_error;
use super::refresh::change_of;
use super::view::read;
use super::{grant, token};
use crate::app::App;
use crate::auth_schemes::Credentials;
use crate::catalog::Toolkit;
use crate::error::{Error, Result};
use crate::ids::{AccountId, ProjectId};
use crate::scheme::Scheme;
use crate::storage::connected_accounts::{self, ConnectedAccount, NewCredentials, Status};
use crate::storage::connection_attempts;

const PATH: &str = "connection.state.val";

/// A change of an account; what is absent stays as it is.
#[derive(Debug, Clone, Default)]
pub struct AccountUpdate {
    /// Another name; an empty one removes it.
    pub alias: Option<String>,
    /// The scheme that the caller takes the account for, and single values; null removes one.
    pub credentials: Option<(Scheme, Map<String, Value>)>,
}

/// A change that is in order and not made yet.
pub struct PreparedUpdate {
    account: ConnectedAccount,
    alias: Option<String>,
    credentials: Option<(Blueprint, Map<String, Value>)>,
}

impl std::fmt::Debug for PreparedUpdate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PreparedUpdate({})", self.account.id)
    }
}

impl PreparedUpdate {
    /// The new credentials as a tool would use them, to be tried before they are kept; none where
    /// they stay as they are.
    #[must_use]
    pub fn to_try(&self) -> Option<(&Arc<Toolkit>, Credentials)> {
        let (blueprint, new) = self.credentials.as_ref()?;
        Some((&blueprint.toolkit, blueprint.credentials(new.clone())))
    }
}

/// Checks a change of an account. Asks the provider for a token where the scheme has one.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::Invalid`] when a value is wrong, or the account is connected by
/// consent: its tokens come from the provider.
pub async fn prepare_update(
    app: &App,
    project: &ProjectId,
    id: &AccountId,
    update: AccountUpdate,
) -> Result<PreparedUpdate> {
    let AccountUpdate { alias, credentials } = update;
    let account = read(app, project, id).await?;
    check_names(&account.user_id, alias.as_deref())?;
    let credentials = match credentials {
        Some((scheme, values)) => Some(new_credentials(app, &account, scheme, values).await?),
        None => None,
    };
    Ok(PreparedUpdate {
        account,
        alias,
        credentials,
    })
}

async fn new_credentials(
    app: &App,
    account: &ConnectedAccount,
    scheme: Scheme,
    values: Map<String, Value>,
) -> Result<(Blueprint, Map<String, Value>)> {
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
    let blueprint = Blueprint::load(app, &account.project_id, &account.auth_config_id).await?;
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
    Ok((blueprint, values))
}

/// Makes a change: all of it or nothing.
///
/// # Errors
/// [`Error::Conflict`] when the user has the alias already, or another request was first.
pub async fn apply_update(app: &App, prepared: PreparedUpdate) -> Result<ConnectedAccount> {
    let PreparedUpdate {
        account,
        alias,
        credentials,
    } = prepared;
    let (project, id, now) = (&account.project_id, &account.id, app.clock.now());
    let mut tx = app.db.begin().await?;
    if let Some((blueprint, values)) = credentials {
        let new = NewCredentials {
            seen_generation: account.token_generation,
            credentials: blueprint.keyring.seal_account(id, &values)?,
            token_expires_at: token::end_of_life(&values, now),
            status: Status::Active,
            connect_by: None,
        };
        if !connected_accounts::store_credentials(tx.conn(), project, id, &new, now).await? {
            return Err(Error::Conflict(
                "the account was changed by another request".into(),
            ));
        }
        connection_attempts::close(tx.conn(), project, id, now).await?;
    }
    if let Some(alias) = alias {
        let alias = Some(alias.as_str()).filter(|alias| !alias.is_empty());
        connected_accounts::set_alias(tx.conn(), project, id, alias, now).await?;
    }
    tx.changed(change_of(&account));
    tx.commit().await?;
    read(app, project, id).await
}
