//! What the organisation's project endpoints answer.

use serde::Serialize;
use utoipa::ToSchema;

use crate::crypto::ApiKeySecret;
use crate::ids::{OrgId, ProjectId};
use crate::paging::Page;
use crate::storage::api_keys::ApiKey;
use crate::storage::projects::Project;
use crate::time::Timestamp;

/// One project.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ProjectItem {
    /// The project's id.
    #[schema(value_type = String, example = "proj_abc123xyz456")]
    id: ProjectId,
    /// The organisation's id.
    #[schema(value_type = String, example = "org_abc123xyz456")]
    org_id: OrgId,
    /// Its name.
    name: String,
    /// An address that receives no mail; part of the shape.
    email: String,
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
    /// When an SDK last listened for events; null as long as there are none.
    #[schema(value_type = Option<String>)]
    last_subscribed_at: Option<Timestamp>,
    /// Superseded by `webhook_version`.
    #[schema(deprecated, required = false)]
    is_new_webhook: bool,
    /// The layout of webhooks.
    #[schema(value_type = WebhookVersion)]
    webhook_version: WebhookVersion,
    /// Deleted projects are not shown, so never true.
    deleted: bool,
}

/// The layout of webhooks.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub(in crate::api) enum WebhookVersion {
    /// The newest; the only one that this server will send.
    V3,
}

impl From<Project> for ProjectItem {
    fn from(project: Project) -> Self {
        let Project {
            id,
            org_id,
            name,
            email,
            data_key: _,
            settings: _,
            created_at,
            updated_at,
            deleted_at,
        } = project;
        Self {
            id,
            org_id,
            name,
            email,
            created_at,
            updated_at,
            webhook_url: None,
            event_webhook_url: None,
            webhook_secret: None,
            triggers_enabled: false,
            last_subscribed_at: None,
            is_new_webhook: true,
            webhook_version: WebhookVersion::V3,
            deleted: deleted_at.is_some(),
        }
    }
}

/// One page of projects.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ProjectList {
    /// The projects.
    data: Vec<ProjectItem>,
    /// Opens the next page; null on the last.
    next_cursor: Option<String>,
    /// How many pages there are.
    total_pages: u64,
    /// This page's number, from 1.
    current_page: u64,
    /// How many projects there are on all pages.
    total_items: u64,
}

impl From<Page<Project>> for ProjectList {
    fn from(page: Page<Project>) -> Self {
        let Page {
            items,
            next_cursor,
            total_pages,
            current_page,
            total_items,
        } = page.map(ProjectItem::from);
        Self {
            data: items,
            next_cursor,
            total_pages,
            current_page,
            total_items,
        }
    }
}

/// A project and its keys.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ProjectDetail {
    #[serde(flatten)]
    project: ProjectItem,
    /// Its live API keys, oldest first.
    api_keys: Vec<KeyItem>,
}

impl From<(Project, Vec<ApiKey>)> for ProjectDetail {
    fn from((project, keys): (Project, Vec<ApiKey>)) -> Self {
        let hinted = |key: ApiKey| {
            let hint = key.hint.clone();
            KeyItem::new(key, hint)
        };
        Self {
            project: project.into(),
            api_keys: keys.into_iter().map(hinted).collect(),
        }
    }
}

/// An API key.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct KeyItem {
    /// The key's id.
    #[schema(example = "key_abc123xyz456")]
    id: String,
    /// Its name.
    name: String,
    /// The key where it was just made, else its first characters and `...`.
    #[schema(example = "ak_a...")]
    key: String,
    /// When it was made.
    #[schema(value_type = String, example = "2026-01-01T00:00:00.000Z")]
    created_at: Timestamp,
}

impl KeyItem {
    fn new(row: ApiKey, key: String) -> Self {
        Self {
            id: row.id.as_str().to_owned(),
            name: row.name,
            key,
            created_at: row.created_at,
        }
    }
}

/// What a deletion answers.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(super) struct DeletedProject {
    status: DeletionStatus,
}

#[derive(Debug, Default, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum DeletionStatus {
    #[default]
    Success,
}

/// A project's only key from now on.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RegeneratedKey {
    /// The new key.
    api_key: KeyItem,
    /// One sentence for people.
    message: String,
}

impl From<(ApiKey, ApiKeySecret)> for RegeneratedKey {
    fn from((row, secret): (ApiKey, ApiKeySecret)) -> Self {
        Self {
            api_key: KeyItem::new(row, secret.reveal().to_owned()),
            message: "This key is the project's only one now; all others are revoked".into(),
        }
    }
}
