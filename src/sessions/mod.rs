//! Tool-router sessions: for which user an agent works, which tools it may use, and with which
//! accounts. [`Scope`] is what every call through a session goes by.

mod accounts;
mod check;
pub mod config;
pub mod custom;
mod execute;
mod exposed;
pub mod files;
mod link;
mod permits;
mod prompt;
mod scope;

use std::sync::Arc;

use serde::Deserialize as _;
use serde_json::Value;

pub use accounts::{Connected, Connections, is_called};
use config::SessionConfig;
use custom::CustomTools;
pub use exposed::MetaTool;
pub use link::LinkWish;
pub use scope::{Scope, Session};

use crate::app::App;
use crate::error::{Error, Result};
use crate::ids::{ProjectId, SessionId};
use crate::paging::{Page, PageRequest};
use crate::storage;
use crate::storage::changes::Change;
use crate::storage::sessions::SessionRow;
use crate::time::Timestamp;
use crate::toolkits;

/// A request for a session.
#[derive(Debug, Clone)]
pub struct NewSession {
    /// For whom, in the caller's words.
    pub user: String,
    /// The API key of the caller.
    pub created_by: String,
    /// What it may reach.
    pub config: SessionConfig,
    /// Tools that run at the caller's, kept for clients that do not send them with each call.
    pub custom: CustomTools,
}

/// A configuration that a session has or had.
#[derive(Debug, Clone)]
pub struct ConfigVersion {
    /// From 1.
    pub version: i64,
    /// As answers show it.
    pub config: SessionConfig,
    /// Whether it is in force.
    pub is_current: bool,
    /// When it came into force, or for a former one when it was replaced.
    pub at: Timestamp,
}

/// Makes a session.
///
/// # Errors
/// [`Error::Invalid`] naming every field of the configuration that does not fit the catalog or the
/// project's auth configs and accounts.
pub async fn create(app: &App, project: &ProjectId, new: NewSession) -> Result<Session> {
    let NewSession {
        user,
        created_by,
        config,
        custom,
    } = new;
    let catalog = toolkits::catalog(app, project).await?;
    let config = check::checked(app, project, &user, &catalog, config).await?;
    let now = app.clock.now();
    let row = SessionRow {
        id: SessionId::generate(),
        project_id: project.clone(),
        user_id: user,
        created_by,
        config: serde_json::to_value(&config)?,
        config_version: 1,
        custom_tools: serde_json::to_value(&custom)?,
        created_at: now,
        updated_at: now,
    };
    let mut tx = app.db.begin().await?;
    storage::sessions::insert(tx.conn(), &row).await?;
    tx.commit().await?;
    Session::of(&row)
}

/// A session.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn find(app: &App, project: &ProjectId, id: &SessionId) -> Result<Session> {
    Session::of(&*find_row(app, project, id).await?)
}

/// Whose the session is that a URL names, and for which user: for a page that tells a person. Whoever
/// has the URL was given it; it opens nothing by itself.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn owner(app: &App, id: &SessionId) -> Result<(ProjectId, String)> {
    let mut session = app.db.read().await?;
    let row = storage::sessions::find_by_url(session.conn(), id).await?;
    row.map(|row| (row.project_id, row.user_id))
        .ok_or_else(|| not_found(id))
}

async fn find_row(app: &App, project: &ProjectId, id: &SessionId) -> Result<Arc<SessionRow>> {
    let key = (project.clone(), id.clone());
    let found = app.caches.sessions.get(&key, || async {
        let mut session = app.db.read().await?;
        storage::sessions::find(session.conn(), project, id).await
    });
    found.await?.ok_or_else(|| not_found(id))
}

fn not_found(id: &SessionId) -> Error {
    Error::NotFound {
        what: "session",
        id: id.as_str().to_owned(),
        fix: Some("Make one with POST /api/v3/tool_router/session.".into()),
    }
}

/// Gives a session the configuration that `change` makes of its present one, as a new version.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::Conflict`] when it has another version than `expected`, or is changed
/// by somebody else at the same time; [`Error::Invalid`] as [`create`].
pub async fn configure(
    app: &App,
    project: &ProjectId,
    id: &SessionId,
    expected: Option<i64>,
    change: impl FnOnce(&mut SessionConfig) -> Result<()>,
) -> Result<Session> {
    let mut reading = app.db.read().await?;
    let former = storage::sessions::find(reading.conn(), project, id)
        .await?
        .ok_or_else(|| not_found(id))?;
    drop(reading);
    let present = former.config_version;
    if expected.is_some_and(|expected| expected != present) {
        return Err(changed_meanwhile(id, present));
    }
    let mut config = read_config(&former.config)?;
    change(&mut config)?;
    let catalog = toolkits::catalog(app, project).await?;
    let config = check::checked(app, project, &former.user_id, &catalog, config).await?;
    let (new, now) = (serde_json::to_value(&config)?, app.clock.now());
    let mut tx = app.db.begin().await?;
    if !storage::sessions::configure(tx.conn(), project, &former, &new, now).await? {
        return Err(changed_meanwhile(id, present + 1));
    }
    storage::sessions::keep_config(tx.conn(), project, &former, now).await?;
    tx.changed(changed(project, id));
    tx.commit().await?;
    let row = SessionRow {
        config: new,
        config_version: present + 1,
        updated_at: now,
        ..former
    };
    Session::of(&row)
}

fn changed_meanwhile(id: &SessionId, version: i64) -> Error {
    Error::Conflict(format!(
        "the configuration of session `{id}` is at version {version} by now; read it again and \
         apply your change to that"
    ))
}

fn changed(project: &ProjectId, id: &SessionId) -> Change {
    Change::Session {
        project: project.clone(),
        id: id.clone(),
    }
}

/// Removes a session: no call through it is made any more. Its user's accounts stay.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn delete(app: &App, project: &ProjectId, id: &SessionId) -> Result<()> {
    let mut tx = app.db.begin().await?;
    if !storage::sessions::delete(tx.conn(), project, id).await? {
        return Err(not_found(id));
    }
    tx.changed(changed(project, id));
    tx.commit().await
}

/// The configurations of a session, the present one first.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn history(
    app: &App,
    project: &ProjectId,
    id: &SessionId,
    page: PageRequest,
) -> Result<Page<ConfigVersion>> {
    let mut session = app.db.read().await?;
    let row = storage::sessions::find(session.conn(), project, id)
        .await?
        .ok_or_else(|| not_found(id))?;
    let is_first = page.offset == 0;
    let limit = page.sql_limit() - i64::from(is_first);
    let offset = (page.sql_offset() - 1).max(0);
    let former =
        storage::sessions::former_configs(session.conn(), project, id, limit, offset).await?;
    drop(session);
    let mut versions = Vec::new();
    if is_first {
        versions.push(ConfigVersion {
            version: row.config_version,
            config: read_config(&row.config)?,
            is_current: true,
            at: row.updated_at,
        });
    }
    for old in former {
        versions.push(ConfigVersion {
            version: old.version,
            config: read_config(&old.config)?,
            is_current: false,
            at: old.replaced_at,
        });
    }
    let total = u64::try_from(row.config_version).unwrap_or_default();
    Ok(page.page(versions, total))
}

fn read_config(stored: &Value) -> Result<SessionConfig> {
    Ok(SessionConfig::deserialize(stored)?)
}
