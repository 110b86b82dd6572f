//! The words of a manifest about one tool.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{ArgManifest, RequestManifest, ResponseRule, StepManifest};

/// One tool: what a model sees of it, and the requests it makes.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ToolManifest {
    /// `{TOOLKIT}_{ACTION}`, upper case, at most 64 characters.
    pub slug: String,
    /// Other slugs under which it is executed and found by exact name; not listed.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// For people.
    pub name: String,
    /// For a model to choose by.
    pub description: String,
    /// What people want when they need it, in their own words, a few each time: the search goes by
    /// them besides the name and the description. At most 12, of 80 characters each; not published.
    #[serde(default)]
    pub use_cases: Vec<String>,
    /// Hints (`readOnlyHint`, …), `important`, and grouping.
    #[serde(default)]
    pub tags: Vec<String>,
    /// OAuth scopes it needs.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// Set when it should no longer be used: the slug to use instead.
    #[serde(default)]
    pub deprecated: Option<String>,
    /// The toolkit's version in which this form of the tool came; the first where absent. A tool
    /// whose forms differ stands there once for each.
    #[serde(default)]
    pub since: Option<String>,
    /// The last version that has this form; where absent, the next form ends it, if there is one.
    #[serde(default)]
    pub until: Option<String>,
    /// The arguments, in the order they are published.
    #[serde(default)]
    pub args: Vec<ArgManifest>,
    /// Arguments of which one group at least must be given whole: `[[to], [cc], [bcc]]`.
    #[serde(default)]
    pub require_any: Vec<Vec<String>>,
    /// Arguments of which one at most may be given: `[[text, markdown]]`.
    #[serde(default)]
    pub exclusive: Vec<Vec<String>>,
    /// The request; this or `steps`. A tool without either makes its data of its arguments alone.
    #[serde(default)]
    pub request: Option<RequestManifest>,
    /// Several requests, one after the other.
    #[serde(default)]
    pub steps: Vec<StepManifest>,
    /// The toolkit's rule of how its list goes on.
    #[serde(default)]
    pub paginate: Option<String>,
    /// How to read the answer; what it does not say, the toolkit's rule says.
    #[serde(default)]
    pub response: ResponseRule,
    /// Time limit in seconds, at most 300.
    #[serde(default)]
    pub timeout_s: Option<u64>,
}

impl ToolManifest {
    /// All its requests, in order.
    pub fn requests(&self) -> impl Iterator<Item = &RequestManifest> {
        let steps = self.steps.iter().map(|step| &step.request);
        self.request.iter().chain(steps)
    }

    /// The argument of this name.
    #[must_use]
    pub fn arg(&self, name: &str) -> Option<&ArgManifest> {
        self.args.iter().find(|arg| arg.arg == name)
    }
}
