//! Search over tools: which of those that a caller may use do what a person asks for in their own
//! words, the best first, with scores that tell what was meant from what is only near.

mod document;
mod fields;
mod fusion;
mod index;
mod kind;
mod meaning;
mod query;
mod synonyms;
mod things;
mod typos;
mod words;

use std::sync::Arc;

use super::{Catalog, Tool, VersionPins};
pub(super) use index::Index;
pub use meaning::{Meanings, TextHash, ToolText};

/// A tool that a search found.
#[derive(Debug, Clone, Copy)]
pub struct Found<'c> {
    /// The tool, in the form of the version that is asked for.
    pub tool: &'c Arc<Tool>,
    /// Between 0 and 1: how much of what was asked for it answers. Comparable among queries as
    /// well: the best of a query may be far below 1 when nothing fits it.
    pub score: f32,
    /// Whether it is as good as the best, or nearly: one that the user probably means. The others
    /// are related to it.
    pub is_primary: bool,
}

/// What a primary tool has of the best one's score, at least.
const PRIMARY: f32 = 0.8;

impl Catalog {
    /// The tools that answer `query`, best first, among those that `is_allowed` lets pass. Each
    /// toolkit is seen in the version that `pins` asks of it; one that lacks it is left out, and so
    /// are deprecated tools. Nothing is found where no word of the query means anything here, and no
    /// tool is near its `meaning`: the query's vector, if an embedding model made one.
    pub fn search_tools(
        &self,
        query: &str,
        meaning: Option<&[f32]>,
        pins: &VersionPins,
        is_allowed: impl Fn(&Tool) -> bool,
    ) -> Vec<Found<'_>> {
        let is_asked_for = |tool: &Arc<Tool>| {
            let toolkit = &tool.toolkit;
            let version = toolkit.asked(pins.of(&toolkit.manifest.slug));
            tool.manifest.deprecated.is_none()
                && version.is_ok_and(|version| tool.is_of(version))
                && is_allowed(tool)
        };
        let hits = self.sought(query, meaning, is_asked_for).into_iter();
        let tools = hits.filter_map(|hit| Some((self.tools.get(hit.document)?, hit.score)));
        let mut best = None;
        tools
            .map(|(tool, score)| Found {
                tool,
                score,
                is_primary: score >= PRIMARY * *best.get_or_insert(score),
            })
            .collect()
    }
}
