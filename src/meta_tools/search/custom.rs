//! Tools that the caller runs itself, among which a search looks too.

use std::collections::BTreeSet;

use crate::sessions::Scope;
use crate::sessions::custom::CustomTool;

/// What of the words of a use case a tool must have.
const SHARE: f64 = 0.5;
const MOST: usize = 3;
/// Shorter words say nothing.
const SHORTEST: usize = 3;

/// The caller's tools that do what is asked for, the best first.
pub(super) fn found<'s>(scope: &'s Scope, use_case: &str) -> Vec<&'s CustomTool> {
    let asked = words(use_case);
    let own = scope
        .session
        .iter()
        .flat_map(|session| session.custom.all());
    let mut found: Vec<(f64, &CustomTool)> = own
        .map(|tool| {
            let text = format!("{} {} {}", tool.slug, tool.name, tool.description);
            (share(&asked, &words(&text)), tool)
        })
        .filter(|(share, _)| *share >= SHARE)
        .collect();
    found.sort_by(|(a, x), (b, y)| b.total_cmp(a).then_with(|| x.slug.cmp(&y.slug)));
    found.into_iter().take(MOST).map(|(_, tool)| tool).collect()
}

fn words(text: &str) -> BTreeSet<String> {
    let words = text.split(|letter: char| !letter.is_alphanumeric());
    words
        .filter(|word| word.chars().count() >= SHORTEST)
        .map(|word| word.to_lowercase().trim_end_matches('s').to_owned())
        .collect()
}

#[expect(clippy::cast_precision_loss, reason = "few words")]
fn share(asked: &BTreeSet<String>, known: &BTreeSet<String>) -> f64 {
    asked.intersection(known).count() as f64 / asked.len().max(1) as f64
}
