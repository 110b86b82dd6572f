//! MCP servers: which toolkits and tools of a project stand under one URL.

use std::collections::HashMap;

use sqlx::types::Json;

use super::db::{Arg, Conn, Filter, Statement, bind_all, literal, on};
use crate::error::Result;
use crate::ids::{McpServerId, ProjectId};
use crate::time::Timestamp;

const FIND: Statement = Statement::both(
    "mcp_servers.find",
    "SELECT * FROM mcp_servers WHERE project_id = $1 AND id = $2",
);
const FIND_BY_URL: Statement = Statement::both(
    "mcp_servers.find_by_url",
    "SELECT * FROM mcp_servers WHERE id = $1",
);
const INSERT: Statement = Statement::both(
    "mcp_servers.insert",
    "INSERT INTO mcp_servers (project_id, id, name, toolkits, auth_config_ids, allowed_tools,
         managed_auth, created_at, updated_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)",
);
const UPDATE: Statement = Statement::both(
    "mcp_servers.update",
    "UPDATE mcp_servers SET name = $3, toolkits = $4, auth_config_ids = $5, allowed_tools = $6,
         managed_auth = $7, updated_at = $8
     WHERE project_id = $1 AND id = $2",
);
const DELETE: Statement = Statement::both(
    "mcp_servers.delete",
    "DELETE FROM mcp_servers WHERE project_id = $1 AND id = $2",
);
const DELETE_ALL: Statement = Statement::both(
    "mcp_servers.delete_all",
    "DELETE FROM mcp_servers WHERE project_id = $1",
);
pub(super) const STATEMENTS: &[Statement] =
    &[FIND, FIND_BY_URL, INSERT, UPDATE, DELETE, DELETE_ALL];

/// A row of `mcp_servers`.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct McpServer {
    /// A UUID.
    pub id: McpServerId,
    /// The tenant.
    pub project_id: ProjectId,
    /// For people.
    pub name: String,
    /// Slugs of toolkits, in lower case.
    #[sqlx(json)]
    pub toolkits: Vec<String>,
    /// Accounts of their toolkits are taken from these auth configs alone.
    #[sqlx(json)]
    pub auth_config_ids: Vec<String>,
    /// Slugs of tools, in upper case; none means all of the toolkits.
    #[sqlx(json)]
    pub allowed_tools: Vec<String>,
    /// Whether a tool whose toolkit is not connected answers with a link to connect it.
    pub managed_auth: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// Which servers a list shows; what is empty or absent does not narrow it.
#[derive(Debug, Clone, Default)]
pub struct ServerFilter {
    /// Part of the name, in any case.
    pub name: Option<String>,
    /// Only servers with one of these toolkits.
    pub toolkits: Vec<String>,
    /// And with this one.
    pub toolkit: Option<String>,
    /// Only servers with one of these auth configs.
    pub auth_configs: Vec<String>,
}

impl ServerFilter {
    fn conditions(&self, project: &ProjectId) -> Filter {
        let Self {
            name,
            toolkits,
            toolkit,
            auth_configs,
        } = self;
        let mut filter = Filter::of_project(project);
        if let Some(name) = name {
            let part = Arg::Text(format!("%{}%", literal(name)));
            filter.and(r"LOWER(name) LIKE LOWER(?) ESCAPE '\'", [part]);
        }
        and_holds_one(&mut filter, "CAST(toolkits AS TEXT)", toolkits);
        and_holds_one(&mut filter, "CAST(toolkits AS TEXT)", toolkit.as_slice());
        and_holds_one(&mut filter, "CAST(auth_config_ids AS TEXT)", auth_configs);
        filter
    }
}

/// What a list may be ordered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Newest first.
    CreatedDescending,
    /// Oldest first.
    CreatedAscending,
    /// Last changed first.
    UpdatedDescending,
    /// Last changed last.
    UpdatedAscending,
}

impl Order {
    pub(super) const fn sql(self) -> &'static str {
        match self {
            Self::CreatedDescending => "created_at DESC, id DESC",
            Self::CreatedAscending => "created_at, id",
            Self::UpdatedDescending => "updated_at DESC, id DESC",
            Self::UpdatedAscending => "updated_at, id",
        }
    }
}

/// Lets through what has one of `values` in its JSON list of texts, where they stand between quotes.
fn and_holds_one(filter: &mut Filter, column: &'static str, values: &[String]) {
    let patterns = values
        .iter()
        .map(|value| format!("%\"{}\"%", literal(value)));
    filter.and_any(column, r" LIKE ? ESCAPE '\'", patterns.map(Arg::Text));
}

/// A server of a project.
pub async fn find(
    conn: Conn<'_>,
    project: &ProjectId,
    id: &McpServerId,
) -> Result<Option<McpServer>> {
    let sql = FIND.on(&conn);
    Ok(on!(conn, c => sqlx::query_as(sql).bind(project).bind(id).fetch_optional(c).await)?)
}

/// The server that a URL names, whoever it belongs to: the row says whose it is.
pub async fn find_by_url(conn: Conn<'_>, id: &McpServerId) -> Result<Option<McpServer>> {
    let sql = FIND_BY_URL.on(&conn);
    Ok(on!(conn, c => sqlx::query_as(sql).bind(id).fetch_optional(c).await)?)
}

/// Stores a new server.
pub async fn insert(conn: Conn<'_>, server: &McpServer) -> Result<()> {
    let sql = INSERT.on(&conn);
    let McpServer {
        id,
        project_id,
        name,
        toolkits,
        auth_config_ids,
        allowed_tools,
        managed_auth,
        created_at,
        updated_at: _,
    } = server;
    on!(conn, c => sqlx::query(sql)
        .bind(project_id).bind(id).bind(name).bind(Json(toolkits)).bind(Json(auth_config_ids))
        .bind(Json(allowed_tools)).bind(managed_auth).bind(created_at)
        .execute(c).await?.rows_affected());
    Ok(())
}

/// Writes what may change; `false` when it is gone.
pub async fn update(conn: Conn<'_>, project: &ProjectId, server: &McpServer) -> Result<bool> {
    let sql = UPDATE.on(&conn);
    let rows = on!(conn, c => sqlx::query(sql)
        .bind(project).bind(&server.id).bind(&server.name).bind(Json(&server.toolkits))
        .bind(Json(&server.auth_config_ids)).bind(Json(&server.allowed_tools)).bind(server.managed_auth)
        .bind(server.updated_at)
        .execute(c).await?.rows_affected());
    Ok(rows == 1)
}

/// Removes a server and the notes of its users; `false` when there is none.
pub async fn delete(conn: Conn<'_>, project: &ProjectId, id: &McpServerId) -> Result<bool> {
    let sql = DELETE.on(&conn);
    let rows = on!(conn, c => sqlx::query(sql)
        .bind(project).bind(id).execute(c).await?.rows_affected());
    Ok(rows == 1)
}

/// Removes every server of a project.
pub async fn delete_all(conn: Conn<'_>, project: &ProjectId) -> Result<()> {
    let sql = DELETE_ALL.on(&conn);
    on!(conn, c => sqlx::query(sql).bind(project).execute(c).await?.rows_affected());
    Ok(())
}

/// The servers that `filter` lets through.
pub async fn list(
    conn: Conn<'_>,
    project: &ProjectId,
    filter: &ServerFilter,
    order: Order,
    limit: i64,
    offset: i64,
) -> Result<Vec<McpServer>> {
    let conditions = filter.conditions(project);
    let (sql, args) = conditions.page("SELECT * FROM mcp_servers", order.sql(), limit, offset);
    Ok(on!(conn, c => bind_all!(sqlx::query_as(sql), args).fetch_all(c).await)?)
}

/// How many servers `filter` lets through.
pub async fn count(conn: Conn<'_>, project: &ProjectId, filter: &ServerFilter) -> Result<u64> {
    let conditions = filter.conditions(project);
    let sql = conditions.statement("SELECT COUNT(*) FROM mcp_servers", "");
    let count: i64 =
        on!(conn, c => bind_all!(sqlx::query_scalar(sql), conditions.args).fetch_one(c).await)?;
    Ok(u64::try_from(count).unwrap_or_default())
}

/// How many users were noted for each of these servers; those without any are left out.
pub async fn count_instances(
    conn: Conn<'_>,
    project: &ProjectId,
    ids: &[String],
) -> Result<HashMap<String, i64>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let mut filter = Filter::of_project(project);
    filter.and_in("server_id", ids);
    let sql = filter.statement(
        "SELECT server_id, COUNT(*) FROM mcp_instances",
        " GROUP BY server_id",
    );
    let rows: Vec<(String, i64)> =
        on!(conn, c => bind_all!(sqlx::query_as(sql), filter.args).fetch_all(c).await)?;
    Ok(rows.into_iter().collect())
}
