//! Packages of a crates registry: their archives, checked by the SHA-256 of its sparse index
//! (RFC 2789).

use serde::Deserialize;
use sha2::Sha256;
use url::Url;

use super::archive::{self, Format};
use super::{Packaged, Registries, Registry, bytes_of, download};
use crate::error::{Error, Result};
use crate::outbound::Outbound;

const ACCEPT: &str = "text/plain, application/json;q=0.5";

/// `config.json` of an index.
#[derive(Deserialize)]
struct Config {
    /// Where archives are; may have markers in it.
    dl: String,
}

/// A line of an index: one version.
#[derive(Deserialize)]
struct Release {
    name: String,
    vers: String,
    /// In hexadecimal digits.
    cksum: String,
}

pub(super) fn parse(package: &str) -> Result<Packaged> {
    let parts = package.split_once("==").and_then(|(name, rest)| {
        let (version, path) = rest.split_once('/')?;
        let is_name = |name: &str| {
            name.bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
        };
        Packaged::new(name, version, path).filter(|_| is_name(name))
    });
    parts.ok_or_else(|| {
        Error::invalid_with_fix(
            format!("`crate:{package}` names no file of a package"),
            "Write it as crate:package==1.2.3/path/in/it.graphql, with an exact version.",
        )
    })
}

pub(super) async fn fetch(
    outbound: &Outbound,
    registries: &Registries,
    package: &Packaged,
) -> Result<Vec<u8>> {
    let Packaged {
        name,
        version,
        path,
    } = package;
    let index = Registry {
        outbound,
        name: "crates index",
        public: "https://index.crates.io/",
        mirror: registries.crates.as_ref(),
        accept: ACCEPT,
    };
    let what = format!("{name} {version}");
    let lower = name.to_ascii_lowercase();
    let page = format!("{}/{lower}", prefix(&lower));
    let (_, found) = index
        .page(package, &page, |answer| release(answer, name, version))
        .await?;
    let release = found.ok_or_else(|| {
        Error::invalid(format!(
            "the crates index has no version {version} of {name}"
        ))
    })?;
    let expected = bytes_of(&release.cksum)
        .ok_or_else(|| Error::invalid(format!("the crates index tells no SHA-256 of {what}")))?;
    let (_, Config { dl }) = index
        .page(package, "config.json", |answer| {
            serde_json::from_slice(answer)
        })
        .await?;
    let url = archive_at(&dl, &release)
        .map_err(|cause| Error::invalid(format!("the crates index has {what} nowhere: {cause}")))?;
    let archive = download::checked::<Sha256>(outbound, url, &expected, &what).await?;
    // Everything is in one folder, called by name and version.
    archive::file(archive, Format::Tarball, path, &what).await
}

/// The folder of a package's page in the index, by the length of its name.
fn prefix(name: &str) -> String {
    match name.len() {
        length @ ..=2 => length.to_string(),
        3 => format!("3/{}", &name[..1]),
        _ => format!("{}/{}", &name[..2], &name[2..4]),
    }
}

/// The version among the lines of a page.
fn release(answer: &[u8], name: &str, version: &str) -> Result<Option<Release>, String> {
    let page = std::str::from_utf8(answer).map_err(|cause| cause.to_string())?;
    for line in page.lines().filter(|line| !line.trim().is_empty()) {
        let release: Release = serde_json::from_str(line).map_err(|cause| cause.to_string())?;
        if release.vers == version && release.name.eq_ignore_ascii_case(name) {
            return Ok(Some(release));
        }
    }
    Ok(None)
}

/// Where the archive is, by the rules of `dl`.
fn archive_at(dl: &str, release: &Release) -> Result<Url, url::ParseError> {
    let Release { name, vers, cksum } = release;
    let (own, lower) = (prefix(name), prefix(&name.to_ascii_lowercase()));
    let markers = [
        ("{crate}", name),
        ("{version}", vers),
        ("{prefix}", &own),
        ("{lowerprefix}", &lower),
        ("{sha256-checksum}", cksum),
    ];
    if !markers.iter().any(|(marker, _)| dl.contains(marker)) {
        return Url::parse(&format!("{dl}/{name}/{vers}/download"));
    }
    let fill = |url: String, (marker, value): &(&str, &String)| url.replace(marker, value);
    let filled = markers.iter().fold(dl.to_owned(), fill);
    Url::parse(&filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[rstest::rstest]
    #[case(
        "https://a.test/api/v1/crates",
        "https://a.test/api/v1/crates/Acme_Shop/1.0.0/download"
    )]
    #[case(
        "https://a.test/{prefix}/{crate}/{crate}-{version}.crate",
        "https://a.test/Ac/me/Acme_Shop/Acme_Shop-1.0.0.crate"
    )]
    #[case(
        "https://a.test/{lowerprefix}/{sha256-checksum}",
        "https://a.test/ac/me/0aff"
    )]
    fn an_archive_is_where_the_index_says(#[case] dl: &str, #[case] expected: &str) {
        let release = Release {
            name: "Acme_Shop".into(),
            vers: "1.0.0".into(),
            cksum: "0aff".into(),
        };
        assert_eq!(archive_at(dl, &release).unwrap().as_str(), expected);
    }

    #[rstest::rstest]
    #[case("a", "1")]
    #[case("ab", "2")]
    #[case("abc", "3/a")]
    #[case("abcd", "ab/cd")]
    fn a_page_is_found_by_the_length_of_its_name(#[case] name: &str, #[case] expected: &str) {
        assert_eq!(prefix(name), expected);
    }
}
