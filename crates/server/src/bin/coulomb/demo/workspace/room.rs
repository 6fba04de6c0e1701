//! What the workspace itself remembers, as a host would in its own database: for each organization what was asked, what came
//! of it, and what is to be said on the next page. What it cost is Coulomb's to remember.

use std::collections::{BTreeMap, VecDeque};

/// Jobs that are remembered for each organization.
const JOBS_MAX: usize = 100;

/// One room for each organization.
#[derive(Default)]
pub struct Rooms(BTreeMap<String, Room>);

impl Rooms {
    /// An organization's.
    pub fn of(&mut self, organization: &str) -> &mut Room {
        self.0.entry(organization.to_owned()).or_default()
    }
}

/// What belongs to one organization.
#[derive(Default)]
pub struct Room {
    /// What was asked of the workspace, oldest first.
    pub jobs: VecDeque<Job>,
    said: Option<(&'static str, String)>,
}

/// How far a job is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stands {
    /// At this step.
    Running(u32),
    /// It has an output.
    Done,
    /// It could not be finished.
    Failed,
}

/// Something that was asked, and what came of it.
#[derive(Clone, Debug)]
pub struct Job {
    /// The run.
    pub run: String,
    /// The key of the work.
    pub work: &'static str,
    /// What was asked for.
    pub text: String,
    /// Who asked.
    pub who: String,
    /// When, by the organization's clock.
    pub at: ledger::Timestamp,
    /// How far it is.
    pub stands: Stands,
    /// How many credits it has used.
    pub used: i64,
    /// What came of it.
    pub output: String,
}

impl Room {
    /// Remembers a job that has started.
    pub fn begin(&mut self, job: Job) {
        if self.jobs.len() == JOBS_MAX {
            self.jobs.pop_front();
        }
        self.jobs.push_back(job);
    }

    /// The job of a run, where it is still remembered.
    pub fn job(&mut self, run: &str) -> Option<&mut Job> {
        self.jobs.iter_mut().find(|job| job.run == run)
    }

    /// Is told on the next page.
    pub fn say(&mut self, tone: &'static str, said: &str) {
        self.said = Some((tone, said.to_owned()));
    }

    /// What is to be told now.
    pub fn told(&mut self) -> Option<(&'static str, String)> {
        self.said.take()
    }
}
