//! A store that fails on schedule, to see what the rest of the program does then. It wraps a real one.

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
use std::sync::atomic::{AtomicU64, Ordering};

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

/// A store that fails on schedule.
pub struct Faulty<S> {
    store: S,
    failures: Vec<Failure>,
    commits: AtomicU64,
    reads: AtomicU64,
}

impl<S: Store> Faulty<S> {
    /// This store, failing so.
    pub fn new(store: S, failures: impl Into<Vec<Failure>>) -> Faulty<S> {
        let (commits, reads) = (AtomicU64::new(0), AtomicU64::new(0));
        Faulty { store, failures: failures.into(), commits, reads }
    }

    /// How many commits were asked for, those that failed included.
    pub fn commits(&self) -> u64 {
        self.commits.load(Ordering::SeqCst)
    }

    /// How many reads were asked for, those that failed included.
    pub fn reads(&self) -> u64 {
        self.reads.load(Ordering::SeqCst)
    }

    /// Whatever changes something goes through here.
    fn change<T>(&self, change: impl FnOnce(&S) -> Result<T, Fault>) -> Result<T, Fault> {
        let number = self.commits.fetch_add(1, Ordering::SeqCst) + 1;
        if self.failures.contains(&Failure::BeforeCommit(number)) {
            return Err(Fault::Unavailable(format!("commit {number} fails on schedule")));
        }
        let done = change(&self.store)?;
        if self.failures.contains(&Failure::AfterCommit(number)) {
            return Err(Fault::Unknown(format!("commit {number} is done and does not say so, on schedule")));
        }
        Ok(done)
    }

    /// Whatever only reads goes through here.
    fn read<T>(&self, read: impl FnOnce(&S) -> Result<T, Fault>) -> Result<T, Fault> {
        let number = self.reads.fetch_add(1, Ordering::SeqCst) + 1;
        if self.failures.contains(&Failure::Read(number)) {
            return Err(Fault::Unavailable(format!("read {number} fails on schedule")));
        }
        read(&self.store)
    }
}

impl<S: Store> Store for Faulty<S> {
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
        self.change(|store| store.commit(batch))
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
        self.change(|store| store.keep(organization, changes))
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
        self.change(|store| store.create_key(key))
    }

    fn keys(&self) -> Result<Vec<ApiKey>, Fault> {
        self.read(Store::keys)
    }

    fn revoke_key(&self, id: &KeyId, at: Timestamp) -> Result<bool, Fault> {
        self.change(|store| store.revoke_key(id, at))
    }
}
