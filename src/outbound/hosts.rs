//! Where a credential may go.

use url::Url;

/// Origins that may receive a credential.
///
/// An entry is `host`, `host:port`, or a whole origin such as `http://localhost:3000`; without a
/// scheme it means https, without a port the scheme's own. `*.example.com` stands for every
/// subdomain of `example.com`, and not for `example.com` itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AllowedHosts(pub Vec<String>);

impl AllowedHosts {
    /// The origin of `url` alone.
    #[must_use]
    pub fn of_url(url: &Url) -> Self {
        Self(vec![url.origin().ascii_serialization()])
    }

    /// Adds the origin of `url`.
    pub fn add_url(&mut self, url: &Url) {
        let origin = url.origin().ascii_serialization();
        if !self.0.contains(&origin) {
            self.0.push(origin);
        }
    }

    /// Whether a credential may go to `url`.
    #[must_use]
    pub fn permits(&self, url: &Url) -> bool {
        self.0.iter().any(|entry| entry_permits(entry, url))
    }
}

fn entry_permits(entry: &str, url: &Url) -> bool {
    let (scheme, authority) = entry.split_once("://").unwrap_or(("https", entry));
    let (pattern, port) = split_port(authority);
    let is_scheme = url.scheme() == scheme
        // The same host under https is no worse, if both ports are the usual ones.
        || (scheme == "http" && url.scheme() == "https" && port.is_none());
    let is_port = match port {
        Some(port) => url.port_or_known_default() == Some(port),
        None => url.port().is_none(),
    };
    is_scheme
        && is_port
        && url
            .host_str()
            .is_some_and(|host| host_matches(pattern, host))
}

/// `host:port`, `[v6]:port` or either without a port.
fn split_port(authority: &str) -> (&str, Option<u16>) {
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => match port.parse() {
            Ok(port) => (host, Some(port)),
            Err(_) => (authority, None),
        },
        _ => (authority, None),
    }
}

fn host_matches(pattern: &str, host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host);
    match pattern.strip_prefix('*') {
        Some(suffix) if suffix.starts_with('.') => {
            host.len() > suffix.len()
                && host
                    .get(host.len() - suffix.len()..)
                    .is_some_and(|end| end.eq_ignore_ascii_case(suffix))
        }
        _ => host.eq_ignore_ascii_case(pattern),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::same("api.example.com", "https://api.example.com/x")]
    #[case::upper_case("API.example.com", "https://api.example.com/x")]
    #[case::trailing_dot("api.example.com", "https://api.example.com./x")]
    #[case::usual_port("api.example.com", "https://api.example.com:443/x")]
    #[case::own_port("api.example.com:8443", "https://api.example.com:8443/x")]
    #[case::subdomain("*.example.com", "https://a.example.com/x")]
    #[case::deep_subdomain("*.example.com", "https://a.b.example.com/x")]
    #[case::http_origin("http://localhost:3000", "http://localhost:3000/x")]
    #[case::upgrade("http://api.example.com", "https://api.example.com/x")]
    #[case::v6("http://[::1]:3000", "http://[::1]:3000/x")]
    #[case::v6_usual_port("https://[::1]", "https://[::1]/x")]
    fn a_credential_may_go_there(#[case] entry: &str, #[case] url: Url) {
        assert!(AllowedHosts(vec![entry.into()]).permits(&url));
    }

    #[rstest]
    #[case::other_host("api.example.com", "https://example.com/x")]
    #[case::look_alike("api.example.com", "https://api.example.com.evil.test/x")]
    #[case::suffix("*.example.com", "https://evilexample.com/x")]
    #[case::apex("*.example.com", "https://example.com/x")]
    #[case::star_is_not_everything("*", "https://example.com/x")]
    #[case::downgrade("api.example.com", "http://api.example.com/x")]
    #[case::downgrade_same_port("api.example.com", "http://api.example.com:443/x")]
    #[case::other_port("api.example.com", "https://api.example.com:8443/x")]
    #[case::upgrade_to_other_port("http://localhost:3000", "https://localhost:3000/x")]
    #[case::user_info("api.example.com", "https://api.example.com@evil.test/x")]
    #[case::other_loopback("http://127.0.0.1:80", "http://127.0.0.2/x")]
    fn a_credential_may_not_go_there(#[case] entry: &str, #[case] url: Url) {
        assert!(!AllowedHosts(vec![entry.into()]).permits(&url));
    }

    #[test]
    fn the_origin_of_a_url_permits_that_origin() {
        for url in [
            "https://api.example.com/a",
            "http://127.0.0.1:4000/b",
            "http://[::1]:1/",
        ] {
            let url: Url = url.parse().unwrap();
            assert!(AllowedHosts::of_url(&url).permits(&url), "{url}");
        }
    }
}
