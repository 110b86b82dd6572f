//! Auth configs: makes, shows, changes and removes them.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::blueprint::{Blueprint, managed_app};
use super::config_credentials::{check_custom, check_managed, check_shared, merge};
use super::mask::mask;
use super::refresh::change_of;
use super::revoke::{Batch, GiveBack};
use super::secrets::{ConfigSecrets, Keyring};
use crate::app::App;
use crate::caches::OpenProject;
use crate::catalog::{Catalog, Toolkit};
use crate::error::{Error, Result};
use crate::ids::{AuthConfigId, JobId, ProjectId};
use crate::paging::{Page, PageRequest};
use crate::scheme::Scheme;
use crate::storage::auth_configs::{AuthConfig, ConfigFilter};
use crate::storage::changes::Change;
use crate::storage::{self, Tx};
use crate::tenancy;
use crate::toolkits;

/// Above this many accounts one notice for everything is cheaper than one for each.
const MOST_NOTICES: usize = 100;

/// An auth config as answers show it: opened, and masked where the project wants it.
#[derive(Debug)]
pub struct ConfigView {
    /// The row.
    pub config: AuthConfig,
    /// Client id, scopes and fields of the toolkit.
    pub credentials: Map<String, Value>,
    /// What every account of it inherits.
    pub shared_credentials: Map<String, Value>,
    /// The API key that made it.
    pub created_by: String,
    /// How many active accounts it has.
    pub connections: i64,
    /// Its toolkit, unless the operator took it away.
    pub toolkit: Option<Arc<Toolkit>>,
}

/// Which credentials a new auth config brings.
#[derive(Debug, Clone)]
pub enum ConfigKind {
    /// The caller's own.
    Custom {
        /// How users connect.
        scheme: Scheme,
        /// Client id and secret, scopes, fields of the toolkit.
        credentials: Map<String, Value>,
    },
    /// The OAuth app of this installation's operator.
    Managed {
        /// Scopes only.
        credentials: Map<String, Value>,
    },
}

/// A request for a new auth config.
#[derive(Debug, Clone)]
pub struct NewAuthConfig {
    /// Slug of the toolkit, in any case.
    pub toolkit: String,
    /// For people; made of the toolkit's where absent.
    pub name: Option<String>,
    /// Custom or managed.
    pub kind: ConfigKind,
    /// What every account of it inherits.
    pub shared_credentials: Map<String, Value>,
    /// Which tools it is for.
    pub tools: ToolLimits,
    /// Whether tool-router sessions may pick it.
    pub enabled_for_tool_router: Option<bool>,
    /// The API key of the caller.
    pub created_by: String,
}

/// Which tools an auth config is for; what is absent stays as it is.
#[derive(Debug, Clone, Default)]
pub struct ToolLimits {
    /// The tools whose scopes a connection asks for.
    pub for_account_creation: Option<Vec<String>>,
    /// The tools that may be executed with it.
    pub for_execution: Option<Vec<String>>,
}

/// A change of an auth config; what is absent stays as it is.
#[derive(Debug, Clone, Default)]
pub struct ConfigUpdate {
    /// Whether the caller takes it for a managed one.
    pub managed: bool,
    /// New values; null removes one.
    pub credentials: Map<String, Value>,
    /// What every account of it inherits.
    pub shared_credentials: Option<Map<String, Value>>,
    /// Which tools it is for.
    pub tools: ToolLimits,
    /// Whether tool-router sessions may pick it.
    pub enabled_for_tool_router: Option<bool>,
}

/// Makes an auth config.
///
/// # Errors
/// When the toolkit cannot be connected that way, or a credential is missing or wrong.
pub async fn create(app: &App, project: &ProjectId, new: NewAuthConfig) -> Result<AuthConfig> {
    let NewAuthConfig {
        toolkit,
        name,
        kind,
        shared_credentials,
        tools,
        enabled_for_tool_router,
        created_by,
    } = new;
    let catalog = toolkits::catalog(app, project).await?;
    let toolkit = catalog.toolkit(&toolkit)?;
    let (scheme, managed, credentials) = match kind {
        ConfigKind::Custom {
            scheme,
            credentials,
        } => (scheme, false, check_custom(toolkit, scheme, credentials)?),
        ConfigKind::Managed { credentials } => {
            let scheme = managed_scheme(toolkit)?;
            (scheme, true, check_managed(credentials)?)
        }
    };
    let tools = known_tools(&catalog, toolkit, tools)?;
    let id = AuthConfigId::generate();
    let secrets = ConfigSecrets {
        credentials,
        shared_credentials: check_shared(toolkit, shared_credentials)?,
        created_by,
        registration: None,
    };
    let now = app.clock.now();
    let config = AuthConfig {
        credentials: Keyring::of(app, project)
            .await?
            .seal_config(&id, &secrets)?,
        id,
        project_id: project.clone(),
        toolkit: toolkit.manifest.slug.clone(),
        name: name
            .filter(|name| !name.trim().is_empty())
            .unwrap_or_else(|| format!("{} Auth Config", toolkit.manifest.name)),
        scheme,
        managed,
        enabled: true,
        enabled_for_tool_router: enabled_for_tool_router.unwrap_or(true),
        tools_for_account_creation: tools.for_account_creation,
        tools_for_execution: tools.for_execution,
        created_at: now,
        updated_at: now,
    };
    let mut tx = app.db.begin().await?;
    storage::auth_configs::insert(tx.conn(), &config).await?;
    tx.commit().await?;
    Ok(config)
}

fn managed_scheme(toolkit: &Toolkit) -> Result<Scheme> {
    if let Some(scheme) = toolkit.managed_schemes().first() {
        return Ok(*scheme);
    }
    if toolkit.auth(Scheme::OAuth2).is_some() {
        return managed_app(toolkit).map(|_| Scheme::OAuth2);
    }
    let slug = &toolkit.manifest.slug;
    let schemes = toolkit.scheme_names();
    Err(Error::invalid_with_fix(
        format!("toolkit `{slug}` has no managed auth: its users do not connect by OAUTH2"),
        if schemes.is_empty() {
            "Its tools need no auth config and no connected account.".to_owned()
        } else {
            format!("Use `type: use_custom_auth` with one of: {schemes}.")
        },
    ))
}

/// One auth config.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn get(app: &App, project: &ProjectId, id: &AuthConfigId) -> Result<ConfigView> {
    let open = tenancy::open_project(app, project).await?;
    let catalog = toolkits::catalog(app, project).await?;
    let mut session = app.db.read().await?;
    let config = storage::auth_configs::find(session.conn(), project, id)
        .await?
        .ok_or_else(|| not_found(id))?;
    let ids = [id.as_str().to_owned()];
    let connections =
        storage::auth_configs::count_connections(session.conn(), project, &ids).await?;
    let connections = connections.get(id.as_str()).copied().unwrap_or_default();
    view(&catalog, &open, config, connections)
}

/// The auth configs that `filter` lets through, newest first.
///
/// # Errors
/// When the database cannot be read.
pub async fn list(
    app: &App,
    project: &ProjectId,
    filter: &ConfigFilter,
    page: PageRequest,
) -> Result<Page<ConfigView>> {
    let open = tenancy::open_project(app, project).await?;
    let catalog = toolkits::catalog(app, project).await?;
    let mut session = app.db.read().await?;
    let (limit, offset) = (page.sql_limit(), page.sql_offset());
    let rows = storage::auth_configs::list(session.conn(), project, filter, limit, offset).await?;
    let total = storage::auth_configs::count(session.conn(), project, filter).await?;
    let ids: Vec<String> = rows.iter().map(|row| row.id.as_str().to_owned()).collect();
    let connections =
        storage::auth_configs::count_connections(session.conn(), project, &ids).await?;
    drop(session);
    let views = rows.into_iter().map(|config| {
        let connections = connections
            .get(config.id.as_str())
            .copied()
            .unwrap_or_default();
        view(&catalog, &open, config, connections)
    });
    Ok(page.page(views.collect::<Result<_>>()?, total))
}

/// Changes an auth config. Connections made before go on with the new credentials.
///
/// # Errors
/// [`Error::NotFound`]; when a credential is wrong, or it is not of the kind the caller takes it
/// for.
pub async fn update(
    app: &App,
    project: &ProjectId,
    id: &AuthConfigId,
    update: ConfigUpdate,
) -> Result<()> {
    let ConfigUpdate {
        managed,
        credentials,
        shared_credentials,
        tools,
        enabled_for_tool_router,
    } = update;
    let keyring = Keyring::of(app, project).await?;
    let catalog = toolkits::catalog(app, project).await?;
    let mut tx = app.db.begin().await?;
    let mut config = storage::auth_configs::find_to_change(tx.conn(), project, id)
        .await?
        .ok_or_else(|| not_found(id))?;
    if config.managed != managed {
        let right = if config.managed { "default" } else { "custom" };
        return Err(Error::invalid(format!(
            "auth config `{id}` is of type `{right}`"
        )));
    }
    let toolkit = catalog.toolkit(&config.toolkit)?;
    let mut secrets = keyring.open_config(&config)?;
    let has_new_credentials = !credentials.is_empty();
    if has_new_credentials {
        let merged = merge(secrets.credentials, credentials);
        secrets.credentials = if config.managed {
            check_managed(merged)?
        } else {
            check_custom(toolkit, config.scheme, merged)?
        };
    }
    if let Some(shared) = shared_credentials {
        secrets.shared_credentials =
            check_shared(toolkit, merge(secrets.shared_credentials, shared))?;
    }
    let tools = known_tools(&catalog, toolkit, tools)?;
    config.tools_for_account_creation = tools
        .for_account_creation
        .or(config.tools_for_account_creation);
    config.tools_for_execution = tools.for_execution.or(config.tools_for_execution);
    config.enabled_for_tool_router =
        enabled_for_tool_router.unwrap_or(config.enabled_for_tool_router);
    config.credentials = keyring.seal_config(id, &secrets)?;
    let now = app.clock.now();
    storage::auth_configs::update(tx.conn(), project, &config, now).await?;
    if has_new_credentials {
        // What the provider held against the old ones is over, and its rests with it.
        storage::token_refresh::clear_client(tx.conn(), project, id).await?;
        storage::token_refresh::resume(tx.conn(), project, id, now).await?;
    }
    tx.changed(Change::AuthConfig {
        project: project.clone(),
        id: id.clone(),
    });
    tx.commit().await
}

/// Enables or disables an auth config: a disabled one makes no connections, and none of its
/// accounts is used.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn set_enabled(
    app: &App,
    project: &ProjectId,
    id: &AuthConfigId,
    enabled: bool,
) -> Result<()> {
    let mut tx = app.db.begin().await?;
    let now = app.clock.now();
    if !storage::auth_configs::set_enabled(tx.conn(), project, id, enabled, now).await? {
        return Err(not_found(id));
    }
    if enabled {
        storage::token_refresh::resume(tx.conn(), project, id, now).await?;
    }
    tx.changed(Change::AuthConfig {
        project: project.clone(),
        id: id.clone(),
    });
    tx.commit().await
}

/// Removes an auth config and every account that was connected by it, and names the job that gives
/// their grants back to the provider, if one does.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn delete(
    app: &App,
    project: &ProjectId,
    id: &AuthConfigId,
    give_back: bool,
) -> Result<Option<JobId>> {
    // One whose toolkit the operator took away can be deleted all the same.
    let blueprint = Blueprint::load(app, project, id).await.ok();
    let mut tx = app.db.begin().await?;
    let accounts = storage::connected_accounts::of_auth_config(tx.conn(), project, id).await?;
    let mut batch = Batch::new(if give_back {
        GiveBack::Always
    } else {
        GiveBack::Never
    });
    if let Some(blueprint) = &blueprint {
        for account in &accounts {
            batch.add(app, &mut tx, blueprint, account).await?;
        }
    }
    storage::connected_accounts::delete_of_auth_config(tx.conn(), project, id).await?;
    if !storage::auth_configs::delete(tx.conn(), project, id).await? {
        return Err(not_found(id));
    }
    let job = batch.enqueue(app, &mut tx, project).await?;
    note_removed(&mut tx, &accounts);
    tx.changed(Change::AuthConfig {
        project: project.clone(),
        id: id.clone(),
    });
    tx.commit().await?;
    app.job_stored.notify_one();
    Ok(job)
}

fn note_removed(tx: &mut Tx, accounts: &[storage::connected_accounts::ConnectedAccount]) {
    if accounts.len() > MOST_NOTICES {
        tx.changed(Change::Everything);
    } else {
        for account in accounts {
            tx.changed(change_of(account));
        }
    }
}

fn not_found(id: &AuthConfigId) -> Error {
    Error::not_found("auth config", id.as_str())
}

fn view(
    catalog: &Catalog,
    open: &OpenProject,
    config: AuthConfig,
    connections: i64,
) -> Result<ConfigView> {
    let secrets = Keyring::in_hand(open).open_config(&config)?;
    let toolkit = catalog.toolkit(&config.toolkit).ok().cloned();
    let auth = toolkit
        .as_deref()
        .and_then(|toolkit| toolkit.auth(config.scheme));
    let shown = |values: &Map<String, Value>| {
        if open.project.settings.mask_secrets {
            mask(values, auth)
        } else {
            values.clone()
        }
    };
    Ok(ConfigView {
        credentials: shown(&secrets.credentials),
        shared_credentials: shown(&secrets.shared_credentials),
        created_by: secrets.created_by,
        config,
        connections,
        toolkit,
    })
}

/// The tools under their own slugs.
///
/// # Errors
/// [`Error::Invalid`] when one is unknown or another toolkit's: a list that silently lets nothing
/// through would be hard to find.
fn known_tools(catalog: &Catalog, toolkit: &Toolkit, tools: ToolLimits) -> Result<ToolLimits> {
    let check = |slugs: Option<Vec<String>>| -> Result<Option<Vec<String>>> {
        let Some(slugs) = slugs else { return Ok(None) };
        let known = |slug: String| {
            let tool = catalog.newest_form(&slug)?;
            if tool.toolkit.manifest.slug != toolkit.manifest.slug {
                let (own, other) = (&toolkit.manifest.slug, &tool.toolkit.manifest.slug);
                return Err(Error::invalid(format!(
                    "`{slug}` is a tool of `{other}`, not of `{own}`"
                )));
            }
            Ok(tool.manifest.slug.clone())
        };
        slugs
            .into_iter()
            .map(known)
            .collect::<Result<_>>()
            .map(Some)
    };
    Ok(ToolLimits {
        for_account_creation: check(tools.for_account_creation)?,
        for_execution: check(tools.for_execution)?,
    })
}
