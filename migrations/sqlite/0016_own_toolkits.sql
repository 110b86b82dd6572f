-- Toolkits imported through the API: the files of each, as the importer wrote them.
CREATE TABLE own_toolkits (
    -- A project's id, or `installation`: every project has those.
    owner       TEXT NOT NULL,
    slug        TEXT NOT NULL,
    -- Another one after every change; what servers build of the files is kept under it.
    revision    TEXT NOT NULL,
    -- JSON: text by path.
    files       TEXT NOT NULL,
    created_at  TEXT NOT NULL,
    updated_at  TEXT NOT NULL,
    PRIMARY KEY (owner, slug)
) STRICT;
