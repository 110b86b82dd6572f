//! Tools that a caller runs in its own process and lets its agents find beside the catalog's.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::catalog::Catalog;
use crate::error::{Error, Result};

const PREFIX: &str = "LOCAL_";
/// Of a slug with its prefix and its toolkit's.
const LONGEST_SLUG: usize = 60;
const MOST_TOOLS: usize = 500;

/// A tool as its caller declares it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct DeclaredTool {
    /// The caller's own slug.
    pub slug: String,
    /// For people.
    pub name: String,
    /// For a model to choose by.
    pub description: String,
    /// JSON Schema of the arguments: an object with `properties`.
    pub input_schema: Map<String, Value>,
    /// JSON Schema of the result.
    #[serde(default)]
    pub output_schema: Option<Map<String, Value>>,
    /// Slug of a toolkit of the catalog whose account it uses.
    #[serde(default)]
    pub extends_toolkit: Option<String>,
}

/// A toolkit as its caller declares it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct DeclaredToolkit {
    /// The caller's own slug.
    pub slug: String,
    /// For people.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Its tools.
    pub tools: Vec<DeclaredTool>,
}

/// A tool of the caller's, under its slug here.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CustomTool {
    /// `LOCAL_…`
    pub slug: String,
    /// The caller's own.
    pub original_slug: String,
    /// For people.
    pub name: String,
    /// For a model to choose by.
    pub description: String,
    /// JSON Schema of the arguments.
    pub input_schema: Map<String, Value>,
    /// JSON Schema of the result.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_schema: Option<Map<String, Value>>,
    /// Slug of a toolkit of the catalog whose account it uses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extends_toolkit: Option<String>,
}

/// A toolkit of the caller's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CustomToolkit {
    /// The caller's own slug.
    pub slug: String,
    /// For people.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Its tools.
    pub tools: Vec<CustomTool>,
}

/// All of a caller's tools.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct CustomTools {
    /// Those that stand alone or extend a toolkit of the catalog.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<CustomTool>,
    /// Those in toolkits of the caller's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub toolkits: Vec<CustomToolkit>,
}

impl CustomTools {
    /// Checks what a caller declares and gives each tool its slug here.
    ///
    /// # Errors
    /// [`Error::Invalid`] naming every field that is wrong.
    pub fn declared(
        tools: Vec<DeclaredTool>,
        toolkits: Vec<DeclaredToolkit>,
        catalog: &Catalog,
    ) -> Result<Self> {
        let mut problems = Vec::new();
        let mut custom = Self::default();
        for (at, tool) in tools.into_iter().enumerate() {
            let place = format!("experimental.custom_tools[{at}]");
            let extended = tool.extends_toolkit.as_deref();
            if extended.is_some_and(|slug| catalog.toolkit(slug).is_err()) {
                problems.push(format!("{place}.extends_toolkit: is no toolkit's slug"));
            }
            let within = extended.map(str::to_owned);
            custom
                .tools
                .push(named(tool, within.as_deref(), &place, &mut problems));
        }
        for (at, toolkit) in toolkits.into_iter().enumerate() {
            let place = format!("experimental.custom_toolkits[{at}]");
            if catalog.toolkit(&toolkit.slug).is_ok() {
                problems.push(format!("{place}.slug: is a toolkit of the catalog"));
            }
            let named_tools = toolkit.tools.into_iter().enumerate().map(|(at, tool)| {
                let place = format!("{place}.tools[{at}]");
                named(tool, Some(&toolkit.slug), &place, &mut problems)
            });
            let tools = named_tools.collect();
            custom.toolkits.push(CustomToolkit {
                slug: toolkit.slug,
                name: toolkit.name,
                description: toolkit.description,
                tools,
            });
        }
        custom.look_for_doubles(&mut problems);
        if problems.is_empty() {
            Ok(custom)
        } else {
            Err(Error::fields(problems))
        }
    }

    fn look_for_doubles(&self, problems: &mut Vec<String>) {
        let mut slugs: Vec<&str> = self.all().map(|tool| tool.slug.as_str()).collect();
        if slugs.len() > MOST_TOOLS {
            problems.push(format!(
                "experimental: has {} custom tools, {MOST_TOOLS} are the most",
                slugs.len()
            ));
        }
        slugs.sort_unstable();
        for pair in slugs.windows(2) {
            if let [first, second] = pair
                && first == second
            {
                problems.push(format!("experimental: two custom tools are {first}"));
            }
        }
    }

    /// Every tool.
    pub fn all(&self) -> impl Iterator<Item = &CustomTool> {
        let inner = self.toolkits.iter().flat_map(|toolkit| &toolkit.tools);
        self.tools.iter().chain(inner)
    }

    /// Whether one has this slug, in any case.
    #[must_use]
    pub fn has(&self, slug: &str) -> bool {
        self.all().any(|tool| tool.slug.eq_ignore_ascii_case(slug))
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.tools.is_empty() && self.toolkits.is_empty()
    }
}

fn named(
    tool: DeclaredTool,
    toolkit: Option<&str>,
    place: &str,
    problems: &mut Vec<String>,
) -> CustomTool {
    let DeclaredTool {
        slug: original_slug,
        name,
        description,
        input_schema,
        output_schema,
        extends_toolkit,
    } = tool;
    let within = toolkit.map(|slug| format!("{slug}_")).unwrap_or_default();
    let slug = format!("{PREFIX}{within}{original_slug}").to_ascii_uppercase();
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
    if original_slug.is_empty() || !slug.bytes().all(is_plain) {
        problems.push(format!(
            "{place}.slug: must have letters, digits, underscores and hyphens only"
        ));
    }
    if slug.len() > LONGEST_SLUG {
        problems.push(format!(
            "{place}.slug: {slug} is longer than {LONGEST_SLUG} characters"
        ));
    }
    let is_object = input_schema
        .get("type")
        .is_some_and(|kind| kind == "object");
    if !is_object || !input_schema.get("properties").is_some_and(Value::is_object) {
        problems.push(format!(
            "{place}.input_schema: must have `type: object` and `properties`"
        ));
    }
    CustomTool {
        slug,
        original_slug,
        name,
        description,
        input_schema,
        output_schema,
        extends_toolkit: extends_toolkit.map(|slug| slug.to_ascii_lowercase()),
    }
}
