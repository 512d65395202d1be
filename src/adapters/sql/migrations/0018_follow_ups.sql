-- Which items requests left and why, in parts, sealed under a key for each request that the master
-- key wraps; kept until `ends_at`.
CREATE TABLE follow_ups (
    request     TEXT    NOT NULL REFERENCES requests (id),
    part        BIGINT  NOT NULL,
    wrapped_key {bytes} NOT NULL,
    sealed      {bytes} NOT NULL,
    items       BIGINT  NOT NULL,
    ends_at     BIGINT  NOT NULL,
    PRIMARY KEY (request, part)
);
CREATE INDEX follow_ups_by_end ON follow_ups (ends_at);
