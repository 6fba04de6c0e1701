//! PostgreSQL's schema as the database itself describes it, and what an engine that shards by a column would refuse in it.

use crate::opener::PostgresOpener;
use std::path::Path;
use xtask::postgres::query;

/// Tables with their columns and keys, then their other indexes, then the functions, each in SQL, by name.
const DESCRIBED: &str = r#"
WITH tables AS (
  SELECT c.oid, format('%I.%I', n.nspname, c.relname) AS name, array_to_string(c.reloptions, ', ') AS options
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname = 'coulomb' AND c.relkind IN ('r', 'p')
), lines AS (
  SELECT t.oid, 1 AS rank, a.attnum AS place, a.attname AS name,
    format('  %I %s', a.attname, format_type(a.atttypid, a.atttypmod))
    || CASE WHEN a.attcollation <> y.typcollation THEN format(' COLLATE %I', l.collname) ELSE '' END
    || CASE WHEN d.oid IS NOT NULL THEN ' DEFAULT ' || pg_get_expr(d.adbin, d.adrelid) ELSE '' END
    || CASE WHEN a.attidentity <> '' THEN ' GENERATED AS IDENTITY' ELSE '' END
    || CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END AS line
  FROM tables t JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
  JOIN pg_type y ON y.oid = a.atttypid
  LEFT JOIN pg_collation l ON l.oid = a.attcollation
  LEFT JOIN pg_attrdef d ON d.adrelid = t.oid AND d.adnum = a.attnum
  UNION ALL
  SELECT t.oid, 2, 0, c.conname, format('  CONSTRAINT %I %s', c.conname, pg_get_constraintdef(c.oid))
  FROM tables t JOIN pg_constraint c ON c.conrelid = t.oid AND c.contype <> 'n'
), described AS (
  SELECT t.name, 1 AS rank, '' AS part,
    format(E'CREATE TABLE %s (\n%s\n)%s;', t.name, string_agg(l.line, E',\n' ORDER BY l.rank, l.place, l.name),
      CASE WHEN t.options <> '' THEN format(' WITH (%s)', t.options) ELSE '' END) AS text
  FROM tables t JOIN lines l ON l.oid = t.oid GROUP BY t.name, t.options
  UNION ALL
  SELECT t.name, 2, i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid) || ';'
  FROM tables t JOIN pg_index i ON i.indrelid = t.oid
  WHERE NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.indexrelid)
  UNION ALL
  SELECT t.name, 3, g.tgname, pg_get_triggerdef(g.oid) || ';'
  FROM tables t JOIN pg_trigger g ON g.tgrelid = t.oid AND NOT g.tgisinternal
  UNION ALL
  SELECT format('%I.%I', n.nspname, p.proname), 4, '',
    format(E'CREATE FUNCTION %I.%I(\n  %s\n) RETURNS %s LANGUAGE %s;', n.nspname, p.proname,
      replace(pg_get_function_arguments(p.oid), ', ', E',\n  '), pg_get_function_result(p.oid), l.lanname)
  FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace JOIN pg_language l ON l.oid = p.prolang
  WHERE n.nspname = 'coulomb'
  UNION ALL
  SELECT format('%I.%I', n.nspname, c.relname), 5, '', format('-- relkind %s', c.relkind)
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname = 'coulomb' AND c.relkind NOT IN ('r', 'p', 'i', 'I', 't')
)
SELECT text FROM described ORDER BY rank = 4, name COLLATE "C", rank, part COLLATE "C"
"#;

#[test]
fn the_schema_of_postgresql_is_what_its_golden_file_says() {
    let opener = PostgresOpener::new();
    let schema = query(&opener.database.url, DESCRIBED).expect("the catalog answers") + "\n";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema/postgres.sql");
    if std::env::var("GOLDEN").as_deref() == Ok("write") {
        std::fs::write(&path, &schema).expect("the golden file is written");
    }
    let golden = std::fs::read_to_string(&path).expect("the golden file is there");
    assert_eq!(schema, golden, "if this is meant: cargo xtask golden, then read the diff");
}

#[test]
fn every_statement_is_one_that_postgresql_understands() {
    let prepared = PostgresOpener::new().postgres().prepare_all().expect("the database understands them");
    assert!(prepared > 25, "{prepared}");
}

#[test]
fn nothing_in_the_schema_needs_more_than_one_slot() {
    let opener = PostgresOpener::new();
    let asked = |what: &str| query(&opener.database.url, what).expect("the catalog answers");
    let of_ours = "n.nspname = 'coulomb'";
    // What is the same for every organization has no slot, and an engine keeps all of it everywhere.
    let without_slot = format!(
        "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE {of_ours} AND c.relkind IN ('r', 'p') AND NOT EXISTS
           (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'slot') ORDER BY 1"
    );
    assert_eq!(asked(&without_slot), "api_key\nmeta");

    let keys = "SELECT c.relname, k.indisprimary, array_to_string(array(
           SELECT pg_get_indexdef(k.indexrelid, place, false) FROM generate_series(1, k.indnkeyatts) place
         ), ',')
       FROM pg_index k JOIN pg_class c ON c.oid = k.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
       WHERE n.nspname = 'coulomb' AND k.indisunique AND c.relname NOT IN ('api_key', 'meta')";
    let keys = asked(keys);
    let keys: Vec<&str> = keys.lines().collect();
    let primary = keys.iter().filter(|key| key.contains("|t|")).count();
    assert!(primary == 12 && keys.len() > primary, "{keys:?}");
    for key in keys {
        let (_, columns) = key.rsplit_once('|').expect("a table, whether it is primary, and columns");
        assert!(format!("{columns},").starts_with("slot,org,"), "{key}");
    }

    for (what, statement) in [
        (
            "a constraint that is neither a primary key nor about one row",
            "SELECT c.conname FROM pg_constraint c JOIN pg_namespace n ON n.oid = c.connamespace
             WHERE n.nspname = 'coulomb' AND c.contype NOT IN ('p', 'c', 'n')",
        ),
        (
            "a sequence, or what else is neither a table nor an index",
            "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
             WHERE n.nspname = 'coulomb' AND c.relkind NOT IN ('r', 'i')",
        ),
        (
            "a column that the database fills",
            "SELECT c.relname, a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
             JOIN pg_namespace n ON n.oid = c.relnamespace
             WHERE n.nspname = 'coulomb' AND (a.attidentity <> '' OR a.attgenerated <> '' OR a.atthasdef)",
        ),
        (
            "a trigger",
            "SELECT t.tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
             JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'coulomb'",
        ),
        (
            "a rule or a view",
            "SELECT r.rulename FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class
             JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'coulomb'",
        ),
    ] {
        assert_eq!(asked(statement), "", "{what}");
    }
}
