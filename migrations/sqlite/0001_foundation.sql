-- One row a fact about this installation, such as the check value of the master key.
CREATE TABLE installation (
    name  TEXT NOT NULL PRIMARY KEY,
    value BLOB NOT NULL
) STRICT;

CREATE TABLE organizations (
    id         TEXT NOT NULL PRIMARY KEY,
    name       TEXT NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
) STRICT;

CREATE TABLE projects (
    id                 TEXT    NOT NULL PRIMARY KEY,
    org_id             TEXT    NOT NULL REFERENCES organizations (id),
    name               TEXT    NOT NULL,
    email              TEXT    NOT NULL,
    data_key           BLOB    NOT NULL,
    mask_secrets       INTEGER NOT NULL,
    log_visibility     TEXT    NOT NULL,
    require_mcp_key    INTEGER NOT NULL,
    two_factor_enabled INTEGER NOT NULL,
    logo_url           TEXT,
    display_name       TEXT,
    created_at         TEXT    NOT NULL,
    updated_at         TEXT    NOT NULL,
    deleted_at         TEXT
) STRICT;
CREATE INDEX projects_by_org ON projects (org_id, created_at, id);

-- A key without a project is an organisation key.
CREATE TABLE api_keys (
    id         TEXT NOT NULL PRIMARY KEY,
    org_id     TEXT NOT NULL REFERENCES organizations (id),
    project_id TEXT REFERENCES projects (id),
    name       TEXT NOT NULL,
    key_hash   BLOB NOT NULL,
    hint       TEXT NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    deleted_at TEXT
) STRICT;
CREATE UNIQUE INDEX api_keys_by_hash ON api_keys (key_hash);
CREATE INDEX api_keys_by_project ON api_keys (project_id, created_at);

CREATE TABLE auth_configs (
    id                          TEXT    NOT NULL PRIMARY KEY,
    project_id                  TEXT    NOT NULL REFERENCES projects (id),
    toolkit                     TEXT    NOT NULL,
    name                        TEXT    NOT NULL,
    scheme                      TEXT    NOT NULL,
    managed                     INTEGER NOT NULL,
    enabled                     INTEGER NOT NULL,
    enabled_for_tool_router     INTEGER NOT NULL,
    credentials                 BLOB    NOT NULL,
    tools_for_account_creation  TEXT,
    tools_for_execution         TEXT,
    created_at                  TEXT    NOT NULL,
    updated_at                  TEXT    NOT NULL
) STRICT;
CREATE INDEX auth_configs_by_project ON auth_configs (project_id, created_at, id);

CREATE TABLE connected_accounts (
    id                TEXT    NOT NULL PRIMARY KEY,
    project_id        TEXT    NOT NULL REFERENCES projects (id),
    auth_config_id    TEXT    NOT NULL REFERENCES auth_configs (id) ON DELETE CASCADE,
    toolkit           TEXT    NOT NULL,
    user_id           TEXT    NOT NULL,
    alias             TEXT,
    scheme            TEXT    NOT NULL,
    status            TEXT    NOT NULL,
    status_reason     TEXT,
    enabled           INTEGER NOT NULL,
    credentials       BLOB    NOT NULL,
    token_generation  INTEGER NOT NULL,
    token_expires_at  TEXT,
    connect_by        TEXT,
    created_at        TEXT    NOT NULL,
    updated_at        TEXT    NOT NULL
) STRICT;
CREATE INDEX connected_accounts_by_project ON connected_accounts (project_id, created_at, id);
CREATE INDEX connected_accounts_by_user
    ON connected_accounts (project_id, user_id, toolkit, status, created_at);
CREATE INDEX connected_accounts_by_auth_config ON connected_accounts (auth_config_id);
CREATE INDEX connected_accounts_unfinished ON connected_accounts (connect_by)
    WHERE connect_by IS NOT NULL;

-- A try to connect: an OAuth round trip (its id is the state's `jti`) or a hosted connect link
-- (found by the hash of its token). Used once.
CREATE TABLE connection_attempts (
    id            TEXT NOT NULL PRIMARY KEY,
    project_id    TEXT NOT NULL REFERENCES projects (id),
    account_id    TEXT NOT NULL REFERENCES connected_accounts (id) ON DELETE CASCADE,
    kind          TEXT NOT NULL,
    token_hash    BLOB,
    secrets       BLOB NOT NULL,
    callback_url  TEXT,
    expires_at    TEXT NOT NULL,
    used_at       TEXT,
    created_at    TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX connection_attempts_by_token ON connection_attempts (token_hash);
CREATE INDEX connection_attempts_by_account ON connection_attempts (account_id);
CREATE INDEX connection_attempts_by_expiry ON connection_attempts (expires_at);

CREATE TABLE jobs (
    id           TEXT    NOT NULL PRIMARY KEY,
    dedupe_key   TEXT,
    payload      TEXT    NOT NULL,
    attempts     INTEGER NOT NULL,
    run_at       TEXT    NOT NULL,
    locked_until TEXT,
    locked_by    TEXT,
    last_error   TEXT,
    dead_at      TEXT,
    created_at   TEXT    NOT NULL
) STRICT;
CREATE UNIQUE INDEX jobs_by_dedupe_key ON jobs (dedupe_key);
CREATE INDEX jobs_due ON jobs (run_at) WHERE dead_at IS NULL;

CREATE TABLE execution_logs (
    id              TEXT    NOT NULL PRIMARY KEY,
    project_id      TEXT    NOT NULL REFERENCES projects (id),
    kind            TEXT    NOT NULL,
    tool            TEXT    NOT NULL,
    toolkit         TEXT    NOT NULL,
    version         TEXT,
    account_id      TEXT,
    user_id         TEXT,
    successful      INTEGER NOT NULL,
    upstream_status INTEGER,
    error           TEXT,
    arguments       TEXT,
    attempts        INTEGER NOT NULL,
    duration_ms     INTEGER NOT NULL,
    request_id      TEXT    NOT NULL,
    created_at      TEXT    NOT NULL
) STRICT;
CREATE INDEX execution_logs_by_project ON execution_logs (project_id, created_at, id);
