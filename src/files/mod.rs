//! Files that tools take and give: announced by a program, brought and fetched through signed
//! links, kept for a while. Files of a project with the same content share it.

mod claim;
mod link;
mod purge;
mod store;
mod upload;

pub use link::{Link, SignedLink, check_link, disposition, linked, read_link};
pub use purge::{PURGE_GRACE, purge};
pub use store::{Arrival, store};
pub use upload::{Announcement, Upload, receive, request_unhashed_upload, request_upload};

use std::sync::Arc;

use futures_util::{StreamExt, TryStreamExt, stream};

use crate::app::App;
use crate::blobs::BlobName;
use crate::crypto::{ContentKey, Place};
use crate::error::{Error, Result};
use crate::ids::{FileId, ProjectId};
use crate::outbound::{ByteStream, StreamedBody};
use crate::paging::{Page, PageRequest};
use crate::storage::files::{self, File, FileFilter};
use crate::tenancy;

const LONGEST_NAME: usize = 200;
const UNNAMED: &str = "file";

/// A project's file that is not over.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn find(app: &App, project: &ProjectId, id: &FileId) -> Result<File> {
    let mut session = app.db.read().await?;
    files::find(session.conn(), project, id, app.clock.now())
        .await?
        .ok_or_else(|| Error::not_found("file", id.as_str()))
}

/// A page of a project's files.
///
/// # Errors
/// When the database does not answer.
pub async fn list(
    app: &App,
    project: &ProjectId,
    filter: &FileFilter,
    page: PageRequest,
) -> Result<Page<File>> {
    let now = app.clock.now();
    let (limit, offset) = (page.sql_limit(), page.sql_offset());
    let mut session = app.db.read().await?;
    let rows = files::list(session.conn(), project, filter, now, limit, offset).await?;
    let total = files::count(session.conn(), project, filter, now).await?;
    Ok(page.page(rows, total))
}

/// The content of a file, and its length in bytes.
///
/// # Errors
/// [`Error::NotFound`] when it was announced and never brought; [`Error::Invalid`] when something
/// else was brought.
pub async fn open(app: &App, file: &File) -> Result<(u64, ByteStream)> {
    let file = claim::brought(app, file).await?;
    let size = file.length();
    let key = content_key(app, &file).await?;
    let content = app.blobs.read(blob_name(&file), &key, size).await?;
    Ok((size, content))
}

/// The content of a file as a body that is opened anew for every attempt.
///
/// # Errors
/// As [`open`].
pub async fn body(app: &App, file: &File) -> Result<StreamedBody> {
    let (app, file) = (app.clone(), claim::brought(app, file).await?);
    let length = file.length();
    let open = move || {
        let (app, file) = (app.clone(), file.clone());
        stream::once(async move { open(&app, &file).await.map(|(_, content)| content) })
            .try_flatten()
            .boxed()
    };
    Ok(StreamedBody {
        length: Some(length),
        open: Arc::new(open),
    })
}

/// What an SDK sends back as `s3key`.
#[must_use]
pub fn key(file: &File) -> String {
    let (project, id, name) = (&file.project_id, &file.id, &file.name);
    format!("projects/{project}/files/{id}/{name}")
}

/// A project's file by its key.
///
/// # Errors
/// [`Error::NotFound`] for a key of another project too.
pub async fn find_by_key(app: &App, project: &ProjectId, key: &str) -> Result<File> {
    let mut parts = key.splitn(5, '/');
    let mut part = || parts.next().unwrap_or_default();
    let (projects, owner, files, id) = (part(), part(), part(), part());
    if (projects, owner, files) != ("projects", project.as_str(), "files") {
        return Err(Error::not_found("file", key));
    }
    find(app, project, &FileId::from(id.to_owned())).await
}

fn blob_name(file: &File) -> BlobName<'_> {
    BlobName {
        project: &file.project_id,
        blob: &file.blob,
    }
}

fn key_place(id: &FileId) -> Place<'_> {
    Place {
        table: "files",
        row: id.as_str(),
        column: "content_key",
    }
}

async fn content_key(app: &App, file: &File) -> Result<ContentKey> {
    let project = tenancy::open_project(app, &file.project_id).await?;
    ContentKey::open(&project.data_key, key_place(&file.id), &file.content_key)
}

/// The name without folders and control characters, and not too long: SDKs save under it.
#[must_use]
pub fn plain_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let plain: String = last
        .chars()
        .filter(|character| !character.is_control())
        .collect();
    let plain = plain.trim();
    let mut end = plain.len().min(LONGEST_NAME);
    while !plain.is_char_boundary(end) {
        end -= 1;
    }
    match &plain[..end] {
        "" | "." | ".." => UNNAMED.to_owned(),
        name => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_lead_out_of_the_folder_it_is_saved_in() {
        for (given, kept) in [
            ("a.txt", "a.txt"),
            ("/etc/passwd", "passwd"),
            ("..\\..\\boot.ini", "boot.ini"),
            ("..", "file"),
            ("a/", "file"),
            ("a\r\nb", "ab"),
            ("", "file"),
        ] {
            assert_eq!(plain_name(given), kept);
        }
        assert_eq!(plain_name(&"ä".repeat(150)).len(), 200);
    }
}
