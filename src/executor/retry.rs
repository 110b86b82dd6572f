//! Which calls may be sent again, after what, and how long to wait before: pure.

use std::time::Duration;

use http::header::RETRY_AFTER;
use http::{HeaderMap, Method};

use crate::catalog::Tool;
use crate::catalog::manifest::{Encoding, RateLimit, RequestManifest, ResetUnit};
use crate::outbound::{Failure, FailureKind, OutboundReply};
use crate::time::Timestamp;

/// How often a call is sent at most.
pub(super) const MOST_ATTEMPTS: u32 = 3;
/// Who must wait longer is told so instead: SDKs give up after a minute.
pub(super) const LONGEST_PAUSE: Duration = Duration::from_secs(20);
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// Hints of tools that do no more when they are done twice.
const REPEATABLE_HINTS: [&str; 2] = ["readOnlyHint", "idempotentHint"];

/// Whether doing it twice does what doing it once does (RFC 9110 section 9.2.2).
pub(super) fn is_repeatable(method: &Method) -> bool {
    method.is_idempotent()
}

/// By the request's method or by the tool's hints; a session that is opened for an upload does
/// nothing by itself.
pub(super) fn is_repeatable_request(tool: &Tool, request: &RequestManifest) -> bool {
    if request.encoding == Encoding::Resumable {
        return true;
    }
    let method = Method::from_bytes(request.method().as_bytes());
    method.is_ok_and(|method| is_repeatable(&method))
        || REPEATABLE_HINTS.iter().any(|hint| tool.has_tag(hint))
}

/// How long to wait before another try; none when this outcome stands.
pub(super) fn pause(
    attempt: u32,
    outcome: &Result<OutboundReply, Failure>,
    limit: Option<&RateLimit>,
    now: Timestamp,
) -> Option<Duration> {
    let asked = match outcome {
        // 502 and 504 come from gateways; a 500 would most likely come again.
        Ok(reply) if matches!(reply.status, 429 | 502 | 503 | 504) => {
            wait(limit, reply.status, &reply.headers, now)
        }
        // Such a status means something else too, so only a wait that is asked for says which.
        Ok(reply) if is_limit(limit, reply.status) => {
            Some(wait(limit, reply.status, &reply.headers, now)?)
        }
        Ok(_) => return None,
        Err(failure) => match failure.kind {
            FailureKind::NoConnection | FailureKind::Broken => None,
            FailureKind::Refused | FailureKind::TimedOut | FailureKind::Unusable => return None,
        },
    };
    let pause = asked.unwrap_or_else(|| FIRST_PAUSE * 4_u32.saturating_pow(attempt - 1));
    (attempt < MOST_ATTEMPTS && pause <= LONGEST_PAUSE).then_some(pause)
}

fn is_limit(limit: Option<&RateLimit>, status: u16) -> bool {
    limit.is_some_and(|limit| limit.statuses.contains(&status))
}

/// How long the upstream asks to be left alone: by `Retry-After`, or as its toolkit says.
pub(super) fn wait(
    limit: Option<&RateLimit>,
    status: u16,
    headers: &HeaderMap,
    now: Timestamp,
) -> Option<Duration> {
    if let Some(wait) = retry_after(headers, now) {
        return Some(wait);
    }
    let limit = limit.filter(|limit| status == 429 || limit.statuses.contains(&status))?;
    let number = |name: &Option<String>| -> Option<f64> {
        let value = headers.get(name.as_deref()?)?.to_str().ok()?;
        value.trim().parse().ok()
    };
    let is_used_up = number(&limit.remaining).is_some_and(|left| left < 1.0);
    let reset = number(&limit.reset).filter(|_| status == 429 || is_used_up)?;
    #[expect(
        clippy::cast_precision_loss,
        reason = "an instant has far fewer digits"
    )]
    let now = now.as_millis() as f64 / 1_000.0;
    let seconds = match limit.reset_unit {
        ResetUnit::Seconds => reset,
        ResetUnit::EpochS => reset - now,
        ResetUnit::EpochMs => reset / 1_000.0 - now,
    };
    Duration::try_from_secs_f64(seconds.max(0.0)).ok()
}

/// What the upstream asks for, in seconds or as a date (RFC 9110 section 10.2.3).
pub(super) fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let until = Timestamp::parse_http_date(text)?;
    let millis = until.as_millis().saturating_sub(now.as_millis());
    Some(Duration::from_millis(u64::try_from(millis).unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use http::HeaderValue;
    use rstest::rstest;

    const NOW: &str = "2026-01-01T00:00:00Z";

    fn reply(status: u16, after: Option<&'static str>) -> OutboundReply {
        let mut headers = HeaderMap::new();
        if let Some(after) = after {
            headers.insert(RETRY_AFTER, HeaderValue::from_static(after));
        }
        OutboundReply {
            status,
            headers,
            body: Bytes::new(),
            streamed: None,
        }
    }

    #[rstest]
    #[case::seconds(429, Some("2"), Some(2_000))]
    #[case::a_date(503, Some("Thu, 01 Jan 2026 00:00:05 GMT"), Some(5_000))]
    #[case::a_date_of_old_servers(503, Some("Thursday, 01-Jan-26 00:00:05 GMT"), Some(5_000))]
    #[case::a_date_of_c_programs(503, Some("Thu Jan  1 00:00:05 2026"), Some(5_000))]
    #[case::a_date_that_is_over(429, Some("Wed, 31 Dec 2025 23:59:00 GMT"), Some(0))]
    #[case::longer_than_a_caller_waits(429, Some("3600"), None)]
    #[case::nonsense(429, Some("soon"), Some(250))]
    #[case::nothing_said(502, None, Some(250))]
    #[case::a_fault_that_comes_again(500, None, None)]
    #[case::a_success(200, Some("1"), None)]
    fn the_wait_is_what_the_upstream_asks_for(
        #[case] status: u16,
        #[case] after: Option<&'static str>,
        #[case] millis: Option<u64>,
    ) {
        let now = Timestamp::parse(NOW).unwrap();
        let waited = pause(1, &Ok(reply(status, after)), None, now);
        assert_eq!(waited, millis.map(Duration::from_millis));
    }

    #[rstest]
    #[case::used_up(403, "0", Some(30_000))]
    #[case::something_else(403, "5", None)]
    #[case::too_many(429, "5", Some(30_000))]
    #[case::not_named(500, "0", None)]
    fn a_toolkit_says_by_which_headers_a_service_asks_for_a_wait(
        #[case] status: u16,
        #[case] left: &'static str,
        #[case] millis: Option<u64>,
    ) {
        let now = Timestamp::parse(NOW).unwrap();
        let limit: RateLimit = serde_json::from_value(serde_json::json!({
            "remaining": "x-left", "reset": "x-reset", "reset_unit": "epoch_s", "statuses": [403],
        }))
        .unwrap();
        let mut headers = HeaderMap::new();
        headers.insert("x-left", HeaderValue::from_static(left));
        headers.insert("x-reset", HeaderValue::from(now.as_secs() + 30));
        let waited = wait(Some(&limit), status, &headers, now);
        assert_eq!(waited, millis.map(Duration::from_millis));
    }

    #[test]
    fn waits_grow_and_the_third_answer_stands() {
        let now = Timestamp::parse(NOW).unwrap();
        let waits: Vec<Option<u128>> = (1..=3)
            .map(|attempt| {
                pause(attempt, &Ok(reply(503, None)), None, now).map(|wait| wait.as_millis())
            })
            .collect();
        assert_eq!(waits, [Some(250), Some(1_000), None]);
    }

    #[rstest]
    #[case(Method::GET, true)]
    #[case(Method::PUT, true)]
    #[case(Method::DELETE, true)]
    #[case(Method::POST, false)]
    #[case(Method::PATCH, false)]
    fn what_writes_twice_is_not_repeated(#[case] method: Method, #[case] repeatable: bool) {
        assert_eq!(is_repeatable(&method), repeatable);
    }
}
