//! What an agent notes of a user's things while it works, and gets back with the next search: sealed,
//! by project, user and toolkit.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::Desk;
use crate::caches::OpenProject;
use crate::crypto::Place;
use crate::error::Result;
use crate::storage::memories;
use crate::tenancy;

/// Kept of a user and toolkit, the newest.
const MOST_FACTS: usize = 30;
/// Of one, in characters.
const LONGEST_FACT: usize = 500;

/// Adds notes: lists of sentences by slug of a toolkit. What is none, or of a toolkit that is not
/// within reach, is passed over, and so is all in a project that keeps no data. Of two who note at the
/// same moment one may be lost: a note saves a look-up and is nothing to rely on.
///
/// # Errors
/// When the database does not answer.
pub(super) async fn keep(desk: &Desk<'_>, noted: &Map<String, Value>) -> Result<()> {
    let project = tenancy::open_project(desk.app, &desk.scope.project).await?;
    if !project.project.settings.stores_data() {
        return Ok(());
    }
    for (toolkit, facts) in noted {
        let facts = facts
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str);
        let facts: Vec<String> = facts
            .map(|fact| fact.trim().chars().take(LONGEST_FACT).collect::<String>())
            .filter(|fact| !fact.is_empty())
            .collect();
        let toolkit = desk.scope.catalog.toolkit(toolkit).ok();
        if let Some(toolkit) = toolkit.filter(|one| desk.scope.permits_toolkit(one))
            && !facts.is_empty()
        {
            add(desk, &project, &toolkit.manifest.slug, facts).await?;
        }
    }
    Ok(())
}

async fn add(
    desk: &Desk<'_>,
    project: &OpenProject,
    toolkit: &str,
    new: Vec<String>,
) -> Result<()> {
    let id = id(desk, toolkit);
    let mut tx = desk.app.db.begin().await?;
    let sealed = memories::find(tx.conn(), &desk.scope.project, &id).await?;
    let mut facts = opened(project, &id, sealed)?;
    for fact in new {
        facts.retain(|known| *known != fact);
        facts.push(fact);
    }
    let first = facts.len().saturating_sub(MOST_FACTS);
    let sealed = project
        .data_key
        .seal_json(place(&id), &facts.split_off(first))?;
    let now = desk.app.clock.now();
    memories::keep(tx.conn(), &desk.scope.project, &id, &sealed, now).await?;
    tx.commit().await
}

/// What was noted of the user in these toolkits, by toolkit.
///
/// # Errors
/// When the database does not answer.
pub(super) async fn known(
    desk: &Desk<'_>,
    toolkits: &BTreeSet<String>,
) -> Result<Map<String, Value>> {
    let project = tenancy::open_project(desk.app, &desk.scope.project).await?;
    let mut known = Map::new();
    let mut session = desk.app.db.read().await?;
    for toolkit in toolkits {
        let id = id(desk, toolkit);
        let sealed = memories::find(session.conn(), &desk.scope.project, &id).await?;
        let facts = opened(&project, &id, sealed)?;
        if !facts.is_empty() {
            known.insert(toolkit.clone(), facts.into());
        }
    }
    Ok(known)
}

fn opened(project: &OpenProject, id: &str, sealed: Option<Vec<u8>>) -> Result<Vec<String>> {
    match sealed {
        Some(sealed) => project.data_key.open_json(place(id), &sealed),
        None => Ok(Vec::new()),
    }
}

const fn place(id: &str) -> Place<'_> {
    Place {
        table: "memories",
        row: id,
        column: "facts",
    }
}

/// Names the notes without naming the user. Each part is told from the next by its length.
fn id(desk: &Desk<'_>, toolkit: &str) -> String {
    let mut hash = Sha256::new();
    for part in [
        desk.scope.project.as_str(),
        desk.scope.user.as_str(),
        toolkit,
    ] {
        hash.update(part.len().to_be_bytes());
        hash.update(part);
    }
    format!("mem_{}", URL_SAFE_NO_PAD.encode(hash.finalize()))
}
