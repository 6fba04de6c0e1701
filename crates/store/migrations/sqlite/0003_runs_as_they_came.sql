-- Runs by place, as events are: a slice of rows then fills pages one after the other, however many organizations its runs
-- belong to. By (org, seq) each run had a page of its own to dirty. `prev` is the place
-- of the organization's run before it, 0 for none, so a list is a walk and needs no index.
ALTER TABLE run RENAME TO run_by_seq;
DROP INDEX run_unsettled;
DROP INDEX run_of_task;
CREATE TABLE run (
  n INTEGER PRIMARY KEY,
  org INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  prev INTEGER NOT NULL,
  id TEXT NOT NULL,
  status TEXT NOT NULL,
  task TEXT,
  body TEXT NOT NULL
) STRICT;
INSERT INTO run (n, org, seq, prev, id, status, task, body)
  SELECT row_number() OVER whole, org, seq,
    CASE row_number() OVER own WHEN 1 THEN 0 ELSE row_number() OVER whole - 1 END, id, status, task, body
  FROM run_by_seq WINDOW whole AS (ORDER BY org, seq), own AS (PARTITION BY org ORDER BY seq);
DROP TABLE run_by_seq;
CREATE INDEX run_unsettled ON run (org, status, seq) WHERE status <> 'settled';
CREATE INDEX run_of_task ON run (org, task, seq) WHERE task IS NOT NULL;

-- Where to start walking back without going through all runs: the place of every 256th of an organization.
CREATE TABLE run_landmark (
  org INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  n INTEGER NOT NULL,
  PRIMARY KEY (org, seq)
) STRICT, WITHOUT ROWID;
INSERT INTO run_landmark (org, seq, n)
  SELECT org, seq, n FROM (SELECT org, seq, n, row_number() OVER (PARTITION BY org ORDER BY n) AS nth FROM run)
  WHERE nth % 256 = 0;

-- How many runs have rows, and where the last of them is.
ALTER TABLE organization ADD COLUMN runs INTEGER NOT NULL DEFAULT 0;
ALTER TABLE organization ADD COLUMN last_run INTEGER NOT NULL DEFAULT 0;
UPDATE organization SET runs = own.runs, last_run = own.last_run
  FROM (SELECT org, count(*) AS runs, max(n) AS last_run FROM run GROUP BY org) AS own
  WHERE own.org = organization.n;

-- Keys of run ids lead to places now, in chunks too: h, org and n of 8 bytes (the store fills them in after this).
DELETE FROM run_chunk;
DELETE FROM run_segment;
DROP TABLE run_key;
CREATE TABLE run_key (
  n INTEGER PRIMARY KEY,
  h INTEGER NOT NULL,
  org INTEGER NOT NULL,
  run INTEGER NOT NULL
) STRICT;
