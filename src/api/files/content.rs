//! The content of files, brought and fetched through signed links: the signature is the permission.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures_util::{StreamExt, stream};
use serde::Deserialize;

use crate::api::extract::{Path, Query};
use crate::app::App;
use crate::crypto::FileAccess;
use crate::error::{Error, Result};
use crate::files::{self, SignedLink};
use crate::ids::FileId;
use crate::outbound::ByteStream;
use crate::storage::files::File;

/// How long an uploader may send nothing.
const LONGEST_SILENCE: Duration = Duration::from_mins(1);

/// Routes beside the documented ones: their URLs are given out whole.
pub(in crate::api) fn content_routes() -> Router<App> {
    Router::new().route("/files/content/{id}", get(fetch).put(bring))
}

/// Whether a request moves a file's content, which may take as long as the line is slow.
pub(in crate::api) fn is_content(path: &str) -> bool {
    path.contains("/files/content/")
}

/// What a link lets its holder do; it names the project, since no key comes with it.
struct Permission(SignedLink);

#[derive(Deserialize)]
struct LinkQuery {
    project: String,
    expires: String,
    signature: String,
}

impl FromRequestParts<App> for Permission {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        let Path(id) = Path::<String>::from_request_parts(parts, app).await?;
        let unsigned = || Error::Forbidden("this is no signed link to a file".into());
        let Query(query) = Query::<LinkQuery>::from_request_parts(parts, app)
            .await
            .map_err(|_| unsigned())?;
        let access = if parts.method == Method::PUT {
            FileAccess::Write
        } else {
            FileAccess::Read
        };
        let link = SignedLink {
            project: query.project.into(),
            file: FileId::from(id),
            expires: query.expires.parse().map_err(|_| unsigned())?,
            signature: query.signature,
        };
        files::check_link(app, access, &link)?;
        Ok(Self(link))
    }
}

async fn bring(
    State(app): State<App>,
    Permission(link): Permission,
    request: Request,
) -> Result<StatusCode> {
    let announced = request
        .headers()
        .get(header::CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    let limit = app.config.files.max_file_bytes;
    if announced.is_some_and(|length| length > limit) {
        return Err(Error::TooLarge {
            limit: usize::try_from(limit).unwrap_or(usize::MAX),
        });
    }
    let content = content_of(request.into_body());
    files::receive(&app, &link.project, &link.file, content).await?;
    Ok(StatusCode::OK)
}

/// The body as it comes; it ends with an error when it breaks off or falls silent.
fn content_of(body: Body) -> ByteStream {
    stream::try_unfold(body.into_data_stream(), |mut body| async move {
        match tokio::time::timeout(LONGEST_SILENCE, body.next()).await {
            Ok(None) => Ok(None),
            Ok(Some(Ok(bytes))) => Ok(Some((bytes, body))),
            Ok(Some(Err(_))) => Err(Error::invalid("the upload broke off")),
            Err(_) => Err(Error::invalid(format!(
                "the upload fell silent for {} seconds",
                LONGEST_SILENCE.as_secs()
            ))),
        }
    })
    .boxed()
}

async fn fetch(State(app): State<App>, Permission(link): Permission) -> Result<Response> {
    let file = files::find(&app, &link.project, &link.file).await?;
    let (size, content) = files::open(&app, &file).await?;
    let mut response = Body::from_stream(content).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(size));
    for (name, value) in shown_as(&file) {
        headers.insert(name, value);
    }
    Ok(response)
}

/// A file is anybody's words: a browser saves it, and runs nothing of it under our name.
fn shown_as(file: &File) -> [(HeaderName, HeaderValue); 5] {
    let kind = HeaderValue::from_str(&file.mimetype)
        .unwrap_or(HeaderValue::from_static("application/octet-stream"));
    let disposition = HeaderValue::from_str(&files::disposition(file))
        .unwrap_or(HeaderValue::from_static("attachment"));
    [
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_DISPOSITION, disposition),
        (
            header::X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        ),
        (
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static("default-src 'none'; sandbox"),
        ),
        (
            header::CACHE_CONTROL,
            HeaderValue::from_static("private, no-store"),
        ),
    ]
}
