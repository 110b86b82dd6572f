//! Which hosts a toolkit's credentials may go to, and that a second import adds none unasked.

use std::collections::BTreeSet;

use serde_json::{Map, Value};
use url::Url;

use super::Wishes;
use crate::error::{Error, Result};

/// Origins and host patterns that a toolkit sends credentials to: those of its calls, and those
/// that give and refresh tokens. What is asked of whoever connects is none of them.
pub(super) fn hosts(toolkit: &Map<String, Value>) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    if let Some(Value::Array(patterns)) = toolkit.get("allowed_hosts") {
        found.extend(patterns.iter().filter_map(Value::as_str).map(str::to_owned));
    }
    for key in ["base_url", "servers", "auth"] {
        gather(toolkit.get(key).unwrap_or(&Value::Null), &mut found);
    }
    found
}

/// Every URL in `value`.
fn gather(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => found.extend(origin(text)),
        Value::Array(items) => items.iter().for_each(|item| gather(item, found)),
        Value::Object(members) => members.values().for_each(|member| gather(member, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Of a URL or a template of one: `https://{subdomain}.example.com`.
fn origin(text: &str) -> Option<String> {
    let (scheme, rest) = text.split_once("://")?;
    let is_web = ["http", "https"].contains(&scheme);
    let host = rest.split(['/', '?', '#', ' ']).next()?;
    (is_web && !host.is_empty()).then(|| format!("{scheme}://{}", host.to_ascii_lowercase()))
}

/// Makes sure that a toolkit of which there may be accounts sends nothing to a host that it did not
/// before, unless the user named that host.
///
/// # Errors
/// [`Error::Conflict`] that names the new hosts.
pub(super) fn check(
    former: &Map<String, Value>,
    new: &BTreeSet<String>,
    wishes: &Wishes,
) -> Result<()> {
    if former.is_empty() {
        return Ok(());
    }
    let known = hosts(former);
    let given = wishes.base_url.as_ref().map(Url::origin);
    let is_meant = |host: &&String| {
        let url = Url::parse(host).ok();
        let name = url.as_ref().and_then(Url::host_str).unwrap_or(host);
        let is_given = url.as_ref().map(Url::origin) == given && given.is_some();
        let mut allowed = wishes.allow_hosts.iter();
        is_given || allowed.any(|one| one == name || one == *host)
    };
    let new: Vec<&str> = new
        .difference(&known)
        .filter(|host| !is_meant(host))
        .map(String::as_str)
        .collect();
    if new.is_empty() {
        return Ok(());
    }
    Err(Error::Conflict(format!(
        "the new description would send the credentials of accounts that are there to hosts that \
         the former one did not name: {}; if these are the vendor's, name each with `allow_hosts` \
         (--allow-host on the command line); another API needs another `slug`",
        new.join(", ")
    )))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn calls_and_tokens_go_to_hosts_and_what_people_give_is_none() {
        let toolkit = json!({
            "base_url": "https://{subdomain}.acme.test:8443/v1",
            "servers": { "files": "https://Files.acme.test/x" },
            "allowed_hosts": ["*.cdn.test"],
            "app_url": "https://docs.acme.test",
            "auth": [
                { "scheme": "OAUTH2", "token_url": "https://id.acme.test/token", "authorize_url": "/authorize" },
                { "scheme": "API_KEY", "base_url": "{base_url}" },
            ],
        });
        let found = hosts(toolkit.as_object().unwrap());
        let found: Vec<&str> = found.iter().map(String::as_str).collect();
        assert_eq!(
            found,
            [
                "*.cdn.test",
                "https://files.acme.test",
                "https://id.acme.test",
                "https://{subdomain}.acme.test:8443",
            ]
        );
    }
}
