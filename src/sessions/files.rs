//! Files of a session, by the paths under which it knows them.

use crate::app::App;
use crate::error::{Error, Result};
use crate::files::{self, Arrival, Link};
use crate::ids::{ProjectId, SessionId};
use crate::paging::PageRequest;
use crate::storage;
use crate::storage::session_files::{self, SessionFile};

/// The folder of these files where code of the session would run.
pub const MOUNT_PREFIX: &str = "/mnt/files";
const LONGEST_PATH: usize = 1024;
const TOOLKIT: &str = "composio";
const TOOL: &str = "SESSION_FILES";

/// A path as a session keeps it: relative, with plain parts.
///
/// # Errors
/// [`Error::Invalid`] for a path that is empty, too long, or leads out of the mount.
pub fn plain_path(given: &str) -> Result<String> {
    let path = given.strip_prefix('/').unwrap_or(given);
    let is_part = |part: &str| !matches!(part, "" | "." | "..");
    let is_plain = !path.chars().any(char::is_control) && !path.contains('\\');
    if path.len() <= LONGEST_PATH && is_plain && path.split('/').all(is_part) {
        return Ok(path.to_owned());
    }
    Err(Error::fields(vec![format!(
        "mount_relative_path: must be a relative path of at most {LONGEST_PATH} bytes, such as \
         `data/report.csv`, without `.` and `..`"
    )]))
}

/// A link to which the content of a path is brought. Until it is there, the path stands for what it
/// stood for before.
///
/// # Errors
/// [`Error::NotFound`] when there is no such session, [`Error::Invalid`] for the path.
pub async fn upload_link(
    app: &App,
    project: &ProjectId,
    session: &SessionId,
    path: &str,
    mimetype: Option<String>,
) -> Result<(String, Link)> {
    let path = plain_path(path)?;
    super::find(app, project, session).await?;
    let name = path.rsplit('/').next().unwrap_or(&path).to_owned();
    let arrival = Arrival {
        toolkit: TOOLKIT.to_owned(),
        tool: TOOL.to_owned(),
        name,
        mimetype: mimetype.unwrap_or_default(),
    };
    let (file, link) = files::request_unhashed_upload(app, project, arrival).await?;
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let row = storage::sessions::find(tx.conn(), project, session).await?;
    row.ok_or_else(|| super::not_found(session))?;
    session_files::insert(tx.conn(), project, session, &path, &file.id, now).await?;
    tx.commit().await?;
    Ok((path, link))
}

/// A link from which the content of a path is fetched.
///
/// # Errors
/// [`Error::NotFound`] when there is no such session, or nothing was brought for the path.
pub async fn download_link(
    app: &App,
    project: &ProjectId,
    session: &SessionId,
    path: &str,
) -> Result<(String, Link)> {
    let path = plain_path(path)?;
    super::find(app, project, session).await?;
    let now = app.clock.now();
    let mut reading = app.db.read().await?;
    let known = session_files::of_path(reading.conn(), project, session, &path, now).await?;
    drop(reading);
    for file in &known {
        match files::read_link(app, file).await {
            Ok(link) => return Ok((path, link)),
            // The newest one may still be on its way.
            Err(Error::NotFound { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Err(Error::NotFound {
        what: "file",
        id: path,
        fix: Some("Bring its content to the link that `upload_url` gives.".into()),
    })
}

/// The files whose path begins with `prefix`, and where the next page begins.
///
/// # Errors
/// [`Error::NotFound`] when there is no such session.
pub async fn list(
    app: &App,
    project: &ProjectId,
    session: &SessionId,
    prefix: &str,
    page: PageRequest,
) -> Result<(Vec<SessionFile>, Option<String>)> {
    super::find(app, project, session).await?;
    let now = app.clock.now();
    let bounds = (page.sql_limit() + 1, page.sql_offset());
    let mut reading = app.db.read().await?;
    let mut found =
        session_files::list(reading.conn(), project, session, prefix, now, bounds).await?;
    let has_more = found.len() > page.limit as usize;
    found.truncate(page.limit as usize);
    let seen = page.offset + found.len() as u64 + u64::from(has_more);
    let page = page.page(found, seen);
    Ok((page.items, page.next_cursor))
}

/// Forgets a path. A path that nothing stands for is forgotten already.
///
/// # Errors
/// [`Error::NotFound`] when there is no such session, [`Error::Invalid`] for the path.
pub async fn delete(
    app: &App,
    project: &ProjectId,
    session: &SessionId,
    path: &str,
) -> Result<String> {
    let path = plain_path(path)?;
    super::find(app, project, session).await?;
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    for file in session_files::of_path(tx.conn(), project, session, &path, now).await? {
        // Its content goes with the next purge.
        storage::files::keep(tx.conn(), project, &file.id, now, now).await?;
    }
    session_files::delete(tx.conn(), project, session, &path).await?;
    tx.commit().await?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_leads_nowhere_but_below_the_mount() {
        for (given, kept) in [
            ("report.pdf", "report.pdf"),
            ("/data/a b.csv", "data/a b.csv"),
            ("images/..hidden", "images/..hidden"),
        ] {
            assert_eq!(plain_path(given).unwrap(), kept);
        }
        let long = "a".repeat(LONGEST_PATH + 1);
        for given in [
            "",
            "/",
            "//a",
            "a//b",
            "../a",
            "a/..",
            "./a",
            "a/",
            "a\\b",
            "a\nb",
            long.as_str(),
        ] {
            assert!(plain_path(given).is_err(), "{given:?}");
        }
    }
}
