//! Every statement that the store ever sends, but for those that set a connection up and make the schema (`open`). What
//! [`ALL`] has prepared once fits the schema.
//!
//! Each organization has a number in its database, and those on one organization have it first.

macro_rules! statements {
    ($($(#[$what:meta])* $name:ident = $text:expr;)*) => {
        $($(#[$what])* pub(super) const $name: &str = $text;)*

        /// All of them, by name.
        #[cfg(test)]
        pub(super) const ALL: &[(&str, &str)] = &[$((stringify!($name), $name)),*];
    };
}

/// A page of bodies of one organization, newest first: `?2` is where to begin, `?3` how many.
macro_rules! page {
    ($table:literal, $filter:literal) => {
        concat!(
            "SELECT seq, body FROM ",
            $table,
            " WHERE org = ?1 AND seq < ?2",
            $filter,
            " ORDER BY seq DESC LIMIT ?3"
        )
    };
}

statements! {
    META = "SELECT value FROM meta WHERE key = ?1";
    SET_META = "INSERT INTO meta (key, value) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET value = excluded.value";

    APPEND = "INSERT INTO event (pos, org, seq, at, prev, hash, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    MARK_LAND = "INSERT INTO landmark (org, seq, pos) VALUES (?1, ?2, ?3)";
    LANDMARK = "SELECT pos FROM landmark WHERE org = ?1 AND seq >= ?2 ORDER BY seq LIMIT 1";
    EVENT = "SELECT org, seq, prev, hash, body FROM event WHERE pos = ?1";
    /// Whether an event is this one.
    IS_EVENT = "SELECT count(*) FROM event WHERE pos = ?1 AND hash = ?2";
    LAST_PLACE = "SELECT max(pos) FROM event";
    JOURNAL = "SELECT pos, org, seq, prev, at, hash, body FROM event ORDER BY pos";
    PLACES_AFTER = "SELECT pos, org FROM event WHERE pos > ?1 ORDER BY pos";

    NEW_ORGANIZATION = "INSERT INTO organization (id, slot) VALUES (?1, ?2)";
    /// Most rows that are written are due when they were due before: then no index has to be touched.
    WRITE_ORGANIZATION = "UPDATE organization
        SET version = ?2, pos = ?3, hash = ?4, name = ?6, body = ?7, grants = ?8, tally = ?9, runs = ?10, last_run = ?11,
          apart = ?12
        WHERE n = ?1 AND next_due IS ?5";
    WRITE_DUE_ORGANIZATION = "UPDATE organization
        SET version = ?2, pos = ?3, hash = ?4, next_due = ?5, name = ?6, body = ?7, grants = ?8, tally = ?9, runs = ?10,
          last_run = ?11, apart = ?12 WHERE n = ?1";
    ORGANIZATION = "SELECT n, version, pos, hash, runs, last_run, id, apart, body, grants, tally
        FROM organization WHERE id = ?1";
    /// The same, found without the index of ids.
    ORGANIZATION_AT = "SELECT n, version, pos, hash, runs, last_run, id, apart, body, grants, tally
        FROM organization WHERE n = ?1";
    ORGANIZATION_NUMBERS = "SELECT n, id, version, pos FROM organization ORDER BY n";
    /// One that has its number already.
    NUMBERED_ORGANIZATION = "INSERT INTO organization (n, id, slot) VALUES (?1, ?2, ?3)";
    VERSION = "SELECT version FROM organization WHERE n = ?1";
    ORGANIZATION_ID = "SELECT id FROM organization WHERE n = ?1";
    /// An account's live parts that have rows of their own.
    LIVE = "SELECT 1, body FROM run WHERE org = ?1 AND status = 'running' AND status <> 'settled'
        UNION ALL SELECT 2, body FROM grants WHERE org = ?1 AND unspent = 1
        UNION ALL SELECT 3, body FROM debt WHERE org = ?1 AND live = 1
        UNION ALL SELECT 4, body FROM payment WHERE org = ?1 AND live = 1";

    // Parts by name.
    /// A grant, and whether it has a row of its own.
    GRANT = "SELECT body, 1 FROM grants WHERE org = ?1 AND id = ?2
        UNION ALL SELECT g.value, 0 FROM organization, json_each(grants) g WHERE n = ?1 AND g.value ->> 'id' = ?2";
    DEBT = "SELECT body FROM debt WHERE org = ?1 AND id = ?2";
    DEBTS_OF_PAYMENT = "SELECT body FROM debt WHERE org = ?1 AND payment = ?2";
    PAYMENT = "SELECT body FROM payment WHERE org = ?1 AND id = ?2";
    PAYMENT_OF_FACT = "SELECT payment FROM payment_fact WHERE org = ?1 AND kind = ?2 AND id = ?3";
    ANSWER = "SELECT body FROM answer WHERE org = ?1 AND key = ?2";
    RUN = "SELECT body FROM run WHERE n = ?2 AND org = ?1 AND id = ?3";

    NEW_RUN = "INSERT INTO run (org, seq, prev, id, status, task, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    /// Only what is not settled or released changes. The last condition lets SQLite use the index of those.
    CHANGE_RUN = "UPDATE run SET status = ?3, body = ?4
        WHERE org = ?1 AND seq = ?2 AND status IN ('running', 'lapsed') AND status <> 'settled'";
    MARK_RUN = "INSERT INTO run_landmark (org, seq, n) VALUES (?1, ?2, ?3)";
    RUN_LANDMARK = "SELECT n FROM run_landmark WHERE org = ?1 AND seq >= ?2 ORDER BY seq LIMIT 1";
    LAST_RUN = "SELECT last_run FROM organization WHERE n = ?1";
    /// A step of the walk through an organization's runs.
    RUN_AT = "SELECT org, seq, prev, status, body FROM run WHERE n = ?1";
    WRITE_GRANT = "INSERT INTO grants (org, seq, id, payment, unspent, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
        ON CONFLICT (org, seq) DO UPDATE SET unspent = excluded.unspent, body = excluded.body";
    DELETE_GRANT = "DELETE FROM grants WHERE org = ?1 AND seq = ?2";
    WRITE_DEBT = "INSERT INTO debt (org, seq, id, payment, live, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
        ON CONFLICT (org, seq) DO UPDATE SET live = excluded.live, body = excluded.body";
    WRITE_PAYMENT = "INSERT INTO payment (org, seq, id, live, body) VALUES (?1, ?2, ?3, ?4, ?5)
        ON CONFLICT (org, seq) DO UPDATE SET live = excluded.live, body = excluded.body";
    WRITE_FACT = "INSERT INTO payment_fact (org, kind, id, payment) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING";
    /// One that was recalled is at hand and was written before.
    WRITE_ANSWER = "INSERT INTO answer (org, key, body) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
    WRITE_REFUSAL = "INSERT INTO refusal (org, seq, body) VALUES (?1, ?2, ?3)";
    COUNT = "INSERT INTO tally (org, hour, kind, member, task, credits, runs, refused)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
        ON CONFLICT DO UPDATE SET credits = credits + excluded.credits, runs = runs + excluded.runs,
        refused = refused + excluded.refused";

    // Run ids for ever.
    SEGMENTS = "SELECT segment, chunks, bits, through FROM run_segment ORDER BY segment";
    LAST_SEGMENT = "SELECT max(segment) FROM run_segment";
    CLOSE_SEGMENT = "INSERT INTO run_segment (segment, chunks, bits, through) VALUES (?1, ?2, ?3, ?4)";
    CHUNK = "SELECT keys FROM run_chunk WHERE n = ?1";
    /// It is there where a segment was half written when the server stopped; the same keys make the same chunks.
    WRITE_CHUNK = "INSERT INTO run_chunk (n, keys) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET keys = excluded.keys";
    NEW_RUN_KEYS = "INSERT INTO run_key (n, keys) VALUES (?1, ?2)";
    /// The number before the first of them.
    FIRST_RUN_KEY = "SELECT n - length(keys) / 24 FROM run_key ORDER BY n LIMIT 1";
    RUN_KEYS_AFTER = "SELECT n, keys FROM run_key WHERE n > ?1 ORDER BY n";
    RUN_KEYS = "SELECT keys FROM run_key";
    RUN_IDS = "SELECT n, org, id FROM run ORDER BY n";
    FORGET_RUN_KEYS = "DELETE FROM run_key WHERE n <= ?1";

    GRANTS = "SELECT seq, body FROM grants WHERE org = ?1 AND seq < ?2
        UNION ALL SELECT g.value ->> 'seq', g.value FROM organization, json_each(grants) g
          WHERE n = ?1 AND g.value ->> 'seq' < ?2
        ORDER BY seq DESC LIMIT ?3";
    PAYMENTS = page!("payment", "");
    DEBTS = page!("debt", "");
    OPEN_DEBTS = page!("debt", " AND live = 1");
    REFUSALS = page!("refusal", "");
    /// The second condition on status lets SQLite use the index of runs that are not settled; so below.
    UNSETTLED_RUNS = page!("run", " AND status = ?4 AND status <> 'settled'");
    RUNS_OF_TASK = page!("run", " AND task = ?4");
    SETTLED_RUNS_OF_TASK = page!("run", " AND task = ?4 AND status = 'settled'");
    UNSETTLED_RUNS_OF_TASK = page!("run", " AND task = ?4 AND status = ?5 AND status <> 'settled'");
    /// Those that have moved to their table. The others are in [`TALLY`].
    USAGE = "SELECT hour, kind, member, task, credits, runs, refused FROM tally
        WHERE org = ?1 AND hour >= ?2 AND hour < ?3 ORDER BY hour, kind, member, task";
    TALLY = "SELECT tally FROM organization WHERE n = ?1";

    // Across all organizations.
    DUE = "SELECT id FROM organization WHERE next_due <= ?1 ORDER BY next_due LIMIT ?2";
    ORGANIZATIONS = "SELECT id, name, version FROM organization WHERE id > ?1 ORDER BY id LIMIT ?2";

    MEMO = "SELECT id, version, due, body FROM memo WHERE org = ?1 AND kind = ?2 AND id = ?3";
    MEMOS = "SELECT id, version, due, body FROM memo WHERE org = ?1 AND kind = ?2 AND id > ?3 ORDER BY id LIMIT ?4";
    MEMOS_BACKWARDS = "SELECT id, version, due, body FROM memo
        WHERE org = ?1 AND kind = ?2 AND (?3 IS NULL OR id < ?3) ORDER BY id DESC LIMIT ?4";
    DUE_MEMOS = "SELECT org, kind, id, version, due, body FROM memo WHERE kind = ?1 AND due <= ?2 ORDER BY due LIMIT ?3";
    ALL_MEMOS = "SELECT org, kind, id, version, due, body FROM memo
        WHERE (org, kind, id) > (?1, ?2, ?3) ORDER BY org, kind, id LIMIT ?4";
    NEW_MEMO = "INSERT INTO memo (org, kind, id, version, due, body) VALUES (?1, ?2, ?3, 1, ?4, ?5) ON CONFLICT DO NOTHING";
    CHANGE_MEMO = "UPDATE memo SET version = version + 1, due = ?4, body = ?5
        WHERE org = ?1 AND kind = ?2 AND id = ?3 AND version = ?6";
    FORGET_MEMO = "DELETE FROM memo WHERE org = ?1 AND kind = ?2 AND id = ?3 AND version = ?4";
    /// With the event that it is because of.
    WRITE_MEMO = "INSERT INTO memo (org, kind, id, version, due, body) VALUES (?1, ?2, ?3, 1, ?4, ?5)
        ON CONFLICT (org, kind, id) DO UPDATE SET version = version + 1, due = excluded.due, body = excluded.body";

    CREATE_KEY = "INSERT INTO api_key (id, name, scope, hash, created_at, revoked_at)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    KEYS = "SELECT id, name, scope, hash, created_at, revoked_at FROM api_key ORDER BY n";
    REVOKE_KEY = "UPDATE api_key SET revoked_at = ?2 WHERE id = ?1 AND revoked_at IS NULL";

    CHECKPOINT = "PRAGMA wal_checkpoint(PASSIVE)";
    CHECKPOINT_ALL = "PRAGMA wal_checkpoint(FULL)";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_statement_fits_the_schema_that_the_migrations_add_up_to() {
        let conn = super::super::open::in_memory().expect("it opens");
        for (name, text) in ALL {
            conn.prepare(text).unwrap_or_else(|error| panic!("{name}: {error}"));
        }
    }
}
