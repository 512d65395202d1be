-- Public halves of the keys that this deployment signs with: whoever checks what was signed needs
-- the earlier ones as well. Never removed.
CREATE TABLE signing_keys (
    id         TEXT   NOT NULL PRIMARY KEY,
    public_key TEXT   NOT NULL,
    since      BIGINT NOT NULL
);
