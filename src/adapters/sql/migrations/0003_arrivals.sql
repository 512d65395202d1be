-- When each open request about a person was taken, in nanoseconds since 1970, and whether it is an
-- erasure (1) or not (0): what came first goes first, and exports do not wait for each other.
ALTER TABLE persons ADD COLUMN taken BIGINT NOT NULL DEFAULT 0;
ALTER TABLE persons ADD COLUMN erasure BIGINT NOT NULL DEFAULT 1;
UPDATE persons SET
    taken = (SELECT at * 1000000 FROM events
             WHERE events.request = persons.request AND events.sequence = 1),
    erasure = (SELECT CASE WHEN kind = 'erasure' THEN 1 ELSE 0 END FROM requests
               WHERE requests.id = persons.request);

-- For an export, the erasures of the person; for an erasure, all, the first before the others.
DROP INDEX persons_by_digest;
CREATE INDEX persons_by_digest ON persons (digest, erasure, taken);
