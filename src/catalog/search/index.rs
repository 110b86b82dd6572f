//! The index over all tools: BM25F (Robertson and Zaragoza, "The Probabilistic Relevance Framework",
//! section 3.6) of what a query speaks of, and what else tells a tool that was meant from one that
//! only shares words with it.

use std::collections::HashMap;

use super::super::Tool;
use super::document::Document;
use super::fields::{RAREST, fields, postings, rarity, rarity_of};
use super::query::{Query, Term};
use super::words::{Learner, joined, stems};

/// A query that is the very name of a tool means that tool.
const EXACT: f32 = 1000.0;
/// What a tool has of the best one of its toolkit where the query names that and nothing else of it.
const NAMED_TOOLKIT: f32 = 0.4;

/// The words of all tools.
#[derive(Debug, Default)]
pub(in crate::catalog) struct Index {
    /// The number of each stem.
    stems: HashMap<String, u32>,
    /// By a stem's number: documents and what the word counts there, between 0 and 1.
    postings: Vec<Vec<(u32, f32)>>,
    documents: Vec<Document>,
    /// Slug → document: some slugs differ only by words that mean nothing to a search.
    slugs: HashMap<String, usize>,
    /// The number of each toolkit, by its slug and its names, letters and digits alone.
    toolkits: HashMap<String, u32>,
}

/// A document that holds something of a query.
#[derive(Debug, Clone, Copy)]
pub(in crate::catalog) struct Hit {
    /// Its number.
    pub(in crate::catalog) document: usize,
    /// Between 0 and 1: how much of what the query asks for it has.
    pub(in crate::catalog) score: f32,
}

impl Index {
    /// An index of these tools; a document's number is its place in the list.
    pub(in crate::catalog) fn new<'t>(tools: impl Iterator<Item = &'t Tool>) -> Self {
        let mut learner = Learner::new();
        let mut index = Self::default();
        let mut words = Vec::new();
        for tool in tools {
            let slug = tool.manifest.slug.clone();
            index.slugs.entry(slug).or_insert(words.len());
            words.push(fields(tool, &mut learner));
            let toolkit = index.toolkit(tool);
            index
                .documents
                .push(Document::new(tool, toolkit, &mut learner));
        }
        index.postings = postings(words, learner.numbers.len());
        index.stems = learner.numbers;
        let all = index.documents.len();
        let postings = &index.postings;
        for document in &mut index.documents {
            document.weigh(|word| rarity(postings[word as usize].len(), all));
        }
        index
    }

    /// The number of a tool's toolkit, which is known by its names from then on.
    fn toolkit(&mut self, tool: &Tool) -> u32 {
        let manifest = &tool.toolkit.manifest;
        let next = u32::try_from(self.toolkits.len()).unwrap_or(u32::MAX);
        let number = *self.toolkits.entry(joined(&manifest.slug)).or_insert(next);
        let parts = manifest.name.split(['(', ')']);
        let names = parts.chain([manifest.name.as_str()]).map(joined);
        for name in names.filter(|name| name.len() > 1) {
            self.toolkits.entry(name).or_insert(number);
        }
        number
    }

    /// The documents that hold a word of the query or one that means it, the best first; equals
    /// stay in order.
    pub(in crate::catalog) fn search(&self, text: &str) -> Vec<Hit> {
        let query = Query::new(text, |name| self.toolkits.get(name).copied());
        let mut scores = vec![0.0_f32; self.documents.len()];
        let mut most = 0.0;
        let mut asked = vec![0.0_f32; self.stems.len()];
        for term in &query.terms {
            most += self.add(term, &mut scores, &mut asked);
        }
        if most == 0.0 {
            most = 1.0;
        }
        self.add_toolkits(&query, &mut scores);
        for (score, document) in scores.iter_mut().zip(&self.documents) {
            if *score > 0.0 {
                *score *= document.answers(&query, &asked) / most;
            }
        }
        self.add_exact(text, &mut scores);
        ranked(scores)
    }

    /// What each tool has of one term of a query: the word itself, or the best that means it. Returns
    /// the most that a tool could have.
    fn add(&self, term: &Term, scores: &mut [f32], asked: &mut [f32]) -> f32 {
        let mut best: HashMap<u32, (f32, f32)> = HashMap::new();
        for (stem, weight) in &term.stems {
            let Some(number) = self.stems.get(stem) else {
                continue;
            };
            let wanted = &mut asked[*number as usize];
            *wanted = wanted.max(*weight);
            for (document, count) in &self.postings[*number as usize] {
                let (most, holding) = best.entry(*document).or_default();
                *most = most.max(weight * count);
                *holding = holding.max(*weight);
            }
        }
        let holding: f32 = best.values().map(|(_, weight)| weight).sum();
        if holding == 0.0 {
            return 0.0;
        }
        let worth = term.weight * rarity_of(holding, self.documents.len()).min(RAREST);
        for (document, (count, _)) in best {
            scores[document as usize] += worth * count;
        }
        worth
    }

    /// All tools of a toolkit that is named may be meant, if by no other word than that.
    fn add_toolkits(&self, query: &Query, scores: &mut [f32]) {
        let is_named = |document: &Document| query.toolkits.contains(&document.toolkit);
        let named = scores.iter().zip(&self.documents);
        let named = named.filter(|(_, document)| is_named(document));
        let best = named.fold(0.0, |best: f32, (score, _)| best.max(*score));
        let best = if best > 0.0 { best } else { 1.0 };
        for (score, document) in scores.iter_mut().zip(&self.documents) {
            if is_named(document) {
                *score += NAMED_TOOLKIT * best;
            }
        }
    }

    /// Puts tools first whose slug or name the query is.
    fn add_exact(&self, text: &str, scores: &mut [f32]) {
        if let Some(own) = self.slugs.get(&text.trim().to_ascii_uppercase()) {
            scores[*own] += 2.0 * EXACT;
        }
        let numbers = stems(text)
            .into_iter()
            .map(|word| self.stems.get(&word).copied());
        let Some(words) = numbers.collect::<Option<Vec<u32>>>() else {
            return;
        };
        for (score, document) in scores.iter_mut().zip(&self.documents) {
            if !words.is_empty() && document.names.contains(&words) {
                *score += EXACT;
            }
        }
    }
}

fn ranked(scores: Vec<f32>) -> Vec<Hit> {
    let mut found: Vec<(usize, f32)> = scores.into_iter().enumerate().collect();
    found.retain(|(_, score)| *score > 0.0);
    found.sort_by(|(a, x), (b, y)| y.total_cmp(x).then(a.cmp(b)));
    let hit = |(document, score): (usize, f32)| Hit {
        document,
        score: score.clamp(0.0, 1.0),
    };
    found.into_iter().map(hit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_index_finds_nothing() {
        assert!(Index::default().search("anything").is_empty());
    }
}
