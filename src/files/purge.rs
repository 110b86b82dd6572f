//! Removes files that are over, and contents that no file has any more.

use std::time::Duration;

use super::blob_name;
use crate::app::App;
use crate::error::Result;
use crate::storage::files;

/// A file rests this long between its end and its removal: a call that just began to read it ends
/// well, and an upload that shares its content has committed by then.
pub const PURGE_GRACE: Duration = Duration::from_hours(1);
const BATCH: i64 = 200;

/// Removes what is over. Each step may be repeated: first the content, then the row that names it.
///
/// # Errors
/// When the database or the file store does not let something go.
pub async fn purge(app: &App) -> Result<()> {
    let now = app.clock.now();
    let instant = now.before(PURGE_GRACE);
    loop {
        let mut session = app.db.read().await?;
        let over = files::expired(session.conn(), instant, BATCH).await?;
        drop(session);
        for file in &over {
            let (project, blob) = (&file.project_id, &file.blob);
            let mut session = app.db.read().await?;
            let is_shared = files::is_shared(session.conn(), project, blob, instant).await?;
            drop(session);
            if !is_shared {
                app.blobs.remove(blob_name(file)).await?;
            }
            let mut tx = app.db.begin().await?;
            files::delete(tx.conn(), project, &file.id, instant).await?;
            tx.commit().await?;
        }
        if over.is_empty() {
            break;
        }
    }
    // By now no file can want what a writer that died left, or what was uploaded and never used.
    let kept = app.config.files.lifetime() + PURGE_GRACE;
    app.blobs.sweep(now.before(kept)).await
}
