//! Two tables of the same shape, gone through side by side in the order of their key. Which columns there are is read from
//! the database and not known here, so a column that is added is compared without anybody thinking of it.

use super::{Table, Verdict};
use crate::Fault;
use ledger::{
    account::{Answered, Core},
    debt::Debt,
    grant::Grant,
    payment::Payment,
    run::{RefusedStart, Run},
};
use serde::de::DeserializeOwned;
use std::{cmp::Ordering, fmt};

/// How much of a long text is shown: around where it differs.
const SHOWN: usize = 60;

/// What stands in one column of one row.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Cell {
    Null,
    Number(i64),
    Text(String),
    Bytes(Vec<u8>),
}

/// A table as the database describes it.
#[derive(Clone, Debug)]
pub(crate) struct Shape {
    pub(crate) name: String,
    pub(crate) columns: Vec<String>,
    /// The places in `columns` of those that are its key, in the key's order.
    pub(crate) key: Vec<usize>,
}

/// The rows of a table one after the other, in the order of its key.
pub(crate) type Rows<'a> = dyn FnMut() -> Result<Option<Vec<Cell>>, Fault> + 'a;

/// Compares what is stored with what was made again. `whose` names an organization that goes by a number.
pub(crate) fn compare(
    shape: &Shape,
    whose: &dyn Fn(i64) -> String,
    stored: &mut Rows<'_>,
    rebuilt: &mut Rows<'_>,
) -> Result<Table, Fault> {
    let (mut rows, mut wrong, mut first) = (0, 0, None);
    let (mut left, mut right) = (stored()?, rebuilt()?);
    loop {
        let order = match (&left, &right) {
            (None, None) => break,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(left), Some(right)) => shape.key_of(left).cmp(&shape.key_of(right)),
        };
        let difference = match (order, &left, &right) {
            (Ordering::Less, Some(row), _) => {
                Some(format!("{} is stored, and no event says so", shape.name_of(row, whose)))
            }
            (Ordering::Greater, _, Some(row)) => Some(format!("{} is missing", shape.name_of(row, whose))),
            (_, Some(stored), Some(rebuilt)) => shape.difference(stored, rebuilt, whose),
            // One of the two is there, or the loop has ended.
            _ => None,
        };
        if let Some(difference) = difference {
            wrong += 1;
            first.get_or_insert(difference);
        }
        rows += u64::from(order != Ordering::Less);
        if order != Ordering::Greater {
            left = stored()?;
        }
        if order != Ordering::Less {
            right = rebuilt()?;
        }
    }
    let verdict = first.map_or(Verdict::Equal, |first| Verdict::Differs { rows: wrong, first });
    Ok(Table { name: shape.name.clone(), rows, verdict })
}

impl Shape {
    fn key_of<'a>(&self, row: &'a [Cell]) -> Vec<&'a Cell> {
        self.key.iter().map(|column| &row[*column]).collect()
    }

    /// A row by its key, for people.
    fn name_of(&self, row: &[Cell], whose: &dyn Fn(i64) -> String) -> String {
        let part = |column: &usize| match (self.columns[*column].as_str(), &row[*column]) {
            ("org" | "n", Cell::Number(n)) => whose(*n),
            ("org", Cell::Text(id)) => format!("organization {id}"),
            (name, cell) => format!("{name} {cell}"),
        };
        let named = self.key.iter().filter(|column| self.columns[**column] != "slot").map(part);
        named.collect::<Vec<_>>().join(", ")
    }

    /// In which column two rows with one key differ, and how.
    fn difference(&self, stored: &[Cell], rebuilt: &[Cell], whose: &dyn Fn(i64) -> String) -> Option<String> {
        let pairs = self.columns.iter().zip(stored.iter().zip(rebuilt));
        let mut wrong = pairs.filter(|(column, (stored, rebuilt))| {
            stored != rebuilt && !means_the_same(&self.name, column, stored, rebuilt)
        });
        let (column, (one, other)) = wrong.next()?;
        let name = self.name_of(stored, whose);
        let from = shared(one, other);
        Some(format!("{name}: {column} is {}, its events say {}", one.excerpt(from), other.excerpt(from)))
    }
}

/// What two cells may differ in although nothing is wrong.
fn means_the_same(table: &str, column: &str, stored: &Cell, rebuilt: &Cell) -> bool {
    match (table, column, stored, rebuilt) {
        // Whoever looks too early finds nothing due; nobody may look too late.
        ("organization", "next_due", Cell::Number(stored), Cell::Number(due)) => stored <= due,
        ("organization", "next_due", Cell::Number(_), Cell::Null) => true,
        // What an earlier version wrote may be worded in another way.
        ("organization", "grants", Cell::Text(stored), Cell::Text(rebuilt)) => {
            same::<Vec<Grant>>(stored, rebuilt)
        }
        (_, "body", Cell::Text(stored), Cell::Text(rebuilt)) => match table {
            "organization" => same::<Core>(stored, rebuilt),
            "grants" => same::<Grant>(stored, rebuilt),
            "run" | "open_run" | "closed_run" => same::<Run>(stored, rebuilt),
            "debt" => same::<Debt>(stored, rebuilt),
            "payment" => same::<Payment>(stored, rebuilt),
            "answer" => same::<Answered>(stored, rebuilt),
            "refusal" => same::<RefusedStart>(stored, rebuilt),
            _ => false,
        },
        _ => false,
    }
}

fn same<T: DeserializeOwned + PartialEq>(stored: &str, rebuilt: &str) -> bool {
    let read = |body| serde_json::from_str::<T>(body).ok();
    read(stored).is_some_and(|stored| Some(stored) == read(rebuilt))
}

/// How many characters two texts begin with in common.
fn shared(one: &Cell, other: &Cell) -> usize {
    match (one, other) {
        (Cell::Text(one), Cell::Text(other)) => {
            one.chars().zip(other.chars()).take_while(|(one, other)| one == other).count()
        }
        _ => 0,
    }
}

impl Cell {
    /// What stands in it, of a long text only what is around this place.
    fn excerpt(&self, place: usize) -> String {
        let Cell::Text(text) = self else { return self.to_string() };
        if text.chars().count() <= SHOWN {
            return self.to_string();
        }
        let from = place.saturating_sub(SHOWN / 2);
        let some: String = text.chars().skip(from).take(SHOWN).collect();
        format!("…{some}…")
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cell::Null => out.write_str("nothing"),
            Cell::Number(number) => write!(out, "{number}"),
            Cell::Text(text) => write!(out, "{text:?}"),
            Cell::Bytes(bytes) => bytes.iter().take(SHOWN / 2).try_for_each(|byte| write!(out, "{byte:02x}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(rows: &[(i64, &str)]) -> Vec<Vec<Cell>> {
        let row = |(seq, body): &(i64, &str)| {
            vec![Cell::Text("acme".into()), Cell::Number(*seq), Cell::Text((*body).into())]
        };
        rows.iter().map(row).collect()
    }

    #[track_caller]
    fn check(stored: &[(i64, &str)], rebuilt: &[(i64, &str)], expected: Verdict) {
        let columns = ["org", "seq", "body"].map(str::to_owned).into();
        let shape = Shape { name: "notes".into(), columns, key: vec![0, 1] };
        let (mut left, mut right) = (table(stored).into_iter(), table(rebuilt).into_iter());
        let found = compare(&shape, &|n| n.to_string(), &mut || Ok(left.next()), &mut || Ok(right.next()));
        let found = found.expect("nothing is read");
        assert_eq!((found.rows, found.verdict), (rebuilt.len() as u64, expected));
    }

    fn differs(rows: u64, first: &str) -> Verdict {
        Verdict::Differs { rows, first: first.into() }
    }

    #[test]
    fn rows_that_are_missing_too_many_or_changed_are_counted_and_the_first_is_named() {
        check(&[(1, "a"), (2, "b")], &[(1, "a"), (2, "b")], Verdict::Equal);
        check(&[(2, "b")], &[(1, "a"), (2, "b")], differs(1, "organization acme, seq 1 is missing"));
        check(&[], &[(1, "a"), (2, "b")], differs(2, "organization acme, seq 1 is missing"));
        let extra = "organization acme, seq 3 is stored, and no event says so";
        check(&[(1, "a"), (3, "c")], &[(1, "a")], differs(1, extra));
        let changed = "organization acme, seq 1: body is \"x\", its events say \"a\"";
        check(&[(1, "x"), (3, "c")], &[(1, "a"), (2, "b")], differs(3, changed));
    }

    #[test]
    fn of_a_long_text_the_place_where_it_differs_is_shown() {
        let (one, other) = ("a".repeat(500) + "1", "a".repeat(500) + "2");
        let tail = "a".repeat(30);
        let first = format!("organization acme, seq 1: body is …{tail}1…, its events say …{tail}2…");
        check(&[(1, &one)], &[(1, &other)], differs(1, &first));
    }
}
