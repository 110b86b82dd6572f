//! What auth configs look like in answers.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::request::{ProxyConfig, ToolAccess, ToolkitName};
use crate::accounts::auth_configs::ConfigView;
use crate::catalog::manifest::Field;
use crate::ids::{AuthConfigId, JobId, legacy_uuid};
use crate::scheme::Scheme;
use crate::storage::auth_configs::AuthConfig;
use crate::time::Timestamp;

/// A new auth config, in short.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CreatedAuthConfig {
    /// What it connects to.
    toolkit: ToolkitName,
    /// What was made.
    auth_config: CreatedConfig,
}

/// The part of a new auth config that callers go on with.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NewAuthConfig)]
pub(super) struct CreatedConfig {
    /// Its id.
    #[schema(value_type = String, example = "ac_1a2b3c4d5e6f")]
    id: AuthConfigId,
    /// How users connect.
    #[schema(example = "OAUTH2")]
    auth_scheme: String,
    /// Whether it uses the operator's OAuth app.
    is_composio_managed: bool,
    /// Only these tools may be executed with its accounts.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, deprecated)]
    restrict_to_following_tools: Option<Vec<String>>,
}

impl From<AuthConfig> for CreatedAuthConfig {
    fn from(config: AuthConfig) -> Self {
        Self {
            toolkit: ToolkitName {
                slug: config.toolkit,
            },
            auth_config: CreatedConfig {
                id: config.id,
                auth_scheme: config.scheme.name().into(),
                is_composio_managed: config.managed,
                restrict_to_following_tools: config.tools_for_execution,
            },
        }
    }
}

/// An auth config that is gone.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DeletedAuthConfig {
    /// Always `true`.
    #[schema(required = false)]
    success: bool,
    /// What was done, for people.
    #[schema(required = false)]
    message: &'static str,
    /// The background job that gives the grants of its accounts back to the provider, if one does.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, nullable = false, example = "job_1a2b3c4d5e6f")]
    revoke_job_id: Option<JobId>,
}

impl DeletedAuthConfig {
    pub(super) const fn new(revoke_job_id: Option<JobId>) -> Self {
        Self {
            success: true,
            message: "The auth config and its accounts are deleted",
            revoke_job_id,
        }
    }
}

/// A toolkit as it stands in an auth config.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuthConfigToolkit)]
pub(super) struct ToolkitBadge {
    /// Its slug.
    slug: String,
    /// URL of its logo; empty when there is none.
    logo: String,
}

/// A value that a connection needs from the user.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConnectionField)]
pub(super) struct InputField {
    /// The name in the API.
    name: String,
    /// The name on pages.
    #[serde(rename = "displayName")]
    display_name: String,
    /// `string`, `number` or `boolean`.
    r#type: String,
    /// What it is and where to find it.
    description: String,
    /// Whether it must be given.
    required: bool,
    /// Taken when nothing is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    default: Option<String>,
}

impl From<&Field> for InputField {
    fn from(field: &Field) -> Self {
        Self {
            name: field.name.clone(),
            display_name: field.display_name.clone(),
            r#type: field.kind.clone(),
            description: field.description.clone(),
            required: field.required,
            default: field.default.clone(),
        }
    }
}

/// Names of an older API.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuthConfigDeprecatedParams)]
pub(super) struct DeprecatedParams {
    /// Nothing corresponds to it any more.
    #[schema(required)]
    default_connector_id: Option<String>,
    /// The API key that made it, as a UUID.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    member_uuid: Option<String>,
    /// The toolkit, as a UUID.
    #[schema(required = false)]
    toolkit_id: String,
    /// As `expected_input_fields`.
    #[schema(required = false)]
    expected_input_fields: Vec<InputField>,
}

/// An auth config: how a project's users connect to a toolkit.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AuthConfigDetail {
    /// Its id.
    #[schema(value_type = String, example = "ac_1a2b3c4d5e6f")]
    id: AuthConfigId,
    /// The same id as a UUID, for older clients.
    uuid: String,
    /// Whether the credentials are the caller's own.
    r#type: ConfigType,
    /// What it connects to.
    toolkit: ToolkitBadge,
    /// For people.
    name: String,
    /// How users connect.
    #[schema(required = false)]
    auth_scheme: Scheme,
    /// Whether it uses the operator's OAuth app.
    #[schema(required = false)]
    is_composio_managed: bool,
    /// Client id, scopes and fields of the toolkit; secrets are cut to four characters and `...`
    /// unless the project shows them.
    #[schema(value_type = Object, required = false)]
    credentials: Map<String, Value>,
    /// Absent: proxies are not built.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    proxy_config: Option<ProxyConfig>,
    /// Whether connections may be made and used.
    status: ConfigStatus,
    /// The API key that made it.
    #[schema(required = false)]
    created_by: String,
    /// When it was made.
    #[schema(value_type = String, required = false)]
    created_at: Timestamp,
    /// When it was last changed.
    #[schema(value_type = String, required = false)]
    last_updated_at: Timestamp,
    /// How many active accounts it has.
    no_of_connections: i64,
    /// What a connection needs from the user.
    #[schema(required = false)]
    expected_input_fields: Vec<InputField>,
    /// Only these tools may be executed with its accounts; empty means all.
    #[schema(required = false, deprecated)]
    restrict_to_following_tools: Vec<String>,
    /// The tools it is for.
    tool_access_config: ToolAccess,
    /// Whether tool-router sessions may pick it.
    #[schema(required = false)]
    is_enabled_for_tool_router: bool,
    /// Values that every account of it has unless it has its own.
    #[serde(skip_serializing_if = "Map::is_empty")]
    #[schema(value_type = Object, required = false)]
    shared_credentials: Map<String, Value>,
    /// Names of an older API.
    #[schema(required = false, deprecated)]
    deprecated_params: DeprecatedParams,
}

/// Whose credentials an auth config uses.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = AuthConfigType)]
pub(super) enum ConfigType {
    /// The OAuth app of this server's operator.
    Default,
    /// The caller's own.
    Custom,
}

/// Whether an auth config may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
#[schema(as = AuthConfigStatus)]
pub(super) enum ConfigStatus {
    /// Connections may be made and used.
    Enabled,
    /// No connection is made, and none is used.
    Disabled,
}

impl From<ConfigView> for AuthConfigDetail {
    fn from(view: ConfigView) -> Self {
        let ConfigView {
            config,
            credentials,
            shared_credentials,
            created_by,
            connections,
            toolkit,
        } = view;
        let auth = toolkit
            .as_ref()
            .and_then(|toolkit| toolkit.auth(config.scheme));
        let input_fields = || -> Vec<InputField> {
            auth.into_iter()
                .flat_map(|auth| &auth.fields.connection)
                .map(InputField::from)
                .collect()
        };
        Self {
            uuid: legacy_uuid(config.id.as_str()),
            r#type: if config.managed {
                ConfigType::Default
            } else {
                ConfigType::Custom
            },
            toolkit: ToolkitBadge {
                slug: config.toolkit.clone(),
                logo: toolkit
                    .as_ref()
                    .map(|kit| kit.manifest.logo.clone())
                    .unwrap_or_default(),
            },
            name: config.name,
            auth_scheme: config.scheme,
            is_composio_managed: config.managed,
            credentials,
            proxy_config: None,
            status: if config.enabled {
                ConfigStatus::Enabled
            } else {
                ConfigStatus::Disabled
            },
            created_at: config.created_at,
            last_updated_at: config.updated_at,
            no_of_connections: connections,
            expected_input_fields: input_fields(),
            restrict_to_following_tools: config.tools_for_execution.clone().unwrap_or_default(),
            tool_access_config: ToolAccess {
                tools_for_connected_account_creation: config.tools_for_account_creation,
                tools_available_for_execution: config.tools_for_execution,
            },
            is_enabled_for_tool_router: config.enabled_for_tool_router,
            shared_credentials,
            deprecated_params: DeprecatedParams {
                default_connector_id: None,
                member_uuid: Some(created_by.as_str())
                    .filter(|key| !key.is_empty())
                    .map(legacy_uuid),
                toolkit_id: legacy_uuid(&config.toolkit),
                expected_input_fields: input_fields(),
            },
            created_by,
            id: config.id,
        }
    }
}
