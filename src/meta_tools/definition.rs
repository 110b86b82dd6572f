//! What models read of the meta tools: slug, description and schemas, from `definitions.yaml`, as
//! far as a session shows them.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use serde::Deserialize;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value, json};

use super::Edition;
use crate::error::{Error, Result};
use crate::sessions::config::SessionConfig;
use crate::sessions::{MetaTool, Scope};

/// Slug of the toolkit that meta tools are said to belong to.
pub const TOOLKIT: &str = "composio";

const DEFINITIONS: &str = include_str!("definitions.yaml");

/// A meta tool as models see it.
#[derive(Debug, Clone)]
pub struct Definition {
    /// Which.
    pub tool: MetaTool,
    /// For people.
    pub name: String,
    /// For a model to choose by.
    pub description: String,
    /// Hints about what it does.
    pub tags: Vec<String>,
    /// JSON Schema of its arguments.
    pub input: Arc<RawValue>,
    /// JSON Schema of its result.
    pub output: Arc<RawValue>,
}

/// As the file has it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    slug: String,
    name: String,
    description: String,
    tags: Vec<String>,
    /// Of the arguments' schema, what is besides its type.
    input: Map<String, Value>,
    /// The members of `data`, each with its type; `array` is one of objects, `strings` one of texts.
    output: BTreeMap<String, String>,
}

/// The definitions of the meta tools that a session shows, or all outside one.
///
/// # Errors
/// [`Error::Internal`] when the file cannot be read, which a test rules out.
pub fn definitions(scope: &Scope, edition: Edition) -> Result<Vec<Definition>> {
    let tools = scope.meta_tools(edition.with_recipes).into_iter();
    tools
        .map(|tool| definition(tool, scope.config(), edition))
        .collect()
}

/// One meta tool as a session with this configuration shows it.
///
/// # Errors
/// As [`definitions`].
pub fn definition(
    tool: MetaTool,
    config: Option<&SessionConfig>,
    edition: Edition,
) -> Result<Definition> {
    let written = written()?.iter().find(|one| one.slug == tool.slug());
    let Some(written) = written else {
        return Err(Error::internal(format!("{} is not defined", tool.slug())));
    };
    let mut input = json!({ "type": "object" });
    for (key, value) in &written.input {
        input[key] = value.clone();
    }
    let several = config.and_then(|config| config.multi_account.as_ref());
    let has_several = several.is_some_and(|several| several.enable);
    match tool {
        MetaTool::ManageConnections if has_several => {
            let may_remove =
                config.is_none_or(|config| config.manage_connections.enable_connection_removal);
            input["properties"]["toolkits"]["items"] = account_actions(may_remove);
        }
        MetaTool::MultiExecuteTool => {
            let tools = &mut input["properties"]["tools"];
            tools["maxItems"] = edition.most_calls.into();
            if has_several {
                tools["items"]["properties"]["account"] = json!({
                    "type": "string",
                    "description": "Id or alias, where an app has several accounts.",
                });
            }
        }
        MetaTool::ManageConnections
        | MetaTool::SearchTools
        | MetaTool::GetToolSchemas
        | MetaTool::WaitForConnections
        | MetaTool::RemoteWorkbench
        | MetaTool::RemoteBashTool
        | MetaTool::UpsertRecipe
        | MetaTool::GetRecipe => {}
    }
    Ok(Definition {
        tool,
        name: written.name.clone(),
        description: written.description.clone(),
        tags: written.tags.clone(),
        input: to_raw_value(&input)?.into(),
        output: to_raw_value(&output(&written.output))?.into(),
    })
}

fn written() -> Result<&'static [Written]> {
    static READ: OnceLock<Vec<Written>> = OnceLock::new();
    if let Some(read) = READ.get() {
        return Ok(read);
    }
    let read = serde_saphyr::from_str(DEFINITIONS).map_err(Error::internal)?;
    Ok(READ.get_or_init(|| read))
}

/// An entry of `toolkits` where users have several accounts of a toolkit.
fn account_actions(may_remove: bool) -> Value {
    let mut actions = vec!["add", "list", "rename"];
    if may_remove {
        actions.push("remove");
    }
    json!({
        "type": "object",
        "properties": {
            "name": { "type": "string", "description": "Toolkit slug." },
            "action": { "type": "string", "enum": actions, "default": "add" },
            "account_id": { "type": "string", "description": "Of the account to rename or remove." },
            "alias": { "type": "string" },
        },
        "required": ["name"],
    })
}

/// SDKs add keys of their own to a result, and `error` is null on success.
fn output(members: &BTreeMap<String, String>) -> Value {
    let members: Map<String, Value> = members
        .iter()
        .map(|(name, kind)| {
            let schema = match kind.as_str() {
                "array" => json!({ "type": kind, "items": { "type": "object" } }),
                "strings" => json!({ "type": "array", "items": { "type": "string" } }),
                "object" => json!({ "type": kind, "additionalProperties": true }),
                _ => json!({ "type": kind }),
            };
            (name.clone(), schema)
        })
        .collect();
    json!({
        "type": "object",
        "properties": {
            "data": { "type": "object", "properties": members, "additionalProperties": true },
            "successful": { "type": "boolean" },
            "error": { "type": "string", "nullable": true },
        },
        "required": ["data", "successful"],
        "additionalProperties": true,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog;
    use crate::sessions::config::MultiAccount;

    #[test]
    fn what_is_shown_passes_the_gate_of_published_schemas() {
        let several = SessionConfig {
            multi_account: Some(MultiAccount {
                enable: true,
                max_accounts_per_toolkit: 5,
                require_explicit_selection: false,
            }),
            ..SessionConfig::default()
        };
        for (tool, config) in MetaTool::ALL
            .into_iter()
            .flat_map(|tool| [(tool, None), (tool, Some(&several))])
        {
            let shown = definition(tool, config, Edition::V3_1).unwrap();
            for schema in [&shown.input, &shown.output] {
                let schema = serde_json::from_str(schema.get()).unwrap();
                let problems = catalog::problems_of_schema(&schema);
                assert_eq!(problems, Vec::<String>::new(), "{}", tool.slug());
            }
            assert!(shown.description.len() < 1_024);
        }
    }
}
