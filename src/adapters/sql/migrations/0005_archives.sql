-- The archive of a request, from before it is written until it was removed. `expire_at` is when it
-- is to be removed; nothing while it is being written, and where archives are kept for good.
-- Archives that were written before there was this table are in none: nobody was told an end.
CREATE TABLE archives (
    request   TEXT NOT NULL PRIMARY KEY REFERENCES requests (id),
    name      TEXT NOT NULL,
    expire_at BIGINT
);
CREATE INDEX archives_by_expiry ON archives (expire_at) WHERE expire_at IS NOT NULL;
