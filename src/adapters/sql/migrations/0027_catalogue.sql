-- What sweeps learned of items, some dozens of them a row: keyed prints and filters of terms, which
-- tell nothing without the deployment's key.
CREATE TABLE catalogue (
    source  TEXT   NOT NULL,
    parts   BIGINT NOT NULL,
    part    BIGINT NOT NULL,
    leaf    BIGINT NOT NULL,
    terms   TEXT   NOT NULL,
    items   BIGINT NOT NULL,
    open    BIGINT NOT NULL,
    oldest  BIGINT NOT NULL,
    entries {bytes} NOT NULL,
    PRIMARY KEY (source, parts, part, leaf)
);

-- How many items of a shard were known, and not read.
ALTER TABLE shards ADD COLUMN known BIGINT NOT NULL DEFAULT 0;
