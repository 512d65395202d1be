-- What is forgotten of requests that rest, after a while; see `sharing/retention.rs`.

-- 1 once nothing more is to be forgotten of a request.
ALTER TABLE requests ADD COLUMN tidied BIGINT NOT NULL DEFAULT 0;
CREATE INDEX requests_untidied ON requests (changed) WHERE tidied = 0;

-- How the items ended that are not there any more.
CREATE TABLE tallies (
    request TEXT   NOT NULL REFERENCES requests (id),
    outcome TEXT   NOT NULL,
    count   BIGINT NOT NULL,
    PRIMARY KEY (request, outcome)
);
