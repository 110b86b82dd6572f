//! How a client and this server get to know each other.

use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value, json};

use super::fault::Fault;
use super::message::Request;
use super::opened::Opened;
use super::revision::Revision;
use crate::error::Error;

const META_SERVER: &str = "io.modelcontextprotocol/serverInfo";

fn info(opened: &Opened) -> Value {
    let title = opened.site.title();
    json!({ "name": "tenon", "title": title, "version": env!("CARGO_PKG_VERSION") })
}

fn instructions(opened: &Opened) -> String {
    opened.site.instructions(&opened.scope.user)
}

/// `initialize`, in the revisions that have it.
///
/// # Errors
/// When the client names no revision.
pub(super) fn initialize(opened: &Opened, request: &Request) -> Result<Box<RawValue>, Fault> {
    let Some(Value::String(asked)) = request.params.get("protocolVersion") else {
        return Err(Fault::invalid_params("`protocolVersion` must be text"));
    };
    let result = json!({
        "protocolVersion": Revision::agreed(asked).name(),
        "capabilities": { "tools": { "listChanged": false } },
        "serverInfo": info(opened),
        "instructions": instructions(opened),
    });
    Ok(to_raw_value(&result).map_err(Error::from)?)
}

/// `server/discover`, in the revisions without a handshake.
///
/// # Errors
/// Never in practice.
pub(super) fn discover(opened: &Opened) -> Result<Box<RawValue>, Fault> {
    let result = json!({
        "resultType": "complete",
        "supportedVersions": Revision::names(),
        "capabilities": { "tools": { "listChanged": false } },
        "instructions": instructions(opened),
        "ttlMs": 0,
        "cacheScope": "private",
        "_meta": { META_SERVER: info(opened) },
    });
    Ok(to_raw_value(&result).map_err(Error::from)?)
}
