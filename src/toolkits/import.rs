//! Importing through the API: the description is brought and converted as on the command line, and
//! the files that make the toolkit are kept in the database.

use std::collections::BTreeMap;
use std::path::Path;

use super::{Owner, change_of};
use crate::app::App;
use crate::catalog::OwnKit;
use crate::error::{Error, Result};
use crate::ids::random_text;
use crate::importer::folder::{self, Source};
use crate::importer::report::Report;
use crate::importer::sources::{Header, Origin, Registries};
use crate::importer::{Dialect, Wishes};
use crate::storage;
use crate::storage::own_toolkits::{OwnToolkit, Revision};
use crate::time::Timestamp;

/// Imported toolkits of one owner.
const MOST_TOOLKITS: usize = 50;
/// Tools of one imported toolkit.
const MOST_TOOLS: usize = 5_000;
/// Bytes of a toolkit's files.
const LARGEST: usize = 32 * 1024 * 1024;
const REVISION_CHARACTERS: usize = 16;

/// Where a description is.
#[derive(Debug)]
pub enum Description {
    /// At an address, or in a package: what the command line takes, but for files; and a header that
    /// the address wants to see.
    At(String, Option<Header>),
    /// Here.
    Given(Vec<u8>),
}

/// What is to be imported.
#[derive(Debug)]
pub struct ImportRequest {
    /// The description.
    pub description: Description,
    /// What is wanted of it.
    pub wishes: Wishes,
}

/// What became of it.
#[derive(Debug)]
pub struct Imported {
    /// The toolkit.
    pub kit: OwnKit,
    /// What the description was written in.
    pub dialect: Dialect,
    /// Something differs from what was there before.
    pub has_changed: bool,
    /// What was lost on the way.
    pub report: Report,
}

/// Imports a toolkit, or imports it again.
///
/// # Errors
/// [`Error::Invalid`] when the description cannot be brought or makes no toolkit,
/// [`Error::Conflict`] when the slug of the toolkit or of a tool is taken.
pub async fn import(app: &App, owner: &Owner, request: ImportRequest) -> Result<Imported> {
    let (own, owner) = (app.clone(), owner.clone());
    // It goes on when its caller leaves: work on a processor cannot be cut off, and keeps its turn.
    let work = app.tasks.spawn(async move {
        // Documents of many megabytes are held and taken apart here: a few at once, of all callers.
        let _turn = own.imports.acquire().await.map_err(Error::internal)?;
        in_turn(&own, &owner, request).await
    });
    work.await.map_err(Error::internal)?
}

async fn in_turn(app: &App, owner: &Owner, request: ImportRequest) -> Result<Imported> {
    let ImportRequest {
        description,
        mut wishes,
    } = request;
    let source = brought(app, description, &mut wishes).await?;
    let (source, wishes, slug) = beside_requests(move || {
        let slug = folder::slug_of(&source, &wishes)?;
        Ok((source, wishes, slug))
    })
    .await?;
    let former = find(app, owner, &slug).await?;
    let (now, files) = (
        app.clock.now(),
        former.as_ref().map(|row| row.files.0.clone()),
    );
    let (of_project, own_slug) = (*owner != Owner::Installation, slug.clone());
    let (imported, files) = beside_requests(move || {
        let (imported, files) = converted(&source, &wishes, (&own_slug, files), now)?;
        let kit = OwnKit::read(&own_slug, &files, of_project)?;
        let folder::Imported {
            folder: _,
            converted,
            has_changed,
        } = imported;
        let imported = Imported {
            kit,
            dialect: converted.dialect,
            has_changed,
            report: converted.report,
        };
        Ok((imported, files))
    })
    .await?;
    check(app, owner, &slug, &imported.kit, &files).await?;
    keep(app, owner, &slug, former, &files).await?;
    Ok(imported)
}

async fn brought(app: &App, description: Description, wishes: &mut Wishes) -> Result<Source> {
    let (from, bytes) = match description {
        Description::Given(bytes) => ("the request".to_owned(), bytes),
        Description::At(place, header) => {
            let mut origin = Origin::parse(&place)?;
            if let Some(header) = header {
                origin = origin.with_header(header);
            }
            if matches!(origin, Origin::File(_)) {
                return Err(Error::invalid_with_fix(
                    "`source` names a file of the server, which no caller may read",
                    "Name a URL, `npm:package@1.2.3/path`, `pypi:package==1.2.3/path` or \
                     `crate:package==1.2.3/path`, or send the description itself as `document`.",
                ));
            }
            wishes.source_url = origin.url();
            let registries = Registries {
                npm: app.config.npm_registry.clone(),
                pypi: app.config.pypi_index.clone(),
                crates: app.config.crates_index.clone(),
            };
            let bytes = origin.fetch(&app.outbound, &registries).await?;
            (place, bytes)
        }
    };
    Ok(Source { from, bytes })
}

async fn beside_requests<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(Error::internal)?
}

async fn find(app: &App, owner: &Owner, slug: &str) -> Result<Option<OwnToolkit>> {
    let mut session = app.db.read().await?;
    storage::own_toolkits::find(session.conn(), owner, slug).await
}

/// Converts in a folder of its own, which is how people import; what an earlier import left is
/// there, so that slugs stay and a version is made only of what differs.
fn converted(
    source: &Source,
    wishes: &Wishes,
    (slug, former): (&str, Option<BTreeMap<String, String>>),
    now: Timestamp,
) -> Result<(folder::Imported, BTreeMap<String, String>)> {
    let place = tempfile::tempdir()?;
    let own = place.path().join(slug);
    for (path, text) in former.into_iter().flatten() {
        let path = own.join(path);
        std::fs::create_dir_all(path.parent().unwrap_or(&own))?;
        std::fs::write(path, text)?;
    }
    let imported = folder::import(source, wishes, place.path(), now)?;
    let mut files = BTreeMap::new();
    read(&own, "", &mut files)?;
    Ok((imported, files))
}

fn read(folder: &Path, before: &str, files: &mut BTreeMap<String, String>) -> Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = format!("{before}{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            read(&entry.path(), &format!("{name}/"), files)?;
        } else {
            files.insert(name, std::fs::read_to_string(entry.path())?);
        }
    }
    Ok(())
}

/// The limits, and that nothing else has its slugs.
async fn check(
    app: &App,
    owner: &Owner,
    slug: &str,
    kit: &OwnKit,
    files: &BTreeMap<String, String>,
) -> Result<()> {
    if kit.tools() == 0 {
        return Err(Error::invalid_with_fix(
            "none of the description's operations became a tool",
            "See that `include` and `exclude` leave some, and that they have paths and methods.",
        ));
    }
    let size: usize = files.values().map(String::len).sum();
    if kit.tools() > MOST_TOOLS || size > LARGEST {
        return Err(Error::invalid_with_fix(
            format!(
                "the toolkit would have {} tools and {size} bytes; at most {MOST_TOOLS} and \
                 {LARGEST} can be imported through the API",
                kit.tools()
            ),
            "Take a part of it with `include` and `exclude`, or let the operator install it with \
             `tenon toolkits import`.",
        ));
    }
    let others = super::others(app, owner, slug).await?;
    if others.of_owner >= MOST_TOOLKITS {
        return Err(Error::Conflict(format!(
            "there are {MOST_TOOLKITS} imported toolkits already; remove one first"
        )));
    }
    let taken = others.catalog.taken_by(kit);
    if taken.is_empty() {
        return Ok(());
    }
    let shown = taken.iter().take(5).cloned().collect::<Vec<_>>().join(", ");
    Err(Error::Conflict(format!(
        "{} slugs of the toolkit `{slug}` are taken ({shown}); choose another with `slug`",
        taken.len()
    )))
}

async fn keep(
    app: &App,
    owner: &Owner,
    slug: &str,
    former: Option<OwnToolkit>,
    files: &BTreeMap<String, String>,
) -> Result<()> {
    if former.as_ref().is_some_and(|row| row.files.0 == *files) {
        return Ok(());
    }
    let revision = random_text(REVISION_CHARACTERS);
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let is_kept = if let Some(row) = former {
        storage::own_toolkits::replace(tx.conn(), &row.at, &revision, files, now).await?
    } else {
        let at = Revision {
            owner: owner.clone(),
            slug: slug.to_owned(),
            revision,
        };
        storage::own_toolkits::insert(tx.conn(), &at, files, now).await?
    };
    if !is_kept {
        return Err(Error::Conflict(format!(
            "the toolkit `{slug}` was imported or removed by another request meanwhile; try again"
        )));
    }
    tx.changed(change_of(owner));
    tx.commit().await
}
