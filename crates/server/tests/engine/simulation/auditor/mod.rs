//! The auditor: keeps books of its own of every organization and compares what was answered, what is stored, and what the
//! tables say. It reads events as bytes and numbers; nothing here asks the ledger what to expect.

mod answers;
mod books;
mod fact;
mod rows;
mod spending;

pub use answers::{Answer, Answers, Asked, is_newest};
pub use books::Books;

use std::fmt;
use store::Store;

/// What was found to be wrong, and by which check.
#[derive(Debug)]
pub struct Wrong {
    /// The check, by its name.
    pub check: &'static str,
    /// What it found.
    pub what: String,
}

impl fmt::Display for Wrong {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.check, self.what)
    }
}

/// All is well, or the first thing that is not.
pub type Verdict = Result<(), Wrong>;

/// This must be so.
fn must(so: bool, check: &'static str, what: impl FnOnce() -> String) -> Verdict {
    if so { Ok(()) } else { Err(Wrong { check, what: what() }) }
}

/// These must be the same.
fn same<T: PartialEq + fmt::Debug>(
    found: T,
    expected: T,
    check: &'static str,
    of: impl fmt::Display,
) -> Verdict {
    must(found == expected, check, || format!("{of}: {found:?}, and by the books {expected:?}"))
}

/// How many events are read at once.
const PAGE: usize = 500;

impl Books {
    /// Reads what was stored since these books were last brought up to date.
    pub fn read(&mut self, store: &dyn Store) -> Verdict {
        loop {
            let page = store
                .events(&self.organization, self.version, PAGE)
                .map_err(|fault| Wrong { check: "what_is_stored_can_be_read", what: fault.to_string() })?;
            if page.is_empty() {
                return must(self.left == 0, "a_decision_is_whole", || {
                    format!("after event {} {} more were to follow", self.version, self.left)
                });
            }
            for stored in page {
                self.enter(&stored)?;
            }
        }
    }
}
