//! The methods that clients can call.

use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};

use super::call;
use super::cancel;
use super::fault::Fault;
use super::initialize::{discover, initialize};
use super::message::Request;
use super::opened::Opened;
use super::progress::Progress;
use super::revision::Revision;
use super::tools;
use crate::app::App;
use crate::error::Error;

/// Carries a request out. The message to answer with; none for a request that the client gave up, and
/// an error where HTTP refuses it.
///
/// # Errors
/// What has a status of HTTP's own.
pub(super) async fn carry_out(
    app: &App,
    opened: &Opened,
    revision: Revision,
    request: &Request,
    progress: &Progress,
) -> Result<Option<String>, Fault> {
    let running = cancel::begin(app, opened, &request.id);
    let given_up = async {
        match &running {
            Some(running) => running.given_up().await,
            None => std::future::pending().await,
        }
    };
    let result = tokio::select! {
        result = method(app, opened, revision, request, progress) => result,
        () = given_up => return Ok(None),
    };
    match result {
        Ok(result) => Ok(Some(success(&request.id, &result)?)),
        Err(fault) if fault.is_refusal() => Err(fault),
        Err(fault) => Ok(Some(fault.message(&request.id))),
    }
}

async fn method(
    app: &App,
    opened: &Opened,
    revision: Revision,
    request: &Request,
    progress: &Progress,
) -> Result<Box<RawValue>, Fault> {
    match request.method.as_str() {
        "initialize" => initialize(opened, request),
        "server/discover" if revision.is_stateless() => discover(opened),
        "ping" => plain(revision, &[]),
        "tools/list" => tools::list(app, opened, revision, request).await,
        "tools/call" => call::call(app, opened, revision, request, progress).await,
        // Some clients ask for them although they are not announced.
        "resources/list" => plain(revision, &["resources"]),
        "resources/templates/list" => plain(revision, &["resourceTemplates"]),
        "prompts/list" => plain(revision, &["prompts"]),
        other => Err(Fault::no_method(other, revision.is_stateless())),
    }
}

/// A result of empty lists.
fn plain(revision: Revision, lists: &[&str]) -> Result<Box<RawValue>, Fault> {
    let mut result = serde_json::Map::new();
    for list in lists {
        result.insert((*list).to_owned(), Value::Array(Vec::new()));
    }
    if revision.is_stateless() {
        result.insert("resultType".into(), "complete".into());
        if !lists.is_empty() {
            result.insert("ttlMs".into(), 0.into());
            result.insert("cacheScope".into(), "private".into());
        }
    }
    Ok(to_raw_value(&result).map_err(Error::from)?)
}

fn success(id: &Value, result: &RawValue) -> Result<String, Fault> {
    #[derive(serde::Serialize)]
    struct Success<'a> {
        jsonrpc: &'static str,
        id: &'a Value,
        result: &'a RawValue,
    }
    let message = Success {
        jsonrpc: "2.0",
        id,
        result,
    };
    Ok(serde_json::to_string(&message).map_err(Error::from)?)
}
