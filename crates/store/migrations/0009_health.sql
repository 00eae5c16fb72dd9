-- How subscriptions do, how much may wait, and why a delivery expired.

CREATE TABLE health (
    subscription INTEGER PRIMARY KEY,
    state        TEXT NOT NULL -- JSON of the delivery side
) STRICT;

ALTER TABLE organization ADD COLUMN backlog_quota INTEGER;    -- none: the server's
ALTER TABLE organization ADD COLUMN receiver_backlog INTEGER; -- none: the server's

ALTER TABLE done ADD COLUMN reason INTEGER; -- why it expired: 1 time, 2 backlog, 3 retention; none in older rows
