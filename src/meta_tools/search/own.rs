//! What a search finds beside the catalog: tools that the caller runs itself, and the project's
//! recipes.

use std::collections::BTreeSet;

use super::super::{Desk, recipes};
use crate::error::Result;
use crate::sessions::Scope;
use crate::sessions::custom::CustomTool;
use recipes::Recipe;

/// What of the words of a use case must be there.
const SHARE: f64 = 0.5;
const MOST_TOOLS: usize = 3;
const MOST_RECIPES: usize = 2;
/// Shorter words say nothing.
const SHORTEST: usize = 3;

/// The caller's tools that do what is asked for, the best first.
pub(super) fn custom_tools<'s>(scope: &'s Scope, use_case: &str) -> Vec<&'s CustomTool> {
    let own = scope.session.iter();
    let own = own.flat_map(|session| session.custom.all());
    best(use_case, own, MOST_TOOLS, |tool| {
        format!("{} {} {}", tool.slug, tool.name, tool.description)
    })
}

/// The project's recipes that do what is asked for and can be executed, the best first.
///
/// # Errors
/// When the database does not answer.
pub(super) async fn recipes(desk: &Desk<'_>, use_cases: &[&str]) -> Result<Vec<Vec<Recipe>>> {
    let names = recipes::names(desk).await?;
    let mut found = Vec::new();
    for use_case in use_cases {
        let meant = best(use_case, names.iter(), MOST_RECIPES, |one| {
            format!("{} {}", one.name, one.description)
        });
        let mut known = Vec::new();
        for name in meant {
            known.extend(recipes::find(desk, &name.slug, None).await?);
        }
        known.retain(Recipe::is_executable);
        found.push(known);
    }
    Ok(found)
}

/// Those whose words hold enough of the use case's.
fn best<T>(
    use_case: &str,
    all: impl Iterator<Item = T>,
    most: usize,
    text: impl Fn(&T) -> String,
) -> Vec<T> {
    let asked = words(use_case);
    let mut found: Vec<(f64, T)> = all
        .map(|one| (share(&asked, &words(&text(&one))), one))
        .filter(|(share, _)| *share >= SHARE)
        .collect();
    // Equals stay in order.
    found.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    found.into_iter().take(most).map(|(_, one)| one).collect()
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
