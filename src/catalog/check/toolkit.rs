//! Rules for `toolkit.yaml`.

use std::collections::BTreeSet;

use url::Url;

use super::{Report, auth, revocation};
use crate::catalog::manifest::{AuthManifest, ToolkitManifest};
use crate::catalog::{hosts, template, versions};
use crate::time::Timestamp;

const FORMAT: u32 = 1;

pub(super) fn check(toolkit: &ToolkitManifest, folder: &str, report: &mut Report<'_>) {
    report.require(toolkit.manifest == FORMAT, || {
        format!(
            "manifest: {} is not a known format; this server reads {FORMAT}",
            toolkit.manifest
        )
    });
    report.require(toolkit.slug == folder, || {
        format!(
            "slug: `{}` must be the name of its folder, `{folder}`",
            toolkit.slug
        )
    });
    let slug_is_plain = toolkit
        .slug
        .bytes()
        .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    report.require(!toolkit.slug.is_empty() && slug_is_plain, || {
        format!("slug: `{}` must be of a-z, 0-9 and _", toolkit.slug)
    });
    report.require(!toolkit.name.trim().is_empty(), || {
        "name: must not be empty".into()
    });
    report.require(!toolkit.description.trim().is_empty(), || {
        "description: must not be empty".into()
    });
    check_dates(toolkit, report);
    check_versions(toolkit, report);
    check_hosts(toolkit, report);
    if let Some(identity) = &toolkit.identity {
        report.require(identity.path.starts_with('/'), || {
            "identity.path: must begin with /".into()
        });
    }
    let mut schemes = BTreeSet::new();
    for auth in &toolkit.auth {
        report.require(schemes.insert(auth.scheme), || {
            format!("auth: {} stands there twice", auth.scheme)
        });
        auth::check(auth, report);
    }
}

fn check_dates(toolkit: &ToolkitManifest, report: &mut Report<'_>) {
    for (name, date) in [
        ("created_at", &toolkit.created_at),
        ("updated_at", &toolkit.updated_at),
    ] {
        report.require(Timestamp::parse(date).is_ok(), || {
            format!("{name}: `{date}` is no RFC 3339 instant, such as 2026-01-31T00:00:00Z")
        });
    }
}

fn check_versions(toolkit: &ToolkitManifest, report: &mut Report<'_>) {
    let versions = &toolkit.versions;
    report.require(!versions.is_empty(), || {
        "versions: must name at least one".into()
    });
    for version in versions {
        report.require(versions::is_version(version), || {
            format!("versions: `{version}` is not of the form YYYYMMDD_NN")
        });
    }
    report.require(versions.is_sorted_by(|newer, older| newer > older), || {
        "versions: must stand newest first, each once".into()
    });
    for version in toolkit.changelog.keys() {
        report.require(versions.contains(version), || {
            format!("changelog: `{version}` is not one of `versions`")
        });
    }
}

fn check_hosts(toolkit: &ToolkitManifest, report: &mut Report<'_>) {
    check_url("base_url", &toolkit.base_url, toolkit, report);
    for (name, url) in &toolkit.servers {
        check_url(&format!("servers.{name}"), url, toolkit, report);
    }
    for host in &toolkit.allowed_hosts {
        report.require(hosts::is_host_pattern(host), || {
            format!("allowed_hosts: `{host}` is neither a host name nor `*.` and a domain")
        });
    }
    for auth in &toolkit.auth {
        for (name, url) in auth_urls(auth) {
            if let Some(url) = url {
                let url = if name == "exchange.url" {
                    hosts::absolute(url, &toolkit.base_url)
                } else {
                    url.into()
                };
                check_url(&format!("{}: {name}", auth.scheme), &url, toolkit, report);
            }
        }
        if let Some(revoke) = &auth.revoke {
            let name = format!("{}: revoke.url", auth.scheme);
            let url = template::fill(&revoke.url, |slot| {
                let is_own = revocation::IN_URL.contains(&slot.name);
                Some(if is_own {
                    "x".into()
                } else {
                    format!("{{{}}}", slot.name)
                })
            });
            check_url(&name, &url.unwrap_or_default(), toolkit, report);
        }
    }
}

fn auth_urls(auth: &AuthManifest) -> [(&'static str, Option<&String>); 5] {
    let exchange = auth.exchange.as_ref();
    [
        ("authorize_url", auth.authorize_url.as_ref()),
        ("token_url", auth.token_url.as_ref()),
        ("refresh_url", auth.refresh_url.as_ref()),
        ("request_url", auth.request_url.as_ref()),
        (
            "exchange.url",
            exchange.and_then(|exchange| exchange.url.as_ref()),
        ),
    ]
}

/// A URL may name connection fields, but only such whose values a pattern limits: a value must not
/// be able to point a credential elsewhere.
fn check_url(name: &str, url: &str, toolkit: &ToolkitManifest, report: &mut Report<'_>) {
    if !template::is_well_formed(url) {
        report.add(format!("{name}: `{url}` has a brace without its partner"));
        return;
    }
    for slot in template::slots(url) {
        let mut declared = toolkit
            .auth
            .iter()
            .flat_map(|auth| {
                auth.fields
                    .connection
                    .iter()
                    .chain(&auth.fields.auth_config)
            })
            .filter(|field| field.name == slot.name)
            .peekable();
        if declared.peek().is_none() {
            report.add(format!(
                "{name}: {{{}}} is not a field of any auth scheme",
                slot.name
            ));
        } else if declared.any(|field| field.pattern.is_none()) {
            report.add(format!(
                "{name}: the field `{}` enters a URL and needs a `pattern`",
                slot.name
            ));
        }
    }
    let example = template::fill(url, |_| Some("x".into())).unwrap_or_default();
    let is_web = Url::parse(&example)
        .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    report.require(is_web, || format!("{name}: `{url}` is no http(s) URL"));
}
