-- Who works on what, and which requests are about the same person.

-- `fence` counts the claims on a work; `free_at` is when the next may be made; `tries` counts its
-- failures in a row.
CREATE TABLE leases (
    work    TEXT   NOT NULL PRIMARY KEY,
    fence   BIGINT NOT NULL,
    free_at BIGINT NOT NULL,
    tries   BIGINT NOT NULL
);

-- One pass over the sources. Rows stay, so that no id is used twice; one sweep a purpose is open.
CREATE TABLE sweeps (
    id      BIGINT NOT NULL PRIMARY KEY,
    purpose TEXT   NOT NULL,
    closed  BIGINT NOT NULL
);
CREATE UNIQUE INDEX sweeps_open ON sweeps (purpose) WHERE closed = 0;

-- The shards of sweeps that are open.
CREATE TABLE shards (
    sweep  BIGINT NOT NULL REFERENCES sweeps (id),
    number BIGINT NOT NULL,
    source TEXT   NOT NULL,
    done   BIGINT NOT NULL,
    items  BIGINT NOT NULL,
    bytes  BIGINT NOT NULL,
    PRIMARY KEY (sweep, number)
);

-- The sweep that a request is part of, until its next record.
ALTER TABLE requests ADD COLUMN sweep BIGINT;
CREATE INDEX requests_by_sweep ON requests (sweep);

-- What is to be done with a planned item, as a word.
ALTER TABLE items ADD COLUMN action TEXT;

-- Keyed digests of the identities of open requests: two that share one are about one person.
CREATE TABLE persons (
    request TEXT NOT NULL REFERENCES requests (id),
    digest  TEXT NOT NULL,
    PRIMARY KEY (request, digest)
);
CREATE INDEX persons_by_digest ON persons (digest);

-- A keyed digest of nothing in particular: whether a daemon has the master key of this ledger.
CREATE TABLE master_key (
    digest TEXT NOT NULL
);
