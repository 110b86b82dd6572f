//! What people ask for: the words that matter, what they stand for, and what they want done.

use std::collections::{HashMap, HashSet};

use super::kind::{Kind, is_among};
use super::synonyms;
use super::things::without_things;
use super::words::{is_stopped, joined, spaced, stems};

/// What a hint counts that an address, a date or another thing in a query gives.
const HINT: f32 = 0.35;
/// What a verb counts beside the things that it is done to.
const VERB: f32 = 0.45;
/// What a word of a toolkit's name counts when the toolkit was named by it.
const NAMING: f32 = 0.35;
/// What a word counts that says when.
const WHEN: f32 = 0.25;
/// What a word counts of what something is about.
const TOPIC: f32 = 0.5;
/// The most words of a toolkit's name.
const LONGEST_NAME: usize = 3;

/// Verbs that tools of every kind begin with, in stems.
const COMMON_VERBS: &str = "creat add new make insert delet remov updat edit modifi chang get fetch \
    retriev read show view list brows set put give all tell open";

/// Words that say when, which mean a tool only where it has them in its name.
const TIME_WORDS: &str = "today tonight tomorrow yesterday monday tuesday wednesday thursday friday \
    saturday sunday week weekend month year day hour minute morning afternoon evening noon midnight \
    january february march april may june july august september october november december later \
    soon next last this pm am ago daily weekly until since before after";

/// Words that begin what something is about.
const TOPIC_WORDS: &str = "about called named titled saying says regarding concerning that because";
/// Words that end it.
const TOPIC_ENDS: &str = "in on to into and then with via through using";

/// What words hint at that mean nothing by themselves.
const HINTING: &[(&str, &str)] = &[
    ("who", "user member people"),
    ("whom", "user"),
    ("whose", "user owner"),
    ("where", "find search location"),
    ("my", "authenticated"),
    ("mine", "authenticated"),
];

/// One thing that a query speaks of.
pub(super) struct Term {
    /// How much it matters, 1 for a word that stands there.
    pub(super) weight: f32,
    /// The stems that mean it, and what each counts.
    pub(super) stems: Vec<(String, f32)>,
}

/// The number of a toolkit, and the stems of the words that name it.
type Naming = (u32, Vec<String>);

/// A query, understood.
pub(super) struct Query {
    /// What it speaks of.
    pub(super) terms: Vec<Term>,
    /// What it wants done; empty where that is not said.
    pub(super) kinds: Vec<Kind>,
    /// The toolkits that it names, and the stems of the words by which it does.
    pub(super) toolkits: Vec<Naming>,
}

impl Query {
    /// Understands a text. `toolkit` finds a toolkit by its name or slug, letters and digits alone.
    pub(super) fn new(text: &str, toolkit: impl Fn(&str) -> Option<u32>) -> Self {
        let mut hints = Vec::new();
        let spoken = without_things(text, &mut hints);
        let plain = synonyms::plain(&spaced(&spoken).replace(['\'', '’'], " "));
        let words: Vec<&str> = plain
            .split(|letter: char| !letter.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .collect();
        let (toolkits, naming) = named(&words, toolkit);
        let mut terms = Vec::new();
        let mut seen = HashSet::new();
        let mut is_topic = false;
        for (place, word) in words.iter().enumerate() {
            if is_among(TOPIC_WORDS, word) {
                is_topic = place > 0;
            } else if is_among(TOPIC_ENDS, word) {
                is_topic = false;
            }
            let hinted = HINTING.iter().find(|(hinting, _)| hinting == word);
            hints.extend(hinted.into_iter().flat_map(|(_, hints)| hints.split(' ')));
            let when = if is_among(TIME_WORDS, word) {
                WHEN
            } else {
                1.0
            };
            let topic = if is_topic { TOPIC } else { 1.0 };
            let weight = naming.get(&place).copied().unwrap_or(1.0) * when * topic;
            if weight > 0.0 && !is_stopped(word) {
                for stem in stems(word) {
                    if seen.insert(stem.clone()) {
                        terms.push(Term::new(stem, weight));
                    }
                }
            }
        }
        for stem in hints.into_iter().flat_map(stems) {
            if seen.insert(stem.clone()) {
                terms.push(Term {
                    weight: HINT,
                    stems: vec![(stem, 1.0)],
                });
            }
        }
        Self {
            kinds: Kind::of_query(&plain),
            terms,
            toolkits,
        }
    }
}

impl Term {
    fn new(stem: String, weight: f32) -> Self {
        let is_verb = is_among(COMMON_VERBS, &stem);
        let others = synonyms::of(&stem).iter().cloned();
        let weight = if is_verb { weight * VERB } else { weight };
        Self {
            weight,
            stems: others.chain([(stem, 1.0)]).collect(),
        }
    }
}

/// The toolkits that words name, and by the place of each word that does what is left of it: nothing
/// of a name that is one word, since `Linear` says nothing else, and a little of `Google Calendar`.
fn named(
    words: &[&str],
    toolkit: impl Fn(&str) -> Option<u32>,
) -> (Vec<Naming>, HashMap<usize, f32>) {
    let mut toolkits = Vec::new();
    let mut naming = HashMap::new();
    for length in (1..=LONGEST_NAME).rev() {
        for (place, run) in words.windows(length).enumerate() {
            if (place..place + length).any(|place| naming.contains_key(&place)) {
                continue;
            }
            let name = joined(&run.concat());
            let nickname = synonyms::nickname(&name);
            if let Some(found) = toolkit(&name).or_else(|| nickname.and_then(&toolkit)) {
                toolkits.push((found, stems(&run.join(" "))));
                let left = match (length, nickname) {
                    (1, None) => 0.0,
                    (1, Some(_)) => 1.0,
                    _ => NAMING,
                };
                naming.extend((place..place + length).map(|place| (place, left)));
            }
        }
    }
    (toolkits, naming)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(text: &str) -> Query {
        Query::new(text, |name| (name == "googlecalendar").then_some(7))
    }

    fn weight(text: &str, stem: &str) -> Option<f32> {
        let query = query(text);
        let mut terms = query.terms.iter();
        let term = terms.find(|term| term.stems.last().is_some_and(|(own, _)| own == stem));
        term.map(|term| term.weight)
    }

    #[test]
    fn what_a_query_holds_besides_words_is_a_hint_and_no_word() {
        assert_eq!(weight("hello john@acme.com", "email"), Some(HINT));
        assert_eq!(weight("hello john@acme.com", "acm"), None);
        assert_eq!(weight("give ABC-123 to Maria", "issu"), Some(HINT));
        assert_eq!(weight("put 42 into B7", "cell"), Some(HINT));
        assert_eq!(weight("ping #general", "general"), None);
        assert_eq!(weight("read https://github.com/a/b", "github"), Some(1.0));
    }

    #[test]
    fn what_something_is_about_and_when_it_is_counts_less_than_the_thing() {
        assert_eq!(weight("the mail about an invoice", "mail"), Some(1.0));
        assert_eq!(weight("the mail about an invoice", "invoic"), Some(TOPIC));
        assert_eq!(
            weight("the mail about rust in a folder", "folder"),
            Some(1.0)
        );
        assert_eq!(weight("the report of yesterday", "yesterday"), Some(WHEN));
    }

    #[test]
    fn a_toolkit_is_named_however_its_name_is_written() {
        let toolkits = query("add it to my Google Calendar").toolkits;
        assert_eq!(toolkits, [(7, stems("google calendar"))]);
        assert_eq!(query("add it to gcal").toolkits, [(7, stems("gcal"))]);
        assert!(query("add it to my calendar").toolkits.is_empty());
    }
}
