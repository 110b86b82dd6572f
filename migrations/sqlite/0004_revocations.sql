-- Grants of accounts that are gone, until the provider has them back. One row an account; a batch
-- is what one request removed, and one job works on it.
CREATE TABLE revocations (
    account_id TEXT NOT NULL PRIMARY KEY,
    project_id TEXT NOT NULL REFERENCES projects (id),
    batch_id   TEXT NOT NULL,
    toolkit    TEXT NOT NULL,
    secrets    BLOB NOT NULL,
    created_at TEXT NOT NULL
) STRICT;
CREATE INDEX revocations_by_batch ON revocations (project_id, batch_id);
CREATE INDEX revocations_by_age ON revocations (created_at);

-- Two requests at once could give the same alias to two accounts; the older one keeps it.
UPDATE connected_accounts SET alias = NULL
WHERE alias IS NOT NULL AND EXISTS (
    SELECT 1 FROM connected_accounts older
    WHERE older.project_id = connected_accounts.project_id
      AND older.user_id = connected_accounts.user_id
      AND older.toolkit = connected_accounts.toolkit
      AND older.alias = connected_accounts.alias
      AND (older.created_at < connected_accounts.created_at
           OR (older.created_at = connected_accounts.created_at
               AND older.id < connected_accounts.id)));
CREATE UNIQUE INDEX connected_accounts_by_alias
    ON connected_accounts (project_id, user_id, toolkit, alias);
