//! What a server's URL opens for one user: the rules of a session that only the server's
//! configuration made.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::accounts::{self, DEFAULT_USER};
use crate::app::App;
use crate::catalog::{Catalog, Tool, ToolAccess, ToolFilter, VersionPins};
use crate::error::{CONNECTED_ACCOUNT, Error, Result};
use crate::ids::{AccountId, AuthConfigId, SessionId};
use crate::sessions::config::{Choice, Pinned, SessionConfig, ToolRule};
use crate::sessions::custom::CustomTools;
use crate::sessions::{Scope, Session};
use crate::storage;
use crate::storage::auth_configs::AuthConfig;
use crate::storage::connected_accounts::{AccountFilter, AccountOrder};
use crate::storage::mcp_servers::McpServer;
use crate::toolkits;

/// Accounts of one user and toolkit that are looked at.
const MOST_ACCOUNTS: i64 = 100;

/// For whom a URL is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Who {
    /// The user.
    pub user: Option<String>,
    /// Accounts in place of the user's newest, all of one user.
    pub accounts: Vec<AccountId>,
}

/// What the server opens for a user.
///
/// # Errors
/// [`Error::NotFound`] for an account that is not the project's or not the user's, [`Error::Invalid`]
/// for one that is not of the server's toolkits and auth configs.
pub async fn scope(app: &App, server: &McpServer, who: &Who) -> Result<Scope> {
    let catalog = toolkits::catalog(app, &server.project_id).await?;
    let mut config = SessionConfig {
        toolkits: Some(Choice::Enabled(server.toolkits.clone())),
        tools: tool_rules(server, &catalog),
        ..SessionConfig::default()
    };
    let (user, pinned) = pinned(app, server, who).await?;
    let configs = auth_configs(app, server).await?;
    for (toolkit, configs) in &configs {
        if let Some(first) = configs.first() {
            config
                .auth_configs
                .insert(toolkit.clone(), first.id.clone());
        }
        if configs.len() > 1 {
            let ids = configs.iter().map(|config| config.id.clone()).collect();
            let accounts = accounts_by(app, server, &user, toolkit, ids).await?;
            let pin = Pinned::Several(accounts);
            config.connected_accounts.insert(toolkit.clone(), pin);
        }
    }
    config.connected_accounts.extend(pinned);
    let session = Session {
        id: SessionId::from(server.id.as_str().to_owned()),
        user: user.clone(),
        created_by: server.id.as_str().to_owned(),
        config,
        config_version: 1,
        custom: CustomTools::default(),
    };
    Ok(Scope {
        project: server.project_id.clone(),
        user,
        created_by: server.id.as_str().to_owned(),
        session: Some(Arc::new(session)),
        catalog,
    })
}

/// Where tools were chosen: those, and none of a toolkit of which none was.
fn tool_rules(server: &McpServer, catalog: &Catalog) -> BTreeMap<String, ToolRule> {
    if server.allowed_tools.is_empty() {
        return BTreeMap::new();
    }
    let mut chosen: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for toolkit in &server.toolkits {
        chosen.insert(toolkit.clone(), Vec::new());
    }
    for slug in &server.allowed_tools {
        if let Ok(tool) = catalog.newest_form(slug)
            && let Some(slugs) = chosen.get_mut(&tool.toolkit.manifest.slug)
        {
            slugs.push(tool.manifest.slug.clone());
        }
    }
    let rules = chosen.into_iter();
    rules
        .map(|(toolkit, slugs)| (toolkit, ToolRule::Enabled(slugs)))
        .collect()
}

/// The server's auth configs by toolkit, but for those that are gone.
async fn auth_configs(
    app: &App,
    server: &McpServer,
) -> Result<BTreeMap<String, Vec<Arc<AuthConfig>>>> {
    let mut by_toolkit: BTreeMap<String, Vec<Arc<AuthConfig>>> = BTreeMap::new();
    for id in &server.auth_config_ids {
        let id = AuthConfigId::from(id.clone());
        match accounts::find_auth_config(app, &server.project_id, &id).await {
            Ok(config) => {
                let configs = by_toolkit.entry(config.toolkit.clone()).or_default();
                configs.push(config);
            }
            Err(Error::NotFound { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(by_toolkit)
}

/// The user's accounts by one of several auth configs, newest first.
async fn accounts_by(
    app: &App,
    server: &McpServer,
    user: &str,
    toolkit: &str,
    configs: Vec<AuthConfigId>,
) -> Result<Vec<AccountId>> {
    let filter = AccountFilter {
        toolkits: vec![toolkit.to_owned()],
        users: vec![user.to_owned()],
        auth_configs: configs.iter().map(ToString::to_string).collect(),
        ..AccountFilter::default()
    };
    let mut session = app.db.read().await?;
    let project = &server.project_id;
    let order = AccountOrder::CreatedDescending;
    let conn = session.conn();
    let found =
        storage::connected_accounts::list(conn, project, &filter, order, MOST_ACCOUNTS, 0).await?;
    Ok(found.into_iter().map(|account| account.id).collect())
}

/// The user, and the accounts that the URL names by toolkit.
async fn pinned(
    app: &App,
    server: &McpServer,
    who: &Who,
) -> Result<(String, BTreeMap<String, Pinned>)> {
    let mut user = who.user.clone();
    let mut by_toolkit: BTreeMap<String, Vec<AccountId>> = BTreeMap::new();
    for id in &who.accounts {
        let account = accounts::find(app, &server.project_id, id).await?;
        if *user.get_or_insert_with(|| account.user_id.clone()) != account.user_id {
            return Err(Error::NotFound {
                what: CONNECTED_ACCOUNT,
                id: id.as_str().to_owned(),
                fix: Some("All accounts of a URL belong to the one user of it.".into()),
            });
        }
        if !server.toolkits.contains(&account.toolkit) {
            return Err(Error::invalid(format!(
                "connected account `{id}` is for `{}`, which the MCP server does not have",
                account.toolkit
            )));
        }
        let configs = auth_configs(app, server).await?;
        let is_by_one = configs.get(&account.toolkit).is_none_or(|configs| {
            let mut configs = configs.iter();
            configs.any(|config| config.id == account.auth_config_id)
        });
        if !is_by_one {
            return Err(Error::invalid(format!(
                "connected account `{id}` was not connected by an auth config of the MCP server"
            )));
        }
        let ids = by_toolkit.entry(account.toolkit.clone()).or_default();
        ids.push(id.clone());
    }
    let pins = by_toolkit.into_iter();
    Ok((
        user.unwrap_or_else(|| DEFAULT_USER.to_owned()),
        pins.map(|(toolkit, ids)| (toolkit, Pinned::Several(ids)))
            .collect(),
    ))
}

/// The tools that a server shows: those of its toolkits that its own list and its auth configs let
/// through.
///
/// # Errors
/// When the database does not answer.
pub async fn tools(app: &App, server: &McpServer, scope: &Scope) -> Result<Vec<Arc<Tool>>> {
    let filter = shown(app, server).await?;
    let found = scope.catalog.list_tools(&filter, &VersionPins::default())?;
    let permitted = found.into_iter().filter(|tool| scope.permits(tool));
    Ok(permitted.map(Arc::clone).collect())
}

/// One of them, by slug or alias.
///
/// # Errors
/// When the database does not answer.
pub async fn tool(
    app: &App,
    server: &McpServer,
    scope: &Scope,
    slug: &str,
) -> Result<Option<Arc<Tool>>> {
    let filter = shown(app, server).await?;
    let pins = VersionPins::default();
    let found = scope.catalog.listed_tool(slug, &filter, &pins)?;
    Ok(found.filter(|tool| scope.permits(tool)).map(Arc::clone))
}

async fn shown(app: &App, server: &McpServer) -> Result<ToolFilter> {
    let configs = auth_configs(app, server).await?;
    let mut accesses = Vec::new();
    for toolkit in &server.toolkits {
        let access = |tools: Option<Vec<String>>| ToolAccess {
            toolkit: toolkit.clone(),
            tools: tools.filter(|tools| !tools.is_empty()),
        };
        match configs.get(toolkit) {
            None => accesses.push(access(None)),
            Some(configs) => {
                let limits = configs.iter();
                accesses.extend(limits.map(|config| access(config.tools_for_execution.clone())));
            }
        }
    }
    Ok(ToolFilter {
        toolkits: server.toolkits.clone(),
        accesses: Some(accesses),
        // What was chosen by name is shown as long as it is there.
        include_deprecated: !server.allowed_tools.is_empty(),
        ..ToolFilter::default()
    })
}
