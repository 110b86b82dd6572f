//! Toolkits that projects and operators import through the API, and the catalog that each project
//! sees with them.

mod import;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::app::App;
use crate::caches::Composed;
use crate::catalog::{Catalog, OwnKit};
use crate::error::{Error, Result};
use crate::ids::ProjectId;
use crate::meanings;
use crate::storage;
use crate::storage::changes::Change;
pub use crate::storage::own_toolkits::Owner;
use crate::storage::own_toolkits::Revision;
pub use import::{Description, ImportRequest, Imported, import};

/// What a project sees: the toolkits of files, the installation's imported ones, and its own.
///
/// # Errors
/// When the database does not answer.
pub async fn catalog(app: &App, project: &ProjectId) -> Result<Arc<Catalog>> {
    let base = app.catalog.current();
    let own = app.caches.own_toolkits.get(project, || async {
        let mut session = app.db.read().await?;
        let list = storage::own_toolkits::list(session.conn(), project).await?;
        Ok(Some(list))
    });
    match own.await? {
        Some(own) if !own.is_empty() => composed(app, base, &own).await,
        _ => Ok(base),
    }
}

async fn composed(app: &App, base: Arc<Catalog>, own: &Arc<Vec<Revision>>) -> Result<Arc<Catalog>> {
    if let Some(known) = app.caches.catalogs.get(own)
        && Arc::ptr_eq(&known.base, &base)
    {
        return Ok(known.catalog);
    }
    let mut kits = Vec::new();
    for at in own.iter() {
        let Some(kit) = kit(app, at).await? else {
            continue;
        };
        meanings::learn(app, &at.owner, base.meanings(), || kit.texts());
        kits.push(kit);
    }
    let catalog = Arc::new(base.with(&kits));
    let known = Composed {
        base,
        catalog: Arc::clone(&catalog),
    };
    app.caches.catalogs.insert(Arc::clone(own), known);
    Ok(catalog)
}

/// A stored toolkit, built; none when it is gone meanwhile, or breaks a rule that came after it.
async fn kit(app: &App, at: &Revision) -> Result<Option<Arc<OwnKit>>> {
    if let Some(kit) = app.caches.own_kits.get(at) {
        return Ok(kit);
    }
    let mut session = app.db.read().await?;
    let found = storage::own_toolkits::find(session.conn(), &at.owner, &at.slug).await?;
    drop(session);
    let Some(row) = found.filter(|row| row.at == *at) else {
        return Ok(None);
    };
    let kit = match built(at, row.files.0).await {
        Ok(kit) => Some(Arc::new(kit)),
        Err(error) => {
            tracing::error!(
                toolkit = at.slug, owner = ?at.owner, %error, problems = ?error.shown().errors,
                "an imported toolkit is left out until it is imported again"
            );
            None
        }
    };
    app.caches.own_kits.insert(at.clone(), kit.clone());
    Ok(kit)
}

/// What an import meets: all other toolkits that its owner sees.
struct Others {
    catalog: Arc<Catalog>,
    /// Imported ones of the same owner.
    of_owner: usize,
}

async fn others(app: &App, owner: &Owner, slug: &str) -> Result<Others> {
    // The installation's see each other alone: a project's own give way to them.
    let nobody = ProjectId::from(String::new());
    let project = match owner {
        Owner::Project(project) => project,
        Owner::Installation => &nobody,
    };
    let mut session = app.db.read().await?;
    let mut own = storage::own_toolkits::list(session.conn(), project).await?;
    drop(session);
    own.retain(|at| at.owner != *owner || at.slug != slug);
    Ok(Others {
        of_owner: own.iter().filter(|at| at.owner == *owner).count(),
        catalog: composed(app, app.catalog.current(), &Arc::new(own)).await?,
    })
}

/// Checks and builds a toolkit, beside the threads that answer requests.
async fn built(at: &Revision, files: BTreeMap<String, String>) -> Result<OwnKit> {
    let (slug, of_project) = (at.slug.clone(), at.owner != Owner::Installation);
    tokio::task::spawn_blocking(move || OwnKit::read(&slug, &files, of_project))
        .await
        .map_err(Error::internal)?
}

/// Removes an imported toolkit.
///
/// # Errors
/// [`Error::NotFound`] when its owner has none of this slug, [`Error::Conflict`] while an auth config
/// is of it.
pub async fn remove(app: &App, owner: &Owner, slug: &str) -> Result<()> {
    let slug = slug.to_ascii_lowercase();
    let mut tx = app.db.begin().await?;
    if !storage::own_toolkits::delete(tx.conn(), owner, &slug).await? {
        if storage::own_toolkits::find(tx.conn(), owner, &slug)
            .await?
            .is_none()
        {
            return Err(Error::NotFound {
                what: "imported toolkit",
                id: slug,
                fix: Some(
                    "Only toolkits that were imported through the API can be removed.".into(),
                ),
            });
        }
        return Err(Error::Conflict(format!(
            "the toolkit `{slug}` has auth configs; delete them and their connected accounts first"
        )));
    }
    // What is left of the owner's is made again when it is next looked for.
    storage::tool_vectors::delete_all(tx.conn(), owner).await?;
    tx.changed(change_of(owner));
    tx.commit().await
}

fn change_of(owner: &Owner) -> Change {
    match owner {
        Owner::Project(project) => Change::OwnToolkits {
            project: project.clone(),
        },
        Owner::Installation => Change::Everything,
    }
}
