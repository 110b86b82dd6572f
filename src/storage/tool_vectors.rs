//! What an embedding model made of tools' texts.

use super::db::{Conn, Statement, on};
use super::own_toolkits::Owner;
use crate::error::Result;
use crate::time::Timestamp;

const LIST: Statement = Statement::both(
    "tool_vectors.list",
    "SELECT text_hash, vector FROM tool_vectors WHERE owner = $1 AND model = $2",
);
// Two replicas may have asked for the same text.
const INSERT: Statement = Statement::both(
    "tool_vectors.insert",
    "INSERT INTO tool_vectors (owner, model, text_hash, vector, created_at)
     VALUES ($1, $2, $3, $4, $5) ON CONFLICT (owner, model, text_hash) DO NOTHING",
);
const DELETE_ALL: Statement = Statement::both(
    "tool_vectors.delete_all",
    "DELETE FROM tool_vectors WHERE owner = $1",
);
pub(super) const STATEMENTS: &[Statement] = &[LIST, INSERT, DELETE_ALL];

/// A text by its hash, and its vector as bytes.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct ToolVector {
    /// SHA-256 of the text.
    pub text_hash: Vec<u8>,
    /// 32-bit floats of length 1, little-endian.
    pub vector: Vec<u8>,
}

/// All that a model made of an owner's texts.
pub async fn list(conn: Conn<'_>, owner: &Owner, model: &str) -> Result<Vec<ToolVector>> {
    let sql = LIST.on(&conn);
    Ok(on!(conn, c => sqlx::query_as(sql).bind(owner.name()).bind(model).fetch_all(c).await)?)
}

/// Keeps what a model made of one of an owner's texts.
pub async fn insert(
    conn: Conn<'_>,
    owner: &Owner,
    model: &str,
    ToolVector { text_hash, vector }: &ToolVector,
    now: Timestamp,
) -> Result<()> {
    let sql = INSERT.on(&conn);
    on!(conn, c => sqlx::query(sql)
        .bind(owner.name()).bind(model).bind(text_hash).bind(vector).bind(now)
        .execute(c).await?.rows_affected());
    Ok(())
}

/// Removes all that is kept of an owner's texts.
pub async fn delete_all(conn: Conn<'_>, owner: &Owner) -> Result<()> {
    let sql = DELETE_ALL.on(&conn);
    on!(conn, c => sqlx::query(sql).bind(owner.name()).execute(c).await?.rows_affected());
    Ok(())
}
