-- Instants are milliseconds since 1970 in UTC. Numbers are given by the writer and never used twice.

-- Single values: the hash of the server's admin key, the fingerprint of the key-encryption key.
CREATE TABLE setting (
    name  TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- How far counters are reserved and jobs have come.
CREATE TABLE position (
    name  TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE organization (
    number     INTEGER PRIMARY KEY,
    id         BLOB NOT NULL UNIQUE,
    name       TEXT NOT NULL,
    vyte_id    TEXT NOT NULL UNIQUE,
    vyte_body  TEXT NOT NULL,
    data_key   BLOB NOT NULL, -- seals its secrets; wrapped by the key-encryption key
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE api_key (
    number       INTEGER PRIMARY KEY,
    id           BLOB NOT NULL UNIQUE,
    organization INTEGER NOT NULL,
    name         TEXT NOT NULL,
    scope        TEXT NOT NULL,
    user         TEXT,
    lookup       BLOB NOT NULL UNIQUE, -- the first eight bytes of the hash
    hash         BLOB NOT NULL,
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER
) STRICT;

-- Receivers stay when their last subscription goes: deliveries are kept under their number.
CREATE TABLE receiver (
    number       INTEGER PRIMARY KEY,
    id           BLOB NOT NULL UNIQUE,
    organization INTEGER NOT NULL,
    named        INTEGER NOT NULL, -- 1: the owner gave the name; 0: it is the text of an endpoint
    name         TEXT NOT NULL,
    created_at   INTEGER NOT NULL,
    UNIQUE (organization, named, name)
) STRICT;

-- AUTOINCREMENT: the number of a deleted subscription must not come back, since deliveries name it.
CREATE TABLE subscription (
    number           INTEGER PRIMARY KEY AUTOINCREMENT,
    id               BLOB NOT NULL UNIQUE,
    organization     INTEGER NOT NULL,
    receiver         INTEGER NOT NULL,
    dialect          INTEGER NOT NULL,
    vyte_id          TEXT,
    vyte_body        TEXT,
    description      TEXT NOT NULL,
    target           TEXT NOT NULL,
    actions          TEXT NOT NULL, -- JSON array of patterns
    user             TEXT,
    state            INTEGER NOT NULL,
    disabled_because TEXT,
    retry            TEXT, -- JSON array of milliseconds, the wait before the first attempt included
    created_at       INTEGER NOT NULL,
    updated_at       INTEGER NOT NULL,
    revision         INTEGER NOT NULL,
    UNIQUE (organization, vyte_id)
) STRICT;

CREATE TABLE signing_key (
    subscription INTEGER NOT NULL,
    number       INTEGER NOT NULL, -- higher is newer
    secret       BLOB NOT NULL,    -- sealed by the organization's data key
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER,
    PRIMARY KEY (subscription, number)
) STRICT, WITHOUT ROWID;

-- The hot tables: integer keys, no foreign keys, one secondary index in all.

CREATE TABLE body (
    number INTEGER PRIMARY KEY,
    bytes  BLOB NOT NULL
) STRICT;

CREATE TABLE action (
    sequence        INTEGER PRIMARY KEY,
    organization    INTEGER NOT NULL,
    resource        INTEGER NOT NULL,
    kind            INTEGER NOT NULL,
    resource_id     TEXT NOT NULL,
    name            TEXT NOT NULL,
    version         INTEGER NOT NULL,
    user            TEXT,
    occurred_at     INTEGER NOT NULL,
    accepted_at     INTEGER NOT NULL,
    expires_at      INTEGER,
    body            INTEGER NOT NULL,
    last_delivery   INTEGER NOT NULL, -- the highest sequence of its deliveries so far; its own when it has none
    representations BLOB,
    changes         BLOB
) STRICT;

CREATE INDEX action_by_resource ON action (resource);

CREATE TABLE resource (
    organization   INTEGER NOT NULL,
    kind           INTEGER NOT NULL,
    id             TEXT NOT NULL,
    number         INTEGER NOT NULL,
    version        INTEGER NOT NULL,
    occurred_at    INTEGER NOT NULL,
    flags          INTEGER NOT NULL, -- 1 ever confirmed, 2 cancelled, 4 removed, 8 no action shares the body
    confirmed_time INTEGER,
    body           INTEGER, -- the latest state; none once removed
    PRIMARY KEY (organization, kind, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE pending (
    receiver        INTEGER NOT NULL,
    sequence        INTEGER NOT NULL,
    subscription    INTEGER NOT NULL,
    action          INTEGER NOT NULL,
    resource        INTEGER NOT NULL,
    origin          INTEGER NOT NULL,
    due_at          INTEGER NOT NULL,
    expires_at      INTEGER,
    failed_attempts INTEGER NOT NULL DEFAULT 0,
    first_failed_at INTEGER,
    overtaken       INTEGER NOT NULL DEFAULT 0,
    frozen          BLOB, -- the hash of the body that an earlier attempt sent
    last_attempt    BLOB, -- packed
    PRIMARY KEY (receiver, sequence)
) STRICT, WITHOUT ROWID;

CREATE TABLE done (
    receiver     INTEGER NOT NULL,
    sequence     INTEGER NOT NULL,
    subscription INTEGER NOT NULL,
    action       INTEGER NOT NULL,
    origin       INTEGER NOT NULL,
    state        INTEGER NOT NULL,
    attempts     INTEGER NOT NULL,
    ended_at     INTEGER NOT NULL,
    overtaken    INTEGER NOT NULL,
    last_attempt BLOB, -- packed
    PRIMARY KEY (receiver, sequence)
) STRICT, WITHOUT ROWID;

-- Only attempts whose exchange was kept.
CREATE TABLE attempt (
    receiver      INTEGER NOT NULL,
    sequence      INTEGER NOT NULL,
    number        INTEGER NOT NULL,
    packed        BLOB NOT NULL,
    request_head  BLOB NOT NULL,
    response_head BLOB NOT NULL,
    response_body BLOB NOT NULL,
    truncated     INTEGER NOT NULL,
    PRIMARY KEY (receiver, sequence, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE frozen_body (
    hash      BLOB PRIMARY KEY, -- SHA-256 of the bytes
    stored_at INTEGER NOT NULL,
    bytes     BLOB NOT NULL
) STRICT;

CREATE INDEX frozen_body_by_age ON frozen_body (stored_at);

CREATE TABLE idempotency (
    organization INTEGER NOT NULL,
    key          TEXT NOT NULL,
    fingerprint  BLOB NOT NULL,
    expires_at   INTEGER NOT NULL,
    receipt      BLOB NOT NULL, -- packed
    PRIMARY KEY (organization, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX idempotency_by_expiry ON idempotency (expires_at);

-- Deliveries that are still to be written, a chunk a turn, in the order of the key. A written chunk is deleted.
CREATE TABLE fanout (
    action  INTEGER NOT NULL,
    chunk   INTEGER NOT NULL,
    matched BLOB NOT NULL, -- packed
    PRIMARY KEY (action, chunk)
) STRICT, WITHOUT ROWID;

-- Deleted subscriptions whose waiting deliveries are still to be cancelled.
CREATE TABLE cleanup (
    subscription INTEGER PRIMARY KEY,
    receiver     INTEGER NOT NULL,
    looked_up_to INTEGER NOT NULL, -- sequences up to here are looked through
    last         INTEGER NOT NULL, -- it has no delivery beyond this sequence
    deleted_at   INTEGER NOT NULL
) STRICT;
