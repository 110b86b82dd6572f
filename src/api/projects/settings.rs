//! `/org/project/config`: the settings of the caller's own project.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::auth::Caller;
use crate::api::extract::Json;
use crate::app::App;
use crate::error::Result;
use crate::storage::projects::{ProjectSettings, SettingsChange};
use crate::tenancy;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(get_project_config, update_project_config))
}

/// What execution logs keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum LogVisibility {
    /// Arguments too, without their secrets.
    ShowAll,
    /// Only that a call was made and how it ended.
    DontStoreData,
}

impl LogVisibility {
    /// As the database has it.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::ShowAll => "show_all",
            Self::DontStoreData => "dont_store_data",
        }
    }
}

/// The settings in force.
#[derive(Debug, Serialize, ToSchema)]
struct ProjectConfig {
    /// Kept and given back; there is no login here that it could protect.
    #[serde(rename = "is_2FA_enabled")]
    two_factor_enabled: bool,
    /// The logo on hosted pages.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    logo_url: Option<String>,
    /// The name on hosted pages.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    display_name: Option<String>,
    /// Whether answers cut secrets of connected accounts to four characters.
    #[serde(rename = "mask_secret_keys_in_connected_account")]
    mask_secrets: bool,
    /// What execution logs keep.
    log_visibility_setting: LogVisibility,
    /// Whether MCP servers of the project ask for an API key.
    #[serde(rename = "require_mcp_api_key")]
    #[schema(required = false)]
    require_mcp_key: bool,
}

impl From<ProjectSettings> for ProjectConfig {
    fn from(settings: ProjectSettings) -> Self {
        let ProjectSettings {
            mask_secrets,
            log_visibility,
            require_mcp_key,
            two_factor_enabled,
            logo_url,
            display_name,
        } = settings;
        let log_visibility_setting = if log_visibility == LogVisibility::ShowAll.name() {
            LogVisibility::ShowAll
        } else {
            LogVisibility::DontStoreData
        };
        Self {
            two_factor_enabled,
            logo_url,
            display_name,
            mask_secrets,
            log_visibility_setting,
            require_mcp_key,
        }
    }
}

/// The settings to change; what is absent or null stays as it is.
#[derive(Debug, Deserialize, ToSchema)]
struct UpdateProjectConfigBody {
    /// Kept and given back; there is no login here that it could protect.
    #[serde(rename = "is_2FA_enabled")]
    #[schema(nullable = false)]
    two_factor_enabled: Option<bool>,
    /// An http or https address of the logo on hosted pages; empty takes it away.
    #[schema(nullable = false, example = "https://example.com/logo.png")]
    logo_url: Option<String>,
    /// The name on hosted pages, at most 100 characters; empty takes it away.
    #[schema(nullable = false)]
    display_name: Option<String>,
    /// Whether answers cut secrets of connected accounts to four characters.
    #[serde(rename = "mask_secret_keys_in_connected_account")]
    #[schema(nullable = false)]
    mask_secrets: Option<bool>,
    /// What execution logs keep.
    #[schema(nullable = false)]
    log_visibility_setting: Option<LogVisibility>,
    /// Whether MCP servers of the project ask for an API key.
    #[serde(rename = "require_mcp_api_key")]
    #[schema(nullable = false)]
    require_mcp_key: Option<bool>,
}

impl From<UpdateProjectConfigBody> for SettingsChange {
    fn from(body: UpdateProjectConfigBody) -> Self {
        let UpdateProjectConfigBody {
            two_factor_enabled,
            logo_url,
            display_name,
            mask_secrets,
            log_visibility_setting,
            require_mcp_key,
        } = body;
        Self {
            mask_secrets,
            log_visibility: log_visibility_setting.map(|setting| setting.name().to_owned()),
            require_mcp_key,
            two_factor_enabled,
            logo_url,
            display_name,
        }
    }
}

/// Get the project's settings
///
/// The settings in force for the project of the API key. A logo and a name are left out where none
/// is set.
#[utoipa::path(
    get, path = "/org/project/config", tag = "Projects", security(("ApiKeyAuth" = [])),
    responses((status = 200, description = "The settings", body = ProjectConfig)),
)]
async fn get_project_config(State(app): State<App>, caller: Caller) -> Result<Json<ProjectConfig>> {
    let open = tenancy::open_project(&app, &caller.project).await?;
    Ok(Json(open.project.settings.clone().into()))
}

/// Change the project's settings
///
/// Changes the settings that the body names, for the project of the API key, and answers all of
/// them. They are in force for the next request.
#[utoipa::path(
    patch, path = "/org/project/config", tag = "Projects", security(("ApiKeyAuth" = [])),
    request_body(
        content = Option<UpdateProjectConfigBody>,
        example = json!({ "mask_secret_keys_in_connected_account": false }),
    ),
    responses((status = 200, description = "The settings after the change", body = ProjectConfig)),
)]
async fn update_project_config(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<UpdateProjectConfigBody>,
) -> Result<Json<ProjectConfig>> {
    let settings = tenancy::change_settings(&app, &caller.project, &body.into()).await?;
    Ok(Json(settings.into()))
}
