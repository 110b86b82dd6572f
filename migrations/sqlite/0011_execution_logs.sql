-- With which auth config, and where the credential came from: connected_account, custom_auth, no_auth.
ALTER TABLE execution_logs ADD COLUMN auth_config_id TEXT;
ALTER TABLE execution_logs ADD COLUMN credential_source TEXT;
-- What the call did, step by step; no secret and nobody's data.
ALTER TABLE execution_logs ADD COLUMN steps TEXT;
-- For searches that match few rows; the others walk the project's rows from the newest on.
CREATE INDEX execution_logs_by_tool ON execution_logs (project_id, tool, created_at, id);
CREATE INDEX execution_logs_by_account ON execution_logs (project_id, account_id, created_at, id);
CREATE INDEX execution_logs_by_user ON execution_logs (project_id, user_id, created_at, id);
CREATE INDEX execution_logs_by_request ON execution_logs (project_id, request_id);
CREATE INDEX execution_logs_failed ON execution_logs (project_id, created_at, id) WHERE NOT successful;
-- Retention removes the oldest of all projects.
CREATE INDEX execution_logs_by_age ON execution_logs (created_at);
