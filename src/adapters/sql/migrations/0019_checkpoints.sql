-- How far the walk of a shard came that was not walked to its end: where the listing goes on, sealed;
-- under which terms it was walked; how many ordinals of its range it has given away; and when that
-- was noted. `items` and `bytes` are what was looked at by then, and so are its inventories.
ALTER TABLE shards ADD COLUMN marker {bytes};
ALTER TABLE shards ADD COLUMN terms TEXT NOT NULL DEFAULT '';
ALTER TABLE shards ADD COLUMN drafted BIGINT NOT NULL DEFAULT 0;
ALTER TABLE shards ADD COLUMN noted_at BIGINT NOT NULL DEFAULT 0;
