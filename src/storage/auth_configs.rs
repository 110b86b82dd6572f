//! Auth configs: how a project's users connect to a toolkit.

use super::db::{Conn, Statement, on};
use crate::error::Result;
use crate::ids::{AuthConfigId, ProjectId};
use crate::time::Timestamp;

const FIND: Statement = Statement::both(
    "auth_configs.find",
    "SELECT * FROM auth_configs WHERE project_id = $1 AND id = $2",
);
pub(super) const STATEMENTS: &[Statement] = &[FIND];

/// A row of `auth_configs`. Credentials are sealed.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct AuthConfig {
    /// `ac_…`
    pub id: AuthConfigId,
    /// The tenant.
    pub project_id: ProjectId,
    /// Slug of the toolkit.
    pub toolkit: String,
    /// For people.
    pub name: String,
    /// The auth scheme, as the API names it (`OAUTH2`).
    pub scheme: String,
    /// Uses the OAuth app that this installation's operator configured for the toolkit.
    pub managed: bool,
    /// Whether connections may be made and used.
    pub enabled: bool,
    /// Whether tool-router sessions may pick it.
    pub enabled_for_tool_router: bool,
    /// JSON object (client id, client secret, scopes, …), sealed with the project's data key.
    pub credentials: Vec<u8>,
    /// Slugs of the tools whose scopes a connection asks for.
    #[sqlx(json(nullable))]
    pub tools_for_account_creation: Option<Vec<String>>,
    /// Slugs of the tools that may be executed with it; none means all.
    #[sqlx(json(nullable))]
    pub tools_for_execution: Option<Vec<String>>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// An auth config of a project.
pub async fn find(
    conn: Conn<'_>,
    project: &ProjectId,
    id: &AuthConfigId,
) -> Result<Option<AuthConfig>> {
    let sql = FIND.on(&conn);
    Ok(on!(conn, c => sqlx::query_as(sql).bind(project).bind(id).fetch_optional(c).await)?)
}
