//! Links by which a session's user connects an account.

use serde_json::Map;
use url::Url;

use super::scope::Scope;
use crate::accounts::auth_configs::{ConfigKind, NewAuthConfig, ToolLimits};
use crate::accounts::connect::{self, MadeLink, NewLink};
use crate::accounts::{self, auth_configs};
use crate::app::App;
use crate::catalog::Toolkit;
use crate::catalog::manifest::AuthManifest;
use crate::error::{Error, Result};
use crate::ids::AuthConfigId;
use crate::scheme::Scheme;
use crate::storage;
use crate::storage::auth_configs::ConfigFilter;

/// An auth config that no session may pick is passed over; more than these are not looked at.
const MOST_CONFIGS: i64 = 100;

/// A request for a link.
#[derive(Debug, Clone, Default)]
pub struct LinkWish {
    /// Slug of the toolkit, in any case.
    pub toolkit: String,
    /// Where the user's browser goes in the end; the session's own where absent.
    pub callback_url: Option<String>,
    /// The caller's name for the account.
    pub alias: Option<String>,
}

impl Scope {
    /// Makes a link to the page where the user connects an account: by the session's auth config for the
    /// toolkit, else the project's newest, else a new one where that needs nobody's credentials.
    ///
    /// # Errors
    /// [`Error::NotFound`] and [`Error::Forbidden`] for the toolkit, [`Error::Invalid`] when it needs no
    /// account, there is no way to connect it without an auth config, the URL is none or the user has as
    /// many accounts as the session admits.
    pub async fn link(&self, app: &App, wish: LinkWish) -> Result<MadeLink> {
        let toolkit = self.catalog.toolkit(&wish.toolkit)?;
        let slug = &toolkit.manifest.slug;
        self.permit_toolkit(slug)?;
        if toolkit.no_auth() {
            return Err(Error::invalid_with_fix(
                format!("toolkit `{slug}` needs no account"),
                "Execute its tools at once.",
            ));
        }
        self.admit_another(app, slug).await?;
        let callback_url = match wish.callback_url {
            Some(url) if connect::web_address(&url).is_none() => {
                let problem = "callback_url: must be an absolute http or https URL";
                return Err(Error::fields(vec![problem.into()]));
            }
            Some(url) => Some(url),
            None => self
                .config()
                .and_then(|config| config.manage_connections.callback_url.clone()),
        };
        let new = NewLink {
            auth_config: self.auth_config(app, toolkit).await?,
            user: self.user.clone(),
            alias: wish.alias,
            callback_url,
            values: Map::new(),
        };
        let mut made = connect::link(app, &self.project, new).await?;
        if let Some(base) = self.link_base() {
            made.url = moved(&base, &made.token)?;
        }
        Ok(made)
    }

    fn link_base(&self) -> Option<String> {
        self.config()?.experimental.link_url_overwrite.clone()
    }

    async fn admit_another(&self, app: &App, toolkit: &str) -> Result<()> {
        let multi = self
            .config()
            .and_then(|config| config.multi_account.as_ref());
        let Some(multi) = multi.filter(|multi| multi.enable) else {
            return Ok(());
        };
        let connections = self.connections(app, &[toolkit.to_owned()]).await?;
        let has = connections
            .of(toolkit)
            .map_or(0, |known| known.usable.len());
        if has < multi.max_accounts_per_toolkit as usize {
            return Ok(());
        }
        Err(Error::invalid_with_fix(
            format!(
                "user `{}` has {has} accounts for `{toolkit}`, as many as the session admits",
                self.user
            ),
            "Remove one, or raise `multi_account.max_accounts_per_toolkit`.",
        ))
    }

    async fn auth_config(&self, app: &App, toolkit: &Toolkit) -> Result<AuthConfigId> {
        let slug = &toolkit.manifest.slug;
        if let Some(config) = self.config() {
            if let Some(id) = config.auth_configs.get(slug) {
                return Ok(id.clone());
            }
            if let Some(pinned) = config.connected_accounts.get(slug)
                && let Some(id) = pinned.accounts().first()
            {
                let account = accounts::find(app, &self.project, id).await?;
                return Ok(account.auth_config_id.clone());
            }
        }
        let filter = ConfigFilter {
            toolkits: vec![slug.clone()],
            ..ConfigFilter::default()
        };
        let mut session = app.db.read().await?;
        let project = &self.project;
        let known =
            storage::auth_configs::list(session.conn(), project, &filter, MOST_CONFIGS, 0).await?;
        drop(session);
        let mut open = known.into_iter().filter(|row| row.enabled_for_tool_router);
        match open.next() {
            Some(config) => Ok(config.id),
            None => self.new_auth_config(app, toolkit).await,
        }
    }

    async fn new_auth_config(&self, app: &App, toolkit: &Toolkit) -> Result<AuthConfigId> {
        let new = NewAuthConfig {
            toolkit: toolkit.manifest.slug.clone(),
            name: None,
            kind: kind_without_credentials(toolkit)?,
            shared_credentials: Map::new(),
            tools: ToolLimits::default(),
            enabled_for_tool_router: None,
            created_by: self.created_by.clone(),
        };
        let made = auth_configs::create(app, &self.project, new).await?;
        Ok(made.id)
    }
}

/// An auth config that can be made without anybody's credentials: by the operator's app, or where each
/// user brings all that is needed.
fn kind_without_credentials(toolkit: &Toolkit) -> Result<ConfigKind> {
    let credentials = Map::new();
    if !toolkit.managed_schemes().is_empty() {
        return Ok(ConfigKind::Managed { credentials });
    }
    let is_users_own = |auth: &&AuthManifest| {
        let mut asked = auth.fields.auth_config.iter();
        auth.scheme != Scheme::NoAuth
            && !auth.scheme.needs_consent()
            && !asked.any(|field| field.required && field.default.is_none())
    };
    let slug = &toolkit.manifest.slug;
    let auth = toolkit.manifest.auth.iter().find(is_users_own);
    auth.map(|auth| ConfigKind::Custom {
        scheme: auth.scheme,
        credentials,
    })
    .ok_or_else(|| {
        Error::invalid_with_fix(
            format!("the project has no auth config for `{slug}`, and this installation no app of its own"),
            format!(
                "Make one with POST /api/v3/auth_configs ({}), or let the operator set up managed auth.",
                toolkit.scheme_names()
            ),
        )
    })
}

/// The page of a link at the host that the session names.
fn moved(base: &str, token: &str) -> Result<Url> {
    let base = base.trim_end_matches('/');
    Url::parse(&format!("{base}/link/{token}"))
        .map_err(|_| Error::internal("the session's link URL is none"))
}
