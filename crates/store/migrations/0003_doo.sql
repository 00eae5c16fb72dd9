-- Hooks of the doo API, what every subscription gains with them, and the clients that ask for tokens of that API.

ALTER TABLE organization ADD COLUMN masks_doo_secrets INTEGER NOT NULL DEFAULT 0;
ALTER TABLE organization ADD COLUMN join_link INTEGER NOT NULL DEFAULT 0;

ALTER TABLE subscription ADD COLUMN event TEXT; -- only actions of this event
ALTER TABLE subscription ADD COLUMN method TEXT NOT NULL DEFAULT 'POST';
ALTER TABLE subscription ADD COLUMN content TEXT; -- JSON; none when the dialect composes the body
ALTER TABLE subscription ADD COLUMN authentication TEXT; -- JSON, without the secret
ALTER TABLE subscription ADD COLUMN target_secret BLOB; -- sealed by the organization's data key
ALTER TABLE subscription ADD COLUMN doo_group BLOB;
ALTER TABLE subscription ADD COLUMN doo_name TEXT;
ALTER TABLE subscription ADD COLUMN doo_position INTEGER;

CREATE UNIQUE INDEX subscription_by_doo_group ON subscription (organization, doo_group, doo_position)
    WHERE doo_group IS NOT NULL;

-- AUTOINCREMENT: tokens name the number of their client, and must not become those of another.
CREATE TABLE oauth_client (
    number       INTEGER PRIMARY KEY AUTOINCREMENT,
    id           BLOB NOT NULL UNIQUE,
    organization INTEGER NOT NULL,
    name         TEXT NOT NULL,
    user         TEXT,
    secret_hash  BLOB NOT NULL,
    token_key    BLOB NOT NULL, -- sealed by the organization's data key
    created_at   INTEGER NOT NULL
) STRICT;
