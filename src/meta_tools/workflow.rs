//! The id by which an agent's calls for one task belong together.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::ids::random_text;

const ID_LENGTH: usize = 8;
const LONGEST_ID: usize = 128;

/// What a search is given.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Given {
    /// Of a task that was begun.
    #[serde(default)]
    id: Option<String>,
    /// Asks for a new one.
    #[serde(default)]
    generate_id: Option<bool>,
}

impl Given {
    /// The task's id, and whether it is new.
    pub(super) fn id(self) -> (String, bool) {
        let known = self.id.filter(|_| self.generate_id != Some(true));
        match known.filter(|id| !id.is_empty() && id.len() <= LONGEST_ID) {
            Some(id) => (id, false),
            None => (random_text(ID_LENGTH).to_ascii_lowercase(), true),
        }
    }
}

/// The id as answers give it back; none where none was given.
pub(super) fn echo(session_id: Option<&str>) -> Option<Value> {
    let id = session_id.filter(|id| !id.is_empty() && id.len() <= LONGEST_ID)?;
    Some(json!({ "id": id, "instructions": instructions(id) }))
}

/// What the model is to do with the id.
pub(super) fn instructions(id: &str) -> String {
    format!("Pass session_id \"{id}\" to the next meta tools of this task.")
}
