//! The rules that a recipe keeps.

use std::collections::BTreeSet;

use serde_json::Value;

use super::references::{self, Root};
use super::{Content, Step};
use crate::sessions::Scope;

const MOST_STEPS: usize = 50;
const LONGEST_NAME: usize = 100;
const LONGEST_SLUG: usize = 64;
/// Of all that a version keeps, in bytes.
const LARGEST: usize = 256 * 1024;

/// What is wrong with the names of a recipe, a line each.
pub(super) fn names(slug: &str, name: &str, scope: &Scope) -> Vec<String> {
    let mut problems = Vec::new();
    let length = name.trim().chars().count();
    if length == 0 || length > LONGEST_NAME {
        problems.push(format!(
            "arguments.name: must have 1 to {LONGEST_NAME} characters"
        ));
    }
    let is_plain =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-".contains(&byte);
    if slug.is_empty() || slug.len() > LONGEST_SLUG || !slug.bytes().all(is_plain) {
        problems.push(format!(
            "arguments.recipe_slug: must have 1 to {LONGEST_SLUG} letters, digits, `-` and `_`"
        ));
    }
    let is_taken = slug.starts_with("rcp_")
        || slug.starts_with("composio_")
        || scope.catalog.newest_form(slug).is_ok();
    if is_taken {
        problems.push("arguments.recipe_slug: is the name of a tool or an id".into());
    }
    problems
}

/// What is wrong with the rest, a line each.
pub(super) fn content(content: &Content, scope: &Scope) -> Vec<String> {
    let Content {
        input_schema,
        output_schema,
        steps,
        output,
        workflow_code,
        defaults_for_required_parameters: _,
    } = content;
    let mut problems = Vec::new();
    let size = serde_json::to_string(content).map_or(usize::MAX, |text| text.len());
    if size > LARGEST {
        problems.push(format!(
            "arguments: a recipe has at most {LARGEST} bytes, this one {size}"
        ));
    }
    if steps.is_empty()
        && workflow_code
            .as_ref()
            .is_none_or(|code| code.trim().is_empty())
    {
        problems.push("arguments.steps: give them or `workflow_code`".into());
    }
    if steps.len() > MOST_STEPS {
        problems.push(format!(
            "arguments.steps: must have at most {MOST_STEPS} items"
        ));
    }
    schema("input_schema", input_schema, &mut problems);
    if let Some(output_schema) = output_schema {
        schema("output_schema", output_schema, &mut problems);
    }
    let mut earlier = BTreeSet::new();
    for (at, step) in steps.iter().enumerate() {
        let place = format!("arguments.steps[{at}]");
        check_step(step, &place, scope, &mut problems);
        let arguments = Value::Object(step.arguments.clone());
        check_references(&arguments, &place, input_schema, &earlier, &mut problems);
        if !earlier.insert(step.id.as_str()) {
            problems.push(format!("{place}.id: another step has it"));
        }
    }
    if let Some(output) = output {
        let output = Value::Object(output.clone());
        check_references(
            &output,
            "arguments.output",
            input_schema,
            &earlier,
            &mut problems,
        );
    }
    problems
}

fn schema(name: &str, schema: &Value, problems: &mut Vec<String>) {
    let kind = schema.get("type").and_then(Value::as_str);
    if !schema.is_object() || kind.is_some_and(|kind| kind != "object") {
        problems.push(format!(
            "arguments.{name}: must be the JSON Schema of an object"
        ));
        return;
    }
    if let Err(cause) = jsonschema::validator_for(schema) {
        let cause = cause.masked();
        problems.push(format!("arguments.{name}: is no JSON Schema: {cause}"));
    }
}

fn check_step(step: &Step, place: &str, scope: &Scope, problems: &mut Vec<String>) {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if step.id.is_empty() || !step.id.bytes().all(is_plain) {
        problems.push(format!(
            "{place}.id: must have letters, digits, `-` and `_` only"
        ));
    }
    if let Err(error) = scope.tool(&step.tool_slug) {
        problems.push(format!("{place}.tool_slug: {error}"));
    }
}

fn check_references(
    value: &Value,
    place: &str,
    input_schema: &Value,
    earlier: &BTreeSet<&str>,
    problems: &mut Vec<String>,
) {
    let roots = match references::roots(value) {
        Ok(roots) => roots,
        Err(problem) => return problems.push(format!("{place}: {problem}")),
    };
    for root in roots {
        match root {
            Root::Parameter(name) => {
                let known = input_schema
                    .get("properties")
                    .and_then(|known| known.get(&name));
                if known.is_none() {
                    problems.push(format!("{place}: `input_schema` has no parameter `{name}`"));
                }
            }
            Root::Step(id) if !earlier.contains(id.as_str()) => {
                problems.push(format!("{place}: no step before is called `{id}`"));
            }
            Root::Step(_) => {}
        }
    }
}
