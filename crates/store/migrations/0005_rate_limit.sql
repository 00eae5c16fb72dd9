-- Deliveries a second that a subscription's endpoint takes, and how long a waiting delivery has held its lane.

ALTER TABLE subscription ADD COLUMN rate_limit INTEGER;

-- Milliseconds in which its endpoint was available, up to its last attempt.
ALTER TABLE pending ADD COLUMN lane_held INTEGER NOT NULL DEFAULT 0;
