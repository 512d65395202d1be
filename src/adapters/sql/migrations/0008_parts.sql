-- Which part of its source a shard is, and of how many.
ALTER TABLE shards ADD COLUMN part BIGINT NOT NULL DEFAULT 0;
ALTER TABLE shards ADD COLUMN parts BIGINT NOT NULL DEFAULT 1;
