//! Contents in a folder: `<project>/<blob>`, each a row of sealed chunks of equal length.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt, stream};
use tokio::fs::{self, File};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::BlobName;
use crate::crypto::{ContentKey, SEALED_OVERHEAD};
use crate::error::Result;
use crate::ids::random_text;
use crate::outbound::ByteStream;
use crate::time::Timestamp;

/// Plain bytes in a chunk; only the last may have fewer.
const CHUNK: usize = 256 * 1024;
/// Where contents are written before they get their name.
pub(super) const UNFINISHED: &str = "unfinished";

/// The folder.
#[derive(Debug, Clone)]
pub struct Disk {
    root: PathBuf,
}

impl Disk {
    /// A store in `root`, which is made when it is first written to.
    #[must_use]
    pub const fn new(root: PathBuf) -> Self {
        Self { root }
    }

    pub(super) async fn write(&self, name: BlobName<'_>, key: &ContentKey) -> Result<DiskWriter> {
        let folder = self.root.join(UNFINISHED);
        fs::create_dir_all(&folder).await?;
        let unfinished = Unfinished(folder.join(random_text(24)));
        let file = File::create_new(&unfinished.0).await?;
        Ok(DiskWriter {
            file,
            unfinished,
            path: self.path(name)?,
            blob: name.blob.to_owned(),
            key: key.clone(),
            held: BytesMut::new(),
            index: 0,
        })
    }

    pub(super) async fn read(
        &self,
        name: BlobName<'_>,
        key: &ContentKey,
        size: u64,
    ) -> Result<ByteStream> {
        let file = File::open(self.path(name)?).await?;
        let reader = DiskReader {
            file,
            blob: name.blob.to_owned(),
            key: key.clone(),
            index: 0,
            left: size,
            is_over: false,
        };
        let chunks = stream::try_unfold(reader, |mut reader| async move {
            Ok(reader.next().await?.map(|chunk| (chunk, reader)))
        });
        Ok(chunks.boxed())
    }

    pub(super) async fn remove(&self, name: BlobName<'_>) -> Result<()> {
        let path = self.path(name)?;
        gone_is_fine(fs::remove_file(&path).await)?;
        // The folder goes with its last file; one that is not empty stays.
        if let Some(folder) = path.parent() {
            let _ = fs::remove_dir(folder).await;
        }
        Ok(())
    }

    pub(super) async fn sweep(&self, instant: Timestamp) -> Result<()> {
        let mut entries = match fs::read_dir(self.root.join(UNFINISHED)).await {
            Err(cause) if cause.kind() == ErrorKind::NotFound => return Ok(()),
            entries => entries?,
        };
        while let Some(entry) = entries.next_entry().await? {
            if is_older(&entry.path(), instant).await? {
                gone_is_fine(fs::remove_file(entry.path()).await)?;
            }
        }
        Ok(())
    }

    fn path(&self, name: BlobName<'_>) -> Result<PathBuf> {
        let (project, blob) = name.parts()?;
        Ok(self.root.join(project).join(blob))
    }
}

fn gone_is_fine(outcome: std::io::Result<()>) -> Result<()> {
    match outcome {
        Err(cause) if cause.kind() != ErrorKind::NotFound => Err(cause.into()),
        Ok(()) | Err(_) => Ok(()),
    }
}

async fn is_older(path: &Path, instant: Timestamp) -> Result<bool> {
    let changed = match fs::metadata(path).await {
        Err(cause) if cause.kind() == ErrorKind::NotFound => return Ok(false),
        metadata => metadata?.modified()?,
    };
    let age = changed.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    let millis = i64::try_from(age.as_millis()).unwrap_or(i64::MAX);
    Ok(Timestamp::from_millis(millis) < instant)
}

/// A file that goes when it is not kept.
#[derive(Debug)]
struct Unfinished(PathBuf);

impl Drop for Unfinished {
    fn drop(&mut self) {
        // Renamed by now, or of no use; what cannot be removed is swept later.
        let _ = std::fs::remove_file(&self.0);
    }
}

/// A content on its way into the folder.
#[derive(Debug)]
pub struct DiskWriter {
    file: File,
    unfinished: Unfinished,
    path: PathBuf,
    blob: String,
    key: ContentKey,
    /// At most a chunk: which one is the last is known at the end.
    held: BytesMut,
    index: u64,
}

impl DiskWriter {
    pub(super) async fn write(&mut self, mut bytes: &[u8]) -> Result<()> {
        while !bytes.is_empty() {
            if self.held.len() == CHUNK {
                self.put(false).await?;
            }
            let (now, later) = bytes.split_at(bytes.len().min(CHUNK - self.held.len()));
            self.held.extend_from_slice(now);
            bytes = later;
        }
        Ok(())
    }

    pub(super) async fn finish(mut self) -> Result<()> {
        self.put(true).await?;
        self.file.flush().await?;
        // The row says that the content is there; after a power cut that must still be true.
        self.file.sync_all().await?;
        if let Some(folder) = self.path.parent() {
            fs::create_dir_all(folder).await?;
        }
        fs::rename(&self.unfinished.0, &self.path).await?;
        Ok(())
    }

    async fn put(&mut self, is_last: bool) -> Result<()> {
        let sealed = self.key.seal(&self.blob, self.index, is_last, &self.held)?;
        self.file.write_all(&sealed).await?;
        self.held.clear();
        self.index += 1;
        Ok(())
    }
}

struct DiskReader {
    file: File,
    blob: String,
    key: ContentKey,
    index: u64,
    left: u64,
    is_over: bool,
}

impl DiskReader {
    async fn next(&mut self) -> Result<Option<Bytes>> {
        if self.is_over {
            return Ok(None);
        }
        let length = usize::try_from(self.left).unwrap_or(CHUNK).min(CHUNK);
        let mut sealed = vec![0; length + SEALED_OVERHEAD];
        self.file.read_exact(&mut sealed).await?;
        self.left -= length as u64;
        self.is_over = self.left == 0;
        let plain = self
            .key
            .open_chunk(&self.blob, self.index, self.is_over, &sealed)?;
        self.index += 1;
        Ok(Some(Bytes::from(plain)))
    }
}

#[cfg(test)]
mod tests {
    use futures_util::TryStreamExt;

    use super::*;
    use crate::crypto::{Place, Vault};
    use crate::ids::ProjectId;

    fn content_key() -> ContentKey {
        let vault = Vault::from_text(&Vault::generate_text().unwrap()).unwrap();
        let project = ProjectId::from("proj_a".to_owned());
        let sealed = vault.new_data_key(&project).unwrap();
        let data_key = vault.open_data_key(&project, &sealed, &[]).unwrap();
        let place = Place {
            table: "files",
            row: "file_1",
            column: "content_key",
        };
        ContentKey::generate(&data_key, place).unwrap().0
    }

    async fn read(disk: &Disk, name: BlobName<'_>, key: &ContentKey, size: usize) -> Result<usize> {
        let chunks: Vec<Bytes> = disk
            .read(name, key, size as u64)
            .await?
            .try_collect()
            .await?;
        Ok(chunks.iter().map(Bytes::len).sum())
    }

    #[tokio::test]
    async fn contents_of_every_length_come_back_and_a_cut_one_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let disk = Disk::new(folder.path().join("files"));
        let (project, key) = (ProjectId::from("proj_a".to_owned()), content_key());
        for size in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK] {
            let blob = format!("blob{size}");
            let name = BlobName {
                project: &project,
                blob: &blob,
            };
            let mut writer = disk.write(name, &key).await.unwrap();
            for piece in vec![7; size].chunks(100_000) {
                writer.write(piece).await.unwrap();
            }
            writer.finish().await.unwrap();
            assert_eq!(read(&disk, name, &key, size).await.unwrap(), size);
            if size > CHUNK {
                // Cut at the end of a chunk, and taken for as long as it now is.
                let path = disk.path(name).unwrap();
                let file = std::fs::File::options().write(true).open(&path).unwrap();
                file.set_len((CHUNK + SEALED_OVERHEAD) as u64).unwrap();
                assert!(read(&disk, name, &key, CHUNK).await.is_err());
            }
        }
    }

    #[tokio::test]
    async fn a_writer_that_is_given_up_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let disk = Disk::new(folder.path().to_owned());
        let project = ProjectId::from("proj_a".to_owned());
        let name = BlobName {
            project: &project,
            blob: "blob",
        };
        let mut writer = disk.write(name, &content_key()).await.unwrap();
        writer.write(b"half").await.unwrap();
        drop(writer);
        let left = std::fs::read_dir(folder.path().join(UNFINISHED)).unwrap();
        assert_eq!(left.count(), 0);
        assert!(
            disk.path(BlobName {
                blob: "../x",
                ..name
            })
            .is_err()
        );
    }
}
