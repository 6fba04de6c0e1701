//! Rebuilding: all tables are made again from the events alone, beside those that are there, and compared with them row by
//! row. What is found is said here; how tables are made again is each store's own (`sqlite::rebuild`, `postgres::rebuild`),
//! with the code that writes rows anyway.
//!
//! Events are the truth: where one of them is damaged there is nothing to rebuild from, and it is named instead.

mod compare;

pub(crate) use compare::{Cell, Shape, compare};

/// What rebuilding found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rebuilt {
    /// How many organizations there are.
    pub organizations: u64,
    /// How many events were folded, each after its hash was checked.
    pub events: u64,
    /// Every table there is.
    pub tables: Vec<Table>,
}

/// One table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// What it is called; several that are one index go by one name.
    pub name: String,
    /// How many rows it has as it was made again, or as it is where it is kept.
    pub rows: u64,
    /// What comparing it found.
    pub verdict: Verdict,
}

/// What became of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is what the events say, row by row.
    Equal,
    /// It is not.
    Differs {
        /// How many rows are missing, too many, or not as the events say.
        rows: u64,
        /// The first of them, in words.
        first: String,
    },
    /// It does not follow from events, and is kept as it is.
    Kept,
}

impl Rebuilt {
    /// Whether every table is what the events say.
    pub fn is_equal(&self) -> bool {
        self.tables.iter().all(|table| !matches!(table.verdict, Verdict::Differs { .. }))
    }
}
