-- Tool-router sessions: for whom an agent works, and what it may reach.
CREATE TABLE sessions (
    id             TEXT NOT NULL PRIMARY KEY,
    project_id     TEXT NOT NULL REFERENCES projects (id),
    user_id        TEXT NOT NULL,
    -- The API key that made it.
    created_by     TEXT NOT NULL,
    -- JSON: the configuration as answers show it.
    config         JSONB NOT NULL,
    config_version BIGINT NOT NULL,
    -- JSON: tools that run at the caller's, kept for clients that do not send them with each call.
    custom_tools   JSONB NOT NULL,
    created_at     TIMESTAMPTZ NOT NULL,
    updated_at     TIMESTAMPTZ NOT NULL
);
CREATE INDEX sessions_by_project ON sessions (project_id, created_at, id);

-- What a session's configuration was before each change.
CREATE TABLE session_configs (
    session_id  TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    version     BIGINT NOT NULL,
    project_id  TEXT NOT NULL REFERENCES projects (id),
    config      JSONB NOT NULL,
    -- When the next version took its place.
    replaced_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (session_id, version)
);
CREATE INDEX session_configs_by_project ON session_configs (project_id);
