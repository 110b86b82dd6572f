//! Writes down what a call did, step by step, for whoever asks later why it went as it did. A step
//! names ids, hosts, numbers and reasons; never a value of a credential, an argument or an answer.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::OwnAuth;
use super::connection::Connection;
use super::files::Attachments;
use super::recording::Recording;
use crate::accounts::{self, AccountSelector};
use crate::app::App;
use crate::catalog::Tool;
use crate::error::Result;
use crate::outbound::{Failure, FailureKind, OutboundReply, OutboundRequest};
use crate::storage::connected_accounts::ConnectedAccount;

const REDACTED: &str = "[redacted]";

/// Which tool was meant.
pub(super) fn tool(recording: &Recording, tool: &Tool, asked: Option<&str>) {
    let detail = json!({
        "tool": tool.manifest.slug,
        "toolkit": tool.toolkit.manifest.slug,
        "asked_version": asked,
        "version": tool.version(asked),
        "newest_version": tool.toolkit.latest_version(),
    });
    recording.step("tool", detail);
}

/// Whether a language model made arguments of the caller's words.
pub(super) fn from_text(recording: &Recording, is_clear: bool) {
    let outcome = if is_clear {
        "a language model made the arguments from the text"
    } else {
        "a language model made nothing of the text"
    };
    recording.step("text", json!({ "outcome": outcome }));
}

/// Which account was taken, and why.
pub(super) fn account(
    recording: &Recording,
    account: Option<&ConnectedAccount>,
    asked: &AccountSelector,
    own: Option<&OwnAuth>,
) {
    let (source, why) = match (account, own) {
        (_, Some(OwnAuth::Connection(_))) => {
            ("custom_auth", "the call brought custom_connection_data")
        }
        (_, Some(OwnAuth::Parameters(_))) => ("custom_auth", "the call brought custom_auth_params"),
        (None, None) => ("no_auth", "the toolkit needs no account"),
        (Some(_), None) if asked.account.is_some() => {
            ("connected_account", "the call named this account")
        }
        (Some(_), None) => (
            "connected_account",
            "the newest active account of the user for the toolkit",
        ),
    };
    recording.credential_source(source);
    let detail = match account {
        None => json!({ "source": source, "why": why }),
        Some(account) => json!({
            "source": source,
            "why": why,
            "account": account.id,
            "auth_config": account.auth_config_id,
            "user": account.user_id,
        }),
    };
    recording.step("account", detail);
}

/// How the credentials came, and whether the token was renewed for this call.
///
/// # Errors
/// When the database does not answer.
pub(super) async fn credentials(
    app: &App,
    recording: &Recording,
    connection: &Connection,
) -> Result<()> {
    let mut detail = Map::new();
    detail.insert("scheme".into(), json!(connection.scheme_name()));
    if let Some(account) = &connection.account {
        // From memory, unless a refresh has just replaced the row.
        let now = accounts::find(app, &account.project_id, &account.id).await?;
        let refreshed = now.token_generation != account.token_generation;
        detail.insert("refreshed".into(), json!(refreshed));
        let expires = now.token_expires_at.map(crate::time::Timestamp::to_text);
        detail.insert("token_expires_at".into(), json!(expires));
    }
    recording.step("credentials", Value::Object(detail));
    Ok(())
}

/// Which files the arguments named, and how large they are; their names are the caller's data.
pub(super) fn attached(recording: &Recording, files: &Attachments) {
    for (argument, bytes) in files.sizes() {
        let detail = json!({ "argument": argument, "bytes": bytes });
        recording.step("file_taken", detail);
    }
}

/// One try: where it went, how long it waited for its place, and what came.
pub(super) fn attempt(
    recording: &Recording,
    request: &OutboundRequest,
    (waited, took): (Duration, Duration),
    outcome: &Result<OutboundReply, Failure>,
) {
    let mut detail = Map::new();
    detail.insert("method".into(), json!(request.method.as_str()));
    let origin = request.url.origin().ascii_serialization();
    detail.insert("host".into(), json!(origin));
    detail.insert("waited_for_a_place_ms".into(), millis(waited));
    detail.insert("took_ms".into(), millis(took));
    match outcome {
        Ok(reply) => {
            detail.insert("status".into(), json!(reply.status));
            detail.insert("bytes".into(), json!(reply.body.len()));
        }
        Err(failure) => {
            let word = match failure.kind {
                FailureKind::Refused => "not sent: the address or its host is not allowed",
                FailureKind::NoConnection => "no connection",
                FailureKind::Broken => "the connection broke",
                FailureKind::TimedOut => "no answer in time",
                FailureKind::Unusable => "an answer that cannot be used",
            };
            detail.insert("failed".into(), json!(word));
        }
    }
    recording.step("attempt", Value::Object(detail));
}

/// A 401 led to a look for newer credentials.
pub(super) fn refresh(recording: &Recording, renewed: bool) {
    let why = "the upstream answered 401";
    recording.step("refresh", json!({ "why": why, "renewed": renewed }));
}

/// A rest before the next try.
pub(super) fn pause(recording: &Recording, pause: Duration) {
    let detail =
        json!({ "ms": millis(pause), "why": "the failure may pass and the call may be repeated" });
    recording.step("pause", detail);
}

/// A rest until the account's next turn.
pub(super) fn turn(recording: &Recording, wait: Duration) {
    let detail =
        json!({ "ms": millis(wait), "why": "the service allows so many requests a second" });
    recording.step("pause", detail);
}

/// What was taken out of the answer, and which arguments are not kept.
pub(super) fn redaction(
    recording: &Recording,
    tool: &Tool,
    arguments: &Map<String, Value>,
    data: &Map<String, Value>,
) {
    let secret_arguments: Vec<&str> = tool
        .manifest
        .args
        .iter()
        .filter(|arg| arg.secret && arguments.contains_key(&arg.arg))
        .map(|arg| arg.arg.as_str())
        .collect();
    let places: usize = data.values().map(redacted_places).sum();
    let detail = json!({ "places_in_answer": places, "arguments": secret_arguments });
    recording.step("redaction", detail);
}

fn redacted_places(value: &Value) -> usize {
    match value {
        Value::String(text) => text.matches(REDACTED).count(),
        Value::Array(items) => items.iter().map(redacted_places).sum(),
        Value::Object(fields) => fields.values().map(redacted_places).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
    }
}

fn millis(span: Duration) -> Value {
    json!(u64::try_from(span.as_millis()).unwrap_or(u64::MAX))
}
