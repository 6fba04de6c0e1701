//! A store that fails, to see what the rest of the program does then: on a schedule that is known before ([`Failure`]), or as
//! the weather is at the moment ([`Weather`]). It wraps a real one.

use crate::{
    ApiKey, Appended, Batch, Fault, Given, Loaded, Need, OrganizationRow, Page, RunFilter, Store,
    StoredEvent, Tables,
    memo::{Change, Listed, Memo, Owned},
    tally::TallyRow,
};
use ledger::{
    Timestamp,
    account::Part,
    command::PartKey,
    debt::Debt,
    grant::Grant,
    id::{KeyId, OrganizationId, RunId},
    payment::Payment,
    run::{RefusedStart, Run},
};
use std::sync::{
    Arc, Condvar, Mutex, MutexGuard,
    atomic::{AtomicU64, Ordering},
};

/// When it fails, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// This commit, before anything is done: [`Fault::Unavailable`].
    BeforeCommit(u64),
    /// This commit, after all of it is done: [`Fault::Unknown`].
    AfterCommit(u64),
    /// This read, whatever it asks for: [`Fault::Unavailable`].
    Read(u64),
}

/// What befalls a store from now on, until something else does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Weather {
    /// Nothing: it does what it is asked.
    #[default]
    Fair,
    /// The next commit of events fails before anything is done ([`Fault::Unavailable`]); then it is fair again.
    CommitFails,
    /// The next commit of events is done and does not say so ([`Fault::Unknown`]); then it is fair again.
    CommitUnsaid,
    /// The disk is full: whatever changes something fails before anything is done ([`Fault::Unavailable`]). Reads go on.
    Full,
    /// It cannot be reached: everything fails before anything is done ([`Fault::Unavailable`]).
    Away,
    /// It is slow: whatever changes something stands still until the weather changes, and is done then.
    Slow,
}

/// A store that fails on schedule and by the weather.
pub struct Faulty<S: ?Sized> {
    store: Arc<S>,
    failures: Vec<Failure>,
    commits: AtomicU64,
    reads: AtomicU64,
    sky: Mutex<Sky>,
    changed: Condvar,
}

/// The weather, and how many changes are under way that began in this or an earlier one.
#[derive(Debug, Default)]
struct Sky {
    weather: Weather,
    under_way: usize,
}

impl<S: Store> Faulty<S> {
    /// This store, failing on this schedule.
    pub fn new(store: S, failures: impl Into<Vec<Failure>>) -> Faulty<S> {
        Faulty { failures: failures.into(), ..Faulty::over(Arc::new(store)) }
    }
}

impl<S: Store + ?Sized> Faulty<S> {
    /// This store, failing by the weather alone, which is fair at first.
    pub fn over(store: Arc<S>) -> Faulty<S> {
        Faulty {
            store,
            failures: Vec::new(),
            commits: AtomicU64::new(0),
            reads: AtomicU64::new(0),
            sky: Mutex::default(),
            changed: Condvar::new(),
        }
    }

    /// Changes the weather. When bad weather begins, this returns once nothing is under way that met the weather before.
    pub fn set_weather(&self, weather: Weather) {
        let mut sky = self.sky();
        sky.weather = weather;
        self.changed.notify_all();
        if weather != Weather::Fair {
            while sky.under_way > 0 {
                sky = self.changed.wait(sky).expect("nobody panics under this lock");
            }
        }
    }

    fn sky(&self) -> MutexGuard<'_, Sky> {
        self.sky.lock().expect("nobody panics under this lock")
    }

    /// The weather that a change meets, after it was slow; the change is under way now. What befalls one commit of events is
    /// over with it.
    fn begin(&self, events: bool) -> Weather {
        let mut sky = self.sky();
        while sky.weather == Weather::Slow {
            sky = self.changed.wait(sky).expect("nobody panics under this lock");
        }
        sky.under_way = sky.under_way.saturating_add(1);
        match sky.weather {
            Weather::CommitFails | Weather::CommitUnsaid if events => std::mem::take(&mut sky.weather),
            Weather::CommitFails | Weather::CommitUnsaid => Weather::Fair,
            lasting => lasting,
        }
    }

    fn end(&self) {
        let mut sky = self.sky();
        sky.under_way = sky.under_way.saturating_sub(1);
        self.changed.notify_all();
    }

    /// How many commits were asked for, those that failed included.
    pub fn commits(&self) -> u64 {
        self.commits.load(Ordering::SeqCst)
    }

    /// How many reads were asked for, those that failed included.
    pub fn reads(&self) -> u64 {
        self.reads.load(Ordering::SeqCst)
    }

    /// Whatever changes something goes through here; some weather befalls commits of events only.
    fn change<T>(&self, events: bool, change: impl FnOnce(&S) -> Result<T, Fault>) -> Result<T, Fault> {
        let number = self.commits.fetch_add(1, Ordering::SeqCst) + 1;
        if self.failures.contains(&Failure::BeforeCommit(number)) {
            return Err(Fault::Unavailable(format!("commit {number} fails on schedule")));
        }
        let weather = self.begin(events);
        let done = match weather {
            Weather::CommitFails => Err(Fault::Unavailable("this commit fails".into())),
            Weather::Full => Err(Fault::Unavailable("the disk is full".into())),
            Weather::Away => Err(Fault::Unavailable("the store cannot be reached".into())),
            Weather::Fair | Weather::CommitUnsaid | Weather::Slow => change(&self.store),
        };
        self.end();
        let done = done?;
        if self.failures.contains(&Failure::AfterCommit(number)) {
            return Err(Fault::Unknown(format!("commit {number} is done and does not say so, on schedule")));
        }
        if weather == Weather::CommitUnsaid {
            return Err(Fault::Unknown("this commit is done and does not say so".into()));
        }
        Ok(done)
    }

    /// Whatever only reads goes through here.
    fn read<T>(&self, read: impl FnOnce(&S) -> Result<T, Fault>) -> Result<T, Fault> {
        let number = self.reads.fetch_add(1, Ordering::SeqCst) + 1;
        if self.failures.contains(&Failure::Read(number)) {
            return Err(Fault::Unavailable(format!("read {number} fails on schedule")));
        }
        if self.sky().weather == Weather::Away {
            return Err(Fault::Unavailable("the store cannot be reached".into()));
        }
        read(&self.store)
    }
}

impl<S: Store + ?Sized> Store for Faulty<S> {
    fn tables(&self) -> Tables {
        self.store.tables()
    }

    fn committers(&self) -> usize {
        self.store.committers()
    }

    fn arrange(&self, organizations: &mut [OrganizationId]) {
        self.store.arrange(organizations);
    }

    fn snapshot(&self) -> Result<Option<Box<dyn Store>>, Fault> {
        self.store.snapshot()
    }

    fn load(&self, organization: &OrganizationId) -> Result<Loaded, Fault> {
        self.read(|store| store.load(organization))
    }

    fn recall(&self, organization: &OrganizationId, keys: &[PartKey]) -> Result<Vec<Part>, Fault> {
        self.read(|store| store.recall(organization, keys))
    }

    fn fetch(&self, needs: &[Need<'_>]) -> Result<Vec<Given>, Fault> {
        self.read(|store| store.fetch(needs))
    }

    fn commit(&self, batch: &Batch<'_>) -> Result<Vec<Appended>, Fault> {
        let events = batch.appends.iter().any(|append| !append.events.is_empty());
        self.change(events, |store| store.commit(batch))
    }

    fn due(&self, by: Timestamp, limit: usize) -> Result<Vec<OrganizationId>, Fault> {
        self.read(|store| store.due(by, limit))
    }

    fn organizations(
        &self,
        after: Option<&OrganizationId>,
        limit: usize,
    ) -> Result<Vec<OrganizationRow>, Fault> {
        self.read(|store| store.organizations(after, limit))
    }

    fn events(
        &self,
        organization: &OrganizationId,
        after: u64,
        limit: usize,
    ) -> Result<Vec<StoredEvent>, Fault> {
        self.read(|store| store.events(organization, after, limit))
    }

    fn grants(
        &self,
        organization: &OrganizationId,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Page<Grant>, Fault> {
        self.read(|store| store.grants(organization, before, limit))
    }

    fn runs(
        &self,
        organization: &OrganizationId,
        filter: &RunFilter,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Page<Run>, Fault> {
        self.read(|store| store.runs(organization, filter, before, limit))
    }

    fn run(&self, organization: &OrganizationId, id: &RunId) -> Result<Option<Run>, Fault> {
        self.read(|store| store.run(organization, id))
    }

    fn refusals(
        &self,
        organization: &OrganizationId,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Page<RefusedStart>, Fault> {
        self.read(|store| store.refusals(organization, before, limit))
    }

    fn debts(
        &self,
        organization: &OrganizationId,
        open_only: bool,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Page<Debt>, Fault> {
        self.read(|store| store.debts(organization, open_only, before, limit))
    }

    fn payments(
        &self,
        organization: &OrganizationId,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Page<Payment>, Fault> {
        self.read(|store| store.payments(organization, before, limit))
    }

    fn usage(
        &self,
        organization: &OrganizationId,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<TallyRow>, Fault> {
        self.read(|store| store.usage(organization, from, to))
    }

    fn keep(&self, organization: &OrganizationId, changes: &[Change]) -> Result<bool, Fault> {
        self.change(false, |store| store.keep(organization, changes))
    }

    fn memo(&self, organization: &OrganizationId, kind: &str, id: &str) -> Result<Option<Memo>, Fault> {
        self.read(|store| store.memo(organization, kind, id))
    }

    fn memos(
        &self,
        organization: &OrganizationId,
        listed: Listed<'_>,
        limit: usize,
    ) -> Result<Vec<Memo>, Fault> {
        self.read(|store| store.memos(organization, listed, limit))
    }

    fn due_memos(&self, kind: &str, by: Timestamp, limit: usize) -> Result<Vec<Owned>, Fault> {
        self.read(|store| store.due_memos(kind, by, limit))
    }

    fn all_memos(&self, after: Option<&Owned>, limit: usize) -> Result<Vec<Owned>, Fault> {
        self.read(|store| store.all_memos(after, limit))
    }

    fn create_key(&self, key: &ApiKey) -> Result<(), Fault> {
        self.change(false, |store| store.create_key(key))
    }

    fn keys(&self) -> Result<Vec<ApiKey>, Fault> {
        self.read(|store| store.keys())
    }

    fn revoke_key(&self, id: &KeyId, at: Timestamp) -> Result<bool, Fault> {
        self.change(false, |store| store.revoke_key(id, at))
    }
}
