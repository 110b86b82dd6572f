//! The words of a manifest about answers.

use schemars::JsonSchema;
use serde::Deserialize;

use super::FileRule;
use crate::expressions::Expression;

/// How to read an upstream answer. The expressions see `{status, headers, body, args}`, in a tool of
/// steps also `steps`.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ResponseRule {
    /// Whether the service did what was asked; by default whether the status says so.
    #[serde(default)]
    pub ok: Option<Expression>,
    /// The tool's data; by default the body.
    #[serde(default)]
    pub data: Option<Expression>,
    /// The service's words for what went wrong; common places are tried where it gives none.
    #[serde(default)]
    pub error: Option<Expression>,
    /// Statuses outside 200..=299 that are a success as well (GitHub's 304 or 404 as "no").
    #[serde(default)]
    pub ok_statuses: Option<Vec<u16>>,
    /// The members of the data that stay, at its top; all where nothing is said.
    #[serde(default)]
    pub keep: Option<Vec<String>>,
    /// The members of the data that go, at its top.
    #[serde(default)]
    pub drop: Option<Vec<String>>,
    /// A tool's answer that is a file, or holds one.
    #[serde(default)]
    pub file: Option<FileRule>,
}

impl ResponseRule {
    /// This rule, key by key with what `other` says where this one says nothing.
    #[must_use]
    pub fn or(&self, other: &Self) -> Self {
        let Self {
            ok,
            data,
            error,
            ok_statuses,
            keep,
            drop,
            file,
        } = self.clone();
        Self {
            ok: ok.or_else(|| other.ok.clone()),
            data: data.or_else(|| other.data.clone()),
            error: error.or_else(|| other.error.clone()),
            ok_statuses: ok_statuses.or_else(|| other.ok_statuses.clone()),
            keep: keep.or_else(|| other.keep.clone()),
            drop: drop.or_else(|| other.drop.clone()),
            file: file.or_else(|| other.file.clone()),
        }
    }

    /// The expressions, each with its key.
    pub fn expressions(&self) -> impl Iterator<Item = (&'static str, &Expression)> {
        [
            ("ok", &self.ok),
            ("data", &self.data),
            ("error", &self.error),
        ]
        .into_iter()
        .filter_map(|(key, expression)| Some((key, expression.as_ref()?)))
    }
}
