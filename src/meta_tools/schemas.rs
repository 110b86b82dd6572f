//! `COMPOSIO_GET_TOOL_SCHEMAS`: the schemas of tools that are named.

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::{Desk, Outcome, definition, workflow};
use crate::catalog::Tool;
use crate::error::{Error, Result};
use crate::sessions::MetaTool;

/// Schemas of one call.
const MOST_SLUGS: usize = 50;

#[derive(Debug, Deserialize)]
pub(super) struct Arguments {
    tool_slugs: Vec<String>,
    #[serde(default)]
    include: Option<Vec<Included>>,
    #[serde(default)]
    session_id: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Included {
    InputSchema,
    OutputSchema,
}

/// The schemas of the tools that are there; what is not is told with what is near.
///
/// # Errors
/// [`Error::Invalid`] when too many are named.
pub(super) fn get(desk: &Desk<'_>, arguments: &Arguments) -> Result<Outcome> {
    let Arguments {
        tool_slugs,
        include,
        session_id,
    } = arguments;
    if tool_slugs.is_empty() || tool_slugs.len() > MOST_SLUGS {
        return Err(Error::fields(vec![format!(
            "arguments.tool_slugs: must have 1 to {MOST_SLUGS} items"
        )]));
    }
    let included = include.as_deref().unwrap_or(&[Included::InputSchema]);
    let (mut found, mut missing, mut near) = (Map::new(), Vec::new(), Map::new());
    for slug in tool_slugs {
        match of_slug(desk, slug, included)? {
            Ok(schema) => {
                found.insert(slug.to_ascii_uppercase(), schema);
            }
            Err(suggestions) => {
                missing.push(slug.clone());
                near.insert(slug.clone(), suggestions.into());
            }
        }
    }
    let mut data = Map::from_iter([
        ("success".to_owned(), missing.is_empty().into()),
        ("tool_schemas".to_owned(), found.into()),
    ]);
    if !missing.is_empty() {
        let message = "These slugs are of no tool that can be used here. Call again with one of \
                       `suggestions`, or search.";
        data.insert("not_found".into(), missing.into());
        data.insert("suggestions".into(), near.into());
        data.insert("not_found_message".into(), message.into());
    }
    data.extend(workflow::echo(session_id.as_deref()).map(|session| ("session".into(), session)));
    Ok((data, None))
}

/// One tool's schemas, or the slugs that are near to it.
fn of_slug(
    desk: &Desk<'_>,
    slug: &str,
    included: &[Included],
) -> Result<Result<Value, Vec<String>>> {
    if let Some(meta) = MetaTool::of_slug(slug) {
        return of_meta_tool(desk, meta, included).map(|schema| schema.ok_or_else(Vec::new));
    }
    if let Some(session) = &desk.scope.session
        && let Some(tool) = session
            .custom
            .all()
            .find(|tool| tool.slug.eq_ignore_ascii_case(slug))
    {
        let mut shown = json!({
            "toolkit": tool.extends_toolkit, "tool_slug": tool.slug, "description": tool.description,
        });
        for one in included {
            match one {
                Included::InputSchema => shown["input_schema"] = tool.input_schema.clone().into(),
                Included::OutputSchema => shown["output_schema"] = json!(tool.output_schema),
            }
        }
        return Ok(Ok(shown));
    }
    if let Ok(tool) = desk.scope.tool(slug) {
        return of_tool(tool, included).map(Ok);
    }
    let near = desk.scope.catalog.nearest_tools(slug).into_iter();
    let permitted = near.filter(|slug| desk.scope.tool(slug).is_ok());
    Ok(Err(permitted.map(str::to_owned).collect()))
}

fn of_meta_tool(desk: &Desk<'_>, meta: MetaTool, included: &[Included]) -> Result<Option<Value>> {
    let shown = definition::definitions(desk.scope, desk.edition)?;
    let Some(definition) = shown.into_iter().find(|one| one.tool == meta) else {
        return Ok(None);
    };
    let mut schema = json!({
        "toolkit": definition::TOOLKIT, "tool_slug": meta.slug(), "description": definition.description,
    });
    include(&mut schema, included, &definition.input, &definition.output)?;
    Ok(Some(schema))
}

fn of_tool(tool: &Tool, included: &[Included]) -> Result<Value> {
    let mut schema = named(tool);
    include(
        &mut schema,
        included,
        &tool.published_input,
        &tool.published_output,
    )?;
    Ok(schema)
}

/// A tool without its schemas.
pub(super) fn named(tool: &Tool) -> Value {
    json!({
        "toolkit": tool.toolkit.manifest.slug,
        "tool_slug": tool.manifest.slug,
        "description": tool.manifest.description.trim(),
    })
}

fn include(
    schema: &mut Value,
    included: &[Included],
    input: &RawValue,
    output: &RawValue,
) -> Result<()> {
    for one in included {
        match one {
            Included::InputSchema => schema["input_schema"] = serde_json::from_str(input.get())?,
            Included::OutputSchema => schema["output_schema"] = serde_json::from_str(output.get())?,
        }
    }
    Ok(())
}
