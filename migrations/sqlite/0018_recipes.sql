-- Recipes: workflows that a project saved. Saving again adds a version; none is changed.
CREATE TABLE recipes (
    project_id  TEXT NOT NULL REFERENCES projects (id),
    slug        TEXT NOT NULL,
    version     INTEGER NOT NULL,
    -- `rcp_…`, the same for all versions.
    id          TEXT NOT NULL,
    name        TEXT NOT NULL,
    description TEXT NOT NULL,
    -- JSON: schemas, steps, code, defaults.
    content     TEXT NOT NULL,
    created_by  TEXT NOT NULL,
    created_at  TEXT NOT NULL,
    PRIMARY KEY (project_id, slug, version)
) STRICT;
CREATE INDEX recipes_by_id ON recipes (project_id, id);
