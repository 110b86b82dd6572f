//! Search over tools, in memory: BM25F (Robertson and Zaragoza, "The Probabilistic Relevance
//! Framework", section 3.6) over slug, name, toolkit, tags, description and names of arguments.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::super::Tool;
use super::synonyms;
use super::words::{Learner, stems};

/// How soon repeated words stop counting.
const K1: f32 = 1.2;
/// What a word counts that only means the one asked for.
const SYNONYM: f32 = 0.4;
/// A query that is the very name of a tool means that tool.
const EXACT: f32 = 1000.0;

/// A field's weight, and how much its length is held against it.
const FIELDS: [(f32, f32); 5] = [
    // Slug and name
    (3.0, 0.5),
    // The toolkit
    (1.5, 0.0),
    // Tags
    (0.7, 0.5),
    // Description
    (1.0, 0.75),
    // Arguments
    (0.4, 0.75),
];

/// The words of all tools.
#[derive(Debug, Default)]
pub(in crate::catalog) struct Index {
    /// The number of each stem.
    stems: HashMap<String, u32>,
    /// By a stem's number: documents and what the word counts there, between 0 and 1.
    postings: Vec<Vec<(u32, f32)>>,
    /// The stems of each tool's slug and of its name.
    names: Vec<[Vec<u32>; 2]>,
    /// Slug → document: some slugs differ only by words that mean nothing to a search.
    slugs: HashMap<String, usize>,
}

/// A document that holds something of a query.
#[derive(Debug, Clone, Copy)]
pub(in crate::catalog) struct Hit {
    /// Its number.
    pub(in crate::catalog) document: usize,
    /// Between 0 and 1: how much of what the query asks for it has.
    pub(in crate::catalog) score: f32,
}

/// The words of a field of one tool.
type Field = Vec<u32>;

impl Index {
    /// An index of these tools; a document's number is its place in the list.
    pub(in crate::catalog) fn new<'t>(tools: impl Iterator<Item = &'t Tool>) -> Self {
        let mut learner = Learner::new();
        let mut names = Vec::new();
        let mut slugs = HashMap::new();
        let documents: Vec<[Field; FIELDS.len()]> = tools
            .map(|tool| {
                let manifest = &tool.manifest;
                slugs.entry(manifest.slug.clone()).or_insert(names.len());
                names.push([learner.read(&manifest.slug), learner.read(&manifest.name)]);
                fields(tool, &mut learner)
            })
            .collect();
        let means = mean_lengths(&documents);
        let mut postings = vec![Vec::new(); learner.numbers.len()];
        for (document, fields) in (0_u32..).zip(documents) {
            let mut counts: BTreeMap<u32, f32> = BTreeMap::new();
            for ((words, mean), (weight, b)) in fields.into_iter().zip(means).zip(FIELDS) {
                let count = weight / (1.0 - b + b * length(&words) / mean);
                for word in words {
                    *counts.entry(word).or_default() += count;
                }
            }
            for (word, count) in counts {
                postings[word as usize].push((document, count / (count + K1)));
            }
        }
        Self {
            stems: learner.numbers,
            postings,
            names,
            slugs,
        }
    }

    /// The documents that hold a word of the query or one that means it, the best first; equals
    /// stay in order.
    pub(in crate::catalog) fn search(&self, query: &str) -> Vec<Hit> {
        let mut scores = vec![0.0_f32; self.names.len()];
        if let Some(own) = self.slugs.get(&query.trim().to_ascii_uppercase()) {
            scores[*own] += 2.0 * EXACT;
        }
        let query = stems(query);
        let mut most = 0.0;
        for word in query.iter().collect::<BTreeSet<_>>() {
            most += self.add(word, &mut scores);
        }
        let numbers = query.iter().map(|word| self.stems.get(word).copied());
        if let Some(query) = numbers.collect::<Option<Vec<u32>>>() {
            for (score, names) in scores.iter_mut().zip(&self.names) {
                if *score > 0.0 && names.contains(&query) {
                    *score += EXACT;
                }
            }
        }
        let mut found: Vec<(usize, f32)> = scores.into_iter().enumerate().collect();
        found.retain(|(_, score)| *score > 0.0);
        found.sort_by(|(a, x), (b, y)| y.total_cmp(x).then(a.cmp(b)));
        let hit = |(document, score): (usize, f32)| Hit {
            document,
            score: (score / most).clamp(0.0, 1.0),
        };
        found.into_iter().map(hit).collect()
    }

    /// What each tool has of one word of a query: the word itself, or the best that means it.
    /// Returns the most that a tool could have.
    fn add(&self, word: &str, scores: &mut [f32]) -> f32 {
        let synonyms = synonyms::of(word).iter();
        let synonyms = synonyms.map(|other| (other.as_str(), SYNONYM));
        let mut best: HashMap<u32, f32> = HashMap::new();
        for (word, weight) in synonyms.chain([(word, 1.0)]) {
            let Some(number) = self.stems.get(word) else {
                continue;
            };
            let postings = &self.postings[*number as usize];
            let rarity = weight * rarity(postings.len(), self.names.len());
            for (document, count) in postings {
                let own = best.entry(*document).or_default();
                *own = own.max(rarity * count);
            }
        }
        let most = best.values().copied().fold(0.0, f32::max);
        for (document, score) in best {
            scores[document as usize] += score;
        }
        most
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a ratio, in no need of the last digits"
)]
fn rarity(holding: usize, documents: usize) -> f32 {
    ((documents as f32 - holding as f32 + 0.5) / (holding as f32 + 0.5)).ln_1p()
}

fn fields(tool: &Tool, learner: &mut Learner) -> [Field; FIELDS.len()] {
    let manifest = &tool.manifest;
    let arguments: Vec<&str> = manifest.args.iter().map(|arg| arg.arg.as_str()).collect();
    [
        format!("{} {}", manifest.slug, manifest.name),
        tool.toolkit.manifest.name.clone(),
        manifest.tags.join(" "),
        manifest.description.clone(),
        arguments.join(" "),
    ]
    .map(|text| learner.read(&text))
}

/// Never zero.
#[expect(clippy::cast_precision_loss, reason = "far fewer than 2^24 tools")]
fn mean_lengths(documents: &[[Field; FIELDS.len()]]) -> [f32; FIELDS.len()] {
    let mut means = [0.0; FIELDS.len()];
    for fields in documents {
        for (mean, field) in means.iter_mut().zip(fields) {
            *mean += length(field) / documents.len() as f32;
        }
    }
    means.map(|mean| if mean > 0.0 { mean } else { 1.0 })
}

#[expect(clippy::cast_precision_loss, reason = "far fewer than 2^24 words")]
const fn length(field: &Field) -> f32 {
    field.len() as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_index_finds_nothing() {
        assert!(Index::default().search("anything").is_empty());
    }
}
