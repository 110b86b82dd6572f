-- Calls that came with an idempotency key. The row is the claim: who inserts it makes the call. Its
-- id is a hash of project and key.
CREATE TABLE idempotent_calls (
    id          TEXT NOT NULL PRIMARY KEY,
    project_id  TEXT NOT NULL REFERENCES projects (id),
    -- Who claimed it: one request.
    holder      TEXT NOT NULL,
    -- What was asked, as a hash, and what came of it; sealed with the project's data key.
    content     BYTEA NOT NULL,
    -- By then the call has ended, or its server has.
    ends_by     TIMESTAMPTZ NOT NULL,
    ended_at    TIMESTAMPTZ,
    expires_at  TIMESTAMPTZ NOT NULL
);
CREATE INDEX idempotent_calls_by_expiry ON idempotent_calls (expires_at);
