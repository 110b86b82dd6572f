//! Finding and listing servers.

use std::sync::Arc;

use super::{ServerView, not_found};
use crate::app::App;
use crate::error::Result;
use crate::ids::{McpServerId, ProjectId};
use crate::paging::{Page, PageRequest};
use crate::storage;
use crate::storage::mcp_servers::{McpServer, Order, ServerFilter};
use crate::toolkits;

/// A server of the project.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn get(app: &App, project: &ProjectId, id: &McpServerId) -> Result<ServerView> {
    let mut session = app.db.read().await?;
    let server = storage::mcp_servers::find(session.conn(), project, id)
        .await?
        .ok_or_else(|| not_found(id))?;
    let ids = [id.as_str().to_owned()];
    let counts = storage::mcp_servers::count_instances(session.conn(), project, &ids).await?;
    drop(session);
    let instances = counts.get(id.as_str()).copied().unwrap_or_default();
    view(app, project, server, instances).await
}

/// The server that a URL names, from memory where it is known; whoever asks must have the right to
/// its project.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn by_url(app: &App, id: &McpServerId) -> Result<Arc<McpServer>> {
    let found = app.caches.mcp_servers.get(id, || async {
        let mut session = app.db.read().await?;
        storage::mcp_servers::find_by_url(session.conn(), id).await
    });
    found.await?.ok_or_else(|| not_found(id))
}

/// The servers that `filter` lets through.
///
/// # Errors
/// When the database does not answer.
pub async fn list(
    app: &App,
    project: &ProjectId,
    filter: &ServerFilter,
    order: Order,
    page: PageRequest,
) -> Result<Page<ServerView>> {
    let mut session = app.db.read().await?;
    let (limit, offset) = (page.sql_limit(), page.sql_offset());
    let rows =
        storage::mcp_servers::list(session.conn(), project, filter, order, limit, offset).await?;
    let total = storage::mcp_servers::count(session.conn(), project, filter).await?;
    let ids: Vec<String> = rows.iter().map(|row| row.id.as_str().to_owned()).collect();
    let counts = storage::mcp_servers::count_instances(session.conn(), project, &ids).await?;
    drop(session);
    let mut views = Vec::with_capacity(rows.len());
    for server in rows {
        let instances = counts.get(server.id.as_str()).copied().unwrap_or_default();
        views.push(view(app, project, server, instances).await?);
    }
    Ok(page.page(views, total))
}

async fn view(
    app: &App,
    project: &ProjectId,
    server: McpServer,
    instances: i64,
) -> Result<ServerView> {
    let catalog = toolkits::catalog(app, project).await?;
    let logo = |slug: &String| {
        let logo = &catalog.toolkit(slug).ok()?.manifest.logo;
        (!logo.is_empty()).then(|| (slug.clone(), logo.clone()))
    };
    Ok(ServerView {
        icons: server.toolkits.iter().filter_map(logo).collect(),
        server,
        instances: u64::try_from(instances).unwrap_or_default(),
    })
}
