//! How a tool reads its arguments, before they are validated and bound.

use serde_json::{Map, Value};

use super::manifest::{ArgIn, ArgManifest, ToolManifest};
use super::{Tool, template};

impl ToolManifest {
    /// The part of the request that an argument fills.
    #[must_use]
    pub fn place_of(&self, arg: &ArgManifest) -> ArgIn {
        if template::slots(&self.request.path).any(|slot| slot.name == arg.arg) {
            return ArgIn::Path;
        }
        arg.place.unwrap_or(match self.request.method.as_str() {
            "GET" | "DELETE" => ArgIn::Query,
            _ => ArgIn::Body,
        })
    }
}

impl ArgManifest {
    /// Whether the schema admits null.
    #[must_use]
    pub fn is_nullable(&self) -> bool {
        self.schema.get("nullable") == Some(&Value::Bool(true))
    }
}

impl Tool {
    /// The arguments as the tool knows them: under their own names where a caller used another
    /// name that is taken too, without unknown ones, without null where null means absent, and
    /// without the beginnings that a value may have (`refs/heads/main` is `heads/main`).
    /// What comes out is what the validator checks.
    #[must_use]
    pub fn accept(&self, mut given: Map<String, Value>) -> Map<String, Value> {
        let mut accepted = Map::new();
        for arg in &self.manifest.args {
            let value = match given.remove(&arg.arg) {
                Some(Value::Null) if !arg.is_nullable() => None,
                Some(value) => Some(value),
                None => taken_instead(arg, &mut given),
            };
            if let Some(value) = value {
                accepted.insert(arg.arg.clone(), stripped(arg, value));
            }
        }
        accepted
    }
}

fn taken_instead(arg: &ArgManifest, given: &mut Map<String, Value>) -> Option<Value> {
    arg.instead.iter().find_map(|(name, made)| {
        let value = given.remove(name).filter(|value| !value.is_null())?;
        // Nothing around the value: it keeps its type.
        if made
            .strip_prefix('{')
            .and_then(|made| made.strip_suffix('}'))
            == Some(name.as_str())
        {
            return Some(value);
        }
        let text = text_of(&value);
        template::fill(made, |_| Some(text.clone()))
            .ok()
            .map(Value::String)
    })
}

fn stripped(arg: &ArgManifest, value: Value) -> Value {
    match (&arg.strip, value.as_str()) {
        (Some(prefix), Some(text)) => text.strip_prefix(prefix.as_str()).unwrap_or(text).into(),
        _ => value,
    }
}

fn text_of(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}
