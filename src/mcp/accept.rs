//! In which form a client takes answers.

use axum::http::{HeaderMap, StatusCode, header};

use super::fault::Fault;

const JSON: &str = "application/json";
const EVENTS: &str = "text/event-stream";

/// What a client takes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Accepted {
    pub(super) json: bool,
    pub(super) events: bool,
}

impl Accepted {
    /// Reads `Accept`; a client that says nothing takes both.
    ///
    /// # Errors
    /// When it takes neither.
    pub(super) fn of(headers: &HeaderMap) -> Result<Self, Fault> {
        let mut accepted = Self {
            json: false,
            events: false,
        };
        let mut says_something = false;
        for value in headers.get_all(header::ACCEPT) {
            let value = value.to_str().unwrap_or_default();
            for range in value.split(',') {
                says_something = true;
                let mut parts = range.split(';').map(str::trim);
                let kind = parts.next().unwrap_or_default().to_ascii_lowercase();
                if parts.any(|part| matches!(part, "q=0" | "q=0.0" | "q=0.00" | "q=0.000")) {
                    continue;
                }
                accepted.json |= matches!(kind.as_str(), JSON | "application/*" | "*/*");
                accepted.events |= matches!(kind.as_str(), EVENTS | "text/*" | "*/*");
            }
        }
        if !says_something {
            return Ok(Self {
                json: true,
                events: true,
            });
        }
        if accepted.json || accepted.events {
            return Ok(accepted);
        }
        Err(Fault::http(
            StatusCode::NOT_ACCEPTABLE,
            "`Accept` must name application/json and text/event-stream",
        ))
    }
}

/// Refuses a body of another kind: a page of another site can send some kinds without asking, and JSON
/// is none of them.
///
/// # Errors
/// When `Content-Type` is not JSON's.
pub(super) fn check_content(headers: &HeaderMap) -> Result<(), Fault> {
    let kind = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next());
    if kind.is_some_and(|kind| kind.trim().eq_ignore_ascii_case(JSON)) {
        return Ok(());
    }
    Err(Fault::http(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "`Content-Type` must be application/json",
    ))
}
