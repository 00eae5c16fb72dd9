-- Of a delivery that did not arrive: whether a replay has handed over its message since.

ALTER TABLE done ADD COLUMN handed_over INTEGER NOT NULL DEFAULT 0;

-- What a replay repeats is kept as sequence and receiver, big-endian, and its own number. Origin 3: a replay; state 1: delivered.
UPDATE done SET handed_over = 1
WHERE EXISTS (SELECT 1 FROM replay WHERE delivered > 0)
    AND state <> 1
    AND printf('%016X%08X', sequence, receiver) IN
        (SELECT hex(substr(replay, 1, 12)) FROM done WHERE origin = 3 AND state = 1);
