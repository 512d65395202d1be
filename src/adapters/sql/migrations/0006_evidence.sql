-- What certificates say of items that were rewritten.

-- Keyed digest of the bytes that took the place of an item's own; empty where none did.
ALTER TABLE items ADD COLUMN rewritten TEXT;
