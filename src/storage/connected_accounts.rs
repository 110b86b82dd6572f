//! Connected accounts: a user's credentials for a toolkit, sealed.

use super::db::{Conn, Statement, on};
use crate::error::Result;
use crate::ids::{AccountId, AuthConfigId, ProjectId};
use crate::time::Timestamp;

const FIND: Statement = Statement::both(
    "connected_accounts.find",
    "SELECT * FROM connected_accounts WHERE project_id = $1 AND id = $2",
);
const NEWEST_ACTIVE: Statement = Statement::both(
    "connected_accounts.newest_active",
    "SELECT a.* FROM connected_accounts a JOIN auth_configs c ON c.id = a.auth_config_id
     WHERE a.project_id = $1 AND a.user_id = $2 AND a.toolkit = $3
       AND a.status = 'ACTIVE' AND a.enabled AND c.enabled
     ORDER BY a.created_at DESC, a.id DESC LIMIT 1",
);
pub(super) const STATEMENTS: &[Statement] = &[FIND, NEWEST_ACTIVE];

/// A row of `connected_accounts`. Credentials are sealed; nothing here is a secret in the clear.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct ConnectedAccount {
    /// `ca_…`
    pub id: AccountId,
    /// The tenant.
    pub project_id: ProjectId,
    /// How it was connected.
    pub auth_config_id: AuthConfigId,
    /// Slug of the toolkit.
    pub toolkit: String,
    /// The caller's name for the user.
    pub user_id: String,
    /// The caller's name for the account.
    pub alias: Option<String>,
    /// The auth scheme, as the API names it (`OAUTH2`).
    pub scheme: String,
    /// `INITIALIZING`, `INITIATED`, `ACTIVE`, `FAILED`, `EXPIRED` or `REVOKED`; being disabled is
    /// `enabled`, and shows as `INACTIVE`.
    pub status: String,
    /// Why it is in this status.
    pub status_reason: Option<String>,
    /// Whether the project lets it be used.
    pub enabled: bool,
    /// JSON object of the scheme's values, sealed with the project's data key.
    pub credentials: Vec<u8>,
    /// Grows with every write of `credentials`; a writer names the generation it has seen.
    pub token_generation: i64,
    /// When the access token ends, if the provider said so.
    pub token_expires_at: Option<Timestamp>,
    /// Until when an unfinished connection may be finished; none once it is finished.
    pub connect_by: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// An account of a project.
pub async fn find(
    conn: Conn<'_>,
    project: &ProjectId,
    id: &AccountId,
) -> Result<Option<ConnectedAccount>> {
    let sql = FIND.on(&conn);
    Ok(on!(conn, c => sqlx::query_as(sql).bind(project).bind(id).fetch_optional(c).await)?)
}

/// The user's newest usable account for a toolkit: active, enabled, and so its auth config.
pub async fn newest_active(
    conn: Conn<'_>,
    project: &ProjectId,
    user: &str,
    toolkit: &str,
) -> Result<Option<ConnectedAccount>> {
    let sql = NEWEST_ACTIVE.on(&conn);
    Ok(on!(conn, c => sqlx::query_as(sql)
        .bind(project).bind(user).bind(toolkit).fetch_optional(c).await)?)
}
