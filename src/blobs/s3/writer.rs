//! A content on its way into the bucket, in parts: no more than two are in memory at a time.

use bytes::BytesMut;
use object_store::path::Path;
use object_store::{MultipartUpload, ObjectStoreExt};
use tokio::runtime::Handle;

use super::{S3, fail};
use crate::error::Result;

/// Bytes of a part. All but the last must be equal for some services, and 5 MiB at least for S3,
/// which takes 10,000 of them.
const PART: usize = 8 * 1024 * 1024;

/// A content on its way into the bucket.
pub struct S3Writer {
    s3: S3,
    place: Path,
    /// Less than a part after each write.
    held: BytesMut,
    /// None while one part may do.
    upload: Option<Box<dyn MultipartUpload>>,
}

impl std::fmt::Debug for S3Writer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "S3Writer({})", self.place)
    }
}

impl S3Writer {
    pub(super) fn new(s3: S3, place: Path) -> Self {
        Self {
            s3,
            place,
            held: BytesMut::new(),
            upload: None,
        }
    }

    pub(in crate::blobs) async fn write(&mut self, mut bytes: &[u8]) -> Result<()> {
        while !bytes.is_empty() {
            if self.held.len() == PART {
                self.put_part().await?;
            }
            if self.held.is_empty() {
                self.held.reserve(PART);
            }
            let (now, later) = bytes.split_at(bytes.len().min(PART - self.held.len()));
            self.held.extend_from_slice(now);
            bytes = later;
        }
        Ok(())
    }

    pub(in crate::blobs) async fn finish(mut self) -> Result<()> {
        if self.upload.is_none() {
            let whole = self.held.split().freeze();
            let put = self.s3.store.put(&self.place, whole.into()).await;
            return put.map(drop).map_err(|cause| fail(&cause));
        }
        self.put_part().await?;
        if let Some(upload) = &mut self.upload {
            upload.complete().await.map_err(|cause| fail(&cause))?;
        }
        self.upload = None;
        Ok(())
    }

    async fn put_part(&mut self) -> Result<()> {
        let upload = match &mut self.upload {
            Some(upload) => upload,
            none => {
                let begun = self.s3.store.put_multipart(&self.place).await;
                none.insert(begun.map_err(|cause| fail(&cause))?)
            }
        };
        let part = self.held.split().freeze();
        let put = upload.put_part(part.into()).await;
        put.map_err(|cause| fail(&cause))
    }
}

/// Parts of an upload that is given up stay in the bucket, unseen and paid for, until it is told.
impl Drop for S3Writer {
    fn drop(&mut self) {
        if let (Some(mut upload), Ok(runtime)) = (self.upload.take(), Handle::try_current()) {
            let abort = async move {
                if let Err(cause) = upload.abort().await {
                    tracing::warn!(%cause, "parts of an upload that was given up stay in the bucket");
                }
            };
            self.s3.tasks.spawn_on(abort, &runtime);
        }
    }
}
