-- Tool-router sessions: for whom an agent works, and what it may reach.
CREATE TABLE sessions (
    id             TEXT NOT NULL PRIMARY KEY,
    project_id     TEXT NOT NULL REFERENCES projects (id),
    user_id        TEXT NOT NULL,
    -- The API key that made it.
    created_by     TEXT NOT NULL,
    -- JSON: the configuration as answers show it.
    config         TEXT NOT NULL,
    config_version INTEGER NOT NULL,
    -- JSON: tools that run at the caller's, kept for clients that do not send them with each call.
    custom_tools   TEXT NOT NULL,
    created_at     TEXT NOT NULL,
    updated_at     TEXT NOT NULL
) STRICT;
CREATE INDEX sessions_by_project ON sessions (project_id, created_at, id);

-- What a session's configuration was before each change.
CREATE TABLE session_configs (
    session_id  TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    version     INTEGER NOT NULL,
    project_id  TEXT NOT NULL REFERENCES projects (id),
    config      TEXT NOT NULL,
    -- When the next version took its place.
    replaced_at TEXT NOT NULL,
    PRIMARY KEY (session_id, version)
) STRICT;
CREATE INDEX session_configs_by_project ON session_configs (project_id);
