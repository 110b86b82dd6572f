//! Which tool finds the value that another one asks for: an id, by the tool of the same toolkit that
//! lists such things.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::catalog::manifest::ArgManifest;
use crate::catalog::{Tool, ToolFilter, VersionPins};
use crate::sessions::Scope;

/// What the names of arguments end with that stand for something that is there already.
const ENDINGS: [&str; 9] = [
    "_ids", "_id", "_number", "_key", "_uuid", "_gid", "_urn", "_sha", "_ref",
];
/// Verbs of slugs that find things, the best first.
const VERBS: [&str; 6] = ["LIST", "SEARCH", "FIND", "QUERY", "FETCH", "GET"];
const READ_ONLY: &str = "readOnlyHint";

/// The words that name the thing which an argument stands for; none for one that a person says.
pub(super) fn thing(arg: &ArgManifest, tool: &Tool) -> Option<Vec<String>> {
    if !matches!(arg.kind.as_str(), "string" | "integer" | "array") || arg.default.is_some() {
        return None;
    }
    let name = arg.arg.to_ascii_lowercase();
    if matches!(name.as_str(), "id" | "ids" | "uuid" | "key" | "number") {
        return Some(own_things(tool));
    }
    let stem = ENDINGS
        .iter()
        .find_map(|ending| name.strip_suffix(ending))?;
    let words: Vec<String> = stem
        .split('_')
        .filter(|word| !word.is_empty())
        .map(singular)
        .collect();
    (!words.is_empty()).then_some(words)
}

/// What the tool itself is about: its slug without toolkit and verb.
fn own_things(tool: &Tool) -> Vec<String> {
    let words = words(tool);
    let last = words
        .iter()
        .rev()
        .find(|word| !VERBS.contains(&word.to_ascii_uppercase().as_str()));
    last.cloned().into_iter().collect()
}

/// A tool of the same toolkit that lists these things, if the scope lets it through.
pub(super) fn finder<'s>(
    scope: &'s Scope,
    tool: &Tool,
    things: &[String],
) -> Option<&'s Arc<Tool>> {
    let filter = ToolFilter {
        toolkits: vec![tool.toolkit.manifest.slug.clone()],
        ..ToolFilter::default()
    };
    let tools = scope.catalog.list_tools(&filter, &VersionPins::None).ok()?;
    let wanted = required(tool);
    let rank = |other: &&Arc<Tool>| {
        let words = words(other);
        let verb = VERBS
            .iter()
            .position(|verb| words.iter().any(|word| word.eq_ignore_ascii_case(verb)))?;
        let has = things.iter().all(|thing| words.contains(thing));
        let is_other = other.manifest.slug != tool.manifest.slug;
        if !has || !is_other || !other.has_tag(READ_ONLY) || !scope.permits(other) {
            return None;
        }
        // It must not ask for the very thing.
        let asks = other.manifest.args.iter().filter(|arg| arg.required);
        let mut own = asks.filter_map(|arg| thing(arg, other));
        if own.any(|asked| asked.iter().any(|word| things.contains(word))) {
            return None;
        }
        let further = required(other).difference(&wanted).count();
        Some((further, verb, words.len(), other.manifest.slug.clone()))
    };
    let ranked = tools
        .into_iter()
        .filter_map(|other| Some((rank(&other)?, other)));
    ranked
        .min_by(|(a, _), (b, _)| a.cmp(b))
        .map(|(_, other)| other)
}

fn required(tool: &Tool) -> BTreeSet<String> {
    let required = tool.manifest.args.iter().filter(|arg| arg.required);
    required.map(|arg| arg.arg.clone()).collect()
}

/// The words of a slug without its toolkit's, in the singular.
fn words(tool: &Tool) -> Vec<String> {
    let toolkit = tool.toolkit.manifest.slug.to_ascii_uppercase();
    let slug = &tool.manifest.slug;
    let own = slug.strip_prefix(&toolkit).unwrap_or(slug);
    own.split('_')
        .filter(|word| !word.is_empty())
        .map(singular)
        .collect()
}

fn singular(word: &str) -> String {
    let word = word.to_ascii_lowercase();
    if let Some(stem) = word.strip_suffix("ies").filter(|stem| stem.len() > 1) {
        return format!("{stem}y");
    }
    let ends = ["ss", "us", "is"].iter().any(|end| word.ends_with(end));
    match word
        .strip_suffix('s')
        .filter(|stem| !ends && stem.len() > 2)
    {
        Some(stem) => stem.to_owned(),
        None => word,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_compared_in_the_singular() {
        for (given, expected) in [
            ("ISSUES", "issue"),
            ("repositories", "repository"),
            ("status", "status"),
            ("address", "address"),
            ("gas", "gas"),
        ] {
            assert_eq!(singular(given), expected);
        }
    }
}
