//! `/auth/session/info`: what a project API key is worth.

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::auth::Caller;
use super::extract::Json;
use super::projects::WebhookVersion;
use crate::app::App;
use crate::error::Result;
use crate::ids::{OrgId, ProjectId, legacy_number, legacy_uuid};
use crate::storage::api_keys::ApiKey;
use crate::storage::projects::{Organization, Project};
use crate::tenancy;
use crate::time::Timestamp;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(get_session_info))
}

/// Whom a request speaks for.
#[derive(Debug, Serialize, ToSchema)]
struct SessionInfo {
    /// The project of the key.
    #[schema(required = true)]
    project: Option<SessionProject>,
    /// The key.
    #[schema(required = true)]
    api_key: Option<SessionKey>,
    /// Whom the key stands for: there are no people here, so the organisation itself.
    org_member: OrgMember,
}

/// The project of the key.
#[derive(Debug, Serialize, ToSchema)]
struct SessionProject {
    /// A number that always belongs to this project.
    auto_id: u64,
    /// A UUID that always belongs to this project.
    id: String,
    /// A UUID that always belongs to the organisation.
    org_id: String,
    /// Its name.
    name: String,
    /// An address that receives no mail; part of the shape.
    email: String,
    /// The project's id, as all other endpoints call it.
    #[schema(value_type = String, example = "proj_abc123xyz456")]
    nano_id: ProjectId,
    /// When it was made.
    #[schema(value_type = String, example = "2026-01-01T00:00:00.000Z")]
    created_at: Timestamp,
    /// When it was last changed.
    #[schema(value_type = String, example = "2026-01-01T00:00:00.000Z")]
    updated_at: Timestamp,
    /// Where trigger events go; null as long as triggers are not built here.
    #[schema(required = true)]
    webhook_url: Option<String>,
    /// Where other events go; null as long as they are not built here.
    #[schema(required = true)]
    event_webhook_url: Option<String>,
    /// Signs webhooks; null as long as there are none.
    #[schema(required = true)]
    webhook_secret: Option<String>,
    /// Whether triggers fire.
    triggers_enabled: bool,
    /// When an SDK last listened for events.
    #[schema(required = true)]
    last_subscribed_at: Option<String>,
    /// A deleted project has no valid key, so never true.
    deleted: bool,
    /// Superseded by `webhook_version`.
    #[schema(deprecated)]
    is_new_webhook: bool,
    /// The layout of webhooks.
    webhook_version: WebhookVersion,
    /// The organisation.
    org: SessionOrg,
}

/// The organisation.
#[derive(Debug, Serialize, ToSchema)]
struct SessionOrg {
    /// The organisation's id.
    #[schema(value_type = String, example = "org_abc123xyz456")]
    id: OrgId,
    /// Its name.
    name: String,
    /// There are no plans here.
    #[schema(example = "SELF_HOSTED")]
    plan: String,
}

/// The key.
#[derive(Debug, Serialize, ToSchema)]
struct SessionKey {
    /// A number that always belongs to this key.
    auto_id: u64,
    /// A UUID that always belongs to this key.
    id: String,
    /// Its name.
    name: String,
    /// The project it opens.
    #[schema(value_type = String, example = "proj_abc123xyz456")]
    project_id: ProjectId,
    /// As in `org_member`.
    org_member_id: String,
    /// When it was made.
    #[schema(value_type = String, example = "2026-01-01T00:00:00.000Z")]
    created_at: Timestamp,
    /// When it was last changed.
    #[schema(value_type = String, example = "2026-01-01T00:00:00.000Z")]
    updated_at: Timestamp,
    /// A revoked key is not valid, so always null.
    #[schema(required = true, value_type = Option<String>)]
    deleted_at: Option<Timestamp>,
    /// Its first characters and `...`; the key itself is known to its holder alone.
    #[schema(example = "ak_a...")]
    key: String,
    /// A revoked key is not valid, so never true.
    deleted: bool,
}

/// Whom a key stands for.
#[derive(Debug, Serialize, ToSchema)]
struct OrgMember {
    /// A UUID that always belongs to the organisation's keys.
    id: String,
    /// An address that receives no mail; part of the shape.
    email: String,
    /// The organisation's name.
    name: String,
    /// A key may do everything in its project.
    #[schema(example = "admin")]
    role: String,
}

/// Get the session's facts
///
/// Says which project and organisation the API key opens. The ids that the API knows as UUIDs and
/// numbers are derived from the row's own id, so they never change.
#[utoipa::path(
    get, path = "/auth/session/info", tag = "Authentication", security(("ApiKeyAuth" = [])),
    responses((status = 200, description = "Whom the key speaks for", body = SessionInfo)),
)]
async fn get_session_info(State(app): State<App>, caller: Caller) -> Result<Json<SessionInfo>> {
    let open = tenancy::open_project(&app, &caller.project).await?;
    let org = tenancy::find_organization(&app, &open.project.org_id).await?;
    let member = OrgMember::of(&org);
    Ok(Json(SessionInfo {
        api_key: Some(SessionKey::new(&caller.key, &open.project, &member)),
        project: Some(SessionProject::new(&open.project, org)),
        org_member: member,
    }))
}

impl OrgMember {
    fn of(org: &Organization) -> Self {
        Self {
            id: legacy_uuid(&format!("{}/member", org.id)),
            email: format!("{}@tenon.invalid", org.id),
            name: org.name.clone(),
            role: "admin".into(),
        }
    }
}

impl SessionKey {
    fn new(key: &ApiKey, project: &Project, member: &OrgMember) -> Self {
        Self {
            auto_id: legacy_number(key.id.as_str()),
            id: legacy_uuid(key.id.as_str()),
            name: key.name.clone(),
            project_id: project.id.clone(),
            org_member_id: member.id.clone(),
            created_at: key.created_at,
            updated_at: key.updated_at,
            deleted_at: key.deleted_at,
            key: key.hint.clone(),
            deleted: key.deleted_at.is_some(),
        }
    }
}

impl SessionProject {
    fn new(project: &Project, org: Organization) -> Self {
        Self {
            auto_id: legacy_number(project.id.as_str()),
            id: legacy_uuid(project.id.as_str()),
            org_id: legacy_uuid(org.id.as_str()),
            name: project.name.clone(),
            email: project.email.clone(),
            nano_id: project.id.clone(),
            created_at: project.created_at,
            updated_at: project.updated_at,
            webhook_url: None,
            event_webhook_url: None,
            webhook_secret: None,
            triggers_enabled: false,
            last_subscribed_at: None,
            deleted: project.deleted_at.is_some(),
            is_new_webhook: true,
            webhook_version: WebhookVersion::V3,
            org: SessionOrg {
                id: org.id,
                name: org.name,
                plan: "SELF_HOSTED".into(),
            },
        }
    }
}
