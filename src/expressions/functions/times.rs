//! Points in time in the forms that services write them, without a clock.

use chrono::{DateTime, Duration, FixedOffset, NaiveDate, NaiveDateTime, SecondsFormat};
use serde_json::Value;

/// Numbers from here on are milliseconds since 1970: as seconds they would lie past the year 5000.
const FIRST_MILLISECONDS: i64 = 100_000_000_000;
const MILLIS: i64 = 1_000;

/// A time as it was written.
enum Written {
    /// An instant with its offset.
    Instant(DateTime<FixedOffset>),
    /// Date and time of a place that is said elsewhere.
    Local(NaiveDateTime),
    Date(NaiveDate),
}

/// RFC 3339 for an instant, a date, a date with a time (both taken as UTC), a mail's date
/// (RFC 5322), or seconds or milliseconds since 1970.
pub(super) fn parse_time(input: &Value) -> Result<Value, String> {
    Ok(rfc3339(&read(input)?.instant()).into())
}

/// Seconds since 1970 of whatever `parse_time` takes.
pub(super) fn epoch(input: &Value) -> Result<Value, String> {
    Ok(read(input)?.instant().timestamp().into())
}

/// The time so many seconds later, in the form in which it came: one without an offset gets none.
pub(super) fn time_add(input: &Value, seconds: &Value) -> Result<Value, String> {
    let out_of_range = || "time_add: the time is out of range".to_owned();
    let seconds = seconds
        .as_f64()
        .filter(|seconds| seconds.abs() < 1e11)
        .ok_or("time_add wants a number of seconds")?;
    #[expect(clippy::cast_possible_truncation, reason = "its size was just checked")]
    let by = Duration::milliseconds((seconds * 1e3).round() as i64);
    let text = match read(input)? {
        Written::Instant(at) => rfc3339(&at.checked_add_signed(by).ok_or_else(out_of_range)?),
        Written::Local(at) => local(at.checked_add_signed(by).ok_or_else(out_of_range)?),
        Written::Date(day) => {
            let later = midnight(day).checked_add_signed(by);
            let later = later.ok_or_else(out_of_range)?;
            if later.time() == chrono::NaiveTime::MIN {
                later.date().to_string()
            } else {
                local(later)
            }
        }
    };
    Ok(text.into())
}

impl Written {
    fn instant(self) -> DateTime<FixedOffset> {
        match self {
            Self::Instant(at) => at,
            Self::Local(at) => at.and_utc().fixed_offset(),
            Self::Date(day) => midnight(day).and_utc().fixed_offset(),
        }
    }
}

fn midnight(day: NaiveDate) -> NaiveDateTime {
    day.and_time(chrono::NaiveTime::MIN)
}

fn rfc3339(at: &DateTime<FixedOffset>) -> String {
    at.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

fn local(at: NaiveDateTime) -> String {
    at.format("%Y-%m-%dT%H:%M:%S%.f").to_string()
}

fn read(input: &Value) -> Result<Written, String> {
    let read = match input {
        Value::Number(number) => {
            #[expect(
                clippy::cast_possible_truncation,
                reason = "a saturated value is out of range"
            )]
            let whole = |float: f64| float as i64;
            let seconds = number.as_i64().or_else(|| number.as_f64().map(whole));
            seconds.and_then(since_1970)
        }
        Value::String(text) => read_text(text.trim()),
        _ => None,
    };
    read.ok_or_else(|| {
        "is no time; RFC 3339, a date or seconds since 1970 are understood".to_owned()
    })
}

fn since_1970(number: i64) -> Option<Written> {
    let millis = if number.abs() < FIRST_MILLISECONDS {
        number * MILLIS
    } else {
        number
    };
    let at = DateTime::from_timestamp_millis(millis)?;
    Some(Written::Instant(at.fixed_offset()))
}

fn read_text(text: &str) -> Option<Written> {
    if let Ok(number) = text.parse() {
        return since_1970(number);
    }
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return Some(Written::Instant(at));
    }
    if let Ok(day) = text.parse::<NaiveDate>() {
        return Some(Written::Date(day));
    }
    let forms = [
        "%Y-%m-%dT%H:%M:%S%.f",
        "%Y-%m-%d %H:%M:%S%.f",
        "%Y-%m-%dT%H:%M",
        "%Y-%m-%d %H:%M",
    ];
    let local = forms
        .iter()
        .find_map(|form| NaiveDateTime::parse_from_str(text, form).ok());
    if let Some(local) = local {
        return Some(Written::Local(local));
    }
    for form in ["%Y-%m-%dT%H:%M:%S%.f%#z", "%Y-%m-%dT%H:%M%#z"] {
        if let Ok(at) = DateTime::parse_from_str(text, form) {
            return Some(Written::Instant(at));
        }
    }
    let mail = DateTime::parse_from_rfc2822(text).ok()?;
    Some(Written::Instant(mail))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use serde_json::json;

    #[rstest]
    #[case(json!("2026-01-31T10:00:00Z"), "2026-01-31T10:00:00Z")]
    #[case(json!("2026-01-31T10:00:00.250+02:00"), "2026-01-31T10:00:00.250+02:00")]
    #[case(json!("2026-01-31T10:00:00+0200"), "2026-01-31T10:00:00+02:00")]
    #[case(json!("2026-01-31T10:00Z"), "2026-01-31T10:00:00Z")]
    #[case(json!("2026-01-31"), "2026-01-31T00:00:00Z")]
    #[case(json!("2026-01-31 10:00"), "2026-01-31T10:00:00Z")]
    #[case(json!(1_769_853_600), "2026-01-31T10:00:00Z")]
    #[case(json!("1769853600000"), "2026-01-31T10:00:00Z")]
    #[case(json!("Sat, 31 Jan 2026 10:00:00 +0000"), "2026-01-31T10:00:00Z")]
    fn every_form_of_a_time_becomes_rfc_3339(#[case] written: Value, #[case] expected: &str) {
        assert_eq!(parse_time(&written), Ok(json!(expected)));
    }

    #[rstest]
    #[case(json!("next Tuesday"))]
    #[case(json!(""))]
    #[case(json!("2026-13-01"))]
    #[case(json!(null))]
    #[case(json!(1e300))]
    fn what_is_no_time_is_refused(#[case] written: Value) {
        assert!(parse_time(&written).is_err());
        assert!(epoch(&written).is_err());
    }

    #[rstest]
    #[case(json!("2026-01-31T23:45:00"), 1_800.0, "2026-02-01T00:15:00")]
    #[case(json!("2026-01-31T23:45:00-05:00"), 1_800.0, "2026-02-01T00:15:00-05:00")]
    #[case(json!("2026-01-31"), 86_400.0, "2026-02-01")]
    #[case(json!("2026-01-31"), 3_600.0, "2026-01-31T01:00:00")]
    #[case(json!("2026-01-31T10:00:00Z"), -0.5, "2026-01-31T09:59:59.500Z")]
    fn a_later_time_keeps_the_form_of_the_first(
        #[case] written: Value,
        #[case] seconds: f64,
        #[case] expected: &str,
    ) {
        assert_eq!(time_add(&written, &json!(seconds)), Ok(json!(expected)));
    }

    #[test]
    fn seconds_since_1970_and_steps_out_of_range() {
        assert_eq!(
            epoch(&json!("1970-01-02T00:00:00+01:00")),
            Ok(json!(82_800))
        );
        assert!(time_add(&json!("2026-01-31"), &json!("1")).is_err());
        assert!(time_add(&json!("2026-01-31"), &json!(1e30)).is_err());
        assert!(time_add(&json!("+262142-01-01"), &json!(99_999_999_999_i64)).is_err());
    }
}
