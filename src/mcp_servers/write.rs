//! Making, changing and removing servers.

use super::check::{self, Choice, check_name};
use super::{NewServer, ServerChange, ServerView, get, not_found};
use crate::app::App;
use crate::error::Result;
use crate::ids::{McpServerId, ProjectId, random_uuid};
use crate::storage;
use crate::storage::changes::Change;
use crate::storage::mcp_servers::McpServer;

/// Makes a server.
///
/// # Errors
/// [`Error::Invalid`] for a name that breaks the rules, a toolkit or tool that is not there, an auth
/// config of another project, or a tool of a toolkit that the server does not have.
pub async fn create(app: &App, project: &ProjectId, new: NewServer) -> Result<ServerView> {
    let NewServer {
        name,
        toolkits,
        auth_configs,
        allowed_tools,
        managed_auth,
    } = new;
    check_name(&name)?;
    let asked = Choice {
        toolkits,
        auth_configs,
        allowed_tools,
    };
    let now = app.clock.now();
    let Choice {
        toolkits,
        auth_configs,
        allowed_tools,
    } = asked.checked(app, project).await?;
    let server = McpServer {
        id: random_uuid().into(),
        project_id: project.clone(),
        name,
        toolkits,
        auth_config_ids: auth_configs,
        allowed_tools,
        managed_auth,
        created_at: now,
        updated_at: now,
    };
    let mut tx = app.db.begin().await?;
    storage::mcp_servers::insert(tx.conn(), &server).await?;
    tx.commit().await?;
    get(app, project, &server.id).await
}

/// Changes a server.
///
/// # Errors
/// [`Error::NotFound`], and what [`create`] returns.
pub async fn update(
    app: &App,
    project: &ProjectId,
    id: &McpServerId,
    change: ServerChange,
) -> Result<ServerView> {
    let before = get(app, project, id).await?;
    let ServerChange {
        name,
        toolkits,
        auth_configs,
        allowed_tools,
        managed_auth,
    } = change;
    if let Some(name) = &name {
        check_name(name)?;
    }
    let is_other = toolkits.is_some() || auth_configs.is_some() || allowed_tools.is_some();
    let mut server = before.server;
    if is_other {
        let asked = Choice {
            auth_configs: match (auth_configs, &toolkits) {
                (Some(given), _) => given,
                (None, Some(toolkits)) => {
                    check::of_toolkits(app, project, &server.auth_config_ids, toolkits).await?
                }
                (None, None) => server.auth_config_ids,
            },
            toolkits: toolkits.unwrap_or(server.toolkits),
            allowed_tools: allowed_tools.unwrap_or(server.allowed_tools),
        };
        let Choice {
            toolkits,
            auth_configs,
            allowed_tools,
        } = asked.checked(app, project).await?;
        server.toolkits = toolkits;
        server.auth_config_ids = auth_configs;
        server.allowed_tools = allowed_tools;
    }
    server.name = name.unwrap_or(server.name);
    server.managed_auth = managed_auth.unwrap_or(server.managed_auth);
    server.updated_at = app.clock.now();
    let mut tx = app.db.begin().await?;
    if !storage::mcp_servers::update(tx.conn(), project, &server).await? {
        return Err(not_found(id));
    }
    tx.changed(Change::McpServer { id: id.clone() });
    tx.commit().await?;
    get(app, project, id).await
}

/// Removes a server for good: its URL is not found from then on.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn delete(app: &App, project: &ProjectId, id: &McpServerId) -> Result<()> {
    let mut tx = app.db.begin().await?;
    if !storage::mcp_servers::delete(tx.conn(), project, id).await? {
        return Err(not_found(id));
    }
    tx.changed(Change::McpServer { id: id.clone() });
    tx.commit().await
}
