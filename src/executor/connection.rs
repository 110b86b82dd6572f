//! A toolkit with the credentials of one account: where its API is, and who may see the token.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Map, Value};
use url::Url;
use zeroize::Zeroizing;

use super::custom_auth::CustomAuth;
use super::{OwnAuth, scopes};
use crate::accounts::{self, AccountSelector};
use crate::app::App;
use crate::auth_schemes::{self, Credentials, Redactor};
use crate::catalog::manifest::AuthManifest;
use crate::catalog::{Toolkit, template};
use crate::error::{Error, Result};
use crate::ids::ProjectId;
use crate::outbound::{AllowedHosts, OutboundRequest};
use crate::scheme::Scheme;
use crate::storage::connected_accounts::ConnectedAccount;
use crate::time::Clock;

/// What a call speaks to, and as whom.
#[derive(Clone)]
pub(super) struct Connection {
    pub(super) toolkit: Arc<Toolkit>,
    /// None for a toolkit without auth.
    pub(super) account: Option<Arc<ConnectedAccount>>,
    credentials: Credentials,
    /// In place of credentials.
    custom: Option<CustomAuth>,
    /// For signatures.
    clock: Clock,
}

impl Connection {
    /// Picks the account and opens its credentials, refreshed where need be.
    ///
    /// # Errors
    /// What [`accounts::pick`] and [`accounts::fresh_credentials`] return.
    pub(super) async fn open(
        app: &App,
        toolkit: &Arc<Toolkit>,
        account: Option<Arc<ConnectedAccount>>,
    ) -> Result<Self> {
        let credentials = match &account {
            None => Credentials::none(),
            Some(account) => accounts::fresh_credentials(app, account).await?,
        };
        Ok(Self {
            toolkit: Arc::clone(toolkit),
            account,
            credentials,
            custom: None,
            clock: app.clock.clone(),
        })
    }

    /// With what came with the call; what lasts is exchanged for a token first.
    ///
    /// # Errors
    /// What [`accounts::given_credentials`] returns.
    pub(super) async fn of_caller(
        app: &App,
        project: &ProjectId,
        toolkit: &Arc<Toolkit>,
        own: OwnAuth,
    ) -> Result<Self> {
        let (credentials, custom) = match own {
            OwnAuth::Connection(given) => {
                let given = accounts::given_credentials(app, project, toolkit, given);
                (Box::pin(given).await?, None)
            }
            OwnAuth::Parameters(custom) => (Credentials::none(), Some(custom)),
        };
        Ok(Self {
            toolkit: Arc::clone(toolkit),
            account: None,
            credentials,
            custom,
            clock: app.clock.clone(),
        })
    }

    /// With credentials that belong to no account yet.
    pub(super) fn of_credentials(
        app: &App,
        toolkit: &Arc<Toolkit>,
        credentials: Credentials,
    ) -> Self {
        Self {
            toolkit: Arc::clone(toolkit),
            account: None,
            credentials,
            custom: None,
            clock: app.clock.clone(),
        }
    }

    /// After the upstream answered 401: takes refreshed credentials, and says whether there are
    /// any.
    ///
    /// # Errors
    /// What [`accounts::refresh_after_unauthorized`] returns.
    pub(super) async fn refresh(&mut self, app: &App) -> Result<bool> {
        let Some(account) = &self.account else {
            return Ok(false);
        };
        match accounts::refresh_after_unauthorized(app, account).await? {
            None => Ok(false),
            Some(fresh) => {
                self.credentials = fresh;
                Ok(true)
            }
        }
    }

    /// The base URL, or that of a named server, with the connection's values in it.
    ///
    /// # Errors
    /// [`Error::Invalid`] when a value is missing or not of the form that its field declares.
    pub(super) fn base_url(&self, server: Option<&str>) -> Result<Url> {
        if let Some(custom) = &self.custom {
            if let Some(url) = custom.base_url()? {
                return Ok(url);
            }
            self.check_fixed_url()?;
        }
        let Credentials { scheme, values } = &self.credentials;
        let base = self.toolkit.base_url(*scheme);
        let named = server.and_then(|name| self.toolkit.manifest.servers.get(name));
        let template = named.map_or(base, String::as_str);
        self.toolkit.check_url_values(*scheme, template, values)?;
        let url = self.toolkit.url(*scheme, server, values)?;
        if !matches!(url.scheme(), "http" | "https") || !url.username().is_empty() {
            return Err(self.toolkit.unfit(template));
        }
        Ok(url)
    }

    /// Parameters of the caller's own bring no fields for a URL.
    fn check_fixed_url(&self) -> Result<()> {
        match template::slots(&self.toolkit.manifest.base_url).next() {
            None => Ok(()),
            Some(slot) => Err(Error::fields(vec![format!(
                "custom_auth_params.base_url: is required, since the URL of {} has a `{}`",
                self.toolkit.manifest.slug, slot.name
            )])),
        }
    }

    /// The values that expressions may see: those of fields that are no secrets, and what was kept of
    /// the provider's answers and is none.
    pub(super) fn plain_values(&self) -> Map<String, Value> {
        let Some(auth) = self.auth() else {
            return Map::new();
        };
        let fields = auth
            .fields
            .connection
            .iter()
            .chain(&auth.fields.auth_config);
        let fields = fields.map(|field| (&field.name, field.secret));
        let kept = auth.kept().map(|(name, kept)| (name, kept.secret));
        let plain = fields.chain(kept).filter(|(_, secret)| !secret);
        let values = &self.credentials.values;
        let found = plain.filter_map(|(name, _)| Some((name.clone(), values.get(name)?.clone())));
        found.collect()
    }

    /// The scopes that the provider granted, where it said so, with those that they include.
    pub(super) fn granted_scopes(&self) -> Option<BTreeSet<String>> {
        let granted = scopes::read(self.credentials.values.get("scope")?)?;
        let includes = self.auth().map(|auth| &auth.scopes.includes);
        let narrower: Vec<String> = includes
            .into_iter()
            .flatten()
            .filter(|(scope, _)| granted.contains(*scope))
            .flat_map(|(_, others)| others.clone())
            .collect();
        Some(granted.into_iter().chain(narrower).collect())
    }

    /// The origins that may receive the credential.
    pub(super) fn hosts(&self) -> AllowedHosts {
        let own = self.custom.as_ref().map(CustomAuth::base_url);
        if let Some(Ok(Some(url))) = own {
            return AllowedHosts::of_url(&url);
        }
        let Credentials { scheme, values } = &self.credentials;
        AllowedHosts(self.toolkit.credential_hosts(*scheme, values))
    }

    /// Adds the credential to a request, and says where it may go.
    ///
    /// # Errors
    /// What [`auth_schemes::apply`] returns.
    pub(super) fn authorize(&self, request: &mut OutboundRequest) -> Result<()> {
        request.credential_hosts = self.hosts();
        if let Some(custom) = &self.custom {
            return custom.apply(request);
        }
        match self.auth() {
            Some(auth) => auth_schemes::apply(auth, &self.credentials, &self.clock, request),
            None if self.credentials.scheme == Scheme::NoAuth => Ok(()),
            None => Err(Error::invalid_with_fix(
                format!(
                    "{} no longer takes accounts connected by {}",
                    self.toolkit.manifest.slug, self.credentials.scheme
                ),
                "Let the user connect again.",
            )),
        }
    }

    /// Knows the connection's secrets and what was made of them for `request`.
    pub(super) fn redactor(&self, request: &OutboundRequest) -> Redactor {
        let stored = auth_schemes::secrets(self.auth(), &self.credentials);
        let headers = request
            .credential_headers
            .values()
            .filter_map(|value| value.to_str().ok());
        // `Basic dXNlcjpwYXNz`: what follows the scheme's name is the secret.
        let sent = headers.map(|value| value.rsplit(' ').next().unwrap_or(value));
        let queried = request
            .credential_query
            .iter()
            .map(|(_, value)| value.as_str());
        let built = sent
            .chain(queried)
            .map(|text| Zeroizing::new(text.to_owned()));
        let in_body = self.custom.iter().flat_map(CustomAuth::body_secrets);
        Redactor::new(stored.into_iter().chain(built).chain(in_body))
    }

    /// The scheme's name; parameters of the caller's own have none.
    pub(super) fn scheme_name(&self) -> Option<&'static str> {
        self.custom
            .is_none()
            .then(|| self.credentials.scheme.name())
    }

    fn auth(&self) -> Option<&AuthManifest> {
        self.toolkit.auth(self.credentials.scheme)
    }
}

/// The account that a tool of `toolkit` uses; none where it needs none.
///
/// # Errors
/// What [`accounts::pick`] returns.
pub(super) async fn pick_account(
    app: &App,
    project: &ProjectId,
    toolkit: &Toolkit,
    selector: &AccountSelector,
) -> Result<Option<Arc<ConnectedAccount>>> {
    let slug = &toolkit.manifest.slug;
    if !toolkit.no_auth() || selector.account.is_some() {
        return accounts::pick(app, project, slug, selector).await.map(Some);
    }
    if toolkit
        .manifest
        .auth
        .iter()
        .all(|auth| auth.scheme == Scheme::NoAuth)
    {
        return Ok(None);
    }
    // It works with and without an account: one that is there is used.
    match accounts::pick(app, project, slug, selector).await {
        Ok(account) => Ok(Some(account)),
        Err(Error::NoConnectedAccount { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Refuses a tool that the account's auth config does not let through.
///
/// # Errors
/// [`Error::RestrictedTool`].
pub(super) async fn check_restriction(
    app: &App,
    account: &ConnectedAccount,
    tool: &str,
) -> Result<()> {
    let config =
        accounts::find_auth_config(app, &account.project_id, &account.auth_config_id).await?;
    match &config.tools_for_execution {
        Some(tools)
            if !tools.is_empty() && !tools.iter().any(|one| one.eq_ignore_ascii_case(tool)) =>
        {
            Err(Error::RestrictedTool {
                tool: tool.to_owned(),
                auth_config: account.auth_config_id.as_str().to_owned(),
            })
        }
        _ => Ok(()),
    }
}
