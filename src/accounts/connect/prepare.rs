//! Checks a request to connect before anything is stored.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::accounts::blueprint::Blueprint;
use crate::accounts::fields::missing_error;
use crate::accounts::grant;
use crate::app::App;
use crate::auth_schemes::Credentials;
use crate::catalog::Toolkit;
use crate::error::{Error, Result};
use crate::ids::{AuthConfigId, ProjectId};
use crate::scheme::Scheme;

const PATH: &str = "connection.state.val";
/// Of a user's id, in bytes: longer ones fit into no index.
pub const LONGEST_USER: usize = 512;
const LONGEST_ALIAS: usize = 256;
/// Names that describe a state of the connection and are no credentials.
const STATE_NAMES: [&str; 15] = [
    "status",
    "redirectUrl",
    "callbackUrl",
    "callback_url",
    "finalRedirectUri",
    "code_verifier",
    "state_prefix",
    "long_redirect_url",
    "composio_link_redirect_url",
    "authUri",
    "oauth_verifier",
    "error",
    "error_description",
    "expired_at",
    "revoked_at",
];

/// A request to connect a user's account.
#[derive(Debug, Clone)]
pub struct NewConnection {
    /// How.
    pub auth_config: AuthConfigId,
    /// Whose, in the caller's words.
    pub user: String,
    /// The caller's name for the account.
    pub alias: Option<String>,
    /// Where the user's browser goes in the end.
    pub callback_url: Option<String>,
    /// The scheme that the caller takes the auth config for.
    pub scheme: Option<Scheme>,
    /// The caller says that the values are complete: a missing one is an error.
    pub is_complete: bool,
    /// Whether the account is to be used at once.
    pub enabled: bool,
    /// Credentials and fields.
    pub values: Map<String, Value>,
}

/// A request whose values are in order.
pub struct Prepared {
    pub(super) blueprint: Blueprint,
    pub(super) request: NewConnection,
    /// The toolkit's fields and the credentials, under their own names.
    pub(super) values: Map<String, Value>,
    /// Whether something must still be asked of the user before the provider can be.
    pub(super) lacks_fields: bool,
    /// Whether nothing more is needed of anybody.
    pub(super) is_held: bool,
}

impl Prepared {
    /// The credentials as a tool would use them, to be tried before they are kept; none when they
    /// are still to come.
    #[must_use]
    pub fn to_try(&self) -> Option<(&Arc<Toolkit>, Credentials)> {
        let blueprint = &self.blueprint;
        self.is_held.then(|| {
            (
                &blueprint.toolkit,
                blueprint.credentials(self.values.clone()),
            )
        })
    }
}

impl std::fmt::Debug for Prepared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Prepared({})", self.blueprint.config.id)
    }
}

/// Reads what a connection is given.
///
/// # Errors
/// When the auth config is not there or disabled, or a value is wrong; when the caller says that
/// the values are complete and they are not.
pub async fn prepare(
    app: &App,
    project: &ProjectId,
    mut request: NewConnection,
) -> Result<Prepared> {
    let blueprint = Blueprint::load(app, project, &request.auth_config).await?;
    let scheme = blueprint.config.scheme;
    check_enabled(&blueprint)?;
    check_names(&request.user, request.alias.as_deref())?;
    if request.scheme.is_some_and(|other| other != scheme) {
        let id = &blueprint.config.id;
        return Err(Error::invalid(format!(
            "auth config `{id}` connects by {scheme}"
        )));
    }
    let given = credentials_only(std::mem::take(&mut request.values));
    let (values, mut missing) = blueprint.check(given)?.valid(PATH)?;
    let lacks_fields = !missing.is_empty();
    for name in grant::fruits_of_consent(scheme) {
        if !values.get(*name).is_some_and(Value::is_string) {
            missing.push((*name).to_owned());
        }
    }
    if request.is_complete && !missing.is_empty() {
        return Err(missing_error(PATH, &missing));
    }
    let is_held = missing.is_empty();
    let values = if is_held {
        grant::with_first_token(app, &blueprint, values)
            .await?
            .map_err(grant::refused)?
    } else {
        values
    };
    Ok(Prepared {
        blueprint,
        request,
        values,
        lacks_fields,
        is_held,
    })
}

/// Refuses an auth config that is switched off.
pub(in crate::accounts) fn check_enabled(blueprint: &Blueprint) -> Result<()> {
    if blueprint.config.enabled {
        return Ok(());
    }
    Err(Error::invalid_with_fix(
        format!("auth config `{}` is disabled", blueprint.config.id),
        format!(
            "Enable it with PATCH /api/v3/auth_configs/{}/ENABLED.",
            blueprint.config.id
        ),
    ))
}

/// Refuses names that cannot be stored.
pub(in crate::accounts) fn check_names(user: &str, alias: Option<&str>) -> Result<()> {
    let mut problems = Vec::new();
    if user.is_empty() || user.len() > LONGEST_USER {
        problems.push(format!("user_id: must have 1 to {LONGEST_USER} bytes"));
    }
    if alias.is_some_and(|alias| alias.len() > LONGEST_ALIAS) {
        problems.push(format!("alias: must have at most {LONGEST_ALIAS} bytes"));
    }
    if problems.is_empty() {
        Ok(())
    } else {
        Err(Error::fields(problems))
    }
}

/// The values without what only describes a state.
pub(in crate::accounts) fn credentials_only(mut values: Map<String, Value>) -> Map<String, Value> {
    values.retain(|name, _| !STATE_NAMES.contains(&name.as_str()));
    values
}
