//! Files of a session, by path.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::auth::Caller;
use crate::api::extract::{Json, Path, Query, number};
use crate::app::App;
use crate::error::{Error, Result};
use crate::ids::SessionId;
use crate::paging::PageRequest;
use crate::sessions::files::{self, MOUNT_PREFIX};

/// The one mount that sessions have.
const MOUNT: &str = "files";
const MOST_FILES: i64 = 500;

/// Session and mount, as a path names them.
#[derive(Debug, Deserialize)]
pub(super) struct Mount {
    session_id: SessionId,
    mount_id: String,
}

impl Mount {
    fn session(self) -> Result<SessionId> {
        if self.mount_id == MOUNT {
            return Ok(self.session_id);
        }
        Err(Error::NotFound {
            what: "mount",
            id: self.mount_id,
            fix: Some(format!("Sessions have one mount, `{MOUNT}`.")),
        })
    }
}

/// A file's path.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct MountPathBody {
    /// Relative to the mount.
    #[schema(example = "data/report.csv")]
    mount_relative_path: String,
    /// The media type, for an upload.
    #[serde(default)]
    #[schema(nullable = false, example = "text/csv")]
    mimetype: Option<String>,
}

/// Where a file's content is brought.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MountUpload {
    /// The path as it is kept.
    mount_relative_path: String,
    /// Where the mount would be for code that runs in the session.
    #[schema(example = "/mnt/files")]
    sandbox_mount_prefix: &'static str,
    /// Takes the content by PUT.
    #[schema(format = "uri")]
    upload_url: String,
    /// Until when.
    #[schema(format = "date-time")]
    expires_at: String,
}

/// Where a file's content is fetched.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MountDownload {
    /// The path as it is kept.
    mount_relative_path: String,
    /// Where the mount would be for code that runs in the session.
    #[schema(example = "/mnt/files")]
    sandbox_mount_prefix: &'static str,
    /// Gives the content.
    #[schema(format = "uri")]
    download_url: String,
    /// Until when.
    #[schema(format = "date-time")]
    expires_at: String,
}

/// A path that is forgotten.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DeletedMountFile {
    /// The path.
    mount_relative_path: String,
    /// Where the mount would be for code that runs in the session.
    #[schema(example = "/mnt/files")]
    sandbox_mount_prefix: &'static str,
}

/// A file of a mount.
#[derive(Debug, Serialize, ToSchema)]
struct MountFile {
    /// Relative to the mount.
    mount_relative_path: String,
    /// Where the mount would be for code that runs in the session.
    #[schema(example = "/mnt/files")]
    sandbox_mount_prefix: &'static str,
    /// Length in bytes.
    #[schema(value_type = f64)]
    size: i64,
    /// When its content came.
    #[schema(format = "date-time")]
    last_modified: String,
}

/// One page of a mount's files.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MountFiles {
    /// What is on the page, by path.
    items: Vec<MountFile>,
    /// Opens the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next_cursor: Option<String>,
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct MountFilesQuery {
    /// Only paths that begin with this.
    #[param(nullable = false, example = "data/")]
    mount_relative_prefix: Option<String>,
    /// Files on a page, at most 500.
    #[serde(default, deserialize_with = "number")]
    #[param(value_type = Option<f64>, nullable = false)]
    limit: Option<i64>,
    /// `next_cursor` of the page before.
    #[param(nullable = false)]
    cursor: Option<String>,
}

/// List a session's files
///
/// Those whose content has come, by path.
#[utoipa::path(
    get, path = "/tool_router/session/{session_id}/mounts/{mount_id}/items", tag = "Tool Router",
    security(("ApiKeyAuth" = [])),
    params(("session_id" = String, Path, description = "The session's id"),
        ("mount_id" = String, Path, description = "`files`", example = "files"), MountFilesQuery),
    responses((status = 200, description = "One page of files", body = MountFiles)),
)]
pub(super) async fn list_session_files(
    State(app): State<App>,
    caller: Caller,
    Path(mount): Path<Mount>,
    Query(query): Query<MountFilesQuery>,
) -> Result<Json<MountFiles>> {
    let limit = query.limit.unwrap_or(MOST_FILES).min(MOST_FILES);
    let page = PageRequest::new(Some(limit), query.cursor.as_deref())?;
    let prefix = query.mount_relative_prefix.unwrap_or_default();
    let prefix = prefix.trim_start_matches('/');
    let session = mount.session()?;
    let (found, next_cursor) = files::list(&app, &caller.project, &session, prefix, page).await?;
    let items = found.into_iter().map(|file| MountFile {
        mount_relative_path: file.path,
        sandbox_mount_prefix: MOUNT_PREFIX,
        size: file.size,
        last_modified: file.stored_at.to_text(),
    });
    Ok(Json(MountFiles {
        items: items.collect(),
        next_cursor,
    }))
}

/// Upload a file of a session
///
/// Gives a link that takes the content. Until it has come, the path stands for what it stood for before.
#[utoipa::path(
    post, path = "/tool_router/session/{session_id}/mounts/{mount_id}/upload_url",
    tag = "Tool Router", security(("ApiKeyAuth" = [])),
    params(("session_id" = String, Path, description = "The session's id"),
        ("mount_id" = String, Path, description = "`files`", example = "files")),
    request_body(content = MountPathBody, example = json!({
        "mount_relative_path": "data/report.csv", "mimetype": "text/csv",
    })),
    responses((status = 200, description = "The link", body = MountUpload)),
)]
pub(super) async fn create_session_file_upload(
    State(app): State<App>,
    caller: Caller,
    Path(mount): Path<Mount>,
    Json(body): Json<MountPathBody>,
) -> Result<Json<MountUpload>> {
    let session = mount.session()?;
    let path = &body.mount_relative_path;
    let (path, link) =
        files::upload_link(&app, &caller.project, &session, path, body.mimetype).await?;
    Ok(Json(MountUpload {
        mount_relative_path: path,
        sandbox_mount_prefix: MOUNT_PREFIX,
        upload_url: link.url,
        expires_at: link.expires_at.to_text(),
    }))
}

/// Download a file of a session
///
/// Gives a link to the newest content of a path.
#[utoipa::path(
    post, path = "/tool_router/session/{session_id}/mounts/{mount_id}/download_url",
    tag = "Tool Router", security(("ApiKeyAuth" = [])),
    params(("session_id" = String, Path, description = "The session's id"),
        ("mount_id" = String, Path, description = "`files`", example = "files")),
    request_body(content = MountPathBody, example = json!({
        "mount_relative_path": "data/report.csv",
    })),
    responses((status = 200, description = "The link", body = MountDownload)),
)]
pub(super) async fn create_session_file_download(
    State(app): State<App>,
    caller: Caller,
    Path(mount): Path<Mount>,
    Json(body): Json<MountPathBody>,
) -> Result<Json<MountDownload>> {
    let session = mount.session()?;
    let path = &body.mount_relative_path;
    let (path, link) = files::download_link(&app, &caller.project, &session, path).await?;
    Ok(Json(MountDownload {
        mount_relative_path: path,
        sandbox_mount_prefix: MOUNT_PREFIX,
        download_url: link.url,
        expires_at: link.expires_at.to_text(),
    }))
}

/// Remove a file of a session
///
/// The path stands for nothing any more; one that stood for nothing is no error.
#[utoipa::path(
    post, path = "/tool_router/session/{session_id}/mounts/{mount_id}/delete",
    tag = "Tool Router", security(("ApiKeyAuth" = [])),
    params(("session_id" = String, Path, description = "The session's id"),
        ("mount_id" = String, Path, description = "`files`", example = "files")),
    request_body(content = MountPathBody, example = json!({
        "mount_relative_path": "data/report.csv",
    })),
    responses((status = 200, description = "It is gone", body = DeletedMountFile)),
)]
pub(super) async fn delete_session_file(
    State(app): State<App>,
    caller: Caller,
    Path(mount): Path<Mount>,
    Json(body): Json<MountPathBody>,
) -> Result<Json<DeletedMountFile>> {
    let session = mount.session()?;
    let path = &body.mount_relative_path;
    let path = files::delete(&app, &caller.project, &session, path).await?;
    Ok(Json(DeletedMountFile {
        mount_relative_path: path,
        sandbox_mount_prefix: MOUNT_PREFIX,
    }))
}
