-- Whom producers want told by HTTP, and what they are still to be told.

-- The URLs of a request, in its order. A URL may hold a token.
CREATE TABLE callback_urls (
    request TEXT   NOT NULL REFERENCES requests (id),
    number  BIGINT NOT NULL,
    host    TEXT   NOT NULL,
    url     TEXT   NOT NULL,
    PRIMARY KEY (request, number)
);

-- One row for each announcement and URL, until it was delivered or given up. `made` is that of the
-- announcement; `failed_at` is when it failed first.
CREATE TABLE callbacks (
    request   TEXT   NOT NULL,
    sequence  BIGINT NOT NULL,
    number    BIGINT NOT NULL,
    made      BIGINT NOT NULL,
    host      TEXT   NOT NULL,
    tries     BIGINT NOT NULL,
    retry_at  BIGINT NOT NULL,
    failed_at BIGINT,
    PRIMARY KEY (request, sequence, number),
    FOREIGN KEY (request, number) REFERENCES callback_urls (request, number)
);
