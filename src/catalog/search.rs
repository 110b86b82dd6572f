//! Search over tools: BM25 (Robertson and Zaragoza, "The Probabilistic Relevance Framework",
//! section 3.2) over slug, name, tags and description, in memory.

use std::collections::{BTreeSet, HashMap};

use super::Tool;

/// How soon repeated words stop counting.
const K1: f64 = 1.2;
/// How much a long text is held against it.
const B: f64 = 0.75;
/// A word in a name says more than one in a description.
const NAME_WEIGHT: f64 = 3.0;
const TAG_WEIGHT: f64 = 1.0;
const TEXT_WEIGHT: f64 = 1.0;
/// A query that is the very name of a tool means that tool.
const EXACT: f64 = 1000.0;
/// Words that stand everywhere and mean nothing to a search.
const STOP_WORDS: [&str; 16] = [
    "a", "an", "and", "as", "by", "for", "from", "i", "in", "is", "of", "on", "or", "the", "to",
    "with",
];

/// The words of all tools.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// Word → (document, weighted count).
    postings: HashMap<String, Vec<(usize, f64)>>,
    /// Weighted number of words of each document.
    lengths: Vec<f64>,
    mean_length: f64,
    /// The words of each tool's slug and of its name, joined.
    names: Vec<[String; 2]>,
}

impl Index {
    /// An index of these tools; a document's number is its place in the list.
    pub(super) fn new<'t>(tools: impl Iterator<Item = &'t Tool>) -> Self {
        let mut index = Self::default();
        for (document, tool) in tools.enumerate() {
            let manifest = &tool.manifest;
            let mut counts: HashMap<String, f64> = HashMap::new();
            let mut count = |text: &str, weight: f64| {
                for word in words(text) {
                    *counts.entry(word).or_default() += weight;
                }
            };
            count(&manifest.slug, NAME_WEIGHT);
            count(&manifest.name, NAME_WEIGHT);
            count(&tool.toolkit.manifest.name, NAME_WEIGHT);
            manifest.tags.iter().for_each(|tag| count(tag, TAG_WEIGHT));
            count(&manifest.description, TEXT_WEIGHT);
            index.lengths.push(counts.values().sum());
            index
                .names
                .push([joined(&manifest.slug), joined(&manifest.name)]);
            for (word, weight) in counts {
                index
                    .postings
                    .entry(word)
                    .or_default()
                    .push((document, weight));
            }
        }
        #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52 tools")]
        let documents = index.lengths.len().max(1) as f64;
        index.mean_length = index.lengths.iter().sum::<f64>() / documents;
        index
    }

    /// The documents that hold a word of the query, the best first; equals stay in order.
    pub(super) fn search(&self, query: &str) -> Vec<usize> {
        let mut scores: HashMap<usize, f64> = HashMap::new();
        #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52 tools")]
        let documents = self.lengths.len() as f64;
        for word in words(query).into_iter().collect::<BTreeSet<_>>() {
            let Some(postings) = self.postings.get(&word) else {
                continue;
            };
            #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52 tools")]
            let holding = postings.len() as f64;
            let rarity = ((documents - holding + 0.5) / (holding + 0.5)).ln_1p();
            for (document, count) in postings {
                let length = self.lengths[*document] / self.mean_length;
                let weight = count * (K1 + 1.0) / (count + K1 * (1.0 - B + B * length));
                *scores.entry(*document).or_default() += rarity * weight;
            }
        }
        let query = joined(query);
        for (document, score) in &mut scores {
            if self.names[*document].contains(&query) {
                *score += EXACT;
            }
        }
        let mut found: Vec<(usize, f64)> = scores.into_iter().collect();
        found.sort_by(|(a, x), (b, y)| y.total_cmp(x).then(a.cmp(b)));
        found.into_iter().map(|(document, _)| document).collect()
    }
}

fn joined(text: &str) -> String {
    words(text).join(" ")
}

/// Lower case, split at everything that is no letter or digit and where camel case steps, without
/// a plural's `s`.
fn words(text: &str) -> Vec<String> {
    let mut spaced = String::with_capacity(text.len() + 8);
    let mut lower_before = false;
    for letter in text.chars() {
        if lower_before && letter.is_uppercase() {
            spaced.push(' ');
        }
        lower_before = letter.is_lowercase();
        spaced.extend(letter.to_lowercase());
    }
    spaced
        .split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| !word.is_empty() && !STOP_WORDS.contains(word))
        .map(stem)
        .collect()
}

fn stem(word: &str) -> String {
    match word.strip_suffix('s') {
        Some(singular) if singular.len() > 2 && !singular.ends_with('s') => singular.to_owned(),
        _ => word.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_lower_case_singular_and_without_stop_words() {
        assert_eq!(words("GITHUB_LIST_THE_ISSUES"), ["github", "list", "issue"]);
        assert_eq!(
            words("readOnlyHint, access"),
            ["read", "only", "hint", "access"]
        );
    }

    #[test]
    fn an_empty_index_finds_nothing() {
        assert!(Index::default().search("anything").is_empty());
    }
}
