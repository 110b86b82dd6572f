//! News of committed changes, so that no cache serves a row that is no longer so.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use sqlx::postgres::PgListener;
use sqlx::{PgConnection, PgPool, SqliteConnection, SqlitePool};

use super::db::{Db, Statement};
use crate::error::Result;
use crate::ids::{AccountId, AuthConfigId, McpServerId, ProjectId, SessionId, random_text};

const CHANNEL: &str = "tenon_changes";
const NOTIFY: Statement = Statement::split(
    "changes.notify",
    // SQLite has no notifications: see MARK.
    "SELECT $1",
    "SELECT pg_notify('tenon_changes', $1)",
);
// On SQLite one server runs, which hears of its own changes directly. A command beside it leaves a
// mark, which the server looks for.
const MARK: Statement = Statement::both(
    "changes.mark",
    "INSERT INTO installation (name, value) VALUES ('changed_beside', $1)
     ON CONFLICT (name) DO UPDATE SET value = excluded.value",
);
const READ_MARK: Statement = Statement::both(
    "changes.read_mark",
    "SELECT value FROM installation WHERE name = 'changed_beside'",
);
pub(super) const STATEMENTS: &[Statement] = &[NOTIFY, MARK, READ_MARK];

/// How often a server on SQLite looks whether a command changed something.
const LOOK_EVERY: Duration = Duration::from_millis(500);
const MARK_CHARACTERS: usize = 16;

/// What changed. It names rows and carries nothing of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Change {
    /// Keys of a project or organisation were made or revoked.
    ApiKeys,
    /// A project's settings, or the project itself.
    Project {
        /// The project.
        project: ProjectId,
    },
    /// The toolkits that a project imported.
    OwnToolkits {
        /// The project.
        project: ProjectId,
    },
    /// An auth config.
    AuthConfig {
        /// Its project.
        project: ProjectId,
        /// The auth config.
        id: AuthConfigId,
    },
    /// A connected account.
    Account {
        /// Its project.
        project: ProjectId,
        /// The account.
        id: AccountId,
        /// The user it belongs to.
        user: String,
        /// Slug of its toolkit.
        toolkit: String,
    },
    /// A tool-router session.
    Session {
        /// Its project.
        project: ProjectId,
        /// The session.
        id: SessionId,
    },
    /// An MCP server.
    McpServer {
        /// The server.
        id: McpServerId,
    },
    /// Whoever began a call under way does not want it any more.
    GivenUp {
        /// Its name among [`crate::running_calls::RunningCalls`].
        call: String,
    },
    /// Anything may have changed (a listener was cut off and came back).
    Everything,
}

pub(super) async fn notify(conn: &mut PgConnection, change: &Change) -> Result<()> {
    let payload = serde_json::to_string(change)?;
    sqlx::query(NOTIFY.postgres)
        .bind(payload)
        .execute(conn)
        .await?;
    Ok(())
}

pub(super) async fn mark(conn: &mut SqliteConnection) -> Result<()> {
    sqlx::query(MARK.sqlite)
        .bind(random_text(MARK_CHARACTERS).into_bytes())
        .execute(conn)
        .await?;
    Ok(())
}

/// Hears of changes that other processes commit; ends only with an error.
///
/// # Errors
/// When the connection to the server is lost: the caller must assume [`Change::Everything`].
pub async fn listen(db: &Db, heard: impl FnMut(Change)) -> Result<()> {
    match db {
        Db::Sqlite { read, .. } => look_for_marks(read, heard).await,
        Db::Postgres { pool, .. } => hear_notices(pool, heard).await,
    }
}

async fn look_for_marks(pool: &SqlitePool, mut heard: impl FnMut(Change)) -> Result<()> {
    let mut last = read_mark(pool).await?;
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        let mark = read_mark(pool).await?;
        if mark != last {
            // What it is about was not written down: commands are rare.
            heard(Change::Everything);
            last = mark;
        }
    }
}

async fn read_mark(pool: &SqlitePool) -> Result<Option<Vec<u8>>> {
    let mark = sqlx::query_scalar(READ_MARK.sqlite);
    Ok(mark.fetch_optional(pool).await?)
}

async fn hear_notices(pool: &PgPool, mut heard: impl FnMut(Change)) -> Result<()> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.listen(CHANNEL).await?;
    // Rows may have been cached, and changed by others, before anyone listened.
    heard(Change::Everything);
    loop {
        // `try_recv` gives `None` after a lost connection, so that nothing missed goes unnoticed.
        let change = match listener.try_recv().await? {
            Some(notice) => serde_json::from_str(notice.payload()).unwrap_or(Change::Everything),
            None => Change::Everything,
        };
        heard(change);
    }
}
