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

    /// The forms of a tool by slug or alias in upper case, newest first; never empty.
    pub(super) fn find_forms(&self, slug: &str) -> Option<&[Arc<Tool>]> {
        let slug = self.aliases.get(slug).map_or(slug, String::as_str);
        self.tools_by_slug.get(slug).map(Vec::as_slice)
    }
}

/// `Did you mean A, B or C?`, if anything is near.
fn suggestion<'s>(asked: &str, known: impl Iterator<Item = &'s String>) -> Option<String> {
    let mut near: Vec<(f64, &String)> = known
        .map(|slug| (likeness(asked, slug), slug))
        .filter(|(likeness, _)| *likeness >= LEAST_LIKENESS)
        .collect();
    near.sort_by(|(a, x), (b, y)| b.total_cmp(a).then(x.cmp(y)));
    let near: Vec<String> = near
        .iter()
        .take(SUGGESTIONS)
        .map(|(_, slug)| format!("`{slug}`"))
        .collect();
    match near.as_slice() {
        [] => None,
        [only] => Some(format!("Did you mean {only}?")),
        [first @ .., last] => Some(format!("Did you mean {} or {last}?", first.join(", "))),
    }
}

/// 0 to 1: the words two slugs share, and how near their letters are.
fn likeness(a: &str, b: &str) -> f64 {
    let words = |slug: &str| -> BTreeSet<String> {
        slug.split('_')
            .filter(|word| !word.is_empty())
            .map(str::to_owned)
            .collect()
    };
    let (left, right) = (words(a), words(b));
    #[expect(clippy::cast_precision_loss, reason = "slugs have few words")]
    let shared = {
        let common = left.intersection(&right).count() as f64;
        2.0 * common / (left.len() + right.len()).max(1) as f64
    };
    f64::midpoint(shared, strsim::normalized_levenshtein(a, b))
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
