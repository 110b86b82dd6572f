//! A user's consent at the provider: where the browser is sent, and what it brings back.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use url::Url;

use super::blueprint::Blueprint;
use super::choice::Granted;
use super::code_grant;
use super::oauth1;
use super::secrets::AttemptSecrets;
use super::token;
use crate::app::App;
use crate::auth_schemes::oauth2::{TokenFailure, presentable};
use crate::error::{Error, Result};
use crate::scheme::Scheme;

/// A consent that is about to be asked for.
pub(super) struct Asked {
    /// Where the user's browser goes.
    pub(super) url: Url,
    /// What to remember until it comes back.
    pub(super) secrets: AttemptSecrets,
    /// What the account shows of it meanwhile.
    pub(super) shown: Map<String, Value>,
}

/// The parameters that a provider sent the browser back with. They hold a code or a verifier.
#[derive(Clone)]
pub struct Returned(pub BTreeMap<String, String>);

/// Without the values.
impl std::fmt::Debug for Returned {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Returned({} parameters)", self.0.len())
    }
}

impl Returned {
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// The provider's or the user's no (RFC 6749 section 4.1.2.1; OAuth 1 providers send the
    /// refused request token as `denied`), or what is missing of a yes.
    pub(super) fn refusal(&self, scheme: Scheme) -> Option<String> {
        if let Some(error) = self.text("error") {
            let error = presentable(error);
            return Some(match self.text("error_description").map(presentable) {
                Some(description) => format!("the provider answered {error}: {description}"),
                None => format!("the provider answered {error}"),
            });
        }
        if scheme == Scheme::OAuth1 && self.0.contains_key("denied") {
            return Some("the user refused at the provider".into());
        }
        let proof = match scheme {
            Scheme::OAuth1 => "oauth_verifier",
            _ => "code",
        };
        self.text(proof)
            .is_none()
            .then(|| format!("the provider answered neither `{proof}` nor an error"))
    }
}

/// Prepares the round trip to the provider. May ask the provider first, so it is called before a
/// transaction begins.
///
/// # Errors
/// When the auth config or the values make no request, or the provider does not answer.
pub(super) async fn ask(
    app: &App,
    blueprint: &Blueprint,
    values: &Map<String, Value>,
    state: String,
) -> Result<Asked> {
    let memory = Memory::of_now(app, blueprint)?;
    let values = &memory.within(values);
    let mut asked = match blueprint.config.scheme {
        Scheme::OAuth2 | Scheme::DcrOauth => {
            Box::pin(code_grant::ask(app, blueprint, values, state)).await
        }
        Scheme::OAuth1 => oauth1::ask(app, blueprint, values, &state).await,
        scheme => Err(no_consent(scheme)),
    }?;
    asked.secrets.memory = memory;
    Ok(asked)
}

/// Takes what the browser brought back for tokens.
///
/// # Errors
/// When the request cannot be made; the inner one is the provider's.
pub(super) async fn redeem(
    app: &App,
    blueprint: &Blueprint,
    values: &Map<String, Value>,
    remembered: AttemptSecrets,
    returned: &Returned,
) -> Result<Result<Granted, TokenFailure>> {
    let memory = remembered.memory.clone();
    let values = &memory.within(values);
    let redeemed = match blueprint.config.scheme {
        Scheme::OAuth2 | Scheme::DcrOauth => {
            Box::pin(code_grant::redeem(
                app, blueprint, values, remembered, returned,
            ))
            .await
        }
        Scheme::OAuth1 => oauth1::redeem(app, blueprint, values, remembered, returned)
            .await
            .map(|tokens| tokens.map(Granted::whole)),
        scheme => Err(no_consent(scheme)),
    }?;
    Ok(redeemed.map(|mut granted| {
        // Tokens belong to the app that they were given to.
        if let Some(oauth_app) = memory.oauth_app {
            let name = token::OAUTH_APP.into();
            granted.tokens.insert(name, Value::String(oauth_app));
        }
        granted
    }))
}

/// What a provider was shown and must be shown again, whatever becomes of the settings meanwhile.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(super) struct Memory {
    /// The client id of the operator's app, for a managed config.
    #[serde(default)]
    oauth_app: Option<String>,
    /// RFC 6749 section 4.1.3.
    #[serde(default)]
    redirect_uri: Option<String>,
}

impl Memory {
    /// The settings in force.
    fn of_now(app: &App, blueprint: &Blueprint) -> Result<Self> {
        let oauth_app = if blueprint.uses_operators_app() {
            let (client_id, _) = blueprint.managed_client(&Map::new())?;
            Some(client_id.to_owned())
        } else {
            None
        };
        Ok(Self {
            oauth_app,
            redirect_uri: Some(blueprint.redirect_uri(app)?.into()),
        })
    }

    /// The values of an account as a request of this consent takes them: without what an earlier
    /// one left.
    fn within(&self, values: &Map<String, Value>) -> Map<String, Value> {
        let mut values = values.clone();
        for (name, own) in [
            (token::OAUTH_APP, &self.oauth_app),
            (token::REDIRECT_URI, &self.redirect_uri),
        ] {
            values.shift_remove(name);
            if let Some(own) = own {
                values.insert(name.into(), Value::String(own.clone()));
            }
        }
        values
    }
}

fn no_consent(scheme: Scheme) -> Error {
    Error::internal(format!("{scheme} asks nobody for consent"))
}
