//! Settings of an object store for files that speaks S3's protocol.

use std::time::Duration;

use clap::{ArgAction, Args, value_parser};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::read_secret;
use crate::error::{Error, Result};

const FILES: &str = "Files";
/// Signed links of S3 last no longer (AWS Signature Version 4, query parameters).
const LONGEST_LINK: Duration = Duration::from_hours(7 * 24);
/// S3 takes and copies no more in one piece.
const LARGEST_OBJECT: u64 = 5 * 1024 * 1024 * 1024;

/// Settings of an object store; files lie in a folder without them.
#[derive(Debug, Clone, Args)]
pub struct S3Settings {
    /// Bucket for files, at AWS or any service that speaks S3's protocol; it takes the place of the
    /// folder. Programs then bring and fetch contents there, by links that it checks itself.
    #[arg(long = "files-s3-bucket", env = "TENON_FILES_S3_BUCKET", value_name = "BUCKET", help_heading = FILES)]
    pub bucket: Option<String>,
    /// The bucket's region.
    #[arg(long = "files-s3-region", env = "TENON_FILES_S3_REGION", default_value = "us-east-1", value_name = "REGION", help_heading = FILES)]
    pub region: String,
    /// URL of the service, AWS by default.
    #[arg(long = "files-s3-endpoint", env = "TENON_FILES_S3_ENDPOINT", value_name = "URL", help_heading = FILES)]
    pub endpoint: Option<Url>,
    /// URL of the service in links, where programs reach it by another one than this server.
    #[arg(long = "files-s3-public-endpoint", env = "TENON_FILES_S3_PUBLIC_ENDPOINT", value_name = "URL", help_heading = FILES)]
    pub public_endpoint: Option<Url>,
    /// Access key id; it may read, write, list and delete what is in the bucket under the prefix.
    #[arg(long = "files-s3-access-key-id", env = "TENON_FILES_S3_ACCESS_KEY_ID", value_name = "ID", help_heading = FILES)]
    pub access_key_id: Option<String>,
    /// Its secret.
    #[arg(long = "files-s3-secret-access-key", env = "TENON_FILES_S3_SECRET_ACCESS_KEY", hide_env_values = true, value_name = "SECRET", help_heading = FILES)]
    pub secret_access_key: Option<SecretString>,
    /// What the names of objects begin with.
    #[arg(long = "files-s3-prefix", env = "TENON_FILES_S3_PREFIX", default_value = "tenon", value_name = "PREFIX", help_heading = FILES)]
    pub prefix: String,
    /// Whether the bucket stands in the path of URLs and not in their host; by default it does with
    /// an endpoint of one's own.
    #[arg(long = "files-s3-path-style", env = "TENON_FILES_S3_PATH_STYLE", action = ArgAction::Set, value_name = "BOOLEAN", help_heading = FILES)]
    pub path_style: Option<bool>,
    /// Lets the endpoint be plain `http`, for a service on the same machine or network.
    #[arg(long = "files-s3-allow-http", env = "TENON_FILES_S3_ALLOW_HTTP", default_value_t = false, action = ArgAction::Set, value_name = "BOOLEAN", help_heading = FILES)]
    pub allow_http: bool,
    /// How many seconds the service may stay silent before it counts as out.
    #[arg(long = "files-s3-timeout", env = "TENON_FILES_S3_TIMEOUT", default_value_t = 30, value_parser = value_parser!(u64).range(1..=300), value_name = "SECONDS", help_heading = FILES)]
    pub timeout_s: u64,
}

impl S3Settings {
    /// Reads the secret if it stands in a file, and refuses what cannot be.
    ///
    /// # Errors
    /// When a setting is missing, contradicts another or names an unreadable file.
    pub(super) fn check(mut self, link_lifetime: Duration, max_file_bytes: u64) -> Result<Self> {
        if let Some(secret) = &mut self.secret_access_key {
            *secret = read_secret(secret)?;
        }
        // Compose files hand variables on that are not set.
        self.bucket.take_if(|bucket| bucket.is_empty());
        self.access_key_id.take_if(|id| id.is_empty());
        self.secret_access_key
            .take_if(|secret| secret.expose_secret().is_empty());
        let prefix = self.prefix.trim_matches('/').to_owned();
        self.prefix = prefix;
        let Some(bucket) = &self.bucket else {
            return Ok(self);
        };
        if !is_bucket(bucket) {
            return refuse("TENON_FILES_S3_BUCKET must be 3 to 63 of a-z, 0-9, - and .");
        }
        if self.access_key_id.is_none() || self.secret_access_key.is_none() {
            return refuse(
                "TENON_FILES_S3_BUCKET needs TENON_FILES_S3_ACCESS_KEY_ID and \
                 TENON_FILES_S3_SECRET_ACCESS_KEY",
            );
        }
        if !is_prefix(&self.prefix) {
            return refuse(
                "TENON_FILES_S3_PREFIX must be names of A-Z, a-z, 0-9, - and _ with / between",
            );
        }
        for endpoint in [&self.endpoint, &self.public_endpoint]
            .into_iter()
            .flatten()
        {
            self.check_endpoint(endpoint)?;
        }
        if link_lifetime > LONGEST_LINK {
            return refuse("TENON_FILE_LINK_LIFETIME may be 7 days at most with files on S3");
        }
        if max_file_bytes > LARGEST_OBJECT {
            return refuse("TENON_MAX_FILE_BYTES may be 5 GiB at most with files on S3");
        }
        Ok(self)
    }

    fn check_endpoint(&self, endpoint: &Url) -> Result<()> {
        let is_plain = endpoint.username().is_empty()
            && endpoint.password().is_none()
            && endpoint.query().is_none()
            && endpoint.path() == "/"
            && endpoint.has_host();
        match endpoint.scheme() {
            "https" if is_plain => Ok(()),
            "http" if is_plain && self.allow_http => Ok(()),
            "http" if is_plain => refuse(
                "an endpoint of S3 must begin with https://; TENON_FILES_S3_ALLOW_HTTP=true allows \
                 http://, for a service on the same machine or network",
            ),
            _ => refuse("an endpoint of S3 must be https:// and a host, without a path"),
        }
    }

    /// Whether the bucket stands in the path of URLs.
    #[must_use]
    pub fn is_path_style(&self) -> bool {
        self.path_style.unwrap_or(self.endpoint.is_some())
    }

    /// How long the service may stay silent.
    #[must_use]
    pub const fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout_s)
    }
}

fn refuse<T>(message: &str) -> Result<T> {
    Err(Error::invalid(message))
}

fn is_bucket(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    (3..=63).contains(&name.len())
        && name.starts_with(|first: char| first.is_ascii_alphanumeric())
        && name
            .bytes()
            .all(|byte| is_plain(byte) || matches!(byte, b'-' | b'.'))
}

fn is_prefix(prefix: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    prefix
        .split('/')
        .all(|part| !part.is_empty() && part.bytes().all(is_plain))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Flags {
        #[command(flatten)]
        s3: S3Settings,
    }

    fn checked(more: &[&str]) -> Result<S3Settings> {
        let own = [
            "tenon",
            "--files-s3-bucket=contents",
            "--files-s3-access-key-id=id",
            "--files-s3-secret-access-key=hush",
        ];
        let hour = Duration::from_hours(1);
        let flags = Flags::try_parse_from([&own, more].concat()).unwrap();
        flags.s3.check(hour, 1)
    }

    #[test]
    fn plain_http_needs_leave_and_an_endpoint_is_a_host_alone() {
        for (endpoint, is_allowed) in [
            ("http://s3.test:9000", false),
            ("https://s3.test/path", false),
            ("https://user:word@s3.test", false),
            ("ftp://s3.test", false),
            ("https://s3.test:9000", true),
        ] {
            let flag = format!("--files-s3-endpoint={endpoint}");
            assert_eq!(checked(&[&flag]).is_ok(), is_allowed, "{endpoint}");
            let flag = format!("--files-s3-public-endpoint={endpoint}");
            assert_eq!(checked(&[&flag]).is_ok(), is_allowed, "{endpoint}");
        }
        let allowed = [
            "--files-s3-endpoint=http://s3.test:9000",
            "--files-s3-allow-http=true",
        ];
        assert!(checked(&allowed).unwrap().is_path_style());
        assert!(!checked(&[]).unwrap().is_path_style());
    }

    #[test]
    fn a_bucket_needs_its_keys_and_names_that_stand_in_urls() {
        let shown = format!("{:?}", checked(&[]).unwrap());
        assert!(!shown.contains("hush"), "{shown}");
        for wrong in ["--files-s3-prefix=a/../b", "--files-s3-prefix="] {
            assert!(checked(&[wrong]).is_err(), "{wrong}");
        }
        for bucket in ["No", "a b c", "../up"] {
            let flags = Flags::try_parse_from(["tenon", "--files-s3-bucket", bucket]).unwrap();
            assert!(flags.s3.check(Duration::ZERO, 1).is_err(), "{bucket}");
        }
        let flags = Flags::try_parse_from(["tenon", "--files-s3-bucket=contents"]).unwrap();
        let error = flags.s3.check(Duration::ZERO, 1).unwrap_err();
        assert!(error.to_string().contains("SECRET_ACCESS_KEY"), "{error}");
    }

    #[test]
    fn links_and_files_stay_within_what_s3_can() {
        let settings = || checked(&[]).unwrap();
        let (hour, week) = (Duration::from_hours(1), Duration::from_hours(7 * 24));
        assert!(settings().check(week, LARGEST_OBJECT).is_ok());
        assert!(settings().check(week + hour, 1).is_err());
        assert!(settings().check(hour, LARGEST_OBJECT + 1).is_err());
    }
}
