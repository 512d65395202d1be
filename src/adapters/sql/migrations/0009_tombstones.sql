-- Whom erasures were about, to be recognised for a while if they come back.

-- `mark` is a keyed hash of an identity; `sources` are those that were searched, as a JSON array.
CREATE TABLE tombstones (
    request TEXT   NOT NULL REFERENCES requests (id),
    mark    TEXT   NOT NULL,
    sources TEXT   NOT NULL,
    ends_at BIGINT NOT NULL,
    PRIMARY KEY (request, mark)
);
CREATE INDEX tombstones_by_end ON tombstones (ends_at);

-- Places in which they were met, as keyed hashes. `told` is 1 once it was announced, and from the
-- start of those that the erasure left as they were.
CREATE TABLE returned (
    request TEXT   NOT NULL REFERENCES requests (id),
    item    TEXT   NOT NULL,
    source  TEXT   NOT NULL,
    told    BIGINT NOT NULL,
    PRIMARY KEY (request, item)
);
CREATE INDEX returned_untold ON returned (request) WHERE told = 0;
