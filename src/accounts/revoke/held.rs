//! What it takes to give an account's grant back to the provider, and the giving back.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::accounts::blueprint::Blueprint;
use crate::app::App;
use crate::auth_schemes::revocation::{Answer, Revoker};
use crate::catalog::Toolkit;
use crate::catalog::revocation::RevokeManifest;
use crate::catalog::template;
use crate::error::{Error, Result};
use crate::scheme::Scheme;

const TIMEOUT: Duration = Duration::from_secs(30);
const LARGEST_REPLY: usize = 256 * 1024;

/// The tokens of a grant and the app they were given to. It outlives the account's row only sealed.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct HeldGrant {
    scheme: Scheme,
    values: Map<String, Value>,
    client_id: Option<String>,
    client_secret: Option<String>,
}

/// Whether there is something to give back.
pub(super) enum Holding {
    /// It has.
    Grant(HeldGrant),
    /// Its provider takes nothing back.
    NoEndpoint,
    /// It holds none of the values that its provider takes back.
    NoToken,
}

/// Why a grant was not taken back.
#[derive(Debug)]
pub(super) struct Failure {
    /// What the provider said, for a person.
    pub(super) reason: String,
    /// Asking again may help.
    pub(super) may_pass: bool,
    /// The values that were given back all the same.
    pub(super) revoked: Vec<String>,
}

/// What there is to give back of an account's `own` values.
///
/// # Errors
/// When the toolkit no longer has the account's scheme.
pub(super) fn holding(
    app: &App,
    blueprint: &Blueprint,
    own: Map<String, Value>,
) -> Result<Holding> {
    let Some(revoke) = blueprint.auth()?.revoke.as_ref() else {
        return Ok(Holding::NoEndpoint);
    };
    let mut values = blueprint.secrets.inherited_with(own);
    let is_there = |name: &String| values.get(name).is_some_and(Value::is_string);
    if !revoke.tokens.iter().any(is_there) {
        return Ok(Holding::NoToken);
    }
    // Whether the app is needed shows when the request is made.
    let client = blueprint.client_app(app, &values).ok();
    values.retain(|name, _| is_needed(revoke, name));
    let (client_id, client_secret) = match client {
        Some(client) => (Some(client.client_id), client.client_secret),
        None => (None, None),
    };
    Ok(Holding::Grant(HeldGrant {
        scheme: blueprint.config.scheme,
        values,
        client_id,
        client_secret: client_secret.map(|secret| secret.expose_secret().to_owned()),
    }))
}

/// No more is kept than the requests take.
fn is_needed(revoke: &RevokeManifest, name: &str) -> bool {
    let mut templates = std::iter::once(&revoke.url)
        .chain(revoke.params.values())
        .chain(revoke.headers.values());
    revoke.tokens.iter().any(|token| token == name)
        || templates.any(|text| template::slots(text).any(|slot| slot.name == name))
}

impl HeldGrant {
    /// Gives every token back, and names those that the provider took. No transaction may be open.
    ///
    /// # Errors
    /// [`Failure`]; a token that was worthless before is none.
    pub(super) async fn give_back(
        &self,
        app: &App,
        toolkit: &Toolkit,
    ) -> Result<Vec<String>, Failure> {
        let mut taken = Vec::new();
        let auth = toolkit.auth(self.scheme);
        let Some((auth, manifest)) = auth.and_then(|auth| Some((auth, auth.revoke.as_ref()?)))
        else {
            return Err(failure(
                "the toolkit offers no revocation any more",
                false,
                taken,
            ));
        };
        let secret = self.client_secret.clone().map(SecretString::from);
        let revoker = Revoker {
            manifest,
            token_auth: auth.token_auth,
            client_id: self.client_id.as_deref(),
            client_secret: secret.as_ref(),
            values: &self.values,
        };
        for (name, token) in revoker.tokens() {
            match ask(app, &revoker, name, token).await {
                Ok(Answer::Revoked) => taken.push(name.to_owned()),
                Ok(Answer::Worthless) => {}
                Ok(Answer::Refused(reason)) => return Err(failure(reason, false, taken)),
                Ok(Answer::Unclear(reason)) => return Err(failure(reason, true, taken)),
                Err(error) => {
                    let may_pass = matches!(error, Error::Upstream { .. });
                    return Err(failure(error.to_string(), may_pass, taken));
                }
            }
        }
        Ok(taken)
    }
}

async fn ask(app: &App, revoker: &Revoker<'_>, name: &str, token: &str) -> Result<Answer> {
    let mut request = revoker.request(name, token)?;
    request.timeout = TIMEOUT;
    request.max_bytes = LARGEST_REPLY;
    Ok(revoker.read(&app.outbound.send(request).await?))
}

fn failure(reason: impl Into<String>, may_pass: bool, revoked: Vec<String>) -> Failure {
    Failure {
        reason: reason.into(),
        may_pass,
        revoked,
    }
}
