//! The file with this installation's own OAuth apps: a toolkit's slug, and the app under it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_saphyr::Spanned;
use url::Url;

use super::parse;
use super::problems::{Place, Problems};
use crate::config::{FormerApp, OAuthApp, read_secret};

/// An app, as the file says it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AppEntry {
    client_id: String,
    /// The secret, or `@` and a file.
    #[serde(default)]
    client_secret: Option<SecretString>,
    /// A file beside this one, or an absolute path.
    #[serde(default)]
    client_secret_file: Option<PathBuf>,
    #[serde(default)]
    scopes: Vec<String>,
    #[serde(default)]
    redirect_uri: Option<String>,
    /// Apps that were in use before: accounts that were connected by them are refreshed by them.
    #[serde(default)]
    former: Vec<FormerEntry>,
}

/// An app that was in use before.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_field_names, reason = "the names are those of the file")]
struct FormerEntry {
    client_id: String,
    #[serde(default)]
    client_secret: Option<SecretString>,
    #[serde(default)]
    client_secret_file: Option<PathBuf>,
}

/// The apps in a file, each with the place where it stands. Secrets come from their files anew each
/// time.
pub(super) fn read(path: &Path, problems: &mut Problems) -> BTreeMap<String, (Place, OAuthApp)> {
    let file = path.display().to_string();
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(cause) => {
            problems.add(&Place { file, line: 0 }, format!("cannot be read: {cause}"));
            return BTreeMap::new();
        }
    };
    let Some(entries) =
        parse::secret_yaml::<BTreeMap<String, Spanned<AppEntry>>>(&file, &text, problems)
    else {
        return BTreeMap::new();
    };
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut apps = BTreeMap::new();
    for (slug, entry) in entries {
        let place = Place {
            file: file.clone(),
            line: entry.referenced.line(),
        };
        match app(entry.value, folder) {
            Ok(app) => {
                apps.insert(slug.to_ascii_lowercase(), (place, app));
            }
            Err(problem) => problems.add(&place, format!("{slug}: {problem}")),
        }
    }
    apps
}

fn app(entry: AppEntry, folder: &Path) -> Result<OAuthApp, String> {
    let AppEntry {
        client_id,
        client_secret,
        client_secret_file,
        scopes,
        redirect_uri,
        former,
    } = entry;
    let redirect_uri = redirect_uri.map(|text| web_url(&text)).transpose()?;
    let former = former.into_iter().map(|former| {
        let FormerEntry {
            client_id,
            client_secret,
            client_secret_file,
        } = former;
        Ok(FormerApp {
            client_secret: secret(client_secret, client_secret_file, folder)
                .map_err(|problem| format!("former: {problem}"))?,
            client_id: filled(client_id)?,
        })
    });
    Ok(OAuthApp {
        client_id: filled(client_id)?,
        client_secret: secret(client_secret, client_secret_file, folder)?,
        scopes,
        redirect_uri,
        former: former.collect::<Result<_, String>>()?,
    })
}

fn filled(client_id: String) -> Result<String, String> {
    if client_id.trim().is_empty() {
        return Err("client_id: must not be empty".into());
    }
    Ok(client_id)
}

fn secret(
    given: Option<SecretString>,
    file: Option<PathBuf>,
    folder: &Path,
) -> Result<SecretString, String> {
    let secret = match (given, file) {
        (Some(_), Some(_)) => {
            return Err("client_secret and client_secret_file exclude each other".into());
        }
        (Some(given), None) => read_secret(&given),
        (None, Some(file)) => {
            let path = folder.join(file);
            read_secret(&format!("@{}", path.display()).into())
        }
        (None, None) => return Err("client_secret or client_secret_file is missing".into()),
    };
    let secret = secret.map_err(|error| error.to_string())?;
    if secret.expose_secret().is_empty() {
        return Err("the client secret is empty".into());
    }
    Ok(secret)
}

fn web_url(text: &str) -> Result<Url, String> {
    Url::parse(text)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
        .ok_or_else(|| format!("redirect_uri: `{text}` is no absolute http(s) URL"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn found(text: &str) -> (BTreeMap<String, (Place, OAuthApp)>, Vec<String>) {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("acme.secret"), "from a file\n").unwrap();
        let path = dir.path().join("apps.yaml");
        let text = text.replace("DIR", &dir.path().display().to_string());
        std::fs::write(&path, text).unwrap();
        let mut problems = Problems::default();
        let apps = read(&path, &mut problems);
        let lines = match problems.or(()) {
            Ok(()) => Vec::new(),
            Err(error) => error.shown().errors,
        };
        let folder = format!("{}/", dir.path().display());
        let lines = lines.iter().map(|line| line.replace(&folder, ""));
        (apps, lines.collect())
    }

    #[rstest]
    #[case("client_secret: from a file")]
    #[case("client_secret: '@DIR/acme.secret'")]
    #[case("client_secret_file: acme.secret")]
    #[case("client_secret_file: DIR/acme.secret")]
    fn a_secret_stands_in_the_file_or_in_one_of_its_own(#[case] secret: &str) {
        let (apps, problems) = found(&format!("Acme:\n  client_id: id\n  {secret}\n"));
        assert_eq!(problems, Vec::<String>::new());
        let (_, app) = &apps["acme"];
        assert_eq!(app.client_secret.expose_secret(), "from a file");
    }

    #[test]
    fn numbers_are_taken_for_the_texts_that_they_are_written_as() {
        let (apps, problems) = found("acme: {client_id: 0012, client_secret: 0034567}\n");
        assert_eq!(problems, Vec::<String>::new());
        let (_, app) = &apps["acme"];
        assert_eq!(
            (app.client_id.as_str(), app.client_secret.expose_secret()),
            ("0012", "0034567")
        );
    }

    #[rstest]
    #[case("x: {}\nacme:\n  client_id: id\n", "apps.yaml:1: ")]
    #[case(
        "acme:\n  client_id: id\n",
        "apps.yaml:2: acme: client_secret or client_secret_file is missing"
    )]
    #[case(
        "acme:\n  client_id: id\n  client_secret: a\n  client_secret_file: b\n",
        "apps.yaml:2: acme: client_secret and client_secret_file exclude each other"
    )]
    #[case(
        "acme:\n  client_id: ' '\n  client_secret: a\n",
        "apps.yaml:2: acme: client_id: must not be empty"
    )]
    #[case(
        "acme:\n  client_id: id\n  client_secret_file: nosuch\n",
        "apps.yaml:2: acme: cannot read the secret file nosuch: "
    )]
    #[case(
        "acme:\n  client_id: id\n  client_secret: a\n  redirect_uri: /here\n",
        "apps.yaml:2: acme: redirect_uri: `/here` is no absolute http(s) URL"
    )]
    #[case(
        "acme:\n  client_id: id\n  client_sekret: a\n",
        "apps.yaml:3: unknown field `client_sekret`"
    )]
    fn what_is_wrong_is_told_with_its_line(#[case] text: &str, #[case] problem: &str) {
        let (_, problems) = found(text);
        assert!(problems[0].starts_with(problem), "{problems:#?}");
    }

    #[test]
    fn a_mistake_does_not_show_the_secret() {
        for text in [
            "acme: {client_id: id, client_secret: [hush-hush]}\n",
            "acme: {client_id: id, client_secret: {hush-hush: 1}}\n",
            "acme: {client_id: id, client_secret: hush-hush: x}\n",
            "acme: hush-hush\n",
            "acme: {client_id: id, client_secret: \"hush-hush\n",
        ] {
            let (_, problems) = found(text);
            assert_eq!(problems.len(), 1, "{problems:#?}");
            assert!(!problems[0].contains("hush"), "{problems:#?}");
        }
    }
}
