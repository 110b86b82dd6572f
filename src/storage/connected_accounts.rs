//! Connected accounts: a user's credentials for a toolkit, sealed.

use super::db::{Conn, Filter, Statement, bind_all, on};
use super::token_refresh;
use crate::error::{Error, Result};
use crate::ids::{AccountId, AuthConfigId, ProjectId};
use crate::scheme::Scheme;
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
const HAS_SIBLING: Statement = Statement::both(
    "connected_accounts.has_sibling",
    "SELECT COUNT(*) FROM connected_accounts
     WHERE project_id = $1 AND user_id = $2 AND auth_config_id = $3 AND id <> $4
       AND status IN ('ACTIVE', 'EXPIRED')",
);
const OF_AUTH_CONFIG: Statement = Statement::both(
    "connected_accounts.of_auth_config",
    "SELECT * FROM connected_accounts WHERE project_id = $1 AND auth_config_id = $2",
);
const INSERT: Statement = Statement::both(
    "connected_accounts.insert",
    "INSERT INTO connected_accounts (project_id, id, auth_config_id, toolkit, user_id, alias,
         scheme, status, status_reason, enabled, credentials, token_generation, token_expires_at,
         connect_by, created_at, updated_at, refresh_due_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $15, $16)",
);
const SET_ENABLED: Statement = Statement::both(
    "connected_accounts.set_enabled",
    "UPDATE connected_accounts SET enabled = $3, updated_at = $4
     WHERE project_id = $1 AND id = $2",
);
const SET_ALIAS: Statement = Statement::both(
    "connected_accounts.set_alias",
    "UPDATE connected_accounts SET alias = $3, updated_at = $4
     WHERE project_id = $1 AND id = $2",
);
// The writer names the generation it has read, so that of two writers one learns that it lost.
// A refresh that was begun stays noted unless there is another token now.
const STORE_CREDENTIALS: Statement = Statement::both(
    "connected_accounts.store_credentials",
    "UPDATE connected_accounts SET credentials = $4, token_generation = token_generation + 1,
         token_expires_at = $5, status = $6, status_reason = NULL, connect_by = $7, updated_at = $8,
         refresh_begun_at = CASE WHEN status = $6 AND token_expires_at IS NOT DISTINCT FROM $5
             THEN refresh_begun_at ELSE NULL END,
         refresh_due_at = $9, refresh_failures = 0, refresh_failed_at = NULL,
         refresh_failing_since = NULL
     WHERE project_id = $1 AND id = $2 AND token_generation = $3",
);
const FAIL: Statement = Statement::both(
    "connected_accounts.fail",
    "UPDATE connected_accounts SET status = $4, status_reason = $5, connect_by = NULL,
         updated_at = $6
     WHERE project_id = $1 AND id = $2 AND token_generation = $3",
);
// The generation grows, so that a refresh under way cannot bring the account back.
const REVOKE: Statement = Statement::both(
    "connected_accounts.revoke",
    "UPDATE connected_accounts SET credentials = $4, token_generation = token_generation + 1,
         token_expires_at = NULL, status = 'REVOKED', status_reason = $5, connect_by = NULL,
         updated_at = $6, refresh_begun_at = NULL, refresh_due_at = NULL
     WHERE project_id = $1 AND id = $2 AND token_generation = $3",
);
const DELETE: Statement = Statement::both(
    "connected_accounts.delete",
    "DELETE FROM connected_accounts WHERE project_id = $1 AND id = $2",
);
const DELETE_OF_AUTH_CONFIG: Statement = Statement::both(
    "connected_accounts.delete_of_auth_config",
    "DELETE FROM connected_accounts WHERE project_id = $1 AND auth_config_id = $2",
);
const DELETE_ALL: Statement = Statement::both(
    "connected_accounts.delete_all",
    "DELETE FROM connected_accounts WHERE project_id = $1",
);
pub(super) const STATEMENTS: &[Statement] = &[
    FIND,
    NEWEST_ACTIVE,
    HAS_SIBLING,
    OF_AUTH_CONFIG,
    INSERT,
    SET_ENABLED,
    SET_ALIAS,
    STORE_CREDENTIALS,
    FAIL,
    REVOKE,
    DELETE,
    DELETE_OF_AUTH_CONFIG,
    DELETE_ALL,
];

/// How far a connection has come. Being disabled is not a status but `enabled`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Made, but nothing was asked of the user yet.
    Initializing,
    /// Waits for the user.
    Initiated,
    /// Holds credentials that work as far as we know.
    Active,
    /// The user refused, or the provider did.
    Failed,
    /// Was not finished in time, or the provider took the grant back.
    Expired,
    /// We gave the grant back.
    Revoked,
}

impl Status {
    /// Every status.
    pub const ALL: [Self; 6] = [
        Self::Initializing,
        Self::Initiated,
        Self::Active,
        Self::Failed,
        Self::Expired,
        Self::Revoked,
    ];

    /// The name in the API and in the table.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Initializing => "INITIALIZING",
            Self::Initiated => "INITIATED",
            Self::Active => "ACTIVE",
            Self::Failed => "FAILED",
            Self::Expired => "EXPIRED",
            Self::Revoked => "REVOKED",
        }
    }

    /// Whether the user can still finish the connection.
    #[must_use]
    pub const fn is_unfinished(self) -> bool {
        match self {
            Self::Initializing | Self::Initiated => true,
            Self::Active | Self::Failed | Self::Expired | Self::Revoked => false,
        }
    }
}

impl TryFrom<String> for Status {
    type Error = Error;

    fn try_from(name: String) -> Result<Self> {
        Self::ALL
            .into_iter()
            .find(|status| status.name() == name)
            .ok_or_else(|| Error::internal(format!("an account has the unknown status {name}")))
    }
}

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
    /// The auth scheme.
    #[sqlx(try_from = "String")]
    pub scheme: Scheme,
    /// How far the connection has come.
    #[sqlx(try_from = "String")]
    pub status: Status,
    /// Why it is in this status.
    pub status_reason: Option<String>,
    /// Whether the project lets it be used; when not, the API shows `INACTIVE`.
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

/// Which accounts a list shows; what is empty does not narrow it.
#[derive(Debug, Clone, Default)]
pub struct AccountFilter {
    /// Slugs of toolkits, in lower case.
    pub toolkits: Vec<String>,
    /// Statuses as the API shows them, `INACTIVE` included.
    pub statuses: Vec<String>,
    /// Users.
    pub users: Vec<String>,
    /// Auth configs.
    pub auth_configs: Vec<String>,
    /// Accounts.
    pub accounts: Vec<String>,
    /// Lets nothing through: what was asked for does not exist here.
    pub nothing: bool,
}

impl AccountFilter {
    fn conditions(&self, project: &ProjectId) -> Filter {
        let Self {
            toolkits,
            statuses,
            users,
            auth_configs,
            accounts,
            nothing,
        } = self;
        let mut filter = Filter::of_project(project);
        filter.and_in("toolkit", toolkits);
        filter.and_in(
            "CASE WHEN enabled OR status = 'REVOKED' THEN status ELSE 'INACTIVE' END",
            statuses,
        );
        filter.and_in("user_id", users);
        filter.and_in("auth_config_id", auth_configs);
        filter.and_in("id", accounts);
        if *nothing {
            filter.and("1 = 0", []);
        }
        filter
    }
}

/// The order of a list; accounts of the same instant are ordered by id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountOrder {
    /// Newest first.
    CreatedDescending,
    /// Oldest first.
    CreatedAscending,
    /// Last changed first.
    UpdatedDescending,
    /// Last changed last.
    UpdatedAscending,
}

impl AccountOrder {
    const fn sql(self) -> &'static str {
        match self {
            Self::CreatedDescending => "created_at DESC, id DESC",
            Self::CreatedAscending => "created_at, id",
            Self::UpdatedDescending => "updated_at DESC, id DESC",
            Self::UpdatedAscending => "updated_at, id",
        }
    }
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

/// Whether the user has another account by the same auth config that may hold the same grant.
pub async fn has_sibling(conn: Conn<'_>, account: &ConnectedAccount) -> Result<bool> {
    let sql = HAS_SIBLING.on(&conn);
    let count: i64 = on!(conn, c => sqlx::query_scalar(sql)
        .bind(&account.project_id).bind(&account.user_id).bind(&account.auth_config_id)
        .bind(&account.id).fetch_one(c).await?);
    Ok(count > 0)
}

/// Every account of an auth config.
pub async fn of_auth_config(
    conn: Conn<'_>,
    project: &ProjectId,
    config: &AuthConfigId,
) -> Result<Vec<ConnectedAccount>> {
    let sql = OF_AUTH_CONFIG.on(&conn);
    Ok(on!(conn, c => sqlx::query_as(sql).bind(project).bind(config).fetch_all(c).await)?)
}

/// The accounts that `filter` lets through.
pub async fn list(
    conn: Conn<'_>,
    project: &ProjectId,
    filter: &AccountFilter,
    order: AccountOrder,
    limit: i64,
    offset: i64,
) -> Result<Vec<ConnectedAccount>> {
    let conditions = filter.conditions(project);
    let (sql, args) = conditions.page(
        "SELECT * FROM connected_accounts",
        order.sql(),
        limit,
        offset,
    );
    Ok(on!(conn, c => bind_all!(sqlx::query_as(sql), args).fetch_all(c).await)?)
}

/// How many accounts `filter` lets through.
pub async fn count(conn: Conn<'_>, project: &ProjectId, filter: &AccountFilter) -> Result<u64> {
    let conditions = filter.conditions(project);
    let sql = conditions.statement("SELECT COUNT(*) FROM connected_accounts", "");
    let count: i64 =
        on!(conn, c => bind_all!(sqlx::query_scalar(sql), conditions.args).fetch_one(c).await)?;
    Ok(u64::try_from(count).unwrap_or_default())
}

/// Stores a new account.
///
/// # Errors
/// [`Error::NotFound`] when its auth config was deleted meanwhile, [`Error::Conflict`] when the
/// user has another account of the toolkit with the alias.
pub async fn insert(conn: Conn<'_>, account: &ConnectedAccount) -> Result<()> {
    let sql = INSERT.on(&conn);
    let ConnectedAccount {
        id,
        project_id,
        auth_config_id,
        toolkit,
        user_id,
        alias,
        scheme,
        status,
        status_reason,
        enabled,
        credentials,
        token_generation,
        token_expires_at,
        connect_by,
        created_at,
        updated_at: _,
    } = account;
    let due_at = token_refresh::due_at(id, *status, *token_expires_at, *created_at);
    let stored = on!(conn, c => sqlx::query(sql)
        .bind(project_id).bind(id).bind(auth_config_id).bind(toolkit).bind(user_id).bind(alias)
        .bind(scheme.name()).bind(status.name()).bind(status_reason).bind(enabled)
        .bind(credentials).bind(token_generation).bind(token_expires_at).bind(connect_by)
        .bind(created_at).bind(due_at)
        .execute(c).await.map(drop));
    match stored {
        Err(sqlx::Error::Database(cause)) if cause.is_foreign_key_violation() => {
            Err(Error::not_found("auth config", auth_config_id.as_str()))
        }
        Err(sqlx::Error::Database(cause)) if cause.is_unique_violation() && alias.is_some() => {
            Err(alias_taken(alias.as_deref().unwrap_or_default()))
        }
        stored => Ok(stored?),
    }
}

/// Enables or disables an account; `false` when it is gone.
pub async fn set_enabled(
    conn: Conn<'_>,
    project: &ProjectId,
    id: &AccountId,
    enabled: bool,
    now: Timestamp,
) -> Result<bool> {
    let sql = SET_ENABLED.on(&conn);
    let rows = on!(conn, c => sqlx::query(sql)
        .bind(project).bind(id).bind(enabled).bind(now).execute(c).await?.rows_affected());
    Ok(rows == 1)
}

/// The error for an alias that another account of the user and toolkit has.
fn alias_taken(alias: &str) -> Error {
    Error::Conflict(format!(
        "the user has another account of this toolkit with the alias `{alias}`"
    ))
}

/// Gives an account another name, or none; `false` when it is gone.
///
/// # Errors
/// [`Error::Conflict`] when the user has another account of the toolkit with the alias.
pub async fn set_alias(
    conn: Conn<'_>,
    project: &ProjectId,
    id: &AccountId,
    alias: Option<&str>,
    now: Timestamp,
) -> Result<bool> {
    let sql = SET_ALIAS.on(&conn);
    let stored = on!(conn, c => sqlx::query(sql)
        .bind(project).bind(id).bind(alias).bind(now).execute(c).await
        .map(|done| done.rows_affected()));
    match (stored, alias) {
        (Err(sqlx::Error::Database(cause)), Some(alias)) if cause.is_unique_violation() => {
            Err(alias_taken(alias))
        }
        (stored, _) => Ok(stored? == 1),
    }
}

/// New credentials and what comes with them.
#[derive(Debug, Clone)]
pub struct NewCredentials {
    /// The generation the writer has read.
    pub seen_generation: i64,
    /// Sealed.
    pub credentials: Vec<u8>,
    /// When the access token ends.
    pub token_expires_at: Option<Timestamp>,
    /// The status from now on.
    pub status: Status,
    /// Until when it must be finished, if it still is not.
    pub connect_by: Option<Timestamp>,
}

/// Replaces an account's credentials; `false` when it is gone or another writer was first.
pub async fn store_credentials(
    conn: Conn<'_>,
    project: &ProjectId,
    id: &AccountId,
    new: &NewCredentials,
    now: Timestamp,
) -> Result<bool> {
    let sql = STORE_CREDENTIALS.on(&conn);
    let NewCredentials {
        seen_generation,
        credentials,
        token_expires_at,
        status,
        connect_by,
    } = new;
    let due_at = token_refresh::due_at(id, *status, *token_expires_at, now);
    let rows = on!(conn, c => sqlx::query(sql)
        .bind(project).bind(id).bind(seen_generation).bind(credentials).bind(token_expires_at)
        .bind(status.name()).bind(connect_by).bind(now).bind(due_at)
        .execute(c).await?.rows_affected());
    Ok(rows == 1)
}

/// Ends a connection with a reason; `false` when it is gone or its credentials changed since
/// `seen_generation`.
pub async fn fail(
    conn: Conn<'_>,
    project: &ProjectId,
    id: &AccountId,
    seen_generation: i64,
    outcome: (Status, &str),
    now: Timestamp,
) -> Result<bool> {
    let sql = FAIL.on(&conn);
    let (status, reason) = outcome;
    let rows = on!(conn, c => sqlx::query(sql)
        .bind(project).bind(id).bind(seen_generation).bind(status.name()).bind(reason).bind(now)
        .execute(c).await?.rows_affected());
    Ok(rows == 1)
}

/// Marks an account as revoked and leaves `credentials` in the place of those it had; `false` when
/// it is gone or its credentials changed since `seen_generation`.
pub async fn revoke(
    conn: Conn<'_>,
    project: &ProjectId,
    id: &AccountId,
    seen_generation: i64,
    (credentials, reason): (&[u8], &str),
    now: Timestamp,
) -> Result<bool> {
    let sql = REVOKE.on(&conn);
    let rows = on!(conn, c => sqlx::query(sql)
        .bind(project).bind(id).bind(seen_generation).bind(credentials).bind(reason).bind(now)
        .execute(c).await?.rows_affected());
    Ok(rows == 1)
}

/// Removes an account with its credentials; `false` when there is none.
pub async fn delete(conn: Conn<'_>, project: &ProjectId, id: &AccountId) -> Result<bool> {
    let sql = DELETE.on(&conn);
    let rows = on!(conn, c => sqlx::query(sql)
        .bind(project).bind(id).execute(c).await?.rows_affected());
    Ok(rows == 1)
}

/// Removes every account of an auth config and says how many there were.
pub async fn delete_of_auth_config(
    conn: Conn<'_>,
    project: &ProjectId,
    config: &AuthConfigId,
) -> Result<u64> {
    let sql = DELETE_OF_AUTH_CONFIG.on(&conn);
    Ok(on!(conn, c => sqlx::query(sql)
        .bind(project).bind(config).execute(c).await?.rows_affected()))
}

/// Removes every account of a project, with its attempts, and says how many there were.
pub async fn delete_all(conn: Conn<'_>, project: &ProjectId) -> Result<u64> {
    let sql = DELETE_ALL.on(&conn);
    Ok(on!(conn, c => sqlx::query(sql).bind(project).execute(c).await?.rows_affected()))
}
