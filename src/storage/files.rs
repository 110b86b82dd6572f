//! Files that tools take and give: what they are called and where their content lies.

use super::db::{Arg, Conn, Filter, Statement, bind_all, on};
use crate::error::Result;
use crate::ids::{FileId, ProjectId};
use crate::time::Timestamp;

const INSERT: Statement = Statement::both(
    "files.insert",
    "INSERT INTO files (project_id, id, toolkit, tool, name, mimetype, md5, blob, content_key, size,
         created_at, stored_at, expires_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
);
const FIND: Statement = Statement::both(
    "files.find",
    "SELECT * FROM files WHERE project_id = $1 AND id = $2 AND expires_at > $3",
);
const FIND_BY_BLOB: Statement = Statement::both(
    "files.find_by_blob",
    "SELECT * FROM files WHERE project_id = $1 AND blob = $2 AND expires_at > $3
     ORDER BY created_at, id LIMIT 1",
);
const FIND_SAME: Statement = Statement::both(
    "files.find_same",
    "SELECT * FROM files
     WHERE project_id = $1 AND md5 = $2 AND toolkit = $3 AND tool = $4 AND name = $5
       AND mimetype = $6 AND expires_at > $7
     ORDER BY created_at, id LIMIT 1",
);
// The row is written to, so that it cannot expire while another file begins to share its content.
const KEEP: Statement = Statement::both(
    "files.keep",
    "UPDATE files SET expires_at = $4
     WHERE project_id = $1 AND id = $2 AND expires_at > $3",
);
const FIND_CONTENT: Statement = Statement::both(
    "files.find_content",
    "SELECT * FROM files
     WHERE project_id = $1 AND md5 = $2 AND size = $3 AND stored_at IS NOT NULL AND expires_at > $4
     ORDER BY stored_at, id LIMIT 1",
);
const SET_STORED: Statement = Statement::both(
    "files.set_stored",
    "UPDATE files SET md5 = $4, size = $5, stored_at = $3, expires_at = $6
     WHERE project_id = $1 AND id = $2 AND expires_at > $3",
);
const SET_SHARED: Statement = Statement::both(
    "files.set_shared",
    "UPDATE files SET md5 = $4, size = $5, stored_at = $3, expires_at = $6, blob = $7,
         content_key = $8
     WHERE project_id = $1 AND id = $2 AND expires_at > $3",
);
const EXPIRE_ALL: Statement = Statement::both(
    "files.expire_all",
    "UPDATE files SET expires_at = $2 WHERE project_id = $1 AND expires_at > $2",
);
const EXPIRED: Statement = Statement::both(
    "files.expired",
    "SELECT * FROM files WHERE expires_at <= $1 ORDER BY expires_at, id LIMIT $2",
);
const SHARES: Statement = Statement::both(
    "files.shares",
    "SELECT COUNT(*) FROM files WHERE project_id = $1 AND blob = $2 AND expires_at > $3",
);
const DELETE: Statement = Statement::both(
    "files.delete",
    "DELETE FROM files WHERE project_id = $1 AND id = $2 AND expires_at <= $3",
);
pub(super) const STATEMENTS: &[Statement] = &[
    INSERT,
    FIND,
    FIND_BY_BLOB,
    FIND_SAME,
    KEEP,
    FIND_CONTENT,
    SET_STORED,
    SET_SHARED,
    EXPIRE_ALL,
    EXPIRED,
    SHARES,
    DELETE,
];

/// A row of `files`. The content's key is sealed.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct File {
    /// `file_…`
    pub id: FileId,
    /// The tenant.
    pub project_id: ProjectId,
    /// Slug of the toolkit that it was made for.
    pub toolkit: String,
    /// Slug of the tool that it was made for.
    pub tool: String,
    /// A plain file name, without folders.
    pub name: String,
    /// The media type, as the uploader or the upstream called it.
    pub mimetype: String,
    /// MD5 of the content in hexadecimal: of an upload announced and then checked, of a result or an
    /// upload without one empty until its content is there.
    pub md5: String,
    /// The content's name in the file store.
    pub blob: String,
    /// The content's key, sealed with the project's data key.
    pub content_key: Vec<u8>,
    /// Length in bytes; none until the content is there.
    pub size: Option<i64>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When its content came; none until then.
    pub stored_at: Option<Timestamp>,
    /// From then on it is not found, and soon removed.
    pub expires_at: Timestamp,
}

impl File {
    /// In bytes; zero until the content is there.
    #[must_use]
    pub fn length(&self) -> u64 {
        self.size
            .and_then(|size| u64::try_from(size).ok())
            .unwrap_or_default()
    }
}

/// Which of a project's files a list shows.
#[derive(Debug, Clone, Default)]
pub struct FileFilter {
    /// Slug of the toolkit.
    pub toolkit: Option<String>,
    /// Slug of the tool.
    pub tool: Option<String>,
}

impl FileFilter {
    fn conditions(&self, project: &ProjectId, now: Timestamp) -> Filter {
        let mut filter = Filter::of_project(project);
        // A result that is still coming has no hash yet.
        filter.and("md5 <> ''", []);
        filter.and("expires_at > ?", [Arg::Time(now)]);
        for (condition, value) in [("toolkit = ?", &self.toolkit), ("tool = ?", &self.tool)] {
            if let Some(value) = value {
                filter.and(condition, [Arg::Text(value.clone())]);
            }
        }
        filter
    }
}

/// Stores a new file.
pub async fn insert(conn: Conn<'_>, file: &File) -> Result<()> {
    let sql = INSERT.on(&conn);
    let File {
        id,
        project_id,
        toolkit,
        tool,
        name,
        mimetype,
        md5,
        blob,
        content_key,
        size,
        created_at,
        stored_at,
        expires_at,
    } = file;
    on!(conn, c => sqlx::query(sql)
        .bind(project_id).bind(id).bind(toolkit).bind(tool).bind(name).bind(mimetype).bind(md5)
        .bind(blob).bind(content_key).bind(size).bind(created_at).bind(stored_at).bind(expires_at)
        .execute(c).await?.rows_affected());
    Ok(())
}

/// A file that is not over.
pub async fn find(
    conn: Conn<'_>,
    project: &ProjectId,
    id: &FileId,
    now: Timestamp,
) -> Result<Option<File>> {
    let sql = FIND.on(&conn);
    Ok(on!(conn, c => sqlx::query_as(sql)
        .bind(project).bind(id).bind(now).fetch_optional(c).await)?)
}

/// A file that is not over and has its content under this name.
pub async fn find_by_blob(
    conn: Conn<'_>,
    project: &ProjectId,
    blob: &str,
    now: Timestamp,
) -> Result<Option<File>> {
    let sql = FIND_BY_BLOB.on(&conn);
    Ok(on!(conn, c => sqlx::query_as(sql)
        .bind(project).bind(blob).bind(now).fetch_optional(c).await)?)
}

/// The file that was asked for before in the same words as `like`.
pub async fn find_same(
    conn: Conn<'_>,
    project: &ProjectId,
    like: &File,
    now: Timestamp,
) -> Result<Option<File>> {
    let sql = FIND_SAME.on(&conn);
    Ok(on!(conn, c => sqlx::query_as(sql)
        .bind(project).bind(&like.md5).bind(&like.toolkit).bind(&like.tool).bind(&like.name)
        .bind(&like.mimetype).bind(now).fetch_optional(c).await)?)
}

/// Lets a file live until `until`; `false` when it is over.
pub async fn keep(
    conn: Conn<'_>,
    project: &ProjectId,
    id: &FileId,
    now: Timestamp,
    until: Timestamp,
) -> Result<bool> {
    let sql = KEEP.on(&conn);
    let rows = on!(conn, c => sqlx::query(sql)
        .bind(project).bind(id).bind(now).bind(until).execute(c).await?.rows_affected());
    Ok(rows == 1)
}

/// A file whose content is stored and has this hash and length.
pub async fn find_content(
    conn: Conn<'_>,
    project: &ProjectId,
    md5: &str,
    size: i64,
    now: Timestamp,
) -> Result<Option<File>> {
    let sql = FIND_CONTENT.on(&conn);
    Ok(on!(conn, c => sqlx::query_as(sql)
        .bind(project).bind(md5).bind(size).bind(now).fetch_optional(c).await)?)
}

/// What came as the content of a file.
#[derive(Debug, Clone)]
pub struct Content {
    /// Its MD5 in hexadecimal.
    pub md5: String,
    /// Its length in bytes.
    pub size: i64,
    /// When it came.
    pub stored_at: Timestamp,
    /// Until when the file is kept.
    pub expires_at: Timestamp,
}

/// Notes that a file's own content is there; `false` when the file is over. Its key stays as it is:
/// a rotation may have sealed it anew meanwhile.
pub async fn set_stored(
    conn: Conn<'_>,
    project: &ProjectId,
    id: &FileId,
    content: &Content,
) -> Result<bool> {
    let sql = SET_STORED.on(&conn);
    let Content {
        md5,
        size,
        stored_at,
        expires_at,
    } = content;
    let rows = on!(conn, c => sqlx::query(sql)
        .bind(project).bind(id).bind(stored_at).bind(md5).bind(size).bind(expires_at)
        .execute(c).await?.rows_affected());
    Ok(rows == 1)
}

/// Notes that a file has another file's content, with that content's name and its key as it is
/// sealed for this row; `false` when the file is over.
pub async fn set_shared(
    conn: Conn<'_>,
    project: &ProjectId,
    id: &FileId,
    content: &Content,
    blob: &str,
    content_key: &[u8],
) -> Result<bool> {
    let sql = SET_SHARED.on(&conn);
    let Content {
        md5,
        size,
        stored_at,
        expires_at,
    } = content;
    let rows = on!(conn, c => sqlx::query(sql)
        .bind(project).bind(id).bind(stored_at).bind(md5).bind(size).bind(expires_at)
        .bind(blob).bind(content_key)
        .execute(c).await?.rows_affected());
    Ok(rows == 1)
}

/// A page of a project's files, the newest first.
pub async fn list(
    conn: Conn<'_>,
    project: &ProjectId,
    filter: &FileFilter,
    now: Timestamp,
    limit: i64,
    offset: i64,
) -> Result<Vec<File>> {
    let conditions = filter.conditions(project, now);
    let (sql, args) = conditions.page(
        "SELECT * FROM files",
        "created_at DESC, id DESC",
        limit,
        offset,
    );
    Ok(on!(conn, c => bind_all!(sqlx::query_as(sql), args).fetch_all(c).await)?)
}

/// How many files `filter` lets through.
pub async fn count(
    conn: Conn<'_>,
    project: &ProjectId,
    filter: &FileFilter,
    now: Timestamp,
) -> Result<u64> {
    let conditions = filter.conditions(project, now);
    let sql = conditions.statement("SELECT COUNT(*) FROM files", "");
    let count: i64 =
        on!(conn, c => bind_all!(sqlx::query_scalar(sql), conditions.args).fetch_one(c).await)?;
    Ok(u64::try_from(count).unwrap_or_default())
}

/// Ends all files of a project.
pub async fn expire_all(conn: Conn<'_>, project: &ProjectId, at: Timestamp) -> Result<()> {
    let sql = EXPIRE_ALL.on(&conn);
    on!(conn, c => sqlx::query(sql).bind(project).bind(at).execute(c).await?.rows_affected());
    Ok(())
}

/// Files of all tenants that were over by `instant`, at most `limit`.
pub async fn expired(conn: Conn<'_>, instant: Timestamp, limit: i64) -> Result<Vec<File>> {
    let sql = EXPIRED.on(&conn);
    Ok(on!(conn, c => sqlx::query_as(sql).bind(instant).bind(limit).fetch_all(c).await)?)
}

/// Whether a file that lives beyond `instant` has its content under this name.
pub async fn is_shared(
    conn: Conn<'_>,
    project: &ProjectId,
    blob: &str,
    instant: Timestamp,
) -> Result<bool> {
    let sql = SHARES.on(&conn);
    let count: i64 = on!(conn, c => sqlx::query_scalar(sql)
        .bind(project).bind(blob).bind(instant).fetch_one(c).await)?;
    Ok(count > 0)
}

/// Removes a file that was over by `instant`.
pub async fn delete(
    conn: Conn<'_>,
    project: &ProjectId,
    id: &FileId,
    instant: Timestamp,
) -> Result<()> {
    let sql = DELETE.on(&conn);
    on!(conn, c => sqlx::query(sql)
        .bind(project).bind(id).bind(instant).execute(c).await?.rows_affected());
    Ok(())
}
