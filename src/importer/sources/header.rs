//! A header that lets a description be read: a credential, for its own address alone.

use std::str::FromStr;

use http::{HeaderName, HeaderValue};

use crate::error::{Error, Result};
use crate::outbound::{AllowedHosts, OutboundRequest};

/// One header with its value, which is a secret and is not kept.
#[derive(Clone, PartialEq, Eq)]
pub struct Header {
    name: HeaderName,
    value: HeaderValue,
}

/// Shows the name and not the value.
impl std::fmt::Debug for Header {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Header({})", self.name)
    }
}

impl FromStr for Header {
    type Err = Error;

    /// `Authorization: Bearer abc`
    fn from_str(text: &str) -> Result<Self> {
        let parts = text.split_once(':').and_then(|(name, value)| {
            let name = HeaderName::from_bytes(name.trim().as_bytes()).ok()?;
            let mut value = HeaderValue::from_str(value.trim()).ok()?;
            value.set_sensitive(true);
            Some(Self { name, value })
        });
        parts.ok_or_else(|| Error::invalid("a header is written as `Name: value`"))
    }
}

impl Header {
    pub(super) fn name(&self) -> &str {
        self.name.as_str()
    }

    pub(super) fn is_bearer(&self) -> bool {
        self.value.as_bytes().starts_with(b"Bearer ")
    }

    pub(super) fn put_into(&self, request: &mut OutboundRequest) {
        let header = (self.name.clone(), self.value.clone());
        request.credential_headers.extend([header]);
        request.credential_hosts = AllowedHosts::of_url(&request.url);
    }
}
