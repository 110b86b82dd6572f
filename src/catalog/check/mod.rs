//! The rules a manifest must keep beyond its shape; what breaks one is found when it is loaded.

pub(super) mod alone;
mod arguments;
mod auth;
mod exchange;
mod expressions;
mod files;
mod oauth;
mod published;
mod request;
mod revocation;
mod steps;
mod tool;
mod toolkit;
mod triggers;
mod url;

use std::fmt::Display;

use super::parse::Kit;
use super::problems::{Place, Problems};

/// Checks a toolkit and its tools.
pub(super) fn kit(kit: &Kit, problems: &mut Problems) {
    let Kit {
        folder,
        toolkit,
        place,
        tools,
        triggers,
    } = kit;
    toolkit::check(
        toolkit,
        folder,
        &mut Report {
            place,
            about: None,
            problems,
        },
    );
    for (tool, place) in tools {
        tool::check(
            tool,
            toolkit,
            &mut Report {
                place,
                about: Some(&tool.slug),
                problems,
            },
        );
    }
    for (trigger, place) in triggers {
        triggers::check(
            trigger,
            toolkit,
            &mut Report {
                place,
                about: Some(&trigger.slug),
                problems,
            },
        );
    }
}

/// Collects the problems of one toolkit or tool.
struct Report<'a> {
    place: &'a Place,
    about: Option<&'a str>,
    problems: &'a mut Problems,
}

impl Report<'_> {
    fn add(&mut self, message: impl Display) {
        match self.about {
            Some(slug) => self.problems.add(self.place, format!("{slug}: {message}")),
            None => self.problems.add(self.place, message),
        }
    }

    /// Adds the message unless the rule is kept.
    fn require(&mut self, kept: bool, message: impl FnOnce() -> String) {
        if !kept {
            self.add(message());
        }
    }
}

/// A name as slugs of toolkits, arguments and fields are.
fn is_plain_name(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod words;
