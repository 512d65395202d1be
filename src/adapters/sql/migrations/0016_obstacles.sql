-- What keeps requests from going on, and which sources a sweep could not enter.

-- The last failure of a request that is tried again, until its next record. `source` is the one that
-- is to blame as a whole, or empty; `since` is when the request failed to go on first.
CREATE TABLE obstacles (
    request TEXT   NOT NULL PRIMARY KEY REFERENCES requests (id),
    source  TEXT   NOT NULL,
    kind    TEXT   NOT NULL,
    reason  TEXT   NOT NULL,
    since   BIGINT NOT NULL
);

-- Why a shard was given up by its sweep: the kind of the failure, a blank, and its text; empty where
-- it was walked. Its sweep concludes nothing for requests that it concerns.
ALTER TABLE shards ADD COLUMN lost TEXT NOT NULL DEFAULT '';
