//! Packages of an npm registry: their tarballs, checked by the SHA-512 of `dist.integrity`.

use std::collections::HashMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use sha2::Sha512;
use url::Url;

use super::archive::{self, Format};
use super::{Packaged, Registries, Registry, download};
use crate::error::{Error, Result};
use crate::outbound::Outbound;

/// The short form of a package's document, and the long one for registries that know no other.
const ACCEPT: &str = "application/vnd.npm.install-v1+json, application/json;q=0.5";

#[derive(Deserialize)]
struct Packument {
    versions: HashMap<String, Release>,
}

#[derive(Deserialize)]
struct Release {
    dist: Dist,
}

#[derive(Deserialize)]
struct Dist {
    tarball: Url,
    integrity: Option<String>,
}

pub(super) fn parse(package: &str) -> Result<Packaged> {
    // The first `@` may be a scope's.
    let at = package.get(1..).and_then(|rest| rest.find('@'));
    let parts = at.and_then(|at| {
        let (name, rest) = package.split_at(at + 1);
        let (version, path) = rest[1..].split_once('/')?;
        let parts = 1 + usize::from(name.starts_with('@'));
        Packaged::new(name, version, path).filter(|_| name.split('/').count() == parts)
    });
    parts.ok_or_else(|| {
        Error::invalid_with_fix(
            format!("`npm:{package}` names no file of a package"),
            "Write it as npm:package@1.2.3/path/in/it.json, with an exact version.",
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
    let registry = Registry {
        outbound,
        name: "npm registry",
        public: "https://registry.npmjs.org/",
        mirror: registries.npm.as_ref(),
        accept: ACCEPT,
    };
    let about = name.replace('/', "%2f");
    let (_, mut packument): (_, Packument) = registry
        .page(package, &about, |answer| serde_json::from_slice(answer))
        .await?;
    let Some(Release { dist }) = packument.versions.remove(version) else {
        return Err(Error::invalid(format!(
            "the npm registry has no version {version} of {name}"
        )));
    };
    let expected = dist.integrity.as_deref().and_then(sha512).ok_or_else(|| {
        Error::invalid(format!(
            "the npm registry tells no SHA-512 of {name} {version}"
        ))
    })?;
    let what = format!("{name} {version}");
    let tarball = download::checked::<Sha512>(outbound, dist.tarball, &expected, &what).await?;
    // npm packs everything into one folder, mostly `package`.
    archive::file(tarball, Format::Tarball, path, &what).await
}

/// The SHA-512 among the digests of "subresource integrity".
fn sha512(integrity: &str) -> Option<Vec<u8>> {
    let mut digests = integrity.split_ascii_whitespace();
    digests.find_map(|digest| {
        let digest = digest.strip_prefix("sha512-")?;
        STANDARD.decode(digest.split('?').next()?).ok()
    })
}
