-- The calls of the last hour that a service counts: when each was made, in milliseconds since 1970,
-- the oldest first, between spaces.
CREATE TABLE budgets (
    name  TEXT NOT NULL PRIMARY KEY,
    calls TEXT NOT NULL
);
