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
mod within;

use std::fmt::Display;

use super::parse::Kit;
use super::problems::{Place, Problems};
use crate::expressions::{Expression, Fault};

/// Checks a toolkit and its tools.
pub(super) fn kit(kit: &Kit, problems: &mut Problems) {
    let Kit {
        folder,
        toolkit,
        place,
        tools,
        triggers,
        texts,
    } = kit;
    let text = |place: &Place| texts.get(&place.file).map(String::as_str);
    toolkit::check(
        toolkit,
        folder,
        &mut Report {
            place,
            text: text(place),
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
                text: text(place),
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
                text: text(place),
                about: Some(&trigger.slug),
                problems,
            },
        );
    }
}

/// Problems of a toolkit that are looked for in its files; more nobody mends by hand.
const MOST_SHOWN: usize = 100;

/// Collects the problems of one toolkit or tool.
struct Report<'a> {
    place: &'a Place,
    /// The file there.
    text: Option<&'a str>,
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

    /// Adds what is wrong in an expression, with the line and column where it shows.
    fn add_within(&mut self, at: &str, expression: &Expression, fault: &Fault) {
        let key = at.rsplit('.').next().unwrap_or(at);
        let text = self.text.filter(|_| self.problems.count() < MOST_SHOWN);
        let shown = text.zip(fault.at).and_then(|(text, offset)| {
            within::find(text, self.place.line, key, expression.source(), offset)
        });
        let Some((line, column)) = shown else {
            return self.add(format!("{at}: {fault}"));
        };
        let place = format!("{}:{line}:{column}", self.place.file);
        let message = format!("{at}: {}", fault.message);
        match self.about {
            Some(slug) => self.problems.add(&place, format!("{slug}: {message}")),
            None => self.problems.add(&place, message),
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
