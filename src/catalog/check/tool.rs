//! Rules for one tool.

use std::collections::{BTreeMap, BTreeSet};

use super::{Report, arguments, files};
use crate::catalog::manifest::{ArgIn, RequestManifest, ToolManifest, ToolkitManifest};
use crate::catalog::{schema, template};

const LONGEST_SLUG: usize = 64;
const LONGEST_TIMEOUT_S: u64 = 300;
/// Bytes of a published schema; models read it with every call.
pub const LARGEST_SCHEMA: usize = 24 * 1024;
const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

pub(super) fn check(tool: &ToolManifest, toolkit: &ToolkitManifest, report: &mut Report<'_>) {
    let prefix = format!("{}_", toolkit.slug.to_ascii_uppercase());
    report.require(
        tool.slug.len() > prefix.len() && tool.slug.starts_with(&prefix),
        || format!("slug: must begin with {prefix}"),
    );
    for slug in std::iter::once(&tool.slug)
        .chain(&tool.aliases)
        .chain(&tool.deprecated)
    {
        report.require(is_tool_slug(slug), || {
            format!("slug: `{slug}` must be of A-Z, 0-9 and _, at most {LONGEST_SLUG} characters")
        });
    }
    report.require(!tool.name.trim().is_empty(), || {
        "name: must not be empty".into()
    });
    report.require(!tool.description.trim().is_empty(), || {
        "description: must not be empty".into()
    });
    if let Some(timeout) = tool.timeout_s {
        report.require((1..=LONGEST_TIMEOUT_S).contains(&timeout), || {
            format!("timeout_s: must be 1 to {LONGEST_TIMEOUT_S}")
        });
    }
    check_span(tool, toolkit, report);
    check_request(&tool.request, tool, toolkit, report);
    arguments::check(tool, report);
    files::check(tool, report);
    check_wire_names(tool, report);
    let size = schema::input(tool).to_string().len();
    report.require(size <= LARGEST_SCHEMA, || {
        format!("args: the published schema has {size} bytes, more than {LARGEST_SCHEMA}")
    });
}

fn check_span(tool: &ToolManifest, toolkit: &ToolkitManifest, report: &mut Report<'_>) {
    for (name, version) in [("since", &tool.since), ("until", &tool.until)] {
        if let Some(version) = version {
            report.require(toolkit.versions.contains(version), || {
                format!("{name}: `{version}` is none of the toolkit's versions")
            });
        }
    }
    if let (Some(since), Some(until)) = (&tool.since, &tool.until) {
        report.require(since <= until, || "until: is before `since`".into());
    }
}

fn is_tool_slug(slug: &str) -> bool {
    (1..=LONGEST_SLUG).contains(&slug.len())
        && slug
            .bytes()
            .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
}

fn check_request(
    request: &RequestManifest,
    tool: &ToolManifest,
    toolkit: &ToolkitManifest,
    report: &mut Report<'_>,
) {
    report.require(METHODS.contains(&request.method.as_str()), || {
        format!(
            "request.method: `{}` is none of {}",
            request.method,
            METHODS.join(", ")
        )
    });
    report.require(request.path.starts_with('/'), || {
        "request.path: must begin with /".into()
    });
    if let Some(server) = &request.server {
        report.require(toolkit.servers.contains_key(server), || {
            format!("request.server: `{server}` is none of the toolkit's servers")
        });
    }
    if !template::is_well_formed(&request.path) {
        report.add("request.path: a brace has no partner");
        return;
    }
    let in_path: BTreeSet<&str> = template::slots(&request.path)
        .map(|slot| slot.name)
        .collect();
    for name in &in_path {
        match tool.args.iter().find(|arg| arg.arg == *name) {
            None => report.add(format!("request.path: {{{name}}} is no argument")),
            Some(arg) => {
                report.require(arg.required || arg.send_default, || {
                    format!("args.{name}: the path needs it, so it must be required")
                });
                report.require(arg.place.is_none_or(|place| place == ArgIn::Path), || {
                    format!("args.{name}: the path names it, so it cannot go elsewhere")
                });
            }
        }
    }
    for arg in tool
        .args
        .iter()
        .filter(|arg| arg.place == Some(ArgIn::Path))
    {
        report.require(in_path.contains(arg.arg.as_str()), || {
            format!("args.{}: the path does not name it", arg.arg)
        });
    }
}

/// Two arguments must not fill the same place, and a body has room only where one is sent.
fn check_wire_names(tool: &ToolManifest, report: &mut Report<'_>) {
    let mut taken: BTreeMap<(&str, &str), &str> = BTreeMap::new();
    for name in tool.request.query.keys() {
        taken.insert(("query", name), "request.query");
    }
    for arg in &tool.args {
        for key in [&arg.sends_name, &arg.sends_type].into_iter().flatten() {
            taken.insert(("body", key), &arg.arg);
        }
    }
    for arg in &tool.args {
        let place = match tool.place_of(arg) {
            ArgIn::Path => continue,
            ArgIn::Query => "query",
            ArgIn::Header => "header",
            ArgIn::Body => "body",
        };
        report.require(place != "body" || tool.request.method != "GET", || {
            format!("args.{}: a GET request has no body", arg.arg)
        });
        let wire = arg.name.as_deref().unwrap_or(&arg.arg);
        if let Some(other) = taken.insert((place, wire), &arg.arg) {
            report.add(format!(
                "args.{}: {other} already fills {place} `{wire}`",
                arg.arg
            ));
        }
    }
}
