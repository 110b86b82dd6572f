//! Rules for the arguments of a tool: how they are given and sent. What is published of them is
//! judged by [`super::published`].

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::Report;
use super::published::{TYPES, is_parameter_name};
use crate::catalog::manifest::{ArgManifest, As, ToolManifest};
use crate::catalog::schema::{self, ACCEPTS};
use crate::catalog::template;

pub(super) fn check(tool: &ToolManifest, report: &mut Report<'_>) {
    let names: BTreeSet<&str> = tool.args.iter().map(|arg| arg.arg.as_str()).collect();
    report.require(names.len() == tool.args.len(), || {
        "args: a name stands there twice".into()
    });
    for (key, groups) in [
        ("require_any", &tool.require_any),
        ("exclusive", &tool.exclusive),
    ] {
        for name in groups.iter().flatten() {
            report.require(names.contains(name.as_str()), || {
                format!("{key}: `{name}` is no argument")
            });
        }
    }
    for arg in &tool.args {
        check_argument(arg, report);
        check_binding(arg, report);
        for (other, value) in &arg.instead {
            report.require(!names.contains(other.as_str()), || {
                format!(
                    "args.{}: instead: `{other}` is an argument of its own",
                    arg.arg
                )
            });
            let uses_it = template::is_well_formed(value)
                && template::slots(value).all(|slot| slot.name == other)
                && template::slots(value).count() == 1;
            report.require(uses_it, || {
                format!(
                    "args.{}: instead: the value of `{other}` must use {{{other}}}",
                    arg.arg
                )
            });
        }
    }
}

fn check_argument(arg: &ArgManifest, report: &mut Report<'_>) {
    let at = format!("args.{}", arg.arg);
    report.require(is_parameter_name(&arg.arg), || {
        format!(
            "{at}: a name is of letters, digits and _, begins with no digit, and has 64 characters \
             at most"
        )
    });
    let is_described = !arg.description.trim().is_empty() || !arg.is_published();
    report.require(is_described, || {
        format!("{at}: description must not be empty")
    });
    report.require(!arg.send_default || arg.default.is_some(), || {
        format!("{at}: send_default needs a default")
    });
    if let Some(wire) = &arg.template {
        let uses_it = template::is_well_formed(wire)
            && template::slots(wire).all(|slot| slot.name == arg.arg)
            && template::slots(wire).count() > 0;
        report.require(uses_it, || {
            format!("{at}: template: must use {{{}}}", arg.arg)
        });
    }
    for key in ["type", "description", "default", "required", ACCEPTS] {
        // `required` of a nested object is a key of its own, checked below.
        let misplaced =
            arg.schema.contains_key(key) && !(key == "required" && arg.kind == "object");
        report.require(!misplaced, || {
            format!("{at}: `{key}` stands beside `schema`, not in it")
        });
    }
}

/// How it is given and sent, beside its schema.
fn check_binding(arg: &ArgManifest, report: &mut Report<'_>) {
    let at = format!("args.{}", arg.arg);
    for kind in &arg.accepts {
        check_kind(&at, kind, report);
    }
    check_accepts(&at, &arg.schema, report);
    report.require(arg.coerce.is_none() || arg.kind == "array", || {
        format!("{at}: coerce: is for an array")
    });
    report.require(!arg.required || arg.is_published(), || {
        format!("{at}: what models do not see cannot be required")
    });
    report.require(
        arg.fixed.is_none() || (arg.default.is_none() && !arg.hidden),
        || format!("{at}: const: is hidden already, and has no default"),
    );
    let fits = match arg.sent_as {
        None | Some(As::String | As::Json) => true,
        Some(As::Bool01) => arg.kind == "boolean",
        Some(As::EpochS | As::EpochMs | As::Rfc3339 | As::Date) => {
            matches!(arg.kind.as_str(), "string" | "integer" | "array")
        }
        Some(As::Lower | As::Upper | As::Base64 | As::Base64url) => {
            arg.file || matches!(arg.kind.as_str(), "string" | "array")
        }
        Some(As::Mime) => arg.file,
    };
    report.require(fits, || format!("{at}: as: does not fit its type"));
}

/// The types that are taken beside those of the schemas below one.
fn check_accepts(at: &str, schema: &Map<String, Value>, report: &mut Report<'_>) {
    for (name, inner) in schema::inner(schema) {
        let at = format!("{at}.{name}");
        match inner.get(ACCEPTS) {
            None => {}
            Some(Value::Array(kinds)) => {
                for kind in kinds {
                    check_kind(&at, kind.as_str().unwrap_or_default(), report);
                }
            }
            Some(other) => report.add(format!("{at}: accepts: {other} is no list")),
        }
        check_accepts(&at, inner, report);
    }
}

fn check_kind(at: &str, kind: &str, report: &mut Report<'_>) {
    report.require(kind == "any" || TYPES.contains(&kind), || {
        let types = TYPES.join(", ");
        format!("{at}: accepts: `{kind}` is none of {types}, any")
    });
}
