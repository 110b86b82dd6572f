//! What an auth config needs to know, by scheme.

use serde_json::{Map, Value};
use url::Url;

use super::fields;
use super::mask::is_mask_of;
use crate::catalog::Toolkit;
use crate::catalog::exchange::ExchangeManifest;
use crate::catalog::manifest::TokenAuth;
use crate::error::{Error, Result};
use crate::scheme::Scheme;

const PATH: &str = "auth_config.credentials";
/// The names of OAuth 1, and what else clients call them.
const CONSUMER_NAMES: [(&str, &[&str]); 2] = [
    ("consumer_key", &["client_id", "consumer_id"]),
    ("consumer_secret", &["client_secret"]),
];
/// Besides scopes a managed config has nothing of its own.
const MANAGED_NAMES: [&str; 2] = ["scopes", "user_scopes"];

/// Reads the credentials of a custom auth config.
///
/// # Errors
/// [`Error::Invalid`] when the toolkit has no such scheme or a credential is missing or wrong,
/// [`Error::NotImplemented`] when the scheme is not built.
pub(super) fn check_custom(
    toolkit: &Toolkit,
    scheme: Scheme,
    mut credentials: Map<String, Value>,
) -> Result<Map<String, Value>> {
    check_scheme(toolkit, scheme)?;
    if scheme == Scheme::OAuth1 {
        take_consumer_names(&mut credentials);
    }
    let auth = toolkit.auth(scheme);
    let declared = auth.map_or(&[][..], |auth| &auth.fields.auth_config);
    let (mut values, mut missing) =
        fields::check(toolkit, declared, scheme, credentials)?.valid(PATH)?;
    if scheme == Scheme::OAuth1 {
        require(&values, &["consumer_key", "consumer_secret"], &mut missing);
        check_redirect_uri(&values)?;
    }
    let is_oauth2 = matches!(
        scheme,
        Scheme::OAuth2 | Scheme::DcrOauth | Scheme::S2sOAuth2
    );
    if is_oauth2 {
        let is_public = auth.is_some_and(|auth| auth.token_auth == TokenAuth::None);
        let required: &[&str] = match scheme {
            Scheme::OAuth2 if is_public => &["client_id"],
            Scheme::OAuth2 => &["client_id", "client_secret"],
            // One is registered, or the toolkit says who gives it.
            _ => &[],
        };
        require(&values, required, &mut missing);
        read_scopes(PATH, &mut values)?;
        check_redirect_uri(&values)?;
    }
    let exchange = auth.and_then(|auth| auth.exchange.as_ref());
    if exchange.is_some_and(ExchangeManifest::takes_scopes) {
        read_scopes(PATH, &mut values)?;
    }
    if missing.is_empty() {
        Ok(values)
    } else {
        Err(fields::missing_error(PATH, &missing))
    }
}

/// Notes which of the names have no value.
pub(super) fn require(values: &Map<String, Value>, names: &[&str], missing: &mut Vec<String>) {
    for name in names {
        if text(values, name).is_none() && !missing.iter().any(|other| other == name) {
            missing.push((*name).to_owned());
        }
    }
}

/// OAuth 1 calls the application a consumer (RFC 5849 section 1.1); clients use the newer names too.
pub(super) fn take_consumer_names(credentials: &mut Map<String, Value>) {
    for (name, others) in CONSUMER_NAMES {
        for other in others {
            if let Some(value) = credentials.shift_remove(*other) {
                credentials.insert(name.into(), value);
            }
        }
    }
}

/// Reads the credentials of a managed auth config: scopes, if any.
///
/// # Errors
/// [`Error::Invalid`] when it brings a client of its own.
pub(super) fn check_managed(mut credentials: Map<String, Value>) -> Result<Map<String, Value>> {
    let foreign: Vec<String> = credentials
        .keys()
        .filter(|name| !MANAGED_NAMES.contains(&name.as_str()))
        .map(|name| format!("{PATH}.{name}: only scopes can be set on managed auth"))
        .collect();
    if !foreign.is_empty() {
        return Err(Error::fields(foreign));
    }
    read_scopes(PATH, &mut credentials)?;
    Ok(credentials)
}

fn check_scheme(toolkit: &Toolkit, scheme: Scheme) -> Result<()> {
    let slug = &toolkit.manifest.slug;
    if toolkit.auth(scheme).is_none() {
        return Err(Error::invalid_with_fix(
            match scheme {
                Scheme::Saml => format!("no toolkit is connected by {scheme}, so `{slug}` is not"),
                _ => format!("toolkit `{slug}` cannot be connected by {scheme}"),
            },
            format!("Its schemes are: {}.", toolkit.scheme_names()),
        ));
    }
    Ok(())
}

fn text<'v>(values: &'v Map<String, Value>, name: &str) -> Option<&'v str> {
    values
        .get(name)
        .and_then(Value::as_str)
        .filter(|text| !text.trim().is_empty())
}

/// Scopes come as a list, or as one text with commas or spaces; they are kept as a list.
pub(super) fn read_scopes(path: &str, values: &mut Map<String, Value>) -> Result<()> {
    for name in MANAGED_NAMES {
        let scopes: Vec<String> = match values.get(name) {
            None => continue,
            Some(Value::Null) => Vec::new(),
            Some(Value::String(text)) => split_scopes(text),
            Some(Value::Array(items)) if items.iter().all(Value::is_string) => items
                .iter()
                .filter_map(Value::as_str)
                .flat_map(split_scopes)
                .collect(),
            Some(_) => {
                let problem = format!("{path}.{name}: must be a text or a list of texts");
                return Err(Error::fields(vec![problem]));
            }
        };
        values.insert(name.into(), scopes.into());
    }
    Ok(())
}

fn split_scopes(text: &str) -> Vec<String> {
    text.split([',', ' ', '\n', '\t'])
        .filter(|scope| !scope.is_empty())
        .map(str::to_owned)
        .collect()
}

fn check_redirect_uri(values: &Map<String, Value>) -> Result<()> {
    let Some(given) = text(values, "oauth_redirect_uri") else {
        return Ok(());
    };
    let is_web = Url::parse(given)
        .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    if is_web {
        return Ok(());
    }
    let problem = format!("{PATH}.oauth_redirect_uri: must be an absolute http or https URL");
    Err(Error::fields(vec![problem]))
}

/// Reads what every account of a config inherits.
///
/// # Errors
/// [`Error::Invalid`] when a value does not fit the field whose name it has.
pub(super) fn check_shared(
    toolkit: &Toolkit,
    mut shared: Map<String, Value>,
) -> Result<Map<String, Value>> {
    shared.retain(|_, value| !value.is_null());
    fields::refuse(
        "auth_config.shared_credentials",
        fields::check_names(toolkit, &shared)?,
    )?;
    Ok(shared)
}

/// The old values with the new ones in their place. Null removes a value; a masked value that a
/// caller read and sends back stands for the one it was made of.
pub(super) fn merge(mut old: Map<String, Value>, new: Map<String, Value>) -> Map<String, Value> {
    for (name, value) in new {
        let is_own_mask = old.get(&name).is_some_and(|old| is_mask_of(&value, old));
        if value.is_null() {
            old.shift_remove(&name);
        } else if !is_own_mask {
            old.insert(name, value);
        }
    }
    old
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn object(value: Value) -> Map<String, Value> {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn scopes_may_be_a_list_or_a_text_with_commas_or_spaces() {
        for scopes in [
            json!("repo, user"),
            json!("repo user"),
            json!(["repo", "user"]),
        ] {
            let checked = check_managed(object(json!({ "scopes": scopes }))).unwrap();
            assert_eq!(
                Value::Object(checked),
                json!({ "scopes": ["repo", "user"] })
            );
        }
        assert!(check_managed(object(json!({ "scopes": 1 }))).is_err());
    }

    #[test]
    fn a_masked_secret_that_is_sent_back_changes_nothing() {
        let old = object(json!({ "client_id": "id", "client_secret": "hush-hush", "x": "1" }));
        let new = object(json!({ "client_id": "id2", "client_secret": "hush...", "x": null }));
        assert_eq!(
            Value::Object(merge(old, new)),
            json!({ "client_id": "id2", "client_secret": "hush-hush" })
        );
    }
}
