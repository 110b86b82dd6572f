//! Organisations and projects.

use super::db::{Conn, Statement, on};
use crate::error::Result;
use crate::ids::{OrgId, ProjectId};
use crate::time::Timestamp;

const INSERT_ORG: Statement = Statement::both(
    "organizations.insert",
    "INSERT INTO organizations (id, name, created_at, updated_at) VALUES ($1, $2, $3, $3)",
);
const FIND_ORG: Statement = Statement::both(
    "organizations.find",
    "SELECT * FROM organizations WHERE id = $1",
);
const FIRST_ORG: Statement = Statement::both(
    "organizations.first",
    "SELECT * FROM organizations ORDER BY created_at, id LIMIT 1",
);
const INSERT: Statement = Statement::both(
    "projects.insert",
    "INSERT INTO projects (id, org_id, name, email, data_key, mask_secrets, log_visibility,
         require_mcp_key, two_factor_enabled, logo_url, display_name, created_at, updated_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12)",
);
const FIND: Statement = Statement::both(
    "projects.find",
    "SELECT * FROM projects WHERE id = $1 AND deleted_at IS NULL",
);
const FIND_IN_ORG: Statement = Statement::both(
    "projects.find_in_org",
    "SELECT * FROM projects WHERE org_id = $1 AND id = $2 AND deleted_at IS NULL",
);
const LIST: Statement = Statement::both(
    "projects.list",
    "SELECT * FROM projects WHERE org_id = $1 AND deleted_at IS NULL
     ORDER BY created_at DESC, id DESC LIMIT $2 OFFSET $3",
);
const COUNT: Statement = Statement::both(
    "projects.count",
    "SELECT COUNT(*) FROM projects WHERE org_id = $1 AND deleted_at IS NULL",
);
// Fields that are not given stay; an empty logo or name takes the present one away.
const UPDATE_SETTINGS: Statement = Statement::both(
    "projects.update_settings",
    "UPDATE projects SET
         mask_secrets = COALESCE($2, mask_secrets),
         log_visibility = COALESCE($3, log_visibility),
         require_mcp_key = COALESCE($4, require_mcp_key),
         two_factor_enabled = COALESCE($5, two_factor_enabled),
         logo_url = NULLIF(COALESCE($6, logo_url), ''),
         display_name = NULLIF(COALESCE($7, display_name), ''),
         updated_at = $8
     WHERE id = $1 AND deleted_at IS NULL
     RETURNING *",
);
// An update that both engines know to wait for: whoever counts the projects holds the owner's row.
const LOCK_ORG: Statement = Statement::both(
    "organizations.lock",
    "UPDATE organizations SET updated_at = $2 WHERE id = $1",
);
// Without its data key nothing that was ever sealed for the project opens again, in a backup of
// other tables neither.
const DELETE: Statement = Statement::both(
    "projects.delete",
    "UPDATE projects SET deleted_at = $3, updated_at = $3, data_key = $4
     WHERE org_id = $1 AND id = $2 AND deleted_at IS NULL",
);
// Deleted projects have none any more.
const DATA_KEYS: Statement = Statement::both(
    "projects.data_keys",
    "SELECT id, data_key FROM projects WHERE id > $1 AND deleted_at IS NULL ORDER BY id LIMIT $2",
);
const REPLACE_DATA_KEY: Statement = Statement::both(
    "projects.replace_data_key",
    "UPDATE projects SET data_key = $3 WHERE id = $1 AND data_key = $2",
);
pub(super) const STATEMENTS: &[Statement] = &[
    DATA_KEYS,
    REPLACE_DATA_KEY,
    INSERT_ORG,
    FIND_ORG,
    FIRST_ORG,
    LOCK_ORG,
    INSERT,
    FIND,
    FIND_IN_ORG,
    LIST,
    COUNT,
    UPDATE_SETTINGS,
    DELETE,
];

/// An organisation.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Organization {
    /// `org_…`
    pub id: OrgId,
    /// For people.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// A project: the tenant.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Project {
    /// `proj_…`
    pub id: ProjectId,
    /// The owner.
    pub org_id: OrgId,
    /// Three to 75 letters, digits, `_` and `-`.
    pub name: String,
    /// Contact; part of the API's shape.
    pub email: String,
    /// The project's data key, sealed by the master key.
    pub data_key: Vec<u8>,
    /// The settings in force.
    #[sqlx(flatten)]
    pub settings: ProjectSettings,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// When it was deleted; such rows are never read.
    pub deleted_at: Option<Timestamp>,
}

/// A project's settings.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct ProjectSettings {
    /// Secrets in answers are cut to four characters and `...`.
    pub mask_secrets: bool,
    /// `show_all` or `dont_store_data`.
    pub log_visibility: String,
    /// MCP servers of the project ask for an API key.
    pub require_mcp_key: bool,
    /// Part of the API's shape; there is no dashboard login here.
    pub two_factor_enabled: bool,
    /// Logo on hosted pages.
    pub logo_url: Option<String>,
    /// Name on hosted pages.
    pub display_name: Option<String>,
}

impl ProjectSettings {
    /// Whether logs and kept answers may hold what callers sent and upstreams said.
    #[must_use]
    pub fn stores_data(&self) -> bool {
        self.log_visibility != "dont_store_data"
    }
}

impl Default for ProjectSettings {
    fn default() -> Self {
        Self {
            mask_secrets: true,
            log_visibility: "show_all".into(),
            require_mcp_key: false,
            two_factor_enabled: false,
            logo_url: None,
            display_name: None,
        }
    }
}

/// A change of some settings; what is `None` stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SettingsChange {
    /// As in [`ProjectSettings`].
    pub mask_secrets: Option<bool>,
    /// As in [`ProjectSettings`].
    pub log_visibility: Option<String>,
    /// As in [`ProjectSettings`].
    pub require_mcp_key: Option<bool>,
    /// As in [`ProjectSettings`].
    pub two_factor_enabled: Option<bool>,
    /// As in [`ProjectSettings`]; empty takes it away.
    pub logo_url: Option<String>,
    /// As in [`ProjectSettings`]; empty takes it away.
    pub display_name: Option<String>,
}

/// Stores a new organisation.
pub async fn insert_organization(conn: Conn<'_>, org: &Organization) -> Result<()> {
    let sql = INSERT_ORG.on(&conn);
    on!(conn, c => sqlx::query(sql)
        .bind(&org.id).bind(&org.name).bind(org.created_at)
        .execute(c).await?.rows_affected());
    Ok(())
}

/// An organisation by id.
pub async fn find_organization(conn: Conn<'_>, id: &OrgId) -> Result<Option<Organization>> {
    let sql = FIND_ORG.on(&conn);
    Ok(on!(conn, c => sqlx::query_as(sql).bind(id).fetch_optional(c).await)?)
}

/// The oldest organisation.
pub async fn first_organization(conn: Conn<'_>) -> Result<Option<Organization>> {
    let sql = FIRST_ORG.on(&conn);
    Ok(on!(conn, c => sqlx::query_as(sql).fetch_optional(c).await)?)
}

/// Stores a new project.
pub async fn insert(conn: Conn<'_>, project: &Project) -> Result<()> {
    let sql = INSERT.on(&conn);
    let Project {
        id,
        org_id,
        name,
        email,
        data_key,
        settings,
        created_at,
        ..
    } = project;
    on!(conn, c => sqlx::query(sql)
        .bind(id).bind(org_id).bind(name).bind(email).bind(data_key)
        .bind(settings.mask_secrets).bind(&settings.log_visibility)
        .bind(settings.require_mcp_key).bind(settings.two_factor_enabled)
        .bind(&settings.logo_url).bind(&settings.display_name).bind(created_at)
        .execute(c).await?.rows_affected());
    Ok(())
}

/// A live project by id.
pub async fn find(conn: Conn<'_>, id: &ProjectId) -> Result<Option<Project>> {
    let sql = FIND.on(&conn);
    Ok(on!(conn, c => sqlx::query_as(sql).bind(id).fetch_optional(c).await)?)
}

/// A live project of an organisation.
pub async fn find_in_org(conn: Conn<'_>, org: &OrgId, id: &ProjectId) -> Result<Option<Project>> {
    let sql = FIND_IN_ORG.on(&conn);
    Ok(on!(conn, c => sqlx::query_as(sql).bind(org).bind(id).fetch_optional(c).await)?)
}

/// The live projects of an organisation, newest first.
pub async fn list(conn: Conn<'_>, org: &OrgId, limit: i64, offset: i64) -> Result<Vec<Project>> {
    let sql = LIST.on(&conn);
    Ok(on!(conn, c => sqlx::query_as(sql)
        .bind(org).bind(limit).bind(offset).fetch_all(c).await)?)
}

/// How many live projects an organisation has.
pub async fn count(conn: Conn<'_>, org: &OrgId) -> Result<i64> {
    let sql = COUNT.on(&conn);
    Ok(on!(conn, c => sqlx::query_scalar(sql).bind(org).fetch_one(c).await)?)
}

/// Changes the given settings of a project and answers the project after it.
pub async fn update_settings(
    conn: Conn<'_>,
    id: &ProjectId,
    change: &SettingsChange,
    now: Timestamp,
) -> Result<Option<Project>> {
    let sql = UPDATE_SETTINGS.on(&conn);
    let SettingsChange {
        mask_secrets,
        log_visibility,
        require_mcp_key,
        two_factor_enabled,
        logo_url,
        display_name,
    } = change;
    Ok(on!(conn, c => sqlx::query_as(sql)
        .bind(id).bind(mask_secrets).bind(log_visibility).bind(require_mcp_key)
        .bind(two_factor_enabled).bind(logo_url).bind(display_name).bind(now)
        .fetch_optional(c).await)?)
}

/// Makes others who want the same wait until this transaction ends.
pub async fn lock_organization(conn: Conn<'_>, id: &OrgId, now: Timestamp) -> Result<()> {
    let sql = LOCK_ORG.on(&conn);
    on!(conn, c => sqlx::query(sql).bind(id).bind(now).execute(c).await?.rows_affected());
    Ok(())
}

/// Marks a project as deleted and forgets its data key; `false` when the organisation has no such
/// project.
pub async fn delete(conn: Conn<'_>, org: &OrgId, id: &ProjectId, now: Timestamp) -> Result<bool> {
    let sql = DELETE.on(&conn);
    let rows = on!(conn, c => sqlx::query(sql)
        .bind(org).bind(id).bind(now).bind(Vec::<u8>::new())
        .execute(c).await?.rows_affected());
    Ok(rows == 1)
}

/// A project's data key, as it is stored.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct ProjectDataKey {
    /// The project.
    pub id: ProjectId,
    /// Its data key, sealed by the master key.
    pub data_key: Vec<u8>,
}

/// The data keys of all live projects in the order of their ids, those after `after`.
pub async fn data_keys(conn: Conn<'_>, after: &str, limit: i64) -> Result<Vec<ProjectDataKey>> {
    let sql = DATA_KEYS.on(&conn);
    Ok(on!(conn, c => sqlx::query_as(sql).bind(after).bind(limit).fetch_all(c).await)?)
}

/// Gives a project another data key; `false` when it no longer has the one that was read.
pub async fn replace_data_key(conn: Conn<'_>, read: &ProjectDataKey, new: &[u8]) -> Result<bool> {
    let sql = REPLACE_DATA_KEY.on(&conn);
    let ProjectDataKey { id, data_key } = read;
    let rows = on!(conn, c => sqlx::query(sql)
        .bind(id).bind(data_key).bind(new).execute(c).await?.rows_affected());
    Ok(rows == 1)
}
