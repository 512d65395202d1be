-- Ends by the ledger's own clock; see `sharing/clock.rs`. `set_at` and `put_off_at` are when an end was
-- set. Those from before were set by the clocks of daemons, and count no more.
ALTER TABLE leases ADD COLUMN set_at BIGINT NOT NULL DEFAULT 0;
UPDATE leases SET free_at = 0;
ALTER TABLE outbox ADD COLUMN put_off_at BIGINT NOT NULL DEFAULT 0;
UPDATE outbox SET retry_at = 0 WHERE sent = 0;
ALTER TABLE callbacks ADD COLUMN put_off_at BIGINT NOT NULL DEFAULT 0;
UPDATE callbacks SET retry_at = 0;

-- Whoever acts on a plan asks for what is left of it, again and again.
CREATE INDEX items_open ON items (request, ordinal) WHERE outcome IS NULL;
