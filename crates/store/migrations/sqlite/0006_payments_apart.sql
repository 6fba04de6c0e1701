-- A payment none of whose money was asked back is found when it is named, and not loaded with its account any more. And an
-- organization's row says whether its account has live parts with rows of their own: most have none, and nobody looks for them.
UPDATE payment SET live = 0
  WHERE live = 1 AND body ->> 'refunds' IS NULL AND body ->> 'disputes' IS NULL;
ALTER TABLE organization ADD COLUMN apart INTEGER NOT NULL DEFAULT 1;
CREATE TEMP TABLE live_apart (org INTEGER PRIMARY KEY);
INSERT OR IGNORE INTO live_apart SELECT org FROM run WHERE status = 'running' AND status <> 'settled';
INSERT OR IGNORE INTO live_apart SELECT org FROM grants WHERE unspent = 1;
INSERT OR IGNORE INTO live_apart SELECT org FROM debt WHERE live = 1;
INSERT OR IGNORE INTO live_apart SELECT org FROM payment WHERE live = 1;
UPDATE organization SET apart = 0 WHERE n NOT IN (SELECT org FROM live_apart);
DROP TABLE live_apart;
