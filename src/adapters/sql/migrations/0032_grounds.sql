-- What sources stood on when they last held anything: another thing may take its place.
CREATE TABLE grounds (
    place TEXT NOT NULL PRIMARY KEY,
    id    TEXT NOT NULL
);
