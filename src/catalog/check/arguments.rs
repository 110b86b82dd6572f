//! Rules for the arguments of a tool and their JSON Schemas: the flat subset of
//! [`crate::catalog::schema`], so that no SDK refuses a tool.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::{Report, is_plain_name};
use crate::catalog::manifest::{ArgManifest, As, ToolManifest};
use crate::catalog::template;

const TYPES: [&str; 6] = ["string", "integer", "number", "boolean", "array", "object"];

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
    report.require(is_plain_name(&arg.arg), || format!("{at}: is no name"));
    let is_described = !arg.description.trim().is_empty() || !arg.is_published();
    report.require(is_described, || {
        format!("{at}: description must not be empty")
    });
    report.require(!arg.send_default || arg.default.is_some(), || {
        format!("{at}: send_default needs a default")
    });
    report.require(arg.default != Some(Value::Null), || {
        format!("{at}: default: leave it out rather than null")
    });
    if let Some(wire) = &arg.template {
        let uses_it = template::is_well_formed(wire)
            && template::slots(wire).all(|slot| slot.name == arg.arg)
            && template::slots(wire).count() > 0;
        report.require(uses_it, || {
            format!("{at}: template: must use {{{}}}", arg.arg)
        });
    }
    for key in ["type", "description", "default", "required"] {
        // `required` of a nested object is a key of its own, checked below.
        let misplaced =
            arg.schema.contains_key(key) && !(key == "required" && arg.kind == "object");
        report.require(!misplaced, || {
            format!("{at}: `{key}` stands beside `schema`, not in it")
        });
    }
    let mut schema = arg.schema.clone();
    schema.insert("type".into(), arg.kind.clone().into());
    if arg.file {
        // Published by this server.
        schema.insert("items".into(), Value::from_iter([("type", "object")]));
    }
    check_schema(&at, &schema, report);
}

/// How it is given and sent, beside its schema.
fn check_binding(arg: &ArgManifest, report: &mut Report<'_>) {
    let at = format!("args.{}", arg.arg);
    for kind in &arg.accepts {
        report.require(kind == "any" || TYPES.contains(&kind.as_str()), || {
            format!(
                "{at}: accepts: `{kind}` is none of {}, any",
                TYPES.join(", ")
            )
        });
    }
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
    };
    report.require(fits, || format!("{at}: as: does not fit its type"));
}

fn check_schema(at: &str, schema: &Map<String, Value>, report: &mut Report<'_>) {
    match schema.get("type") {
        Some(Value::String(kind)) if TYPES.contains(&kind.as_str()) => {
            if kind == "array" {
                report.require(schema.contains_key("items"), || {
                    format!("{at}: an array needs `items`")
                });
            }
        }
        Some(kind) => report.add(format!(
            "{at}: type: {kind} is none of {}",
            TYPES.join(", ")
        )),
        None => report.add(format!("{at}: needs a `type`")),
    }
    for (key, value) in schema {
        check_keyword(at, key, value, report);
    }
}

fn check_keyword(at: &str, key: &str, value: &Value, report: &mut Report<'_>) {
    let fits = match key {
        "type" => true,
        // Whether a pattern is one shows when the validator is built.
        "title" | "description" | "format" | "pattern" => value.is_string(),
        "default" => !value.is_null(),
        "enum" | "examples" => value
            .as_array()
            .is_some_and(|values| !values.is_empty() && values.iter().all(|one| !one.is_null())),
        "required" => value
            .as_array()
            .is_some_and(|names| names.iter().all(Value::is_string)),
        "nullable" | "uniqueItems" => value.is_boolean(),
        "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum" | "multipleOf" => {
            value.is_number()
        }
        "minLength" | "maxLength" | "minItems" | "maxItems" => value.is_u64(),
        "items" => return check_nested(&format!("{at}.items"), value, report),
        "properties" => {
            let Value::Object(properties) = value else {
                return report.add(format!("{at}: properties must be a mapping"));
            };
            for (name, schema) in properties {
                check_nested(&format!("{at}.{name}"), schema, report);
            }
            return;
        }
        "additionalProperties" => {
            if value.is_object() {
                return check_nested(&format!("{at}.*"), value, report);
            }
            value.is_boolean()
        }
        _ => {
            return report.add(format!(
                "{at}: `{key}` is not a JSON Schema keyword that SDKs read"
            ));
        }
    };
    report.require(fits, || format!("{at}: {key}: {value} does not fit"));
}

fn check_nested(at: &str, schema: &Value, report: &mut Report<'_>) {
    match schema {
        Value::Object(schema) => check_schema(at, schema, report),
        _ => report.add(format!("{at}: must be a schema")),
    }
}
