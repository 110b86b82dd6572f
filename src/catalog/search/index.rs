//! The index over all tools: BM25F (Robertson and Zaragoza, "The Probabilistic Relevance Framework",
//! section 3.6) of what a query speaks of, and what else tells a tool that was meant from one that
//! only shares words with it.

use std::collections::HashMap;

use super::super::Tool;
use super::document::{Document, mark};
use super::fields::{RAREST, fields, postings, rarity, rarity_of};
use super::query::{Query, Term};
use super::typos::meant;
use super::words::{Learner, joined, stems};

/// A query that is the very name or description of a tool means that tool.
const EXACT: f32 = 1000.0;
/// What a word counts that was probably meant by another.
const MISTYPED: f32 = 0.8;
/// What is left of a score where the query names another toolkit.
const ELSEWHERE: f32 = 0.25;
/// Words of a query that may be taken for mistyped: each costs a look at every stem there is.
const MOST_GUESSES: usize = 16;
/// What a tool of another has at most of the best one of the named: it is near, not meant.
const BESIDE: f32 = 0.75;
/// And where the tool says that it has to do with that one.
const MENTIONING: f32 = 0.5;
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

/// What is found while a query is looked up.
struct Found {
    /// By document.
    scores: Vec<f32>,
    /// By stem: what it counts for the query.
    asked: Vec<f32>,
    /// By document, of the term that is being looked up: what it has of it, and the weight of the
    /// word that it holds; zero between two terms.
    of_term: Vec<(f32, f32)>,
    /// Those of which the former is not zero.
    touched: Vec<u32>,
    /// How many more words may be taken for mistyped.
    guesses: usize,
}

impl Found {
    fn new(documents: usize, stems: usize) -> Self {
        Self {
            scores: vec![0.0; documents],
            asked: vec![0.0; stems],
            of_term: vec![(0.0, 0.0); documents],
            touched: Vec::new(),
            guesses: MOST_GUESSES,
        }
    }
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
        let mut found = Found::new(self.documents.len(), self.stems.len());
        let most: f32 = query
            .terms
            .iter()
            .map(|term| self.add(term, &mut found))
            .sum();
        let most = if most > 0.0 { most } else { 1.0 };
        let Found {
            mut scores, asked, ..
        } = found;
        let places = self.places(&query);
        add_toolkits(&places, &mut scores);
        let documents = self.documents.iter().zip(&places);
        for (score, (document, place)) in scores.iter_mut().zip(documents) {
            if *score > 0.0 {
                *score *= document.answers(&query, &asked) * place / most;
            }
        }
        let best = best_named(&places, &scores);
        for (score, place) in scores.iter_mut().zip(&places) {
            // Whoever names a service means it, however well another fits the other words.
            if *place < 1.0 {
                *score = score.min(BESIDE * best);
            }
        }
        self.add_exact(text, &mut scores);
        ranked(scores)
    }

    /// The numbers of the stems that mean a term, and what each counts; of one that no tool has,
    /// that of the stem which was probably meant.
    fn known(&self, term: &Term, guesses: &mut usize) -> Vec<(u32, f32)> {
        let known = |(stem, weight): &(String, f32)| Some((*self.stems.get(stem)?, *weight));
        let numbers: Vec<_> = term.stems.iter().filter_map(known).collect();
        if !numbers.is_empty() || *guesses == 0 {
            return numbers;
        }
        *guesses -= 1;
        let own = term.stems.last().map_or("", |(stem, _)| stem);
        let tools = |number: u32| self.postings[number as usize].len();
        let all = self.stems.iter();
        let meant = meant(
            own,
            all.map(|(stem, number)| (stem.as_str(), tools(*number))),
        );
        let number = meant.and_then(|stem| self.stems.get(stem));
        number
            .map(|number| (*number, MISTYPED))
            .into_iter()
            .collect()
    }

    /// What each tool has of one term of a query: the word itself, or the best that means it. Returns
    /// the most that a tool could have.
    fn add(&self, term: &Term, found: &mut Found) -> f32 {
        let mut holding = 0.0;
        for (number, weight) in self.known(term, &mut found.guesses) {
            let wanted = &mut found.asked[number as usize];
            *wanted = wanted.max(weight);
            for (document, count) in &self.postings[number as usize] {
                let (most, held) = &mut found.of_term[*document as usize];
                if *held == 0.0 {
                    found.touched.push(*document);
                }
                *most = most.max(weight * count);
                holding += (weight - *held).max(0.0);
                *held = held.max(weight);
            }
        }
        let rarity = rarity_of(holding, self.documents.len()).min(RAREST);
        let worth = if holding > 0.0 {
            term.weight * rarity
        } else {
            0.0
        };
        for document in found.touched.drain(..) {
            let (count, _) = std::mem::take(&mut found.of_term[document as usize]);
            found.scores[document as usize] += worth * count;
        }
        worth
    }

    /// What is left of each tool's score for where it is: all in a toolkit that is named.
    fn places(&self, query: &Query) -> Vec<f32> {
        let elsewhere = if query.toolkits.is_empty() {
            1.0
        } else {
            ELSEWHERE
        };
        let mut places = vec![elsewhere; self.documents.len()];
        for (toolkit, words) in &query.toolkits {
            let mut mentioned = vec![0; self.documents.len()];
            for number in words.iter().filter_map(|word| self.stems.get(word)) {
                for (document, _) in &self.postings[*number as usize] {
                    mentioned[*document as usize] += 1;
                }
            }
            for ((place, document), words_of_it) in
                places.iter_mut().zip(&self.documents).zip(mentioned)
            {
                if document.toolkit == *toolkit {
                    *place = 1.0;
                } else if words_of_it == words.len() {
                    *place = place.max(MENTIONING);
                }
            }
        }
        places
    }

    /// Puts tools first whose slug, name or description the query is.
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
        let mark = mark(&words);
        for (score, document) in scores.iter_mut().zip(&self.documents) {
            if !words.is_empty() && document.is_called(mark) {
                *score += EXACT;
            }
        }
    }
}

/// All tools of a toolkit that is named may be meant, if by no other word than that.
fn add_toolkits(places: &[f32], scores: &mut [f32]) {
    if places.iter().all(|place| *place >= 1.0) {
        return;
    }
    let best = best_named(places, scores);
    let best = if best > 0.0 { best } else { 1.0 };
    for (score, place) in scores.iter_mut().zip(places) {
        if *place >= 1.0 {
            *score += NAMED_TOOLKIT * best;
        }
    }
}

/// The most that a tool has which is where the query says.
fn best_named(places: &[f32], scores: &[f32]) -> f32 {
    let named = scores.iter().zip(places);
    let named = named.filter(|(_, place)| **place >= 1.0);
    named.fold(0.0, |best: f32, (score, _)| best.max(*score))
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
