//! What making a project takes and gives.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::settings::LogVisibility;
use crate::ids::ProjectId;
use crate::storage::projects::SettingsChange;
use crate::tenancy::projects::NewProject;

/// A new project.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct CreateProjectBody {
    /// Letters, digits, `_` and `-`.
    #[schema(
        min_length = 3,
        max_length = 75,
        pattern = "^[a-zA-Z0-9_-]+$",
        example = "staging"
    )]
    name: String,
    /// Whether the answer brings an API key; without one, make it later by regenerating.
    #[serde(default)]
    #[schema(default = false)]
    should_create_api_key: bool,
    /// Settings to begin with, in place of the defaults.
    #[schema(nullable = false)]
    config: Option<InitialSettings>,
}

/// Settings of a new project.
#[derive(Debug, Deserialize, ToSchema)]
struct InitialSettings {
    /// Kept and given back; there is no login here that it could protect.
    #[serde(rename = "is_2FA_enabled")]
    two_factor_enabled: bool,
    /// An http or https address of the logo on hosted pages.
    #[schema(nullable = false)]
    logo_url: Option<String>,
    /// The name on hosted pages, at most 100 characters.
    #[schema(nullable = false)]
    display_name: Option<String>,
    /// Whether answers cut secrets of connected accounts to four characters.
    #[serde(rename = "mask_secret_keys_in_connected_account")]
    mask_secrets: bool,
    /// What execution logs keep.
    log_visibility_setting: LogVisibility,
    /// Whether MCP servers of the project ask for an API key.
    #[serde(rename = "require_mcp_api_key")]
    #[schema(nullable = false)]
    require_mcp_key: Option<bool>,
}

impl From<CreateProjectBody> for NewProject {
    fn from(body: CreateProjectBody) -> Self {
        let CreateProjectBody {
            name,
            should_create_api_key,
            config,
        } = body;
        let settings = config.map(SettingsChange::from).unwrap_or_default();
        Self {
            name,
            settings,
            with_api_key: should_create_api_key,
        }
    }
}

impl From<InitialSettings> for SettingsChange {
    fn from(settings: InitialSettings) -> Self {
        let InitialSettings {
            two_factor_enabled,
            logo_url,
            display_name,
            mask_secrets,
            log_visibility_setting,
            require_mcp_key,
        } = settings;
        Self {
            mask_secrets: Some(mask_secrets),
            log_visibility: Some(log_visibility_setting.name().to_owned()),
            require_mcp_key,
            two_factor_enabled: Some(two_factor_enabled),
            logo_url,
            display_name,
        }
    }
}

/// A project that was made.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CreatedProject {
    /// The project's id.
    #[schema(value_type = String, example = "proj_abc123xyz456")]
    pub(super) id: ProjectId,
    /// Its name.
    pub(super) name: String,
    /// Its first API key, if one was wished.
    #[schema(required = true, example = "ak_abc123xyz456")]
    pub(super) api_key: Option<String>,
}
