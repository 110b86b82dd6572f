//! Which file of a toolkit holds which tools.

use std::collections::{BTreeMap, BTreeSet};

use super::{ConvertedTool, names};
use crate::catalog::json_size;

/// A file holds less than YAML readers refuse.
const MOST_TOOLS: usize = 150;
const MOST_BYTES: usize = 1_000_000;

/// Finds a file for each new tool: one for each group, and a further one where it is full.
pub(super) struct Groups {
    taken: BTreeSet<String>,
    /// By group: the file being filled, its tools and bytes.
    open: BTreeMap<String, (String, usize, usize)>,
}

impl Groups {
    pub(super) fn new(taken: BTreeSet<String>) -> Self {
        Self {
            taken,
            open: BTreeMap::new(),
        }
    }

    pub(super) fn file_for(&mut self, tool: &ConvertedTool) -> String {
        let group = match names::argument(&tool.group).to_ascii_lowercase() {
            group if tool.group.is_empty() || group == "value" => "tools".to_owned(),
            group => group,
        };
        let bytes = tool.manifest.values().map(json_size);
        let bytes: usize = bytes.sum();
        if let Some((file, count, size)) = self.open.get_mut(&group)
            && *count < MOST_TOOLS
            && *size + bytes < MOST_BYTES
        {
            *count += 1;
            *size += bytes;
            return file.clone();
        }
        let mut number = 1;
        let file = loop {
            let end = if number == 1 {
                String::new()
            } else {
                format!("-{number}")
            };
            let file = format!("{group}{end}.yaml");
            if self.taken.insert(file.clone()) {
                break file;
            }
            number += 1;
        };
        self.open.insert(group, (file.clone(), 1, bytes));
        file
    }
}
