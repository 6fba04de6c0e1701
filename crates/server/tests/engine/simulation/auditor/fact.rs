//! One stored event, read as what it is on disk: JSON with names and whole numbers.

use super::Wrong;
use serde_json::Value;

/// Something that an event says, or a part of it.
#[derive(Clone, Copy, Debug)]
pub struct Fact<'a>(pub &'a Value);

/// So many micro-credits of a grant.
pub type Taken = (String, i64);

impl<'a> Fact<'a> {
    /// A part of it; nothing where it is left out.
    pub fn part(self, name: &str) -> Option<Fact<'a>> {
        self.0.get(name).filter(|part| !part.is_null()).map(Fact)
    }

    /// A text that is always there.
    pub fn text(self, name: &str) -> Result<&'a str, Wrong> {
        self.optional_text(name).ok_or_else(|| self.lacks(name))
    }

    pub fn optional_text(self, name: &str) -> Option<&'a str> {
        self.0.get(name)?.as_str()
    }

    /// A whole number that is always there.
    pub fn int(self, name: &str) -> Result<i64, Wrong> {
        self.optional_int(name).ok_or_else(|| self.lacks(name))
    }

    pub fn optional_int(self, name: &str) -> Option<i64> {
        self.0.get(name)?.as_i64()
    }

    /// An amount, which is left out where it is nothing.
    pub fn amount(self, name: &str) -> i64 {
        self.optional_int(name).unwrap_or(0)
    }

    /// Credits of named grants, left out where there are none.
    pub fn takes(self, name: &str) -> Result<Vec<Taken>, Wrong> {
        let list = self.0.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        list.iter()
            .map(|take| Ok((Fact(take).text("grant")?.to_owned(), Fact(take).int("amount")?)))
            .collect()
    }

    fn lacks(self, name: &str) -> Wrong {
        Wrong { check: "events_say_what_happened", what: format!("there is no {name} in {}", self.0) }
    }
}

/// What these come to.
pub fn sum(takes: &[Taken]) -> i64 {
    takes.iter().map(|(_, amount)| amount).sum()
}
