//! The lenient words of queries: lists, numbers and flags that arrive as text.

use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// Values joined by commas, repeated, or both.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CommaList(pub Vec<String>);

impl<'de> Deserialize<'de> for CommaList {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum OneOrMany {
            One(String),
            Many(Vec<String>),
        }
        let texts = match Option::<OneOrMany>::deserialize(deserializer)? {
            None => Vec::new(),
            Some(OneOrMany::One(text)) => vec![text],
            Some(OneOrMany::Many(texts)) => texts,
        };
        let split = |text: &String| -> Vec<String> {
            text.split(',')
                .map(str::trim)
                .filter(|one| !one.is_empty())
                .map(str::to_owned)
                .collect()
        };
        Ok(Self(texts.iter().flat_map(split).collect()))
    }
}

/// A whole number that arrives as text or as a number (`10`, `10.0`).
///
/// # Errors
/// When it is neither.
pub fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    let text = match Option::<Value>::deserialize(deserializer)? {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(text)) if text == "null" => return Ok(None),
        Some(Value::String(text)) => text,
        Some(other) => other.to_string(),
    };
    let number: f64 = text
        .trim()
        .parse()
        .map_err(|_| serde::de::Error::custom("must be a whole number"))?;
    if !number.is_finite() || number.fract() != 0.0 {
        return Err(serde::de::Error::custom("must be a whole number"));
    }
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a float-to-int cast saturates"
    )]
    Ok(Some(number as i64))
}

/// `true` or `false`, as text or as a boolean.
///
/// # Errors
/// When it is neither.
pub fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    match Option::<Value>::deserialize(deserializer)? {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Bool(flag)) => Ok(Some(flag)),
        Some(Value::String(text)) => match text.to_ascii_lowercase().as_str() {
            "true" | "1" => Ok(Some(true)),
            "false" | "0" => Ok(Some(false)),
            "null" => Ok(None),
            _ => Err(serde::de::Error::custom("must be true or false")),
        },
        Some(_) => Err(serde::de::Error::custom("must be true or false")),
    }
}
