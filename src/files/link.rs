//! Links to one file, which work for a while for whoever holds them.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use url::Url;

use super::{blob_name, claim};

use crate::app::App;
use crate::blobs::ShownAs;
use crate::crypto::FileAccess;
use crate::error::{Error, Result};
use crate::ids::{FileId, ProjectId};
use crate::storage::files::{self, File};
use crate::time::Timestamp;

/// RFC 8187 section 3.2.1: what may stand unescaped.
const NAME_CHARACTERS: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');
/// Where the API serves the content of files.
pub const CONTENT_PATH: &str = "/api/v3/files/content/";

/// A link and its end.
#[derive(Debug, Clone)]
pub struct Link {
    /// The whole URL.
    pub url: String,
    /// From then on it opens nothing.
    pub expires_at: Timestamp,
}

/// What a link says; worth nothing before [`check_link`].
#[derive(Debug, Clone)]
pub struct SignedLink {
    /// The tenant.
    pub project: ProjectId,
    /// The file.
    pub file: FileId,
    /// Seconds since the Unix epoch.
    pub expires: i64,
    /// Over all of the above and the method.
    pub signature: String,
}

/// A link from which the content can be fetched: of the store, if programs reach it themselves, or
/// else of this server.
///
/// # Errors
/// What [`super::open`] returns.
pub async fn read_link(app: &App, file: &File) -> Result<Link> {
    let lifetime = app.config.files.link_lifetime();
    let file = claim::brought(app, file).await?;
    let shown = ShownAs {
        media_type: file.mimetype.clone(),
        disposition: disposition(&file),
    };
    match app
        .blobs
        .read_link(blob_name(&file), shown, lifetime)
        .await?
    {
        Some(url) => Ok(foreign(app, url)),
        None => own(app, FileAccess::Read, &file),
    }
}

/// A link to which the content is brought.
pub(super) async fn upload_link(app: &App, file: &File) -> Result<Link> {
    let lifetime = app.config.files.link_lifetime();
    match app.blobs.upload_link(blob_name(file), lifetime).await? {
        Some(url) => Ok(foreign(app, url)),
        None => own(app, FileAccess::Write, file),
    }
}

/// As `content-disposition`: a browser saves the file under its name (RFC 6266).
#[must_use]
pub fn disposition(file: &File) -> String {
    let name = utf8_percent_encode(&file.name, NAME_CHARACTERS);
    format!("attachment; filename*=UTF-8''{name}")
}

fn foreign(app: &App, url: Url) -> Link {
    Link {
        url: url.into(),
        expires_at: app.clock.now().after(app.config.files.link_lifetime()),
    }
}

fn own(app: &App, access: FileAccess, file: &File) -> Result<Link> {
    let now = app.clock.now();
    let expires_at = now.after(app.config.files.link_lifetime());
    let signature = app
        .file_links
        .sign(access, &file.project_id, &file.id, expires_at)?;
    let base = app.config.public_base();
    let mut url = Url::parse(&format!("{base}{CONTENT_PATH}{}", file.id))
        .map_err(|cause| Error::internal(format!("no link to a file: {cause}")))?;
    url.query_pairs_mut()
        .append_pair("project", file.project_id.as_str())
        .append_pair("expires", &expires_at.as_secs().to_string())
        .append_pair("signature", &signature);
    Ok(Link {
        url: url.into(),
        expires_at,
    })
}

/// The project's file that a link of this server's or of its store leads to; none where the URL is
/// no such link.
///
/// # Errors
/// What [`check_link`] returns; [`Error::NotFound`] for a file of another project.
pub async fn linked(app: &App, project: &ProjectId, url: &Url) -> Result<Option<File>> {
    if let Some((owner, blob)) = app.blobs.named_in(url) {
        return linked_in_store(app, project, url, &owner, &blob)
            .await
            .map(Some);
    }
    let start = format!("{}{CONTENT_PATH}", app.config.public_base());
    let Some(rest) = url.as_str().strip_prefix(&start) else {
        return Ok(None);
    };
    let id = rest.split(['?', '#', '/']).next().unwrap_or_default();
    let part = |name: &str| {
        let found = url.query_pairs().find(|(given, _)| given == name);
        found
            .map(|(_, value)| value.into_owned())
            .unwrap_or_default()
    };
    let link = SignedLink {
        project: part("project").into(),
        file: FileId::from(id.to_owned()),
        expires: part("expires").parse().unwrap_or_default(),
        signature: part("signature"),
    };
    check_link(app, FileAccess::Read, &link)?;
    if link.project != *project {
        return Err(Error::not_found("file", id));
    }
    super::find(app, project, &link.file).await.map(Some)
}

async fn linked_in_store(
    app: &App,
    project: &ProjectId,
    url: &Url,
    owner: &str,
    blob: &str,
) -> Result<File> {
    // The store alone can tell what it lets in.
    if !app.blobs.admits(url).await? {
        return Err(Error::Forbidden(
            "the store of files does not accept this link; use it unchanged and in its time".into(),
        ));
    }
    if owner != project.as_str() {
        return Err(Error::not_found("file", blob));
    }
    let mut session = app.db.read().await?;
    files::find_by_blob(session.conn(), project, blob, app.clock.now())
        .await?
        .ok_or_else(|| Error::not_found("file", blob))
}

/// Refuses a link that is not ours, not for this, or over.
///
/// # Errors
/// [`Error::Forbidden`].
pub fn check_link(app: &App, access: FileAccess, link: &SignedLink) -> Result<()> {
    let SignedLink {
        project,
        file,
        expires,
        signature,
    } = link;
    let expires_at = Timestamp::from_millis(expires.saturating_mul(1000));
    if !app
        .file_links
        .is_signed(access, project, file, expires_at, signature)
    {
        return Err(Error::Forbidden(
            "the signature of this link to a file is wrong; use the link unchanged, and only for \
             what it was given for"
                .into(),
        ));
    }
    if expires_at <= app.clock.now() {
        return Err(Error::Forbidden(
            "this link to a file has expired; ask for a new one".into(),
        ));
    }
    Ok(())
}
