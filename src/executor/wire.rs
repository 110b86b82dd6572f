//! Values of arguments as they travel: pure.

use base64::engine::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use chrono::{NaiveDate, NaiveTime};
use serde_json::Value;

use super::form;
use crate::catalog::manifest::{ArgManifest, As, FormStyle, Join};
use crate::catalog::template;
use crate::time::Timestamp;

/// The name on the wire.
pub(super) fn name(arg: &ArgManifest) -> &str {
    arg.name.as_deref().unwrap_or(&arg.arg)
}

/// The value in the form in which it is sent; each item of a list by itself.
///
/// # Errors
/// What is wrong with it, without quoting it.
pub(super) fn converted(arg: &ArgManifest, value: &Value) -> Result<Value, String> {
    let Some(sent_as) = arg.sent_as.filter(|_| !arg.file) else {
        return Ok(value.clone());
    };
    match value {
        Value::Array(items) if sent_as != As::Json && sent_as != As::String => items
            .iter()
            .map(|item| one(sent_as, item))
            .collect::<Result<_, _>>()
            .map(Value::Array),
        value => one(sent_as, value),
    }
}

fn one(sent_as: As, value: &Value) -> Result<Value, String> {
    let text = || value.as_str().ok_or_else(|| "must be a text".to_owned());
    let instant = || {
        instant(value).ok_or_else(|| {
            "must be an instant such as 2026-01-31T09:00:00Z, or a day such as 2026-01-31"
                .to_owned()
        })
    };
    Ok(match sent_as {
        // A file stands in no text of this kind.
        As::String | As::Json | As::Mime => Value::String(plain(value)),
        As::Bool01 => match value {
            Value::Bool(flag) => Value::from(u8::from(*flag)),
            other => other.clone(),
        },
        As::EpochS => Value::from(instant()?.as_secs()),
        As::EpochMs => Value::from(instant()?.as_millis()),
        As::Rfc3339 => match value {
            // As it was written, with its own offset.
            Value::String(text) if Timestamp::parse(text).is_ok() => value.clone(),
            _ => Value::String(instant()?.to_text()),
        },
        As::Date => match value {
            Value::String(text) if day(text).is_some() => value.clone(),
            _ => Value::String(instant()?.to_text().chars().take(DAY_LENGTH).collect()),
        },
        As::Lower => Value::String(text()?.to_lowercase()),
        As::Upper => Value::String(text()?.to_uppercase()),
        As::Base64 => Value::String(STANDARD.encode(text()?)),
        As::Base64url => Value::String(URL_SAFE.encode(text()?)),
    })
}

/// Of `2026-01-31`.
const DAY_LENGTH: usize = 10;
/// Numbers from here on are milliseconds: as seconds they would lie past the year 5000.
const FIRST_MILLISECONDS: i64 = 100_000_000_000;

fn instant(value: &Value) -> Option<Timestamp> {
    if let Some(number) = value.as_i64() {
        let is_seconds = number.abs() < FIRST_MILLISECONDS;
        let millis = if is_seconds {
            number.checked_mul(1_000)?
        } else {
            number
        };
        return Some(Timestamp::from_millis(millis));
    }
    let text = value.as_str()?.trim();
    Timestamp::parse(text).ok().or_else(|| {
        let midnight = day(text)?.and_time(NaiveTime::MIN);
        Some(Timestamp::from_millis(
            midnight.and_utc().timestamp_millis(),
        ))
    })
}

fn day(text: &str) -> Option<NaiveDate> {
    NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()
}

/// A value as one text, as it goes into a path, a header or one query parameter.
pub(super) fn text(arg: &ArgManifest, value: &Value) -> String {
    let text = match value {
        Value::Array(items) if arg.join != Join::Json => {
            let items: Vec<String> = items.iter().map(plain).collect();
            items.join(arg.join.separator())
        }
        other => plain(other),
    };
    in_template(arg, text)
}

/// Text as it is, anything else as JSON.
pub(super) fn plain(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

fn in_template(arg: &ArgManifest, text: String) -> String {
    match &arg.template {
        None => text,
        Some(wire) => template::fill(wire, |_| Some(text.clone())).unwrap_or(text),
    }
}

/// A value as it goes into a body.
pub(super) fn in_body(arg: &ArgManifest, value: &Value) -> Value {
    let is_joined = match arg.join {
        Join::Multi | Join::Brackets | Join::Indexed => false,
        Join::Csv | Join::Ssv | Join::Pipes | Join::Json => !value.is_string(),
    };
    if arg.template.is_some() || is_joined {
        return Value::String(text(arg, value));
    }
    value.clone()
}

/// A value as parameters of a query.
pub(super) fn pairs(arg: &ArgManifest, value: &Value) -> Vec<(String, String)> {
    let name = name(arg);
    match (value, arg.join) {
        (Value::Array(items), Join::Multi) => items
            .iter()
            .map(|item| (name.to_owned(), in_template(arg, plain(item))))
            .collect(),
        (Value::Array(_) | Value::Object(_), Join::Brackets) => {
            form::pairs_of(name, value, FormStyle::Brackets)
        }
        (Value::Array(_) | Value::Object(_), Join::Indexed) => {
            form::pairs_of(name, value, FormStyle::Indices)
        }
        (value, _) => vec![(name.to_owned(), text(arg, value))],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use serde_json::json;

    fn arg(words: &Value) -> ArgManifest {
        let mut all = json!({ "arg": "x", "type": "string" });
        all.as_object_mut()
            .unwrap()
            .extend(words.as_object().unwrap().clone());
        serde_json::from_value(all).unwrap()
    }

    #[rstest]
    #[case("string", json!(5), json!("5"))]
    #[case("string", json!(true), json!("true"))]
    #[case("json", json!({ "a": [1] }), json!("{\"a\":[1]}"))]
    #[case("json", json!("{}"), json!("{}"))]
    #[case("bool01", json!(true), json!(1))]
    #[case("bool01", json!(false), json!(0))]
    #[case("epoch_s", json!("2026-01-31T00:00:00Z"), json!(1_769_817_600))]
    #[case("epoch_s", json!("2026-01-31"), json!(1_769_817_600))]
    #[case("epoch_ms", json!("2026-01-31"), json!(1_769_817_600_000_i64))]
    #[case("epoch_ms", json!(1_769_817_600), json!(1_769_817_600_000_i64))]
    #[case("rfc3339", json!("2026-01-31"), json!("2026-01-31T00:00:00.000Z"))]
    #[case("rfc3339", json!("2026-01-31T09:00:00+02:00"), json!("2026-01-31T09:00:00+02:00"))]
    #[case("date", json!("2026-01-31T23:00:00-02:00"), json!("2026-02-01"))]
    #[case("date", json!("2026-01-31"), json!("2026-01-31"))]
    #[case("lower", json!("ÄB"), json!("äb"))]
    #[case("upper", json!(["a", "b"]), json!(["A", "B"]))]
    #[case("base64", json!("??>"), json!("Pz8+"))]
    #[case("base64url", json!("??>"), json!("Pz8-"))]
    fn a_value_is_sent_in_the_form_that_the_service_wants(
        #[case] sent_as: &str,
        #[case] given: Value,
        #[case] sent: Value,
    ) {
        assert_eq!(converted(&arg(&json!({ "as": sent_as })), &given), Ok(sent));
    }

    #[rstest]
    #[case("epoch_s", json!("soon"))]
    #[case("lower", json!(5))]
    fn a_value_that_has_no_such_form_is_refused(#[case] sent_as: &str, #[case] given: Value) {
        assert!(converted(&arg(&json!({ "as": sent_as })), &given).is_err());
    }

    #[rstest]
    #[case("multi", "x=a&x=b")]
    #[case("csv", "x=a,b")]
    #[case("ssv", "x=a b")]
    #[case("pipes", "x=a|b")]
    #[case("brackets", "x[]=a&x[]=b")]
    #[case("indexed", "x[0]=a&x[1]=b")]
    #[case("json", "x=[\"a\",\"b\"]")]
    fn a_list_travels_in_a_query_as_its_argument_says(#[case] join: &str, #[case] query: &str) {
        let pairs = pairs(&arg(&json!({ "join": join })), &json!(["a", "b"]));
        let pairs: Vec<String> = pairs
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        assert_eq!(pairs.join("&"), query);
    }
}
