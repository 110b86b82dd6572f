//! An upload: announced with its hash, then brought to the link that the announcement got.

use super::claim::not_announced;
use super::link::{Link, upload_link};
use super::store::{Arrival, new_file, settle, take};
use super::{find, key};
use crate::app::App;
use crate::error::{Error, Result};
use crate::ids::{FileId, ProjectId};
use crate::outbound::ByteStream;
use crate::storage::files::{self, File};

const MD5_DIGITS: usize = 32;

/// A file that a program is about to bring.
#[derive(Debug, Clone)]
pub struct Announcement {
    /// What it is and what it is for.
    pub arrival: Arrival,
    /// MD5 of its content in hexadecimal.
    pub md5: String,
}

/// Where it is to be brought.
#[derive(Debug, Clone)]
pub struct Upload {
    /// `file_…`
    pub id: FileId,
    /// What stands for the file in a tool's arguments.
    pub key: String,
    /// Takes the content by PUT.
    pub url: String,
}

/// Gives a link to upload to. The same words again give the same file.
///
/// # Errors
/// [`Error::Invalid`] when the hash is none.
pub async fn request_upload(
    app: &App,
    project: &ProjectId,
    announcement: Announcement,
) -> Result<Upload> {
    let Announcement { arrival, md5 } = announcement;
    let md5 = md5.trim().to_ascii_lowercase();
    if md5.len() != MD5_DIGITS || !md5.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(Error::fields(vec![format!(
            "md5: must be {MD5_DIGITS} hexadecimal digits"
        )]));
    }
    let mut file = new_file(app, project, arrival, md5).await?;
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    match files::find_same(tx.conn(), project, &file, now).await? {
        Some(same) if files::keep(tx.conn(), project, &same.id, now, file.expires_at).await? => {
            file = same;
        }
        Some(_) | None => files::insert(tx.conn(), &file).await?,
    }
    tx.commit().await?;
    Ok(Upload {
        key: key(&file),
        url: upload_link(app, &file).await?.url,
        id: file.id,
    })
}

/// Gives a link to upload a content to whose hash nobody knows yet.
///
/// # Errors
/// When the database does not answer.
pub async fn request_unhashed_upload(
    app: &App,
    project: &ProjectId,
    arrival: Arrival,
) -> Result<(File, Link)> {
    let file = new_file(app, project, arrival, String::new()).await?;
    let mut tx = app.db.begin().await?;
    files::insert(tx.conn(), &file).await?;
    tx.commit().await?;
    let link = upload_link(app, &file).await?;
    Ok((file, link))
}

/// Takes the content of an announced file.
///
/// # Errors
/// [`Error::NotFound`] when the file is over, [`Error::TooLarge`], [`Error::Invalid`] when the
/// content is not the announced one; what `content` fails with.
pub async fn receive(
    app: &App,
    project: &ProjectId,
    id: &FileId,
    content: ByteStream,
) -> Result<()> {
    let file = find(app, project, id).await?;
    let (writer, taken) = take(app, &file, content).await?;
    if !file.md5.is_empty() && taken.md5 != file.md5 {
        return Err(not_announced(&taken.md5, &file.md5));
    }
    settle(app, &file, writer, taken).await?;
    Ok(())
}
