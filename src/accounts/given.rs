//! Credentials that a caller brings for one call, in the shape of a connected account.

use std::fmt;

use serde_json::{Map, Value};

use super::{fields, grant};
use crate::auth_schemes::Credentials;
use crate::catalog::Toolkit;
use crate::error::{Error, Result};
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
/// the form that its field declares.
///
/// # Errors
/// [`Error::Invalid`] when they are for another toolkit, by a scheme that it does not have, or
/// incomplete.
pub fn given_credentials(toolkit: &Toolkit, given: GivenConnection) -> Result<Credentials> {
    let GivenConnection {
        toolkit: slug,
        scheme,
        values,
    } = given;
    let manifest = &toolkit.manifest;
    if !slug.eq_ignore_ascii_case(&manifest.slug) {
        return Err(Error::fields(vec![format!(
            "custom_connection_data.toolkitSlug: the tool is of `{}`",
            manifest.slug
        )]));
    }
    let Some(auth) = toolkit.auth(scheme) else {
        let known: Vec<&str> = manifest
            .auth
            .iter()
            .map(|auth| auth.scheme.name())
            .collect();
        return Err(Error::fields(vec![format!(
            "custom_connection_data.authScheme: `{}` takes {}",
            manifest.slug,
            known.join(", ")
        )]));
    };
    let checked = fields::check(toolkit, &auth.fields.connection, scheme, values)?;
    let (values, mut missing) = checked.valid(PATH)?;
    for name in grant::fruits_of_consent(scheme) {
        if !values.get(*name).is_some_and(Value::is_string) {
            missing.push((*name).to_owned());
        }
    }
    if missing.is_empty() {
        Ok(Credentials { scheme, values })
    } else {
        Err(fields::missing_error(PATH, &missing))
    }
}
