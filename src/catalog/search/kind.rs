//! What a tool does to things, and what a query wants done: the verb that both begin with.

use super::words::is_stopped;

/// What is done to the thing that a tool or a query is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Nothing: it is looked at.
    Read,
    /// It comes about, or is sent.
    Make,
    /// It becomes another.
    Change,
    /// It goes.
    Remove,
    /// Anything, as far as words tell.
    Other,
}

const VERBS: [(Kind, &str); 4] = [
    (
        Kind::Read,
        "get fetch retrieve read show list browse find search view look lookup query see check tell \
         download explain summarize summarise count compare monitor display enumerate return \
         returns describe know review analyze analyse inspect track catch learn pull locate",
    ),
    (
        Kind::Make,
        "create creation add make insert new start open write send post file register generate build publish \
         upload schedule book reply respond answer forward invite share comment attach append draft \
         copy duplicate clone charge pay refund compose launch tell notify announce request log put \
         import deploy drop issue raise tweet email mail message ping text call dm plan arrange order \
         set-up subscribe save submit establish jot record",
    ),
    (
        Kind::Change,
        "update edit modify change patch set rename move replace put mark assign adjust transfer \
         transition switch reschedule convert enable disable turn upsert sort format tag label \
         approve accept merge fix correct increase decrease extend",
    ),
    (
        Kind::Remove,
        "delete deletion remove erase destroy trash discard clear purge cancel drop kick unfollow unstar \
         unassign unpin unsubscribe revoke uninstall stop end archive close empty leave void wipe \
         withdraw uninvite unlink detach throw",
    ),
];

/// Words after which another clause begins.
const CONJUNCTIONS: &str = "and then to please or";

/// Question words: what they begin wants an answer.
const QUESTIONS: &str = "what which who whom whose when where why how is are am was were do does did \
    has have can";

impl Kind {
    /// What the name of a tool says, or else the hints among its tags.
    pub(super) fn of_tool(name: &str, tags: &[String]) -> Self {
        let has = |hint: &str| tags.iter().any(|tag| tag == hint);
        if has("readOnlyHint") {
            return Self::Read;
        }
        let mut words = name.split(|letter: char| !letter.is_alphabetic());
        let is_removing = |word: &str| kinds_of(word).any(|kind| kind == Self::Remove);
        if has("destructiveHint") && words.clone().any(is_removing) {
            return Self::Remove;
        }
        let mut verbs = words.next().into_iter().flat_map(kinds_of);
        if let Some(kind) = verbs.next() {
            kind
        } else if has("updateHint") {
            Self::Change
        } else {
            Self::Other
        }
    }

    /// What a text in lower case asks for, by the verbs that its clauses begin with; nothing where
    /// none does.
    pub(super) fn of_query(text: &str) -> Vec<Self> {
        let mut kinds = Vec::new();
        let mut is_beginning = true;
        let mut is_first = true;
        for word in text.split([' ', '\n']) {
            let bare = word.trim_matches(|letter: char| !letter.is_alphanumeric());
            if bare.is_empty() {
                continue;
            }
            if is_beginning && is_first && is_among(QUESTIONS, bare) {
                return vec![Self::Read];
            }
            let begins_another = is_among(CONJUNCTIONS, bare);
            if is_beginning && !begins_another {
                // Beyond the beginning it says what kind of thing, as in `any new mail`.
                if is_first || bare != "new" {
                    kinds.extend(kinds_of(bare));
                }
                is_beginning = is_stopped(bare);
            }
            is_beginning |= begins_another || word.ends_with([',', ';', '.', ':', '!', '?']);
            is_first = false;
        }
        kinds
    }

    /// What is left of a tool's score when something else was asked for.
    pub(super) const fn fits(self, asked: Self) -> f32 {
        match (asked, self) {
            (Self::Other, _)
            | (_, Self::Other)
            | (Self::Read, Self::Read)
            | (Self::Make, Self::Make)
            | (Self::Change, Self::Change)
            | (Self::Remove, Self::Remove) => 1.0,
            (Self::Make | Self::Remove, Self::Change) | (Self::Change, Self::Make) => 0.9,
            (Self::Change, Self::Remove) => 0.8,
            (Self::Read, Self::Make | Self::Change)
            | (Self::Make | Self::Change, Self::Read)
            | (Self::Remove, Self::Make) => 0.7,
            (Self::Read | Self::Make, Self::Remove) | (Self::Remove, Self::Read) => 0.6,
        }
    }
}

fn kinds_of(word: &str) -> impl Iterator<Item = Kind> + '_ {
    let of = VERBS.iter();
    let base = word
        .strip_suffix('s')
        .filter(|base| base.len() > 2)
        .unwrap_or(word);
    of.filter(move |(_, verbs)| is_among(verbs, word) || is_among(verbs, base))
        .map(|(kind, _)| *kind)
}

/// Whether a word is one of these, which stand with spaces between them.
pub(super) fn is_among(words: &str, word: &str) -> bool {
    words.split_ascii_whitespace().any(|one| one == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[rstest::rstest]
    #[case("show open pull requests", &[Kind::Read])]
    #[case("open a pull request", &[Kind::Make])]
    #[case("which mails did i send", &[Kind::Read])]
    #[case("any new mail", &[])]
    #[case("new mail", &[Kind::Make])]
    #[case("find the date and add it", &[Kind::Read, Kind::Make])]
    #[case("i am away, cancel the meeting", &[Kind::Remove])]
    fn the_verb_that_a_clause_begins_with_says_what_is_wanted(
        #[case] text: &str,
        #[case] kinds: &[Kind],
    ) {
        assert_eq!(Kind::of_query(text), kinds);
    }

    #[test]
    fn a_tool_does_what_its_name_begins_with_or_else_what_its_tags_say() {
        let of = |name: &str, tag: &str| Kind::of_tool(name, &[tag.to_owned()]);
        assert_eq!(of("deletes a file", "openWorldHint"), Kind::Remove);
        assert_eq!(of("quota of a drive", "readOnlyHint"), Kind::Read);
        assert_eq!(of("quota of a drive", "openWorldHint"), Kind::Other);
    }
}
