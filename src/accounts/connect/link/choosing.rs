//! The page after a consent that reaches several things: its user chooses what the account is for.

use serde_json::{Map, Value};

use super::found::Open;
use super::page::{LinkField, Sent};
use super::{LinkStep, closed_meanwhile, finished, form};
use crate::accounts::choice::{Former, Granted};
use crate::accounts::connect::complete::activate;
use crate::accounts::secrets::AttemptSecrets;
use crate::app::App;
use crate::catalog::manifest::Field;
use crate::error::Result;

/// The name of the only field.
const FIELD: &str = "choice";

/// The field of the page.
pub(super) fn field(granted: &Granted, sent: &Sent) -> LinkField {
    let problem = sent.problems.iter().find(|(name, _)| name == FIELD);
    let mut name = granted.what.clone();
    if let Some(first) = name.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    let labels = granted.choices.iter().map(|choice| choice.label.clone());
    LinkField {
        field: Field {
            required: true,
            options: labels.collect(),
            ..Field::named(FIELD, &name)
        },
        value: match &granted.former {
            Former::Is(label) => label.clone(),
            Former::None | Former::OutOfReach => String::new(),
        },
        is_held: false,
        problem: problem.map(|(_, problem)| problem.clone()),
    }
}

/// Connects the account for what was chosen, or asks again.
pub(super) async fn take(
    app: &App,
    open: &Open,
    granted: &Granted,
    sent: &Map<String, Value>,
) -> Result<LinkStep> {
    let chosen = sent.get(FIELD).and_then(Value::as_str);
    let mut choices = granted.choices.iter();
    let Some(choice) = choices.find(|choice| Some(choice.label.as_str()) == chosen) else {
        let sent = Sent {
            problems: vec![(FIELD.to_owned(), "is required".to_owned())],
            ..Sent::default()
        };
        return form(app, open, &sent).await;
    };
    let mut tokens = granted.tokens.clone();
    tokens.extend(choice.values.clone());
    let (id, link) = (&open.account.id, &open.attempt.id);
    let keyring = &open.blueprint.keyring;
    // The grant is the account's from now on, and nobody gives it back when the link's time is over.
    let rest = AttemptSecrets {
        granted: None,
        ..keyring.open_attempt(&open.attempt)?
    };
    let rest = keyring.seal_attempt(link, &rest)?;
    if !activate(app, &open.blueprint, id, tokens, Some((link, &rest))).await? {
        return closed_meanwhile(app, open).await;
    }
    finished(app, open, None).await
}
