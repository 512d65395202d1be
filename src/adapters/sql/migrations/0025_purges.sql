-- Removals of rows that requests share. `place` is a keyed digest of where the rows are; an open one
-- takes new members, and of each place there is one at most. When it was opened and begun; how far
-- it has come, sealed; how it ended, or why it does not go on. Its members are tickets.
CREATE TABLE purges (
    id        TEXT   NOT NULL PRIMARY KEY,
    source    TEXT   NOT NULL,
    place     TEXT   NOT NULL,
    stage     TEXT   NOT NULL,
    detail    TEXT   NOT NULL DEFAULT '',
    delay     TEXT   NOT NULL DEFAULT '',
    sealed    {bytes},
    opened_at BIGINT NOT NULL,
    begun_at  BIGINT NOT NULL DEFAULT 0,
    noted_at  BIGINT NOT NULL
);
CREATE UNIQUE INDEX purges_gathering ON purges (place) WHERE stage = 'gathering';
ALTER TABLE tickets ADD COLUMN purge TEXT REFERENCES purges (id);
CREATE INDEX tickets_of_purge ON tickets (purge);
