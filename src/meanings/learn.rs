//! Learning what tools mean, in the background: what the database knows already, and the rest from the
//! model, a batch at a time. A search never waits for it.

use std::time::Duration;

use tokio::time::Instant;

use super::model;
use crate::app::App;
use crate::catalog::{Meanings, TextHash, ToolText};
use crate::embeddings::{Engine, Lesson};
use crate::error::Result;
use crate::sentence_model::Haste;
use crate::storage::own_toolkits::Owner;
use crate::storage::tool_vectors::{self, ToolVector};

const BATCH: usize = 32;
const BATCH_LIMIT: Duration = Duration::from_mins(1);
/// After a failure; each further one doubles it.
const FIRST_REST: Duration = Duration::from_secs(1);
const LONGEST_REST: Duration = Duration::from_mins(5);

/// Has what is unknown of an owner's texts learned.
pub fn learn(app: &App, owner: &Owner, meanings: &Meanings, texts: impl FnOnce() -> Vec<ToolText>) {
    if app.embeddings.engine.is_some() {
        app.embeddings.take(Lesson {
            owner: owner.clone(),
            texts: meanings.lacking(texts()),
            meanings: meanings.clone(),
        });
    }
}

/// Has the tools of the catalog in force learned.
pub fn learn_catalog(app: &App) {
    let catalog = app.catalog.current();
    let texts = || catalog.texts();
    learn(app, &Owner::Installation, catalog.meanings(), texts);
}

/// Learns what is asked for. What fails waits behind the rest, so that it holds nobody else up.
pub async fn run(app: App) {
    let Some(engine) = &app.embeddings.engine else {
        return;
    };
    let mut rest = FIRST_REST;
    loop {
        let lesson = app.embeddings.next_lesson().await;
        let begun = Instant::now();
        let outcome = teach(&app, engine, &lesson).await;
        if !matches!(outcome, Ok(0)) {
            app.embeddings.note(&outcome);
        }
        match outcome {
            Ok(0) => {}
            Ok(made) => {
                rest = FIRST_REST;
                let seconds = begun.elapsed().as_secs();
                tracing::info!(tools = made, seconds, "embedded the texts of tools");
            }
            Err(_) => {
                app.embeddings.take(lesson);
                tokio::time::sleep(rest).await;
                rest = (rest * 2).min(LONGEST_REST);
            }
        }
    }
}

/// Returns how many texts the model had to be asked for.
async fn teach(app: &App, engine: &Engine, lesson: &Lesson) -> Result<usize> {
    let Lesson {
        owner,
        texts,
        meanings,
    } = lesson;
    let mut session = app.db.read().await?;
    let stored = tool_vectors::list(session.conn(), owner, engine.id()).await?;
    drop(session);
    meanings.add(
        stored
            .into_iter()
            .filter_map(|ToolVector { text_hash, vector }| {
                let (numbers, rest) = vector.as_chunks::<4>();
                let numbers = numbers.iter().map(|bytes| f32::from_le_bytes(*bytes));
                let hash: TextHash = text_hash.try_into().ok()?;
                // Of texts that are gone there may be more than there are tools.
                let is_asked = texts.binary_search_by_key(&hash, |text| text.hash).is_ok();
                (is_asked && rest.is_empty()).then(|| (hash, numbers.collect()))
            }),
    );
    let unknown = meanings.lacking(texts.clone());
    for batch in unknown.chunks(BATCH) {
        let asked = batch.iter().map(|text| text.text.clone()).collect();
        let deadline = Instant::now() + BATCH_LIMIT;
        let vectors = model::embed(app, engine, asked, Haste::Background, deadline).await?;
        let mut tx = app.db.begin().await?;
        for (text, vector) in batch.iter().zip(&vectors) {
            let row = ToolVector {
                text_hash: text.hash.to_vec(),
                vector: vector
                    .iter()
                    .flat_map(|number| number.to_le_bytes())
                    .collect(),
            };
            tool_vectors::insert(tx.conn(), owner, engine.id(), &row, app.clock.now()).await?;
        }
        tx.commit().await?;
        meanings.add(batch.iter().map(|text| text.hash).zip(vectors));
    }
    Ok(unknown.len())
}
