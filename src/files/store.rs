//! Takes a content in: hashed, counted and sealed as it comes, and shared with the files that hold
//! the same.

use std::fmt::Write;

use futures_util::TryStreamExt;
use md5::{Digest, Md5};

use super::{blob_name, content_key, key_place, plain_name};
use crate::app::App;
use crate::blobs::BlobWriter;
use crate::crypto::ContentKey;
use crate::error::{Error, Result};
use crate::ids::{FileId, ProjectId, random_text};
use crate::outbound::ByteStream;
use crate::storage::files::{self, Content, File};
use crate::tenancy;

const LONGEST_MEDIA_TYPE: usize = 200;
const UNKNOWN_TYPE: &str = "application/octet-stream";

/// A content that comes from a tool.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// Slug of the toolkit.
    pub toolkit: String,
    /// Slug of the tool.
    pub tool: String,
    /// What the file is to be called.
    pub name: String,
    /// Its media type; empty when nobody said.
    pub mimetype: String,
}

/// What came.
pub(super) struct Taken {
    pub(super) md5: String,
    pub(super) size: u64,
}

/// Keeps what a tool gave as a file of the project.
///
/// # Errors
/// What `content` fails with; [`Error::Upstream`] when it is larger than a file may be.
pub async fn store(
    app: &App,
    project: &ProjectId,
    arrival: Arrival,
    content: ByteStream,
) -> Result<File> {
    // Stored first, so that the content of a process that dies is removed with its row.
    let file = new_file(app, project, arrival, String::new()).await?;
    let mut tx = app.db.begin().await?;
    files::insert(tx.conn(), &file).await?;
    tx.commit().await?;
    let (writer, taken) = take(app, &file, content)
        .await
        .map_err(|error| match error {
            Error::TooLarge { limit } => Error::upstream(format!(
                "the answer is larger than a file may be ({limit} bytes)"
            )),
            error => error,
        })?;
    settle(app, &file, writer, taken).await
}

/// A row for a file whose content is not there yet.
pub(super) async fn new_file(
    app: &App,
    project: &ProjectId,
    arrival: Arrival,
    md5: String,
) -> Result<File> {
    let open = tenancy::open_project(app, project).await?;
    let id = FileId::generate();
    let (_, content_key) = ContentKey::generate(&open.data_key, key_place(&id))?;
    let now = app.clock.now();
    Ok(File {
        id,
        project_id: project.clone(),
        toolkit: arrival.toolkit,
        tool: arrival.tool,
        name: plain_name(&arrival.name),
        mimetype: plain_type(&arrival.mimetype),
        md5,
        blob: format!("blob_{}", random_text(24)),
        content_key,
        size: None,
        created_at: now,
        stored_at: None,
        expires_at: now.after(app.config.files.lifetime()),
    })
}

/// It becomes a header.
fn plain_type(given: &str) -> String {
    let given = given.trim();
    let is_plain = given.len() <= LONGEST_MEDIA_TYPE
        && given.contains('/')
        && given
            .bytes()
            .all(|byte| byte.is_ascii_graphic() || byte == b' ');
    if is_plain { given } else { UNKNOWN_TYPE }.to_owned()
}

/// Writes `content` down, up to the size that a file may have.
pub(super) async fn take(
    app: &App,
    file: &File,
    mut content: ByteStream,
) -> Result<(BlobWriter, Taken)> {
    let limit = app.config.files.max_file_bytes;
    let key = content_key(app, file).await?;
    let mut writer = app.blobs.write(blob_name(file), &key).await?;
    let (mut hash, mut size) = (Md5::new(), 0_u64);
    while let Some(bytes) = content.try_next().await? {
        size += bytes.len() as u64;
        if size > limit {
            return Err(too_large(limit));
        }
        hash.update(&bytes);
        writer.write(bytes).await?;
    }
    let md5 = hexadecimal(hash);
    Ok((writer, Taken { md5, size }))
}

pub(super) fn hexadecimal(hash: Md5) -> String {
    hash.finalize().iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

pub(super) fn too_large(limit: u64) -> Error {
    Error::TooLarge {
        limit: usize::try_from(limit).unwrap_or(usize::MAX),
    }
}

/// Makes what was taken the content of `file`: another file's, if one holds the same already, or
/// else the written one.
pub(super) async fn settle(
    app: &App,
    file: &File,
    writer: BlobWriter,
    taken: Taken,
) -> Result<File> {
    let content = content_now(app, taken);
    if let Some(shared) = share(app, file, &content).await? {
        return Ok(shared);
    }
    writer.finish().await?;
    keep(app, file, content).await
}

pub(super) fn content_now(app: &App, taken: Taken) -> Content {
    let now = app.clock.now();
    Content {
        md5: taken.md5,
        size: i64::try_from(taken.size).unwrap_or(i64::MAX),
        stored_at: now,
        expires_at: now.after(app.config.files.lifetime()),
    }
}

/// Notes that the content lies under the file's own name.
pub(super) async fn keep(app: &App, file: &File, content: Content) -> Result<File> {
    let mut tx = app.db.begin().await?;
    if !files::set_stored(tx.conn(), &file.project_id, &file.id, &content).await? {
        return Err(Error::not_found("file", file.id.as_str()));
    }
    tx.commit().await?;
    Ok(with_content(file, content))
}

/// Lets `file` have the content of another one that is equal, if there is one.
pub(super) async fn share(app: &App, file: &File, content: &Content) -> Result<Option<File>> {
    let (project, id) = (&file.project_id, &file.id);
    let (now, until) = (content.stored_at, content.expires_at);
    let data_key = tenancy::open_project(app, project).await?.data_key.clone();
    let mut tx = app.db.begin().await?;
    let twin = files::find_content(tx.conn(), project, &content.md5, content.size, now).await?;
    let Some(twin) = twin else {
        return Ok(None);
    };
    // Kept as long as this one, so that the content does not go while it is shared.
    if !files::keep(tx.conn(), project, &twin.id, now, until).await? {
        return Ok(None);
    }
    let key = data_key.open(key_place(&twin.id), &twin.content_key)?;
    let key = data_key.seal(key_place(id), &key)?;
    if !files::set_shared(tx.conn(), project, id, content, &twin.blob, &key).await? {
        return Err(Error::not_found("file", id.as_str()));
    }
    tx.commit().await?;
    let shared = File {
        blob: twin.blob,
        content_key: key,
        ..file.clone()
    };
    Ok(Some(with_content(&shared, content.clone())))
}

fn with_content(file: &File, content: Content) -> File {
    let Content {
        md5,
        size,
        stored_at,
        expires_at,
    } = content;
    File {
        md5,
        size: Some(size),
        stored_at: Some(stored_at),
        expires_at,
        ..file.clone()
    }
}
