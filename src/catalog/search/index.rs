//! The index over all tools: BM25F (Robertson and Zaragoza, "The Probabilistic Relevance Framework",
//! section 3.6) of what a query speaks of, and what else tells a tool that was meant from one that
//! only shares words with it.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::super::Tool;
use super::super::load::IMPORTANT;
use super::kind::Kind;
use super::query::{Query, Term};
use super::words::{Learner, joined, spaced, stems};

/// How soon repeated words stop counting.
const K1: f32 = 1.2;
/// The most that a word counts for being rare: beyond that it is a matter of chance who has it.
const RAREST: f32 = 4.0;
/// A query that is the very name of a tool means that tool.
const EXACT: f32 = 1000.0;
/// What is left of a score where the query names another toolkit.
const OTHER_TOOLKIT: f32 = 0.4;
/// What a tool has of the best one of its toolkit where the query names that and nothing else of it.
const NAMED_TOOLKIT: f32 = 0.4;
/// What is left of a score when nothing of the tool's name is asked for.
const UNASKED: f32 = 0.5;
/// What marks a tool as one of those that an agent gets by default.
const MARKED: f32 = 1.08;
/// What a toolkit is worth that has a place in the order of the most used ones.
const RANKED: f32 = 1.35;
const UNRANKED: u32 = u32::MAX;

/// A field's weight, and how much its length is held against it.
const FIELDS: [(f32, f32); 6] = [
    // Slug and name
    (4.0, 0.6),
    // The toolkit's name
    (1.2, 0.0),
    // Tags
    (0.7, 0.5),
    // The description's first sentence
    (1.3, 0.6),
    // The rest of it, and the arguments
    (0.25, 0.75),
    // What the toolkit says of itself
    (0.3, 0.0),
];

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

/// What is known of a tool besides its words.
#[derive(Debug)]
struct Document {
    toolkit: u32,
    kind: Kind,
    /// What it is worth whatever is asked for, about 1.
    worth: f32,
    /// The stems of its slug and of its name.
    names: [Vec<u32>; 2],
    /// The stems of its slug and of its name that tell it from the other tools of its toolkit, each
    /// once, with what each is worth; together 1.
    telling: [Vec<(u32, f32)>; 2],
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
        let mut index = Self::default();
        let mut documents: Vec<[Field; FIELDS.len()]> = Vec::new();
        for tool in tools {
            let slug = tool.manifest.slug.clone();
            index.slugs.entry(slug).or_insert(documents.len());
            documents.push(fields(tool, &mut learner));
            let toolkit = index.toolkit(tool);
            index
                .documents
                .push(Document::new(tool, toolkit, &mut learner));
        }
        index.postings = postings(documents, learner.numbers.len());
        index.stems = learner.numbers;
        index.weigh_names();
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

    /// A word of a name is worth what its rarity is; verbs that tools of every kind have, and the
    /// toolkit's own name, hardly tell anything.
    fn weigh_names(&mut self) {
        let all = self.documents.len();
        for telling in self
            .documents
            .iter_mut()
            .flat_map(|document| &mut document.telling)
        {
            for (word, worth) in telling.iter_mut() {
                *worth = rarity(self.postings[*word as usize].len(), all).clamp(0.5, RAREST);
            }
            let sum: f32 = telling.iter().map(|(_, worth)| worth).sum();
            for (_, worth) in telling {
                *worth /= sum;
            }
        }
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

impl Document {
    fn new(tool: &Tool, toolkit: u32, learner: &mut Learner) -> Self {
        let manifest = &tool.manifest;
        let kit = &tool.toolkit.manifest;
        let names = [learner.read(&manifest.slug), learner.read(&manifest.name)];
        let own: HashSet<u32> = [&kit.slug, &kit.name]
            .into_iter()
            .flat_map(|name| learner.read(name))
            .collect();
        let telling = [without_toolkit(&manifest.slug), &manifest.name].map(|name| {
            let mut words = learner.read(&without_self(name));
            words.sort_unstable();
            words.dedup();
            words.retain(|word| !own.contains(word));
            words.into_iter().map(|word| (word, 1.0)).collect()
        });
        let marked = if tool.has_tag(IMPORTANT) { MARKED } else { 1.0 };
        let ranked = if kit.rank == UNRANKED { 1.0 } else { RANKED };
        Self {
            toolkit,
            kind: Kind::of_tool(&spaced(&manifest.name), &manifest.tags),
            worth: marked * ranked / (MARKED * RANKED),
            names,
            telling,
        }
    }

    /// What to make of the words it shares with a query, between 0 and 1: whether it does what is
    /// wanted, in the toolkit that is named, and whether its own name says more than was asked.
    fn answers(&self, query: &Query, asked: &[f32]) -> f32 {
        let told = self.telling.iter().map(|telling| {
            let told = telling
                .iter()
                .map(|(word, worth)| worth * asked[*word as usize]);
            told.sum::<f32>()
        });
        let told = told.fold(0.0, f32::max);
        let is_elsewhere = !query.toolkits.is_empty() && !query.toolkits.contains(&self.toolkit);
        let place = if is_elsewhere { OTHER_TOOLKIT } else { 1.0 };
        let fits = query.kinds.iter().map(|asked| self.kind.fits(*asked));
        let fits = fits.fold(None, |best: Option<f32>, fit| {
            Some(best.map_or(fit, |best| best.max(fit)))
        });
        self.worth * (UNASKED + (1.0 - UNASKED) * told) * place * fits.unwrap_or(1.0)
    }
}

/// By a stem's number: the documents that hold it, and what it counts there.
fn postings(documents: Vec<[Field; FIELDS.len()]>, words: usize) -> Vec<Vec<(u32, f32)>> {
    let means = mean_lengths(&documents);
    let mut postings = vec![Vec::new(); words];
    for (document, fields) in (0_u32..).zip(documents) {
        let mut counts: BTreeMap<u32, f32> = BTreeMap::new();
        for ((words, mean), (weight, b)) in fields.into_iter().zip(means).zip(FIELDS) {
            let count = weight / (1.0 - b + b * length(&words) / mean);
            for word in words.into_iter().collect::<HashSet<_>>() {
                *counts.entry(word).or_default() += count;
            }
        }
        for (word, count) in counts {
            postings[word as usize].push((document, count / (count + K1)));
        }
    }
    postings
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

#[expect(
    clippy::cast_precision_loss,
    reason = "a ratio, in no need of the last digits"
)]
fn rarity(holding: usize, documents: usize) -> f32 {
    rarity_of(holding as f32, documents)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a ratio, in no need of the last digits"
)]
fn rarity_of(holding: f32, documents: usize) -> f32 {
    ((documents as f32 - holding + 0.5).max(0.5) / (holding + 0.5)).ln_1p()
}

fn fields(tool: &Tool, learner: &mut Learner) -> [Field; FIELDS.len()] {
    let manifest = &tool.manifest;
    let kit = &tool.toolkit.manifest;
    let tags = manifest
        .tags
        .iter()
        .filter(|tag| !tag.ends_with("Hint") && *tag != IMPORTANT);
    let tags: Vec<&str> = tags.map(String::as_str).collect();
    let arguments: Vec<&str> = manifest.args.iter().map(|arg| arg.arg.as_str()).collect();
    let (first, rest) = sentences(&manifest.description);
    [
        format!("{} {}", without_toolkit(&manifest.slug), manifest.name),
        kit.name.clone(),
        tags.join(" "),
        first.to_owned(),
        format!("{rest} {}", arguments.join(" ")),
        format!("{} {}", kit.description, kit.categories.join(" ")),
    ]
    .map(|text| learner.read(&text))
}

/// A slug without what stands before its first underscore.
fn without_toolkit(slug: &str) -> &str {
    slug.split_once('_').map_or(slug, |(_, rest)| rest)
}

/// A name without the words that say whose things it is about where they are the caller's own, as
/// all are if nothing is said.
fn without_self(name: &str) -> String {
    let name = spaced(name).replace('_', " ");
    let whose = ["authenticated user", "current user"];
    whose
        .iter()
        .fold(name, |name, whose| name.replace(whose, ""))
}

/// The first sentence, and the rest.
fn sentences(text: &str) -> (&str, &str) {
    text.split_once(". ").unwrap_or((text, ""))
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
