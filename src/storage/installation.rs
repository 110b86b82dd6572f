//! Facts about this installation: the check value of the master key in force, a rotation under way.

use super::db::{Conn, Statement, on};
use crate::error::Result;

const FIND: Statement = Statement::both(
    "installation.find",
    "SELECT value FROM installation WHERE name = $1",
);
const INSERT: Statement = Statement::both(
    "installation.insert",
    "INSERT INTO installation (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING",
);
// An update that changes nothing, so that others who want the same wait, on both engines.
const LOCK: Statement = Statement::both(
    "installation.lock",
    "UPDATE installation SET value = value WHERE name = $1 RETURNING value",
);
const PUT: Statement = Statement::both(
    "installation.put",
    "INSERT INTO installation (name, value) VALUES ($1, $2)
     ON CONFLICT (name) DO UPDATE SET value = excluded.value",
);
const DELETE: Statement = Statement::both(
    "installation.delete",
    "DELETE FROM installation WHERE name = $1",
);
pub(super) const STATEMENTS: &[Statement] = &[FIND, INSERT, LOCK, PUT, DELETE];

/// The value of a fact.
pub async fn find(conn: Conn<'_>, name: &str) -> Result<Option<Vec<u8>>> {
    let sql = FIND.on(&conn);
    Ok(on!(conn, c => sqlx::query_scalar(sql).bind(name).fetch_optional(c).await)?)
}

/// Stores a fact that is not there yet; `false` when it is (another replica was first).
pub async fn insert(conn: Conn<'_>, name: &str, value: &[u8]) -> Result<bool> {
    let sql = INSERT.on(&conn);
    let rows =
        on!(conn, c => sqlx::query(sql).bind(name).bind(value).execute(c).await?.rows_affected());
    Ok(rows == 1)
}

/// The value of a fact, which nobody else changes or locks until this transaction ends.
pub async fn lock(conn: Conn<'_>, name: &str) -> Result<Option<Vec<u8>>> {
    let sql = LOCK.on(&conn);
    Ok(on!(conn, c => sqlx::query_scalar(sql).bind(name).fetch_optional(c).await)?)
}

/// Stores a fact in place of what it was.
pub async fn put(conn: Conn<'_>, name: &str, value: &[u8]) -> Result<()> {
    let sql = PUT.on(&conn);
    on!(conn, c => sqlx::query(sql).bind(name).bind(value).execute(c).await?.rows_affected());
    Ok(())
}

/// Removes a fact.
pub async fn delete(conn: Conn<'_>, name: &str) -> Result<()> {
    let sql = DELETE.on(&conn);
    on!(conn, c => sqlx::query(sql).bind(name).execute(c).await?.rows_affected());
    Ok(())
}
