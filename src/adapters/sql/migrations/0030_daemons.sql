-- Which daemons work on this ledger, by the ledger's own clock.
CREATE TABLE daemons (
    id      TEXT   NOT NULL PRIMARY KEY,
    version TEXT   NOT NULL,
    started BIGINT NOT NULL,
    seen    BIGINT NOT NULL
);

-- What ended lately, and whether anything has changed.
CREATE INDEX requests_by_change ON requests (changed);
