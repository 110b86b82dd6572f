//! Reads what a model gave for a meta tool, more kindly than its schema asks.

use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, Error as _};
use serde_json::{Map, Value};

use crate::error::{Error, Result};

/// The arguments of a meta tool.
///
/// # Errors
/// [`Error::Invalid`] naming what is wrong, without its value.
pub(super) fn read<T: DeserializeOwned>(arguments: Map<String, Value>) -> Result<T> {
    // Models send null for what they leave out.
    let given: Map<String, Value> = arguments
        .into_iter()
        .filter(|(_, value)| !value.is_null())
        .collect();
    serde_path_to_error::deserialize(Value::Object(given)).map_err(|cause| {
        let path = cause.path().to_string();
        let place = if path == "." {
            String::new()
        } else {
            format!(".{path}")
        };
        // serde quotes a value that it did not expect; its words end there.
        let problem = cause.inner().to_string();
        let problem = match (
            problem.starts_with("invalid type"),
            problem.rsplit_once(", expected "),
        ) {
            (true, Some((_, expected))) => format!("must be {expected}"),
            _ => problem,
        };
        Error::Invalid {
            message: "the arguments of the meta tool are not valid".into(),
            problems: vec![format!("arguments{place}: {problem}")],
            fix: Some("Correct the arguments listed in `errors` and call again.".into()),
        }
    })
}

/// An object, or its JSON in a text, as some models send it.
///
/// # Errors
/// When it is neither.
pub(super) fn object<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Map<String, Value>, D::Error> {
    let given = Value::deserialize(deserializer)?;
    let read = match given {
        Value::Null => Some(Map::new()),
        Value::Object(object) => Some(object),
        Value::String(text) => serde_json::from_str(&text).ok(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) => None,
    };
    read.ok_or_else(|| D::Error::custom("must be an object"))
}
