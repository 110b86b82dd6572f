//! Events: what happened that a project may want to hear of, kept until it is told or too old.

use super::db::{Conn, Statement, on};
use crate::error::Result;
use crate::ids::{EventId, ProjectId};
use crate::time::Timestamp;

const INSERT: Statement = Statement::both(
    "events.insert",
    "INSERT INTO events (project_id, id, type, payload, created_at) VALUES ($1, $2, $3, $4, $5)",
);
const LIST: Statement = Statement::both(
    "events.list",
    "SELECT * FROM events WHERE project_id = $1 ORDER BY created_at, id LIMIT $2",
);
const PURGE: Statement =
    Statement::both("events.purge", "DELETE FROM events WHERE created_at < $1");
pub(super) const STATEMENTS: &[Statement] = &[INSERT, LIST, PURGE];

/// A row of `events`.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Event {
    /// `evt_…`
    pub id: EventId,
    /// The tenant.
    pub project_id: ProjectId,
    /// `composio.connected_account.expired`, …
    #[sqlx(rename = "type")]
    pub kind: String,
    /// The whole message as a webhook of version V3 has it.
    #[sqlx(json)]
    pub payload: serde_json::Value,
    /// When it happened.
    pub created_at: Timestamp,
    /// When it was told; none while it was not.
    pub delivered_at: Option<Timestamp>,
}

/// Stores an event that nobody was told of yet.
pub async fn insert(conn: Conn<'_>, event: &Event) -> Result<()> {
    let sql = INSERT.on(&conn);
    let Event {
        id,
        project_id,
        kind,
        payload,
        created_at,
        delivered_at: _,
    } = event;
    on!(conn, c => sqlx::query(sql)
        .bind(project_id).bind(id).bind(kind).bind(sqlx::types::Json(payload)).bind(created_at)
        .execute(c).await?.rows_affected());
    Ok(())
}

/// A project's events, oldest first.
pub async fn list(conn: Conn<'_>, project: &ProjectId, limit: i64) -> Result<Vec<Event>> {
    let sql = LIST.on(&conn);
    Ok(on!(conn, c => sqlx::query_as(sql).bind(project).bind(limit).fetch_all(c).await)?)
}

/// Removes events of all tenants that happened before `instant`.
pub async fn purge(conn: Conn<'_>, instant: Timestamp) -> Result<u64> {
    let sql = PURGE.on(&conn);
    Ok(on!(conn, c => sqlx::query(sql).bind(instant).execute(c).await?.rows_affected()))
}
