//! The paths under which sessions know files.

use super::db::{Conn, Statement, on};
use super::files::File;
use crate::error::Result;
use crate::ids::{FileId, ProjectId, SessionId};
use crate::time::Timestamp;

const INSERT: Statement = Statement::both(
    "session_files.insert",
    "INSERT INTO session_files (project_id, session_id, path, file_id, created_at)
     VALUES ($1, $2, $3, $4, $5)",
);
const OF_PATH: Statement = Statement::both(
    "session_files.of_path",
    "SELECT f.* FROM session_files s JOIN files f ON f.id = s.file_id
     WHERE s.project_id = $1 AND s.session_id = $2 AND s.path = $3 AND f.expires_at > $4
     ORDER BY s.created_at DESC, f.id",
);
const LIST: Statement = Statement::both(
    "session_files.list",
    "SELECT s.path, f.size, f.stored_at FROM session_files s JOIN files f ON f.id = s.file_id
     WHERE s.project_id = $1 AND s.session_id = $2 AND substr(s.path, 1, length($3)) = $3
       AND f.expires_at > $4 AND f.stored_at IS NOT NULL
       AND NOT EXISTS (SELECT 1 FROM session_files n JOIN files g ON g.id = n.file_id
           WHERE n.session_id = s.session_id AND n.path = s.path AND g.expires_at > $4
             AND g.stored_at IS NOT NULL
             AND (n.created_at > s.created_at OR (n.created_at = s.created_at AND g.id < f.id)))
     ORDER BY s.path LIMIT $5 OFFSET $6",
);
const DELETE: Statement = Statement::both(
    "session_files.delete",
    "DELETE FROM session_files WHERE project_id = $1 AND session_id = $2 AND path = $3",
);
pub(super) const STATEMENTS: &[Statement] = &[INSERT, OF_PATH, LIST, DELETE];

/// A file whose content is there, by its path.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct SessionFile {
    /// Relative, with `/` between its parts.
    pub path: String,
    /// Length in bytes.
    pub size: i64,
    /// When its content came.
    pub stored_at: Timestamp,
}

/// Lets a session know a file by a path.
pub async fn insert(
    conn: Conn<'_>,
    project: &ProjectId,
    session: &SessionId,
    path: &str,
    file: &FileId,
    now: Timestamp,
) -> Result<()> {
    let sql = INSERT.on(&conn);
    on!(conn, c => sqlx::query(sql)
        .bind(project).bind(session).bind(path).bind(file).bind(now)
        .execute(c).await.map(drop))?;
    Ok(())
}

/// The files of a path, the newest first.
pub async fn of_path(
    conn: Conn<'_>,
    project: &ProjectId,
    session: &SessionId,
    path: &str,
    now: Timestamp,
) -> Result<Vec<File>> {
    let sql = OF_PATH.on(&conn);
    Ok(on!(conn, c => sqlx::query_as(sql)
        .bind(project).bind(session).bind(path).bind(now).fetch_all(c).await)?)
}

/// The files whose path begins with `prefix`, by path, from `offset` on.
pub async fn list(
    conn: Conn<'_>,
    project: &ProjectId,
    session: &SessionId,
    prefix: &str,
    now: Timestamp,
    (limit, offset): (i64, i64),
) -> Result<Vec<SessionFile>> {
    let sql = LIST.on(&conn);
    Ok(on!(conn, c => sqlx::query_as(sql)
        .bind(project).bind(session).bind(prefix).bind(now).bind(limit).bind(offset)
        .fetch_all(c).await)?)
}

/// Lets a session forget a path.
pub async fn delete(
    conn: Conn<'_>,
    project: &ProjectId,
    session: &SessionId,
    path: &str,
) -> Result<()> {
    let sql = DELETE.on(&conn);
    on!(conn, c => sqlx::query(sql)
        .bind(project).bind(session).bind(path).execute(c).await.map(drop))?;
    Ok(())
}
