//! Tries to connect an account: an OAuth round trip or a hosted link. Each is used once.

use super::db::{Conn, Statement, on};
use crate::error::{Error, Result};
use crate::ids::{AccountId, AttemptId, ProjectId};
use crate::time::Timestamp;

const INSERT: Statement = Statement::both(
    "connection_attempts.insert",
    "INSERT INTO connection_attempts (project_id, id, account_id, kind, token_hash, secrets,
         callback_url, expires_at, created_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
);
const FIND: Statement = Statement::both(
    "connection_attempts.find",
    "SELECT * FROM connection_attempts WHERE project_id = $1 AND id = $2",
);
// The token itself names its tenant, so this one statement has no project to begin with.
const FIND_BY_TOKEN: Statement = Statement::both(
    "connection_attempts.find_by_token",
    "SELECT * FROM connection_attempts WHERE token_hash = $1",
);
const CONSUME: Statement = Statement::both(
    "connection_attempts.consume",
    "UPDATE connection_attempts SET used_at = $3
     WHERE project_id = $1 AND id = $2 AND used_at IS NULL AND expires_at > $3",
);
const CLOSE: Statement = Statement::both(
    "connection_attempts.close",
    "UPDATE connection_attempts SET used_at = $3
     WHERE project_id = $1 AND account_id = $2 AND used_at IS NULL",
);
const END: Statement = Statement::both(
    "connection_attempts.end",
    "UPDATE connection_attempts SET used_at = $3
     WHERE project_id = $1 AND id = $2 AND used_at IS NULL",
);
const REPLACE_SECRETS: Statement = Statement::both(
    "connection_attempts.replace_secrets",
    "UPDATE connection_attempts SET secrets = $3 WHERE project_id = $1 AND id = $2",
);
const PURGE: Statement = Statement::both(
    "connection_attempts.purge",
    "DELETE FROM connection_attempts WHERE expires_at < $1",
);
pub(super) const STATEMENTS: &[Statement] = &[
    INSERT,
    FIND,
    FIND_BY_TOKEN,
    CONSUME,
    CLOSE,
    END,
    REPLACE_SECRETS,
    PURGE,
];

/// What kind of try it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttemptKind {
    /// The user's browser is at the provider; the id is the state's `jti`.
    OAuth,
    /// The user has a link to our page; found by the hash of its token.
    Link,
}

impl AttemptKind {
    const fn name(self) -> &'static str {
        match self {
            Self::OAuth => "oauth",
            Self::Link => "link",
        }
    }
}

impl TryFrom<String> for AttemptKind {
    type Error = Error;

    fn try_from(name: String) -> Result<Self> {
        [Self::OAuth, Self::Link]
            .into_iter()
            .find(|kind| kind.name() == name)
            .ok_or_else(|| Error::internal(format!("an attempt has the unknown kind {name}")))
    }
}

/// A row of `connection_attempts`.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct ConnectionAttempt {
    /// `att_…`
    pub id: AttemptId,
    /// The tenant.
    pub project_id: ProjectId,
    /// The account it is to connect.
    pub account_id: AccountId,
    /// What kind of try it is.
    #[sqlx(try_from = "String")]
    pub kind: AttemptKind,
    /// SHA-256 of a link's token.
    pub token_hash: Option<Vec<u8>>,
    /// JSON (code verifier, redirect URI), sealed with the project's data key.
    pub secrets: Vec<u8>,
    /// Where the user's browser goes in the end.
    pub callback_url: Option<String>,
    /// Until when it may be used.
    pub expires_at: Timestamp,
    /// When it was used, or made useless by another one.
    pub used_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Stores a new attempt.
pub async fn insert(conn: Conn<'_>, attempt: &ConnectionAttempt) -> Result<()> {
    let sql = INSERT.on(&conn);
    let ConnectionAttempt {
        id,
        project_id,
        account_id,
        kind,
        token_hash,
        secrets,
        callback_url,
        expires_at,
        used_at: _,
        created_at,
    } = attempt;
    on!(conn, c => sqlx::query(sql)
        .bind(project_id).bind(id).bind(account_id).bind(kind.name()).bind(token_hash)
        .bind(secrets).bind(callback_url).bind(expires_at).bind(created_at)
        .execute(c).await?.rows_affected());
    Ok(())
}

/// An attempt of a project.
pub async fn find(
    conn: Conn<'_>,
    project: &ProjectId,
    id: &AttemptId,
) -> Result<Option<ConnectionAttempt>> {
    let sql = FIND.on(&conn);
    Ok(on!(conn, c => sqlx::query_as(sql).bind(project).bind(id).fetch_optional(c).await)?)
}

/// The attempt that a link's token opens.
pub async fn find_by_token(conn: Conn<'_>, hash: &[u8]) -> Result<Option<ConnectionAttempt>> {
    let sql = FIND_BY_TOKEN.on(&conn);
    Ok(on!(conn, c => sqlx::query_as(sql).bind(hash).fetch_optional(c).await)?)
}

/// Uses an attempt up; `true` for exactly one caller, and only before it is over.
pub async fn consume(
    conn: Conn<'_>,
    project: &ProjectId,
    id: &AttemptId,
    now: Timestamp,
) -> Result<bool> {
    let sql = CONSUME.on(&conn);
    let rows = on!(conn, c => sqlx::query(sql)
        .bind(project).bind(id).bind(now).execute(c).await?.rows_affected());
    Ok(rows == 1)
}

/// Makes every open attempt of an account useless, since the connection came to its end.
pub async fn close(
    conn: Conn<'_>,
    project: &ProjectId,
    account: &AccountId,
    now: Timestamp,
) -> Result<u64> {
    let sql = CLOSE.on(&conn);
    Ok(on!(conn, c => sqlx::query(sql)
        .bind(project).bind(account).bind(now).execute(c).await?.rows_affected()))
}

/// Makes one attempt useless, in time or late, unless it was used.
pub async fn end(
    conn: Conn<'_>,
    project: &ProjectId,
    id: &AttemptId,
    now: Timestamp,
) -> Result<u64> {
    let sql = END.on(&conn);
    Ok(on!(conn, c => sqlx::query(sql)
        .bind(project).bind(id).bind(now).execute(c).await?.rows_affected()))
}

/// Keeps other secrets, sealed, in place of those that an attempt has.
pub async fn replace_secrets(
    conn: Conn<'_>,
    project: &ProjectId,
    id: &AttemptId,
    secrets: &[u8],
) -> Result<u64> {
    let sql = REPLACE_SECRETS.on(&conn);
    Ok(on!(conn, c => sqlx::query(sql)
        .bind(project).bind(id).bind(secrets).execute(c).await?.rows_affected()))
}

/// Removes attempts of all tenants that were over before `instant`.
pub async fn purge(conn: Conn<'_>, instant: Timestamp) -> Result<u64> {
    let sql = PURGE.on(&conn);
    Ok(on!(conn, c => sqlx::query(sql).bind(instant).execute(c).await?.rows_affected()))
}
