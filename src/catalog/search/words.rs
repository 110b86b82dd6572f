//! Texts as a search sees them: words in lower case, without their endings.

use std::collections::HashMap;

use rust_stemmers::{Algorithm, Stemmer};

/// Words that stand everywhere and mean nothing to a search.
const STOP_WORDS: [&str; 33] = [
    "a", "all", "an", "and", "any", "are", "as", "at", "be", "by", "can", "for", "from", "i", "in",
    "is", "it", "its", "me", "my", "of", "on", "one", "or", "please", "that", "the", "their",
    "this", "to", "want", "with", "you",
];

/// The stems of a text's words (Porter's second algorithm for English, snowballstem.org): split at
/// everything that is no letter or digit and where camel case steps.
pub(super) fn stems(text: &str) -> Vec<String> {
    let stemmer = Stemmer::create(Algorithm::English);
    let spaced = spaced(text);
    words(&spaced)
        .map(|word| stemmer.stem(word).into_owned())
        .collect()
}

/// Numbers of stems, given as texts are read. A word is stemmed once: a large catalog has few words,
/// many times over.
pub(super) struct Learner {
    stemmer: Stemmer,
    seen: HashMap<String, u32>,
    /// The number of each stem.
    pub(super) numbers: HashMap<String, u32>,
}

impl Learner {
    pub(super) fn new() -> Self {
        Self {
            stemmer: Stemmer::create(Algorithm::English),
            seen: HashMap::new(),
            numbers: HashMap::new(),
        }
    }

    /// The numbers of a text's stems.
    pub(super) fn read(&mut self, text: &str) -> Vec<u32> {
        let spaced = spaced(text);
        words(&spaced).map(|word| self.number(word)).collect()
    }

    fn number(&mut self, word: &str) -> u32 {
        if let Some(number) = self.seen.get(word) {
            return *number;
        }
        let next = u32::try_from(self.numbers.len()).unwrap_or(u32::MAX);
        let stem = self.stemmer.stem(word).into_owned();
        let number = *self.numbers.entry(stem).or_insert(next);
        self.seen.insert(word.to_owned(), number);
        number
    }
}

fn words(spaced: &str) -> impl Iterator<Item = &str> {
    spaced
        .split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| !word.is_empty() && !STOP_WORDS.contains(word))
}

fn spaced(text: &str) -> String {
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_lower_case_stems_without_stop_words() {
        assert_eq!(stems("GITHUB_LIST_THE_ISSUES"), ["github", "list", "issu"]);
        assert_eq!(
            stems("readOnlyHint, access"),
            ["read", "onli", "hint", "access"]
        );
        assert_eq!(stems("replying to messages"), stems("reply message"));
    }
}
