//! Every story of `scenarios/`, told to the pure ledger.

use coulomb_ledger::scenario::{LedgerWorld, Story};

fn tell_all(forgets: bool) {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scenarios");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    files.sort();
    assert!(files.len() > 12, "the stories are there");
    let mut failures = Vec::new();
    for path in files {
        let story = Story::parse(&std::fs::read_to_string(&path).unwrap());
        let told = std::panic::catch_unwind(|| story.tell(&mut LedgerWorld::new(&story, forgets)));
        if told.is_err() {
            failures.push(path.file_name().unwrap().to_string_lossy().into_owned());
        }
    }
    assert!(failures.is_empty(), "stories that end otherwise: {failures:#?}");
}

#[test]
fn every_story_ends_as_it_is_told() {
    tell_all(false);
}

#[test]
fn every_story_ends_the_same_when_all_that_is_closed_is_forgotten_between_steps() {
    tell_all(true);
}
