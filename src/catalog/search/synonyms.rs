//! Words that people use for the words that APIs use; `vocabulary.txt` has them.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::words::stems;

/// What a word counts that means the same as the one asked for.
const SAME: f32 = 0.8;
/// What a word counts that the one asked for may stand for.
const NEAR: f32 = 0.45;

static VOCABULARY: LazyLock<Vocabulary> =
    LazyLock::new(|| Vocabulary::read(include_str!("vocabulary.txt")));

#[derive(Debug, Default)]
struct Vocabulary {
    /// By stem: those that may stand in its place, and what each counts then.
    related: HashMap<String, Vec<(String, f32)>>,
    /// Turns of phrase, with spaces around, and the words that they mean.
    phrases: Vec<(String, String)>,
    /// By what people call a toolkit: its slug.
    nicknames: HashMap<String, String>,
    /// Lines that say nothing.
    unread: Vec<String>,
}

impl Vocabulary {
    fn read(text: &str) -> Self {
        let mut vocabulary = Self::default();
        let lines = text.lines().map(str::trim);
        for line in lines.filter(|line| !line.is_empty() && !line.starts_with('#')) {
            vocabulary.read_line(line);
        }
        vocabulary
    }

    fn read_line(&mut self, line: &str) {
        if let Some(group) = line.strip_prefix('=') {
            let group = stems(group);
            for word in &group {
                self.relate(word, &group, SAME);
            }
        } else if let Some((phrase, meaning)) = line.split_once(":>") {
            let around = |text: &str| format!(" {} ", text.trim());
            self.phrases.push((around(phrase), around(meaning)));
        } else if let Some((word, meaning)) = line.split_once('>') {
            let meaning = meaning.trim();
            match word.strip_prefix('@') {
                Some(name) => {
                    let name = name.trim().to_owned();
                    self.nicknames.insert(name, meaning.to_owned());
                }
                None => {
                    for word in stems(word) {
                        self.relate(&word, &stems(meaning), NEAR);
                    }
                }
            }
        } else {
            self.unread.push(line.to_owned());
        }
    }

    /// The first line that relates two words says how near they are.
    fn relate(&mut self, word: &str, others: &[String], weight: f32) {
        let related = self.related.entry(word.to_owned()).or_default();
        for other in others {
            if other != word && related.iter().all(|(known, _)| known != other) {
                related.push((other.clone(), weight));
            }
        }
    }
}

/// The stems that may stand where this one is asked for, and what each counts then.
pub(super) fn of(stem: &str) -> &'static [(String, f32)] {
    VOCABULARY.related.get(stem).map_or(&[], Vec::as_slice)
}

/// A text in lower case with its turns of phrase in single words.
pub(super) fn plain(text: &str) -> String {
    let mut plain = format!(" {text} ");
    for (phrase, meaning) in &VOCABULARY.phrases {
        if plain.contains(phrase) {
            plain = plain.replace(phrase, meaning);
        }
    }
    plain
}

/// The slug of the toolkit that goes by this name among people.
pub(super) fn nickname(word: &str) -> Option<&'static str> {
    VOCABULARY.nicknames.get(word).map(String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_vocabulary_says_something() {
        assert_eq!(VOCABULARY.unread, Vec::<String>::new());
        assert_eq!(nickname("hn"), Some("hackernews"));
    }

    #[test]
    fn words_of_a_group_stand_for_one_another_and_short_ones_for_long_ones() {
        let words = |stem| of(stem).iter().map(|(word, _)| word).collect::<Vec<_>>();
        assert!(words("remov").contains(&&"delet".to_owned()));
        assert!(words("delet").contains(&&"remov".to_owned()));
        assert_eq!(words("pr"), ["pull", "request"]);
        assert!(words("github").is_empty());
    }

    #[test]
    fn turns_of_phrase_become_words() {
        assert_eq!(plain("get rid of the ticket"), " delete the ticket ");
    }
}
