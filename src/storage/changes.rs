//! News of committed changes, so that no cache serves a row that is no longer so.

use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use sqlx::postgres::PgListener;

use super::db::{Db, Statement};
use crate::error::Result;
use crate::ids::{AccountId, AuthConfigId, ProjectId};

const CHANNEL: &str = "tenon_changes";
const NOTIFY: Statement = Statement::split(
    "changes.notify",
    // SQLite has one process, which hears of its changes directly.
    "SELECT $1",
    "SELECT pg_notify('tenon_changes', $1)",
);
pub(super) const STATEMENTS: &[Statement] = &[NOTIFY];

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

/// Hears of changes that other replicas commit; ends only with an error. On SQLite there are no
/// other replicas and it never ends.
///
/// # Errors
/// When the connection to the server is lost: the caller must assume [`Change::Everything`].
pub async fn listen(db: &Db, mut heard: impl FnMut(Change)) -> Result<()> {
    let Db::Postgres { pool, .. } = db else {
        return std::future::pending().await;
    };
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
