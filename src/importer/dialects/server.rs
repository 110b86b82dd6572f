//! Which of several servers an API is called at, and which hosts are none of the vendor's.

use serde_json::Value;
use url::{Host, Url};

use super::{entries, text};
use crate::importer::operation::Server;

/// Hosts that keep descriptions of others: what is relative there leads to nobody's API.
const SHELVES: [&str; 14] = [
    "githubusercontent.com",
    "github.com",
    "github.io",
    "gitlab.com",
    "bitbucket.org",
    "jsdelivr.net",
    "unpkg.com",
    "swaggerhub.com",
    "apis.guru",
    "readme.com",
    "amazonaws.com",
    "storage.googleapis.com",
    "blob.core.windows.net",
    "postman.com",
];
/// Hosts that writers put down where they know none, or that answer with made-up data.
const NOWHERE: [&str; 11] = [
    "example.com",
    "example.net",
    "example.org",
    "example",
    "invalid",
    "local",
    "localhost",
    "virtserver.swaggerhub.com",
    "stoplight.io",
    "pstmn.io",
    "mockable.io",
];
/// Parts of an address where nothing is for real.
const TRIALS: [&str; 11] = [
    "sandbox",
    "staging",
    "stage",
    "mock",
    "mocks",
    "uat",
    "qa",
    "test",
    "testing",
    "dev",
    "development",
];

/// The owner's server (OpenAPI): the first where things are for real, and that without plain HTTP
/// where it stands there by both, since credentials go there.
pub(super) fn server(owner: &Value) -> Option<Server<'_>> {
    let all = owner.get("servers").and_then(Value::as_array)?;
    let urls: Vec<&str> = all
        .iter()
        .filter_map(|server| text(server, "url"))
        .collect();
    let best = urls.iter().copied().min_by_key(|url| {
        let parsed = Url::parse(url).ok();
        (parsed.as_ref().is_some_and(is_nowhere), is_trial(url))
    })?;
    let safe = best.strip_prefix("http://").and_then(|rest| {
        let mut urls = urls.iter().copied();
        urls.find(|url| {
            let other = url.strip_prefix("https://").unwrap_or_default();
            other.trim_end_matches('/') == rest.trim_end_matches('/')
        })
    });
    let url = safe.unwrap_or(best);
    let server = all.iter().find(|server| text(server, "url") == Some(url))?;
    Some(Server {
        url: url.to_owned(),
        variables: entries(server, "variables").collect(),
    })
}

/// The last part of a host says nothing: `.dev` has APIs.
fn is_trial(url: &str) -> bool {
    let url = url.to_ascii_lowercase();
    let rest = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest);
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let host = host.rsplit_once('.').map_or("", |(start, _)| start);
    let parts = [host, path];
    let mut words = parts
        .iter()
        .flat_map(|part| part.split(|c: char| !c.is_ascii_alphanumeric()));
    url.contains("sandbox") || words.any(|word| TRIALS.contains(&word))
}

fn is_below(url: &Url, domains: &[&str]) -> bool {
    url.host_str().is_some_and(|host| {
        let mut domains = domains.iter();
        domains.any(|domain| {
            let start = host.strip_suffix(domain);
            start.is_some_and(|start| start.is_empty() || start.ends_with('.'))
        })
    })
}

/// Whether nobody's API lives there, or not that of everybody who reads the description.
pub(in crate::importer) fn is_nowhere(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_unspecified(),
        Some(Host::Ipv6(address)) => address.is_unspecified(),
        Some(Host::Domain(_)) | None => is_below(url, &NOWHERE),
    }
}

/// Whether descriptions of others lie there.
pub(in crate::importer) fn is_shelf(url: &Url) -> bool {
    is_below(url, &SHELVES)
}
