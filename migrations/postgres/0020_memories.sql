-- What agents noted of a user's things in a toolkit, to know it the next time.
CREATE TABLE memories (
    -- A hash of project, user and toolkit.
    id          TEXT NOT NULL PRIMARY KEY,
    project_id  TEXT NOT NULL REFERENCES projects (id),
    -- JSON: sentences, sealed with the project's data key.
    facts       BYTEA NOT NULL,
    updated_at  TIMESTAMPTZ NOT NULL
);
CREATE INDEX memories_by_project ON memories (project_id);
