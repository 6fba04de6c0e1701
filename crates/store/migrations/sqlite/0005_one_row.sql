-- What nearly every operation changes is in one row, and so on one page: the unspent grants that are next (the first 8 in the order
-- of R3.6), and the sums of the last hour. Other grants have rows of their own; sums of earlier hours are in `tally`.
ALTER TABLE grants RENAME COLUMN live TO unspent;
ALTER TABLE organization ADD COLUMN grants TEXT NOT NULL DEFAULT '[]';
ALTER TABLE organization ADD COLUMN tally TEXT NOT NULL DEFAULT '[]';
CREATE TEMP TABLE next_grant AS SELECT org, seq, nth, body FROM (
    SELECT org, seq, body, row_number() OVER (
      PARTITION BY org ORDER BY body ->> 'priority', coalesce(body ->> 'expires_at', 9223372036854775807),
        body ->> 'effective_at', seq
    ) AS nth
    FROM grants WHERE unspent = 1
  ) WHERE nth <= 8 ORDER BY org, nth;
UPDATE organization SET grants = next.bodies
  FROM (SELECT org, '[' || group_concat(body, ',' ORDER BY nth) || ']' AS bodies FROM next_grant GROUP BY org) AS next
  WHERE next.org = organization.n;
DELETE FROM grants WHERE (org, seq) IN (SELECT org, seq FROM next_grant);
DROP TABLE next_grant;
