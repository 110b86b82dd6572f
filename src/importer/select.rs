//! Which operations an import takes.

use regex::Regex;

use super::operation::Operation;
use crate::error::{Error, Result};

/// Patterns of what is wanted and what is not: a tag, a method, or a path with `*` in it.
#[derive(Debug, Default)]
pub struct Selection {
    include: Vec<Regex>,
    exclude: Vec<Regex>,
}

impl Selection {
    /// The selection that these patterns make; without `include` everything is wanted.
    ///
    /// # Errors
    /// [`Error::Invalid`] when a pattern is empty or huge.
    pub fn new(include: &[String], exclude: &[String]) -> Result<Self> {
        Ok(Self {
            include: patterns(include)?,
            exclude: patterns(exclude)?,
        })
    }

    pub(super) fn takes(&self, operation: &Operation<'_>) -> bool {
        let matches = |pattern: &Regex| {
            pattern.is_match(&operation.method)
                || pattern.is_match(&operation.path)
                || operation.tags.iter().any(|tag| pattern.is_match(tag))
        };
        (self.include.is_empty() || self.include.iter().any(matches))
            && !self.exclude.iter().any(matches)
    }
}

fn patterns(texts: &[String]) -> Result<Vec<Regex>> {
    texts.iter().map(|text| pattern(text)).collect()
}

fn pattern(text: &str) -> Result<Regex> {
    let refused = || Error::invalid(format!("`{text}` is no tag, method or path"));
    if text.trim().is_empty() || text.len() > 500 {
        return Err(refused());
    }
    let escaped = regex::escape(text.trim()).replace("\\*", ".*");
    Regex::new(&format!("(?i)^{escaped}$")).map_err(|_| refused())
}
