//! In which order the tools of a use case are called, and what often goes wrong with them, as far as
//! their definitions tell.

use std::sync::Arc;

use super::statuses::Statuses;
use super::{Hits, Query, known_names, lookups};
use crate::catalog::Tool;
use crate::catalog::manifest::ArgManifest;
use crate::sessions::MetaTool;

use super::super::Desk;

/// Values that a plan tells how to find.
const MOST_LOOKUPS: usize = 3;
/// Arguments by which lists go on.
const PAGING: [&str; 11] = [
    "page",
    "page_token",
    "pageToken",
    "cursor",
    "next_cursor",
    "start_cursor",
    "after",
    "offset",
    "starting_after",
    "startAt",
    "start_at",
];

/// How a use case is carried out.
#[derive(Default)]
pub(super) struct Plan<'d> {
    /// What comes before all else, while the toolkit is not connected.
    pub(super) connect: Option<String>,
    pub(super) steps: Vec<String>,
    pub(super) pitfalls: Vec<String>,
    pub(super) difficulty: String,
    /// Tools that find what the others ask for.
    pub(super) lookups: Vec<&'d Arc<Tool>>,
}

/// A plan for what was found; an empty one for nothing.
pub(super) fn plan<'d>(
    desk: &'d Desk<'_>,
    statuses: &Statuses,
    query: &Query,
    hits: &Hits<'d>,
) -> Plan<'d> {
    let mut plan = Plan::default();
    let Some(main) = hits.primary.first() else {
        if let Some(own) = hits.custom.first() {
            plan.steps.push(format!("[Required] Call {}.", own.slug));
            plan.difficulty = "easy - one call".into();
        }
        return plan;
    };
    let toolkit = &main.toolkit.manifest.slug;
    if !statuses.is_ready(&main.toolkit) {
        plan.connect = Some(if desk.scope.has_meta_tool(MetaTool::ManageConnections) {
            format!(
                "[Required] Connect `{toolkit}`: call {} with toolkits [\"{toolkit}\"], show the user \
                 the link and wait until it is active.",
                MetaTool::ManageConnections.slug()
            )
        } else {
            format!("[Required] Ask the user to connect `{toolkit}` in the application.")
        });
    }
    let known = known_names(&query.known_fields);
    let asked = main
        .manifest
        .args
        .iter()
        .filter(|arg| is_asked_for(arg, main));
    for arg in asked.filter(|arg| !known.contains(&arg.arg.to_ascii_lowercase())) {
        if plan.lookups.len() >= MOST_LOOKUPS {
            break;
        }
        let things = lookups::thing(arg, main);
        if let Some(finder) = things.and_then(|things| lookups::finder(desk.scope, main, &things)) {
            plan.steps.push(format!(
                "[Required] Get `{}` from {}, unless you know it.",
                arg.arg, finder.manifest.slug
            ));
            plan.lookups.push(finder);
        }
    }
    plan.steps.push(call(main));
    if pages(main) {
        plan.steps.push(format!(
            "[Optional] Call {} again for further pages while more is needed.",
            main.manifest.slug
        ));
    }
    plan.difficulty = difficulty(plan.lookups.len()).into();
    plan.pitfalls = hits
        .primary
        .iter()
        .flat_map(|tool| pitfalls(tool))
        .collect();
    plan
}

fn is_asked_for(arg: &ArgManifest, tool: &Tool) -> bool {
    let groups = &tool.manifest.require_any;
    arg.is_published() && (arg.required || groups.len() == 1 && groups[0].contains(&arg.arg))
}

/// `[Required] Call X with `a` and `b`.`
fn call(tool: &Tool) -> String {
    let required = tool
        .manifest
        .args
        .iter()
        .filter(|arg| arg.required && arg.is_published());
    let names: Vec<String> = required.map(|arg| format!("`{}`", arg.arg)).collect();
    let slug = &tool.manifest.slug;
    if names.is_empty() {
        return format!("[Required] Call {slug}; all its arguments are optional.");
    }
    format!("[Required] Call {slug} with {}.", names.join(", "))
}

fn pages(tool: &Tool) -> bool {
    let mut arguments = tool.manifest.args.iter();
    tool.manifest.paginate.is_some()
        || tool.has_tag("readOnlyHint") && arguments.any(|arg| PAGING.contains(&arg.arg.as_str()))
}

const fn difficulty(lookups: usize) -> &'static str {
    match lookups {
        0 => "easy - one call with values at hand",
        1 => "medium - a value must be found first",
        _ => "hard - several values must be found first",
    }
}

/// `[SLUG] …`
fn pitfalls(tool: &Tool) -> Vec<String> {
    let manifest = &tool.manifest;
    let mut found = Vec::new();
    if tool.has_tag("destructiveHint") {
        found
            .push("changes or removes what is there: make sure that the user wants it.".to_owned());
    }
    if !tool.has_tag("readOnlyHint") && !tool.has_tag("idempotentHint") {
        found.push(
            "does it again when it is called again: after a timeout look before you repeat.".into(),
        );
    }
    if manifest.require_any.len() > 1 {
        let groups: Vec<String> = manifest
            .require_any
            .iter()
            .map(|group| group.join(" and "))
            .collect();
        found.push(format!("needs at least one of: {}.", groups.join("; ")));
    }
    for group in &manifest.exclusive {
        found.push(format!("takes only one of {}.", group.join(", ")));
    }
    let files: Vec<&str> = manifest
        .args
        .iter()
        .filter(|arg| arg.file && arg.is_published())
        .map(|arg| arg.arg.as_str())
        .collect();
    if !files.is_empty() {
        found.push(format!(
            "`{}` is a file that was uploaded before: give its s3key.",
            files.join("`, `")
        ));
    }
    if pages(tool) {
        found.push("gives one page: what is not in it may be on the next.".into());
    }
    if !manifest.scopes.is_empty() && !tool.no_auth() {
        found.push(format!(
            "needs the scopes {}: a 403 means that the user must connect again with them.",
            manifest.scopes.join(", ")
        ));
    }
    let prefix = &manifest.slug;
    found
        .into_iter()
        .map(|text| format!("[{prefix}] {text}"))
        .collect()
}
