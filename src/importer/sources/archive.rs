//! One file out of a package's archive, which is otherwise neither read into memory nor unpacked.

use std::fs::File;
use std::io::{BufReader, Read};

use flate2::read::MultiGzDecoder;
use zip::ZipArchive;
use zip::result::ZipError;

use super::{bounded, tar};
use crate::error::{Error, Result};

/// Bytes that are unpacked on the way to the file; a gigabyte of nothing takes a few seconds.
const MOST_UNPACKED: u64 = 2 * 1024 * 1024 * 1024;

/// How an archive is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// A tar file in gzip, with one folder around everything.
    Tarball,
    /// A zip file.
    Wheel,
}

/// The file at `path` in `archive`.
pub(super) async fn file(archive: File, format: Format, path: &str, what: &str) -> Result<Vec<u8>> {
    let (path, what) = (path.to_owned(), what.to_owned());
    let work = move || {
        let found = match format {
            Format::Tarball => in_tarball(BufReader::new(archive), &path, &what),
            Format::Wheel => in_wheel(BufReader::new(archive), &path, &what),
        };
        found?.ok_or_else(|| Error::invalid(format!("{what} has no file `{path}`")))
    };
    tokio::task::spawn_blocking(work)
        .await
        .map_err(Error::internal)?
}

fn in_tarball(archive: impl Read, path: &str, what: &str) -> Result<Option<Vec<u8>>> {
    let mut unpacked = MultiGzDecoder::new(archive).take(MOST_UNPACKED);
    let found = tar::find(&mut unpacked, |name| {
        let inner = name.split_once('/').map(|(_, inner)| inner);
        inner == Some(path)
    });
    match found {
        Ok(None) => Ok(None),
        Ok(Some(size)) => bounded(unpacked.take(size), &format!("{what}: {path}")).map(Some),
        Err(_) if unpacked.limit() == 0 => Err(Error::invalid(format!(
            "{what} unpacks to more than {MOST_UNPACKED} bytes"
        ))),
        Err(cause) => Err(Error::invalid(format!(
            "{what} cannot be unpacked: {cause}"
        ))),
    }
}

fn in_wheel(archive: BufReader<File>, path: &str, what: &str) -> Result<Option<Vec<u8>>> {
    let broken = |cause: &ZipError| Error::invalid(format!("{what} cannot be unpacked: {cause}"));
    let mut archive = ZipArchive::new(archive).map_err(|cause| broken(&cause))?;
    match archive.by_name(path) {
        Ok(file) if file.is_file() => bounded(file, &format!("{what}: {path}")).map(Some),
        Ok(_) | Err(ZipError::FileNotFound) => Ok(None),
        Err(cause) => Err(broken(&cause)),
    }
}
