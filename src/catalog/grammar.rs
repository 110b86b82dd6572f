//! The JSON Schemas of the manifests themselves, for editors: made of the types that read them, so
//! that there is no second list of their words.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::Value;

use super::manifest::ToolkitManifest;
use super::parse::{ToolsFile, TriggersFile};

/// `toolkit.yaml`
#[must_use]
pub fn of_toolkit() -> Value {
    of::<ToolkitManifest>()
}

/// `tools/*.yaml`
#[must_use]
pub fn of_tools() -> Value {
    of::<ToolsFile>()
}

/// `triggers/*.yaml`
#[must_use]
pub fn of_triggers() -> Value {
    of::<TriggersFile>()
}

/// The schema of a file that is read into `T`; of draft 7, which all editors know.
#[must_use]
pub fn of<T: JsonSchema>() -> Value {
    let generator = SchemaSettings::draft07().into_generator();
    generator.into_root_schema_for::<T>().to_value()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::files::{self, KitFiles};
    use crate::catalog::parse;
    use crate::catalog::problems::Problems;
    use serde_json::json;

    fn validator(schema: &Value) -> jsonschema::Validator {
        jsonschema::validator_for(schema).unwrap()
    }

    fn read(text: &str) -> Value {
        serde_saphyr::from_str(text).unwrap()
    }

    /// The bundled files of each kind: name, content, and where a file has a list, its one key.
    fn bundled() -> Vec<(&'static str, String, Value)> {
        let mut found = Vec::new();
        for kit in files::bundled() {
            let KitFiles {
                folder: _,
                toolkit: (path, text),
                tools,
                triggers,
            } = kit;
            found.push(("toolkit", path, read(&text)));
            let listed = |kind, files: Vec<(String, String)>| {
                let files = files.into_iter();
                files.map(move |(path, text)| (kind, path, read(&text)))
            };
            found.extend(listed("tools", tools));
            found.extend(listed("triggers", triggers));
        }
        found
    }

    fn schema_of(kind: &str) -> Value {
        match kind {
            "toolkit" => of_toolkit(),
            "tools" => of_tools(),
            _ => of_triggers(),
        }
    }

    #[test]
    fn every_bundled_manifest_is_one_by_its_schema() {
        let mut problems = Vec::new();
        for (kind, path, content) in bundled() {
            let schema = validator(&schema_of(kind));
            let errors = schema.iter_errors(&content);
            problems
                .extend(errors.map(|error| format!("{path}: {}: {error}", error.instance_path())));
        }
        assert_eq!(problems, Vec::<String>::new());
    }

    /// Whether the parser takes a file; what it means is not looked at.
    fn is_read(kind: &str, content: &Value) -> bool {
        let minimal = read(
            "{manifest: 1, slug: a, name: A, description: A., created_at: '', updated_at: '', \
             versions: [], base_url: ''}",
        );
        let mut files = KitFiles {
            folder: "a".into(),
            toolkit: ("t".into(), minimal.to_string()),
            tools: Vec::new(),
            triggers: Vec::new(),
        };
        match kind {
            "toolkit" => files.toolkit.1 = content.to_string(),
            "tools" => files.tools.push(("x".into(), content.to_string())),
            _ => files.triggers.push(("x".into(), content.to_string())),
        }
        let mut problems = Problems::default();
        parse::kit(files, &mut problems);
        problems.or(()).is_ok()
    }

    /// Pointers to all mappings of a value.
    fn mappings(at: &str, value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(members) => {
                found.push(at.to_owned());
                for (name, member) in members {
                    let name = name.replace('~', "~0").replace('/', "~1");
                    mappings(&format!("{at}/{name}"), member, found);
                }
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    mappings(&format!("{at}/{index}"), item, found);
                }
            }
            _ => {}
        }
    }

    #[test]
    fn an_unknown_key_is_refused_by_the_schema_wherever_the_parser_refuses_it() {
        let mut refused = 0;
        let schemas =
            ["toolkit", "tools", "triggers"].map(|kind| (kind, validator(&schema_of(kind))));
        for (kind, path, content) in bundled() {
            let (_, schema) = schemas.iter().find(|(known, _)| *known == kind).unwrap();
            // One tool or trigger at a time: files of many would be read as often as they have keys.
            let parts = match (kind, &content[kind]) {
                ("toolkit", _) => vec![content],
                (_, list) => list
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|one| json!({ kind: [one] }))
                    .collect(),
            };
            for part in parts {
                let mut places = Vec::new();
                mappings("", &part, &mut places);
                for place in places {
                    let mut broken = part.clone();
                    broken.pointer_mut(&place).unwrap()["no_such_key"] = "x".into();
                    let is_read = is_read(kind, &broken);
                    assert_eq!(
                        schema.is_valid(&broken),
                        is_read,
                        "{path}: {place}: {broken}"
                    );
                    refused += usize::from(!is_read);
                }
            }
        }
        assert!(refused > 1_000, "{refused}");
    }
}
