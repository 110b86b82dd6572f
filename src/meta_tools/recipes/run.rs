//! Runs a recipe of steps, one after the other, each within what the caller's scope reaches.

use jsonschema::ValidationError;
use serde_json::{Map, Value, json};

use super::super::multi_execute::told;
use super::super::{Desk, Outcome};
use super::references::filled;
use super::{Content, Recipe};
use crate::error::{Error, Result};

/// Runs it with these parameters. A step that fails ends it, with what came of the steps before.
///
/// # Errors
/// [`Error::Invalid`] when the parameters do not fit the recipe's schema, [`Error::NotImplemented`]
/// for a recipe of code. What a step fails with is in the outcome.
pub(in crate::meta_tools) async fn run(
    desk: &Desk<'_>,
    recipe: &Recipe,
    given: Map<String, Value>,
) -> Result<Outcome> {
    let Recipe { row, content } = recipe;
    if content.steps.is_empty() {
        return Err(Error::NotImplemented(format!(
            "recipe `{}` is of code, which needs a sandbox to run in; save it with `steps`",
            row.slug
        )));
    }
    let mut params = content.defaults_for_required_parameters.clone();
    params.extend(given);
    check_parameters(&row.slug, content, &params)?;
    let mut done = Map::new();
    for step in &content.steps {
        let came = call(desk, step, &params, &done).await;
        match came {
            Ok(data) => {
                done.insert(step.id.clone(), json!({ "data": data }));
            }
            Err(reason) => {
                let error = format!("step `{}` ({}) failed: {reason}", step.id, step.tool_slug);
                return Ok((
                    Map::from_iter([("steps".to_owned(), done.into())]),
                    Some(error),
                ));
            }
        }
    }
    Ok(result(content, &params, done))
}

/// What came of one step, or why it failed.
async fn call(
    desk: &Desk<'_>,
    step: &super::Step,
    params: &Map<String, Value>,
    done: &Map<String, Value>,
) -> Result<Map<String, Value>, String> {
    let arguments = Value::Object(step.arguments.clone());
    let Value::Object(arguments) = filled(&arguments, params, done)? else {
        return Err("its arguments are no object".into());
    };
    let account = step.account.as_deref();
    let (app, context) = (desk.app, desk.context);
    let execution = desk
        .scope
        .execute(app, context, &step.tool_slug, arguments, account);
    let result = Box::pin(execution).await.map_err(|error| told(&error))?;
    match result.error {
        None => Ok(result.data),
        Some(error) => Err(error),
    }
}

fn check_parameters(slug: &str, content: &Content, params: &Map<String, Value>) -> Result<()> {
    let params = Value::Object(params.clone());
    let problems = problems("params", &content.input_schema, &params)?;
    if problems.is_empty() {
        return Ok(());
    }
    Err(Error::Invalid {
        message: format!("the parameters of recipe `{slug}` are not valid"),
        problems,
        fix: Some("COMPOSIO_GET_RECIPE shows its `input_schema`.".into()),
    })
}

fn result(content: &Content, params: &Map<String, Value>, done: Map<String, Value>) -> Outcome {
    let Some(output) = &content.output else {
        return (Map::from_iter([("steps".to_owned(), done.into())]), None);
    };
    let made = match filled(&Value::Object(output.clone()), params, &done) {
        Ok(Value::Object(made)) => made,
        Ok(_) => Map::new(),
        Err(problem) => {
            let steps = Map::from_iter([("steps".to_owned(), done.into())]);
            return (steps, Some(format!("the result cannot be made: {problem}")));
        }
    };
    let schema = content.output_schema.as_ref();
    let made = Value::Object(made);
    let problems = schema.map_or(Ok(Vec::new()), |schema| problems("result", schema, &made));
    let error = match problems {
        Ok(problems) if problems.is_empty() => None,
        Ok(problems) => Some(format!(
            "the result does not fit output_schema: {}",
            problems.join("; ")
        )),
        Err(error) => Some(error.to_string()),
    };
    match made {
        Value::Object(made) => (made, error),
        _ => (Map::new(), error),
    }
}

/// What a schema says against a value, without quoting it.
fn problems(place: &str, schema: &Value, value: &Value) -> Result<Vec<String>> {
    let validator = jsonschema::validator_for(schema)
        .map_err(|cause| Error::internal(format!("a recipe's schema: {}", cause.masked())))?;
    let line = |problem: ValidationError<'_>| {
        format!("{place}{}: {}", problem.instance_path(), problem.masked())
    };
    Ok(validator.iter_errors(value).map(line).collect())
}
