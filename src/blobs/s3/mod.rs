//! Contents in a bucket of an object store. What this server stores it writes itself; an upload is
//! brought there by its program, to a place apart, and becomes a content when it is claimed.

mod links;
mod writer;

pub use links::ShownAs;
pub use writer::S3Writer;

use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt};
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::path::Path;
use object_store::{BackoffConfig, ObjectStore, ObjectStoreExt, RetryConfig};
use secrecy::ExposeSecret;
use tokio_util::task::TaskTracker;
use url::Url;

use super::BlobName;
use crate::config::S3Settings;
use crate::error::{Error, Result};
use crate::outbound::{ByteStream, ObjectStorageClient};
use crate::time::Timestamp;

/// Where contents lie, below the prefix.
const CONTENTS: &str = "files";
/// Where programs bring uploads, below the prefix.
const UPLOADS: &str = "uploads";
const MOST_RETRIES: usize = 3;
/// From then on a failing call is not repeated.
const RETRY_LIMIT: Duration = Duration::from_secs(10);
const LONGEST_REST: Duration = Duration::from_secs(2);

/// The bucket.
#[derive(Clone)]
pub struct S3 {
    store: AmazonS3,
    /// Signs links, which may name the service by another host.
    signer: AmazonS3,
    /// What links begin with: the bucket as others reach it.
    base: Url,
    http: ObjectStorageClient,
    prefix: String,
    tasks: TaskTracker,
}

/// Shows no key.
impl std::fmt::Debug for S3 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.store, self.prefix)
    }
}

/// What the store says of an object.
#[derive(Debug, Clone)]
pub struct Found {
    /// Length in bytes.
    pub size: u64,
    /// The object's entity tag: its MD5 in hexadecimal, if it was put in one piece and the bucket
    /// is not encrypted by a key of one's own; else any text.
    pub tag: String,
}

impl S3 {
    /// The bucket of `settings`; none where they name none. What is given up is cleaned up in
    /// `tasks`.
    ///
    /// # Errors
    /// When a setting is impossible.
    pub fn new(settings: &S3Settings, tasks: &TaskTracker) -> Result<Option<Self>> {
        let Some(bucket) = &settings.bucket else {
            return Ok(None);
        };
        let http = ObjectStorageClient::new(settings.timeout())?;
        let own = settings.endpoint.as_ref();
        let base = bucket_url(settings, bucket, settings.public_endpoint.as_ref().or(own))?;
        Ok(Some(Self {
            store: connect(settings, bucket, &bucket_url(settings, bucket, own)?, &http)?,
            signer: connect(settings, bucket, &base, &http)?,
            base,
            http,
            prefix: settings.prefix.clone(),
            tasks: tasks.clone(),
        }))
    }

    pub(super) fn write(&self, name: BlobName<'_>) -> Result<S3Writer> {
        Ok(S3Writer::new(self.clone(), self.place(CONTENTS, name)?))
    }

    pub(super) async fn read(&self, name: BlobName<'_>) -> Result<ByteStream> {
        let place = self.place(CONTENTS, name)?;
        let found = self.store.get(&place).await.map_err(|cause| fail(&cause))?;
        let bytes = found.into_stream().map_err(|cause| fail(&cause));
        Ok(bytes.boxed())
    }

    pub(super) async fn remove(&self, name: BlobName<'_>) -> Result<()> {
        self.delete(&self.place(CONTENTS, name)?).await?;
        self.forget_upload(name).await
    }

    /// The upload that was brought for this content, if there is one.
    pub(super) async fn uploaded(&self, name: BlobName<'_>) -> Result<Option<Found>> {
        self.look(&self.place(UPLOADS, name)?).await
    }

    /// Makes the upload the content: a copy, which the holder of the upload's link cannot change.
    pub(super) async fn claim(&self, name: BlobName<'_>) -> Result<Option<Found>> {
        let (from, to) = (self.place(UPLOADS, name)?, self.place(CONTENTS, name)?);
        match self.store.copy(&from, &to).await {
            Ok(()) => self.look(&to).await,
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(cause) => Err(fail(&cause)),
        }
    }

    pub(super) async fn forget_upload(&self, name: BlobName<'_>) -> Result<()> {
        self.delete(&self.place(UPLOADS, name)?).await
    }

    pub(super) async fn sweep(&self, instant: Timestamp) -> Result<()> {
        let uploads = Path::from(format!("{}/{UPLOADS}", self.prefix));
        let mut objects = self.store.list(Some(&uploads));
        while let Some(object) = objects.try_next().await.map_err(|cause| fail(&cause))? {
            if Timestamp::from_millis(object.last_modified.timestamp_millis()) < instant {
                self.delete(&object.location).await?;
            }
        }
        Ok(())
    }

    async fn look(&self, place: &Path) -> Result<Option<Found>> {
        match self.store.head(place).await {
            Ok(object) => Ok(Some(Found {
                size: object.size,
                tag: object
                    .e_tag
                    .unwrap_or_default()
                    .trim_matches('"')
                    .to_owned(),
            })),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(cause) => Err(fail(&cause)),
        }
    }

    async fn delete(&self, place: &Path) -> Result<()> {
        match self.store.delete(place).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(cause) => Err(fail(&cause)),
        }
    }

    fn place(&self, area: &str, name: BlobName<'_>) -> Result<Path> {
        let (project, blob) = name.parts()?;
        Ok(Path::from(format!(
            "{}/{area}/{project}/{blob}",
            self.prefix
        )))
    }
}

fn connect(
    settings: &S3Settings,
    bucket: &str,
    url: &Url,
    http: &ObjectStorageClient,
) -> Result<AmazonS3> {
    let mut builder = AmazonS3Builder::new()
        .with_bucket_name(bucket)
        .with_region(&settings.region)
        // The URL names the bucket already, in whichever place.
        .with_virtual_hosted_style_request(true)
        .with_endpoint(url.as_str().trim_end_matches('/'))
        .with_allow_http(settings.allow_http)
        .with_http_connector(http.clone())
        // Not every service has the call that deletes many at once.
        .with_disable_bulk_delete(true)
        .with_retry(RetryConfig {
            backoff: BackoffConfig {
                max_backoff: LONGEST_REST,
                ..BackoffConfig::default()
            },
            max_retries: MOST_RETRIES,
            retry_timeout: RETRY_LIMIT,
        });
    // Both are there when a bucket is; without them the crate would ask the machine's metadata.
    if let (Some(id), Some(secret)) = (&settings.access_key_id, &settings.secret_access_key) {
        builder = builder
            .with_access_key_id(id)
            .with_secret_access_key(secret.expose_secret());
    }
    builder.build().map_err(|cause| unusable(&cause))
}

/// The bucket's URL: the service's, with the bucket in its path or as the first label of its host.
fn bucket_url(settings: &S3Settings, bucket: &str, endpoint: Option<&Url>) -> Result<Url> {
    let mut url = match endpoint {
        Some(endpoint) => endpoint.clone(),
        None => Url::parse(&format!("https://s3.{}.amazonaws.com", settings.region))
            .map_err(|cause| unusable(&cause))?,
    };
    if settings.is_path_style() {
        url.set_path(bucket);
    } else {
        let host = format!("{bucket}.{}", url.host_str().unwrap_or_default());
        url.set_host(Some(&host))
            .map_err(|cause| unusable(&cause))?;
    }
    Ok(url)
}

fn unusable(cause: &dyn std::error::Error) -> Error {
    Error::invalid(format!(
        "the object store of the settings cannot be used: {cause}"
    ))
}

/// What went wrong, for the log; and what a caller can know of it.
fn fail(cause: &object_store::Error) -> Error {
    tracing::warn!(%cause, "the object store failed");
    Error::Unavailable(match cause {
        object_store::Error::PermissionDenied { .. }
        | object_store::Error::Unauthenticated { .. } => {
            "the store of files refuses this server; its operator must look at the credentials"
        }
        object_store::Error::NotFound { .. } => {
            "the store of files does not have what it should; its operator must look at the bucket"
        }
        _ => "the store of files does not answer as it should; try again later",
    })
}
