//! The revisions of the protocol that are spoken here.

use axum::http::HeaderMap;
use serde_json::{Value, json};

use super::fault::Fault;
use super::message::Request;

/// A revision of the Model Context Protocol, by its date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Revision {
    V2024_11_05,
    V2025_03_26,
    V2025_06_18,
    V2025_11_25,
    V2026_07_28,
}

const VERSION: &str = "mcp-protocol-version";
const METHOD: &str = "mcp-method";
const NAME: &str = "mcp-name";
const META_VERSION: &str = "io.modelcontextprotocol/protocolVersion";
const META_CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";

impl Revision {
    const ALL: [Self; 5] = [
        Self::V2024_11_05,
        Self::V2025_03_26,
        Self::V2025_06_18,
        Self::V2025_11_25,
        Self::V2026_07_28,
    ];
    /// The newest in which a client begins with `initialize`.
    const NEWEST_WITH_HANDSHAKE: Self = Self::V2025_11_25;

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::V2024_11_05 => "2024-11-05",
            Self::V2025_03_26 => "2025-03-26",
            Self::V2025_06_18 => "2025-06-18",
            Self::V2025_11_25 => "2025-11-25",
            Self::V2026_07_28 => "2026-07-28",
        }
    }

    fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|own| own.name() == name)
    }

    /// Their names, oldest first.
    pub(super) fn names() -> Vec<&'static str> {
        Self::ALL.iter().map(|own| own.name()).collect()
    }

    /// Whether every request says all there is to know, and none begins a session.
    pub(super) fn is_stateless(self) -> bool {
        self >= Self::V2026_07_28
    }

    /// Whether several messages may come in one request: one revision alone had that.
    pub(super) fn has_batches(self) -> bool {
        self <= Self::V2025_03_26
    }

    /// The one to speak with a client that asks for `name` in its handshake: that one, or the newest
    /// with a handshake.
    pub(super) fn agreed(name: &str) -> Self {
        Self::of_name(name)
            .filter(|own| !own.is_stateless())
            .unwrap_or(Self::NEWEST_WITH_HANDSHAKE)
    }

    /// The one that a request's header names; absent it is 2025-03-26, which knew no such header.
    ///
    /// # Errors
    /// When it is not spoken here.
    pub(super) fn of_headers(headers: &HeaderMap) -> Result<Self, Fault> {
        let Some(value) = headers.get(VERSION) else {
            return Ok(Self::V2025_03_26);
        };
        let name = value.to_str().unwrap_or_default();
        Self::of_name(name).ok_or_else(|| unsupported(name))
    }

    /// The one that a request is in, by its header and by what it says of itself.
    ///
    /// # Errors
    /// When the two differ, or the request lacks what its revision asks for (the transport's sections
    /// on the protocol version and on standard headers, revision 2026-07-28).
    pub(super) fn of(headers: &HeaderMap, request: &Request) -> Result<Self, Fault> {
        let header = Self::of_headers(headers)?;
        let meta = request.meta();
        let Some(own) = meta.and_then(|meta| meta.get(META_VERSION)) else {
            if header.is_stateless() || request.method == "server/discover" {
                return Err(Fault::incomplete(&format!(
                    "the request's `_meta` has no `{META_VERSION}`"
                )));
            }
            return Ok(header);
        };
        let own = own.as_str().unwrap_or_default();
        let revision = Self::of_name(own).ok_or_else(|| unsupported(own))?;
        if headers.get(VERSION).is_none() || header != revision {
            return Err(Fault::header_mismatch(&format!(
                "the header MCP-Protocol-Version must name the revision of `_meta`, {own}"
            )));
        }
        if revision.is_stateless() {
            check_standard(headers, request)?;
        }
        Ok(revision)
    }
}

fn check_standard(headers: &HeaderMap, request: &Request) -> Result<(), Fault> {
    let capabilities = request
        .meta()
        .and_then(|meta| meta.get(META_CAPABILITIES))
        .is_some_and(Value::is_object);
    if !capabilities {
        return Err(Fault::incomplete(&format!(
            "the request's `_meta` has no `{META_CAPABILITIES}`"
        )));
    }
    must_be(headers, METHOD, &request.method)?;
    if request.method == "tools/call" {
        let name = request.params.get("name").and_then(Value::as_str);
        must_be(headers, NAME, name.unwrap_or_default())?;
    }
    Ok(())
}

fn must_be(headers: &HeaderMap, name: &str, expected: &str) -> Result<(), Fault> {
    let mut values = headers.get_all(name).iter();
    let is_so = values
        .next()
        .is_some_and(|value| value.as_bytes() == expected.as_bytes())
        && values.next().is_none();
    if is_so {
        return Ok(());
    }
    Err(Fault::header_mismatch(&format!(
        "the header {name} must be what the request's body says"
    )))
}

fn unsupported(name: &str) -> Fault {
    Fault::unsupported_version(json!({ "requested": name, "supported": Revision::names() }))
}
