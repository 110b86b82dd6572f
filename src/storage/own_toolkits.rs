//! Toolkits that were imported through the API, of a project or of the whole installation.

use std::collections::BTreeMap;

use sqlx::types::Json;

use super::db::{Conn, Statement, on};
use crate::error::Result;
use crate::ids::ProjectId;
use crate::time::Timestamp;

const LIST: Statement = Statement::both(
    "own_toolkits.list",
    "SELECT owner, slug, revision FROM own_toolkits
     WHERE owner = $1 OR owner = 'installation' ORDER BY owner, slug",
);
const FIND: Statement = Statement::both(
    "own_toolkits.find",
    "SELECT * FROM own_toolkits WHERE owner = $1 AND slug = $2",
);
const INSERT: Statement = Statement::both(
    "own_toolkits.insert",
    "INSERT INTO own_toolkits (owner, slug, revision, files, created_at, updated_at)
     VALUES ($1, $2, $3, $4, $5, $5) ON CONFLICT (owner, slug) DO NOTHING",
);
const REPLACE: Statement = Statement::both(
    "own_toolkits.replace",
    "UPDATE own_toolkits SET revision = $4, files = $5, updated_at = $6
     WHERE owner = $1 AND slug = $2 AND revision = $3",
);
// What connects to it holds it: its credentials would be left without the rules of where they go.
const DELETE: Statement = Statement::both(
    "own_toolkits.delete",
    "DELETE FROM own_toolkits WHERE owner = $1 AND slug = $2 AND NOT EXISTS
         (SELECT 1 FROM auth_configs WHERE toolkit = $2 AND ($1 = 'installation' OR project_id = $1))",
);
const DELETE_ALL: Statement = Statement::both(
    "own_toolkits.delete_all",
    "DELETE FROM own_toolkits WHERE owner = $1",
);
pub(super) const STATEMENTS: &[Statement] = &[LIST, FIND, INSERT, REPLACE, DELETE, DELETE_ALL];

/// Whose an imported toolkit is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Owner {
    /// The installation's: every project has it.
    Installation,
    /// One project's: no other sees it.
    Project(ProjectId),
}

impl Owner {
    const INSTALLATION: &str = "installation";

    pub(super) fn name(&self) -> &str {
        match self {
            Self::Installation => Self::INSTALLATION,
            Self::Project(id) => id.as_str(),
        }
    }
}

impl From<String> for Owner {
    fn from(name: String) -> Self {
        match name.as_str() {
            Self::INSTALLATION => Self::Installation,
            _ => Self::Project(ProjectId::from(name)),
        }
    }
}

/// Which toolkit in which state, without its files.
#[derive(Debug, Clone, PartialEq, Eq, Hash, sqlx::FromRow)]
pub struct Revision {
    /// Whose it is.
    #[sqlx(try_from = "String")]
    pub owner: Owner,
    /// Its slug.
    pub slug: String,
    /// Another one after every change.
    pub revision: String,
}

/// A row of `own_toolkits`.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct OwnToolkit {
    /// Whose it is, its slug, and its state.
    #[sqlx(flatten)]
    pub at: Revision,
    /// Text by path: `toolkit.yaml`, `tools/issues.yaml`.
    pub files: Json<BTreeMap<String, String>>,
    /// When it was first imported.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// The toolkits that a project has besides those of files: its own, and the installation's.
pub async fn list(conn: Conn<'_>, project: &ProjectId) -> Result<Vec<Revision>> {
    let sql = LIST.on(&conn);
    Ok(on!(conn, c => sqlx::query_as(sql).bind(project).fetch_all(c).await)?)
}

/// A toolkit of this owner.
pub async fn find(conn: Conn<'_>, owner: &Owner, slug: &str) -> Result<Option<OwnToolkit>> {
    let sql = FIND.on(&conn);
    Ok(on!(conn, c => sqlx::query_as(sql)
        .bind(owner.name()).bind(slug).fetch_optional(c).await)?)
}

/// Adds a toolkit; `false` when its owner has one of this slug.
pub async fn insert(
    conn: Conn<'_>,
    Revision {
        owner,
        slug,
        revision,
    }: &Revision,
    files: &BTreeMap<String, String>,
    now: Timestamp,
) -> Result<bool> {
    let sql = INSERT.on(&conn);
    let rows = on!(conn, c => sqlx::query(sql)
        .bind(owner.name()).bind(slug).bind(revision).bind(Json(files)).bind(now)
        .execute(c).await?.rows_affected());
    Ok(rows == 1)
}

/// Puts other files in a toolkit; `false` when it is not in the state `former` any more.
pub async fn replace(
    conn: Conn<'_>,
    former: &Revision,
    revision: &str,
    files: &BTreeMap<String, String>,
    now: Timestamp,
) -> Result<bool> {
    let sql = REPLACE.on(&conn);
    let rows = on!(conn, c => sqlx::query(sql)
        .bind(former.owner.name()).bind(&former.slug).bind(&former.revision)
        .bind(revision).bind(Json(files)).bind(now)
        .execute(c).await?.rows_affected());
    Ok(rows == 1)
}

/// Removes a toolkit; `false` when an auth config is of it, or it is not there.
pub async fn delete(conn: Conn<'_>, owner: &Owner, slug: &str) -> Result<bool> {
    let sql = DELETE.on(&conn);
    let rows = on!(conn, c => sqlx::query(sql)
        .bind(owner.name()).bind(slug).execute(c).await?.rows_affected());
    Ok(rows == 1)
}

/// Removes every toolkit of a project.
pub async fn delete_all(conn: Conn<'_>, project: &ProjectId) -> Result<()> {
    let sql = DELETE_ALL.on(&conn);
    on!(conn, c => sqlx::query(sql).bind(project).execute(c).await?.rows_affected());
    Ok(())
}
