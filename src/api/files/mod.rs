//! Files: announce an upload, list what is there; the content itself goes through signed links.

mod content;

pub(super) use content::{content_routes, is_content};

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::auth::Caller;
use super::extract::{Json, Query, number};
use super::listing::Listing;
use crate::app::App;
use crate::error::{Error, Result};
use crate::files::{self, Announcement, Arrival, Upload};
use crate::ids::FileId;
use crate::paging::PageRequest;
use crate::storage::files::{File, FileFilter};

const LONGEST_SLUG: usize = 200;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_files))
        .routes(routes!(request_file_upload))
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct ListFilesQuery {
    /// Only files made for this toolkit.
    #[param(nullable = false, example = "gmail")]
    toolkit_slug: Option<String>,
    /// Only files made for this tool.
    #[param(nullable = false, example = "GMAIL_SEND_EMAIL")]
    tool_slug: Option<String>,
    /// Files on a page, at most 1000.
    #[serde(default, deserialize_with = "number")]
    #[param(nullable)]
    limit: Option<i64>,
    /// `next_cursor` of the page before.
    #[param(nullable = false)]
    cursor: Option<String>,
}

/// A file of the project.
#[derive(Debug, Serialize, ToSchema)]
struct FileItem {
    /// Slug of the toolkit that it was made for.
    #[schema(example = "gmail")]
    toolkit_slug: String,
    /// Slug of the tool that it was made for.
    #[schema(example = "GMAIL_SEND_EMAIL")]
    tool_slug: String,
    /// Its name, without folders.
    #[schema(example = "report.pdf")]
    filename: String,
    /// Its media type.
    #[schema(example = "application/pdf")]
    mimetype: String,
    /// MD5 of its content in hexadecimal.
    #[schema(example = "d41d8cd98f00b204e9800998ecf8427e")]
    md5: String,
}

impl From<File> for FileItem {
    fn from(file: File) -> Self {
        let File {
            toolkit,
            tool,
            name,
            mimetype,
            md5,
            id: _,
            project_id: _,
            blob: _,
            content_key: _,
            size: _,
            created_at: _,
            stored_at: _,
            expires_at: _,
        } = file;
        Self {
            toolkit_slug: toolkit,
            tool_slug: tool,
            filename: name,
            mimetype,
            md5,
        }
    }
}

/// List files
///
/// The project's files that have not expired, the newest first: uploads that were announced and
/// results of tools.
#[utoipa::path(
    get, path = "/files/list", tag = "Files", security(("ApiKeyAuth" = [])),
    params(ListFilesQuery),
    responses((status = 200, description = "A page of files", body = Listing<FileItem>)),
)]
async fn list_files(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<ListFilesQuery>,
) -> Result<Json<Listing<FileItem>>> {
    let page = PageRequest::new(query.limit, query.cursor.as_deref())?;
    let filter = FileFilter {
        toolkit: query.toolkit_slug.map(|slug| slug.to_ascii_lowercase()),
        tool: query.tool_slug.map(|slug| slug.to_ascii_uppercase()),
    };
    let files = files::list(&app, &caller.project, &filter, page).await?;
    Ok(Json(files.map(FileItem::from).into()))
}

/// A file that is about to be uploaded.
#[derive(Debug, Deserialize, ToSchema)]
struct UploadRequest {
    /// Slug of the toolkit that it is for.
    #[schema(example = "gmail")]
    toolkit_slug: String,
    /// Slug of the tool that it is for.
    #[schema(example = "GMAIL_SEND_EMAIL")]
    tool_slug: String,
    /// Its name.
    #[schema(example = "report.pdf")]
    filename: String,
    /// Its media type.
    #[schema(example = "application/pdf")]
    mimetype: String,
    /// MD5 of its content in hexadecimal; another content is refused.
    #[schema(example = "d41d8cd98f00b204e9800998ecf8427e")]
    md5: String,
}

/// Where to upload to. This server always answers with `new`: SDKs upload whatever it says, and what
/// is there already is not stored twice.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
#[expect(
    dead_code,
    reason = "the contract's other two answers stand in the description only"
)]
enum UploadTicket {
    New(NewUpload),
    Existing(ExistingUpload),
    Update(UpdatedUpload),
}

/// A link to upload to.
#[derive(Debug, Serialize, ToSchema)]
struct NewUpload {
    /// The file's id.
    #[schema(value_type = String, example = "file_1a2b3c4d5e6f")]
    id: FileId,
    /// What stands for the file as `s3key` in a tool's arguments.
    #[schema(example = "projects/proj_1a2b3c4d5e6f/files/file_1a2b3c4d5e6f/report.pdf")]
    key: String,
    /// Takes the content by PUT, for a while and without any key.
    new_presigned_url: String,
    /// The same under its older name.
    #[serde(rename = "newPresignedUrl")]
    #[schema(deprecated)]
    new_presigned_url_before: String,
    /// Always `new`.
    #[serde(rename = "type")]
    kind: NewUploadType,
    /// About the storage.
    metadata: UploadMetadata,
}

/// A file that is there already.
#[derive(Debug, Serialize, ToSchema)]
struct ExistingUpload {
    /// The file's id.
    id: String,
    /// What stands for the file as `s3key` in a tool's arguments.
    key: String,
    /// Where it can be fetched.
    existing_url: String,
    /// The same under its older name.
    #[serde(rename = "existingUrl")]
    #[schema(deprecated)]
    existing_url_before: String,
    /// Never sent by this server.
    #[serde(rename = "type")]
    kind: ExistingUploadType,
    /// About the storage.
    metadata: UploadMetadata,
}

/// A file whose content is to be replaced.
#[derive(Debug, Serialize, ToSchema)]
struct UpdatedUpload {
    /// The file's id.
    id: String,
    /// What stands for the file as `s3key` in a tool's arguments.
    key: String,
    /// Takes the content by PUT.
    update_presigned_url: String,
    /// The same under its older name.
    #[serde(rename = "updatePresignedUrl")]
    #[schema(deprecated)]
    update_presigned_url_before: String,
    /// Never sent by this server.
    #[serde(rename = "type")]
    kind: UpdatedUploadType,
    /// About the storage.
    metadata: UploadMetadata,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum NewUploadType {
    New,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[expect(dead_code, reason = "stands in the description only")]
enum ExistingUploadType {
    Existing,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[expect(dead_code, reason = "stands in the description only")]
enum UpdatedUploadType {
    Update,
}

/// About the storage behind an upload.
#[derive(Debug, Serialize, ToSchema)]
struct UploadMetadata {
    /// `s3` for every link that takes a plain PUT, as all links of this server do.
    storage_backend: StorageBackend,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(
    dead_code,
    reason = "the contract's other backend stands in the description only"
)]
enum StorageBackend {
    S3,
    AzureBlobStorage,
}

impl From<Upload> for UploadTicket {
    fn from(Upload { id, key, url }: Upload) -> Self {
        Self::New(NewUpload {
            id,
            key,
            new_presigned_url: url.clone(),
            new_presigned_url_before: url,
            kind: NewUploadType::New,
            metadata: UploadMetadata {
                storage_backend: StorageBackend::S3,
            },
        })
    }
}

/// Ask for an upload
///
/// Gives a link that takes the file's content by PUT, and the key that stands for the file in the
/// arguments of tools. A content that is not the announced one is refused. Files of one project with
/// the same content are stored once.
#[utoipa::path(
    post, path = "/files/upload/request", tag = "Files", security(("ApiKeyAuth" = [])),
    request_body(content = UploadRequest, example = json!({
        "toolkit_slug": "gmail", "tool_slug": "GMAIL_SEND_EMAIL", "filename": "report.pdf",
        "mimetype": "application/pdf", "md5": "d41d8cd98f00b204e9800998ecf8427e",
    })),
    responses((status = 200, description = "Where to upload to", body = UploadTicket)),
)]
async fn request_file_upload(
    State(app): State<App>,
    caller: Caller,
    Json(request): Json<UploadRequest>,
) -> Result<Json<UploadTicket>> {
    let announcement = request.into_announcement()?;
    let upload = files::request_upload(&app, &caller.project, announcement).await?;
    Ok(Json(upload.into()))
}

impl UploadRequest {
    fn into_announcement(self) -> Result<Announcement> {
        let mut problems = Vec::new();
        for (field, slug) in [
            ("toolkit_slug", &self.toolkit_slug),
            ("tool_slug", &self.tool_slug),
        ] {
            if slug.trim().is_empty() || slug.len() > LONGEST_SLUG {
                problems.push(format!("{field}: must have 1 to {LONGEST_SLUG} characters"));
            }
        }
        if !problems.is_empty() {
            return Err(Error::fields(problems));
        }
        Ok(Announcement {
            arrival: Arrival {
                toolkit: self.toolkit_slug.trim().to_ascii_lowercase(),
                tool: self.tool_slug.trim().to_ascii_uppercase(),
                name: self.filename,
                mimetype: self.mimetype,
            },
            md5: self.md5,
        })
    }
}
