//! Every setting of the server. The doc comments are the manual (`tenon serve --help`).

mod embeddings;
mod files;
mod idempotency;
mod language_model;
mod s3;
mod store;

pub use embeddings::EmbeddingSettings;
pub use files::FileSettings;
pub use idempotency::IdempotencySettings;
pub use language_model::LanguageModelSettings;
pub use s3::S3Settings;
pub use store::StoreConfig;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, Args, value_parser};
use ipnet::IpNet;
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::error::{Error, Result};
use crate::ids::SessionId;

const DATABASE: &str = "Database and keys";
const TOOLKITS: &str = "Toolkits and outbound calls";
const TOKENS: &str = "Tokens";
const LIMITS: &str = "Limits";

/// The path of [`Config::oauth_callback_url`] under each prefix of the API.
pub const OAUTH_CALLBACK_PATH: &str = "/toolkits/auth/callback";

/// Settings of `tenon serve`. A secret may be given as `@/path/to/file`.
#[derive(Debug, Clone, Args)]
pub struct Config {
    /// Address and port to listen on.
    #[arg(
        long,
        env = "TENON_LISTEN",
        default_value = "127.0.0.1:8080",
        value_name = "ADDRESS",
        help_heading = "Server"
    )]
    pub listen: SocketAddr,
    /// The URL under which users' browsers and SDKs reach this server, without a trailing slash;
    /// by default `http://` and the listen address.
    #[arg(
        long,
        env = "TENON_PUBLIC_URL",
        value_name = "URL",
        help_heading = "Server"
    )]
    pub public_url: Option<Url>,
    /// Database and master keys.
    #[command(flatten)]
    pub store: StoreConfig,
    /// The first project's API key, at the first start; by default one is made and printed once.
    #[arg(long, env = "TENON_API_KEY", hide_env_values = true, value_name = "KEY", help_heading = DATABASE)]
    pub api_key: Option<SecretString>,
    /// The first organisation's API key, at the first start; by default one is made and printed.
    #[arg(long, env = "TENON_ORG_API_KEY", hide_env_values = true, value_name = "KEY", help_heading = DATABASE)]
    pub org_api_key: Option<SecretString>,
    /// Folder with toolkits of yours; one with a bundled toolkit's slug replaces it.
    #[arg(long, env = "TENON_TOOLKITS_DIR", value_name = "FOLDER", help_heading = TOOLKITS)]
    pub toolkits_dir: Option<PathBuf>,
    /// Where imports through the API find `npm:` packages, if not at registry.npmjs.org: a mirror of
    /// it.
    #[arg(long, env = "TENON_NPM_REGISTRY", value_name = "URL", help_heading = TOOLKITS)]
    pub npm_registry: Option<Url>,
    /// Where they find `pypi:` packages, if not at pypi.org/simple: a mirror of that index.
    #[arg(long, env = "TENON_PYPI_INDEX", value_name = "URL", help_heading = TOOLKITS)]
    pub pypi_index: Option<Url>,
    /// Where they find `crate:` packages, if not at index.crates.io: a sparse index of yours.
    #[arg(long, env = "TENON_CRATES_INDEX", value_name = "URL", help_heading = TOOLKITS)]
    pub crates_index: Option<Url>,
    /// Networks that outbound calls may reach although they are private, such as `10.1.0.0/16`.
    #[arg(long, env = "TENON_ALLOW_CIDRS", value_delimiter = ',', value_name = "CIDR,…", help_heading = TOOLKITS)]
    pub allow_cidrs: Vec<IpNet>,
    /// Another base URL for a toolkit, as `github=https://ghe.example.com/api/v3`
    /// [env: `TENON_BASE_URL_<TOOLKIT>`].
    #[arg(long = "base-url", value_name = "TOOLKIT=URL", help_heading = TOOLKITS)]
    pub base_urls: Vec<ToolkitSetting>,
    /// Another OAuth authorization URL for a toolkit [env: `TENON_AUTHORIZE_URL_<TOOLKIT>`].
    #[arg(long = "authorize-url", value_name = "TOOLKIT=URL", help_heading = TOOLKITS)]
    pub authorize_urls: Vec<ToolkitSetting>,
    /// Another OAuth token URL for a toolkit [env: `TENON_TOKEN_URL_<TOOLKIT>`].
    #[arg(long = "token-url", value_name = "TOOLKIT=URL", help_heading = TOOLKITS)]
    pub token_urls: Vec<ToolkitSetting>,
    /// Another revocation URL for a toolkit [env: `TENON_REVOKE_URL_<TOOLKIT>`]. A toolkit whose base
    /// or token URL leads to another host revokes nothing without it.
    #[arg(long = "revoke-url", value_name = "TOOLKIT=URL", help_heading = TOOLKITS)]
    pub revoke_urls: Vec<ToolkitSetting>,
    /// Client id of this installation's own OAuth app for a toolkit, which makes managed auth work
    /// for it [env: `TENON_OAUTH_CLIENT_ID_<TOOLKIT>`].
    #[arg(long = "oauth-client-id", value_name = "TOOLKIT=ID", help_heading = TOOLKITS)]
    pub oauth_client_ids: Vec<ToolkitSetting>,
    /// Its client secret [env: `TENON_OAUTH_CLIENT_SECRET_<TOOLKIT>`].
    #[arg(long = "oauth-client-secret", value_name = "TOOLKIT=SECRET", help_heading = TOOLKITS)]
    pub oauth_client_secrets: Vec<ToolkitSetting>,
    /// File with this installation's own OAuth apps, by toolkit; read again on SIGHUP. An app in a
    /// flag or variable stands above the file's.
    #[arg(long, env = "TENON_OAUTH_APPS", value_name = "FILE", help_heading = TOOLKITS)]
    pub oauth_apps: Option<PathBuf>,
    /// Renews tokens before they end, whether or not a call needs them; one replica that does is
    /// enough.
    #[arg(long, env = "TENON_REFRESH_AHEAD", default_value_t = true, action = ArgAction::Set, value_name = "BOOLEAN", help_heading = TOKENS)]
    pub refresh_ahead: bool,
    /// Days after which an account expires whose token could not be refreshed all that while,
    /// because its provider was out or answered nonsense; never by default. A grant that the
    /// provider takes back ends its account at once in any case.
    #[arg(long, env = "TENON_REFRESH_GIVE_UP_DAYS", value_parser = value_parser!(u32).range(1..=3650), value_name = "DAYS", help_heading = TOKENS)]
    pub refresh_give_up_days: Option<u32>,
    /// Files.
    #[command(flatten)]
    pub files: FileSettings,
    /// Idempotency keys.
    #[command(flatten)]
    pub idempotency: IdempotencySettings,
    /// The language model.
    #[command(flatten)]
    pub language_model: LanguageModelSettings,
    /// The embedding model.
    #[command(flatten)]
    pub embeddings: EmbeddingSettings,
    /// Requests an organisation may make in a window, per replica; no limit by default.
    #[arg(long, env = "TENON_RATE_LIMIT", value_parser = value_parser!(u32).range(1..), value_name = "REQUESTS", help_heading = LIMITS)]
    pub rate_limit: Option<u32>,
    /// Requests a project may make in a window, per replica; no limit by default.
    #[arg(long, env = "TENON_PROJECT_RATE_LIMIT", value_parser = value_parser!(u32).range(1..), value_name = "REQUESTS", help_heading = LIMITS)]
    pub project_rate_limit: Option<u32>,
    /// Registrations of OAuth clients that one address may make in a window, per replica.
    #[arg(long, env = "TENON_REGISTRATION_LIMIT", default_value_t = 60, value_parser = value_parser!(u32).range(1..), value_name = "REQUESTS", help_heading = LIMITS)]
    pub registration_limit: u32,
    /// Networks of proxies before this server, whose `X-Forwarded-For` says where a request came from.
    #[arg(long, env = "TENON_TRUSTED_PROXIES", value_delimiter = ',', value_name = "CIDR,…", help_heading = LIMITS)]
    pub trusted_proxies: Vec<IpNet>,
    /// Length of the rate limits' window in seconds.
    #[arg(long, env = "TENON_RATE_LIMIT_WINDOW", default_value_t = 600, value_parser = value_parser!(u64).range(1..), value_name = "SECONDS", help_heading = LIMITS)]
    pub rate_limit_window_s: u64,
    /// Largest request body in bytes.
    #[arg(long, env = "TENON_MAX_BODY_BYTES", default_value_t = 10 * 1024 * 1024, value_name = "BYTES", help_heading = LIMITS)]
    pub max_body_bytes: usize,
    /// Largest upstream answer in bytes that a tool returns.
    #[arg(long, env = "TENON_MAX_UPSTREAM_BYTES", default_value_t = 8 * 1024 * 1024, value_name = "BYTES", help_heading = LIMITS)]
    pub max_upstream_bytes: usize,
    /// Time limit of an upstream call in seconds, unless the tool has its own.
    #[arg(long, env = "TENON_UPSTREAM_TIMEOUT", default_value_t = 60, value_name = "SECONDS", help_heading = LIMITS)]
    pub upstream_timeout_s: u64,
    /// Calls that may be under way to one upstream host; others wait.
    #[arg(long, env = "TENON_UPSTREAM_CONCURRENCY", default_value_t = 256, value_parser = value_parser!(u32).range(1..), value_name = "CALLS", help_heading = LIMITS)]
    pub upstream_concurrency: u32,
    /// Calls that may be under way for one connected account; others wait.
    #[arg(long, env = "TENON_ACCOUNT_CONCURRENCY", default_value_t = 64, value_parser = value_parser!(u32).range(1..), value_name = "CALLS", help_heading = LIMITS)]
    pub account_concurrency: u32,
    /// Failures in a row after which an upstream host is left alone for a while; 0 for never.
    #[arg(long, env = "TENON_CIRCUIT_FAILURES", default_value_t = 10, value_name = "FAILURES", help_heading = LIMITS)]
    pub circuit_failures: u32,
    /// How long it is left alone, in seconds.
    #[arg(long, env = "TENON_CIRCUIT_REST", default_value_t = 30, value_parser = value_parser!(u64).range(1..), value_name = "SECONDS", help_heading = LIMITS)]
    pub circuit_rest_s: u64,
    /// Days that records of executions are kept.
    #[arg(long, env = "TENON_LOG_RETENTION_DAYS", default_value_t = 30, value_parser = value_parser!(u64).range(1..), value_name = "DAYS", help_heading = LIMITS)]
    pub log_retention_days: u64,
    /// Logs as JSON, one object a line.
    #[arg(long, env = "TENON_LOG_JSON", help_heading = "Log")]
    pub log_json: bool,
    /// What to log, as `tracing` filters have it.
    #[arg(
        long,
        env = "RUST_LOG",
        default_value = "info,sqlx=warn",
        value_name = "FILTER",
        help_heading = "Log"
    )]
    pub log_filter: String,
}

/// A setting of one toolkit: `slug=value`.
#[derive(Clone)]
pub struct ToolkitSetting {
    /// Slug in lower case.
    pub toolkit: String,
    /// May be a secret: never printed.
    pub value: SecretString,
}

impl std::fmt::Debug for ToolkitSetting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}=…", self.toolkit)
    }
}

impl std::str::FromStr for ToolkitSetting {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (toolkit, value) = text.split_once('=').ok_or("expected TOOLKIT=VALUE")?;
        Ok(Self {
            toolkit: toolkit.to_ascii_lowercase(),
            value: value.to_owned().into(),
        })
    }
}

/// What an operator sets for one toolkit.
#[derive(Debug, Clone, Default)]
pub struct ToolkitOverride {
    /// Replaces the manifest's `base_url`.
    pub base_url: Option<Url>,
    /// Replaces the OAuth `authorize_url`.
    pub authorize_url: Option<Url>,
    /// Replaces the OAuth `token_url`.
    pub token_url: Option<Url>,
    /// Replaces the URL of OAuth's `revoke`.
    pub revoke_url: Option<Url>,
    /// This installation's own OAuth app.
    pub oauth_app: Option<OAuthApp>,
}

/// An OAuth app that the operator registered with a provider.
#[derive(Debug, Clone)]
pub struct OAuthApp {
    /// Public name of the app.
    pub client_id: String,
    /// Its secret.
    pub client_secret: SecretString,
    /// What a connection asks for, unless its auth config says; the toolkit's own where empty.
    pub scopes: Vec<String>,
    /// Where the provider sends browsers back to, if not to this server.
    pub redirect_uri: Option<Url>,
    /// The apps that were in use before it.
    pub former: Vec<FormerApp>,
}

/// An OAuth app that was in use before: accounts that were connected by it are refreshed by it.
#[derive(Debug, Clone)]
pub struct FormerApp {
    /// Public name of the app.
    pub client_id: String,
    /// Its secret.
    pub client_secret: SecretString,
}

impl Config {
    /// Adds what stands in the environment under a toolkit's name, and refuses what cannot be.
    ///
    /// # Errors
    /// When a setting contradicts another or names an unreadable file.
    pub fn check(mut self) -> Result<Self> {
        self.read_toolkit_environment();
        self.store = self.store.check()?;
        self.language_model = self.language_model.check()?;
        self.embeddings = self.embeddings.check()?;
        self.files = self.files.check()?;
        for secret in [&mut self.api_key, &mut self.org_api_key] {
            if let Some(value) = secret {
                *value = read_secret(value)?;
            }
            // Compose files hand variables on that are not set.
            secret.take_if(|value| value.expose_secret().is_empty());
        }
        if let Some(url) = &self.public_url
            && !matches!(url.scheme(), "http" | "https")
        {
            return Err(Error::invalid(
                "TENON_PUBLIC_URL must begin with http:// or https://",
            ));
        }
        for (name, key) in [
            ("TENON_API_KEY", &self.api_key),
            ("TENON_ORG_API_KEY", &self.org_api_key),
        ] {
            if key
                .as_ref()
                .is_some_and(|key| key.expose_secret().len() < MIN_KEY_LENGTH)
            {
                return Err(Error::invalid(format!(
                    "{name} must have at least {MIN_KEY_LENGTH} characters"
                )));
            }
        }
        self.toolkit_overrides()?;
        Ok(self)
    }

    /// The server's URL as others reach it, without a trailing slash.
    #[must_use]
    pub fn public_base(&self) -> String {
        match &self.public_url {
            Some(url) => url.as_str().trim_end_matches('/').to_owned(),
            None if self.listen.ip().is_unspecified() => {
                format!("http://localhost:{}", self.listen.port())
            }
            None => format!("http://{}", self.listen),
        }
    }

    /// Where clients of the Model Context Protocol find a session's tools.
    #[must_use]
    pub fn session_mcp_url(&self, session: &SessionId) -> String {
        format!("{}/tool_router/{session}/mcp", self.public_base())
    }

    /// Where OAuth providers send users' browsers back to, unless an auth config says otherwise.
    #[must_use]
    pub fn oauth_callback_url(&self) -> String {
        format!("{}/api/v3{OAUTH_CALLBACK_PATH}", self.public_base())
    }

    /// Time limit of an upstream call.
    #[must_use]
    pub const fn upstream_timeout(&self) -> Duration {
        Duration::from_secs(self.upstream_timeout_s)
    }

    /// The operator's settings, by toolkit.
    ///
    /// # Errors
    /// When a URL is none, or an OAuth app has only one of its two halves.
    pub fn toolkit_overrides(&self) -> Result<BTreeMap<String, ToolkitOverride>> {
        let mut overrides: BTreeMap<String, ToolkitOverride> = BTreeMap::new();
        for setting in &self.base_urls {
            let url = parse_url(setting)?;
            overrides
                .entry(setting.toolkit.clone())
                .or_default()
                .base_url = Some(url);
        }
        for setting in &self.authorize_urls {
            let url = parse_url(setting)?;
            overrides
                .entry(setting.toolkit.clone())
                .or_default()
                .authorize_url = Some(url);
        }
        for setting in &self.token_urls {
            let url = parse_url(setting)?;
            overrides
                .entry(setting.toolkit.clone())
                .or_default()
                .token_url = Some(url);
        }
        for setting in &self.revoke_urls {
            let url = parse_url(setting)?;
            overrides
                .entry(setting.toolkit.clone())
                .or_default()
                .revoke_url = Some(url);
        }
        for id in &self.oauth_client_ids {
            let secret = self
                .oauth_client_secrets
                .iter()
                .find(|secret| secret.toolkit == id.toolkit)
                .ok_or_else(|| {
                    Error::invalid(format!(
                        "the OAuth app of {} has no client secret",
                        id.toolkit
                    ))
                })?;
            overrides.entry(id.toolkit.clone()).or_default().oauth_app = Some(OAuthApp {
                client_id: id.value.expose_secret().to_owned(),
                client_secret: read_secret(&secret.value)?,
                scopes: Vec::new(),
                redirect_uri: None,
                former: Vec::new(),
            });
        }
        Ok(overrides)
    }

    fn read_toolkit_environment(&mut self) {
        #[expect(
            clippy::disallowed_methods,
            reason = "this is where the environment is read"
        )]
        for (name, value) in std::env::vars() {
            let targets = [
                ("TENON_BASE_URL_", &mut self.base_urls),
                ("TENON_AUTHORIZE_URL_", &mut self.authorize_urls),
                ("TENON_TOKEN_URL_", &mut self.token_urls),
                ("TENON_REVOKE_URL_", &mut self.revoke_urls),
                ("TENON_OAUTH_CLIENT_ID_", &mut self.oauth_client_ids),
                ("TENON_OAUTH_CLIENT_SECRET_", &mut self.oauth_client_secrets),
            ];
            for (prefix, settings) in targets {
                if let Some(toolkit) = name.strip_prefix(prefix) {
                    let toolkit = toolkit.to_ascii_lowercase();
                    // A flag stands above the environment.
                    if !settings.iter().any(|setting| setting.toolkit == toolkit) {
                        settings.push(ToolkitSetting {
                            toolkit,
                            value: value.clone().into(),
                        });
                    }
                }
            }
        }
    }
}

const MIN_KEY_LENGTH: usize = 16;

fn parse_url(setting: &ToolkitSetting) -> Result<Url> {
    Url::parse(setting.value.expose_secret())
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
        .ok_or_else(|| Error::invalid(format!("the URL set for {} is none", setting.toolkit)))
}

/// A secret, or what stands in the file that it names after an `@`.
///
/// # Errors
/// When the file cannot be read.
pub fn read_secret(secret: &SecretString) -> Result<SecretString> {
    match secret.expose_secret().strip_prefix('@') {
        None => Ok(secret.clone()),
        Some(path) => std::fs::read_to_string(path)
            .map(|text| text.trim().to_owned().into())
            .map_err(|cause| {
                Error::invalid(format!("cannot read the secret file {path}: {cause}"))
            }),
    }
}
