-- Replays: what they repeat, the bytes that were sent, and the jobs that make them. Pauses of receivers.

ALTER TABLE pending ADD COLUMN replay BLOB; -- what it repeats, packed; only of replays and backfills
ALTER TABLE done ADD COLUMN replay BLOB;
ALTER TABLE done ADD COLUMN frozen BLOB; -- the hash of the body that was sent, when that was kept

-- AUTOINCREMENT: deliveries name the number of the replay that made them.
CREATE TABLE replay (
    number               INTEGER PRIMARY KEY AUTOINCREMENT,
    id                   BLOB NOT NULL UNIQUE,
    organization         INTEGER NOT NULL,
    user                 TEXT,
    selection            TEXT NOT NULL, -- JSON
    target               INTEGER, -- the subscription that gets them; none: those they were for
    rate                 INTEGER NOT NULL, -- deliveries a second
    state                INTEGER NOT NULL,
    created_at           INTEGER NOT NULL,
    ended_at             INTEGER,
    lowest               INTEGER NOT NULL, -- nothing up to this sequence is looked at
    highest              INTEGER NOT NULL, -- nothing beyond this one is
    next_receiver        INTEGER NOT NULL, -- where it goes on
    looked_up_to         INTEGER NOT NULL, -- of a list the place in it, otherwise a sequence of that receiver
    next_due             INTEGER NOT NULL, -- microseconds since 1970
    first_made           INTEGER, -- all deliveries it made lie between these sequences
    last_made            INTEGER,
    selected             INTEGER NOT NULL DEFAULT 0,
    made                 INTEGER NOT NULL DEFAULT 0,
    delivered            INTEGER NOT NULL DEFAULT 0,
    failed               INTEGER NOT NULL DEFAULT 0,
    skipped_body         INTEGER NOT NULL DEFAULT 0,
    skipped_subscription INTEGER NOT NULL DEFAULT 0,
    skipped_unwanted     INTEGER NOT NULL DEFAULT 0,
    skipped_waiting      INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE INDEX replay_by_organization ON replay (organization, number);

ALTER TABLE receiver ADD COLUMN interruptions TEXT; -- JSON: pause, maintenance windows, drain
