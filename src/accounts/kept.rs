//! What a connection keeps of a provider's answer. A value that a URL may name is checked before
//! it is kept, so that a lying provider cannot point a credential at another host.

use serde_json::{Map, Value};

use super::blueprint::Blueprint;
use super::consent::Returned;
use crate::auth_schemes::oauth2::{TokenAnswer, TokenFailure};
use crate::catalog::manifest::{Kept, PostConnect};
use crate::catalog::{Toolkit, whole_match};

/// Names that mean something else in an account than what a provider may send under them.
const OWN_NAMES: [&str; 6] = [
    "client_id",
    "client_secret",
    "client_secret_expires_at",
    "token_endpoint_auth_method",
    "redirectUrl",
    "status",
];

/// The values of a callback: one that has a pattern must be there and match.
///
/// # Errors
/// [`TokenFailure::NoAnswer`] that names the value.
pub(super) fn of_callback(
    blueprint: &Blueprint,
    returned: &Returned,
) -> Result<Map<String, Value>, TokenFailure> {
    let mut values = Map::new();
    let auth = blueprint.auth().map_err(TokenFailure::NoAnswer)?;
    for (name, rule) in &auth.callback_keep {
        let told = returned.text(&rule.from).map(Value::from);
        keep(&mut values, name, rule, told)?;
    }
    Ok(values)
}

/// The values of the first answer of a grant: one that has a pattern must be there and match.
///
/// # Errors
/// [`TokenFailure::NoAnswer`] that names the value.
pub(super) fn of_first(
    blueprint: &Blueprint,
    answer: TokenAnswer,
) -> Result<Map<String, Value>, TokenFailure> {
    let TokenAnswer { mut tokens, kept } = answer;
    tokens.retain(|name, _| !is_guarded(&blueprint.toolkit, name));
    let auth = blueprint.auth().map_err(TokenFailure::NoAnswer)?;
    for (name, rule) in &auth.keep {
        keep(&mut tokens, name, rule, kept.get(name).cloned())?;
    }
    Ok(tokens)
}

/// The values of what a new grant was asked for: one that has a pattern must be there and match.
///
/// # Errors
/// [`TokenFailure::NoAnswer`] that names the value.
pub(super) fn of_asked(
    asked: &PostConnect,
    answer: &Value,
) -> Result<Map<String, Value>, TokenFailure> {
    let mut values = Map::new();
    for (name, rule) in &asked.keep {
        let told = at(answer, &rule.from).filter(|told| !told.is_null());
        keep(&mut values, name, rule, told.cloned())?;
    }
    Ok(values)
}

/// What stands at a dotted path; the whole value at an empty one.
pub(super) fn at<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    if path.is_empty() {
        return Some(value);
    }
    value.pointer(&format!("/{}", path.replace('.', "/")))
}

/// The values of a later answer. One that is missing or wrong leaves the former in force: the new
/// tokens are good and must not be lost.
pub(super) fn of_later(blueprint: &Blueprint, answer: TokenAnswer) -> Map<String, Value> {
    let TokenAnswer { mut tokens, kept } = answer;
    tokens.retain(|name, _| !is_guarded(&blueprint.toolkit, name));
    let Ok(auth) = blueprint.auth() else {
        return tokens;
    };
    for (name, rule) in &auth.keep {
        let told = kept.get(name).cloned();
        if told.is_some() && keep(&mut tokens, name, rule, told).is_err() {
            let toolkit = &blueprint.config.toolkit;
            tracing::warn!(
                toolkit,
                value = name,
                "the provider sent a wrong value; the old one stays"
            );
        }
    }
    tokens
}

/// Whether a URL of the toolkit may name it, or it is ours.
fn is_guarded(toolkit: &Toolkit, name: &str) -> bool {
    let is_declared = toolkit.manifest.auth.iter().any(|auth| {
        let fields = &auth.fields;
        fields
            .connection
            .iter()
            .chain(&fields.auth_config)
            .any(|field| field.name == name)
            || auth.kept().any(|(kept, _)| kept == name)
    });
    is_declared || OWN_NAMES.contains(&name)
}

fn keep(
    values: &mut Map<String, Value>,
    name: &str,
    rule: &Kept,
    told: Option<Value>,
) -> Result<(), TokenFailure> {
    let Some(pattern) = &rule.pattern else {
        if let Some(value) = told {
            values.insert(name.to_owned(), value);
        }
        return Ok(());
    };
    let text = match told {
        Some(Value::String(text)) => text,
        Some(Value::Number(number)) => number.to_string(),
        _ => {
            return Err(TokenFailure::unusable(format!(
                "the provider did not say the connection's `{name}`"
            )));
        }
    };
    if !whole_match(pattern).is_ok_and(|pattern| pattern.is_match(&text)) {
        return Err(TokenFailure::unusable(format!(
            "the provider's `{name}` does not have the form that the toolkit expects"
        )));
    }
    values.insert(name.to_owned(), Value::String(text));
    Ok(())
}
