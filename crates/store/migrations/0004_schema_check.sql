-- What is done with published resources that do not fit the schema of their kind: off, warn or reject.

ALTER TABLE organization ADD COLUMN schema_check TEXT NOT NULL DEFAULT 'warn';
