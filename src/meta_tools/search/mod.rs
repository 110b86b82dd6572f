//! `COMPOSIO_SEARCH_TOOLS`: for each thing a user wants the tools that do it, their schemas, whether
//! they are connected, and in which order they are called. All of it comes of the catalog; no
//! language model is asked.

mod budget;
mod improve;
mod lookups;
mod own;
mod plan;
mod statuses;

use std::collections::BTreeSet;
use std::sync::Arc;

use futures_util::future::join_all;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::recipes::Recipe;
use super::{Desk, Outcome, memory, workflow};
use crate::catalog::{Tool, VersionPins};
use crate::error::{Error, Result};
use crate::meanings;
use crate::sessions::MetaTool;
use crate::sessions::custom::CustomTool;
use plan::Plan;
use statuses::Statuses;

/// Use cases of one call.
const MOST_QUERIES: usize = 10;
/// In characters.
const LONGEST_USE_CASE: usize = 1_024;
const LONGEST_KNOWN_FIELDS: usize = 500;
/// Tools that were probably meant.
const MOST_PRIMARY: usize = 3;
const MOST_RELATED: usize = 4;
/// What a related tool has of the best one's score, at least.
const RELATED: f32 = 0.35;

#[derive(Debug, Deserialize)]
pub(super) struct Arguments {
    queries: Vec<Query>,
    #[serde(default)]
    session: workflow::Given,
}

/// One thing that a user wants.
#[derive(Debug, Deserialize)]
struct Query {
    use_case: String,
    /// `key:value` pairs, as a text or an object.
    #[serde(default)]
    known_fields: Value,
}

/// What a query found.
#[derive(Default)]
struct Hits<'d> {
    primary: Vec<&'d Arc<Tool>>,
    related: Vec<&'d Arc<Tool>>,
    custom: Vec<&'d CustomTool>,
    recipes: Vec<Recipe>,
}

/// Finds the tools of each use case.
///
/// # Errors
/// [`Error::Invalid`] when there are none or too many, or one is too long.
pub(super) async fn search(desk: &Desk<'_>, arguments: Arguments) -> Result<Outcome> {
    let Arguments { queries, session } = arguments;
    check(&queries)?;
    let use_cases: Vec<&str> = queries
        .iter()
        .map(|query| query.use_case.as_str())
        .collect();
    let recipes = own::recipes(desk, &use_cases).await?;
    let meanings = meanings::of_queries(desk.app, &desk.scope.catalog, use_cases).await;
    let found: Vec<(Query, Hits<'_>)> = queries
        .into_iter()
        .zip(meanings)
        .zip(recipes)
        .map(|((query, meaning), recipes)| {
            let hits = hits(desk, &query.use_case, meaning.as_deref());
            (query, Hits { recipes, ..hits })
        })
        .collect();
    let toolkits: BTreeSet<String> = found.iter().flat_map(|(_, hits)| hits.toolkits()).collect();
    let statuses = Statuses::of(desk, &toolkits).await?;
    let memory = memory::known(desk, &toolkits).await?;
    let planned = join_all(found.into_iter().map(|(query, mut hits)| {
        let statuses = &statuses;
        async move {
            let mut plan = plan::plan(desk, statuses, &query, &hits);
            hits.add_related(&plan.lookups);
            improve::improve(desk, &query, &hits, &mut plan).await;
            (query, hits, plan)
        }
    }));
    let mut schemas = budget::Schemas::default();
    let mut results = Vec::new();
    for (at, (query, hits, plan)) in planned.await.into_iter().enumerate() {
        schemas.add(&hits)?;
        let mut result = shown(at + 1, &query, &hits, plan);
        if let Some(noted) = noted(&memory, &hits) {
            result["memory"] = noted.into();
        }
        results.push(result);
    }
    let (id, is_new) = session.id();
    let data = Map::from_iter([
        ("success".to_owned(), true.into()),
        ("error".to_owned(), Value::Null),
        (
            "next_steps_guidance".to_owned(),
            guidance(desk, &results, &statuses).into(),
        ),
        ("results".to_owned(), results.into()),
        ("tool_schemas".to_owned(), schemas.shown().into()),
        (
            "toolkit_connection_statuses".to_owned(),
            statuses.shown(desk).await?.into(),
        ),
        (
            "session".to_owned(),
            json!({ "id": id, "generate_id": is_new, "instructions": workflow::instructions(&id) }),
        ),
        ("time_info".to_owned(), time_info(desk)),
    ]);
    Ok((data, None))
}

/// What is remembered of the toolkits that a query found.
fn noted(memory: &Map<String, Value>, hits: &Hits<'_>) -> Option<Map<String, Value>> {
    let toolkits = hits.toolkits();
    let noted = memory
        .iter()
        .filter(|(toolkit, _)| toolkits.contains(*toolkit));
    let noted: Map<String, Value> = noted
        .map(|(toolkit, facts)| (toolkit.clone(), facts.clone()))
        .collect();
    (!noted.is_empty()).then_some(noted)
}

fn check(queries: &[Query]) -> Result<()> {
    let mut problems = Vec::new();
    if queries.is_empty() || queries.len() > MOST_QUERIES {
        problems.push(format!(
            "arguments.queries: must have 1 to {MOST_QUERIES} items"
        ));
    }
    for (at, query) in queries.iter().enumerate() {
        let length = query.use_case.trim().chars().count();
        if length == 0 || length > LONGEST_USE_CASE {
            problems.push(format!(
                "arguments.queries[{at}].use_case: must have 1 to {LONGEST_USE_CASE} characters"
            ));
        }
        if let Some(fields) = query.known_fields.as_str()
            && fields.chars().count() > LONGEST_KNOWN_FIELDS
        {
            problems.push(format!(
                "arguments.queries[{at}].known_fields: must have at most {LONGEST_KNOWN_FIELDS} \
                 characters"
            ));
        }
    }
    if problems.is_empty() {
        Ok(())
    } else {
        Err(Error::fields(problems))
    }
}

fn hits<'d>(desk: &'d Desk<'_>, use_case: &str, meaning: Option<&[f32]>) -> Hits<'d> {
    let catalog = &desk.scope.catalog;
    let found = catalog.search_tools(use_case, meaning, &VersionPins::None, |tool| {
        desk.scope.permits(tool)
    });
    let best = found.first().map_or(0.0, |first| first.score);
    let mut hits = Hits {
        custom: own::custom_tools(desk.scope, use_case),
        ..Hits::default()
    };
    for hit in found {
        if hit.is_primary && hits.primary.len() < MOST_PRIMARY {
            hits.primary.push(hit.tool);
        } else if hit.score >= RELATED * best && hits.related.len() < MOST_RELATED {
            hits.related.push(hit.tool);
        }
    }
    hits
}

impl<'d> Hits<'d> {
    fn tools(&self) -> impl Iterator<Item = &&'d Arc<Tool>> {
        self.primary.iter().chain(&self.related)
    }

    /// Slugs of the toolkits, without doubles.
    fn toolkits(&self) -> BTreeSet<String> {
        let own = self
            .custom
            .iter()
            .filter_map(|tool| tool.extends_toolkit.clone());
        let tools = self.tools().map(|tool| tool.toolkit.manifest.slug.clone());
        tools.chain(own).collect()
    }

    fn add_related(&mut self, tools: &[&'d Arc<Tool>]) {
        for tool in tools {
            if !self
                .tools()
                .any(|known| known.manifest.slug == tool.manifest.slug)
            {
                self.related.push(tool);
            }
        }
    }
}

fn shown(index: usize, query: &Query, hits: &Hits<'_>, plan: Plan<'_>) -> Value {
    let slugs = |tools: &[&Arc<Tool>]| -> Vec<String> {
        tools
            .iter()
            .map(|tool| tool.manifest.slug.clone())
            .collect()
    };
    let custom = hits.custom.iter().map(|tool| tool.slug.clone());
    let primary: Vec<String> = custom.chain(slugs(&hits.primary)).collect();
    let recipes: Vec<String> = hits
        .recipes
        .iter()
        .map(|recipe| recipe.slug().to_owned())
        .collect();
    let Plan {
        connect,
        steps,
        pitfalls,
        difficulty,
        lookups: _,
    } = plan;
    let steps: Vec<String> = connect.into_iter().chain(steps).collect();
    let mut shown = json!({
        "index": index,
        "use_case": query.use_case,
        "primary_tool_slugs": primary,
        "related_tool_slugs": recipes.iter().chain(&slugs(&hits.related)).collect::<Vec<&String>>(),
        "toolkits": hits.toolkits(),
    });
    if !recipes.is_empty() {
        let words = format!(
            "Saved recipes that may do it all: {}. Execute one like a tool.",
            recipes.join(", ")
        );
        shown["execution_guidance"] = words.into();
    } else if primary.is_empty() {
        let words =
            "No tool that can be used here does this. Say it in other words, or name the app.";
        shown["execution_guidance"] = words.into();
    }
    if primary.is_empty() {
        return shown;
    }
    shown["difficulty"] = difficulty.into();
    shown["recommended_plan_steps"] = steps.into();
    if !pitfalls.is_empty() {
        shown["known_pitfalls"] = pitfalls.into();
    }
    shown
}

/// What to do next, over all use cases.
fn guidance(desk: &Desk<'_>, results: &[Value], statuses: &Statuses) -> Vec<String> {
    let mut steps = Vec::new();
    let missing = statuses.not_connected();
    if !missing.is_empty() {
        let names = missing.join(", ");
        steps.push(if desk.scope.has_meta_tool(MetaTool::ManageConnections) {
            format!(
                "Not connected: {names}. Call {} for what you need of these, show the user each \
                 redirect_url, and execute their tools once they are active.",
                MetaTool::ManageConnections.slug()
            )
        } else {
            format!("Not connected: {names}. The user must connect them in your application first.")
        });
    }
    if results
        .iter()
        .any(|result| result["primary_tool_slugs"] == json!([]))
    {
        steps.push("Search again, in other words, for what found nothing.".into());
    }
    steps.push(format!(
        "Tools with schemaRef: call {} before you use them.",
        MetaTool::GetToolSchemas.slug()
    ));
    if desk.scope.has_meta_tool(MetaTool::MultiExecuteTool) {
        steps.push(format!(
            "Follow recommended_plan_steps; execute what needs nothing of one another together, by \
             {} (at most {} calls).",
            MetaTool::MultiExecuteTool.slug(),
            desk.edition.most_calls
        ));
    }
    steps
}

fn time_info(desk: &Desk<'_>) -> Value {
    let now = desk.app.clock.now();
    json!({
        "current_time_utc": now.to_text(),
        "current_time_utc_epoch_seconds": now.as_secs(),
        "message": "This is UTC. Ask for the user's time zone before you turn words like `tomorrow` into times.",
    })
}

/// What a caller knows already, by name: of `a:b, c:d`, or of an object.
fn known_names(known_fields: &Value) -> BTreeSet<String> {
    let names: Vec<String> = match known_fields {
        Value::String(text) => text
            .split(',')
            .filter_map(|pair| pair.split_once(':').map(|(name, _)| name.to_owned()))
            .collect(),
        Value::Object(fields) => fields.keys().cloned().collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => Vec::new(),
    };
    let plain = |name: String| name.trim().to_ascii_lowercase().replace([' ', '-'], "_");
    names.into_iter().map(plain).collect()
}
