//! What auth configs look like in requests.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::accounts::auth_configs::{ConfigKind, ConfigUpdate, NewAuthConfig, ToolLimits};
use crate::error::{Error, Result};
use crate::scheme::Scheme;

/// A toolkit, named by its slug.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(super) struct ToolkitName {
    /// In any case; answered in lower case.
    #[schema(example = "github")]
    pub(super) slug: String,
}

/// Scopes as one text, with commas or spaces between them, or as a list.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "describes a value that is read as JSON")]
enum ScopeList {
    Text(String),
    List(Vec<String>),
}

/// What the scheme asks for once an auth config: for OAUTH2 `client_id`, `client_secret` and
/// perhaps `oauth_redirect_uri`; further names are those of the toolkit's own fields.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuthConfigCredentials)]
struct Credentials {
    /// What a connection asks for, in place of the toolkit's default scopes.
    #[schema(nullable = false)]
    scopes: Option<ScopeList>,
    /// What a connection asks for in the user's own name, where the provider parts the two.
    #[schema(nullable = false)]
    user_scopes: Option<ScopeList>,
    /// What else the scheme or the toolkit asks for.
    #[serde(flatten)]
    further: Map<String, Value>,
}

/// A proxy between this server and the service. Not built: a request that brings one is refused.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = AuthConfigProxy)]
pub(super) struct ProxyConfig {
    /// Where the proxy is.
    proxy_url: String,
    /// What the proxy wants to see.
    #[schema(nullable = false)]
    proxy_auth_key: Option<String>,
}

/// The tools an auth config is for.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[schema(as = AuthConfigTools)]
pub(super) struct ToolAccess {
    /// Connections ask for the scopes of these tools, beside those of `credentials.scopes`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) tools_for_connected_account_creation: Option<Vec<String>>,
    /// Only these tools may be executed with its accounts.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) tools_available_for_execution: Option<Vec<String>>,
}

/// A new auth config.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct CreateAuthConfigBody {
    /// What it connects to.
    toolkit: ToolkitName,
    /// How; managed with the toolkit's defaults where absent.
    #[schema(nullable = false)]
    auth_config: Option<NewConfigBody>,
}

/// Whose credentials a new auth config uses.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
#[schema(as = NewAuthConfigKind)]
pub(super) enum NewConfigBody {
    /// The OAuth app that this server's operator registered for the toolkit.
    UseComposioManagedAuth {
        /// For people.
        #[schema(nullable = false)]
        name: Option<String>,
        /// Scopes, if not the toolkit's own.
        #[serde(default)]
        #[schema(value_type = Option<Credentials>, nullable = false)]
        credentials: Option<Map<String, Value>>,
        /// The tools it is for.
        #[schema(nullable = false)]
        tool_access_config: Option<ToolAccess>,
        /// Only these tools may be executed with its accounts.
        #[schema(nullable = false, deprecated)]
        restrict_to_following_tools: Option<Vec<String>>,
        /// Values that every account of it has unless it has its own.
        #[schema(value_type = Option<Object>, nullable = false)]
        shared_credentials: Option<Map<String, Value>>,
        /// Whether tool-router sessions may pick it; yes where absent.
        #[schema(nullable = false)]
        is_enabled_for_tool_router: Option<bool>,
    },
    /// The caller's own.
    UseCustomAuth {
        /// For people.
        #[schema(nullable = false)]
        name: Option<String>,
        /// How users connect; one of the toolkit's schemes.
        #[serde(rename = "authScheme")]
        auth_scheme: Scheme,
        /// What the scheme asks for.
        #[serde(default)]
        #[schema(value_type = Option<Credentials>, nullable = false)]
        credentials: Option<Map<String, Value>>,
        /// Not built: refused with 501.
        #[schema(nullable = false)]
        proxy_config: Option<ProxyConfig>,
        /// The tools it is for.
        #[schema(nullable = false)]
        tool_access_config: Option<ToolAccess>,
        /// Only these tools may be executed with its accounts.
        #[schema(nullable = false, deprecated)]
        restrict_to_following_tools: Option<Vec<String>>,
        /// Values that every account of it has unless it has its own.
        #[schema(value_type = Option<Object>, nullable = false)]
        shared_credentials: Option<Map<String, Value>>,
        /// Whether tool-router sessions may pick it; yes where absent.
        #[schema(nullable = false)]
        is_enabled_for_tool_router: Option<bool>,
    },
}

impl CreateAuthConfigBody {
    /// The request, as the service takes it.
    ///
    /// # Errors
    /// [`Error::NotImplemented`] for a proxy.
    pub(super) fn into_request(self, created_by: &str) -> Result<NewAuthConfig> {
        let Self {
            toolkit,
            auth_config,
        } = self;
        let request = |name, kind, shared: Option<_>, tools, router| NewAuthConfig {
            toolkit: toolkit.slug.clone(),
            name,
            kind,
            shared_credentials: shared.unwrap_or_default(),
            tools,
            enabled_for_tool_router: router,
            created_by: created_by.to_owned(),
        };
        Ok(match auth_config {
            None => {
                let kind = ConfigKind::Managed {
                    credentials: Map::new(),
                };
                request(None, kind, None, ToolLimits::default(), None)
            }
            Some(NewConfigBody::UseComposioManagedAuth {
                name,
                credentials,
                tool_access_config,
                restrict_to_following_tools,
                shared_credentials,
                is_enabled_for_tool_router,
            }) => {
                let kind = ConfigKind::Managed {
                    credentials: credentials.unwrap_or_default(),
                };
                let tools = limits_of_new(tool_access_config, restrict_to_following_tools);
                request(
                    name,
                    kind,
                    shared_credentials,
                    tools,
                    is_enabled_for_tool_router,
                )
            }
            Some(NewConfigBody::UseCustomAuth {
                name,
                auth_scheme,
                credentials,
                proxy_config,
                tool_access_config,
                restrict_to_following_tools,
                shared_credentials,
                is_enabled_for_tool_router,
            }) => {
                refuse_proxy(proxy_config.as_ref())?;
                let kind = ConfigKind::Custom {
                    scheme: auth_scheme,
                    credentials: credentials.unwrap_or_default(),
                };
                let tools = limits_of_new(tool_access_config, restrict_to_following_tools);
                request(
                    name,
                    kind,
                    shared_credentials,
                    tools,
                    is_enabled_for_tool_router,
                )
            }
        })
    }
}

fn refuse_proxy(proxy: Option<&ProxyConfig>) -> Result<()> {
    match proxy {
        None => Ok(()),
        Some(_) => Err(Error::NotImplemented(
            "`proxy_config` of an auth config".into(),
        )),
    }
}

/// An empty list of tools means no limit, as it does where the field is absent.
fn limits_of_new(access: Option<ToolAccess>, restrict: Option<Vec<String>>) -> ToolLimits {
    let given = |tools: Option<Vec<String>>| tools.filter(|tools| !tools.is_empty());
    let limits = limits(access, restrict);
    ToolLimits {
        for_account_creation: given(limits.for_account_creation),
        for_execution: given(limits.for_execution),
    }
}

/// A change of an auth config; what is absent stays as it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum UpdateAuthConfigBody {
    /// One with the caller's own credentials.
    Custom {
        /// Single values are replaced; null removes one.
        #[serde(default)]
        #[schema(value_type = Option<Credentials>, nullable = false)]
        credentials: Option<Map<String, Value>>,
        /// Not built: refused with 501.
        #[schema(nullable = false)]
        proxy_config: Option<ProxyConfig>,
        /// Only these tools may be executed with its accounts.
        #[schema(nullable = false, deprecated)]
        restrict_to_following_tools: Option<Vec<String>>,
        /// The tools it is for.
        #[schema(nullable = false)]
        tool_access_config: Option<ToolAccess>,
        /// Values that every account of it has unless it has its own.
        #[schema(value_type = Option<Object>, nullable = false)]
        shared_credentials: Option<Map<String, Value>>,
        /// Whether tool-router sessions may pick it.
        #[schema(nullable = false)]
        is_enabled_for_tool_router: Option<bool>,
    },
    /// One that uses the operator's OAuth app.
    Default {
        /// What a connection asks for.
        #[serde(default)]
        #[schema(value_type = Option<ScopeList>, nullable = false)]
        scopes: Option<Value>,
        /// Only these tools may be executed with its accounts.
        #[schema(nullable = false, deprecated)]
        restrict_to_following_tools: Option<Vec<String>>,
        /// The tools it is for.
        #[schema(nullable = false)]
        tool_access_config: Option<ToolAccess>,
        /// Values that every account of it has unless it has its own.
        #[schema(value_type = Option<Object>, nullable = false)]
        shared_credentials: Option<Map<String, Value>>,
        /// Whether tool-router sessions may pick it.
        #[schema(nullable = false)]
        is_enabled_for_tool_router: Option<bool>,
    },
}

impl UpdateAuthConfigBody {
    /// The change, as the service takes it.
    ///
    /// # Errors
    /// [`Error::NotImplemented`] for a proxy.
    pub(super) fn into_update(self) -> Result<ConfigUpdate> {
        Ok(match self {
            Self::Custom {
                credentials,
                proxy_config,
                restrict_to_following_tools,
                tool_access_config,
                shared_credentials,
                is_enabled_for_tool_router,
            } => {
                refuse_proxy(proxy_config.as_ref())?;
                ConfigUpdate {
                    managed: false,
                    credentials: credentials.unwrap_or_default(),
                    shared_credentials,
                    tools: limits(tool_access_config, restrict_to_following_tools),
                    enabled_for_tool_router: is_enabled_for_tool_router,
                }
            }
            Self::Default {
                scopes,
                restrict_to_following_tools,
                tool_access_config,
                shared_credentials,
                is_enabled_for_tool_router,
            } => ConfigUpdate {
                managed: true,
                credentials: scopes
                    .map(|scopes| ("scopes".to_owned(), scopes))
                    .into_iter()
                    .collect(),
                shared_credentials,
                tools: limits(tool_access_config, restrict_to_following_tools),
                enabled_for_tool_router: is_enabled_for_tool_router,
            },
        })
    }
}

fn limits(access: Option<ToolAccess>, restrict: Option<Vec<String>>) -> ToolLimits {
    let ToolAccess {
        tools_for_connected_account_creation,
        tools_available_for_execution,
    } = access.unwrap_or_default();
    ToolLimits {
        for_account_creation: tools_for_connected_account_creation,
        for_execution: tools_available_for_execution.or(restrict),
    }
}
