//! Packages of a `PyPI` index: a wheel or a source archive, checked by its SHA-256. The index is read
//! as JSON (PEP 691) or as the page of links that every mirror has (PEP 503).

use percent_encoding::percent_decode_str;
use regex::Regex;
use serde::Deserialize;
use sha2::Sha256;

use super::archive::{self, Format};
use super::{Packaged, Registries, Registry, bytes_of, download};
use crate::error::{Error, Result};
use crate::outbound::Outbound;

const ACCEPT: &str = "application/vnd.pypi.simple.v1+json, text/html;q=0.5";

/// A file of a package, in any of its versions.
#[derive(Debug, PartialEq)]
struct Release {
    name: String,
    url: String,
    /// In hexadecimal digits.
    sha256: Option<String>,
}

#[derive(Deserialize)]
struct Index {
    files: Vec<IndexFile>,
}

#[derive(Deserialize)]
struct IndexFile {
    filename: String,
    url: String,
    #[serde(default)]
    hashes: Hashes,
}

#[derive(Default, Deserialize)]
struct Hashes {
    sha256: Option<String>,
}

pub(super) fn parse(package: &str) -> Result<Packaged> {
    let parts = package.split_once("==").and_then(|(name, rest)| {
        let (version, path) = rest.split_once('/')?;
        Packaged::new(name, version, path).filter(|_| !name.contains(['@', '/']))
    });
    parts.ok_or_else(|| {
        Error::invalid_with_fix(
            format!("`pypi:{package}` names no file of a package"),
            "Write it as pypi:package==1.2.3/path/in/it.json, with an exact version.",
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
        name: "PyPI index",
        public: "https://pypi.org/simple/",
        mirror: registries.pypi.as_ref(),
        accept: ACCEPT,
    };
    let about = format!("{}/", normal(name));
    let (page, releases) = index.page(package, &about, releases).await?;
    let chosen = releases
        .into_iter()
        .filter_map(|release| Some((rank(&release.name, name, version)?, release)))
        .min_by_key(|((rank, _), _)| *rank);
    let Some(((_, format), release)) = chosen else {
        return Err(Error::invalid(format!(
            "the PyPI index has no wheel or source archive of {name} {version}"
        )));
    };
    let expected = release
        .sha256
        .as_deref()
        .and_then(bytes_of)
        .ok_or_else(|| {
            Error::invalid(format!(
                "the PyPI index tells no SHA-256 of {}",
                release.name
            ))
        })?;
    let url = page.join(&release.url).map_err(|cause| {
        Error::invalid(format!(
            "the PyPI index has {} nowhere: {cause}",
            release.name
        ))
    })?;
    let archive = download::checked::<Sha256>(outbound, url, &expected, &release.name).await?;
    archive::file(archive, format, path, &release.name).await
}

/// Equal for all spellings of a name (PEP 503).
fn normal(name: &str) -> String {
    let lower = name.to_ascii_lowercase();
    let words = lower.split(['-', '_', '.']).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("-")
}

/// Which of a version's files is read: the wheel for all machines, else the source, else any wheel.
fn rank(file: &str, name: &str, version: &str) -> Option<(u8, Format)> {
    let is_it = |other: &str, its: &str| normal(other) == normal(name) && its == version;
    if let Some(stem) = file.strip_suffix(".whl") {
        let mut parts = stem.split('-');
        let (other, its) = (parts.next()?, parts.next()?);
        let rank = if stem.ends_with("-none-any") { 0 } else { 2 };
        return is_it(other, its).then_some((rank, Format::Wheel));
    }
    let (other, its) = file.strip_suffix(".tar.gz")?.rsplit_once('-')?;
    is_it(other, its).then_some((1, Format::Tarball))
}

fn releases(answer: &[u8]) -> Result<Vec<Release>, String> {
    if answer.trim_ascii_start().starts_with(b"{") {
        let Index { files } = serde_json::from_slice(answer).map_err(|cause| cause.to_string())?;
        let files = files.into_iter().map(|file| Release {
            name: file.filename,
            url: file.url,
            sha256: file.hashes.sha256,
        });
        return Ok(files.collect());
    }
    let page = std::str::from_utf8(answer).map_err(|cause| cause.to_string())?;
    let link = Regex::new(r#"(?is)<a\s[^>]*?href\s*=\s*"([^"]*)"[^>]*>"#)
        .map_err(|cause| cause.to_string())?;
    let links = link.captures_iter(page).filter_map(|link| {
        let href = link.get(1)?.as_str().replace("&amp;", "&");
        let (url, fragment) = href.split_once('#').unwrap_or((&href, ""));
        let last = url.split('?').next()?.rsplit('/').next()?;
        Some(Release {
            name: percent_decode_str(last).decode_utf8().ok()?.into_owned(),
            url: url.to_owned(),
            sha256: fragment.strip_prefix("sha256=").map(str::to_owned),
        })
    });
    Ok(links.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_of_links_says_the_same_as_json() {
        let page = br#"<!DOCTYPE html><a class="x" href="../../files/My_Pkg-1.0%2Bl-py3-none-any.whl?a=1&amp;b=2#sha256=0aff">My_Pkg</a>
            <A HREF="my-pkg-1.0.tar.gz">x</A>"#;
        let json = br#" {"files": [{"filename": "My_Pkg-1.0+l-py3-none-any.whl", "url": "../../files/My_Pkg-1.0%2Bl-py3-none-any.whl?a=1&b=2", "hashes": {"sha256": "0aff"}},
            {"filename": "my-pkg-1.0.tar.gz", "url": "my-pkg-1.0.tar.gz"}]}"#;
        let found = releases(page).unwrap();
        assert_eq!(found, releases(json).unwrap());
        assert_eq!(
            found[0].sha256.as_deref().and_then(bytes_of),
            Some(vec![0x0a, 0xff])
        );
    }

    #[rstest::rstest]
    #[case("My_Pkg-1.0-py3-none-any.whl", Some((0, Format::Wheel)))]
    #[case("my.pkg-1.0.tar.gz", Some((1, Format::Tarball)))]
    #[case("my_pkg-1.0-cp311-cp311-manylinux_x86_64.whl", Some((2, Format::Wheel)))]
    #[case("my_pkg-1.0.1-py3-none-any.whl", None)]
    #[case("my_pkg_more-1.0-py3-none-any.whl", None)]
    #[case("my_pkg-1.0.zip", None)]
    fn the_file_of_the_version_is_found_under_every_spelling(
        #[case] file: &str,
        #[case] expected: Option<(u8, Format)>,
    ) {
        assert_eq!(rank(file, "my-pkg", "1.0"), expected);
    }
}
