-- Which deliveries of a receiver wait for each other: resource, none or strict.

ALTER TABLE receiver ADD COLUMN delivery_order TEXT NOT NULL DEFAULT 'resource';

-- Whether waiting updates of a resource fold into the newest, and what was folded: of the newer delivery a packed list, of the
-- older one the id of the one it was folded into.

ALTER TABLE subscription ADD COLUMN folds_updates INTEGER NOT NULL DEFAULT 0;
ALTER TABLE pending ADD COLUMN is_update INTEGER NOT NULL DEFAULT 0; -- its action only says that there is a newer state
ALTER TABLE pending ADD COLUMN folded BLOB; -- packed
ALTER TABLE done ADD COLUMN folded BLOB; -- packed
ALTER TABLE done ADD COLUMN folded_into BLOB;
