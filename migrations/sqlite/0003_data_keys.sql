-- Data keys of a project beside the one that seals: one that is made known before it seals, and
-- those that sealed before and open what is left of theirs. Each is sealed by the master key.
CREATE TABLE data_keys (
    id         TEXT NOT NULL PRIMARY KEY,
    project_id TEXT NOT NULL REFERENCES projects (id),
    state      TEXT NOT NULL,
    sealed     BLOB NOT NULL,
    changed_at TEXT NOT NULL
) STRICT;
CREATE INDEX data_keys_by_project ON data_keys (project_id);
CREATE UNIQUE INDEX data_keys_coming ON data_keys (project_id) WHERE state = 'coming';
