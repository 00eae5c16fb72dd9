-- Hooks of the SimplyMeet.me API: the id they are known by there, and the secret their owner chose.

ALTER TABLE subscription ADD COLUMN simplymeet_uuid BLOB;
ALTER TABLE subscription ADD COLUMN shared_secret BLOB; -- sealed by the organization's data key

CREATE UNIQUE INDEX subscription_by_simplymeet_uuid ON subscription (organization, simplymeet_uuid)
    WHERE simplymeet_uuid IS NOT NULL;
