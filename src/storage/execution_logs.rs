//! Execution logs: one row an execution or proxied call, written in batches.

use serde::ser::Error as _;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value};

use super::db::{Arg, Conn, Filter, Statement, bind_all, on};
use crate::error::Result;
use crate::ids::{AccountId, AuthConfigId, LogId, ProjectId, RequestId};
use crate::time::Timestamp;

// One parameter holds the whole batch as JSON, so the statement is the same for every length. What is
// JSON itself is text in it: the engines would else read it, write it and read it again.
const INSERT_ALL: Statement = Statement::split(
    "execution_logs.insert_all",
    "INSERT INTO execution_logs (id, project_id, kind, tool, toolkit, version, account_id, user_id,
         successful, upstream_status, error, arguments, attempts, duration_ms, request_id,
         created_at, auth_config_id, credential_source, steps)
     SELECT value->>'id', value->>'project_id', value->>'kind', value->>'tool', value->>'toolkit',
         value->>'version', value->>'account_id', value->>'user_id', value->>'successful',
         value->>'upstream_status', value->>'error', value->>'arguments', value->>'attempts',
         value->>'duration_ms', value->>'request_id', value->>'created_at',
         value->>'auth_config_id', value->>'credential_source', value->>'steps'
     FROM json_each($1)",
    "INSERT INTO execution_logs (id, project_id, kind, tool, toolkit, version, account_id, user_id,
         successful, upstream_status, error, arguments, attempts, duration_ms, request_id,
         created_at, auth_config_id, credential_source, steps)
     SELECT id, project_id, kind, tool, toolkit, version, account_id, user_id, successful,
         upstream_status, error, CAST(arguments AS JSONB), attempts, duration_ms, request_id,
         created_at, auth_config_id, credential_source, CAST(steps AS JSONB)
     FROM json_to_recordset(CAST($1 AS JSON)) AS row (id TEXT, project_id TEXT, kind TEXT,
         tool TEXT, toolkit TEXT, version TEXT, account_id TEXT, user_id TEXT, successful BOOLEAN,
         upstream_status BIGINT, error TEXT, arguments TEXT, attempts BIGINT, duration_ms BIGINT,
         request_id TEXT, created_at TIMESTAMPTZ, auth_config_id TEXT, credential_source TEXT,
         steps TEXT)",
);
const FIND: Statement = Statement::both(
    "execution_logs.find",
    "SELECT * FROM execution_logs WHERE project_id = $1 AND id = $2",
);
const NEWEST: Statement = Statement::both(
    "execution_logs.newest",
    "SELECT * FROM execution_logs WHERE project_id = $1 ORDER BY created_at DESC, id DESC LIMIT $2",
);
const PROJECT_OF: Statement = Statement::both(
    "execution_logs.project_of",
    "SELECT project_id FROM execution_logs WHERE id = $1",
);
// A batch at a time, so that writers wait for no more than that.
const PURGE: Statement = Statement::both(
    "execution_logs.purge",
    "DELETE FROM execution_logs WHERE id IN
         (SELECT id FROM execution_logs WHERE created_at < $1 ORDER BY created_at LIMIT $2)",
);
pub(super) const STATEMENTS: &[Statement] = &[INSERT_ALL, FIND, NEWEST, PROJECT_OF, PURGE];

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
    #[serde(serialize_with = "as_text", skip_serializing_if = "Option::is_none")]
    pub arguments: Option<Map<String, Value>>,
    /// Requests that were sent upstream.
    pub attempts: i64,
    /// From the call's arrival to its answer.
    pub duration_ms: i64,
    /// The API request that it belongs to.
    pub request_id: RequestId,
    /// When the call arrived.
    pub created_at: Timestamp,
    /// The account's auth config.
    pub auth_config_id: Option<AuthConfigId>,
    /// `connected_account`, `custom_auth` or `no_auth`; none for a call that ended before.
    pub credential_source: Option<String>,
    /// What it did, in order; none in rows of older versions.
    #[sqlx(json(nullable))]
    #[serde(serialize_with = "as_text", skip_serializing_if = "Option::is_none")]
    pub steps: Option<Vec<Step>>,
}

/// One thing that a call did. It holds no secret and no word of the upstream.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// Milliseconds after the call's arrival.
    pub at_ms: i64,
    /// `tool`, `account`, `credentials`, `attempt`, `refresh`, `pause`, `redaction`.
    pub step: String,
    /// What there is to say of it, by names.
    pub detail: Map<String, Value>,
}

/// How a field is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogComparison {
    /// The same.
    Is,
    /// Another, or none at all.
    IsNot,
    /// The text is in it, in any case.
    Contains,
    /// The text is not in it.
    ContainsNot,
}

/// What a search looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is a column of the same name")]
pub enum LogField {
    Tool,
    Toolkit,
    Account,
    AuthConfig,
    User,
    Request,
    Id,
}

/// Which records a search finds; the conditions all hold.
#[derive(Debug, Clone, Default)]
pub struct LogFilter {
    /// Comparisons with texts.
    pub texts: Vec<(LogField, LogComparison, String)>,
    /// Only those that succeeded or only those that did not.
    pub successful: Option<bool>,
    /// The first instant.
    pub from: Option<Timestamp>,
    /// The last instant.
    pub to: Option<Timestamp>,
    /// Those before this record, by time and id.
    pub before: Option<(Timestamp, LogId)>,
    /// Lets nothing through: what was asked for is never recorded.
    pub nothing: bool,
}

impl LogFilter {
    fn conditions(&self, project: &ProjectId) -> Filter {
        let Self {
            texts,
            successful,
            from,
            to,
            before,
            nothing,
        } = self;
        let mut filter = Filter::of_project(project);
        for (field, comparison, text) in texts {
            let (condition, text) = condition(*field, *comparison, text);
            filter.and(condition, [Arg::Text(text)]);
        }
        match successful {
            None => {}
            Some(true) => filter.and("successful", []),
            Some(false) => filter.and("NOT successful", []),
        }
        if let Some(from) = from {
            filter.and("created_at >= ?", [Arg::Time(*from)]);
        }
        if let Some(to) = to {
            filter.and("created_at <= ?", [Arg::Time(*to)]);
        }
        if let Some((at, id)) = before {
            let values = [Arg::Time(*at), Arg::Text(id.as_str().into())];
            filter.and("(created_at, id) < (?, ?)", values);
        }
        if *nothing {
            filter.and("1 = 0", []);
        }
        filter
    }
}

/// A condition on one column, and the value that it compares with. The dialects' `LIKE` differ in
/// case, so both sides are made lower.
fn condition(field: LogField, comparison: LogComparison, text: &str) -> (&'static str, String) {
    macro_rules! on_column {
        ($column:literal) => {
            match comparison {
                LogComparison::Is => concat!($column, " = ?"),
                LogComparison::IsNot => concat!("(", $column, " IS NULL OR ", $column, " <> ?)"),
                LogComparison::Contains => concat!("LOWER(", $column, ") LIKE ? ESCAPE '!'"),
                LogComparison::ContainsNot => concat!(
                    concat!("(", $column, " IS NULL OR LOWER(", $column),
                    ") NOT LIKE ? ESCAPE '!')"
                ),
            }
        };
    }
    let condition = match field {
        LogField::Tool => on_column!("tool"),
        LogField::Toolkit => on_column!("toolkit"),
        LogField::Account => on_column!("account_id"),
        LogField::AuthConfig => on_column!("auth_config_id"),
        LogField::User => on_column!("user_id"),
        LogField::Request => on_column!("request_id"),
        LogField::Id => on_column!("id"),
    };
    let value = match comparison {
        LogComparison::Is | LogComparison::IsNot => text.to_owned(),
        LogComparison::Contains | LogComparison::ContainsNot => like(text),
    };
    (condition, value)
}

/// `%text%` in lower case, with the signs of patterns taken as they are.
fn like(text: &str) -> String {
    let mut pattern = String::from("%");
    for character in text.to_ascii_lowercase().chars() {
        if matches!(character, '%' | '_' | '!') {
            pattern.push('!');
        }
        pattern.push(character);
    }
    pattern.push('%');
    pattern
}

/// Stores records together.
pub async fn insert_all(conn: Conn<'_>, logs: &[ExecutionLog]) -> Result<()> {
    let sql = INSERT_ALL.on(&conn);
    let batch = text(&logs)?;
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

/// The newest records of a project that match, at most `limit`.
pub async fn search(
    conn: Conn<'_>,
    project: &ProjectId,
    filter: &LogFilter,
    limit: i64,
) -> Result<Vec<ExecutionLog>> {
    let mut found = filter.conditions(project);
    found.args.push(Arg::Int(limit));
    // What is looked at stands in the index; only what is found is fetched from the table.
    let end = format!(
        " ORDER BY created_at DESC, id DESC LIMIT ${}) ORDER BY created_at DESC, id DESC",
        found.args.len()
    );
    let sql = found.statement(
        "SELECT * FROM execution_logs WHERE id IN (SELECT id FROM execution_logs",
        &end,
    );
    let args = found.args;
    Ok(on!(conn, c => bind_all!(sqlx::query_as(sql), args).fetch_all(c).await)?)
}

/// Whose a record is; for the operator, who may ask for any.
pub async fn project_of(conn: Conn<'_>, id: &LogId) -> Result<Option<ProjectId>> {
    let sql = PROJECT_OF.on(&conn);
    Ok(on!(conn, c => sqlx::query_scalar(sql).bind(id).fetch_optional(c).await)?)
}

/// Removes at most `limit` records of all tenants from before `instant`, the oldest first, and says
/// how many.
pub async fn purge(conn: Conn<'_>, instant: Timestamp, limit: i64) -> Result<u64> {
    let sql = PURGE.on(&conn);
    Ok(on!(conn, c => sqlx::query(sql)
        .bind(instant).bind(limit).execute(c).await?.rows_affected()))
}

fn as_text<T: Serialize, S: Serializer>(json: &T, serializer: S) -> Result<S::Ok, S::Error> {
    text(json).map_err(S::Error::custom)?.serialize(serializer)
}

/// JSON without NUL: PostgreSQL has no text with it, and one bad record must not cost the batch.
fn text<T: Serialize>(value: &T) -> serde_json::Result<String> {
    let text = serde_json::to_string(value)?;
    if !text.contains(r"\u0000") {
        return Ok(text);
    }
    let mut value = serde_json::to_value(value)?;
    drop_nul(&mut value);
    serde_json::to_string(&value)
}

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
