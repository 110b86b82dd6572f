-- Who is asking the provider for this account's next token, and until when nobody else may.
ALTER TABLE connected_accounts ADD COLUMN refresh_lease_owner TEXT;
ALTER TABLE connected_accounts ADD COLUMN refresh_lease_until TIMESTAMPTZ;
-- Written before the provider is asked, cleared when its answer is stored: an account that has it
-- without a lease was asked for by a process that never told how it ended.
ALTER TABLE connected_accounts ADD COLUMN refresh_begun_at TIMESTAMPTZ;
-- When the token is to be renewed without being asked for.
ALTER TABLE connected_accounts ADD COLUMN refresh_due_at TIMESTAMPTZ;
-- The present row of failures that say nothing about the grant.
ALTER TABLE connected_accounts ADD COLUMN refresh_failures BIGINT NOT NULL DEFAULT 0;
ALTER TABLE connected_accounts ADD COLUMN refresh_failed_at TIMESTAMPTZ;
ALTER TABLE connected_accounts ADD COLUMN refresh_failing_since TIMESTAMPTZ;
-- The worker reads what is due from here and sees no other account.
CREATE INDEX connected_accounts_refresh_due ON connected_accounts (refresh_due_at)
    WHERE enabled AND status = 'ACTIVE' AND refresh_due_at IS NOT NULL;
UPDATE connected_accounts SET refresh_due_at = token_expires_at
    WHERE status = 'ACTIVE' AND token_expires_at IS NOT NULL;

-- What the provider holds against the OAuth app itself; its users' accounts are not to blame.
ALTER TABLE auth_configs ADD COLUMN client_problem TEXT;
ALTER TABLE auth_configs ADD COLUMN client_problem_since TIMESTAMPTZ;

-- What happened that a project may want to hear of, stored with the change that it tells of.
CREATE TABLE events (
    id           TEXT NOT NULL PRIMARY KEY,
    project_id   TEXT NOT NULL REFERENCES projects (id),
    type         TEXT NOT NULL,
    payload      JSONB NOT NULL,
    created_at   TIMESTAMPTZ NOT NULL,
    delivered_at TIMESTAMPTZ
);
CREATE INDEX events_undelivered ON events (created_at, id) WHERE delivered_at IS NULL;
CREATE INDEX events_by_creation ON events (created_at);
