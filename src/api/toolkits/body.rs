//! What the lists of toolkits answer.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::catalog::{Toolkit, category_id};
use crate::ids::legacy_uuid;
use crate::scheme::Scheme;

/// Who looks after a toolkit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum ManagedBy {
    /// This installation.
    Composio,
    /// Either.
    All,
    /// The project itself.
    Project,
}

impl ManagedBy {
    /// Whether those of a project are meant, or the others; none where all are.
    pub(super) const fn of_project(self) -> Option<bool> {
        match self {
            Self::Composio => Some(false),
            Self::Project => Some(true),
            Self::All => None,
        }
    }
}

/// How a list is sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum SortBy {
    /// The most used first.
    Usage,
    /// By name.
    Alphabetically,
}

/// A toolkit in a list.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ToolkitItem {
    /// Its slug.
    #[schema(example = "github")]
    slug: String,
    /// For people.
    #[schema(example = "GitHub")]
    name: String,
    /// The ways to connect, the preferred first.
    #[schema(required = false, value_type = Vec<String>, example = json!(["OAUTH2"]))]
    auth_schemes: Vec<Scheme>,
    /// Those for which this installation brings an app of its own, so that an auth config needs
    /// no credentials.
    #[schema(required = false, value_type = Vec<String>, example = json!([]))]
    composio_managed_auth_schemes: Vec<Scheme>,
    /// Never true; part of the shape.
    #[schema(deprecated)]
    is_local_toolkit: bool,
    /// Whether its tools work without a connected account.
    #[schema(required = false)]
    no_auth: bool,
    /// Names that older clients read.
    deprecated: DeprecatedToolkitInfo,
    /// What it is.
    #[schema(inline)]
    meta: ToolkitMeta,
}

/// The id of a toolkit in older clients.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DeprecatedToolkitInfo {
    /// A UUID that always belongs to the same toolkit.
    #[serde(rename = "toolkitId")]
    toolkit_id: String,
}

/// What a toolkit in a list is.
#[derive(Debug, Serialize, ToSchema)]
struct ToolkitMeta {
    /// When it came into the catalog.
    #[schema(example = "2024-05-03T11:44:32.061Z")]
    created_at: String,
    /// When it last changed.
    #[schema(example = "2026-11-22T00:00:00Z")]
    updated_at: String,
    /// What the service is.
    description: String,
    /// URL of its logo; empty when there is none.
    logo: String,
    /// The service's home page.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "https://github.com")]
    app_url: Option<String>,
    /// Its categories.
    categories: Vec<Category>,
    /// How many trigger types it has; none has any yet.
    triggers_count: u32,
    /// How many tools it has.
    tools_count: usize,
    /// Its newest version.
    #[schema(example = "20261122_00")]
    version: String,
    /// All versions, newest first.
    #[schema(required = false)]
    available_versions: Vec<String>,
}

/// A category.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Category {
    /// To filter by.
    #[schema(example = "developer-tools-&-devops")]
    pub(super) id: String,
    /// For people.
    #[schema(example = "developer tools & devops")]
    pub(super) name: String,
}

impl ToolkitItem {
    pub(super) fn new(toolkit: &Toolkit) -> Self {
        let manifest = &toolkit.manifest;
        Self {
            slug: manifest.slug.clone(),
            name: manifest.name.clone(),
            auth_schemes: manifest.auth.iter().map(|auth| auth.scheme).collect(),
            composio_managed_auth_schemes: toolkit.managed_schemes(),
            is_local_toolkit: false,
            no_auth: toolkit.no_auth(),
            deprecated: DeprecatedToolkitInfo {
                toolkit_id: legacy_uuid(&manifest.slug),
            },
            meta: ToolkitMeta {
                created_at: manifest.created_at.clone(),
                updated_at: manifest.updated_at.clone(),
                description: manifest.description.trim().to_owned(),
                logo: manifest.logo.clone(),
                app_url: manifest.app_url.clone(),
                categories: manifest
                    .categories
                    .iter()
                    .map(|name| Category {
                        id: category_id(name),
                        name: name.clone(),
                    })
                    .collect(),
                triggers_count: 0,
                tools_count: toolkit.tools_count(toolkit.latest_version()),
                version: toolkit.latest_version().to_owned(),
                available_versions: manifest.versions.clone(),
            },
        }
    }
}

/// What changed, by toolkit.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Changelog {
    /// One entry a toolkit.
    items: Vec<ToolkitChanges>,
}

/// What changed in a toolkit.
#[derive(Debug, Serialize, ToSchema)]
struct ToolkitChanges {
    /// Its slug.
    #[schema(example = "github")]
    slug: String,
    /// Its name.
    #[schema(example = "GitHub")]
    name: String,
    /// As `name`.
    display_name: String,
    /// Its versions, newest first.
    versions: Vec<VersionChanges>,
}

/// What changed in a version.
#[derive(Debug, Serialize, ToSchema)]
struct VersionChanges {
    /// The version.
    #[schema(example = "20261122_00")]
    version: String,
    /// What it changed; empty when nobody wrote it down.
    changelog: String,
}

impl Changelog {
    /// The newest `limit` versions of each toolkit.
    pub(super) fn new(toolkits: &[Arc<Toolkit>], limit: usize) -> Self {
        let changes = |toolkit: &Arc<Toolkit>| {
            let manifest = &toolkit.manifest;
            let versions = manifest
                .versions
                .iter()
                .take(limit)
                .map(|version| VersionChanges {
                    version: version.clone(),
                    changelog: manifest.changelog.get(version).cloned().unwrap_or_default(),
                });
            ToolkitChanges {
                slug: manifest.slug.clone(),
                name: manifest.name.clone(),
                display_name: manifest.name.clone(),
                versions: versions.collect(),
            }
        };
        Self {
            items: toolkits.iter().map(changes).collect(),
        }
    }
}
