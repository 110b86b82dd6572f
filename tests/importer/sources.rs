//! Descriptions from addresses and out of packages, over registries of the test's own.

use std::io::{Cursor, Write};
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use sha2::{Digest, Sha256, Sha512};
use tenon::error::{Error, Result};
use tenon::importer::sources::{Origin, Registries};
use tenon::outbound::{Failure, Outbound, OutboundReply, OutboundRequest, Replay};

use super::SHOP;
use crate::support::binary::Place;
use crate::support::upstream::{Answer, Upstream};

/// A tar file in gzip with one folder around these files.
fn tarball(folder: &str, files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    for (name, content) in files {
        let name = format!("{folder}/{name}");
        let mut header = [0; 512];
        header[..name.len()].copy_from_slice(name.as_bytes());
        header[124..135].copy_from_slice(format!("{:011o}", content.len()).as_bytes());
        header[156] = b'0';
        header[257..263].copy_from_slice(b"ustar\0");
        gzip.write_all(&header).unwrap();
        gzip.write_all(content).unwrap();
        let rest = content.len().next_multiple_of(512) - content.len();
        gzip.write_all(&vec![0; rest]).unwrap();
    }
    gzip.finish().unwrap()
}

fn wheel(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in files {
        let options = zip::write::SimpleFileOptions::default();
        zip.start_file(*name, options).unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn packument(upstream: &Upstream, dist: &Value) -> Answer {
    let mut dist = dist.clone();
    dist["tarball"] = format!("{}/files/shop.tgz", upstream.base).into();
    Answer::json(200, &json!({ "versions": { "1.2.3": { "dist": dist } } }))
}

fn integrity(bytes: &[u8]) -> Value {
    let sha512 = STANDARD.encode(Sha512::digest(bytes));
    json!({ "integrity": format!("sha1-AAAA sha512-{sha512}") })
}

fn sha256(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    let digits = digest.iter().map(|byte| format!("{byte:02x}"));
    digits.collect::<String>()
}

fn here() -> Outbound {
    Outbound::new(&["127.0.0.0/8".parse().unwrap()]).unwrap()
}

async fn fetch(upstream: &Upstream, source: &str) -> Result<Vec<u8>> {
    let registries = Registries {
        npm: Some(format!("{}/npm", upstream.base).parse().unwrap()),
        pypi: Some(format!("{}/simple/", upstream.base).parse().unwrap()),
        crates: Some(format!("{}/crates", upstream.base).parse().unwrap()),
    };
    Origin::parse(source)?.fetch(&here(), &registries).await
}

#[track_caller]
fn refused(outcome: Result<Vec<u8>>) -> String {
    match outcome.unwrap_err() {
        error @ (Error::Invalid { .. } | Error::Upstream { .. }) => error.to_string(),
        error => panic!("{error:?}"),
    }
}

const NPM: &str = "npm:@acme/shop@1.2.3/docs/shop.yaml";

#[tokio::test]
async fn a_file_comes_out_of_an_npm_package_whose_digest_is_right() {
    let upstream = Upstream::start().await;
    let package = tarball(
        "package",
        &[("package.json", b"{}"), ("docs/shop.yaml", SHOP.as_bytes())],
    );
    upstream.answer(
        "/npm/@acme%2fshop",
        packument(&upstream, &integrity(&package)),
    );
    upstream.answer(
        "/files/shop.tgz",
        Answer::bytes(200, "application/octet-stream", &package),
    );
    assert_eq!(fetch(&upstream, NPM).await.unwrap(), SHOP.as_bytes());
    for (source, says) in [
        (
            "npm:@acme/shop@1.2.3/docs/none.yaml",
            "has no file `docs/none.yaml`",
        ),
        (
            "npm:@acme/shop@1.2.4/docs/shop.yaml",
            "has no version 1.2.4",
        ),
    ] {
        let error = refused(fetch(&upstream, source).await);
        assert!(error.contains(says), "{error}");
    }
}

#[tokio::test]
async fn a_package_that_differs_from_what_its_registry_promises_is_not_opened() {
    let upstream = Upstream::start().await;
    let package = tarball("package", &[("docs/shop.yaml", SHOP.as_bytes())]);
    upstream.answer(
        "/files/shop.tgz",
        Answer::bytes(200, "application/octet-stream", &package),
    );
    for (dist, says) in [
        (integrity(b"something else"), "the digest differs"),
        (json!({ "integrity": "sha1-AAAA" }), "tells no SHA-512"),
        (json!({}), "tells no SHA-512"),
    ] {
        upstream.forget("/npm/@acme%2fshop");
        upstream.answer("/npm/@acme%2fshop", packument(&upstream, &dist));
        let error = refused(fetch(&upstream, NPM).await);
        assert!(error.contains(says), "{error}");
    }
}

#[tokio::test]
async fn a_file_comes_out_of_a_wheel_or_a_source_archive() {
    let upstream = Upstream::start().await;
    let own = b"{\"sdist\": true}";
    let files = [
        (
            "acme_shop-1.0-py3-none-any.whl",
            wheel(&[("a/b", b"x"), ("docs/shop.yaml", SHOP.as_bytes())]),
        ),
        (
            "acme_old-1.0.tar.gz",
            tarball("acme_old-1.0", &[("docs/shop.yaml", own)]),
        ),
    ];
    for (name, bytes) in &files {
        let path = format!("/files/{name}");
        upstream.answer(&path, Answer::bytes(200, "application/octet-stream", bytes));
    }
    let json = json!({ "files": [
        { "filename": files[0].0, "url": format!("{}/files/{}", upstream.base, files[0].0), "hashes": { "sha256": sha256(&files[0].1) } }
    ] });
    upstream.answer("/simple/acme-shop/", Answer::json(200, &json));
    let links = format!(
        r#"<a href="../../files/{}#sha256={}">it</a>"#,
        files[1].0,
        sha256(&files[1].1)
    );
    upstream.answer("/simple/acme-old/", Answer::text(200, "text/html", &links));
    let wheel = fetch(&upstream, "pypi:Acme_Shop==1.0/docs/shop.yaml").await;
    assert_eq!(wheel.unwrap(), SHOP.as_bytes());
    let sdist = fetch(&upstream, "pypi:acme.old==1.0/docs/shop.yaml").await;
    assert_eq!(sdist.unwrap(), own);
    for (source, says) in [
        ("pypi:acme-shop==1.0/docs", "has no file `docs`"),
        (
            "pypi:acme-shop==2.0/docs/shop.yaml",
            "no wheel or source archive",
        ),
    ] {
        let error = refused(fetch(&upstream, source).await);
        assert!(error.contains(says), "{error}");
    }
    upstream.forget("/simple/acme-old/");
    let links = links.replace("sha256=", "sha256=00");
    upstream.answer("/simple/acme-old/", Answer::text(200, "text/html", &links));
    let error = refused(fetch(&upstream, "pypi:acme.old==1.0/docs/shop.yaml").await);
    assert!(error.contains("the digest differs"), "{error}");
}

const CRATE: &str = "crate:acme-shop==1.2.3/docs/shop.yaml";

/// The index has `package` under `cksum`.
fn index(upstream: &Upstream, package: &[u8], cksum: &str) {
    let line = |version: &str| json!({ "name": "Acme-Shop", "vers": version, "deps": [], "cksum": cksum, "yanked": false });
    let lines = format!("{}\n{}\n", line("1.2.2"), line("1.2.3"));
    upstream.forget("/crates/ac/me/acme-shop");
    upstream.answer(
        "/crates/ac/me/acme-shop",
        Answer::text(200, "text/plain", &lines),
    );
    upstream.answer(
        "/crates/config.json",
        Answer::json(200, &json!({ "dl": format!("{}/files", upstream.base) })),
    );
    upstream.answer(
        "/files/Acme-Shop/1.2.3/download",
        Answer::bytes(200, "application/gzip", package),
    );
}

#[tokio::test]
async fn a_file_comes_out_of_a_crate_whose_checksum_is_right() {
    let upstream = Upstream::start().await;
    let files: [(&str, &[u8]); 3] = [
        ("docs/shop.yaml", SHOP.as_bytes()),
        // Whoever asks for no such path gets none.
        ("../../etc/passwd", b"root"),
        ("docs/large.yaml", &vec![b' '; 65 * 1024 * 1024]),
    ];
    let package = tarball("acme-shop-1.2.3", &files);
    index(&upstream, &package, &sha256(&package));
    upstream.answer("/crates/ac/me/acme", Answer::empty(404));
    assert_eq!(fetch(&upstream, CRATE).await.unwrap(), SHOP.as_bytes());
    for (source, says) in [
        ("crate:acme-shop==1.2.3/docs", "has no file `docs`"),
        (
            "crate:acme-shop==1.2.3/../../etc/passwd",
            "names no file of a package",
        ),
        (
            "crate:acme-shop==1.2.3/docs/large.yaml",
            "has more than 67108864 bytes",
        ),
        (
            "crate:acme-shop==1.2/docs/shop.yaml",
            "has no version 1.2 of acme-shop",
        ),
        ("crate:acme==1.2.3/docs/shop.yaml", "there is nothing at"),
    ] {
        let error = refused(fetch(&upstream, source).await);
        assert!(error.contains(says), "{error}");
    }
    for (cksum, says) in [
        (sha256(b"something else"), "the digest differs"),
        ("no digits".to_owned(), "tells no SHA-256"),
    ] {
        index(&upstream, &package, &cksum);
        let error = refused(fetch(&upstream, CRATE).await);
        assert!(error.contains(says), "{error}");
    }
    index(&upstream, &package, &sha256(&package));
    upstream.forget("/crates/config.json");
    let nowhere = Answer::json(200, &json!({ "dl": "no address" }));
    upstream.answer("/crates/config.json", nowhere);
    let error = refused(fetch(&upstream, CRATE).await);
    assert!(error.contains("nowhere"), "{error}");
    upstream.forget("/crates/ac/me/acme-shop");
    upstream.answer(
        "/crates/ac/me/acme-shop",
        Answer::text(200, "text/html", "<html>"),
    );
    let error = refused(fetch(&upstream, CRATE).await);
    assert!(error.contains("is strange"), "{error}");
}

/// Where nothing is, wherever that is.
#[derive(Debug)]
struct Nowhere;

impl Replay for Nowhere {
    fn reply(&self, _: OutboundRequest) -> BoxFuture<'_, Result<OutboundReply, Failure>> {
        async { Ok(OutboundReply::json(404, &json!({}))) }.boxed()
    }
}

#[tokio::test]
async fn packages_come_from_the_public_registries_where_no_mirror_is_named() {
    let outbound = here().with_replay(Arc::new(Nowhere));
    for (source, asked) in [
        (NPM, "https://registry.npmjs.org/@acme%2fshop"),
        (
            "pypi:Acme_Shop==1.0/x.yaml",
            "https://pypi.org/simple/acme-shop/",
        ),
        (CRATE, "https://index.crates.io/ac/me/acme-shop"),
    ] {
        let origin = Origin::parse(source).unwrap();
        let error = refused(origin.fetch(&outbound, &Registries::default()).await);
        assert_eq!(error, format!("there is nothing at {asked}"));
    }
}

#[rstest::rstest]
#[case::no_gzip(b"plainly no archive".to_vec())]
#[case::cut(tarball("package", &[("docs/shop.yaml", SHOP.as_bytes())])[..200].to_vec())]
#[case::no_tar({
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&[b'9'; 5_000]).unwrap();
    gzip.finish().unwrap()
})]
#[tokio::test]
async fn a_broken_archive_is_an_error_that_says_so(#[case] package: Vec<u8>) {
    let upstream = Upstream::start().await;
    upstream.answer(
        "/npm/@acme%2fshop",
        packument(&upstream, &integrity(&package)),
    );
    upstream.answer(
        "/files/shop.tgz",
        Answer::bytes(200, "application/octet-stream", &package),
    );
    let error = refused(fetch(&upstream, NPM).await);
    let is_named = error.starts_with("@acme/shop 1.2.3") && error.contains("cannot be");
    assert!(is_named, "{error}");
}

#[tokio::test]
async fn a_description_at_an_address_is_fetched_within_the_rules_of_all_outbound_calls() {
    let upstream = Upstream::start().await;
    upstream.answer("/shop.yaml", Answer::text(200, "text/yaml", SHOP));
    upstream.answer("/moved", Answer::redirect(302, "/shop.yaml"));
    upstream.answer("/away", Answer::redirect(302, "http://10.1.2.3/shop.yaml"));
    upstream.answer("/none", Answer::empty(404));
    upstream.answer("/broken", Answer::empty(500));
    upstream.answer("/endless", Answer::flood(65 * 1024 * 1024));
    let at = |path: &str| format!("{}{path}", upstream.base);
    for path in ["/shop.yaml", "/moved"] {
        assert_eq!(fetch(&upstream, &at(path)).await.unwrap(), SHOP.as_bytes());
    }
    for (path, says) in [
        ("/away", "10.1.2.3"),
        ("/none", "there is nothing at"),
        ("/broken", "status 500"),
        ("/endless", "larger than 67108864 bytes"),
    ] {
        let error = refused(fetch(&upstream, &at(path)).await);
        assert!(error.contains(says), "{error}");
    }
    let public = Outbound::new(&[]).unwrap();
    let origin = Origin::parse(&at("/shop.yaml")).unwrap();
    let error = refused(origin.fetch(&public, &Registries::default()).await);
    assert!(error.contains("not public"), "{error}");
}

#[test]
fn hosts_are_told_and_a_title_alone_replaces_no_bundled_toolkit() {
    let place = Place::new();
    let write = |text: &str| std::fs::write(place.dir.path().join("api.yaml"), text).unwrap();
    let import = ["toolkits", "import", "api.yaml", "--to", "kits"];
    write(&SHOP.replace("The Shop API", "The GitHub API"));
    let refused = place.run(&import, &[]);
    assert!(
        refused
            .errors
            .contains("`github`, which comes with the server"),
        "{}",
        refused.errors
    );
    assert!(!place.dir.path().join("kits/github").exists());
    let meant = place.run(&[&import[..], &["--slug", "github"]].concat(), &[]);
    assert!(
        meant.output.contains("replaces the toolkit of that slug"),
        "{}",
        meant.output
    );

    write(SHOP);
    let first = place.run(&import, &[]);
    assert!(
        first
            .output
            .contains("credentials go to: https://{region}.shop.test"),
        "{}",
        first.output
    );
    write(&SHOP.replace(".shop.test", ".evil.test"));
    let moved = place.run(&import, &[]);
    assert!(moved.errors.contains("--allow-host"), "{}", moved.errors);
    let allow = ["--allow-host", "https://{region}.evil.test"];
    let allowed = place.run(&[&import[..], &allow].concat(), &[]);
    assert!(allowed.status.success(), "{}", allowed.errors);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recipe_is_installed_out_of_the_operators_own_mirror() {
    let upstream = Upstream::start().await;
    let package = tarball("package", &[("docs/shop.yaml", SHOP.as_bytes())]);
    upstream.answer(
        "/npm/@acme%2fshop",
        packument(&upstream, &integrity(&package)),
    );
    upstream.answer(
        "/files/shop.tgz",
        Answer::bytes(200, "application/octet-stream", &package),
    );
    let place = Place::new();
    let recipe = format!(
        "source: {NPM:?}\ntoolkit: acme\nname: Acme\nkeys: {{description: Sells., base_url: \"https://shop.test\", auth: [{{scheme: NO_AUTH}}]}}\n\
         official: 3\nslugs: {{\"POST /shelves/{{shelf-id}}/things\": [SELL, SELL_IT]}}\n"
    );
    std::fs::write(place.dir.path().join("acme.yaml"), recipe).unwrap();
    let registry = format!("{}/npm", upstream.base);
    let settings = [
        ("TENON_NPM_REGISTRY", registry.as_str()),
        ("TENON_ALLOW_CIDRS", "127.0.0.0/8"),
    ];
    let install = ["toolkits", "install", "./acme.yaml", "--to", "kits"];
    let ended = place.run(&install, &settings);
    assert!(ended.status.success(), "{}", ended.errors);
    assert!(
        ended.output.contains("official slugs: 2 of 3 (66 %)"),
        "{}",
        ended.output
    );
    let lint = place.run(&["toolkits", "lint", "kits"], &[]);
    assert!(
        lint.output.starts_with("1 toolkits with "),
        "{} {}",
        lint.output,
        lint.errors
    );
    let private = place.run(&install, &settings[..1]);
    assert!(private.errors.contains("not public"), "{}", private.errors);
    let recipes = place.run(&["toolkits", "recipes"], &[]);
    assert!(
        recipes.output.contains("github-full  GitHub, out of npm:"),
        "{}",
        recipes.output
    );
}
