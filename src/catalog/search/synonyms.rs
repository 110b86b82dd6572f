//! Words that people use for the words that APIs use.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::words::stems;

/// Words of one group stand for one another.
const GROUPS: [&str; 40] = [
    "create add new make insert",
    "delete remove erase destroy trash",
    "update edit modify change patch",
    "get fetch retrieve read show view",
    "list browse enumerate",
    "find search lookup query look",
    "send post deliver",
    "upload attach put",
    "download export save",
    "copy duplicate clone",
    "archive close",
    "schedule plan book arrange",
    "cancel abort",
    "reply respond answer",
    "invite share",
    "rename retitle",
    "assign delegate",
    "run execute trigger start launch dispatch",
    "merge combine",
    "approve accept confirm",
    "refund reimburse",
    "charge bill",
    "email mail message inbox",
    "chat message dm",
    "user person people member contact",
    "repository repo project",
    "issue ticket bug task",
    "event meeting appointment",
    "calendar agenda",
    "file document attachment",
    "folder directory",
    "sheet spreadsheet worksheet table",
    "page note doc",
    "channel conversation room",
    "comment remark note",
    "label tag",
    "star bookmark favourite favorite",
    "customer client buyer",
    "invoice bill",
    "organization organisation workspace team company",
];
/// A word that is short for several.
const SHORT: [(&str, &str); 8] = [
    ("pr", "pull request"),
    ("prs", "pull request"),
    ("mr", "merge request"),
    ("dm", "direct message"),
    ("cc", "carbon copy"),
    ("todo", "task"),
    ("ci", "workflow run"),
    ("free", "availability slot"),
];

static RELATED: LazyLock<HashMap<String, Vec<String>>> = LazyLock::new(|| {
    let mut related: HashMap<String, Vec<String>> = HashMap::new();
    for group in GROUPS {
        let group = stems(group);
        for word in &group {
            let others = group.iter().filter(|other| *other != word);
            related
                .entry(word.clone())
                .or_default()
                .extend(others.cloned());
        }
    }
    for (short, long) in SHORT {
        let own = stems(short).into_iter();
        own.for_each(|short| related.entry(short).or_default().extend(stems(long)));
    }
    related
});

/// The stems that may stand where this one is asked for.
pub(super) fn of(stem: &str) -> &'static [String] {
    RELATED.get(stem).map_or(&[], Vec::as_slice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_a_group_stand_for_one_another_and_short_ones_for_long_ones() {
        assert!(of("remov").contains(&"delet".to_owned()));
        assert!(of("delet").contains(&"remov".to_owned()));
        assert_eq!(of("pr"), ["pull", "request"]);
        assert!(of("github").is_empty());
    }
}
