-- MCP servers: a project's toolkits and tools under one URL.
CREATE TABLE mcp_servers (
    -- Random: where the project asks for no API key, it is what opens the URL.
    id               TEXT    NOT NULL PRIMARY KEY,
    project_id       TEXT    NOT NULL REFERENCES projects (id),
    name             TEXT    NOT NULL,
    -- JSON lists of texts. No allowed tools: all that the toolkits have.
    toolkits         TEXT    NOT NULL,
    auth_config_ids  TEXT    NOT NULL,
    allowed_tools    TEXT    NOT NULL,
    managed_auth     INTEGER NOT NULL,
    created_at       TEXT    NOT NULL,
    updated_at       TEXT    NOT NULL
) STRICT;
CREATE INDEX mcp_servers_by_project ON mcp_servers (project_id, updated_at, id);

-- Users that were noted as users of a server; its URL serves others as well.
CREATE TABLE mcp_instances (
    id          TEXT NOT NULL PRIMARY KEY,
    project_id  TEXT NOT NULL REFERENCES projects (id),
    server_id   TEXT NOT NULL REFERENCES mcp_servers (id) ON DELETE CASCADE,
    user_id     TEXT NOT NULL,
    created_at  TEXT NOT NULL,
    updated_at  TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX mcp_instances_by_user ON mcp_instances (server_id, user_id);
