-- When a resource was first accepted. Of those that are there it is known as long as their first action is.

ALTER TABLE resource ADD COLUMN created_at INTEGER;

UPDATE resource SET created_at =
    (SELECT accepted_at FROM action WHERE action.resource = resource.number AND action.version = 1 LIMIT 1);

-- Which instants of which resources a timer has fired for, so that it fires once even when the clock is set back. Instants first:
-- retention removes the oldest.

CREATE TABLE fired (
    due_at       INTEGER NOT NULL,
    organization INTEGER NOT NULL,
    kind         INTEGER NOT NULL,
    resource_id  TEXT NOT NULL,
    timer        INTEGER NOT NULL,
    PRIMARY KEY (due_at, organization, kind, resource_id, timer)
) STRICT, WITHOUT ROWID;

INSERT INTO fired SELECT due_at, organization, kind, resource_id, timer FROM firing WHERE fired = 1 AND timer IS NOT NULL;
DELETE FROM firing WHERE fired = 1;
DROP INDEX firing_by_due;
ALTER TABLE firing DROP COLUMN fired;
CREATE INDEX firing_by_due ON firing (due_at);
CREATE INDEX firing_by_turn ON firing (organization, due_at); -- organizations take turns when much is due
