//! The words of a manifest about lists that go on, and about how often a service may be asked.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::Deserializer;

use crate::expressions::Expression;

/// How a list goes on.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PaginationRule {
    /// What leads to the next page.
    #[serde(rename = "type")]
    pub kind: PaginationKind,
    /// The parameter that names the next page: of the query, of a body where the request has one.
    #[serde(default)]
    pub cursor_arg: Option<String>,
    /// Where an answer has what leads on: a path in its body, `data[-1].id`.
    #[serde(default, deserialize_with = "path")]
    pub cursor_path: Option<Expression>,
    /// Where an answer says whether there is more.
    #[serde(default, deserialize_with = "path")]
    pub has_more: Option<Expression>,
    /// The parameter that says how many a page has.
    #[serde(default)]
    pub limit_arg: Option<String>,
    /// How many a page has at most.
    #[serde(default)]
    pub max_limit: Option<u64>,
    /// Where an answer has its items; the body itself where nothing is said.
    #[serde(default, deserialize_with = "path")]
    pub items: Option<Expression>,
    /// A page without items is the last one.
    #[serde(default)]
    pub stop_when_empty: bool,
}

/// `data[-1].id` is the expression `.data[-1].id`.
fn path<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Expression>, D::Error> {
    let path = Option::<String>::deserialize(deserializer)?;
    Ok(path.map(|path| {
        let is_expression = path.starts_with(['.', '(', '[']);
        Expression::new(if is_expression {
            path
        } else {
            format!(".{path}")
        })
    }))
}

impl PaginationRule {
    /// The expressions, each with its key.
    pub fn expressions(&self) -> impl Iterator<Item = (&'static str, &Expression)> {
        [
            ("cursor_path", &self.cursor_path),
            ("has_more", &self.has_more),
            ("items", &self.items),
        ]
        .into_iter()
        .filter_map(|(key, expression)| Some((key, expression.as_ref()?)))
    }
}

/// What leads to the next page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PaginationKind {
    /// The header `Link` with `rel="next"` (RFC 8288).
    Link,
    /// A value of the answer goes into `cursor_arg`.
    Cursor,
    /// `cursor_arg` counts items.
    Offset,
    /// `cursor_arg` counts pages, from 1 on or from what was asked for.
    Page,
    /// The answer holds the next page's URL.
    NextUrl,
}

/// How far a step goes on by itself.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pages {
    /// How many pages at most, the first one included.
    pub max_pages: usize,
}

/// How often a service may be asked, how it says that it was asked too often, and until when.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RateLimit {
    /// How many requests a second the service allows an account, on average over a second or, below 1,
    /// over the time of one request. Calls wait for their turn.
    #[serde(default)]
    pub per_second: Option<f64>,
    /// `Retry-After` says how long; it is always read, so this says only that it comes.
    #[serde(default)]
    pub retry_after: bool,
    /// The header that says how many requests are left.
    #[serde(default)]
    pub remaining: Option<String>,
    /// The header that says when there will be more.
    #[serde(default)]
    pub reset: Option<String>,
    /// How it says so.
    #[serde(default)]
    pub reset_unit: ResetUnit,
    /// The statuses of such a refusal. One besides 429 is one only with `Retry-After`, or where the
    /// header says that none is left.
    #[serde(default)]
    pub statuses: Vec<u16>,
}

impl RateLimit {
    /// The least and the most that [`Self::per_second`] may be.
    pub const PER_SECOND: (f64, f64) = (0.01, 100.0);
}

/// How a header names an instant.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ResetUnit {
    /// Seconds since 1970.
    EpochS,
    /// Milliseconds since 1970.
    EpochMs,
    /// Seconds from now on.
    #[default]
    Seconds,
}
