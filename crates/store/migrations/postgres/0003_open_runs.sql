-- Runs that run have a table of their own. A run that ends moves to the others, where its row is written once and into
-- indexes that tell nothing of how it ran: a status that changes in place would enter the row into all of them again.
--
-- No server of an older version can work beside one of this: what it would look for under the old name is not there, so
-- it answers that it is unavailable, and never from half of the runs. One that is in the middle of a call is waited for, and
-- the next finds nothing: between the copy and the deletion nobody may start or end a run.
LOCK TABLE coulomb.run IN ACCESS EXCLUSIVE MODE;

CREATE TABLE coulomb.open_run (
  slot smallint NOT NULL,
  org text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  seq bigint NOT NULL,
  task text COLLATE "C",
  body text NOT NULL,
  PRIMARY KEY (slot, org, id)
) WITH (fillfactor = 85);

INSERT INTO coulomb.open_run (slot, org, id, seq, task, body)
SELECT slot, org, id, seq, task, body FROM coulomb.run WHERE status = 'running' AND status <> 'settled';
DELETE FROM coulomb.run WHERE status = 'running' AND status <> 'settled';

-- Also those that have lapsed, and may still be settled.
ALTER TABLE coulomb.run RENAME TO closed_run;
ALTER INDEX coulomb.run_pkey RENAME TO closed_run_pkey;
ALTER INDEX coulomb.run_by_seq RENAME TO closed_run_by_seq;
ALTER INDEX coulomb.run_unsettled RENAME TO closed_run_unsettled;
ALTER INDEX coulomb.run_of_task RENAME TO closed_run_of_task;

-- Of the version before; those of this one are made when all tables are there.
DROP FUNCTION IF EXISTS coulomb.commit_2;
DROP FUNCTION IF EXISTS coulomb.commit_slot_2;
