//! An upload that went past this server, straight into the store: nobody has looked at it until it is
//! first used.

use futures_util::TryStreamExt;
use md5::{Digest, Md5};

use super::store::{Taken, content_now, hexadecimal, keep, share};
use super::{blob_name, content_key, find};
use crate::app::App;
use crate::blobs::Found;
use crate::error::{Error, Result};
use crate::storage::files::File;

/// The file with its content: what was uploaded is checked and becomes it now.
///
/// # Errors
/// [`Error::NotFound`] when nothing was brought; [`Error::Invalid`] when it is too large or not what
/// was announced.
pub(super) async fn brought(app: &App, file: &File) -> Result<File> {
    if file.size.is_some() {
        return Ok(file.clone());
    }
    match claim(app, file).await? {
        Some(claimed) => Ok(claimed),
        // Another call may have claimed it at the same moment.
        None => match find(app, &file.project_id, &file.id).await? {
            claimed if claimed.size.is_some() => Ok(claimed),
            _ => Err(never_brought(file)),
        },
    }
}

async fn claim(app: &App, file: &File) -> Result<Option<File>> {
    let name = blob_name(file);
    let Some(uploaded) = app.blobs.uploaded(name).await? else {
        return Ok(None);
    };
    let limit = app.config.files.max_file_bytes;
    if uploaded.size > limit {
        app.blobs.forget_upload(name).await?;
        return Err(Error::invalid_with_fix(
            format!(
                "the upload of file `{}` has {} bytes, and a file may have {limit}",
                file.id, uploaded.size
            ),
            "Upload a smaller file.",
        ));
    }
    // What was announced may lie there already: then nobody needs what came.
    let shared = if file.md5.is_empty() {
        None
    } else {
        let (md5, size) = (file.md5.clone(), uploaded.size);
        share(app, file, &content_now(app, Taken { md5, size })).await?
    };
    let claimed = if let Some(shared) = shared {
        shared
    } else {
        let Some(copied) = app.blobs.claim(name).await? else {
            return Ok(None);
        };
        let (md5, size) = (check(app, file, &copied).await?, copied.size);
        keep(app, file, content_now(app, Taken { md5, size })).await?
    };
    if let Err(error) = app.blobs.forget_upload(name).await {
        tracing::warn!(%error, file = %file.id, "an upload stays beside its content until it is swept");
    }
    Ok(Some(claimed))
}

/// The hash of what came; removes what is not the announced content. A tag that is the announced hash
/// proves it; any other proves nothing, since not every bucket makes hashes its tags, so the content
/// is read.
async fn check(app: &App, file: &File, copied: &Found) -> Result<String> {
    if copied.tag == file.md5 {
        return Ok(file.md5.clone());
    }
    let (name, key) = (blob_name(file), content_key(app, file).await?);
    let mut content = app.blobs.read(name, &key, copied.size).await?;
    let mut hash = Md5::new();
    while let Some(bytes) = content.try_next().await? {
        hash.update(&bytes);
    }
    let md5 = hexadecimal(hash);
    if file.md5.is_empty() || md5 == file.md5 {
        return Ok(md5);
    }
    app.blobs.remove(name).await?;
    Err(not_announced(&md5, &file.md5))
}

/// An upload whose content has another hash than the one it was announced with.
pub(super) fn not_announced(came: &str, announced: &str) -> Error {
    Error::invalid_with_fix(
        format!("the content has the MD5 {came}, and {announced} was announced"),
        "Upload the announced content, or ask for another upload.",
    )
}

fn never_brought(file: &File) -> Error {
    Error::NotFound {
        what: "content of file",
        id: file.id.as_str().to_owned(),
        fix: Some("Upload it to the link that /files/upload/request gave.".into()),
    }
}
