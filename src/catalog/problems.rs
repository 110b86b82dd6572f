//! What is wrong with manifests: collected, so that one load shows everything at once.

use std::fmt;

use crate::error::{Error, Result};

/// Where something stands: `github/tools/issues.yaml:14`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Place {
    /// Path of the file, beginning with the toolkit's folder (or the operator's folder).
    pub(super) file: String,
    /// Line, from 1; 0 for the file as a whole.
    pub(super) line: u64,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => f.write_str(&self.file),
            line => write!(f, "{}:{line}", self.file),
        }
    }
}

/// The problems found so far.
#[derive(Debug, Clone, Default)]
pub(super) struct Problems(Vec<String>);

impl Problems {
    /// Notes one.
    pub(super) fn add(&mut self, place: &impl fmt::Display, message: impl fmt::Display) {
        self.0.push(format!("{place}: {message}"));
    }

    pub(super) fn count(&self) -> usize {
        self.0.len()
    }

    /// Notes those found elsewhere.
    pub(super) fn append(&mut self, more: Self) {
        self.0.extend(more.0);
    }

    /// Notes one that stands in no file.
    pub(super) fn add_setting(&mut self, message: impl Into<String>) {
        self.0.push(message.into());
    }

    /// The messages alone, of what stands in no file.
    pub(super) fn into_messages(self) -> Vec<String> {
        let nowhere = format!("{}: ", Place::default());
        let texts = self.0.into_iter();
        texts
            .map(|text| {
                text.strip_prefix(&nowhere)
                    .map_or(text.clone(), str::to_owned)
            })
            .collect()
    }

    /// `value`, if there is no problem.
    pub(super) fn or<T>(self, value: T) -> Result<T> {
        if self.0.is_empty() {
            return Ok(value);
        }
        let message = match self.0.as_slice() {
            [only] => format!("the toolkits cannot be loaded: {only}"),
            all => format!("the toolkits cannot be loaded: {} problems", all.len()),
        };
        Err(Error::Invalid {
            message,
            problems: self.0,
            fix: Some("Correct the files and start or reload (SIGHUP) again.".into()),
        })
    }
}
