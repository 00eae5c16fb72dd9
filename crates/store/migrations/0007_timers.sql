-- Timers tied to resources, actions that were published to be delivered later, and the expiry that an organization sets.

ALTER TABLE organization ADD COLUMN default_expiry_hours INTEGER;
ALTER TABLE action ADD COLUMN timer TEXT; -- what fired it, when it waited for its time
ALTER TABLE action ADD COLUMN late_by_seconds INTEGER;

-- AUTOINCREMENT: firings name the number of their timer, and must not become those of another.
CREATE TABLE timer (
    number                INTEGER PRIMARY KEY AUTOINCREMENT,
    id                    BLOB NOT NULL UNIQUE,
    organization          INTEGER NOT NULL,
    name                  TEXT NOT NULL,
    action                TEXT NOT NULL,
    anchor                TEXT NOT NULL,
    "offset"              TEXT NOT NULL,
    condition             TEXT NOT NULL,
    late                  TEXT NOT NULL,
    late_after_seconds    INTEGER NOT NULL,
    expires_after_seconds INTEGER,
    created_at            INTEGER NOT NULL,
    updated_at            INTEGER NOT NULL
) STRICT;

CREATE TABLE firing (
    number       INTEGER PRIMARY KEY,
    due_at       INTEGER NOT NULL,
    organization INTEGER NOT NULL,
    kind         INTEGER NOT NULL,
    resource_id  TEXT NOT NULL,
    timer        INTEGER, -- none for a scheduled action
    user         TEXT,
    fired        INTEGER NOT NULL DEFAULT 0 -- 1: kept only so that the walk over the resources does not make it anew
) STRICT;

CREATE INDEX firing_by_due ON firing (due_at) WHERE fired = 0;
CREATE UNIQUE INDEX firing_by_resource ON firing (organization, kind, resource_id, timer) WHERE timer IS NOT NULL;

CREATE TABLE scheduled (
    firing          INTEGER PRIMARY KEY,
    organization    INTEGER NOT NULL,
    key             TEXT NOT NULL,
    action          TEXT NOT NULL,
    occurred_at     INTEGER,
    expires_at      INTEGER,
    resource        BLOB NOT NULL,
    representations BLOB,
    UNIQUE (organization, key)
) STRICT;

-- Kinds of resources whose firings are being made anew because the timers for them changed.
CREATE TABLE timer_walk (
    organization INTEGER NOT NULL,
    kind         INTEGER NOT NULL,
    after        TEXT NOT NULL,    -- ids up to here are looked through
    since        INTEGER NOT NULL, -- only firings after this instant are made
    again        INTEGER,          -- the timers changed once more at this instant: walk again from then
    PRIMARY KEY (organization, kind)
) STRICT, WITHOUT ROWID;
