-- The account and what belongs to it. {bytes} is BLOB or BYTEA.

-- One row a request: the fold of its events, and its seals until it rests.
CREATE TABLE requests (
    id             TEXT   NOT NULL PRIMARY KEY,
    digest         TEXT   NOT NULL,
    kind           TEXT,
    regulation     TEXT,
    state          TEXT   NOT NULL,
    sequence       BIGINT NOT NULL,
    head           TEXT   NOT NULL,
    submitted      BIGINT,
    due            BIGINT,
    changed        BIGINT NOT NULL,
    done           BIGINT NOT NULL,
    total          BIGINT NOT NULL,
    reply_to       TEXT,
    correlation_id TEXT,
    traceparent    TEXT,
    message_id     TEXT,
    wrapped_key    {bytes},
    body           {bytes}
);
CREATE INDEX requests_by_due ON requests (state, due);

-- What `status` and the loops read: no seals.
CREATE VIEW standings AS
    SELECT id, digest, kind, regulation, state, sequence, head, submitted, due, changed, done, total,
           reply_to, correlation_id, traceparent, message_id
    FROM requests;

-- The account itself. Rows are added and never changed.
CREATE TABLE events (
    request  TEXT   NOT NULL REFERENCES requests (id),
    sequence BIGINT NOT NULL,
    at       BIGINT NOT NULL,
    event    TEXT   NOT NULL,
    previous TEXT   NOT NULL,
    hash     TEXT   NOT NULL,
    PRIMARY KEY (request, sequence)
);

-- Planned items, sealed until the request rests; `begun` is 1 once acting on one was about to begin.
-- `outcome` is a word, `detail` what stands behind it.
CREATE TABLE items (
    request TEXT   NOT NULL REFERENCES requests (id),
    ordinal BIGINT NOT NULL,
    sealed  {bytes},
    begun   BIGINT NOT NULL,
    outcome TEXT,
    detail  TEXT,
    PRIMARY KEY (request, ordinal)
);

-- Announcements, each committed with the record it announces.
CREATE TABLE outbox (
    id             TEXT   NOT NULL PRIMARY KEY,
    request        TEXT   NOT NULL REFERENCES requests (id),
    sequence       BIGINT NOT NULL,
    made           BIGINT NOT NULL,
    name           TEXT   NOT NULL,
    body           TEXT   NOT NULL,
    reply_to       TEXT,
    correlation_id TEXT,
    traceparent    TEXT,
    message_id     TEXT,
    sent           BIGINT NOT NULL,
    tries          BIGINT NOT NULL,
    retry_at       BIGINT NOT NULL
);
CREATE INDEX outbox_unsent ON outbox (made, request, sequence) WHERE sent = 0;
CREATE INDEX outbox_by_request ON outbox (request, sequence);
