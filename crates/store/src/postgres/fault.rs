//! PostgreSQL's errors, by what whoever meets them can do.

use crate::Fault;
use deadpool_postgres::PoolError;
use std::collections::BTreeSet;
use tokio_postgres::{Error, error::SqlState};

/// What went wrong with one call to the database.
#[derive(Debug)]
pub(super) enum Trouble {
    /// It was not done, and may be tried again: a conflict, a server that is starting or no longer the primary.
    NotDone(String),
    /// It may have been done: the answer was lost.
    Unknown(String),
    /// Somebody else was faster on these organizations, by their places in the call; nothing of it was done.
    Stale(Vec<usize>),
    /// Trying again will not help.
    Fault(Fault),
}

/// What `commit.sql` raises.
const STALE: &str = "CB001";

impl From<Error> for Trouble {
    fn from(error: Error) -> Trouble {
        let Some(said) = error.as_db_error() else {
            // The connection broke, or what it brought could not be read.
            let text = chain(&error);
            return match error.is_closed()
                || std::error::Error::source(&error).is_some_and(|why| why.is::<std::io::Error>())
            {
                true => Trouble::Unknown(text),
                false => Trouble::Fault(Fault::Damaged(text)),
            };
        };
        let text = format!("{} ({})", said.message(), said.code().code());
        match said.code().code() {
            STALE => Trouble::Stale(places(said.detail().unwrap_or_default())),
            // The connection ends, and with it perhaps only the answer. 40003 says so outright.
            "57P01" | "57P02" | "57P04" | "57P05" | "40003" | "08006" | "08007" => Trouble::Unknown(text),
            // A primary that has become a standby, or is starting.
            "25006" | "57P03" => Trouble::NotDone(text),
            code => match &code[..2] {
                // Connections, conflicts, limits, interventions, what the machine refuses.
                "08" | "40" | "53" | "55" | "57" | "58" => Trouble::NotDone(text),
                _ => Trouble::Fault(permanent(said.code(), text)),
            },
        }
    }
}

impl From<PoolError> for Trouble {
    fn from(error: PoolError) -> Trouble {
        match error {
            PoolError::Backend(error) => match Trouble::from(error) {
                // There was no connection yet, so nothing was asked.
                Trouble::Unknown(text) => Trouble::NotDone(text),
                other => other,
            },
            other => Trouble::NotDone(format!("no connection to the database: {other}")),
        }
    }
}

impl From<Fault> for Trouble {
    fn from(fault: Fault) -> Trouble {
        Trouble::Fault(fault)
    }
}

impl From<Trouble> for Fault {
    fn from(trouble: Trouble) -> Fault {
        match trouble {
            Trouble::NotDone(text) => Fault::Unavailable(text),
            Trouble::Unknown(text) => Fault::Unknown(text),
            Trouble::Stale(_) => Fault::Unavailable("another server was faster".into()),
            Trouble::Fault(fault) => fault,
        }
    }
}

fn permanent(code: &SqlState, text: String) -> Fault {
    match code.code() {
        "3F000" | "42P01" | "42883" => {
            Fault::Unavailable(format!("{text}: bring its schema up to date with `coulomb migrate`"))
        }
        code => match &code[..2] {
            // No such database, wrong password, no permission: for people to put right.
            "28" | "3D" | "42" => Fault::Unavailable(text),
            _ => Fault::Damaged(text),
        },
    }
}

/// An error with its causes, which is where the useful part is.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(why) = cause {
        text = format!("{text}: {why}");
        cause = why.source();
    }
    text
}

/// Places that SQL counts from 1, in their order, each once.
fn places(detail: &str) -> Vec<usize> {
    let places = detail.split(',').filter_map(|place| place.parse::<usize>().ok()?.checked_sub(1));
    places.collect::<BTreeSet<usize>>().into_iter().collect()
}
