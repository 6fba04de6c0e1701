//! Every statement that the store ever sends. Nothing else can be sent: so what [`ALL`] has prepared once on an engine,
//! that engine has seen whole.
//!
//! Each names the slot first. Those on one organization have it as `$1` and the organization as `$2`; those on many exist
//! twice, for any slots on one server and for one slot where an engine shards.

/// One statement, prepared once on each connection.
pub(super) struct Statement(pub(super) &'static str);

/// Everything that is read until [`END_SNAPSHOT`] is as it was at one instant.
pub(super) const BEGIN_SNAPSHOT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
pub(super) const END_SNAPSHOT: &str = "ROLLBACK";

macro_rules! statements {
    ($($(#[$what:meta])* $name:ident = $text:expr;)*) => {
        $($(#[$what])* pub(super) const $name: Statement = Statement($text);)*

        /// All of them, by name.
        pub(super) const ALL: &[(&str, Statement)] = &[$((stringify!($name), $name)),*];
    };
}

/// A page of bodies of one organization, newest first: `$3` is where to begin, `$4` how many.
macro_rules! page {
    ($table:literal, $filter:literal) => {
        concat!(
            "SELECT seq, body FROM coulomb.",
            $table,
            " WHERE slot = $1 AND org = $2 AND seq < $3",
            $filter,
            " ORDER BY seq DESC LIMIT $4"
        )
    };
}

/// The same of runs, open and closed. All open runs of the organization are read for it: most have few, and an index by
/// number would cost every start and every end.
macro_rules! page_of_runs {
    ($open:literal, $closed:literal) => {
        concat!(
            "SELECT seq, body FROM coulomb.open_run WHERE slot = $1 AND org = $2 AND seq < $3",
            $open,
            " UNION ALL (",
            page!("closed_run", $closed),
            ") ORDER BY seq DESC LIMIT $4"
        )
    };
}

/// A payment, found by a condition on its id, with its grant and its debts, at one version of its organization.
macro_rules! family {
    ($which:literal) => {
        concat!(
            "SELECT 'o' AS part, version, hash, NULL AS body FROM coulomb.organization WHERE slot = $1 AND org = $2
             UNION ALL SELECT 'p', 0, NULL, body FROM coulomb.payment WHERE slot = $1 AND org = $2 AND id ",
            $which,
            " UNION ALL SELECT 'g', 0, NULL, body FROM coulomb.grants WHERE slot = $1 AND org = $2 AND id IN
               (SELECT granted FROM coulomb.payment WHERE slot = $1 AND org = $2 AND id ",
            $which,
            ") UNION ALL SELECT 'n', 0, NULL, g::text FROM coulomb.organization, json_array_elements(grants::json) g
               WHERE slot = $1 AND org = $2 AND g ->> 'id' IN
               (SELECT granted FROM coulomb.payment WHERE slot = $1 AND org = $2 AND id ",
            $which,
            ") UNION ALL SELECT 'd', 0, NULL, body FROM coulomb.debt WHERE slot = $1 AND org = $2 AND payment ",
            $which
        )
    };
}

statements! {
    /// Where histories end, which closed runs exist, and which answers: all at one instant. Open runs come with the account.
    /// Each of them is looked up by itself: a plan for a join that was made while a table was nearly empty goes through all of it.
    LOOK = "SELECT 'o' AS part, u.n, o.version, o.hash, NULL AS body
          FROM unnest($1::smallint[], $2::text[]) WITH ORDINALITY AS u (slot, org, n)
          CROSS JOIN LATERAL (
            SELECT version, hash FROM coulomb.organization WHERE slot = u.slot AND org = u.org LIMIT 1) AS o
        UNION ALL SELECT 'r', u.n, 0, NULL, r.body
          FROM unnest($3::smallint[], $4::text[], $5::text[]) WITH ORDINALITY AS u (slot, org, run, n)
          CROSS JOIN LATERAL (
            SELECT body FROM coulomb.closed_run WHERE slot = u.slot AND org = u.org AND id = u.run LIMIT 1) AS r
        UNION ALL SELECT 'a', u.n, 0, NULL, a.body
          FROM unnest($6::smallint[], $7::text[], $8::text[]) WITH ORDINALITY AS u (slot, org, key, n)
          CROSS JOIN LATERAL (
            SELECT body FROM coulomb.answer WHERE slot = u.slot AND org = u.org AND answer.key = u.key LIMIT 1) AS a";
    LOOK_SLOT = "SELECT 'o' AS part, u.n, o.version, o.hash, NULL AS body
          FROM unnest($2::text[]) WITH ORDINALITY AS u (org, n)
          JOIN coulomb.organization o ON o.org = u.org WHERE o.slot = $1
        UNION ALL SELECT 'r', u.n, 0, NULL, r.body
          FROM unnest($3::text[], $4::text[]) WITH ORDINALITY AS u (org, run, n)
          JOIN coulomb.closed_run r ON r.org = u.org AND r.id = u.run WHERE r.slot = $1
        UNION ALL SELECT 'a', u.n, 0, NULL, a.body
          FROM unnest($5::text[], $6::text[]) WITH ORDINALITY AS u (org, key, n)
          JOIN coulomb.answer a ON a.org = u.org AND a.key = u.key WHERE a.slot = $1";

    /// An account: its row, with the grants that are next, and its live parts; a live payment comes with its grant and its
    /// debts.
    LOAD = "SELECT 'o' AS part, version, hash, body, grants, tally FROM coulomb.organization WHERE slot = $1 AND org = $2
        UNION ALL SELECT 'r', 0, NULL, body, NULL, NULL FROM coulomb.open_run WHERE slot = $1 AND org = $2
        UNION ALL SELECT 'g', 0, NULL, body, NULL, NULL FROM coulomb.grants WHERE slot = $1 AND org = $2 AND unspent
        UNION ALL SELECT 'g', 0, NULL, body, NULL, NULL FROM coulomb.grants
          WHERE slot = $1 AND org = $2 AND NOT unspent AND id IN
          (SELECT granted FROM coulomb.payment WHERE slot = $1 AND org = $2 AND live)
        UNION ALL SELECT 'd', 0, NULL, body, NULL, NULL FROM coulomb.debt WHERE slot = $1 AND org = $2 AND live
        UNION ALL SELECT 'd', 0, NULL, body, NULL, NULL FROM coulomb.debt
          WHERE slot = $1 AND org = $2 AND NOT live AND payment IN
          (SELECT id FROM coulomb.payment WHERE slot = $1 AND org = $2 AND live)
        UNION ALL SELECT 'p', 0, NULL, body, NULL, NULL FROM coulomb.payment WHERE slot = $1 AND org = $2 AND live";

    RUN = "SELECT body FROM coulomb.open_run WHERE slot = $1 AND org = $2 AND id = $3
        UNION ALL SELECT body FROM coulomb.closed_run WHERE slot = $1 AND org = $2 AND id = $3";
    /// A grant, and which payment it belongs to.
    GRANT = "SELECT 'o' AS part, version, hash, NULL AS payment, NULL AS body
          FROM coulomb.organization WHERE slot = $1 AND org = $2
        UNION ALL SELECT 'g', 0, NULL, payment, body FROM coulomb.grants WHERE slot = $1 AND org = $2 AND id = $3
        UNION ALL SELECT 'n', 0, NULL, g ->> 'payment', g::text
          FROM coulomb.organization, json_array_elements(grants::json) g
          WHERE slot = $1 AND org = $2 AND g ->> 'id' = $3";
    DEBT = "SELECT 'o' AS part, version, hash, NULL AS payment, NULL AS body
          FROM coulomb.organization WHERE slot = $1 AND org = $2
        UNION ALL SELECT 'd', 0, NULL, payment, body FROM coulomb.debt WHERE slot = $1 AND org = $2 AND id = $3";
    FAMILY = family!("= $3");
    FAMILY_OF_FACT = family!(
        "= (SELECT payment FROM coulomb.payment_fact WHERE slot = $1 AND org = $2 AND kind = $3 AND id = $4)"
    );

    /// Whether an event is this one.
    EVENT_HASH = "SELECT hash FROM coulomb.event WHERE slot = $1 AND org = $2 AND seq = $3";
    /// The next organization that has events.
    NEXT_HISTORY = "SELECT slot, org FROM coulomb.event WHERE (slot, org) > ($1, $2) ORDER BY slot, org LIMIT 1";
    /// Where a history ends whose organization's row has seen another event after it.
    SHORT_HISTORY = "SELECT e.seq, o.version FROM coulomb.organization o JOIN coulomb.event e ON e.slot = o.slot AND e.org = o.org
        WHERE o.slot = $1 AND o.org = $2 AND o.version > e.seq AND o.hash <> e.hash
          AND e.seq = (SELECT max(seq) FROM coulomb.event WHERE slot = $1 AND org = $2)";
    /// Organizations whose whole history is gone.
    NO_HISTORY = "SELECT o.org FROM coulomb.organization o WHERE NOT EXISTS
        (SELECT FROM coulomb.event e WHERE e.slot = o.slot AND e.org = o.org AND e.seq >= 1) LIMIT 1";
    EVENTS = "SELECT seq, hash, body FROM coulomb.event
        WHERE slot = $1 AND org = $2 AND seq > $3 ORDER BY seq LIMIT $4";

    GRANTS = "SELECT (g ->> 'seq')::bigint AS seq, g::text AS body
          FROM coulomb.organization, json_array_elements(grants::json) g
          WHERE slot = $1 AND org = $2 AND (g ->> 'seq')::bigint < $3
        UNION ALL (SELECT seq, body FROM coulomb.grants WHERE slot = $1 AND org = $2 AND seq < $3 ORDER BY seq DESC LIMIT $4)
        ORDER BY seq DESC LIMIT $4";
    PAYMENTS = page!("payment", "");
    DEBTS = page!("debt", "");
    OPEN_DEBTS = page!("debt", " AND live");
    REFUSALS = page!("refusal", "");
    RUNS = page_of_runs!("", " AND seq > 0");
    RUNNING_RUNS = page!("open_run", "");
    SETTLED_RUNS = page!("closed_run", " AND seq > 0 AND status = 'settled'");
    UNSETTLED_RUNS = page!("closed_run", " AND status = $5 AND status <> 'settled'");
    RUNS_OF_TASK = page_of_runs!(" AND task = $5", " AND task = $5");
    RUNNING_RUNS_OF_TASK = page!("open_run", " AND task = $5");
    CLOSED_RUNS_OF_TASK = page!("closed_run", " AND task = $5 AND status = $6");
    /// Sums that have moved to their table, and those that are in the organization's row.
    USAGE = "SELECT hour, kind, member, task, credits, runs, refused, NULL AS tally FROM coulomb.tally
          WHERE slot = $1 AND org = $2 AND hour >= $3 AND hour < $4
        UNION ALL SELECT 0, NULL, NULL, NULL, 0, 0, 0, tally FROM coulomb.organization WHERE slot = $1 AND org = $2";

    // The only ones across all organizations; no commit waits for them.
    DUE = "SELECT org FROM coulomb.organization WHERE next_due <= $1 ORDER BY next_due LIMIT $2";
    ORGANIZATIONS = "SELECT org, name, version FROM coulomb.organization WHERE org > $1 ORDER BY org LIMIT $2";

    MEMO = "SELECT id, version, due, body FROM coulomb.memo WHERE slot = $1 AND org = $2 AND kind = $3 AND id = $4";
    MEMOS = "SELECT id, version, due, body FROM coulomb.memo
        WHERE slot = $1 AND org = $2 AND kind = $3 AND id > $4 ORDER BY id LIMIT $5";
    MEMOS_BACKWARDS = "SELECT id, version, due, body FROM coulomb.memo
        WHERE slot = $1 AND org = $2 AND kind = $3 AND ($4::text IS NULL OR id < $4) ORDER BY id DESC LIMIT $5";
    KEEP = "SELECT coulomb.keep_2($1, $2, $3, $4, $5, $6, $7, $8)";
    // Across all organizations, like those above.
    DUE_MEMOS = "SELECT org, kind, id, version, due, body FROM coulomb.memo
        WHERE kind = $1 AND due <= $2 ORDER BY due LIMIT $3";
    ALL_MEMOS = "SELECT org, kind, id, version, due, body FROM coulomb.memo
        WHERE (slot, org, kind, id) > ($1, $2, $3, $4) ORDER BY slot, org, kind, id LIMIT $5";

    CREATE_KEY = "INSERT INTO coulomb.api_key (id, name, scope, hash, created_at, revoked_at)
        VALUES ($1, $2, $3, $4, $5, $6)";
    KEYS = "SELECT id, name, scope, hash, created_at, revoked_at FROM coulomb.api_key ORDER BY created_at, id";
    REVOKE_KEY = "UPDATE coulomb.api_key SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL";

    /// One commit (`commit.sql`), for organizations of any slots.
    COMMIT = "SELECT coulomb.commit_5($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17,
        $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, $35, $36, $37, $38,
        $39, $40, $41, $42, $43, $44, $45, $46, $47, $48, $49, $50, $51, $52, $53, $54, $55, $56, $57, $58, $59,
        $60, $61, $62, $63, $64, $65, $66, $67, $68, $69, $70, $71, $72, $73, $74, $75, $76, $77, $78)";
    /// One commit for organizations of one slot. Alone in its transaction, an engine that shards runs it where the slot is.
    COMMIT_SLOT = "SELECT coulomb.commit_slot_5($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15,
        $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, $35, $36,
        $37, $38, $39, $40, $41, $42, $43, $44, $45, $46, $47, $48, $49, $50, $51, $52, $53, $54, $55, $56, $57,
        $58, $59, $60, $61, $62, $63, $64, $65, $66, $67, $68, $69, $70, $71, $72, $73, $74, $75, $76, $77, $78)";
}
