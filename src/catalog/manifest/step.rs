//! The words of a manifest about tools that make several requests.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Pages, RequestManifest};
use crate::expressions::Expression;

/// One request of several, or one for each item of a list.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StepManifest {
    /// What later steps and the response call it.
    pub id: String,
    /// What is asked for.
    pub request: RequestManifest,
    /// The step is left out where this gives false or null; its answer is then null.
    #[serde(default)]
    pub when: Option<Expression>,
    /// A list: the request is made for each, which is `.item`. The answers are a list then.
    #[serde(default)]
    pub for_each: Option<Expression>,
    /// How many of them are under way at a time.
    #[serde(default = "one")]
    pub concurrency: usize,
    /// How many of the list are asked for at most; what comes after is left out.
    #[serde(default)]
    pub limit: Option<usize>,
    /// What comes of a refusal.
    #[serde(default)]
    pub on_error: OnError,
    /// The request is repeated until this gives true of its answer.
    #[serde(default)]
    pub until: Option<Expression>,
    /// Seconds between tries.
    #[serde(default = "every")]
    pub every_s: u64,
    /// Tries before the step has failed.
    #[serde(default = "tries")]
    pub max_tries: u32,
    /// The toolkit's rule of how its list goes on.
    #[serde(default)]
    pub paginate: Option<String>,
    /// Fetches further pages as well: their items stand together in the body of the last one.
    #[serde(default)]
    pub auto_paginate: Option<Pages>,
}

const fn one() -> usize {
    1
}

const fn every() -> u64 {
    2
}

const fn tries() -> u32 {
    30
}

impl StepManifest {
    /// The expressions, each with its key.
    pub fn expressions(&self) -> impl Iterator<Item = (String, &Expression)> {
        let own = [
            ("when", &self.when),
            ("for_each", &self.for_each),
            ("until", &self.until),
        ];
        let own = own
            .into_iter()
            .filter_map(|(key, expression)| Some((key.to_owned(), expression.as_ref()?)));
        let request = self.request.expressions();
        own.chain(request.map(|(key, expression)| (format!("request.{key}"), expression)))
    }
}

/// What comes of a step that the service refused.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum OnError {
    /// The tool has failed.
    #[default]
    Fail,
    /// Its answer stands there with its status.
    Keep,
    /// Nothing: null, of a list an item less.
    Skip,
}
