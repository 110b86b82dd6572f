//! What tools and queries mean to the operator's embedding model, if there is one; without one, and
//! whenever it does not answer in time, searches go by words alone.

mod learn;
mod model;
mod remote;

use std::collections::HashSet;
use std::sync::Arc;

use tokio::time::Instant;

use crate::app::App;
use crate::catalog::Catalog;
use crate::embeddings::Engine;
use crate::error::Error;
use crate::sentence_model::Haste;
pub use learn::{learn, learn_catalog, run};

/// Characters of a query that are embedded.
const LONGEST_QUERY: usize = 500;

/// The vector of each query, as far as there is a model that gives it within the time a search waits.
pub async fn of_queries(
    app: &App,
    catalog: &Catalog,
    queries: impl IntoIterator<Item = &str>,
) -> Vec<Option<Arc<[f32]>>> {
    let shortened = |query: &str| query.trim().chars().take(LONGEST_QUERY).collect();
    let queries: Vec<String> = queries.into_iter().map(shortened).collect();
    let Some(engine) = &app.embeddings.engine else {
        return vec![None; queries.len()];
    };
    if !catalog.meanings().is_empty() {
        ask(app, engine, &queries).await;
    }
    let known = &app.embeddings.queries;
    queries.iter().map(|query| known.get(query)).collect()
}

/// Has the model embed those of the queries that are not remembered.
async fn ask(app: &App, engine: &Engine, queries: &[String]) {
    let known = &app.embeddings.queries;
    let mut seen = HashSet::new();
    let unknown = queries.iter().filter(|query| {
        !query.is_empty() && !known.contains_key(*query) && seen.insert(query.as_str())
    });
    let unknown: Vec<String> = unknown.cloned().collect();
    if unknown.is_empty() {
        return;
    }
    let limit = app.config.embeddings.timeout();
    let asked = model::embed(
        app,
        engine,
        unknown.clone(),
        Haste::Query,
        Instant::now() + limit,
    );
    let outcome = tokio::time::timeout(limit, asked).await;
    let outcome = outcome.unwrap_or_else(|_| {
        Err(Error::Upstream {
            message: format!(
                "the embedding model took longer than {} ms",
                limit.as_millis()
            ),
            timed_out: true,
        })
    });
    app.embeddings.note(&outcome);
    for (query, vector) in unknown.into_iter().zip(outcome.unwrap_or_default()) {
        known.insert(query, vector);
    }
}
