//! Which hosts belong to a toolkit: a credential goes to these and nowhere else.

use std::borrow::Cow;

use serde_json::{Map, Value};
use url::{Host, Url};

use super::{Toolkit, template, whole_match};
use crate::error::{Error, Result};
use crate::scheme::Scheme;

impl Toolkit {
    /// The base URL of connections of a scheme, as a template without a trailing slash.
    #[must_use]
    pub fn base_url(&self, scheme: Scheme) -> &str {
        let own = self.auth(scheme).and_then(|auth| auth.base_url.as_deref());
        own.unwrap_or(&self.manifest.base_url)
    }

    /// The base URL of a connection, or of a named server, without a trailing slash.
    ///
    /// # Errors
    /// When the connection lacks a value that the URL names, or the value makes it no URL.
    pub fn url(
        &self,
        scheme: Scheme,
        server: Option<&str>,
        values: &Map<String, Value>,
    ) -> Result<Url> {
        let template = match server {
            None => self.base_url(scheme),
            Some(name) => self.manifest.servers.get(name).ok_or_else(|| {
                Error::internal(format!(
                    "toolkit {} has no server {name}",
                    self.manifest.slug
                ))
            })?,
        };
        self.filled_url(scheme, template, values)
    }

    /// A URL of the manifest with `values` in it; one that begins with `/` lies under the base URL.
    ///
    /// # Errors
    /// When a value is missing, or makes it no URL.
    pub fn filled_url(
        &self,
        scheme: Scheme,
        template: &str,
        values: &Map<String, Value>,
    ) -> Result<Url> {
        let template = absolute(template, self.base_url(scheme));
        let text = template::fill(&template, |slot| {
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

    /// Makes sure that the values which a URL of the manifest names may stand there: each matches
    /// its field's pattern, and one that is not the whole beginning of the URL cannot move the call
    /// to another host. Rows may be older than the pattern.
    ///
    /// # Errors
    /// [`Error::Invalid`] that names the field.
    pub fn check_url_values(
        &self,
        scheme: Scheme,
        template: &str,
        values: &Map<String, Value>,
    ) -> Result<()> {
        let template = absolute(template, self.base_url(scheme));
        for name in template::slots(&template).map(|slot| slot.name) {
            let Some(value) = values.get(name).and_then(Value::as_str) else {
                continue;
            };
            let is_beginning = template.starts_with(&format!("{{{name}}}"));
            let is_plain = value.bytes().all(|byte| {
                byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
            });
            if !self.matches_pattern(scheme, name, value)? || !(is_beginning || is_plain) {
                return Err(self.unfit(name));
            }
        }
        Ok(())
    }

    fn matches_pattern(&self, scheme: Scheme, name: &str, value: &str) -> Result<bool> {
        let pattern = self
            .auth(scheme)
            .and_then(|auth| auth.pattern_of(name))
            .ok_or_else(|| {
                Error::internal(format!("field {name} enters a URL and has no pattern"))
            })?;
        let whole = whole_match(pattern)
            .map_err(|cause| Error::internal(format!("the pattern of field {name}: {cause}")))?;
        Ok(whole.is_match(value))
    }

    /// The error for a value that cannot stand in a URL.
    #[must_use]
    pub fn unfit(&self, what: &str) -> Error {
        Error::invalid_with_fix(
            format!(
                "the connection to {} has a value for `{what}` that cannot stand in a URL",
                self.manifest.slug
            ),
            "Let the user connect again and give the value in the form that the field asks for.",
        )
    }

    /// Where this toolkit's credentials may go: the origins of its base URL and servers, and the
    /// hosts that its manifest allows besides (`*.example.com` stands for every subdomain). When
    /// the operator moved the base URL to another host, its origin alone: a credential for an own
    /// installation is none of the public service's business.
    #[must_use]
    pub fn credential_hosts(&self, scheme: Scheme, values: &Map<String, Value>) -> Vec<String> {
        let origin = |server| {
            let url = self.url(scheme, server, values).ok()?;
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

/// A URL template as it is, or a path as one under `base_url`.
pub(super) fn absolute<'t>(template: &'t str, base_url: &str) -> Cow<'t, str> {
    if template.starts_with('/') {
        Cow::Owned(format!("{}{template}", base_url.trim_end_matches('/')))
    } else {
        Cow::Borrowed(template)
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
