//! Every story of `scenarios/`, told to the engine on each store, which is shut down or crashes between any two steps.

use super::{organization, place::Place};
use coulomb_server::engine::{Engine, EngineError, Limits};
use ledger::{
    Credits, Timestamp,
    command::{Command, Request},
    event::Actor,
    id::{IdempotencyKey, MemberId, OrganizationId, RunId},
    scenario::{Seen, Story, World, codes, look, run_status},
};
use std::{collections::BTreeMap, fs, path::PathBuf, thread};
use tokio::runtime::Runtime;

struct StoreWorld<'a> {
    runtime: Runtime,
    place: &'a mut Place,
    engine: Option<Engine>,
    organization: OrganizationId,
    story: Story,
    /// Steps told, which decides how the server ends before the next one.
    steps: usize,
}

impl StoreWorld<'_> {
    fn new<'a>(place: &'a mut Place, organization: OrganizationId, story: &Story) -> StoreWorld<'a> {
        let engine = Some(place.engine_with(story.policy.clone(), Limits::default()));
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let mut world = StoreWorld { runtime, place, engine, organization, story: story.clone(), steps: 0 };
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
        match self.runtime.block_on(engine.execute(self.organization.clone(), request)) {
            Ok(_) => Ok(()),
            Err(EngineError::Refused(refusal)) => Err(codes(&refusal)),
            Err(error) => panic!("{error}"),
        }
    }

    /// Ends the server and starts another on the same data: by turns cleanly, and as after a crash at this moment.
    fn restart(&mut self) {
        self.steps += 1;
        let engine = self.engine.take().unwrap();
        if self.steps.is_multiple_of(2) {
            self.place.crash(engine);
        } else {
            self.runtime.block_on(engine.shut_down()).unwrap();
            drop(engine);
        }
        self.engine = Some(self.place.engine_with(self.story.policy.clone(), Limits::default()));
    }
}

impl World for StoreWorld<'_> {
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
        let org = self.organization.clone();
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

/// Every story, and an organization for it.
fn stories() -> Vec<(OrganizationId, Story)> {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../scenarios"));
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    files.sort();
    assert!(files.len() > 12, "the stories are there");
    let story = |file: &PathBuf| Story::parse(&fs::read_to_string(file).unwrap());
    files
        .iter()
        .map(|file| (organization(file.file_stem().unwrap().to_str().unwrap()), story(file)))
        .collect()
}

#[test]
fn every_story_ends_the_same_with_a_restart_between_any_two_steps() {
    for (organization, story) in stories() {
        story.tell(&mut StoreWorld::new(&mut Place::directory(), organization, &story));
    }
}

#[test]
fn every_story_ends_the_same_on_postgresql_with_a_restart_between_any_two_steps() {
    // Most of the time goes by waiting for the database, so several stories are told at once.
    let stories = stories();
    thread::scope(|scope| {
        for some in stories.chunks(stories.len().div_ceil(4)) {
            scope.spawn(move || {
                let mut place = Place::database();
                for (organization, story) in some {
                    story.tell(&mut StoreWorld::new(&mut place, organization.clone(), story));
                    place.bury();
                }
            });
        }
    });
}
