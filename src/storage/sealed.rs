//! The one list of columns that hold sealed values, and what key rotation does with any of them.
//!
//! A table in the list has a key of one column and `project_id`, and its column is sealed with the
//! project's data key for the place (table, key, column). `tests/guards/sealed.rs` fails on a column of bytes that
//! is neither here nor in its list of those that are no secret.

use super::db::{Conn, Statement, on};
use crate::error::Result;
use crate::ids::ProjectId;

/// A column of sealed values, and the statements that key rotation runs on it.
#[derive(Debug, Clone, Copy)]
pub struct SealedColumn {
    /// The table.
    pub table: &'static str,
    /// The column.
    pub column: &'static str,
    count: Statement,
    page: Statement,
    replace: Statement,
}

macro_rules! sealed {
    ($table:literal, $id:literal, $column:literal) => {
        SealedColumn {
            table: $table,
            column: $column,
            // The bytes after the first name the key (crypto/sealing_key.rs).
            count: Statement::both(
                concat!("sealed.count.", $table, ".", $column),
                concat!(
                    concat!("SELECT project_id, SUBSTR(", $column, ", 2, 4) AS key_id,"),
                    concat!(" COUNT(*) AS rows FROM ", $table),
                    concat!(" WHERE ", $column, " IS NOT NULL GROUP BY 1, 2"),
                ),
            ),
            page: Statement::both(
                concat!("sealed.page.", $table, ".", $column),
                concat!(
                    concat!(
                        "SELECT ",
                        $id,
                        " AS id, project_id, ",
                        $column,
                        " AS sealed"
                    ),
                    concat!(" FROM ", $table, " WHERE ", $id, " > $1"),
                    concat!(" AND ", $column, " IS NOT NULL ORDER BY ", $id, " LIMIT $2"),
                ),
            ),
            // A writer that came between has the newer value: then this changes nothing.
            replace: Statement::both(
                concat!("sealed.replace.", $table, ".", $column),
                concat!(
                    concat!("UPDATE ", $table, " SET ", $column, " = $4"),
                    concat!(" WHERE project_id = $1 AND ", $id, " = $2"),
                    concat!(" AND ", $column, " = $3"),
                ),
            ),
        }
    };
}

/// Every column of sealed values: table, its key, column. Whoever adds one to a migration adds it
/// here.
pub const COLUMNS: &[SealedColumn] = &[
    sealed!("auth_configs", "id", "credentials"),
    sealed!("connected_accounts", "id", "credentials"),
    sealed!("connection_attempts", "id", "secrets"),
    sealed!("files", "id", "content_key"),
    sealed!("idempotent_calls", "id", "content"),
    sealed!("memories", "id", "facts"),
    sealed!("revocations", "account_id", "secrets"),
];

/// A sealed value and whose it is.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct SealedRow {
    /// The row's id.
    pub id: String,
    /// The tenant.
    pub project_id: ProjectId,
    /// The value.
    pub sealed: Vec<u8>,
}

/// How many values of a project one key has sealed.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct KeyUse {
    /// The tenant.
    pub project_id: ProjectId,
    /// The key's name, as [`crate::crypto::KeyId::from_bytes`] reads it.
    pub key_id: Vec<u8>,
    /// How many.
    pub rows: i64,
}

impl SealedColumn {
    /// The statements of this column, for the guard that prepares them on both engines.
    #[must_use]
    pub const fn statements(&self) -> [Statement; 3] {
        [self.count, self.page, self.replace]
    }

    /// How many values each key has sealed in this column, over all projects.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn uses(&self, conn: Conn<'_>) -> Result<Vec<KeyUse>> {
        let sql = self.count.on(&conn);
        Ok(on!(conn, c => sqlx::query_as(sql).fetch_all(c).await)?)
    }

    /// Values of all projects in the order of their rows' ids, those after `after`.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn page(&self, conn: Conn<'_>, after: &str, limit: i64) -> Result<Vec<SealedRow>> {
        let sql = self.page.on(&conn);
        Ok(on!(conn, c => sqlx::query_as(sql).bind(after).bind(limit).fetch_all(c).await)?)
    }

    /// Stores the same value sealed anew; `false` when the row is gone or has another value by now.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn replace(&self, conn: Conn<'_>, row: &SealedRow, new: &[u8]) -> Result<bool> {
        let sql = self.replace.on(&conn);
        let SealedRow {
            id,
            project_id,
            sealed,
        } = row;
        let rows = on!(conn, c => sqlx::query(sql)
            .bind(project_id).bind(id).bind(sealed).bind(new)
            .execute(c).await?.rows_affected());
        Ok(rows == 1)
    }
}
