//! Texts as a search sees them: words in lower case, without their endings.

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
    spaced(text)
        .split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| !word.is_empty() && !STOP_WORDS.contains(word))
        .map(|word| stemmer.stem(word).into_owned())
        .collect()
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
