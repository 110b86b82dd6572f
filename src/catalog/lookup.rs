//! Finds toolkits and tools by slug, and the nearest ones when there is none.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::versions::{BASE, LATEST};
use super::{Catalog, Tool, Toolkit};
use crate::error::{Error, Result};

const SUGGESTIONS: usize = 3;
/// Below it two slugs have nothing to do with each other.
const LEAST_LIKENESS: f64 = 0.4;

impl Catalog {
    /// A toolkit by slug, in any case.
    ///
    /// # Errors
    /// [`Error::NotFound`] with the nearest slugs.
    pub fn toolkit(&self, slug: &str) -> Result<&Arc<Toolkit>> {
        let lower = slug.to_ascii_lowercase();
        self.toolkits.get(&lower).ok_or_else(|| Error::NotFound {
            what: "toolkit",
            id: slug.to_owned(),
            fix: suggestion(&lower, self.toolkits.keys()),
        })
    }

    /// A tool by slug or alias, in any case, in the form that `version` has (the newest where
    /// absent).
    ///
    /// # Errors
    /// [`Error::NotFound`] with the nearest slugs, or with the versions there are.
    pub fn tool(&self, slug: &str, version: Option<&str>) -> Result<&Arc<Tool>> {
        let forms = self.forms(slug)?;
        let newest = &forms[0];
        let asked = newest.toolkit.asked(version)?;
        let form = forms.iter().find(|form| form.is_of(asked));
        form.ok_or_else(|| Error::NotFound {
            what: "version",
            id: format!(
                "{} of tool {}",
                version.unwrap_or(LATEST),
                newest.manifest.slug
            ),
            fix: Some(format!(
                "Versions that have {}, newest first: {}; `{BASE}` is the oldest.",
                newest.manifest.slug,
                newest.available_versions.join(", ")
            )),
        })
    }

    /// A tool by slug or alias, in any case, in its newest form, even one that the newest version
    /// of its toolkit has no more.
    ///
    /// # Errors
    /// [`Error::NotFound`] with the nearest slugs.
    pub fn newest_form(&self, slug: &str) -> Result<&Arc<Tool>> {
        self.forms(slug).map(|forms| &forms[0])
    }

    fn forms(&self, slug: &str) -> Result<&[Arc<Tool>]> {
        let upper = slug.to_ascii_uppercase();
        self.find_forms(&upper).ok_or_else(|| Error::NotFound {
            what: "tool",
            id: slug.to_owned(),
            fix: suggestion(&upper, self.tools_by_slug.keys().chain(self.aliases.keys())),
        })
    }

    /// The slugs and aliases that are nearest to one that no tool has, the best first.
    #[must_use]
    pub fn nearest_tools(&self, slug: &str) -> Vec<&str> {
        let known = self.tools_by_slug.keys().chain(self.aliases.keys());
        let near = nearest(&slug.to_ascii_uppercase(), known).into_iter();
        near.map(|(_, slug)| slug.as_str()).collect()
    }

    /// The forms of a tool by slug or alias in upper case, newest first; never empty.
    pub(super) fn find_forms(&self, slug: &str) -> Option<&[Arc<Tool>]> {
        let slug = self.aliases.get(slug).map_or(slug, String::as_str);
        self.tools_by_slug.get(slug).map(Vec::as_slice)
    }
}

/// `Did you mean A, B or C?`, if anything is near.
fn suggestion<'s>(asked: &str, known: impl Iterator<Item = &'s String>) -> Option<String> {
    let near: Vec<String> = nearest(asked, known)
        .into_iter()
        .map(|(_, slug)| format!("`{slug}`"))
        .collect();
    match near.as_slice() {
        [] => None,
        [only] => Some(format!("Did you mean {only}?")),
        [first @ .., last] => Some(format!("Did you mean {} or {last}?", first.join(", "))),
    }
}

/// The slugs that are nearest, the best first. Letters are compared, which takes long, only where the
/// words let a slug be among the best.
fn nearest<'s>(asked: &str, known: impl Iterator<Item = &'s String>) -> Vec<(f64, &'s String)> {
    let words = words_of(asked);
    let mut candidates: Vec<(f64, &String)> = known
        .map(|slug| (shared_words(&words, slug), slug))
        .collect();
    candidates.sort_by(|(a, x), (b, y)| b.total_cmp(a).then(x.cmp(y)));
    let mut near: Vec<(f64, &String)> = Vec::new();
    for (shared, slug) in candidates {
        let to_beat = match near.get(SUGGESTIONS - 1) {
            Some((least, _)) => *least,
            None => LEAST_LIKENESS,
        };
        if f64::midpoint(shared, 1.0) < to_beat {
            break;
        }
        let likeness = f64::midpoint(shared, strsim::normalized_levenshtein(asked, slug));
        if likeness >= to_beat {
            near.push((likeness, slug));
            near.sort_by(|(a, x), (b, y)| b.total_cmp(a).then(x.cmp(y)));
            near.truncate(SUGGESTIONS);
        }
    }
    near
}

fn words_of(slug: &str) -> BTreeSet<&str> {
    slug.split('_').filter(|word| !word.is_empty()).collect()
}

/// 0 to 1: how many of their words two slugs share.
#[expect(clippy::cast_precision_loss, reason = "slugs have few words")]
fn shared_words(words: &BTreeSet<&str>, slug: &str) -> f64 {
    let others = words_of(slug);
    let common = words.intersection(&others).count() as f64;
    2.0 * common / (words.len() + others.len()).max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_slugs_come_first_and_far_ones_not_at_all() {
        let known = [
            "GITHUB_CREATE_AN_ISSUE",
            "GITHUB_GET_AN_ISSUE",
            "SLACK_SEND_MESSAGE",
        ]
        .map(str::to_owned);
        assert_eq!(
            suggestion("GITHUB_CREATE_ISSUES", known.iter()).unwrap(),
            "Did you mean `GITHUB_CREATE_AN_ISSUE` or `GITHUB_GET_AN_ISSUE`?"
        );
        assert_eq!(suggestion("ZZZ", known.iter()), None);
    }
}
