//! What MCP clients were granted that know no API key.

use super::db::{Conn, Statement, on};
use crate::error::Result;
use crate::ids::{ApiKeyId, McpGrantId, ProjectId};
use crate::time::Timestamp;

const FIND: Statement =
    Statement::both("mcp_grants.find", "SELECT * FROM mcp_grants WHERE id = $1");
const INSERT: Statement = Statement::both(
    "mcp_grants.insert",
    "INSERT INTO mcp_grants (project_id, id, key_id, place, client_hash, redirect_uri, challenge,
         code_hash, code_expires_at, expires_at, created_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
);
// Works for one caller alone: the code is gone for the next.
const REDEEM: Statement = Statement::both(
    "mcp_grants.redeem",
    "UPDATE mcp_grants SET code_hash = NULL, access_hash = $4, access_expires_at = $5,
         refresh_hash = $6, expires_at = $7
     WHERE project_id = $1 AND id = $2 AND code_hash = $3",
);
const ROTATE: Statement = Statement::both(
    "mcp_grants.rotate",
    "UPDATE mcp_grants SET access_hash = $4, access_expires_at = $5, refresh_hash = $6,
         expires_at = $7
     WHERE project_id = $1 AND id = $2 AND refresh_hash = $3",
);
const DELETE: Statement = Statement::both(
    "mcp_grants.delete",
    "DELETE FROM mcp_grants WHERE project_id = $1 AND id = $2",
);
const DELETE_ALL: Statement = Statement::both(
    "mcp_grants.delete_all",
    "DELETE FROM mcp_grants WHERE project_id = $1",
);
const DELETE_OF_KEY: Statement = Statement::both(
    "mcp_grants.delete_of_key",
    "DELETE FROM mcp_grants WHERE key_id = $1",
);
const PURGE: Statement = Statement::both(
    "mcp_grants.purge",
    "DELETE FROM mcp_grants WHERE expires_at < $1",
);
pub(super) const STATEMENTS: &[Statement] = &[
    FIND,
    INSERT,
    REDEEM,
    ROTATE,
    DELETE,
    DELETE_ALL,
    DELETE_OF_KEY,
    PURGE,
];

/// A row of `mcp_grants`.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct McpGrant {
    /// Stands in its code and tokens.
    pub id: McpGrantId,
    /// The tenant.
    pub project_id: ProjectId,
    /// The API key that proved the right.
    pub key_id: ApiKeyId,
    /// Path and query of the one URL.
    pub place: String,
    /// SHA-256 of the client's id.
    pub client_hash: Vec<u8>,
    /// Where the code was sent.
    pub redirect_uri: String,
    /// What the verifier must hash to (RFC 7636).
    pub challenge: String,
    /// SHA-256 of the code; none once it was used.
    pub code_hash: Option<Vec<u8>>,
    /// Until when the code is good.
    pub code_expires_at: Timestamp,
    /// SHA-256 of the access token.
    pub access_hash: Option<Vec<u8>>,
    /// Until when the access token is good.
    pub access_expires_at: Option<Timestamp>,
    /// SHA-256 of the refresh token.
    pub refresh_hash: Option<Vec<u8>>,
    /// Until when the grant is kept.
    pub expires_at: Timestamp,
    /// When it was given.
    pub created_at: Timestamp,
}

/// New tokens of a grant.
#[derive(Debug, Clone)]
pub struct NewTokens {
    /// SHA-256 of the access token.
    pub access_hash: Vec<u8>,
    /// Until when it is good.
    pub access_expires_at: Timestamp,
    /// SHA-256 of the refresh token.
    pub refresh_hash: Vec<u8>,
    /// Until when that is good.
    pub expires_at: Timestamp,
}

/// The grant that a code or token names, whoever it belongs to: the rest of it must be compared.
pub async fn find(conn: Conn<'_>, id: &McpGrantId) -> Result<Option<McpGrant>> {
    let sql = FIND.on(&conn);
    Ok(on!(conn, c => sqlx::query_as(sql).bind(id).fetch_optional(c).await)?)
}

/// Stores a grant whose code was not used yet.
pub async fn insert(conn: Conn<'_>, grant: &McpGrant) -> Result<()> {
    let sql = INSERT.on(&conn);
    let McpGrant {
        id,
        project_id,
        key_id,
        place,
        client_hash,
        redirect_uri,
        challenge,
        code_hash,
        code_expires_at,
        access_hash: _,
        access_expires_at: _,
        refresh_hash: _,
        expires_at,
        created_at,
    } = grant;
    on!(conn, c => sqlx::query(sql)
        .bind(project_id).bind(id).bind(key_id).bind(place).bind(client_hash).bind(redirect_uri)
        .bind(challenge).bind(code_hash).bind(code_expires_at).bind(expires_at).bind(created_at)
        .execute(c).await?.rows_affected());
    Ok(())
}

async fn replace(
    conn: Conn<'_>,
    statement: Statement,
    grant: &McpGrant,
    former: &[u8],
    new: &NewTokens,
) -> Result<bool> {
    let sql = statement.on(&conn);
    let rows = on!(conn, c => sqlx::query(sql)
        .bind(&grant.project_id).bind(&grant.id).bind(former)
        .bind(&new.access_hash).bind(new.access_expires_at).bind(&new.refresh_hash)
        .bind(new.expires_at)
        .execute(c).await?.rows_affected());
    Ok(rows == 1)
}

/// Gives tokens for the code with this hash; `false` when it was used meanwhile.
pub async fn redeem(
    conn: Conn<'_>,
    grant: &McpGrant,
    code_hash: &[u8],
    new: &NewTokens,
) -> Result<bool> {
    replace(conn, REDEEM, grant, code_hash, new).await
}

/// Gives tokens for the refresh token with this hash; `false` when it was used meanwhile.
pub async fn rotate(
    conn: Conn<'_>,
    grant: &McpGrant,
    refresh_hash: &[u8],
    new: &NewTokens,
) -> Result<bool> {
    replace(conn, ROTATE, grant, refresh_hash, new).await
}

/// Ends a grant.
pub async fn delete(conn: Conn<'_>, project: &ProjectId, id: &McpGrantId) -> Result<()> {
    let sql = DELETE.on(&conn);
    on!(conn, c => sqlx::query(sql).bind(project).bind(id).execute(c).await?.rows_affected());
    Ok(())
}

/// Ends every grant of a project.
pub async fn delete_all(conn: Conn<'_>, project: &ProjectId) -> Result<()> {
    let sql = DELETE_ALL.on(&conn);
    on!(conn, c => sqlx::query(sql).bind(project).execute(c).await?.rows_affected());
    Ok(())
}

/// Ends every grant that an API key proved the right to.
pub async fn delete_of_key(conn: Conn<'_>, key: &ApiKeyId) -> Result<()> {
    let sql = DELETE_OF_KEY.on(&conn);
    on!(conn, c => sqlx::query(sql).bind(key).execute(c).await?.rows_affected());
    Ok(())
}

/// Forgets grants that are over.
pub async fn purge(conn: Conn<'_>, now: Timestamp) -> Result<()> {
    let sql = PURGE.on(&conn);
    on!(conn, c => sqlx::query(sql).bind(now).execute(c).await?.rows_affected());
    Ok(())
}
