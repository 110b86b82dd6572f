//! Begins a connection: with credentials in hand, at the provider, or by a link to our page.

use serde_json::{Map, Value};
use url::Url;

use super::attempt::{self, AtProvider, Journey, TIME_TO_CONNECT};
use super::prepare::{Prepared, check_enabled, check_names, credentials_only};
use crate::accounts::blueprint::{Blueprint, managed_app};
use crate::accounts::refresh::change_of;
use crate::accounts::token;
use crate::accounts::view::{AccountView, view};
use crate::app::App;
use crate::error::{Error, Result};
use crate::ids::{AccountId, AuthConfigId, ProjectId};
use crate::scheme::Scheme;
use crate::storage::auth_configs;
use crate::storage::connected_accounts::{self, ConnectedAccount, Status};
use crate::storage::connection_attempts::{self, ConnectionAttempt};
use crate::storage::jobs::{self, Job};
use crate::tenancy;
use crate::time::Timestamp;

/// A request for a link to the page where a user connects.
#[derive(Debug, Clone)]
pub struct NewLink {
    /// How.
    pub auth_config: AuthConfigId,
    /// Whose, in the caller's words.
    pub user: String,
    /// The caller's name for the account.
    pub alias: Option<String>,
    /// Where the user's browser goes in the end.
    pub callback_url: Option<String>,
    /// Fields that the page need not ask for.
    pub values: Map<String, Value>,
}

/// A connection that was begun.
#[derive(Debug)]
pub struct Begun {
    /// The new account.
    pub view: AccountView,
    /// Where the user must go to finish it; none when it is active.
    pub redirect_url: Option<String>,
}

/// A link that was made.
#[derive(Debug)]
pub struct MadeLink {
    /// Opens the page.
    pub token: String,
    /// The page.
    pub url: Url,
    /// Until when.
    pub expires_at: Timestamp,
    /// The account that is connected there.
    pub account: AccountId,
}

/// Connects a user's account as far as it goes without the user: to the end when the credentials
/// are given, else to the URL where the user goes on.
///
/// # Errors
/// When the user has the alias already, or the auth config cannot be used.
pub async fn initiate(app: &App, prepared: Prepared) -> Result<Begun> {
    let Prepared {
        blueprint,
        request,
        mut values,
        lacks_fields,
        is_held,
    } = prepared;
    let mut account = blank(app, &blueprint, request.user, request.alias);
    account.enabled = request.enabled;
    if is_held {
        return store_active(app, &blueprint, account, values).await;
    }
    let journey = Journey {
        account: account.id.clone(),
        callback_url: request.callback_url,
        expires_at: app.clock.now().after(TIME_TO_CONNECT),
        camel_case_callback: true,
    };
    let (url, attempt) = if account.scheme.needs_consent() && !lacks_fields {
        let AtProvider {
            url,
            shown,
            attempt,
        } = attempt::at_provider(app, &blueprint, &values, journey).await?;
        values.extend(shown);
        (url, attempt)
    } else {
        let (_, url, attempt) = attempt::by_link(app, &blueprint, journey, None)?;
        (url, attempt)
    };
    let view = store_unfinished(app, &blueprint, account, values, &url, &attempt).await?;
    Ok(Begun {
        view,
        redirect_url: Some(url.into()),
    })
}

/// Makes a link to the page where a user connects an account.
///
/// # Errors
/// When the auth config is not there or disabled, or a value is wrong.
pub async fn link(app: &App, project: &ProjectId, new: NewLink) -> Result<MadeLink> {
    let NewLink {
        auth_config,
        user,
        alias,
        callback_url,
        values,
    } = new;
    let blueprint = Blueprint::load(app, project, &auth_config).await?;
    check_enabled(&blueprint)?;
    check_names(&user, alias.as_deref())?;
    if blueprint.config.scheme == Scheme::OAuth2 && blueprint.config.managed {
        managed_app(&blueprint.toolkit)?;
    }
    let (values, _) = blueprint
        .check(credentials_only(values))?
        .valid("connection_data")?;
    let account = blank(app, &blueprint, user, alias);
    let expires_at = app.clock.now().after(TIME_TO_CONNECT);
    let journey = Journey {
        account: account.id.clone(),
        callback_url,
        expires_at,
        camel_case_callback: false,
    };
    let (token, url, attempt) = attempt::by_link(app, &blueprint, journey, None)?;
    let id = account.id.clone();
    store_unfinished(app, &blueprint, account, values, &url, &attempt).await?;
    Ok(MadeLink {
        token,
        url,
        expires_at,
        account: id,
    })
}

fn blank(
    app: &App,
    blueprint: &Blueprint,
    user_id: String,
    alias: Option<String>,
) -> ConnectedAccount {
    let now = app.clock.now();
    let config = &blueprint.config;
    ConnectedAccount {
        id: AccountId::generate(),
        project_id: config.project_id.clone(),
        auth_config_id: config.id.clone(),
        toolkit: config.toolkit.clone(),
        user_id,
        alias: alias.filter(|alias| !alias.is_empty()),
        scheme: config.scheme,
        status: Status::Initializing,
        status_reason: None,
        enabled: true,
        credentials: Vec::new(),
        token_generation: 0,
        token_expires_at: None,
        connect_by: None,
        created_at: now,
        updated_at: now,
    }
}

async fn store_active(
    app: &App,
    blueprint: &Blueprint,
    mut account: ConnectedAccount,
    values: Map<String, Value>,
) -> Result<Begun> {
    account.status = Status::Active;
    account.token_expires_at = token::end_of_life(&values, app.clock.now());
    account.credentials = blueprint.keyring.seal_account(&account.id, &values)?;
    let view = store(app, blueprint, account, None).await?;
    Ok(Begun {
        view,
        redirect_url: None,
    })
}

async fn store_unfinished(
    app: &App,
    blueprint: &Blueprint,
    mut account: ConnectedAccount,
    mut values: Map<String, Value>,
    url: &Url,
    attempt: &ConnectionAttempt,
) -> Result<AccountView> {
    account.status = Status::Initiated;
    account.connect_by = Some(attempt.expires_at);
    values.insert("redirectUrl".into(), Value::String(url.to_string()));
    account.credentials = blueprint.keyring.seal_account(&account.id, &values)?;
    store(app, blueprint, account, Some(attempt)).await
}

/// Stores a new account together with the attempt to finish it and the job that ends it when
/// nobody does.
async fn store(
    app: &App,
    blueprint: &Blueprint,
    account: ConnectedAccount,
    attempt: Option<&ConnectionAttempt>,
) -> Result<AccountView> {
    let project = &account.project_id;
    let open = tenancy::open_project(app, project).await?;
    let mut tx = app.db.begin().await?;
    // What memory knows of the auth config may be older than its removal.
    let config = &blueprint.config;
    if auth_configs::find(tx.conn(), project, &config.id)
        .await?
        .is_none()
    {
        return Err(Error::not_found("auth config", config.id.as_str()));
    }
    connected_accounts::insert(tx.conn(), &account).await?;
    if let Some(attempt) = attempt {
        connection_attempts::insert(tx.conn(), attempt).await?;
        let job = Job::ExpireConnection {
            project: project.clone(),
            account: account.id.clone(),
        };
        jobs::enqueue(tx.conn(), &job, attempt.expires_at, account.created_at).await?;
    }
    tx.changed(change_of(&account));
    tx.commit().await?;
    view(
        &blueprint.catalog,
        &open,
        account,
        std::sync::Arc::clone(&blueprint.config),
    )
}
