//! Every story of `scenarios/`, told to the engine on SQLite, which is shut down or crashes between any two steps.

use super::{open, organization};
use coulomb_server::engine::{Engine, EngineError};
use ledger::{
    Credits, Timestamp,
    command::{Command, Request},
    event::Actor,
    id::{IdempotencyKey, MemberId, RunId},
    scenario::{Seen, Story, World, codes, look, run_status},
};
use std::{collections::BTreeMap, fs, path::PathBuf};
use tempfile::TempDir;
use tokio::runtime::Runtime;

struct StoreWorld {
    runtime: Runtime,
    directory: TempDir,
    engine: Option<Engine>,
    story: Story,
    /// Steps told, which decides how the server ends before the next one.
    steps: usize,
}

impl StoreWorld {
    fn new(story: &Story) -> StoreWorld {
        let directory = TempDir::new().unwrap();
        let engine = Some(open(directory.path(), story.policy.clone()));
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let mut world = StoreWorld { runtime, directory, engine, story: story.clone(), steps: 0 };
        let opening = Command::NameOrganization { name: "Organization".into() };
        let clock = Command::SetTestClock { to: story.at };
        for command in [clock, opening].into_iter().chain(story.cast()) {
            world.execute(command, None, None).unwrap();
        }
        world
    }

    fn execute(
        &mut self,
        command: Command,
        member: Option<MemberId>,
        key: Option<IdempotencyKey>,
    ) -> Result<(), Vec<String>> {
        let request = Request::new(command, Actor { key: None, member }, key);
        let engine = self.engine.as_ref().unwrap();
        match self.runtime.block_on(engine.execute(organization("org"), request)) {
            Ok(_) => Ok(()),
            Err(EngineError::Refused(refusal)) => Err(codes(&refusal)),
            Err(error) => panic!("{error}"),
        }
    }

    /// Ends the server and starts another on the same data: by turns cleanly, and from a copy of the files as a crash
    /// at this moment would leave them.
    fn restart(&mut self) {
        self.steps += 1;
        let engine = self.engine.take().unwrap();
        if self.steps.is_multiple_of(2) {
            let copy = TempDir::new().unwrap();
            for file in fs::read_dir(self.directory.path()).unwrap() {
                let file = file.unwrap().path();
                fs::copy(&file, copy.path().join(file.file_name().unwrap())).unwrap();
            }
            self.runtime.block_on(engine.shut_down()).unwrap();
            self.directory = copy;
        } else {
            self.runtime.block_on(engine.shut_down()).unwrap();
        }
        drop(engine);
        self.engine = Some(open(self.directory.path(), self.story.policy.clone()));
    }
}

impl World for StoreWorld {
    fn advance(&mut self, to: Timestamp) {
        self.restart();
        self.execute(Command::SetTestClock { to }, None, None).unwrap();
    }

    fn act(
        &mut self,
        command: Command,
        member: Option<MemberId>,
        key: IdempotencyKey,
    ) -> Result<(), Vec<String>> {
        self.restart();
        self.execute(command, member, Some(key))
    }

    fn look(&mut self, runs: &[RunId]) -> Seen {
        let engine = self.engine.as_ref().unwrap();
        let org = organization("org");
        let seen = engine.view(org.clone(), |view| look(view.account, view.policy, view.now));
        let mut seen = self.runtime.block_on(seen).unwrap();
        // What is closed is in the store's pages, not in the account.
        self.runtime.block_on(engine.written(org.clone())).unwrap();
        let store = engine.store();
        for id in runs {
            if let Some(run) = store.run(&org, id).unwrap() {
                seen.runs.insert(id.to_string(), run_status(run.status).to_owned());
            }
        }
        for grant in store.grants(&org, None, 500).unwrap().rows {
            let parts: BTreeMap<String, Credits> = [
                ("free", grant.free),
                ("held", grant.held),
                ("used", grant.used),
                ("settled", grant.settled),
                ("frozen", grant.frozen),
                ("expired", grant.expired),
                ("revoked", grant.revoked),
            ]
            .map(|(name, part)| (name.to_owned(), part))
            .into();
            seen.grants.extend(grant.payment.map(|payment| (payment.to_string(), parts.clone())));
            seen.grants.insert(grant.id.to_string(), parts);
        }
        seen
    }
}

#[test]
fn every_story_ends_the_same_with_a_restart_between_any_two_steps() {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../scenarios"));
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    files.sort();
    assert!(files.len() > 12, "the stories are there");
    for file in files {
        let story = Story::parse(&fs::read_to_string(&file).unwrap());
        story.tell(&mut StoreWorld::new(&story));
    }
}
