-- What an embedding model made of tools' texts, so that neither a restart nor another replica asks it again.
CREATE TABLE tool_vectors (
    -- Whose tools: a project's id, or `installation` for those of files and those that every project has.
    owner       TEXT NOT NULL,
    -- The model, by whatever tells its vectors from those of others.
    model       TEXT NOT NULL,
    -- SHA-256 of the text.
    text_hash   BYTEA NOT NULL,
    -- 32-bit floats of length 1, little-endian.
    vector      BYTEA NOT NULL,
    created_at  TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (owner, model, text_hash)
);
