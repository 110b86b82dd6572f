//! Texts as a search sees them: words in lower case, without their endings.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use rust_stemmers::{Algorithm, Stemmer};

/// Words that stand everywhere and mean nothing to a search, in what people ask and in what tools say
/// of themselves.
const STOP_WORDS: &str = "a about again all also am an and another any anybody anyone anything are as \
    at be been being both but by can could d do does doing done each either else every everybody \
    everyone for from had has have having he her here hers hey hi him his how i if in into is it its \
    just kindly let lets ll m may me might mine much must my need needs no not now of off ok on one \
    ones onto or our ours out over own please quickly re s shall she should so some somebody someone \
    something such t thanks that the their theirs them then there these they thing things this those \
    through to too under up us ve very via was we were what when where whether which who whom whose \
    why will with within would you your yours want wants like";

static STOPPED: LazyLock<HashSet<&str>> =
    LazyLock::new(|| STOP_WORDS.split_ascii_whitespace().collect());

/// Whether a word in lower case means nothing to a search.
pub(super) fn is_stopped(word: &str) -> bool {
    STOPPED.contains(word)
}

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

/// Letters and digits alone, in lower case: `Google Calendar` and `google_calendar` are the same.
pub(super) fn joined(text: &str) -> String {
    let letters = text.chars().filter(|letter| letter.is_alphanumeric());
    letters.flat_map(char::to_lowercase).collect()
}

fn words(spaced: &str) -> impl Iterator<Item = &str> {
    spaced
        .split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| !word.is_empty() && !is_stopped(word))
}

/// In lower case, with a space where camel case steps.
pub(super) fn spaced(text: &str) -> String {
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

    #[test]
    fn names_are_the_same_however_they_are_written() {
        assert_eq!(joined("Google Calendar"), joined("google_calendar"));
    }
}
