//! Settings of files: where they lie, how large and how old they may become.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, value_parser};

use super::S3Settings;
use crate::error::Result;

const FILES: &str = "Files";

/// Settings of files.
#[derive(Debug, Clone, Args)]
pub struct FileSettings {
    /// Folder for the files that tools take and give, `files` in the data folder by default.
    /// Several replicas need a folder that they share.
    #[arg(long, env = "TENON_FILES_DIR", value_name = "FOLDER", help_heading = FILES)]
    pub files_dir: Option<PathBuf>,
    /// Largest file in bytes.
    #[arg(long, env = "TENON_MAX_FILE_BYTES", default_value_t = 256 * 1024 * 1024, value_parser = value_parser!(u64).range(1..), value_name = "BYTES", help_heading = FILES)]
    pub max_file_bytes: u64,
    /// How long a file is kept, in seconds.
    #[arg(long, env = "TENON_FILE_LIFETIME", default_value_t = 7 * 24 * 60 * 60, value_parser = value_parser!(u64).range(60..), value_name = "SECONDS", help_heading = FILES)]
    pub file_lifetime_s: u64,
    /// How long a link to upload or download a file works, in seconds.
    #[arg(long, env = "TENON_FILE_LINK_LIFETIME", default_value_t = 60 * 60, value_parser = value_parser!(u64).range(1..), value_name = "SECONDS", help_heading = FILES)]
    pub file_link_lifetime_s: u64,
    /// An object store in place of the folder.
    #[command(flatten)]
    pub s3: S3Settings,
}

impl FileSettings {
    pub(super) fn check(mut self) -> Result<Self> {
        let (links, largest) = (self.link_lifetime(), self.max_file_bytes);
        self.s3 = self.s3.check(links, largest)?;
        Ok(self)
    }

    /// Where files lie on disk.
    #[must_use]
    pub fn folder(&self, data_dir: &Path) -> PathBuf {
        match &self.files_dir {
            Some(folder) => folder.clone(),
            None => data_dir.join("files"),
        }
    }

    /// How long a file is kept.
    #[must_use]
    pub const fn lifetime(&self) -> Duration {
        Duration::from_secs(self.file_lifetime_s)
    }

    /// How long a link works.
    #[must_use]
    pub const fn link_lifetime(&self) -> Duration {
        Duration::from_secs(self.file_link_lifetime_s)
    }
}
