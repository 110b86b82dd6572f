//! Rules for `toolkit.yaml`.

use std::collections::BTreeSet;

use super::{Report, auth, expressions, files, is_plain_name, oauth, revocation, url};
use crate::catalog::manifest::{
    AuthManifest, IdentityManifest, PaginationKind, RateLimit, RequestKind, ToolkitManifest,
};
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
    files::check_toolkit(toolkit, report);
    if let Some(identity) = &toolkit.identity {
        check_identity(identity, report);
    }
    check_reading(toolkit, report);
    let mut schemes = BTreeSet::new();
    for auth in &toolkit.auth {
        report.require(schemes.insert(auth.scheme), || {
            format!("auth: {} stands there twice", auth.scheme)
        });
        auth::check(auth, report);
    }
}

/// The request that shows whose a credential is.
fn check_identity(identity: &IdentityManifest, report: &mut Report<'_>) {
    report.require(identity.path.starts_with('/'), || {
        "identity.path: must begin with /".into()
    });
    report.require(identity.kind != RequestKind::Mcp, || {
        "identity.kind: is http or graphql".into()
    });
    let is_graphql = identity.kind == RequestKind::Graphql;
    report.require(is_graphql == identity.document.is_some(), || {
        "identity.document: goes with `kind: graphql`, which needs one".into()
    });
    if let Some(id) = &identity.id {
        expressions::compiles("identity.id", id, report);
    }
}

/// How answers are read and lists go on.
fn check_reading(toolkit: &ToolkitManifest, report: &mut Report<'_>) {
    for (key, expression) in toolkit.response.expressions() {
        expressions::compiles(&format!("response.{key}"), expression, report);
    }
    for (name, rule) in &toolkit.pagination {
        let at = format!("pagination.{name}");
        for (key, expression) in rule.expressions() {
            expressions::compiles(&format!("{at}.{key}"), expression, report);
        }
        let needs_cursor = matches!(rule.kind, PaginationKind::Cursor | PaginationKind::NextUrl);
        report.require(!needs_cursor || rule.cursor_path.is_some(), || {
            format!("{at}.cursor_path: is missing; it says where an answer has what leads on")
        });
        let needs_arg = matches!(
            rule.kind,
            PaginationKind::Cursor | PaginationKind::Offset | PaginationKind::Page
        );
        report.require(!needs_arg || rule.cursor_arg.is_some(), || {
            format!("{at}.cursor_arg: is missing; it names the parameter that leads on")
        });
    }
    if let Some(limit) = &toolkit.rate_limit {
        for name in [&limit.remaining, &limit.reset].into_iter().flatten() {
            report.require(is_plain_name(name), || {
                format!("rate_limit: `{name}` is no header name")
            });
        }
        let (least, most) = RateLimit::PER_SECOND;
        let is_pace = |rate: f64| (least..=most).contains(&rate);
        report.require(limit.per_second.is_none_or(is_pace), || {
            format!("rate_limit.per_second: must be {least} to {most}")
        });
        for status in &limit.statuses {
            report.require((400..=599).contains(status), || {
                format!("rate_limit.statuses: {status} is no refusal")
            });
        }
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
    url::check("base_url", &toolkit.base_url, toolkit, report);
    for (name, text) in &toolkit.servers {
        url::check(&format!("servers.{name}"), text, toolkit, report);
    }
    for host in &toolkit.allowed_hosts {
        report.require(hosts::is_host_pattern(host), || {
            format!("allowed_hosts: `{host}` is neither a host name nor `*.` and a domain")
        });
    }
    for auth in &toolkit.auth {
        for (name, text) in auth_urls(auth) {
            if let Some(text) = text {
                let text = if name == "exchange.url" {
                    hosts::absolute(text, &toolkit.base_url)
                } else {
                    text.into()
                };
                url::check(&format!("{}: {name}", auth.scheme), &text, toolkit, report);
            }
        }
        if let Some(asked) = &auth.post_connect {
            oauth::check_post_connect(auth, asked, report);
        }
        if let Some(revoke) = &auth.revoke {
            let name = format!("{}: revoke.url", auth.scheme);
            let text = template::fill(&revoke.url, |slot| {
                let is_own = revocation::IN_URL.contains(&slot.name);
                Some(if is_own {
                    "x".into()
                } else {
                    format!("{{{}}}", slot.name)
                })
            });
            url::check(&name, &text.unwrap_or_default(), toolkit, report);
        }
    }
}

fn auth_urls(auth: &AuthManifest) -> [(&'static str, Option<&String>); 9] {
    let exchange = auth.exchange.as_ref();
    [
        ("base_url", auth.base_url.as_ref()),
        ("authorize_url", auth.authorize_url.as_ref()),
        ("token_url", auth.token_url.as_ref()),
        ("refresh_url", auth.refresh_url.as_ref()),
        ("request_url", auth.request_url.as_ref()),
        (
            "exchange.url",
            exchange.and_then(|exchange| exchange.url.as_ref()),
        ),
        ("registration_url", auth.registration_url.as_ref()),
        ("issuer", auth.issuer.as_ref()),
        ("resource", auth.resource.as_ref()),
    ]
}
