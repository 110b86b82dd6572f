//! Expressions of manifests: jq, by the crates of jaq, with functions of our own.
//!
//! An expression comes from whoever wrote a manifest, who need not be the operator. So it has no
//! function that reaches outside its input, and whatever it does ends: [`guard`] weaves a meter into
//! its syntax tree that counts steps, bytes and depth of calls, and jaq runs the result in threads of
//! its own with a large stack.

mod convert;
pub mod functions;
mod guard;
mod library;
mod meter;
mod names;
mod natives;
mod operators;
mod program;
mod threads;

use std::fmt;
use std::sync::{Arc, OnceLock};

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use crate::time::Timestamp;
pub use convert::Input;
pub use names::{Name, Names};
use program::Program;

/// A jq expression; compiled when it is first asked for, which a manifest's check does.
#[derive(Clone, Deserialize, JsonSchema)]
#[serde(from = "String")]
#[schemars(into = "String")]
pub struct Expression(Arc<Source>);

struct Source {
    text: String,
    program: OnceLock<Result<Program, Fault>>,
}

/// Why a text is no expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Without the place.
    pub message: String,
    /// The byte of the text at which it shows, where that is known.
    pub at: Option<usize>,
    /// The same in words, where a reader sees the text alone.
    place: String,
}

impl From<String> for Fault {
    fn from(message: String) -> Self {
        Self {
            message,
            at: None,
            place: String::new(),
        }
    }
}

/// With the place in words.
impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.message, self.place)
    }
}

impl From<String> for Expression {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

/// Shows the source.
impl fmt::Debug for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Expression({})", self.0.text)
    }
}

impl Expression {
    /// An expression that was not looked at yet.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(Arc::new(Source {
            text: text.into(),
            program: OnceLock::new(),
        }))
    }

    /// As it is written.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.0.text
    }

    fn program(&self) -> Result<&Program, Fault> {
        let compiled = self.0.program.get_or_init(|| {
            let text = self.0.text.clone();
            threads::wait_for(move || Program::compile(&text))?
        });
        compiled.as_ref().map_err(Clone::clone)
    }

    /// What it takes of its input.
    ///
    /// # Errors
    /// Why it is no expression: what is written wrong, or the function that is not there.
    pub fn names(&self) -> Result<&Names, Fault> {
        self.program().map(|program| &program.names)
    }

    /// The value that it makes of `input`; null where it makes none. `now` is what it is told when it
    /// asks for the time.
    ///
    /// # Errors
    /// Why it made no value, or several: its own words, or the bound that it broke.
    pub async fn evaluate(&self, input: Input, now: Timestamp) -> Result<Value, String> {
        self.program().map_err(|fault| fault.to_string())?;
        let own = self.clone();
        threads::run(move |stack| {
            let program = own.program().map_err(|fault| fault.to_string())?;
            program.run(input, now, stack)
        })
        .await?
    }
}

#[cfg(test)]
mod tests;
