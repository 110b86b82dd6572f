//! Users that were noted as users of an MCP server.

use super::db::{Arg, Conn, Filter, Statement, bind_all, literal, on};
use super::mcp_servers::Order;
use crate::error::Result;
use crate::ids::{McpInstanceId, McpServerId, ProjectId};
use crate::time::Timestamp;

const INSERT: Statement = Statement::both(
    "mcp_instances.insert",
    "INSERT INTO mcp_instances (project_id, id, server_id, user_id, created_at, updated_at)
     VALUES ($1, $2, $3, $4, $5, $5) ON CONFLICT (server_id, user_id) DO NOTHING",
);
const DELETE: Statement = Statement::both(
    "mcp_instances.delete",
    "DELETE FROM mcp_instances WHERE project_id = $1 AND server_id = $2 AND user_id = $3",
);
const DELETE_ALL: Statement = Statement::both(
    "mcp_instances.delete_all",
    "DELETE FROM mcp_instances WHERE project_id = $1",
);
pub(super) const STATEMENTS: &[Statement] = &[INSERT, DELETE, DELETE_ALL];

/// A row of `mcp_instances`.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct McpInstance {
    /// A UUID.
    pub id: McpInstanceId,
    /// The tenant.
    pub project_id: ProjectId,
    /// The server.
    pub server_id: McpServerId,
    /// The user.
    pub user_id: String,
    /// When the user was noted.
    pub created_at: Timestamp,
    /// The same.
    pub updated_at: Timestamp,
}

/// Notes a user; `false` when the server has it already.
pub async fn insert(conn: Conn<'_>, instance: &McpInstance) -> Result<bool> {
    let sql = INSERT.on(&conn);
    let McpInstance {
        id,
        project_id,
        server_id,
        user_id,
        created_at,
        updated_at: _,
    } = instance;
    let rows = on!(conn, c => sqlx::query(sql)
        .bind(project_id).bind(id).bind(server_id).bind(user_id).bind(created_at)
        .execute(c).await?.rows_affected());
    Ok(rows == 1)
}

/// Forgets a user; `false` when the server does not have it.
pub async fn delete(
    conn: Conn<'_>,
    project: &ProjectId,
    server: &McpServerId,
    user: &str,
) -> Result<bool> {
    let sql = DELETE.on(&conn);
    let rows = on!(conn, c => sqlx::query(sql)
        .bind(project).bind(server).bind(user).execute(c).await?.rows_affected());
    Ok(rows == 1)
}

/// Forgets every user of a project's servers.
pub async fn delete_all(conn: Conn<'_>, project: &ProjectId) -> Result<()> {
    let sql = DELETE_ALL.on(&conn);
    on!(conn, c => sqlx::query(sql).bind(project).execute(c).await?.rows_affected());
    Ok(())
}

fn conditions(project: &ProjectId, server: &McpServerId, search: Option<&str>) -> Filter {
    let mut filter = Filter::of_project(project);
    filter.and("server_id = ?", [Arg::Text(server.as_str().into())]);
    if let Some(search) = search {
        let part = Arg::Text(format!("%{}%", literal(search)));
        filter.and(
            r"(LOWER(user_id) LIKE LOWER(?) ESCAPE '\' OR id LIKE LOWER(?) ESCAPE '\')",
            [part.clone(), part],
        );
    }
    filter
}

/// One page of a server's users; `search` is a part of a user's or a note's id.
pub async fn list(
    conn: Conn<'_>,
    project: &ProjectId,
    server: &McpServerId,
    search: Option<&str>,
    order: Order,
    limit: i64,
    offset: i64,
) -> Result<Vec<McpInstance>> {
    let conditions = conditions(project, server, search);
    let (sql, args) = conditions.page("SELECT * FROM mcp_instances", order.sql(), limit, offset);
    Ok(on!(conn, c => bind_all!(sqlx::query_as(sql), args).fetch_all(c).await)?)
}

/// How many there are on all pages of [`list`].
pub async fn count(
    conn: Conn<'_>,
    project: &ProjectId,
    server: &McpServerId,
    search: Option<&str>,
) -> Result<u64> {
    let conditions = conditions(project, server, search);
    let sql = conditions.statement("SELECT COUNT(*) FROM mcp_instances", "");
    let count: i64 =
        on!(conn, c => bind_all!(sqlx::query_scalar(sql), conditions.args).fetch_one(c).await)?;
    Ok(u64::try_from(count).unwrap_or_default())
}
