//! The only HTTP client of the product: guarded addresses, time and size limits, and credentials
//! that go to their own hosts alone.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method};
use ipnet::IpNet;
use url::Url;

use crate::error::{Error, Result};

/// The client, shared by all callers.
#[derive(Debug, Clone)]
pub struct Outbound {}

/// Hosts that may receive a credential: exact names, or `*.example.com` for every subdomain.
#[derive(Debug, Clone, Default)]
pub struct AllowedHosts(pub Vec<String>);

/// A request to the outside.
#[derive(Clone)]
pub struct OutboundRequest {
    /// HTTP method.
    pub method: Method,
    /// Where to.
    pub url: Url,
    /// Headers without credentials.
    pub headers: HeaderMap,
    /// Headers that carry a credential: sent to `credential_hosts` only, dropped on a redirect to
    /// any other host.
    pub credential_headers: HeaderMap,
    /// Query parameters that carry a credential, with the same rule.
    pub credential_query: Vec<(String, String)>,
    /// Where the credential may go.
    pub credential_hosts: AllowedHosts,
    /// The body; empty for none.
    pub body: Bytes,
    /// Limit on the whole call, redirects included.
    pub timeout: Duration,
    /// Limit on the answer's body in bytes, after decompression.
    pub max_bytes: usize,
    /// How many redirects are followed.
    pub max_redirects: u8,
}

/// An answer from the outside.
#[derive(Debug, Clone)]
pub struct OutboundReply {
    /// HTTP status.
    pub status: u16,
    /// Headers of the last hop.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Bytes,
}

impl Outbound {
    /// A client that may reach public addresses and those in `allowed`.
    ///
    /// # Errors
    /// When the TLS set-up fails.
    pub fn new(allowed: &[IpNet]) -> Result<Self> {
        let _ = allowed;
        Ok(Self {})
    }

    /// Sends a request and reads its answer whole.
    ///
    /// # Errors
    /// [`Error::Invalid`] when the guard refuses the address, [`Error::Upstream`] when the other
    /// side does not answer in time or within the size limit.
    pub async fn send(&self, request: OutboundRequest) -> Result<OutboundReply> {
        let _ = request;
        Err(Error::NotImplemented("outbound".into()))
    }
}
