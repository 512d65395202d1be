-- What sweeps saw, until the requests that they found for were looked at a second time. A print is
-- two numbers of 64 bits, big-endian; a row holds some thousand of them.
CREATE TABLE inventories (
    sweep  BIGINT NOT NULL REFERENCES sweeps (id),
    shard  BIGINT NOT NULL,
    part   BIGINT NOT NULL,
    source TEXT   NOT NULL,
    prints {bytes} NOT NULL,
    PRIMARY KEY (sweep, shard, part)
);

-- The sweep that a request was last found by.
ALTER TABLE requests ADD COLUMN found_by BIGINT;
