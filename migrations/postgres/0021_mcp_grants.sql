-- What MCP clients were granted that know no API key: one user's use of one URL. Codes and tokens stand as
-- hashes; each names the row and is of no use without the rest.
CREATE TABLE mcp_grants (
    id                 TEXT NOT NULL PRIMARY KEY,
    project_id         TEXT NOT NULL REFERENCES projects (id),
    -- The API key that proved the right: the grant ends with it.
    key_id             TEXT NOT NULL,
    -- Path and query of the one URL.
    place              TEXT NOT NULL,
    -- SHA-256 of the client's id.
    client_hash        BYTEA NOT NULL,
    redirect_uri       TEXT NOT NULL,
    -- RFC 7636: what the verifier must hash to.
    challenge          TEXT NOT NULL,
    -- None once the code was used.
    code_hash          BYTEA,
    code_expires_at    TIMESTAMPTZ NOT NULL,
    access_hash        BYTEA,
    access_expires_at  TIMESTAMPTZ,
    refresh_hash       BYTEA,
    expires_at         TIMESTAMPTZ NOT NULL,
    created_at         TIMESTAMPTZ NOT NULL
);
CREATE INDEX mcp_grants_by_project ON mcp_grants (project_id, key_id);
CREATE INDEX mcp_grants_by_expiry ON mcp_grants (expires_at);
