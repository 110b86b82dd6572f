//! Where the content of files lies. What it holds is named by the project and a random name, and
//! passes through in chunks: no file is ever whole in memory.

mod disk;

use bytes::Bytes;
use futures_util::stream::BoxStream;

use crate::crypto::ContentKey;
use crate::error::Result;
use crate::ids::ProjectId;
use crate::time::Timestamp;
pub use disk::Disk;

/// A content on its way.
pub type ByteStream = BoxStream<'static, Result<Bytes>>;

/// The name of a content: whose it is, and which.
#[derive(Debug, Clone, Copy)]
pub struct BlobName<'a> {
    /// The tenant.
    pub project: &'a ProjectId,
    /// Random, and never used twice.
    pub blob: &'a str,
}

/// The file store of this installation.
#[derive(Debug, Clone)]
pub enum BlobStore {
    /// A folder, of this machine or shared by all replicas.
    Disk(Disk),
}

/// A content that is being written; dropped before [`BlobWriter::finish`], it leaves nothing.
#[derive(Debug)]
pub enum BlobWriter {
    /// Into a folder.
    Disk(disk::DiskWriter),
}

impl BlobStore {
    /// Begins a content that `key` seals.
    ///
    /// # Errors
    /// When the store cannot be written to.
    pub async fn write(&self, name: BlobName<'_>, key: &ContentKey) -> Result<BlobWriter> {
        match self {
            Self::Disk(disk) => disk.write(name, key).await.map(BlobWriter::Disk),
        }
    }

    /// The content of `size` bytes that `key` opens.
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
        }
    }

    /// Removes a content; one that is not there is removed already.
    ///
    /// # Errors
    /// When the store does not let it go.
    pub async fn remove(&self, name: BlobName<'_>) -> Result<()> {
        match self {
            Self::Disk(disk) => disk.remove(name).await,
        }
    }

    /// Removes what writers that died before `instant` left behind.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn sweep(&self, instant: Timestamp) -> Result<()> {
        match self {
            Self::Disk(disk) => disk.sweep(instant).await,
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
        }
    }

    /// Puts the whole content under its name, at once.
    ///
    /// # Errors
    /// When the store cannot be written to.
    pub async fn finish(self) -> Result<()> {
        match self {
            Self::Disk(writer) => writer.finish().await,
        }
    }
}
