-- No two archives have one name. Earlier versions gave some ids the same one; such rows stay, marked.
ALTER TABLE archives ADD COLUMN shared BIGINT NOT NULL DEFAULT 0;
UPDATE archives SET shared = 1
    WHERE name IN (SELECT name FROM archives GROUP BY name HAVING COUNT(*) > 1);
CREATE UNIQUE INDEX archives_by_name ON archives (name) WHERE shared = 0;
