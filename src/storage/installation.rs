//! Facts about this installation: the check value of the master key, and whether it was set up.

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
pub(super) const STATEMENTS: &[Statement] = &[FIND, INSERT];

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
