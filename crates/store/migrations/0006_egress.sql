-- What is sent to targets and known of them: added headers, verification, certificates.

ALTER TABLE subscription ADD COLUMN headers BLOB; -- sealed by the organization's data key; none when there are no headers
ALTER TABLE subscription ADD COLUMN verification TEXT NOT NULL DEFAULT 'none';
ALTER TABLE subscription ADD COLUMN verified_at INTEGER;
ALTER TABLE subscription ADD COLUMN verification_failure TEXT;
ALTER TABLE subscription ADD COLUMN deliveries_per_minute INTEGER; -- what a verified target allows

-- The certificates that receivers showed last.
CREATE TABLE certificate (
    organization INTEGER NOT NULL,
    authority    TEXT NOT NULL, -- host and port
    expires_at   INTEGER NOT NULL,
    noted_days   INTEGER, -- so many days before its end it was noted last
    PRIMARY KEY (organization, authority)
) STRICT, WITHOUT ROWID;
