//! What a caller gave for a tool, checked before anything leaves.

use jsonschema::ValidationError;
use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::paths::{Location, LocationSegment};
use serde_json::{Map, Value};

use crate::catalog::Tool;
use crate::error::{Error, Result};

/// The arguments that the tool knows, without nulls, with the defaults that are sent.
///
/// # Errors
/// [`Error::Invalid`] with a line for each argument that the tool's schema forbids.
pub(super) fn prepare(tool: &Tool, given: Map<String, Value>) -> Result<Map<String, Value>> {
    let mut arguments = tool.accept(given);
    for arg in tool.manifest.args.iter().filter(|arg| arg.send_default) {
        if let Some(default) = &arg.default
            && !arguments.contains_key(&arg.arg)
        {
            arguments.insert(arg.arg.clone(), default.clone());
        }
    }
    let mut problems = missing_together(tool, &arguments);
    let validator = tool.validator()?;
    let arguments = Value::Object(arguments);
    if problems.is_empty() && validator.is_valid(&arguments) {
        return Ok(match arguments {
            Value::Object(arguments) => arguments,
            _ => Map::new(),
        });
    }
    let invalid = validator.iter_errors(&arguments);
    problems.extend(invalid.map(|problem| line(&problem)));
    Err(Error::Invalid {
        message: format!("the arguments of {} are not valid", tool.manifest.slug),
        problems,
        fix: Some(
            "Correct the arguments listed in `errors`; GET /tools/{slug} shows the schema.".into(),
        ),
    })
}

/// What the tool says of its arguments together.
fn missing_together(tool: &Tool, arguments: &Map<String, Value>) -> Vec<String> {
    let mut problems = Vec::new();
    let is_given = |name: &String| arguments.get(name).is_some_and(|value| !value.is_null());
    let any = &tool.manifest.require_any;
    if !any.is_empty() && !any.iter().any(|group| group.iter().all(is_given)) {
        let groups: Vec<String> = any.iter().map(|group| group.join(" and ")).collect();
        problems.push(format!("arguments: {} is required", groups.join(", or ")));
    }
    for group in &tool.manifest.exclusive {
        if group.iter().filter(|name| is_given(name)).count() > 1 {
            problems.push(format!(
                "arguments: only one of {} may be given",
                group.join(", ")
            ));
        }
    }
    problems
}

/// What goes into a record of the call: never the values of secret arguments.
pub(super) fn without_secrets(tool: &Tool, arguments: &Map<String, Value>) -> Map<String, Value> {
    let mut shown = arguments.clone();
    for arg in tool.manifest.args.iter().filter(|arg| arg.secret) {
        if let Some(value) = shown.get_mut(&arg.arg) {
            *value = Value::String("[redacted]".into());
        }
    }
    shown
}

/// `arguments.labels[0]: must be a string`. It never quotes the value, which may be a secret.
fn line(problem: &ValidationError<'_>) -> String {
    let place = place(problem.instance_path());
    match problem.kind() {
        ValidationErrorKind::Required { property } => {
            format!(
                "{place}.{}: is required",
                property.as_str().unwrap_or_default()
            )
        }
        ValidationErrorKind::Type { kind } => format!("{place}: must be {}", types(kind)),
        ValidationErrorKind::Enum { options } => format!("{place}: must be one of {options}"),
        ValidationErrorKind::Pattern { pattern } => format!("{place}: must match {pattern}"),
        ValidationErrorKind::Minimum { limit } => format!("{place}: must be at least {limit}"),
        ValidationErrorKind::Maximum { limit } => format!("{place}: must be at most {limit}"),
        ValidationErrorKind::MinLength { limit } => {
            format!("{place}: must have at least {limit} characters")
        }
        ValidationErrorKind::MaxLength { limit } => {
            format!("{place}: must have at most {limit} characters")
        }
        ValidationErrorKind::MinItems { limit } => {
            format!("{place}: must have at least {limit} items")
        }
        ValidationErrorKind::MaxItems { limit } => {
            format!("{place}: must have at most {limit} items")
        }
        // jsonschema's own words, with the value left out.
        _ => format!("{place}: {}", problem.masked()),
    }
}

fn place(path: &Location) -> String {
    let mut place = "arguments".to_owned();
    for segment in path {
        match segment {
            LocationSegment::Property(name) => {
                place.push('.');
                place.push_str(&name);
            }
            LocationSegment::Index(index) => place.push_str(&format!("[{index}]")),
        }
    }
    place
}

fn types(kind: &TypeKind) -> String {
    match kind {
        TypeKind::Single(kind) => kind.to_string(),
        TypeKind::Multiple(kinds) => {
            let names: Vec<String> = kinds.iter().map(|kind| kind.to_string()).collect();
            names.join(" or ")
        }
    }
}
