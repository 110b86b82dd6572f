//! Rules for one request.

use std::collections::{BTreeMap, BTreeSet};

use super::Report;
use crate::catalog::manifest::{
    ArgIn, Encoding, FormStyle, RequestKind, RequestManifest, ToolManifest, ToolkitManifest,
};
use crate::catalog::template::{self, Slot};

const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

/// What stands in braces in the path, the headers and the fixed query.
pub(super) fn slots(request: &RequestManifest) -> impl Iterator<Item = Slot<'_>> {
    let texts = request.headers.values();
    let texts = texts.chain(request.fixed_query().map(|(_, text)| text));
    let texts = texts.filter(|text| template::is_well_formed(text));
    template::slots(&request.path).chain(texts.flat_map(|text| template::slots(text)))
}

pub(super) fn check(
    at: &str,
    request: &RequestManifest,
    tool: &ToolManifest,
    toolkit: &ToolkitManifest,
    report: &mut Report<'_>,
) {
    report.require(METHODS.contains(&request.method()), || {
        format!(
            "{at}.method: `{}` is none of {}",
            request.method(),
            METHODS.join(", ")
        )
    });
    if let Some(server) = &request.server {
        report.require(toolkit.servers.contains_key(server), || {
            format!("{at}.server: `{server}` is none of the toolkit's servers")
        });
    }
    check_address(at, request, tool, report);
    check_kind(at, request, tool, report);
    check_templates(at, request, tool, report);
    for name in request.bind.iter().flatten() {
        report.require(tool.arg(name).is_some(), || {
            format!("{at}.bind: `{name}` is no argument")
        });
    }
    check_wire_names(at, request, tool, report);
}

fn check_address(
    at: &str,
    request: &RequestManifest,
    tool: &ToolManifest,
    report: &mut Report<'_>,
) {
    if request.url.is_some() {
        report.require(request.path.is_empty() && request.server.is_none(), || {
            format!("{at}.url: stands in place of `path` and `server`")
        });
        return;
    }
    report.require(request.path.starts_with('/'), || {
        format!("{at}.path: must begin with /")
    });
    if !template::is_well_formed(&request.path) {
        report.add(format!("{at}.path: a brace has no partner"));
        return;
    }
    let is_step = tool.request.is_none();
    let in_path: BTreeSet<&str> = template::slots(&request.path)
        .map(|slot| slot.name)
        .collect();
    for name in &in_path {
        match tool.arg(name) {
            None if is_step && (name.starts_with("item") || name.starts_with("steps.")) => {}
            None => report.add(format!("{at}.path: {{{name}}} is no argument")),
            Some(arg) => {
                let is_there = arg.required || arg.send_default || arg.fixed.is_some();
                report.require(is_there || is_step, || {
                    format!("args.{name}: the path needs it, so it must be required")
                });
                let place = arg.place;
                let is_free = place.is_none_or(|place| place == ArgIn::Path);
                report.require(is_free || is_step, || {
                    format!("args.{name}: the path names it, so it cannot go elsewhere")
                });
            }
        }
    }
    let in_paths = tool.args.iter();
    for arg in in_paths.filter(|arg| arg.place == Some(ArgIn::Path)) {
        report.require(is_step || in_path.contains(arg.arg.as_str()), || {
            format!("args.{}: the path does not name it", arg.arg)
        });
    }
}

fn check_kind(at: &str, request: &RequestManifest, tool: &ToolManifest, report: &mut Report<'_>) {
    let is_graphql = request.kind == RequestKind::Graphql;
    for (is_there, key) in [
        (request.document.is_some(), "document"),
        (request.variables.is_some(), "variables"),
        (request.operation.is_some(), "operation"),
    ] {
        report.require(is_graphql || !is_there, || {
            format!("{at}.{key}: is for `kind: graphql`")
        });
    }
    if is_graphql {
        report.require(request.method() == "POST", || {
            format!("{at}.method: GraphQL is sent by POST")
        });
        report.require(
            request.body.is_none() && request.encoding == Encoding::Json,
            || format!("{at}: GraphQL has no `body` or `encoding` of its own"),
        );
        let document = request.document.as_deref().unwrap_or_default().trim();
        let name = document
            .strip_prefix('{')
            .and_then(|rest| rest.strip_suffix('}'));
        let is_argument = name.is_some_and(|name| tool.arg(name).is_some());
        report.require(is_argument || document.contains('{'), || {
            format!("{at}.document: is no GraphQL document")
        });
    }
    check_mcp(at, request, report);
    report.require(
        request.style == FormStyle::Brackets || request.encoding == Encoding::Form,
        || format!("{at}.style: is for `encoding: form`"),
    );
    report.require(request.body.is_none() || request.method() != "GET", || {
        format!("{at}.body: a GET request has no body")
    });
}

fn check_mcp(at: &str, request: &RequestManifest, report: &mut Report<'_>) {
    let is_mcp = request.kind == RequestKind::Mcp;
    let names_tool = request.tool.as_ref().is_some_and(|tool| !tool.is_empty());
    report.require(is_mcp == names_tool, || {
        format!("{at}.tool: is for `kind: mcp`, which needs it")
    });
    let is_plain =
        request.method() == "POST" && request.body.is_none() && request.encoding == Encoding::Json;
    report.require(!is_mcp || is_plain, || {
        format!("{at}: MCP has no `method`, `body` or `encoding` of its own")
    });
}

/// Headers and query parameters may name arguments, as paths do.
fn check_templates(
    at: &str,
    request: &RequestManifest,
    tool: &ToolManifest,
    report: &mut Report<'_>,
) {
    let headers = request.headers.iter().map(|pair| ("headers", pair));
    let query = request.fixed_query().map(|pair| ("query", pair));
    for (kind, (name, text)) in headers.chain(query) {
        if !template::is_well_formed(text) {
            report.add(format!("{at}.{kind}.{name}: a brace has no partner"));
            continue;
        }
        for slot in template::slots(text) {
            let is_known = tool.arg(slot.name).is_some() || tool.request.is_none();
            report.require(is_known, || {
                format!("{at}.{kind}.{name}: {{{}}} is no argument", slot.name)
            });
        }
    }
}

/// Two arguments must not fill the same place, and a body has room only where one is sent.
fn check_wire_names(
    at: &str,
    request: &RequestManifest,
    tool: &ToolManifest,
    report: &mut Report<'_>,
) {
    let mut taken: BTreeMap<(&str, &str), &str> = BTreeMap::new();
    for (name, _) in request.fixed_query() {
        taken.insert(("query", name), "the request");
    }
    let bound = || {
        let places = tool.args.iter();
        places.map(|arg| (arg, tool.place_of(arg, request)))
    };
    for (arg, _) in bound().filter(|(_, place)| *place == ArgIn::Body) {
        for key in [&arg.sends_name, &arg.sends_type].into_iter().flatten() {
            taken.insert(("body", key), &arg.arg);
        }
    }
    let in_body = bound().filter(|(_, place)| *place == ArgIn::Body).count();
    for (arg, place) in bound() {
        let place = match place {
            ArgIn::Path | ArgIn::None => continue,
            ArgIn::Query => "query",
            ArgIn::Header => "header",
            ArgIn::Body => "body",
        };
        report.require(place != "body" || request.method() != "GET", || {
            format!("args.{}: a GET request has no body", arg.arg)
        });
        report.require(!arg.whole || (place == "body" && in_body == 1), || {
            format!(
                "args.{}: `whole` is for the only argument of a body",
                arg.arg
            )
        });
        let wire = arg.name.as_deref().unwrap_or(&arg.arg);
        if let Some(other) = taken.insert((place, wire), &arg.arg) {
            let of = match at {
                "request" => String::new(),
                step => format!(" of {step}"),
            };
            report.add(format!(
                "args.{}: {other} already fills {place} `{wire}`{of}",
                arg.arg
            ));
        }
    }
}
