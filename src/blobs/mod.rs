//! Where the content of files lies. What it holds is named by the project and a random name, and
//! passes through in chunks: no file is ever whole in memory.

mod disk;
mod s3;

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use tokio_util::task::TaskTracker;
use url::Url;

use crate::config::FileSettings;
use crate::crypto::ContentKey;
use crate::error::{Error, Result};
use crate::ids::ProjectId;
use crate::outbound::ByteStream;
use crate::time::Timestamp;
pub use disk::Disk;
pub use s3::{Found, S3, ShownAs};

/// The name of a content: whose it is, and which.
#[derive(Debug, Clone, Copy)]
pub struct BlobName<'a> {
    /// The tenant.
    pub project: &'a ProjectId,
    /// Random, and never used twice.
    pub blob: &'a str,
}

impl<'a> BlobName<'a> {
    /// Names are ours; one that is not could lead out of the folder.
    fn parts(self) -> Result<(&'a str, &'a str)> {
        let is_plain = |part: &str| {
            !part.is_empty()
                && part
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        };
        let (project, blob) = (self.project.as_str(), self.blob);
        if !is_plain(project) || !is_plain(blob) || project == disk::UNFINISHED {
            return Err(Error::internal("a stored content has an impossible name"));
        }
        Ok((project, blob))
    }
}

/// The file store of this installation.
#[derive(Debug, Clone)]
pub enum BlobStore {
    /// A folder, of this machine or shared by all replicas; what lies there is sealed.
    Disk(Disk),
    /// A bucket, which programs reach themselves; what lies there is as safe as the bucket.
    S3(Box<S3>),
}

/// A content that is being written; dropped before [`BlobWriter::finish`], it leaves nothing.
#[derive(Debug)]
pub enum BlobWriter {
    /// Into a folder.
    Disk(disk::DiskWriter),
    /// Into a bucket.
    S3(s3::S3Writer),
}

impl BlobStore {
    /// The store that the settings name. `tasks` cleans up behind writers that are given up.
    ///
    /// # Errors
    /// When a setting is impossible.
    pub fn new(settings: &FileSettings, data_dir: &Path, tasks: &TaskTracker) -> Result<Self> {
        Ok(match S3::new(&settings.s3, tasks)? {
            Some(s3) => Self::S3(Box::new(s3)),
            None => Self::Disk(Disk::new(settings.folder(data_dir))),
        })
    }

    /// Begins a content; on disk, `key` seals it.
    ///
    /// # Errors
    /// When the store cannot be written to.
    pub async fn write(&self, name: BlobName<'_>, key: &ContentKey) -> Result<BlobWriter> {
        match self {
            Self::Disk(disk) => disk.write(name, key).await.map(BlobWriter::Disk),
            Self::S3(s3) => s3.write(name).map(BlobWriter::S3),
        }
    }

    /// The content of `size` bytes; on disk, `key` opens it.
    ///
    /// # Errors
    /// When it is not there; the stream fails where it is damaged or cut short.
    pub async fn read(
        &self,
        name: BlobName<'_>,
        key: &ContentKey,
        size: u64,
    ) -> Result<ByteStream> {
        match self {
            Self::Disk(disk) => disk.read(name, key, size).await,
            Self::S3(s3) => s3.read(name).await,
        }
    }

    /// Removes a content and what was uploaded for it; one that is not there is removed already.
    ///
    /// # Errors
    /// When the store does not let it go.
    pub async fn remove(&self, name: BlobName<'_>) -> Result<()> {
        match self {
            Self::Disk(disk) => disk.remove(name).await,
            Self::S3(s3) => s3.remove(name).await,
        }
    }

    /// Removes what writers that died, or uploads that nobody used, left before `instant`.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn sweep(&self, instant: Timestamp) -> Result<()> {
        match self {
            Self::Disk(disk) => disk.sweep(instant).await,
            Self::S3(s3) => s3.sweep(instant).await,
        }
    }

    /// A link of the store's own that takes an upload by PUT; none where this server must take it.
    ///
    /// # Errors
    /// When it cannot be signed.
    pub async fn upload_link(&self, name: BlobName<'_>, lifetime: Duration) -> Result<Option<Url>> {
        match self {
            Self::Disk(_) => Ok(None),
            Self::S3(s3) => s3.upload_link(name, lifetime).await.map(Some),
        }
    }

    /// A link of the store's own to a content; none where this server must hand it out.
    ///
    /// # Errors
    /// When it cannot be signed.
    pub async fn read_link(
        &self,
        name: BlobName<'_>,
        shown: ShownAs,
        lifetime: Duration,
    ) -> Result<Option<Url>> {
        match self {
            Self::Disk(_) => Ok(None),
            Self::S3(s3) => s3.read_link(name, shown, lifetime).await.map(Some),
        }
    }

    /// The project and the name of the content that a link of the store's own leads to.
    #[must_use]
    pub fn named_in(&self, url: &Url) -> Option<(String, String)> {
        match self {
            Self::Disk(_) => None,
            Self::S3(s3) => s3.named_in(url),
        }
    }

    /// Whether the store lets in who comes by this link of its own.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn admits(&self, url: &Url) -> Result<bool> {
        match self {
            Self::Disk(_) => Ok(false),
            Self::S3(s3) => s3.admits(url).await,
        }
    }

    /// What was uploaded past this server, to be the content of this name.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn uploaded(&self, name: BlobName<'_>) -> Result<Option<Found>> {
        match self {
            Self::Disk(_) => Ok(None),
            Self::S3(s3) => s3.uploaded(name).await,
        }
    }

    /// Makes what was uploaded the content of this name; none when it is gone.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn claim(&self, name: BlobName<'_>) -> Result<Option<Found>> {
        match self {
            Self::Disk(_) => Ok(None),
            Self::S3(s3) => s3.claim(name).await,
        }
    }

    /// Removes what was uploaded, and no content.
    ///
    /// # Errors
    /// When the store does not let it go.
    pub async fn forget_upload(&self, name: BlobName<'_>) -> Result<()> {
        match self {
            Self::Disk(_) => Ok(()),
            Self::S3(s3) => s3.forget_upload(name).await,
        }
    }
}

impl BlobWriter {
    /// Adds to the content.
    ///
    /// # Errors
    /// When the store cannot be written to.
    pub async fn write(&mut self, bytes: Bytes) -> Result<()> {
        match self {
            Self::Disk(writer) => writer.write(&bytes).await,
            Self::S3(writer) => writer.write(&bytes).await,
        }
    }

    /// Puts the whole content under its name, at once.
    ///
    /// # Errors
    /// When the store cannot be written to.
    pub async fn finish(self) -> Result<()> {
        match self {
            Self::Disk(writer) => writer.finish().await,
            Self::S3(writer) => writer.finish().await,
        }
    }
}
