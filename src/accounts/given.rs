//! Credentials that a caller brings for one call, in the shape of a connected account. Those that last
//! are exchanged for a token, for this call alone: nothing of either is kept.

use std::fmt;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::blueprint::Blueprint;
use super::config_credentials::{read_scopes, require, take_consumer_names};
use super::{exchange, fields, grant};
use crate::app::App;
use crate::auth_schemes::Credentials;
use crate::catalog::Toolkit;
use crate::error::{Error, Result};
use crate::ids::ProjectId;
use crate::scheme::Scheme;

const PATH: &str = "custom_connection_data.val";

/// What a caller brings.
#[derive(Clone)]
pub struct GivenConnection {
    /// Slug of the toolkit that the credentials are for, in any case.
    pub toolkit: String,
    /// How they are used.
    pub scheme: Scheme,
    /// The values, under the names of the API.
    pub values: Map<String, Value>,
}

impl fmt::Debug for GivenConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GivenConnection({}, {})", self.toolkit, self.scheme)
    }
}

/// The values as credentials of `toolkit`, checked like those of an account: what enters a URL has
/// the form that its field declares. What an auth config would hold stands among them. May ask the
/// provider for a token, so it is called while no transaction is open.
///
/// # Errors
/// [`Error::Invalid`] when they are for another toolkit, by a scheme that it does not have,
/// incomplete, or refused by the provider; [`Error::Upstream`] when that one does not answer.
pub async fn given_credentials(
    app: &App,
    project: &ProjectId,
    toolkit: &Arc<Toolkit>,
    given: GivenConnection,
) -> Result<Credentials> {
    let GivenConnection {
        toolkit: slug,
        scheme,
        values,
    } = given;
    check_purpose(toolkit, &slug, scheme)?;
    let mut blueprint = Blueprint::of_call(app, project, toolkit, scheme).await?;
    let values = check(&mut blueprint, values)?;
    let values = grant::with_first_token(app, &blueprint, values)
        .await?
        .map_err(grant::refused)?;
    Ok(blueprint.credentials(values))
}

/// Refuses credentials of another toolkit, or by a scheme that it does not have.
fn check_purpose(toolkit: &Toolkit, slug: &str, scheme: Scheme) -> Result<()> {
    let manifest = &toolkit.manifest;
    if !slug.eq_ignore_ascii_case(&manifest.slug) {
        return Err(Error::fields(vec![format!(
            "custom_connection_data.toolkitSlug: the tool is of `{}`",
            manifest.slug
        )]));
    }
    if toolkit.auth(scheme).is_some() {
        return Ok(());
    }
    Err(Error::fields(vec![format!(
        "custom_connection_data.authScheme: `{}` takes {}",
        manifest.slug,
        toolkit.scheme_names()
    )]))
}

/// The values under their own names, if nothing is wrong with any and none is missing.
fn check(blueprint: &mut Blueprint, mut values: Map<String, Value>) -> Result<Map<String, Value>> {
    let scheme = blueprint.config.scheme;
    if scheme == Scheme::OAuth1 {
        take_consumer_names(&mut values);
    }
    // The name that a token has in an answer is what was granted; `scopes` is what is asked for.
    read_scopes(PATH, &mut values)?;
    if let Some(scopes) = values.shift_remove("scopes") {
        blueprint
            .secrets
            .credentials
            .insert("scopes".into(), scopes);
    }
    let (mut values, mut missing) = blueprint.check(values)?.valid(PATH)?;
    let auth = blueprint.auth()?;
    let asks = grant::asks_for_first_token(auth, &values);
    for field in &auth.fields.auth_config {
        if let Some(default) = &field.default {
            values
                .entry(&field.name)
                .or_insert_with(|| default.clone().into());
        }
        let is_needed = asks || exchange::is_for_calls(blueprint, auth, &field.name);
        if field.required && is_needed {
            require(&values, &[&field.name], &mut missing);
        }
    }
    require(&values, grant::fruits_of_consent(scheme), &mut missing);
    match scheme {
        Scheme::OAuth1 => require(&values, &["consumer_key", "consumer_secret"], &mut missing),
        Scheme::S2sOAuth2 if asks => require(&values, &["client_id"], &mut missing),
        Scheme::OAuth2
        | Scheme::ApiKey
        | Scheme::Basic
        | Scheme::BillcomAuth
        | Scheme::BearerToken
        | Scheme::GoogleServiceAccount
        | Scheme::NoAuth
        | Scheme::BasicWithJwt
        | Scheme::CalcomAuth
        | Scheme::ServiceAccount
        | Scheme::Saml
        | Scheme::DcrOauth
        | Scheme::S2sOAuth2 => {}
    }
    if missing.is_empty() {
        Ok(values)
    } else {
        Err(fields::missing_error(PATH, &missing))
    }
}
