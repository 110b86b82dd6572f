//! What a search for execution logs asks for.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::api::extract::number;
use crate::error::{Error, Result};
use crate::ids::LogId;
use crate::storage::execution_logs::{ExecutionLog, LogComparison, LogField, LogFilter};
use crate::time::Timestamp;

const DEFAULT_LIMIT: i64 = 20;
const MAX_LIMIT: i64 = 100;

/// A search.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub struct SearchRequest {
    /// Most logs on a page, 1 to 100.
    #[serde(default, deserialize_with = "number")]
    #[schema(value_type = Option<f64>, nullable = false, default = 20, minimum = 1, maximum = 100)]
    limit: Option<i64>,
    /// `next_cursor` of the page before.
    #[serde(default)]
    cursor: Option<String>,
    /// Conditions, all of which hold.
    #[serde(default)]
    #[schema(nullable = false)]
    filters: Option<Vec<SearchFilter>>,
    /// Only executions that began in this time.
    #[serde(default)]
    #[schema(nullable = false)]
    time_range: Option<TimeRange>,
}

/// One condition.
#[derive(Debug, Deserialize, ToSchema)]
struct SearchFilter {
    /// What is looked at.
    field: SearchField,
    /// How it is compared.
    operator: SearchOperator,
    /// With what.
    #[schema(example = "github")]
    value: String,
}

/// What is looked at.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum SearchField {
    ToolSlug,
    ToolkitSlug,
    ConnectedAccountId,
    AuthConfigId,
    Status,
    UserId,
    SessionId,
    SandboxId,
    RequestId,
    LogId,
}

/// How it is compared; `contains` in any case.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
enum SearchOperator {
    #[serde(rename = "==")]
    Is,
    #[serde(rename = "!=")]
    IsNot,
    #[serde(rename = "contains")]
    Contains,
    #[serde(rename = "not_contains")]
    ContainsNot,
}

/// From when to when, in milliseconds since 1970.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
struct TimeRange {
    /// The first instant.
    #[serde(default, deserialize_with = "number")]
    #[schema(value_type = f64, example = 1_767_225_600_000_i64)]
    from: Option<i64>,
    /// The last instant.
    #[serde(default, deserialize_with = "number")]
    #[schema(value_type = f64, example = 1_767_312_000_000_i64)]
    to: Option<i64>,
}

impl SearchRequest {
    /// What to look for, and how much of it.
    pub(super) fn into_filter(self) -> Result<(LogFilter, u32)> {
        let limit = self.limit.unwrap_or(DEFAULT_LIMIT).clamp(1, MAX_LIMIT);
        let cursor = self.cursor.filter(|cursor| !cursor.is_empty());
        let mut filter = LogFilter {
            before: cursor.map(|cursor| read_cursor(&cursor)).transpose()?,
            ..LogFilter::default()
        };
        if let Some(range) = self.time_range {
            filter.from = range.from.map(Timestamp::from_millis);
            filter.to = range.to.map(Timestamp::from_millis);
        }
        for (index, condition) in self.filters.into_iter().flatten().enumerate() {
            condition
                .add_to(&mut filter)
                .map_err(|problem| Error::fields(vec![format!("filters[{index}]{problem}")]))?;
        }
        Ok((filter, u32::try_from(limit).unwrap_or(1)))
    }
}

impl SearchFilter {
    fn add_to(self, filter: &mut LogFilter) -> Result<(), String> {
        let Self {
            field,
            operator,
            value,
        } = self;
        let comparison = match operator {
            SearchOperator::Is => LogComparison::Is,
            SearchOperator::IsNot => LogComparison::IsNot,
            SearchOperator::Contains => LogComparison::Contains,
            SearchOperator::ContainsNot => LogComparison::ContainsNot,
        };
        let (field, value) = match field {
            SearchField::ToolSlug => (LogField::Tool, value),
            SearchField::ToolkitSlug => (LogField::Toolkit, value.to_ascii_lowercase()),
            SearchField::ConnectedAccountId => (LogField::Account, value),
            SearchField::AuthConfigId => (LogField::AuthConfig, value),
            SearchField::UserId => (LogField::User, value),
            SearchField::RequestId => (LogField::Request, value),
            SearchField::LogId => (LogField::Id, value),
            SearchField::Status => return add_status(filter, comparison, &value),
            // No execution here has one.
            SearchField::SessionId | SearchField::SandboxId => {
                filter.nothing |= matches!(comparison, LogComparison::Is | LogComparison::Contains);
                return Ok(());
            }
        };
        filter.texts.push((field, comparison, value));
        Ok(())
    }
}

fn add_status(
    filter: &mut LogFilter,
    comparison: LogComparison,
    value: &str,
) -> Result<(), String> {
    let is_meant = match comparison {
        LogComparison::Is | LogComparison::Contains => true,
        LogComparison::IsNot | LogComparison::ContainsNot => false,
    };
    let successful = match value {
        "success" => is_meant,
        "failed" => !is_meant,
        _ => return Err(".value: must be `success` or `failed`".into()),
    };
    filter.nothing |= filter.successful.is_some_and(|other| other != successful);
    filter.successful = Some(successful);
    Ok(())
}

/// The place after a record, as a word that SDKs hand back.
pub(super) fn cursor_after(log: &ExecutionLog) -> String {
    URL_SAFE_NO_PAD.encode(format!(
        "{} {}",
        log.created_at.as_millis(),
        log.id.as_str()
    ))
}

fn read_cursor(cursor: &str) -> Result<(Timestamp, LogId)> {
    let place = || {
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
        let (millis, id) = text.split_once(' ')?;
        let id = LogId::from(id.to_owned());
        Some((Timestamp::from_millis(millis.parse().ok()?), id))
    };
    place().ok_or_else(|| {
        Error::invalid_with_fix(
            "the cursor is not valid",
            "Send `next_cursor` of the page before, unchanged.",
        )
    })
}
