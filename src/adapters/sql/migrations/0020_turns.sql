-- Who goes first of those that name the same person.

-- 1 once carrying out the plan was about to begin: until then an erasure lets exports go first.
ALTER TABLE requests ADD COLUMN begun BIGINT NOT NULL DEFAULT 0;
UPDATE requests SET begun = 1 WHERE state = 'verifying' OR state = 'acting'
    AND EXISTS (SELECT 1 FROM items WHERE items.request = requests.id AND items.begun = 1);

-- One row that everybody writes to who begins what another request might have to wait for: so the
-- second of two sees what the first did.
CREATE TABLE turns (taken BIGINT NOT NULL);
INSERT INTO turns (taken) VALUES (0);
