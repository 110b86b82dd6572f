//! Makes a tool's arguments from words, by the operator's language model.
//!
//! What the model says is checked against the tool's schema like what a caller sends, and it gets
//! one more try. Neither the words nor the model's are logged or kept.

mod chat;
mod prompt;

use std::time::Duration;

use serde_json::{Map, Value, json};
use tokio::time::Instant;

use super::recording::Recording;
use super::{arguments, explain};
use crate::app::App;
use crate::catalog::Tool;
use crate::error::{Error, Result};
use crate::ids::ProjectId;
use crate::toolkits;
use chat::{Model, Said};

/// Bounds what an operator pays for a call.
const LONGEST_TEXT: usize = 20_000;
/// The first try, and one after its mistakes were named.
const TRIES: usize = 2;

/// What a caller wants of a tool, in words.
#[derive(Clone)]
pub struct Wish {
    /// What to do.
    pub text: String,
    /// Another description of the tool.
    pub description: Option<String>,
    /// More instructions for the model.
    pub instructions: Option<String>,
}

/// Shows no words.
impl std::fmt::Debug for Wish {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Wish")
    }
}

/// What the model made of a wish.
#[derive(Debug)]
pub enum Made {
    /// Arguments that the tool's schema allows.
    Arguments(Map<String, Value>),
    /// None, for this reason; `problems` has a line for each argument that the schema forbids.
    Unclear {
        /// One sentence, in which the model may speak.
        reason: String,
        /// `arguments.limit: must be at most 100`
        problems: Vec<String>,
    },
}

/// A tool's arguments from words; the newest version of the tool where none is named.
///
/// # Errors
/// [`Error::NotFound`] for an unknown tool or version, [`Error::NotImplemented`] without a language
/// model, [`Error::Invalid`] for too many words, [`Error::Upstream`] and [`Error::UpstreamPaused`]
/// when the model does not answer.
pub async fn arguments_from_text(
    app: &App,
    project: &ProjectId,
    slug: &str,
    version: Option<&str>,
    wish: &Wish,
) -> Result<Made> {
    let catalog = toolkits::catalog(app, project).await?;
    let tool = std::sync::Arc::clone(catalog.tool(slug, version)?);
    make(app, &tool, wish).await
}

/// What the operator's language model gives for `parameters`, a JSON Schema, when it is told `task` and
/// `facts`; nothing of it is checked. None without a model, or where it gives nothing of use within
/// `limit`: whoever asks must do without.
pub async fn filled_in(
    app: &App,
    task: &str,
    facts: &Value,
    parameters: &Value,
    limit: Duration,
) -> Option<Map<String, Value>> {
    let model = Model::of(app).ok()?;
    let messages = [
        json!({ "role": "system", "content": task }),
        json!({ "role": "user", "content": facts.to_string() }),
    ];
    let functions = json!([{ "type": "function", "function": {
        "name": chat::CALL, "description": "Gives what was asked for.", "parameters": parameters,
    } }]);
    let deadline = Instant::now() + limit.min(app.config.language_model.timeout());
    match model.ask(app, &messages, &functions, deadline).await {
        Ok(Said::Arguments(given)) => Some(given),
        Ok(Said::Question(_) | Said::Nonsense(_)) => None,
        Err(error) => {
            tracing::warn!(
                error = error.with_causes(),
                "went on without the language model"
            );
            None
        }
    }
}

/// The arguments of a call that came with words in their place. The call's time limit begins after
/// them.
///
/// # Errors
/// Those of [`arguments_from_text`], and [`Error::Invalid`] when the words did not do.
pub(super) async fn for_call(
    app: &App,
    tool: &Tool,
    wish: &Wish,
    recording: &Recording,
) -> Result<Map<String, Value>> {
    let made = make(app, tool, wish).await?;
    recording.restart_limit();
    explain::from_text(recording, matches!(made, Made::Arguments(_)));
    match made {
        Made::Arguments(arguments) => Ok(arguments),
        // The model may repeat the caller's words: the advice is in no log and in no record.
        Made::Unclear { reason, problems } => Err(Error::Invalid {
            message: format!(
                "the text could not be turned into arguments of {}",
                tool.manifest.slug
            ),
            problems,
            fix: Some(reason),
        }),
    }
}

async fn make(app: &App, tool: &Tool, wish: &Wish) -> Result<Made> {
    let model = Model::of(app)?;
    check(wish)?;
    let deadline = Instant::now() + app.config.language_model.timeout();
    let mut messages = prompt::messages(tool, wish, app.clock.now());
    let tools = prompt::functions(tool, wish);
    let mut problems = Vec::new();
    for _ in 0..TRIES {
        problems = match model.ask(app, &messages, &tools, deadline).await? {
            Said::Question(reason) => {
                let problems = Vec::new();
                return Ok(Made::Unclear { reason, problems });
            }
            Said::Nonsense(problem) => vec![problem.to_owned()],
            Said::Arguments(given) => match arguments::prepare(tool, given) {
                Ok(arguments) => return Ok(Made::Arguments(arguments)),
                Err(Error::Invalid { problems, .. }) => problems,
                Err(error) => return Err(error),
            },
        };
        messages.push(prompt::correction(&problems));
    }
    let reason = "The language model made arguments that the tool does not take: say more exactly \
                  what to do, or give `arguments`.";
    Ok(Made::Unclear {
        reason: reason.into(),
        problems,
    })
}

fn check(wish: &Wish) -> Result<()> {
    let Wish {
        text,
        description,
        instructions,
    } = wish;
    let given = [
        ("text", Some(text)),
        ("custom_description", description.as_ref()),
        ("system_prompt", instructions.as_ref()),
    ];
    let too_long = given
        .into_iter()
        .filter(|(_, text)| text.is_some_and(|text| text.chars().count() > LONGEST_TEXT));
    let mut problems: Vec<String> = too_long
        .map(|(name, _)| format!("{name}: must have at most {LONGEST_TEXT} characters"))
        .collect();
    if text.trim().is_empty() {
        problems.push("text: must not be empty".into());
    }
    if problems.is_empty() {
        Ok(())
    } else {
        Err(Error::fields(problems))
    }
}
