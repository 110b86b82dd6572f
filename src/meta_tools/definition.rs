//! What models read of the meta tools: slug, description and schemas, from `definitions.yaml`, as
//! far as a session shows them.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use serde::Deserialize;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value, json};

use super::{MetaTool, Shown};
use crate::error::{Error, Result};

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
    slug: MetaTool,
    name: String,
    description: String,
    tags: Vec<String>,
    /// Of the arguments' schema, what is besides its type.
    input: Map<String, Value>,
    /// The members of `data`, each with its type; `array` is one of objects, `strings` one of texts.
    output: BTreeMap<String, String>,
}

/// The definitions of the meta tools that are shown.
///
/// # Errors
/// [`Error::Internal`] when the file cannot be read, which a test rules out.
pub(super) fn definitions(shown: &Shown) -> Result<Vec<Definition>> {
    let written = written()?.iter().filter(|one| shown.shows(one.slug));
    written.map(|one| one.shown(shown)).collect()
}

fn written() -> Result<&'static [Written]> {
    static READ: OnceLock<Vec<Written>> = OnceLock::new();
    if let Some(read) = READ.get() {
        return Ok(read);
    }
    let read = serde_saphyr::from_str(DEFINITIONS).map_err(Error::internal)?;
    Ok(READ.get_or_init(|| read))
}

impl Written {
    fn shown(&self, shown: &Shown) -> Result<Definition> {
        let mut input = json!({ "type": "object" });
        for (key, value) in &self.input {
            input[key] = value.clone();
        }
        match self.slug {
            MetaTool::ManageConnections if shown.several_accounts => {
                input["properties"]["toolkits"]["items"] = account_actions(shown.may_remove);
            }
            MetaTool::MultiExecute => {
                let tools = &mut input["properties"]["tools"];
                tools["maxItems"] = shown.most_calls.into();
                if shown.several_accounts {
                    tools["items"]["properties"]["account"] = json!({
                        "type": "string",
                        "description": "Id or alias, where an app has several accounts.",
                    });
                }
            }
            _ => {}
        }
        Ok(Definition {
            tool: self.slug,
            name: self.name.clone(),
            description: self.description.clone(),
            tags: self.tags.clone(),
            input: to_raw_value(&input)?.into(),
            output: to_raw_value(&output(&self.output))?.into(),
        })
    }
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

    #[test]
    fn what_is_shown_passes_the_gate_of_published_schemas() {
        for several_accounts in [false, true] {
            let shown = Shown {
                several_accounts,
                ..Shown::all(50)
            };
            let definitions = definitions(&shown).unwrap();
            assert_eq!(definitions.len(), MetaTool::ALL.len());
            for Definition { tool, description, input, output, .. } in definitions {
                for schema in [input, output] {
                    let schema = serde_json::from_str(schema.get()).unwrap();
                    let problems = catalog::problems_of_schema(&schema);
                    assert_eq!(problems, Vec::<String>::new(), "{}", tool.slug());
                }
                assert!(description.len() < 1_024);
            }
        }
    }

    #[test]
    fn an_output_list_of_words_is_not_said_to_be_of_objects() {
        let shown = Shown::all(20);
        let definitions = definitions(&shown).unwrap();
        let schemas = definitions.iter().find(|one| one.tool == MetaTool::GetToolSchemas);
        let output: Value = serde_json::from_str(schemas.unwrap().output.get()).unwrap();
        assert_eq!(output["properties"]["data"]["properties"]["not_found"]["items"]["type"], "string");
    }
}
