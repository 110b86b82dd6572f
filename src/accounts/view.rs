//! Accounts as answers show them.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::mask::mask;
use super::pick::find_auth_config;
use super::secrets::Keyring;
use super::token;
use crate::app::App;
use crate::caches::OpenProject;
use crate::catalog::Catalog;
use crate::error::{CONNECTED_ACCOUNT, Error, Result};
use crate::ids::{AccountId, ProjectId};
use crate::paging::{Page, PageRequest};
use crate::storage;
use crate::storage::auth_configs::AuthConfig;
use crate::storage::connected_accounts::{AccountFilter, AccountOrder, ConnectedAccount};
use crate::tenancy;
use crate::toolkits;

/// An account, opened, and masked where the project wants it.
#[derive(Debug)]
pub struct AccountView {
    /// The row.
    pub account: ConnectedAccount,
    /// Its auth config.
    pub config: Arc<AuthConfig>,
    /// Tokens, keys and fields; `redirectUrl` while it is unfinished.
    pub values: Map<String, Value>,
    /// Those of the values that are the toolkit's own fields.
    pub params: Map<String, Value>,
    /// The path that shows whose credentials they are, if the toolkit names one.
    pub identity_path: Option<String>,
    /// The client id of the operator's app that the account was connected by, where this server no
    /// longer has that app: its token cannot be renewed.
    pub lost_app: Option<String>,
}

/// One account.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn get(app: &App, project: &ProjectId, id: &AccountId) -> Result<AccountView> {
    let account = read(app, project, id).await?;
    let config = find_auth_config(app, project, &account.auth_config_id).await?;
    let open = tenancy::open_project(app, project).await?;
    let catalog = toolkits::catalog(app, project).await?;
    view(&catalog, &open, account, config)
}

/// The accounts that `filter` lets through.
///
/// # Errors
/// When the database cannot be read.
pub async fn list(
    app: &App,
    project: &ProjectId,
    filter: &AccountFilter,
    order: AccountOrder,
    page: PageRequest,
) -> Result<Page<AccountView>> {
    let open = tenancy::open_project(app, project).await?;
    let catalog = toolkits::catalog(app, project).await?;
    let mut session = app.db.read().await?;
    let (limit, offset) = (page.sql_limit(), page.sql_offset());
    let rows =
        storage::connected_accounts::list(session.conn(), project, filter, order, limit, offset)
            .await?;
    let total = storage::connected_accounts::count(session.conn(), project, filter).await?;
    let mut ids: Vec<String> = rows
        .iter()
        .map(|row| row.auth_config_id.as_str().to_owned())
        .collect();
    ids.sort_unstable();
    ids.dedup();
    let configs = storage::auth_configs::find_all(session.conn(), project, &ids).await?;
    drop(session);
    let configs: HashMap<_, _> = configs
        .into_iter()
        .map(|config| (config.id.clone(), Arc::new(config)))
        .collect();
    let views = rows.into_iter().filter_map(|account| {
        // An account whose auth config is gone by the second read is about to go too.
        let config = Arc::clone(configs.get(&account.auth_config_id)?);
        Some(view(&catalog, &open, account, config))
    });
    Ok(page.page(views.collect::<Result<_>>()?, total))
}

/// An account as it stands in the database now.
///
/// # Errors
/// [`Error::NotFound`].
pub(super) async fn read(
    app: &App,
    project: &ProjectId,
    id: &AccountId,
) -> Result<ConnectedAccount> {
    let mut session = app.db.read().await?;
    storage::connected_accounts::find(session.conn(), project, id)
        .await?
        .ok_or_else(|| Error::not_found(CONNECTED_ACCOUNT, id.as_str()))
}

/// An account as answers of its project show it.
///
/// # Errors
/// When its credentials do not open.
pub(super) fn view(
    catalog: &Catalog,
    open: &OpenProject,
    account: ConnectedAccount,
    config: Arc<AuthConfig>,
) -> Result<AccountView> {
    let mut values = Keyring::in_hand(open).open_account(&account)?;
    let toolkit = catalog.toolkit(&account.toolkit).ok();
    let auth = toolkit.and_then(|toolkit| toolkit.auth(account.scheme));
    if open.project.settings.mask_secrets {
        values = mask(&values, auth);
    }
    let fields = auth.map_or(&[][..], |auth| &auth.fields.connection);
    let params = fields
        .iter()
        .filter_map(|field| Some((field.name.clone(), values.get(&field.name)?.clone())))
        .collect();
    let identity = toolkit.and_then(|toolkit| toolkit.manifest.identity.as_ref());
    let oauth_app = values.get(token::OAUTH_APP).and_then(Value::as_str);
    let lost_app = oauth_app
        .filter(|id| config.managed && !toolkit.is_some_and(|toolkit| toolkit.has_app(id)))
        .map(str::to_owned);
    let identity_path = identity.and_then(|identity| identity.plain_path().map(str::to_owned));
    Ok(AccountView {
        account,
        config,
        values,
        params,
        identity_path,
        lost_app,
    })
}
