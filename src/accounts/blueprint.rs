//! An auth config with all it takes to connect an account by it: secrets, toolkit, OAuth client.

use std::sync::Arc;

use secrecy::SecretString;
use serde_json::{Map, Value};
use url::Url;

use super::exchange;
use super::fields::{self, Checked};
use super::pick::find_auth_config;
use super::secrets::{ConfigSecrets, Keyring};
use super::token;
use crate::app::App;
use crate::auth_schemes::Credentials;
use crate::auth_schemes::oauth2::{ClientApp, Endpoints, OAuthClient};
use crate::catalog::manifest::AuthManifest;
use crate::catalog::{Catalog, Toolkit};
use crate::config::OAuthApp;
use crate::error::{Error, Result};
use crate::ids::{AuthConfigId, ProjectId};
use crate::scheme::Scheme;
use crate::storage::auth_configs::AuthConfig;
use crate::toolkits;

/// An auth config, opened, and its toolkit.
pub(super) struct Blueprint {
    pub(super) config: Arc<AuthConfig>,
    pub(super) secrets: ConfigSecrets,
    pub(super) toolkit: Arc<Toolkit>,
    /// All that the project has.
    pub(super) catalog: Arc<Catalog>,
    pub(super) keyring: Keyring,
}

impl Blueprint {
    /// The blueprint of an auth config.
    ///
    /// # Errors
    /// [`Error::NotFound`] when the auth config or its toolkit is not there.
    pub(super) async fn load(app: &App, project: &ProjectId, id: &AuthConfigId) -> Result<Self> {
        let config = find_auth_config(app, project, id).await?;
        let keyring = Keyring::of(app, project).await?;
        let secrets = keyring.open_config(&config)?;
        let catalog = toolkits::catalog(app, project).await?;
        let toolkit = Arc::clone(catalog.toolkit(&config.toolkit)?);
        Ok(Self {
            config,
            secrets,
            toolkit,
            catalog,
            keyring,
        })
    }

    /// The blueprint of credentials that come with a call: as of an auth config that stands nowhere
    /// and holds nothing.
    ///
    /// # Errors
    /// [`Error::NotFound`] when the project is deleted.
    pub(super) async fn of_call(
        app: &App,
        project: &ProjectId,
        toolkit: &Arc<Toolkit>,
        scheme: Scheme,
    ) -> Result<Self> {
        let now = app.clock.now();
        let config = AuthConfig {
            id: AuthConfigId::from("custom_connection_data".to_owned()),
            project_id: project.clone(),
            toolkit: toolkit.manifest.slug.clone(),
            name: String::new(),
            scheme,
            managed: false,
            enabled: true,
            enabled_for_tool_router: false,
            credentials: Vec::new(),
            tools_for_account_creation: None,
            tools_for_execution: None,
            created_at: now,
            updated_at: now,
        };
        Ok(Self {
            config: Arc::new(config),
            secrets: ConfigSecrets::default(),
            toolkit: Arc::clone(toolkit),
            catalog: toolkits::catalog(app, project).await?,
            keyring: Keyring::of(app, project).await?,
        })
    }

    /// The toolkit's block for the config's scheme.
    ///
    /// # Errors
    /// When the toolkit no longer has the scheme.
    pub(super) fn auth(&self) -> Result<&AuthManifest> {
        let scheme = self.config.scheme;
        self.toolkit.auth(scheme).ok_or_else(|| {
            let slug = &self.config.toolkit;
            Error::invalid(format!("toolkit `{slug}` cannot be connected by {scheme}"))
        })
    }

    /// Reads what a connection is given, over what it inherits from the config.
    ///
    /// # Errors
    /// When the toolkit no longer has the scheme.
    pub(super) fn check(&self, given: Map<String, Value>) -> Result<Checked> {
        let auth = self.auth()?;
        let declared = &auth.fields.connection;
        let mut checked = fields::check(&self.toolkit, declared, self.config.scheme, given)?;
        let inherited = self.secrets.inherited();
        checked.missing.retain(|name| !inherited.contains_key(name));
        if exchange::has_token(auth, &checked.values) {
            // Who brings the token need not say what it was given for.
            checked
                .missing
                .retain(|name| exchange::is_for_calls(self, auth, name));
        }
        Ok(checked)
    }

    /// The given values under the fields' own names, whatever names a client sent them by.
    ///
    /// # Errors
    /// When the toolkit no longer has the scheme.
    pub(super) fn take_own_names(&self, given: Map<String, Value>) -> Result<Map<String, Value>> {
        Ok(fields::own_names(
            &self.auth()?.fields.connection,
            self.config.scheme,
            given,
        ))
    }

    /// What a connection that has `values` puts into requests.
    pub(super) fn credentials(&self, values: Map<String, Value>) -> Credentials {
        Credentials {
            scheme: self.config.scheme,
            values: self.secrets.inherited_with(values),
        }
    }

    /// The OAuth client for a connection that has `values`, by the app of the operator, of the
    /// config, or of the connection itself where the toolkit asks each for its own.
    ///
    /// # Errors
    /// When the config is managed and the operator's app is gone, or a URL cannot be made.
    pub(super) fn client(&self, app: &App, values: &Map<String, Value>) -> Result<OAuthClient<'_>> {
        let all = self.secrets.inherited_with(values.clone());
        let (auth, app) = (self.auth()?, self.client_app(app, values)?);
        let urls = [&auth.authorize_url, &auth.token_url, &auth.refresh_url];
        for url in urls.into_iter().flatten() {
            self.toolkit.check_url_values(auth.scheme, url, &all)?;
        }
        let endpoints = Endpoints::of(auth, &all);
        Ok(OAuthClient::new(auth, &app, endpoints, all))
    }

    /// The OAuth app of a connection that has `values`: the operator's, the config's, or the
    /// connection's own where each has one.
    ///
    /// # Errors
    /// When the config is managed and the operator's app is gone, or there is no client id.
    pub(super) fn client_app(&self, app: &App, values: &Map<String, Value>) -> Result<ClientApp> {
        // A provider wants to see the redirect URI of the request again (RFC 6749 section 4.1.3),
        // whatever has become of the settings meanwhile.
        let shown = values.get(token::REDIRECT_URI).and_then(Value::as_str);
        let redirect_uri = match shown.map(Url::parse) {
            Some(Ok(shown)) => shown,
            Some(Err(_)) | None => self.redirect_uri(app)?,
        };
        let token_auth = self.auth()?.token_auth;
        let scheme = self.config.scheme;
        if self.uses_operators_app() {
            let (client_id, client_secret) = self.managed_client(values)?;
            return Ok(ClientApp {
                client_id: client_id.to_owned(),
                client_secret: Some(client_secret.clone()),
                redirect_uri,
                token_auth,
            });
        }
        let has_own = matches!(scheme, Scheme::S2sOAuth2 | Scheme::DcrOauth);
        let own = [values, &self.secrets.shared_credentials]
            .into_iter()
            .filter(|_| has_own);
        let text = |source: &Map<String, Value>, name: &str| {
            let text = source.get(name).and_then(Value::as_str);
            text.filter(|text| !text.is_empty()).map(str::to_owned)
        };
        // A secret belongs to the id that stands beside it.
        let (client_id, client_secret) = own
            .chain([&self.secrets.credentials])
            .find_map(|source| Some((text(source, "client_id")?, text(source, "client_secret"))))
            .ok_or_else(|| {
                Error::invalid(format!("auth config `{}` has no client_id", self.config.id))
            })?;
        Ok(ClientApp {
            client_id,
            client_secret: client_secret.map(SecretString::from),
            redirect_uri,
            token_auth,
        })
    }

    /// Whether it connects by an app of the operator's; a managed one may also register its own.
    pub(super) fn uses_operators_app(&self) -> bool {
        self.config.managed && self.config.scheme != Scheme::DcrOauth
    }

    /// The app of the operator's by which an account was connected; the present one for an account
    /// that is still to be connected. Tokens belong to the app that they were given to.
    ///
    /// # Errors
    /// [`Error::Invalid`] when the operator has no app, or that one no longer.
    pub(super) fn managed_client(
        &self,
        values: &Map<String, Value>,
    ) -> Result<(&str, &SecretString)> {
        let present = managed_app(&self.toolkit)?;
        let wanted = values.get(token::OAUTH_APP).and_then(Value::as_str);
        let apps = std::iter::once((&present.client_id, &present.client_secret)).chain(
            present
                .former
                .iter()
                .map(|former| (&former.client_id, &former.client_secret)),
        );
        let mut fitting = apps.filter(|(id, _)| wanted.is_none_or(|wanted| wanted == id.as_str()));
        let found = fitting.next().map(|(id, secret)| (id.as_str(), secret));
        found.ok_or_else(|| {
            Error::invalid_with_fix(
                format!(
                    "the account was connected by the OAuth app `{}`, which this server no longer \
                     has",
                    wanted.unwrap_or_default()
                ),
                "Let the user connect again, or let the server's operator put the app back under \
                 `former` in the file of TENON_OAUTH_APPS.",
            )
        })
    }

    /// Where the provider sends the browser back to: here, unless the config says otherwise, or the
    /// operator for a managed one.
    ///
    /// # Errors
    /// When it is no URL.
    pub(super) fn redirect_uri(&self, app: &App) -> Result<Url> {
        let managed = self.toolkit.managed_app.as_ref();
        if let Some(app) = managed.filter(|_| self.uses_operators_app())
            && let Some(url) = &app.redirect_uri
        {
            return Ok(url.clone());
        }
        let text = match self.secrets.text("oauth_redirect_uri") {
            Some(own) => own.to_owned(),
            None => app.config.oauth_callback_url(),
        };
        Url::parse(&text).map_err(|_| Error::invalid("`oauth_redirect_uri` is not an absolute URL"))
    }

    /// What a connection asks for: the config's own scopes and those of the tools it was made for;
    /// without either those of the operator's app, else the toolkit's.
    pub(super) fn scopes(&self, auth: &AuthManifest) -> Vec<String> {
        let mut needed = self.secrets.list("scopes");
        for slug in self.config.tools_for_account_creation.iter().flatten() {
            let scopes = self
                .catalog
                .newest_form(slug)
                .map(|tool| tool.manifest.scopes.clone());
            for scope in scopes.unwrap_or_default() {
                if !needed.contains(&scope) {
                    needed.push(scope);
                }
            }
        }
        if !needed.is_empty() {
            return needed;
        }
        let managed = self.toolkit.managed_app.as_ref();
        match managed.filter(|app| self.uses_operators_app() && !app.scopes.is_empty()) {
            Some(app) => app.scopes.clone(),
            None => auth.scopes.default.clone(),
        }
    }

    /// What a connection asks for in the user's own name, where the provider parts the two.
    pub(super) fn user_scopes(&self, auth: &AuthManifest) -> Vec<String> {
        let own = self.secrets.list("user_scopes");
        if own.is_empty() {
            auth.scopes.user_default.clone()
        } else {
            own
        }
    }
}

/// The operator's own OAuth app for a toolkit.
///
/// # Errors
/// [`Error::Invalid`] that says how to set one.
pub(super) fn managed_app(toolkit: &Toolkit) -> Result<&OAuthApp> {
    toolkit.managed_app.as_ref().ok_or_else(|| {
        let slug = &toolkit.manifest.slug;
        let name = slug.to_ascii_uppercase();
        Error::invalid_with_fix(
            format!("this server has no managed OAuth app for `{slug}`"),
            format!(
                "Create the auth config with `type: use_custom_auth` and credentials of your own, \
                 or let the server's operator set TENON_OAUTH_CLIENT_ID_{name} and \
                 TENON_OAUTH_CLIENT_SECRET_{name}, or add it to the file of TENON_OAUTH_APPS."
            ),
        )
    })
}
