//! Rules for URLs with placeholders: no value may point a credential at a host that the manifest
//! does not mean.

use url::Url;

use super::Report;
use crate::catalog::manifest::ToolkitManifest;
use crate::catalog::{template, whole_match};

/// Values by which somebody would try to lead a URL elsewhere.
const HOSTILE: [&str; 24] = [
    "evil.example/",
    "evil.example/x",
    "evil.example?",
    "evil.example?x=1",
    "evil.example#",
    "evil.example#x",
    "evil.example\\",
    "evil.example:1",
    "evil.example:1/",
    "x@evil.example",
    "x@evil.example/",
    "a/",
    "a/b",
    "a?",
    "a#",
    "a\\",
    "A/",
    "1/",
    "/",
    "#",
    "https://evil.example",
    "https://evil.example/",
    "http://evil.example",
    "evil.example",
];

/// A URL may name connection fields and kept values, but only such as a pattern limits, and
/// patterns that let none of the hostile values through that would change the host.
pub(super) fn check(name: &str, url: &str, toolkit: &ToolkitManifest, report: &mut Report<'_>) {
    if !template::is_well_formed(url) {
        report.add(format!("{name}: `{url}` has a brace without its partner"));
        return;
    }
    for slot in template::slots(url) {
        let declared = declarations(toolkit, slot.name);
        if declared.is_empty() {
            report.add(format!(
                "{name}: {{{}}} is not a field of any auth scheme",
                slot.name
            ));
        }
        for Declaration { pattern, is_told } in declared {
            match pattern {
                None => report.add(format!(
                    "{name}: the field `{}` enters a URL and needs a `pattern`",
                    slot.name
                )),
                Some(pattern) => check_pattern(name, url, slot.name, pattern, is_told, report),
            }
        }
    }
    let example = template::fill(url, |_| Some("x".into())).unwrap_or_default();
    // A value that is a whole URL is no URL by an example.
    let is_whole = template::slots(url)
        .next()
        .is_some_and(|slot| url.starts_with(&format!("{{{}}}", slot.name)));
    let is_web = Url::parse(&example)
        .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    report.require(is_web || is_whole, || {
        format!("{name}: `{url}` is no http(s) URL")
    });
}

/// Where a placeholder's value comes from.
struct Declaration<'m> {
    pattern: Option<&'m str>,
    /// A provider tells it, so that its host is nobody's choice.
    is_told: bool,
}

fn declarations<'m>(toolkit: &'m ToolkitManifest, name: &str) -> Vec<Declaration<'m>> {
    let mut found = Vec::new();
    for auth in &toolkit.auth {
        let fields = auth
            .fields
            .connection
            .iter()
            .chain(&auth.fields.auth_config);
        for field in fields.filter(|field| field.name == name) {
            found.push(Declaration {
                pattern: field.pattern.as_deref(),
                is_told: false,
            });
        }
        for (_, kept) in auth.kept().filter(|(kept, _)| *kept == name) {
            found.push(Declaration {
                pattern: kept.pattern.as_deref(),
                is_told: true,
            });
        }
    }
    found
}

/// The host must end as the template says, whatever the value. Where the template leaves the whole
/// host to the value, a person may name any, a provider none that is not in the pattern.
fn check_pattern(
    name: &str,
    url: &str,
    slot: &str,
    pattern: &str,
    is_told: bool,
    report: &mut Report<'_>,
) {
    let Ok(pattern) = whole_match(pattern) else {
        return;
    };
    let filled = |value: &str| {
        template::fill(url, |other| {
            Some(if other.name == slot { value } else { "x" }.to_owned())
        })
        .ok()
        .and_then(|text| Url::parse(&text).ok())
    };
    let hostile = HOSTILE.into_iter().find(|value| {
        pattern.is_match(value)
            && filled(value).is_some_and(|url_with_it| {
                let host = url_with_it.host_str().unwrap_or_default();
                match fixed_end(url, slot) {
                    Some("") => is_told && host.ends_with("evil.example"),
                    Some(end) => !host.ends_with(end),
                    // It stands behind the host, where nothing moves the host any more.
                    None => false,
                }
            })
    });
    if let Some(value) = hostile {
        report.add(format!(
            "{name}: the pattern of `{slot}` lets `{value}` through, which leads to another host"
        ));
    }
}

/// What of the host comes after the placeholder, if it stands in the host.
fn fixed_end<'u>(url: &'u str, slot: &str) -> Option<&'u str> {
    let slot = format!("{{{slot}}}");
    let (before, after) = url.split_once(&slot)?;
    let is_in_host = match before.split_once("://") {
        Some((_, authority)) => !authority.contains(['/', '?', '#']),
        None => before.is_empty(),
    };
    let end = after.split(['/', '?', '#', ':']).next().unwrap_or_default();
    // What comes after a further placeholder is fixed again.
    let end = end.rsplit('}').next().unwrap_or_default();
    is_in_host.then_some(end)
}
