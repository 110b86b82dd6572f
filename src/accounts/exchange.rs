//! Exchanges an account's lasting credentials for a token, as the toolkit's manifest declares it.

use serde_json::{Map, Value};

use super::blueprint::Blueprint;
use super::token_endpoint;
use crate::app::App;
use crate::auth_schemes::exchange::{self, Exchange};
use crate::auth_schemes::oauth2::TokenFailure;
use crate::catalog::exchange::{ExchangeManifest, token_name};
use crate::catalog::manifest::{AuthManifest, Field};
use crate::catalog::template;
use crate::error::{Error, Result};

/// A new token for `values`, with what is kept beside it.
///
/// # Errors
/// When a value is missing, or cannot stand where it goes; the inner one is the provider's.
pub(super) async fn run(
    app: &App,
    blueprint: &Blueprint,
    values: &Map<String, Value>,
) -> Result<Result<Map<String, Value>, TokenFailure>> {
    let auth = blueprint.auth()?;
    let declared = auth.exchange.as_ref().ok_or_else(|| {
        let slug = &blueprint.toolkit.manifest.slug;
        Error::internal(format!("{slug} declares no exchange for {}", auth.scheme))
    })?;
    let values = known(blueprint, auth, declared, values);
    let url = match &declared.url {
        None => None,
        Some(template) => {
            let toolkit = &blueprint.toolkit;
            toolkit.check_url_values(auth.scheme, template, &values)?;
            Some(toolkit.filled_url(auth.scheme, template, &values)?)
        }
    };
    let now = app.clock.now();
    let (request, redactor) = match exchange::prepare(auth, declared, url, values, now)? {
        Exchange::Made(token) => return Ok(Ok(token)),
        Exchange::Ask { request, redactor } => (request, redactor),
    };
    let answer = token_endpoint::ask(app, request).await?;
    let now = app.clock.now();
    Ok(answer.and_then(|reply| exchange::read(auth, declared, &reply, &redactor, now)))
}

/// What templates may name: the account's values over those of its auth config, and the scopes.
fn known(
    blueprint: &Blueprint,
    auth: &AuthManifest,
    declared: &ExchangeManifest,
    values: &Map<String, Value>,
) -> Map<String, Value> {
    let mut all = blueprint.secrets.credentials.clone();
    all.extend(blueprint.secrets.inherited_with(values.clone()));
    all.shift_remove("scopes");
    if declared.takes_scopes() {
        let scopes = blueprint.scopes(auth).join(&auth.scopes.separator);
        if !scopes.is_empty() {
            all.insert("scopes".into(), scopes.into());
        }
    }
    all
}

/// Whether `values` hold all that the exchange asks of a user.
pub(super) fn is_possible(auth: &AuthManifest, values: &Map<String, Value>) -> bool {
    let is_held = |field: &Field| !field.required || values.contains_key(&field.name);
    auth.fields.connection.iter().all(is_held)
}

/// Whether `values` bring a token of their own, so that no exchange is needed for now.
pub(super) fn has_token(auth: &AuthManifest, values: &Map<String, Value>) -> bool {
    auth.exchange.is_some()
        && values
            .get(token_name(auth.scheme))
            .is_some_and(Value::is_string)
}

/// Whether a call needs the field itself, and not only the exchange.
pub(super) fn is_for_calls(blueprint: &Blueprint, auth: &AuthManifest, name: &str) -> bool {
    let toolkit = &blueprint.toolkit;
    let placed = auth.apply.iter().map(|placement| placement.value.as_str());
    let servers = toolkit.manifest.servers.values().map(String::as_str);
    placed
        .chain(std::iter::once(toolkit.base_url(auth.scheme)))
        .chain(servers)
        .flat_map(template::slots)
        .any(|slot| {
            slot.name
                .split(['(', ':', ')', '.'])
                .any(|part| part == name)
        })
}
