//! How a tool reads its arguments, before they are validated and bound.

use serde_json::{Map, Value};

use super::manifest::{ArgIn, ArgManifest, Coerce, RequestKind, RequestManifest, ToolManifest};
use super::{Tool, template};

impl RequestManifest {
    /// Whether the path has a place for an argument.
    #[must_use]
    pub fn names(&self, arg: &ArgManifest) -> bool {
        template::slots(&self.path).any(|slot| slot.name == arg.arg)
    }
}

impl ToolManifest {
    /// The part of a request of this tool that an argument fills.
    #[must_use]
    pub fn place_of(&self, arg: &ArgManifest, request: &RequestManifest) -> ArgIn {
        if request.names(arg) {
            return ArgIn::Path;
        }
        if !self.binds(arg, request) {
            return ArgIn::None;
        }
        arg.place.unwrap_or(match (request.kind, request.method()) {
            (RequestKind::Http, "GET" | "DELETE") => ArgIn::Query,
            (RequestKind::Http | RequestKind::Graphql | RequestKind::Mcp, _) => ArgIn::Body,
        })
    }

    /// Whether a request takes an argument besides those of its path: the only request all of them,
    /// of several what they say, or else the first those that no path names.
    fn binds(&self, arg: &ArgManifest, request: &RequestManifest) -> bool {
        if let Some(bound) = &request.bind {
            return bound.contains(&arg.arg);
        }
        if self.request.is_some() {
            return true;
        }
        let mut requests = self.requests();
        let first = self.steps.first();
        first.is_some_and(|first| std::ptr::eq(&raw const first.request, request))
            && requests.all(|other| other.bind.is_none() && !other.names(arg))
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
    /// name that is taken too, without unknown ones, with the fixed ones, without null where null means absent, and
    /// without the beginnings that a value may have (`refs/heads/main` is `heads/main`).
    /// What comes out is what the validator checks.
    #[must_use]
    pub fn accept(&self, mut given: Map<String, Value>) -> Map<String, Value> {
        let mut accepted = Map::new();
        for arg in &self.manifest.args {
            let own = given.remove(&arg.arg);
            if let Some(fixed) = &arg.fixed {
                accepted.insert(arg.arg.clone(), fixed.clone());
                continue;
            }
            let value = match own {
                Some(Value::Null) if !arg.is_nullable() => None,
                Some(value) => Some(value),
                None => taken_instead(arg, &mut given),
            };
            if let Some(value) = value {
                let value = coerced(arg, stripped(arg, value));
                accepted.insert(arg.arg.clone(), value);
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

fn coerced(arg: &ArgManifest, value: Value) -> Value {
    match arg.coerce {
        Some(Coerce::Wrap) if !value.is_array() && !value.is_null() => Value::Array(vec![value]),
        Some(Coerce::Wrap) | None => value,
    }
}

fn text_of(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}
