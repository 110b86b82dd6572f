//! Users that are noted as users of a server.

use super::{get, not_found};
use crate::accounts::connect::LONGEST_USER;
use crate::accounts::manage;
use crate::accounts::revoke::GiveBack;
use crate::app::App;
use crate::error::{Error, Result};
use crate::ids::{McpServerId, ProjectId, random_uuid};
use crate::paging::{Page, PageRequest};
use crate::storage;
use crate::storage::connected_accounts::{AccountFilter, AccountOrder, ConnectedAccount};
use crate::storage::mcp_instances::McpInstance;
use crate::storage::mcp_servers::{McpServer, Order};

/// Accounts of one user by the auth configs of one server that are looked at.
const MOST_ACCOUNTS: i64 = 1000;

/// A server's users, one page.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn list(
    app: &App,
    project: &ProjectId,
    server: &McpServerId,
    search: Option<&str>,
    order: Order,
    page: PageRequest,
) -> Result<(McpServer, Page<McpInstance>)> {
    let found = get(app, project, server).await?.server;
    let mut session = app.db.read().await?;
    let (limit, offset) = (page.sql_limit(), page.sql_offset());
    let rows = storage::mcp_instances::list(
        session.conn(),
        project,
        server,
        search,
        order,
        limit,
        offset,
    )
    .await?;
    let total = storage::mcp_instances::count(session.conn(), project, server, search).await?;
    Ok((found, page.page(rows, total)))
}

/// Notes a user, who must have an active account by each of the server's auth configs.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Invalid`] that names what the user lacks, [`Error::Conflict`] when the
/// user was noted before.
pub async fn create(
    app: &App,
    project: &ProjectId,
    server: &McpServerId,
    user: &str,
) -> Result<McpInstance> {
    if user.trim().is_empty() || user.len() > LONGEST_USER {
        return Err(Error::fields(vec![format!(
            "user_id: must have 1 to {LONGEST_USER} bytes"
        )]));
    }
    let found = get(app, project, server).await?.server;
    let accounts = of_user(app, project, &found, user, &["ACTIVE".to_owned()]).await?;
    let lacking: Vec<String> = found
        .auth_config_ids
        .iter()
        .filter(|config| {
            let mut accounts = accounts.iter();
            !accounts.any(|account| account.auth_config_id.as_str() == *config)
        })
        .map(|config| {
            format!(
                "user_id: `{user}` has no active account by auth config `{config}`; connect one \
                 with POST /api/v3/connected_accounts/link"
            )
        })
        .collect();
    if !lacking.is_empty() {
        return Err(Error::fields(lacking));
    }
    let now = app.clock.now();
    let instance = McpInstance {
        id: random_uuid().into(),
        project_id: project.clone(),
        server_id: server.clone(),
        user_id: user.to_owned(),
        created_at: now,
        updated_at: now,
    };
    let mut tx = app.db.begin().await?;
    storage::mcp_servers::find(tx.conn(), project, server)
        .await?
        .ok_or_else(|| not_found(server))?;
    if !storage::mcp_instances::insert(tx.conn(), &instance).await? {
        return Err(Error::Conflict(format!(
            "MCP server `{server}` has user `{user}` already"
        )));
    }
    tx.commit().await?;
    Ok(instance)
}

/// Forgets a user and removes the accounts that they connected by the server's auth configs; says how
/// many those were.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn delete(
    app: &App,
    project: &ProjectId,
    server: &McpServerId,
    user: &str,
    mode: GiveBack,
) -> Result<u64> {
    let found = get(app, project, server).await?.server;
    let mut tx = app.db.begin().await?;
    if !storage::mcp_instances::delete(tx.conn(), project, server, user).await? {
        return Err(Error::not_found("MCP server instance", user));
    }
    tx.commit().await?;
    let mut deleted = 0;
    for account in of_user(app, project, &found, user, &[]).await? {
        match manage::delete(app, project, &account.id, mode).await {
            Ok(_) => deleted += 1,
            // Somebody else removed it meanwhile.
            Err(Error::NotFound { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(deleted)
}

/// The user's accounts by the server's auth configs.
async fn of_user(
    app: &App,
    project: &ProjectId,
    server: &McpServer,
    user: &str,
    statuses: &[String],
) -> Result<Vec<ConnectedAccount>> {
    let filter = AccountFilter {
        users: vec![user.to_owned()],
        auth_configs: server.auth_config_ids.clone(),
        statuses: statuses.to_vec(),
        // An empty list would let every auth config through.
        nothing: server.auth_config_ids.is_empty(),
        ..AccountFilter::default()
    };
    let mut session = app.db.read().await?;
    let order = AccountOrder::CreatedDescending;
    let conn = session.conn();
    storage::connected_accounts::list(conn, project, &filter, order, MOST_ACCOUNTS, 0).await
}
