-- What nearly every operation changes is in one row: the unspent grants that are next (the first 8 in the order of R3.6), and the sums
-- of the last hour. Other grants have rows of their own; sums of earlier hours are in `tally`.
--
-- No server of an older version can work beside one of this: it would miss grants. The column that it looks for and the functions
-- that it calls have other names, so it answers that it is unavailable; one that is in the middle of a call is waited for.
LOCK TABLE coulomb.organization, coulomb.grants IN ACCESS EXCLUSIVE MODE;

ALTER TABLE coulomb.grants RENAME COLUMN live TO unspent;
ALTER TABLE coulomb.organization ADD COLUMN grants text NOT NULL DEFAULT '[]', ADD COLUMN tally text NOT NULL DEFAULT '[]';

UPDATE coulomb.organization AS o SET grants = next.bodies FROM (
    SELECT slot, org, '[' || string_agg(body, ',' ORDER BY nth) || ']' AS bodies FROM (
      SELECT slot, org, body, row_number() OVER by_use AS nth FROM coulomb.grants WHERE unspent
      WINDOW by_use AS (PARTITION BY slot, org ORDER BY (body::json ->> 'priority')::bigint,
        (body::json ->> 'expires_at')::bigint NULLS LAST, (body::json ->> 'effective_at')::bigint, seq)
    ) AS u WHERE nth <= 8 GROUP BY slot, org
  ) AS next WHERE o.slot = next.slot AND o.org = next.org;
ALTER TABLE coulomb.organization ALTER COLUMN grants DROP DEFAULT, ALTER COLUMN tally DROP DEFAULT;
DELETE FROM coulomb.grants AS g USING coulomb.organization AS o, json_array_elements(o.grants::json) AS next
  WHERE g.slot = o.slot AND g.org = o.org AND g.seq = (next ->> 'seq')::bigint;

-- Of the version before; those of this one are made when all tables are there.
DROP FUNCTION IF EXISTS coulomb.commit_3;
DROP FUNCTION IF EXISTS coulomb.commit_slot_3;
