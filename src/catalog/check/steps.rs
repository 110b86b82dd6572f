//! Rules for the requests of a tool, one or several, and for how its answers are read.

use std::collections::BTreeSet;

use super::expressions::{OF_ANSWER, OF_REQUEST, Scope};
use super::{Report, is_plain_name, request};
use crate::catalog::manifest::{
    ArgIn, ArgManifest, RequestManifest, StepManifest, ToolManifest, ToolkitManifest,
};
use crate::catalog::template;

/// Requests that one tool describes.
const MOST_STEPS: usize = 20;
/// Requests that one tool makes.
pub(super) const MOST_REQUESTS: usize = 200;
const MOST_AT_A_TIME: usize = 10;
const LONGEST_PAUSE_S: u64 = 60;

/// Checks everything that reads arguments or answers, and that each argument is read by something.
pub(super) fn check(tool: &ToolManifest, toolkit: &ToolkitManifest, report: &mut Report<'_>) {
    let mut scope = Scope::of(tool);
    if let Some(one) = &tool.request {
        report.require(tool.steps.is_empty(), || {
            "steps: stand in place of `request`".into()
        });
        report.require(one.bind.is_none(), || {
            "request.bind: is for steps; the only request takes all arguments".into()
        });
        request::check("request", one, tool, toolkit, report);
        for (key, expression) in one.expressions() {
            let roots = ["args", "conn", "ctx"];
            scope.check(&format!("request.{key}"), expression, &roots, report);
        }
    }
    report.require(tool.steps.len() <= MOST_STEPS, || {
        format!("steps: are {}, more than {MOST_STEPS}", tool.steps.len())
    });
    for step in &tool.steps {
        check_step(step, tool, toolkit, &mut scope, report);
        scope.steps.push(&step.id);
    }
    check_budget(tool, report);
    check_response(tool, &mut scope, report);
    for arg in &tool.args {
        check_use(arg, tool, &scope, report);
    }
}

fn check_step<'t>(
    step: &'t StepManifest,
    tool: &'t ToolManifest,
    toolkit: &ToolkitManifest,
    scope: &mut Scope<'t>,
    report: &mut Report<'_>,
) {
    let at = format!("steps.{}", step.id);
    report.require(is_plain_name(&step.id), || format!("{at}: is no name"));
    report.require(!scope.steps.contains(&step.id.as_str()), || {
        format!("{at}: an id stands there twice")
    });
    request::check(
        &format!("{at}.request"),
        &step.request,
        tool,
        toolkit,
        report,
    );
    check_slots(&at, step, tool, scope, report);
    for (key, expression) in step.expressions() {
        let has_item = key.starts_with("request.") && step.for_each.is_some();
        let roots: Vec<&str> = match key.as_str() {
            "until" => OF_ANSWER.to_vec(),
            _ => OF_REQUEST
                .iter()
                .copied()
                .filter(|root| *root != "item" || has_item)
                .collect(),
        };
        scope.check(&format!("{at}.{key}"), expression, &roots, report);
    }
    report.require((1..=MOST_AT_A_TIME).contains(&step.concurrency), || {
        format!("{at}.concurrency: must be 1 to {MOST_AT_A_TIME}")
    });
    report.require((1..=LONGEST_PAUSE_S).contains(&step.every_s), || {
        format!("{at}.every_s: must be 1 to {LONGEST_PAUSE_S}")
    });
    if let Some(name) = &step.paginate {
        check_rule(&at, name, toolkit, report);
    }
    if step.auto_paginate.is_some() {
        report.require(step.paginate.is_some(), || {
            format!("{at}.auto_paginate: needs `paginate`")
        });
        report.require(step.for_each.is_none() && step.until.is_none(), || {
            format!("{at}.auto_paginate: does not go with `for_each` or `until`")
        });
    }
}

/// What stands in braces in a step's path or headers, and is no argument.
fn check_slots(
    at: &str,
    step: &StepManifest,
    tool: &ToolManifest,
    scope: &Scope<'_>,
    report: &mut Report<'_>,
) {
    for slot in request::slots(&step.request) {
        let mut parts = slot.name.split('.');
        match (parts.next(), parts.next()) {
            (Some("item"), _) => report.require(step.for_each.is_some(), || {
                format!("{at}.request: {{{}}} needs `for_each`", slot.name)
            }),
            (Some("steps"), Some(earlier)) => {
                report.require(scope.steps.contains(&earlier), || {
                    format!(
                        "{at}.request: {{{}}}: `{earlier}` is no step before this one",
                        slot.name
                    )
                });
            }
            _ => report.require(tool.arg(slot.name).is_some(), || {
                format!("{at}.request: {{{}}} is no argument", slot.name)
            }),
        }
    }
}

/// As many requests as the steps may make in the worst case.
fn check_budget(tool: &ToolManifest, report: &mut Report<'_>) {
    for step in &tool.steps {
        let at = format!("steps.{}", step.id);
        let limit = step.limit.unwrap_or(1);
        report.require((1..=MOST_REQUESTS).contains(&limit), || {
            format!("{at}.limit: must be 1 to {MOST_REQUESTS}")
        });
        let tries = step.until.as_ref().map_or(1, |_| step.max_tries as usize);
        report.require((1..=MOST_REQUESTS).contains(&tries), || {
            format!("{at}.max_tries: must be 1 to {MOST_REQUESTS}")
        });
        if let Some(pages) = &step.auto_paginate {
            report.require((1..=MOST_REQUESTS).contains(&pages.max_pages), || {
                format!("{at}.auto_paginate.max_pages: must be 1 to {MOST_REQUESTS}")
            });
        }
        report.require(step.limit.is_none() || step.for_each.is_some(), || {
            format!("{at}.limit: is for `for_each`")
        });
    }
}

pub(super) fn check_rule(at: &str, name: &str, toolkit: &ToolkitManifest, report: &mut Report<'_>) {
    report.require(toolkit.pagination.contains_key(name), || {
        format!("{at}.paginate: `{name}` is none of the toolkit's rules of pagination")
    });
}

fn check_response<'t>(tool: &'t ToolManifest, scope: &mut Scope<'t>, report: &mut Report<'_>) {
    let local = tool.request.is_none() && tool.steps.is_empty();
    report.require(!local || tool.response.data.is_some(), || {
        "request: is missing; a tool without one needs `response.data`".into()
    });
    let roots: Vec<&str> = match (local, tool.steps.is_empty()) {
        (true, _) => vec!["args", "ctx"],
        (false, true) => without_steps(),
        (false, false) => OF_ANSWER.to_vec(),
    };
    for (key, expression) in tool.response.expressions() {
        scope.check(&format!("response.{key}"), expression, &roots, report);
    }
}

fn without_steps() -> Vec<&'static str> {
    let roots = OF_ANSWER.iter().copied();
    roots.filter(|root| *root != "steps").collect()
}

/// An argument that nothing reads is a mistake: its value would vanish.
fn check_use(arg: &ArgManifest, tool: &ToolManifest, scope: &Scope<'_>, report: &mut Report<'_>) {
    let name = arg.arg.as_str();
    if scope.uses_all || scope.used.contains(name) {
        return;
    }
    let mut requests = tool.requests();
    let is_read = requests.any(|request| {
        let mut slots = request::slots(request);
        let is_document = request
            .document
            .as_ref()
            .is_some_and(|text| *text == format!("{{{name}}}"));
        is_document || slots.any(|slot| slot.name == name) || is_sent(arg, tool, request)
    });
    let names_file = tool
        .response
        .file
        .as_ref()
        .and_then(|file| file.name.as_deref());
    let is_in_name =
        names_file.is_some_and(|text| template::slots(text).any(|slot| slot.name == name));
    report.require(is_read || is_in_name, || {
        format!("args.{name}: no request sends it and no expression uses it")
    });
}

fn is_sent(arg: &ArgManifest, tool: &ToolManifest, request: &RequestManifest) -> bool {
    let keys: BTreeSet<&str> = request.expressions().map(|(key, _)| key).collect();
    match tool.place_of(arg, request) {
        ArgIn::Path | ArgIn::Header => true,
        ArgIn::Query => !keys.contains("query"),
        // Files are put into forms beside what an expression makes.
        ArgIn::Body => arg.file || !(keys.contains("body") || keys.contains("variables")),
        ArgIn::None => false,
    }
}
