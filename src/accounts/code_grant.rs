//! The authorization code grant (RFC 6749 section 4.1), by an app of the auth config's or by one
//! that is registered for it.

use secrecy::ExposeSecret;
use serde_json::{Map, Value};

use super::blueprint::Blueprint;
use super::choice::Granted;
use super::consent::{Asked, Returned};
use super::secrets::AttemptSecrets;
use super::{kept, post_connect, registration, token_endpoint};
use crate::app::App;
use crate::auth_schemes::oauth2::{OAuthClient, TokenFailure};
use crate::error::Result;
use crate::scheme::Scheme;

/// Where the user is sent, and what to remember.
///
/// # Errors
/// When the auth config or the values make no request, or no client can be registered.
pub(super) async fn ask(
    app: &App,
    blueprint: &Blueprint,
    values: &Map<String, Value>,
    state: String,
) -> Result<Asked> {
    let auth = blueprint.auth()?;
    let scopes = blueprint.scopes(auth);
    let user_scopes = blueprint.user_scopes(auth);
    let registration = match auth.scheme {
        Scheme::DcrOauth => Some(registration::current(app, blueprint).await?),
        _ => None,
    };
    let client = match &registration {
        Some(registration) => registration::client(blueprint, registration, values)?,
        None => blueprint.client(app, values)?,
    };
    let authorization = client.authorize(state, &scopes, &user_scopes)?;
    let mut shown = Map::new();
    if let Some(registration) = &registration {
        shown.insert("client_id".into(), registration.client_id.as_str().into());
    }
    let verifier = authorization.code_verifier;
    Ok(Asked {
        url: authorization.url,
        secrets: AttemptSecrets {
            code_verifier: verifier.map(|text| text.expose_secret().to_owned()),
            scope: (!scopes.is_empty()).then(|| scopes.join(" ")),
            registration,
            ..AttemptSecrets::default()
        },
        shown,
    })
}

/// Takes the code for tokens.
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
    let AttemptSecrets {
        code_verifier,
        scope,
        registration,
        ..
    } = remembered;
    let issuer = match &registration {
        Some(registration) => registration.issuer.as_deref(),
        None => blueprint.auth()?.issuer.as_deref(),
    };
    let told = check_issuer(issuer, returned).and_then(|()| kept::of_callback(blueprint, returned));
    let told = match told {
        Ok(told) => told,
        Err(failure) => return Ok(Err(failure)),
    };
    let mut values = values.clone();
    values.extend(told.clone());
    let client: OAuthClient<'_> = match &registration {
        Some(registration) => registration::client(blueprint, registration, &values)?,
        None => blueprint.client(app, &values)?,
    };
    let code = returned.text("code").unwrap_or_default().to_owned();
    let send = token_endpoint::sender(app);
    let answer = client.exchange(code, code_verifier, &send).await;
    if let (Err(failure), Some(registration)) = (&answer, &registration)
        && failure.is_clients_fault()
    {
        registration::forget(app, blueprint, &registration.client_id).await?;
    }
    let granted = match answer.and_then(|answer| kept::of_first(blueprint, answer)) {
        Ok(tokens) => post_connect::with_told(app, blueprint, &values, tokens).await?,
        Err(failure) => Err(failure),
    };
    Ok(granted.map(|mut granted| {
        let tokens = &mut granted.tokens;
        tokens.extend(told);
        // Left out where it is what was asked for (RFC 6749 section 5.1).
        if let Some(scope) = scope.filter(|_| !tokens.contains_key("scope")) {
            tokens.insert("scope".into(), scope.into());
        }
        if let Some(registration) = registration {
            tokens.extend(registration.kept_by_account());
        }
        granted
    }))
}

/// That it is the asked provider that answers, where it says who it is (RFC 9207 section 2.4).
fn check_issuer(expected: Option<&str>, returned: &Returned) -> Result<(), TokenFailure> {
    let Some(expected) = expected else {
        return Ok(());
    };
    if returned.text("iss") == Some(expected) {
        return Ok(());
    }
    Err(TokenFailure::unusable(format!(
        "the answer does not come from {expected}"
    )))
}
