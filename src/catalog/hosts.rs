//! Which hosts belong to a toolkit: a credential goes to these and nowhere else.

use serde_json::{Map, Value};
use url::{Host, Url};

use super::{Toolkit, template};
use crate::error::{Error, Result};

impl Toolkit {
    /// The base URL of a connection, or of a named server, without a trailing slash.
    ///
    /// # Errors
    /// When the connection lacks a value that the URL names, or the value makes it no URL.
    pub fn url(&self, server: Option<&str>, values: &Map<String, Value>) -> Result<Url> {
        let template = match server {
            None => &self.manifest.base_url,
            Some(name) => self.manifest.servers.get(name).ok_or_else(|| {
                Error::internal(format!(
                    "toolkit {} has no server {name}",
                    self.manifest.slug
                ))
            })?,
        };
        let text = template::fill(template, |slot| {
            values
                .get(slot.name)
                .and_then(Value::as_str)
                .map(str::to_owned)
        });
        text.map_err(|missing| {
            Error::invalid_with_fix(
                format!(
                    "the connection to {} has no `{missing}`",
                    self.manifest.slug
                ),
                "Connect the account again and give it.",
            )
        })
        .and_then(|text| {
            Url::parse(&text).map_err(|_| {
                Error::invalid(format!(
                    "the connection to {} makes no URL",
                    self.manifest.slug
                ))
            })
        })
    }

    /// Where this toolkit's credentials may go: the origins of its base URL and servers, and the
    /// hosts that its manifest allows besides (`*.example.com` stands for every subdomain). When
    /// the operator moved the base URL to another host, its origin alone: a credential for an own
    /// installation is none of the public service's business.
    #[must_use]
    pub fn credential_hosts(&self, values: &Map<String, Value>) -> Vec<String> {
        let origin = |server| {
            let url = self.url(server, values).ok()?;
            Some(url.origin().ascii_serialization())
        };
        let mut hosts: Vec<String> = origin(None).into_iter().collect();
        if !self.moved {
            hosts.extend(
                self.manifest
                    .servers
                    .keys()
                    .filter_map(|name| origin(Some(name))),
            );
            hosts.extend(self.manifest.allowed_hosts.iter().cloned());
        }
        hosts
    }
}

/// The host of a URL in lower case.
pub(super) fn host_of(url: &Url) -> Option<String> {
    url.host_str().map(str::to_ascii_lowercase)
}

/// A host name, or `*.` and a domain of at least two labels, in lower case.
pub(super) fn is_host_pattern(pattern: &str) -> bool {
    let (name, wildcard) = match pattern.strip_prefix("*.") {
        Some(domain) => (domain, true),
        None => (pattern, false),
    };
    let parsed = Host::parse(name);
    let is_name = match &parsed {
        Ok(Host::Domain(domain)) => domain == name && !name.contains('*') && !name.ends_with('.'),
        Ok(Host::Ipv4(_) | Host::Ipv6(_)) => !wildcard,
        Err(_) => false,
    };
    is_name && (!wildcard || name.contains('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_pattern_is_a_name_or_a_wildcard_over_a_domain() {
        for good in ["api.github.com", "*.zendesk.com", "localhost", "127.0.0.1"] {
            assert!(is_host_pattern(good), "{good}");
        }
        for bad in [
            "",
            "*",
            "*.com",
            "https://x.com",
            "x.com/path",
            "x.com:80",
            "a.*.com",
            "API.x.com",
        ] {
            assert!(!is_host_pattern(bad), "{bad}");
        }
    }
}
