//! With which of a user's accounts a session works.

use std::collections::BTreeMap;

use super::config::SessionConfig;
use super::scope::Scope;
use crate::accounts::{self, AccountSelector};
use crate::app::App;
use crate::catalog::Toolkit;
use crate::error::{CONNECTED_ACCOUNT, Error, Result};
use crate::ids::AccountId;
use crate::storage;
use crate::storage::connected_accounts::{AccountFilter, AccountOrder, ConnectedAccount, Status};

/// A user has few accounts; what is beyond this is not looked at.
const MOST_ACCOUNTS: i64 = 1000;

/// A user's accounts for one toolkit, as far as the session knows them.
#[derive(Debug, Clone, Default)]
pub struct Connected {
    /// Those that calls may use, the default first.
    pub usable: Vec<ConnectedAccount>,
    /// The newest of the others.
    pub unusable: Option<ConnectedAccount>,
}

impl Connected {
    /// The account that calls use where they name none.
    #[must_use]
    pub fn default_account(&self) -> Option<&ConnectedAccount> {
        self.usable.first()
    }
}

/// A user's accounts by slug of their toolkit.
#[derive(Debug, Clone, Default)]
pub struct Connections(BTreeMap<String, Connected>);

impl Connections {
    /// The accounts for a toolkit.
    #[must_use]
    pub fn of(&self, toolkit: &str) -> Option<&Connected> {
        self.0.get(toolkit)
    }
}

impl Scope {
    /// The user's accounts for these toolkits, or for all where none is named.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn connections(&self, app: &App, toolkits: &[String]) -> Result<Connections> {
        let filter = AccountFilter {
            users: vec![self.user.clone()],
            toolkits: toolkits.to_vec(),
            ..AccountFilter::default()
        };
        let mut session = app.db.read().await?;
        let order = AccountOrder::CreatedDescending;
        let project = &self.project;
        let accounts = storage::connected_accounts::list(
            session.conn(),
            project,
            &filter,
            order,
            MOST_ACCOUNTS,
            0,
        );
        let accounts = accounts.await?;
        drop(session);
        let mut connections = Connections::default();
        for account in accounts {
            if !self.knows(&account) {
                continue;
            }
            let is_usable = self.may_use(app, &account).await?;
            let connected = connections.0.entry(account.toolkit.clone()).or_default();
            if is_usable {
                connected.usable.push(account);
            } else if connected.unusable.is_none() {
                connected.unusable = Some(account);
            }
        }
        if let Some(config) = self.config() {
            connections.in_order_of(config);
        }
        Ok(connections)
    }

    /// Whether the session's pins and auth configs let an account through.
    fn knows(&self, account: &ConnectedAccount) -> bool {
        let Some(config) = self.config() else {
            return true;
        };
        if let Some(pinned) = config.connected_accounts.get(&account.toolkit) {
            return pinned.accounts().contains(&account.id);
        }
        let by = config.auth_configs.get(&account.toolkit);
        by.is_none_or(|id| *id == account.auth_config_id)
    }

    async fn may_use(&self, app: &App, account: &ConnectedAccount) -> Result<bool> {
        if !account.enabled || account.status != Status::Active {
            return Ok(false);
        }
        let id = &account.auth_config_id;
        let by = match accounts::find_auth_config(app, &self.project, id).await {
            Ok(config) => config,
            // It is about to go, and the account with it.
            Err(Error::NotFound { .. }) => return Ok(false),
            Err(error) => return Err(error),
        };
        let is_asked_for = self.config().is_none_or(|config| {
            config.connected_accounts.contains_key(&account.toolkit)
                || config.auth_configs.contains_key(&account.toolkit)
        });
        Ok(by.enabled && (by.enabled_for_tool_router || is_asked_for))
    }

    /// The account that a call of this toolkit takes: the one it names by id, alias or word id, else the
    /// session's pin, else the newest by the session's auth config, else the user's newest.
    ///
    /// # Errors
    /// [`Error::NotFound`] when the named one is not the user's or not the session's,
    /// [`Error::NoConnectedAccount`], [`Error::Invalid`] where the call must say which.
    pub async fn selector(
        &self,
        app: &App,
        toolkit: &Toolkit,
        named: Option<&str>,
    ) -> Result<AccountSelector> {
        let slug = &toolkit.manifest.slug;
        let nobodys = AccountSelector {
            account: None,
            user: Some(self.user.clone()),
        };
        let is_pinned = |config: &SessionConfig| {
            let pinned = config.connected_accounts.get(slug);
            pinned.is_some_and(|pinned| !pinned.accounts().is_empty())
        };
        let account = match (named, self.config()) {
            (Some(named), _) => self.named(app, slug, named).await?,
            (None, Some(config)) if !toolkit.no_auth() || is_pinned(config) => {
                self.default(app, slug, config).await?
            }
            (None, _) => return Ok(nobodys),
        };
        Ok(AccountSelector {
            account: Some(account),
            user: Some(self.user.clone()),
        })
    }

    async fn named(&self, app: &App, toolkit: &str, named: &str) -> Result<AccountId> {
        let connections = self.connections(app, &[toolkit.to_owned()]).await?;
        let usable = connections.of(toolkit).map(|known| known.usable.as_slice());
        let usable = usable.unwrap_or_default();
        let found = usable.iter().find(|account| is_called(account, named));
        let found = found.map(|account| account.id.clone());
        found.ok_or_else(|| Error::NotFound {
            what: CONNECTED_ACCOUNT,
            id: named.to_owned(),
            fix: Some(if usable.is_empty() {
                format!("The user has no active account for `{toolkit}` here; connect one.")
            } else {
                format!(
                    "The user's accounts for `{toolkit}` here: {}.",
                    names(usable)
                )
            }),
        })
    }

    async fn default(&self, app: &App, toolkit: &str, config: &SessionConfig) -> Result<AccountId> {
        let must_say = config
            .multi_account
            .as_ref()
            .is_some_and(|multi| multi.enable && multi.require_explicit_selection);
        let is_narrowed = config.connected_accounts.contains_key(toolkit)
            || config.auth_configs.contains_key(toolkit);
        if !must_say && !is_narrowed {
            let newest = AccountSelector {
                account: None,
                user: Some(self.user.clone()),
            };
            let account = accounts::pick(app, &self.project, toolkit, &newest).await?;
            if self.may_use(app, &account).await? {
                return Ok(account.id.clone());
            }
        }
        let connections = self.connections(app, &[toolkit.to_owned()]).await?;
        let connected = connections.of(toolkit).cloned().unwrap_or_default();
        if must_say && connected.usable.len() > 1 {
            return Err(Error::invalid_with_fix(
                format!(
                    "user `{}` has {} accounts for `{toolkit}`, and the session asks calls to say which",
                    self.user,
                    connected.usable.len()
                ),
                format!("Give `account` as one of: {}.", names(&connected.usable)),
            ));
        }
        connected
            .usable
            .into_iter()
            .next()
            .map(|account| account.id)
            .ok_or_else(|| Error::NoConnectedAccount {
                user: self.user.clone(),
                toolkit: toolkit.to_owned(),
            })
    }
}

impl Connections {
    /// Pinned accounts come in the order of their pins.
    fn in_order_of(&mut self, config: &SessionConfig) {
        for (toolkit, connected) in &mut self.0 {
            if let Some(pinned) = config.connected_accounts.get(toolkit) {
                let place = |account: &ConnectedAccount| {
                    let mut pins = pinned.accounts().iter();
                    pins.position(|id| *id == account.id)
                };
                connected.usable.sort_by_key(place);
            }
        }
    }
}

/// Whether calls may mean this account by a name: its id, its alias or the words that stand for it.
#[must_use]
pub fn is_called(account: &ConnectedAccount, name: &str) -> bool {
    account.id.as_str() == name
        || account.alias.as_deref() == Some(name)
        || accounts::word_id(&account.toolkit, &account.id) == name
}

/// How calls can name these accounts.
fn names(accounts: &[ConnectedAccount]) -> String {
    let name = |account: &ConnectedAccount| match &account.alias {
        Some(alias) => format!("{} ({alias})", account.id),
        None => account.id.to_string(),
    };
    accounts.iter().map(name).collect::<Vec<_>>().join(", ")
}
