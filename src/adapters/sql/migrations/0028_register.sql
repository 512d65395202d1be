-- When requests came is when their first records were written; see `account/register.rs`.
CREATE INDEX events_first ON events (at, request) WHERE sequence = 1;

-- By the ledger's own clock; 0 for one that an earlier version opened.
ALTER TABLE sweeps ADD COLUMN opened_at BIGINT NOT NULL DEFAULT 0;
