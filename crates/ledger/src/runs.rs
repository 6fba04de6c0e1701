//! The runs that an account has at hand, found by their ids.

use crate::{id::RunId, run::Run};
use std::collections::BTreeMap;

/// Runs by id. A busy account has thousands at hand and looks for one several times for each command: so before each id stands
/// a number that follows from it. Numbers are compared where they lie, and ids only where numbers are the same.
///
/// In boxes: a map makes room for eleven at once, and most accounts have one or two.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Runs(BTreeMap<(u64, RunId), Box<Run>>);

impl Runs {
    pub(crate) fn get(&self, id: &RunId) -> Option<&Run> {
        self.0.get(&key(id)).map(|run| &**run)
    }

    pub(crate) fn get_mut(&mut self, id: &RunId) -> Option<&mut Run> {
        self.0.get_mut(&key(id)).map(|run| &mut **run)
    }

    pub(crate) fn contains(&self, id: &RunId) -> bool {
        self.0.contains_key(&key(id))
    }

    pub(crate) fn insert(&mut self, run: Run) {
        self.0.insert(key(&run.id), Box::new(run));
    }

    pub(crate) fn remove(&mut self, id: &RunId) {
        self.0.remove(&key(id));
    }

    pub(crate) fn retain(&mut self, stays: impl Fn(&Run) -> bool) {
        self.0.retain(|_, run| stays(run));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn is_any_open(&self) -> bool {
        self.0.values().any(|run| !run.is_closed())
    }

    /// All of them, by id.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Run> {
        let mut runs: Vec<&Run> = self.0.values().map(|run| &**run).collect();
        runs.sort_unstable_by(|one, other| one.id.cmp(&other.id));
        runs.into_iter()
    }
}

/// An id behind its number: FNV-1a. Whoever chooses ids with the same number has them compared, and nothing worse.
fn key(id: &RunId) -> (u64, RunId) {
    let step = |number: u64, byte: u8| (number ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
    (id.as_str().bytes().fold(0xcbf2_9ce4_8422_2325, step), id.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u64) -> RunId {
        format!("run_{number}").parse().expect("an id")
    }

    fn run(number: u64) -> Run {
        let text = format!(
            r#"{{"id":"run_{number}","kind":"chat_message","status":"running","hold":0,"used":0,"started_at":0,"start_seq":{number}}}"#
        );
        serde_json::from_str(&text).expect("a run")
    }

    #[test]
    fn each_is_found_by_its_id_and_all_are_listed_by_theirs() {
        let mut runs = Runs::default();
        (1..=300).for_each(|number| runs.insert(run(number)));
        (1..=300).filter(|number| number % 3 == 0).for_each(|number| runs.remove(&id(number)));
        runs.retain(|run| run.start_seq != 1);
        runs.get_mut(&id(2)).expect("it is there").start_seq = 2_000;
        let there = |number: &u64| *number > 1 && !number.is_multiple_of(3);
        for number in 1..=300 {
            let seq = if number == 2 { 2_000 } else { number };
            assert_eq!(runs.get(&id(number)).map(|run| run.start_seq), there(&number).then_some(seq));
        }
        let mut expected: Vec<RunId> = (1..=300).filter(there).map(id).collect();
        expected.sort();
        assert!(runs.iter().map(|run| &run.id).eq(&expected));
    }
}
