-- Whom documents name that a sweep read, as long as a request needs to know that it found for:
-- sealed, under a keyed digest of what is sealed.
CREATE TABLE people (
    sweep  BIGINT NOT NULL REFERENCES sweeps (id),
    mark   TEXT   NOT NULL,
    sealed {bytes} NOT NULL,
    PRIMARY KEY (sweep, mark)
);

-- Which requests a sweep found for.
CREATE INDEX requests_by_find ON requests (found_by);
