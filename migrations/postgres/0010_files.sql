-- Files that tools take and give. What a file holds lies under the name `blob` in the file store;
-- files of a project with the same content share one.
CREATE TABLE files (
    id          TEXT NOT NULL PRIMARY KEY,
    project_id  TEXT NOT NULL REFERENCES projects (id),
    toolkit     TEXT NOT NULL,
    tool        TEXT NOT NULL,
    name        TEXT NOT NULL,
    mimetype    TEXT NOT NULL,
    md5         TEXT NOT NULL,
    blob        TEXT NOT NULL,
    -- The key of the content, sealed with the project's data key.
    content_key BYTEA NOT NULL,
    -- Length of the content in bytes; unknown until it is there.
    size        BIGINT,
    created_at  TIMESTAMPTZ NOT NULL,
    stored_at   TIMESTAMPTZ,
    expires_at  TIMESTAMPTZ NOT NULL
);
CREATE INDEX files_by_project ON files (project_id, created_at, id);
CREATE INDEX files_by_content ON files (project_id, md5);
CREATE INDEX files_by_blob ON files (project_id, blob);
CREATE INDEX files_by_expiry ON files (expires_at);
