//! Execution logs: one row an execution or proxied call, written in batches.

use serde::Serialize;
use serde_json::{Map, Value};

use super::db::{Conn, Statement, on};
use crate::error::Result;
use crate::ids::{AccountId, LogId, ProjectId, RequestId};
use crate::time::Timestamp;

// One parameter holds the whole batch as JSON, so the statement is the same for every length.
const INSERT_ALL: Statement = Statement::split(
    "execution_logs.insert_all",
    "INSERT INTO execution_logs (id, project_id, kind, tool, toolkit, version, account_id, user_id,
         successful, upstream_status, error, arguments, attempts, duration_ms, request_id,
         created_at)
     SELECT value->>'id', value->>'project_id', value->>'kind', value->>'tool', value->>'toolkit',
         value->>'version', value->>'account_id', value->>'user_id', value->>'successful',
         value->>'upstream_status', value->>'error', NULLIF(value->'arguments', 'null'),
         value->>'attempts', value->>'duration_ms', value->>'request_id', value->>'created_at'
     FROM json_each($1)",
    "INSERT INTO execution_logs (id, project_id, kind, tool, toolkit, version, account_id, user_id,
         successful, upstream_status, error, arguments, attempts, duration_ms, request_id,
         created_at)
     SELECT id, project_id, kind, tool, toolkit, version, account_id, user_id, successful,
         upstream_status, error, arguments, attempts, duration_ms, request_id, created_at
     FROM json_to_recordset(CAST($1 AS JSON)) AS row (id TEXT, project_id TEXT, kind TEXT,
         tool TEXT, toolkit TEXT, version TEXT, account_id TEXT, user_id TEXT, successful BOOLEAN,
         upstream_status BIGINT, error TEXT, arguments JSONB, attempts BIGINT, duration_ms BIGINT,
         request_id TEXT, created_at TIMESTAMPTZ)",
);
const FIND: Statement = Statement::both(
    "execution_logs.find",
    "SELECT * FROM execution_logs WHERE project_id = $1 AND id = $2",
);
const NEWEST: Statement = Statement::both(
    "execution_logs.newest",
    "SELECT * FROM execution_logs WHERE project_id = $1 ORDER BY created_at DESC, id DESC LIMIT $2",
);
pub(super) const STATEMENTS: &[Statement] = &[INSERT_ALL, FIND, NEWEST];

/// A row of `execution_logs`. It holds no secret: arguments that are secret are left out, and error
/// texts are redacted before they come here.
#[derive(Debug, Clone, PartialEq, Serialize, sqlx::FromRow)]
pub struct ExecutionLog {
    /// `log_…`
    pub id: LogId,
    /// The tenant.
    pub project_id: ProjectId,
    /// `tool` or `proxy`.
    pub kind: String,
    /// Slug of the tool; method and path of a proxied call.
    pub tool: String,
    /// Slug of the toolkit.
    pub toolkit: String,
    /// The toolkit's version that was asked for.
    pub version: Option<String>,
    /// The account whose credentials were used.
    pub account_id: Option<AccountId>,
    /// The caller's user.
    pub user_id: Option<String>,
    /// Whether it succeeded.
    pub successful: bool,
    /// The upstream's HTTP status, if it answered.
    pub upstream_status: Option<i64>,
    /// Why it did not succeed.
    pub error: Option<String>,
    /// The arguments; none where the project stores no data.
    #[sqlx(json(nullable))]
    pub arguments: Option<Map<String, Value>>,
    /// Requests that were sent upstream.
    pub attempts: i64,
    /// From the call's arrival to its answer.
    pub duration_ms: i64,
    /// The API request that it belongs to.
    pub request_id: RequestId,
    /// When the call arrived.
    pub created_at: Timestamp,
}

/// Stores records together.
pub async fn insert_all(conn: Conn<'_>, logs: &[ExecutionLog]) -> Result<()> {
    let sql = INSERT_ALL.on(&conn);
    let mut rows = serde_json::to_value(logs)?;
    drop_nul(&mut rows);
    let batch = rows.to_string();
    on!(conn, c => sqlx::query(sql).bind(batch).execute(c).await?.rows_affected());
    Ok(())
}

/// A record of a project.
pub async fn find(conn: Conn<'_>, project: &ProjectId, id: &LogId) -> Result<Option<ExecutionLog>> {
    let sql = FIND.on(&conn);
    Ok(on!(conn, c => sqlx::query_as(sql).bind(project).bind(id).fetch_optional(c).await)?)
}

/// The newest records of a project, at most `limit`.
pub async fn newest(conn: Conn<'_>, project: &ProjectId, limit: i64) -> Result<Vec<ExecutionLog>> {
    let sql = NEWEST.on(&conn);
    Ok(on!(conn, c => sqlx::query_as(sql).bind(project).bind(limit).fetch_all(c).await)?)
}

/// PostgreSQL has no text with NUL in it, and one bad record must not cost the whole batch.
fn drop_nul(value: &mut Value) {
    match value {
        Value::String(text) if text.contains('\0') => text.retain(|character| character != '\0'),
        Value::Array(items) => items.iter_mut().for_each(drop_nul),
        Value::Object(fields) => drop_nul_in(fields),
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn drop_nul_in(fields: &mut Map<String, Value>) {
    fields.values_mut().for_each(drop_nul);
}
