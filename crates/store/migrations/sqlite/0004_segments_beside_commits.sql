-- A segment of run ids is written beside commits, a few chunks at a time, and its keys are removed from run_key as slowly:
-- those with a number up to `through` are in segments. All keys of a commit are in one row, whose number is the last one's: 24
-- bytes for each, as in run_chunk. The list is filled in anew from the runs.
DELETE FROM run_chunk;
DROP TABLE run_segment;
CREATE TABLE run_segment (
  segment INTEGER PRIMARY KEY,
  chunks INTEGER NOT NULL,
  bits BLOB NOT NULL,
  through INTEGER NOT NULL
) STRICT;
DROP TABLE run_key;
CREATE TABLE run_key (
  n INTEGER PRIMARY KEY,
  keys BLOB NOT NULL
) STRICT;
