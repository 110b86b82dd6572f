//! What an OAuth account keeps of a token response.

use std::time::Duration;

use serde_json::{Map, Value};

use crate::catalog::manifest::Field;
use crate::time::Timestamp;

/// When the grant was given back; a value of accounts that have none any more.
pub(super) const REVOKED_AT: &str = "revoked_at";

/// The client id of the operator's app that a managed account was connected by.
pub(super) const OAUTH_APP: &str = "oauth_app";

/// The redirect URI of a consent that is under way; never stored with an account.
pub(super) const REDIRECT_URI: &str = "oauth_redirect_uri";

/// The values with new tokens in place of the old. A response without a refresh token or lifetime
/// leaves the former ones in force (RFC 6749 section 6); the user's own fields stay as they are.
pub(super) fn renewed(
    mut values: Map<String, Value>,
    tokens: Map<String, Value>,
    declared: &[Field],
) -> Map<String, Value> {
    // What the user gave was checked; a provider may not put something else in its place.
    let is_given = |name: &str| declared.iter().any(|field| field.name == name);
    values.extend(tokens.into_iter().filter(|(name, _)| !is_given(name)));
    values
}

/// Whether a value belongs to one grant and means nothing beside the next. `redirectUrl` leads to
/// the consent that was given.
pub(super) fn is_of_grant(name: &str) -> bool {
    let names = [
        "access_token",
        "refresh_token",
        "id_token",
        "expires_in",
        "expires_at",
        "scope",
        "token_type",
        "redirectUrl",
        REVOKED_AT,
        // OAuth 1, and the session of a login.
        "authUri",
        "oauth_token",
        "oauth_token_secret",
        "sessionId",
        OAUTH_APP,
    ];
    names.contains(&name)
}

/// Whether both hold the same tokens, whatever else they hold.
pub(super) fn is_same_grant(one: &Map<String, Value>, other: &Map<String, Value>) -> bool {
    let is_token = |name: &&String| is_of_grant(name) && *name != "redirectUrl";
    let mut names = one.keys().chain(other.keys()).filter(is_token);
    names.all(|name| one.get(name) == other.get(name))
}

/// Whether somebody replaced what `tokens` would replace since `before` was read: then `tokens`
/// come too late. A change of other values does not count, nor what the user gives.
pub(super) fn is_overtaken(
    before: &Map<String, Value>,
    now: &Map<String, Value>,
    tokens: &Map<String, Value>,
    declared: &[Field],
) -> bool {
    let is_given = |name: &str| declared.iter().any(|field| field.name == name);
    tokens
        .keys()
        .any(|name| !is_given(name) && before.get(name) != now.get(name))
}

/// Whether a value belongs to the client that a provider registered for a grant.
pub(super) fn is_of_client(name: &str) -> bool {
    let names = [
        "client_id",
        "client_secret",
        "client_id_issued_at",
        "client_secret_expires_at",
        "token_endpoint_auth_method",
    ];
    names.contains(&name)
}

/// When the access token ends, if the provider said how long it lives.
pub(super) fn end_of_life(values: &Map<String, Value>, now: Timestamp) -> Option<Timestamp> {
    match lifetime(values) {
        Some(lifetime) => Some(now.after(lifetime)),
        None => values.get("expires_at").and_then(instant),
    }
}

/// How long an access token lives from its making, if the provider said so.
pub(super) fn lifetime(values: &Map<String, Value>) -> Option<Duration> {
    let seconds = seconds(values.get("expires_in")?)?;
    Duration::try_from_secs_f64(seconds)
        .ok()
        .filter(|span| !span.is_zero())
}

fn seconds(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// An instant as text (RFC 3339), or in seconds since 1970.
fn instant(value: &Value) -> Option<Timestamp> {
    let text = value.as_str();
    if let Some(Ok(instant)) = text.map(Timestamp::parse) {
        return Some(instant);
    }
    let since = Duration::try_from_secs_f64(seconds(value)?).ok()?;
    Some(Timestamp::from_millis(0).after(since))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_renewal_keeps_what_the_provider_did_not_send_again() {
        let old =
            json!({ "access_token": "a", "refresh_token": "r", "expires_in": 60, "team": "T" });
        let new = json!({ "access_token": "b" });
        let renewed = renewed(
            old.as_object().unwrap().clone(),
            new.as_object().unwrap().clone(),
            &[],
        );
        let expected =
            json!({ "access_token": "b", "refresh_token": "r", "expires_in": 60, "team": "T" });
        assert_eq!(Value::Object(renewed), expected);
    }

    #[test]
    fn a_lifetime_may_be_a_number_or_a_text_and_nonsense_is_none() {
        let now = Timestamp::from_millis(0);
        let end = |value: Value| {
            end_of_life(json!({ "expires_in": value }).as_object().unwrap(), now)
                .map(Timestamp::as_secs)
        };
        assert_eq!(end(json!(3600)), Some(3600));
        assert_eq!(end(json!("60")), Some(60));
        assert_eq!(end(json!(-1)), None);
        assert_eq!(end(json!("soon")), None);
    }
}
