//! Execution logs as the API shows them.

use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::search::cursor_after;
use crate::storage::execution_logs::{ExecutionLog, Step};

/// One page of logs.
#[derive(Debug, Serialize, ToSchema)]
pub struct LogPage {
    /// The logs, the newest first.
    logs: Vec<LogItem>,
    /// Opens the next page; null on the last.
    next_cursor: Option<String>,
}

/// One execution or proxied call.
#[derive(Debug, Serialize, ToSchema)]
pub struct LogItem {
    /// `log_…`
    #[schema(example = "log_3kT0aXqM9ZbC")]
    id: String,
    /// When the call arrived, RFC 3339.
    #[schema(format = DateTime)]
    timestamp: String,
    /// `tool.execution` or `tool.proxy`.
    #[serde(rename = "type")]
    #[schema(example = "tool.execution")]
    kind: &'static str,
    /// What came of it.
    status: LogStatus,
    /// `info`, or `error` for a failure.
    level: LogLevel,
    /// Why it failed; null for a success.
    message: Option<String>,
    /// What was called, and as whom.
    metadata: LogMetadata,
    /// Numbers about it.
    metrics: LogMetrics,
}

/// What came of an execution.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum LogStatus {
    Success,
    Failed,
}

/// How serious a log is.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum LogLevel {
    Info,
    Error,
}

/// What was called, and as whom.
#[derive(Debug, Serialize, ToSchema)]
struct LogMetadata {
    /// `connected_account`, `custom_auth` or `no_auth`; absent for a call that ended before.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    credential_source: Option<String>,
    /// The tool; method and path of a proxied call.
    tool_slug: String,
    /// Its toolkit.
    toolkit_slug: String,
    /// The toolkit's version that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    version: Option<String>,
    /// The account that was used.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    connected_account_id: Option<String>,
    /// Its auth config.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    auth_config_id: Option<String>,
    /// The caller's user.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    user_id: Option<String>,
}

/// Numbers about an execution.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
struct LogMetrics {
    /// From the call's arrival to its answer.
    duration_ms: i64,
    /// Requests that were sent upstream.
    attempts: i64,
    /// The upstream's status, if it answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    upstream_status: Option<i64>,
}

/// One execution with all that is known of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct LogDetail {
    #[serde(flatten)]
    item: LogItem,
    /// When it began and ended.
    timings: LogTimings,
    /// What it belongs to.
    context: LogContext,
    /// Where it came from; nothing is recorded of that.
    #[schema(value_type = Object)]
    source: Map<String, Value>,
    /// The arguments, and what the call did.
    data: LogData,
}

/// When an execution began and ended, in milliseconds since 1970.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
struct LogTimings {
    /// Its arrival.
    start_time: i64,
    /// Its answer.
    end_time: i64,
}

/// What an execution belongs to.
#[derive(Debug, Serialize, ToSchema)]
struct LogContext {
    /// The API request.
    request_id: String,
}

/// The arguments, and what the call did.
#[derive(Debug, Serialize, ToSchema)]
struct LogData {
    /// Without secrets; null where the project stores no data.
    #[schema(value_type = Option<Object>)]
    arguments: Option<Map<String, Value>>,
    /// In order.
    steps: Vec<LogStep>,
}

/// One thing that a call did.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "at_ms": 0, "step": "account",
    "detail": { "account": "ca_1a2b3c4d5e6f", "why": "the call named this account" },
}))]
struct LogStep {
    /// Milliseconds after the call's arrival.
    at_ms: i64,
    /// `tool`, `account`, `credentials`, `attempt`, `refresh`, `pause` or `redaction`.
    step: String,
    /// What there is to say of it.
    #[schema(value_type = Object)]
    detail: Map<String, Value>,
}

impl From<Step> for LogStep {
    fn from(
        Step {
            at_ms,
            step,
            detail,
        }: Step,
    ) -> Self {
        Self {
            at_ms,
            step,
            detail,
        }
    }
}

impl LogPage {
    pub(super) fn new(found: Vec<ExecutionLog>, has_more: bool) -> Self {
        let next_cursor = found.last().filter(|_| has_more).map(cursor_after);
        Self {
            logs: found
                .into_iter()
                .map(|log| LogDetail::from(log).item)
                .collect(),
            next_cursor,
        }
    }
}

impl From<ExecutionLog> for LogDetail {
    fn from(log: ExecutionLog) -> Self {
        let ExecutionLog {
            id,
            project_id: _,
            kind,
            tool,
            toolkit,
            version,
            account_id,
            user_id,
            successful,
            upstream_status,
            error,
            arguments,
            attempts,
            duration_ms,
            request_id,
            created_at,
            auth_config_id,
            credential_source,
            steps,
        } = log;
        let start_time = created_at.as_millis();
        let (status, level) = if successful {
            (LogStatus::Success, LogLevel::Info)
        } else {
            (LogStatus::Failed, LogLevel::Error)
        };
        Self {
            item: LogItem {
                id: id.as_str().to_owned(),
                timestamp: created_at.to_text(),
                kind: if kind == "proxy" {
                    "tool.proxy"
                } else {
                    "tool.execution"
                },
                status,
                level,
                message: error,
                metadata: LogMetadata {
                    credential_source,
                    tool_slug: tool,
                    toolkit_slug: toolkit,
                    version,
                    connected_account_id: account_id.map(|id| id.as_str().to_owned()),
                    auth_config_id: auth_config_id.map(|id| id.as_str().to_owned()),
                    user_id,
                },
                metrics: LogMetrics {
                    duration_ms,
                    attempts,
                    upstream_status,
                },
            },
            timings: LogTimings {
                start_time,
                end_time: start_time.saturating_add(duration_ms),
            },
            context: LogContext {
                request_id: request_id.as_str().to_owned(),
            },
            source: Map::new(),
            data: LogData {
                arguments,
                steps: steps.into_iter().flatten().map(Into::into).collect(),
            },
        }
    }
}
