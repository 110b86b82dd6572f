//! What is known of a tool besides its words, and how it answers a query.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::super::Tool;
use super::super::load::IMPORTANT;
use super::fields::RAREST;
use super::kind::Kind;
use super::query::Query;
use super::words::{Learner, spaced};

/// What is left of a score when nothing of the tool's name is asked for.
const UNASKED: f32 = 0.5;
/// What marks a tool as one of those that an agent gets by default.
const MARKED: f32 = 1.08;
/// What a toolkit is worth that has a place in the order of the most used ones.
const RANKED: f32 = 1.35;
const UNRANKED: u32 = u32::MAX;
/// The least that a word of a name is worth.
const COMMONEST: f32 = 0.5;

/// What is known of a tool besides its words.
#[derive(Debug)]
pub(super) struct Document {
    /// The number of its toolkit.
    pub(super) toolkit: u32,
    kind: Kind,
    /// What it is worth whatever is asked for, about 1.
    worth: f32,
    /// What its slug, its name and its description are known by, each as a whole.
    marks: [u64; 3],
    /// The stems of its slug, of its name and of each of its use cases that tell it from the other
    /// tools of its toolkit, each once, with what each is worth; together 1.
    telling: Vec<Vec<(u32, f32)>>,
}

impl Document {
    /// What is known of a tool; its name's words are still to be weighed.
    pub(super) fn new(tool: &Tool, toolkit: u32, learner: &mut Learner) -> Self {
        let manifest = &tool.manifest;
        let kit = &tool.toolkit.manifest;
        let wholes = [&manifest.slug, &manifest.name, &manifest.description];
        let marks = wholes.map(|whole| mark(&learner.read(whole)));
        let own: HashSet<u32> = [&kit.slug, &kit.name]
            .into_iter()
            .flat_map(|name| learner.read(name))
            .collect();
        let own_words = |text: &str, learner: &mut Learner| {
            let mut words = learner.read(&without_self(text));
            words.sort_unstable();
            words.dedup();
            words.retain(|word| !own.contains(word));
            words
        };
        let names = [without_toolkit(&manifest.slug), &manifest.name];
        let names = names.map(|name| own_words(name, learner));
        let use_cases = manifest.use_cases.iter();
        let use_cases = use_cases.map(|use_case| own_words(use_case, learner));
        // One word alone is the thing that it is done to: too many speak of that.
        let use_cases = use_cases.filter(|words| words.len() > 1);
        let telling = names.into_iter().chain(use_cases);
        let telling = telling.map(|words| words.into_iter().map(|word| (word, 1.0)).collect());
        let telling = telling.collect();
        let marked = if tool.has_tag(IMPORTANT) { MARKED } else { 1.0 };
        // Whoever brings a toolkit for themselves means to use it.
        let is_ranked = kit.rank != UNRANKED || tool.toolkit.of_project;
        let ranked = if is_ranked { RANKED } else { 1.0 };
        Self {
            toolkit,
            kind: Kind::of_tool(&spaced(&manifest.name), &manifest.tags),
            worth: marked * ranked / (MARKED * RANKED),
            marks,
            telling,
        }
    }

    /// Whether a text of which `mark` was made is its slug, its name or its description.
    pub(super) fn is_called(&self, mark: u64) -> bool {
        self.marks.contains(&mark)
    }

    /// A word of a name is worth what its rarity is; verbs that tools of every kind have hardly tell
    /// anything. `rarity` is of a word's number.
    pub(super) fn weigh(&mut self, rarity: impl Fn(u32) -> f32) {
        for telling in &mut self.telling {
            for (word, worth) in telling.iter_mut() {
                *worth = rarity(*word).clamp(COMMONEST, RAREST);
            }
            let sum: f32 = telling.iter().map(|(_, worth)| worth).sum();
            for (_, worth) in telling {
                *worth /= sum;
            }
        }
    }

    /// What to make of the words it shares with a query, between 0 and 1: whether it does what is
    /// wanted, and whether its own name says more than was asked.
    pub(super) fn answers(&self, query: &Query, asked: &[f32]) -> f32 {
        let told = self.telling.iter().map(|telling| {
            let told = telling
                .iter()
                .map(|(word, worth)| worth * asked[*word as usize]);
            told.sum::<f32>()
        });
        let told = told.fold(0.0, f32::max);
        let fits = query.kinds.iter().map(|asked| self.kind.fits(*asked));
        let fits = fits.fold(None, |best: Option<f32>, fit| {
            Some(best.map_or(fit, |best| best.max(fit)))
        });
        self.worth * (UNASKED + (1.0 - UNASKED) * told) * fits.unwrap_or(1.0)
    }
}

/// What a text is known by, given as the numbers of its stems.
pub(super) fn mark(words: &[u32]) -> u64 {
    let mut hasher = DefaultHasher::new();
    words.hash(&mut hasher);
    hasher.finish()
}

/// A slug without what stands before its first underscore.
pub(super) fn without_toolkit(slug: &str) -> &str {
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
