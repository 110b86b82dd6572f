-- Files by the paths under which sessions know them. A path may be uploaded to again; the newest one
-- whose content came is the one that is meant.
CREATE TABLE session_files (
    file_id    TEXT NOT NULL PRIMARY KEY REFERENCES files (id) ON DELETE CASCADE,
    session_id TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    project_id TEXT NOT NULL REFERENCES projects (id),
    path       TEXT NOT NULL,
    created_at TEXT NOT NULL
) STRICT;
CREATE INDEX session_files_by_path ON session_files (session_id, path, created_at);
CREATE INDEX session_files_by_project ON session_files (project_id);
