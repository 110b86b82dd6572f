//! Rules for one tool.

use super::{Report, arguments, files, published, steps};
use crate::catalog::manifest::{ToolManifest, ToolkitManifest};

const LONGEST_SLUG: usize = 64;
const LONGEST_TIMEOUT_S: u64 = 300;
const MOST_USE_CASES: usize = 12;
const LONGEST_USE_CASE: usize = 80;

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
    check_use_cases(&tool.use_cases, report);
    check_span(tool, toolkit, report);
    steps::check(tool, toolkit, report);
    arguments::check(tool, report);
    files::check(tool, report);
    if let Some(name) = &tool.paginate {
        steps::check_rule("tool", name, toolkit, report);
    }
    published::check(tool, toolkit, report);
}

fn check_use_cases(use_cases: &[String], report: &mut Report<'_>) {
    report.require(use_cases.len() <= MOST_USE_CASES, || {
        format!("use_cases: has more than {MOST_USE_CASES}")
    });
    for use_case in use_cases {
        let length = use_case.chars().count();
        report.require((1..=LONGEST_USE_CASE).contains(&length), || {
            format!("use_cases: `{use_case}` must have 1 to {LONGEST_USE_CASE} characters")
        });
    }
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

pub(super) fn is_tool_slug(slug: &str) -> bool {
    (1..=LONGEST_SLUG).contains(&slug.len())
        && slug
            .bytes()
            .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
}
