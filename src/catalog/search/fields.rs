//! The words that the fields of a tool hold, and what each counts (BM25F).

use std::collections::{BTreeMap, HashSet};

use super::super::Tool;
use super::super::load::IMPORTANT;
use super::document::without_toolkit;
use super::words::Learner;

/// How soon repeated words stop counting.
const K1: f32 = 1.2;
/// The most that a word counts for being rare: beyond that it is a matter of chance who has it.
pub(super) const RAREST: f32 = 4.0;
/// A field's weight, and how much its length is held against it.
const FIELDS: [(f32, f32); 7] = [
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
    // What people want who need it; what it does where that is not said
    (3.0, 0.0),
];

/// The words of a field of one tool.
type Field = Vec<u32>;
/// The words of all fields of one tool.
pub(super) type Fields = [Field; FIELDS.len()];

/// The words of a tool's fields.
pub(super) fn fields(tool: &Tool, learner: &mut Learner) -> Fields {
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
        if manifest.use_cases.is_empty() {
            first.to_owned()
        } else {
            manifest.use_cases.join(" ")
        },
    ]
    .map(|text| learner.read(&text))
}

/// The first sentence, and the rest.
fn sentences(text: &str) -> (&str, &str) {
    text.split_once(". ").unwrap_or((text, ""))
}

/// Never zero.
#[expect(clippy::cast_precision_loss, reason = "far fewer than 2^24 tools")]
fn mean_lengths(documents: &[Fields]) -> [f32; FIELDS.len()] {
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

/// By a stem's number: the documents that hold it, and what it counts there.
pub(super) fn postings(documents: Vec<Fields>, words: usize) -> Vec<Vec<(u32, f32)>> {
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

#[expect(
    clippy::cast_precision_loss,
    reason = "a ratio, in no need of the last digits"
)]
pub(super) fn rarity(holding: usize, documents: usize) -> f32 {
    rarity_of(holding as f32, documents)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a ratio, in no need of the last digits"
)]
pub(super) fn rarity_of(holding: f32, documents: usize) -> f32 {
    ((documents as f32 - holding + 0.5).max(0.5) / (holding + 0.5)).ln_1p()
}
