-- Work on planned items that a service finishes by itself: what it knows the work by, sealed under
-- the key of the request; when it was begun, and when to look next, which was set at `set_at`.
CREATE TABLE tickets (
    request  TEXT    NOT NULL REFERENCES requests (id),
    ordinal  BIGINT  NOT NULL,
    sealed   {bytes} NOT NULL,
    begun_at BIGINT  NOT NULL,
    look_at  BIGINT  NOT NULL,
    set_at   BIGINT  NOT NULL,
    PRIMARY KEY (request, ordinal)
);
