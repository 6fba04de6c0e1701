//! A committer: one thread that owns accounts in memory, decides what waits for them, commits it, and answers.
//!
//! A round takes everything that waits (up to a limit), fetches what it names, decides it in order, and makes it durable in
//! one commit. Batches form by themselves while a commit runs; nothing ever waits for a batch to fill. Where the tables are
//! late, each commit also writes the rows of a slice of the accounts that have changed, and when nobody asks for a moment,
//! all of them.
//!
//! Where several servers write, an account in memory may be old. A round is decided on it all the same, and its commit
//! checks all that was assumed, so that also a read or a refusal, which writes nothing, is true at an instant after it was
//! asked. Where an assumption is wrong, the account is fetched and what was decided on it is decided again.

use super::{
    Before, EngineError, Happened, Limits, Outbox, Receipt, View,
    cache::{Cache, Hot},
    capture::capture,
    queue::{Answers, Caller, Decided, Job, Requests, Shared},
};
use crate::clock;
use foldhash::{HashMap, HashSet};
use ledger::{
    Policy, Timestamp,
    command::{Command, PartKey, Request},
    decide::Done,
    event::Recorded,
    id::OrganizationId,
    refusal::Refusal,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, atomic::Ordering},
    time::Duration,
    vec,
};
use store::{Append, Appended, Batch, Fault, Head, Need, Tables, tally::Tally};
use tokio::sync::oneshot;

/// How often a command is decided again because another server was faster, or its account had to be dropped. Of n servers
/// that are all busy with one organization each loses (n - 1) of n attempts: with 16 attempts, three servers on a slow
/// machine refused somebody every few hundred rounds.
const ATTEMPTS_MAX: usize = 100;

/// For how long nobody must ask before all rows are written.
const IDLE: Duration = Duration::from_millis(5);

/// The longest wait between attempts to write rows while the store fails.
const IDLE_MAX: Duration = Duration::from_secs(1);

/// How many accounts' rows one commit writes when nobody asks: whoever does ask then waits for one such commit.
const IDLE_ACCOUNTS: usize = 64;

/// Of how many organizations refused starts are only counted in memory while the server is busy.
const COUNTED_MAX: usize = 1_000;

/// A job in a round, and what its commands have come to so far.
struct Waiting {
    job: Job,
    answers: Vec<Option<Result<Decided, EngineError>>>,
}

/// One command of a round.
struct Item {
    waiting: usize,
    place: usize,
    requests: Requests,
    how: How,
}

/// How a command is decided.
#[derive(Clone, Copy, PartialEq, Eq)]
enum How {
    /// For good.
    Execute,
    /// On a copy.
    Preview,
    /// Only to let happen what is due.
    Observe,
}

impl Item {
    fn organization(&self) -> &OrganizationId {
        &self.requests[self.place].0
    }

    fn request(&self) -> &Request {
        &self.requests[self.place].1
    }
}

/// The jobs of a round.
#[derive(Default)]
struct Round {
    waiting: Vec<Waiting>,
    /// Organizations whose rows are to be written.
    forced: BTreeSet<OrganizationId>,
}

impl Round {
    fn answer(&mut self, item: &Item, answer: Result<Decided, EngineError>) {
        self.waiting[item.waiting].answers[item.place] = Some(answer);
    }

    /// What was decided and could not be made durable. Also a refusal: what stood in its way may never have happened.
    fn fail(&mut self, item: &Item, fault: &Arc<Fault>) {
        let answer = &mut self.waiting[item.waiting].answers[item.place];
        if !matches!(answer, Some(Err(EngineError::Store(_)))) {
            *answer = Some(Err(EngineError::Store(Arc::clone(fault))));
        }
    }
}

/// Starts a committer on a thread of its own.
pub(super) fn start(shared: Arc<Shared>) {
    let committer = Committer::new(shared);
    let thread = std::thread::Builder::new().name("committer".into());
    thread.spawn(move || committer.run()).expect("a thread can be started");
}

struct Committer {
    shared: Arc<Shared>,
    cache: Cache,
    /// Accounts whose rows do not stand for their version, since the last set was closed.
    marked: HashSet<OrganizationId>,
    /// The closed set that is being written, in slices, in order. Some of it may have been written early.
    slicing: vec::IntoIter<OrganizationId>,
    /// How many accounts the closed set had, and how many events had marked them.
    set: (usize, usize),
    /// Events since then.
    events_since: usize,
    /// For how long nobody must ask before rows are written: not at all once they are being written, and longer while that
    /// fails.
    patience: Duration,
    /// Refused starts that are no events and are not written.
    counted: BTreeMap<OrganizationId, Tally>,
    /// Accounts that were dropped since the last commit: a rule stopped half way through a decision on them.
    dropped: BTreeSet<OrganizationId>,
    /// Accounts that could not be loaded for the decisions at hand.
    unready: BTreeMap<OrganizationId, Arc<Fault>>,
    /// What the decisions at hand take for granted and the commit has to check: where accounts in memory end, and what of
    /// them does not exist.
    assumed: BTreeMap<OrganizationId, (Head, Vec<PartKey>)>,
}

impl Committer {
    fn new(shared: Arc<Shared>) -> Committer {
        let cache = Cache::new(shared.limits.accounts_max);
        Committer {
            shared,
            cache,
            marked: HashSet::default(),
            slicing: Vec::new().into_iter(),
            set: (0, 0),
            events_since: 0,
            patience: IDLE,
            counted: BTreeMap::new(),
            dropped: BTreeSet::new(),
            unready: BTreeMap::new(),
            assumed: BTreeMap::new(),
        }
    }

    fn run(mut self) {
        loop {
            let jobs = self.next_jobs();
            if jobs.is_empty() {
                self.patience = match self.write_idle() {
                    Ok(()) => Duration::ZERO,
                    Err(_) => (self.patience * 2).clamp(IDLE, IDLE_MAX),
                };
                continue;
            }
            self.patience = self.patience.max(IDLE);
            let commands: usize = jobs.iter().map(Job::commands).sum();
            let closing = self.round(jobs);
            self.shared.waiting.fetch_sub(commands, Ordering::SeqCst);
            if let Some(reply) = closing {
                // Told last: whoever waits may open the same data again at once.
                let written = self.write_everything();
                drop(self);
                let _ = reply.send(written);
                return;
            }
        }
    }

    /// What waits, up to a limit; nothing, where nobody has asked for a moment and there are rows to write.
    fn next_jobs(&mut self) -> Vec<Job> {
        let unwritten = self.is_unwritten();
        let mut queue = self.shared.lock();
        while queue.jobs.is_empty() {
            queue.sleeps = true;
            if unwritten {
                let (again, waited) = self
                    .shared
                    .arrived
                    .wait_timeout(queue, self.patience)
                    .expect("the queue is never poisoned");
                queue = again;
                if waited.timed_out() && queue.jobs.is_empty() {
                    queue.sleeps = false;
                    return Vec::new();
                }
            } else {
                queue = self.shared.arrived.wait(queue).expect("the queue is never poisoned");
            }
        }
        queue.sleeps = false;
        let mut jobs = Vec::new();
        let mut commands = 0_usize;
        while let Some(job) = queue.jobs.front() {
            commands = commands.saturating_add(job.commands());
            if !jobs.is_empty() && commands > self.shared.limits.commit_commands_max {
                break;
            }
            jobs.extend(queue.jobs.pop_front());
        }
        jobs
    }

    fn is_unwritten(&self) -> bool {
        !self.marked.is_empty() || self.slicing.len() > 0 || !self.counted.is_empty()
    }

    /// Decides these jobs, commits, and answers. Gives back whom to tell when everything is written at the end.
    fn round(&mut self, jobs: Vec<Job>) -> Option<oneshot::Sender<Result<(), EngineError>>> {
        let mut round = Round::default();
        let mut items = Vec::new();
        let mut closing = None;
        for job in jobs {
            let how = match job.caller {
                Caller::Execution(_) => How::Execute,
                Caller::Preview(_) => How::Preview,
                Caller::ShutDown(reply) => {
                    closing = Some(reply);
                    continue;
                }
                _ => How::Observe,
            };
            self.ask_for_rows(&mut round, &job);
            let (waiting, requests) = (round.waiting.len(), &job.requests);
            items.extend((0..requests.len()).map(|place| Item {
                waiting,
                place,
                requests: Arc::clone(requests),
                how,
            }));
            let answers = requests.iter().map(|_| None).collect();
            round.waiting.push(Waiting { job, answers });
        }
        self.settle(items, &mut round);
        for Waiting { job, answers } in round.waiting {
            self.answer(job, answers);
        }
        self.cache.evict();
        closing
    }

    /// Notes whose rows a job wants to be written.
    fn ask_for_rows(&mut self, round: &mut Round, job: &Job) {
        let organizations = job.requests.iter().map(|(organization, _)| organization.clone());
        match &job.caller {
            Caller::Written(_) | Caller::Sweep(_) => round.forced.extend(organizations),
            _ => {}
        }
    }

    /// Decides and commits until each of these is durable, refused, or has failed. Where another server was faster, the
    /// account is fetched and what was decided on it is decided again.
    fn settle(&mut self, mut items: Vec<Item>, round: &mut Round) {
        for attempt in 0..ATTEMPTS_MAX {
            if items.is_empty() {
                return;
            }
            self.fetch(&items, attempt == 0);
            let (mut decided, mut again) = (Vec::new(), Vec::new());
            for item in items.drain(..) {
                match self.decide(&item) {
                    Some(answer) => {
                        // A command that breaks an account is not tried on it a second time.
                        let broken = matches!(answer, Err(EngineError::Broken(_)));
                        round.answer(&item, answer);
                        if !broken {
                            decided.push(item);
                        }
                    }
                    None => again.push(item),
                }
            }
            match self.commit(&round.forced) {
                Ok(stale) => {
                    again.extend(decided.extract_if(.., |item| stale.contains(item.organization())));
                    self.count_refusals(&decided, round);
                    // In the order they were asked in.
                    again.sort_by_key(|item| (item.waiting, item.place));
                    items = again;
                }
                Err(fault) => {
                    decided.iter().chain(&again).for_each(|item| round.fail(item, &fault));
                    return;
                }
            }
        }
        let fault = Arc::new(Fault::Unavailable("other servers were faster too often".into()));
        for item in &items {
            round.answer(item, Err(EngineError::Store(Arc::clone(&fault))));
        }
    }

    /// Brings the accounts to decide on into memory, with the closed parts that are named; where several servers write,
    /// as they are now, unless it may be assumed that they still are as they are in memory.
    fn fetch(&mut self, items: &[Item], assume: bool) {
        self.unready.clear();
        self.assumed.clear();
        let shared = self.shared.store.tables() == Tables::EachCommit;
        let mut wanted: HashMap<&OrganizationId, Vec<&Request>> = HashMap::default();
        for item in
            items.iter().filter(|item| shared || self.cache.lacks(item.organization(), item.request()))
        {
            wanted.entry(item.organization()).or_default().push(item.request());
        }
        let mut first = true;
        // An account that was moved on by somebody else is here without what was named: a second time for those.
        while !wanted.is_empty() {
            let needs = wanted.iter().map(|(id, requests)| self.cache.need(id, requests));
            let needs = needs.filter(|need| first && shared || need.is_anything());
            let mut needs: Vec<Need<'_>> = needs.collect();
            if first && shared && assume {
                self.assumed = assumable(&mut needs);
            }
            let replaced = self.take(&needs);
            wanted.retain(|id, _| replaced.contains(*id));
            first = false;
        }
    }

    /// Fetches what is needed; says which accounts were replaced by newer ones.
    fn take(&mut self, needs: &[Need<'_>]) -> BTreeSet<OrganizationId> {
        let mut replaced = BTreeSet::new();
        if needs.is_empty() {
            return replaced;
        }
        match self.shared.store.fetch(needs) {
            Ok(given) => {
                for (need, given) in needs.iter().zip(given) {
                    if need.at_hand.is_some() && given.loaded.is_some() {
                        replaced.insert(need.organization.clone());
                    }
                    self.cache.take(need.organization, given);
                }
            }
            // What is wrong with one account must not stop the others.
            Err(Fault::Damaged(_) | Fault::TooNew(_)) if needs.len() > 1 => {
                for need in needs {
                    replaced.extend(self.take(std::slice::from_ref(need)));
                }
            }
            Err(fault) => {
                let fault = Arc::new(fault);
                for need in needs {
                    self.unready.insert(need.organization.clone(), Arc::clone(&fault));
                }
            }
        }
        replaced
    }

    /// Decides one command. Nothing, where the account has to be fetched again first.
    fn decide(&mut self, item: &Item) -> Option<Result<Decided, EngineError>> {
        let (organization, request) = (item.organization(), item.request());
        if let Some(fault) = self.unready.get(organization) {
            return Some(Err(EngineError::Store(Arc::clone(fault))));
        }
        let policy = &*self.shared.policy;
        let hot = self.cache.get(organization)?;
        let now = hot.now();
        let decision = catch_unwind(AssertUnwindSafe(|| match item.how {
            How::Preview => (preview(hot, policy, request, now), false),
            How::Execute | How::Observe => {
                execute(hot, policy, request, now, item.how, &self.shared.after.outbox)
            }
        }));
        let Ok((answer, changed)) = decision else {
            // The account in memory cannot be trusted; what was decided on it in this round is decided again.
            tracing::error!(%organization, "deciding a command met a broken invariant; the account was dropped");
            metrics::counter!("coulomb_broken_total").increment(1);
            self.cache.remove(organization);
            self.dropped.insert(organization.clone());
            return Some(Err(EngineError::Broken(organization.clone())));
        };
        if changed && self.cache.touch(organization) {
            self.marked.insert(organization.clone());
        }
        Some(answer)
    }

    /// Counts refused starts that are answered and are no events (R5.6).
    fn count_refusals(&mut self, answered: &[Item], round: &Round) {
        for item in answered.iter().filter(|item| item.how == How::Execute) {
            let answer = &round.waiting[item.waiting].answers[item.place];
            let Some(Err(EngineError::Refused(Refusal::Start(start)))) = answer else { continue };
            let Command::Start { kind, task, member, .. } = item.request().command() else { continue };
            if !start.recorded
                && let Some(hot) = self.cache.get(item.organization())
            {
                let counted = self.counted.entry(item.organization().clone()).or_default();
                counted.refused(hot.now(), kind, member.as_ref(), task.as_ref());
            }
        }
    }

    /// Tells whoever waits for a job what has come of it.
    fn answer(&mut self, job: Job, answers: Vec<Option<Result<Decided, EngineError>>>) {
        let mut answers: Answers =
            answers.into_iter().map(|answer| answer.unwrap_or(Err(EngineError::ShuttingDown))).collect();
        // A caller that has gone away needs no answer.
        match job.caller {
            Caller::Execution(reply) => drop(reply.send(answers)),
            Caller::Preview(reply) => {
                let answer = answers.pop().unwrap_or(Err(EngineError::ShuttingDown));
                let _ = reply.send(answer.and_then(|decided| match decided {
                    Decided::Receipt(receipt) => Ok(receipt),
                    Decided::Replay { .. } | Decided::Observed => Err(EngineError::ShuttingDown),
                }));
            }
            Caller::View(reader) => {
                let observed = answers.pop().unwrap_or(Err(EngineError::ShuttingDown));
                let policy = &*self.shared.policy;
                let hot = self.cache.get(&job.requests[0].0).ok_or(EngineError::ShuttingDown);
                reader(observed.and(hot).map(|hot| View { account: &hot.account, policy, now: hot.now() }));
            }
            Caller::Written(reply) => {
                let _ = reply.send(answers.into_iter().try_for_each(|answer| answer.map(|_| ())));
            }
            Caller::Sweep(reply) => {
                for ((organization, _), answer) in job.requests.iter().zip(answers) {
                    if let Err(error) = answer {
                        tracing::error!(%organization, %error, "what is due could not be decided");
                    }
                }
                let _ = reply.send(());
            }
            Caller::ShutDown(_) => {}
        }
    }

    /// Commits what was decided, with the rows that are to be written. Gives back the organizations on which everything
    /// has to be decided again.
    fn commit(&mut self, forced: &BTreeSet<OrganizationId>) -> Result<BTreeSet<OrganizationId>, Arc<Fault>> {
        let appending = self.cache.take_changed();
        let writing = self.rows_to_write(&appending, forced);
        let counting = match self.counted.len() {
            many if many >= COUNTED_MAX => std::mem::take(&mut self.counted),
            _ => forced.iter().filter_map(|id| self.counted.remove_entry(id)).collect(),
        };
        let mut stale = std::mem::take(&mut self.dropped);
        stale.extend(self.commit_these(&appending, &writing, counting)?);
        Ok(stale)
    }

    /// Which accounts' rows this commit writes, each once.
    fn rows_to_write(
        &mut self,
        appending: &[OrganizationId],
        forced: &BTreeSet<OrganizationId>,
    ) -> Vec<OrganizationId> {
        let mut writing: Vec<OrganizationId> = forced.iter().cloned().collect();
        if self.shared.store.tables() == Tables::EachCommit {
            self.marked.clear();
            writing.extend(appending.iter().filter(|id| !forced.contains(*id)).cloned());
            return writing;
        }
        let Limits { table_events, table_accounts, table_slices, table_runs, .. } = self.shared.limits;
        let mut events = 0_usize;
        for (id, hot) in appending.iter().filter_map(|id| Some((id, self.cache.peek(id)?))) {
            events = events.saturating_add(hot.pending.len());
            // Runs that are open now are written again when they close: where one commit opens many, later is cheaper.
            let many = table_runs.max(hot.pending.len().saturating_mul(4));
            if hot.account.changes().runs_count() >= many && !forced.contains(id) {
                writing.push(id.clone());
            }
        }
        self.events_since = self.events_since.saturating_add(events);
        let enough = self.events_since >= table_events || self.marked.len() >= table_accounts;
        if enough && self.slicing.len() == 0 {
            self.close_set();
        }
        // A set is written slice by slice over as many events as made it, which is when the next one is there: so what a start
        // has to replay stays bounded, and no commit is much larger than others.
        let ((accounts, spread), slices) = (self.set, table_slices.max(1));
        let over = slices.min(self.events_since.saturating_mul(slices) / spread.max(1));
        let due = accounts.saturating_mul(over).div_ceil(slices);
        let slice = due.saturating_sub(accounts - self.slicing.len());
        let busy = forced.len()..writing.len();
        for id in self.slicing.by_ref().take(slice) {
            if !self.cache.is_written(&id) && !forced.contains(&id) && !writing[busy.clone()].contains(&id) {
                writing.push(id);
            }
        }
        writing
    }

    /// From now on those that are marked are written, slice by slice; what changes meanwhile belongs to the next set.
    fn close_set(&mut self) {
        let mut set: Vec<OrganizationId> = self.marked.drain().collect();
        self.shared.store.arrange(&mut set);
        self.set = (set.len(), std::mem::take(&mut self.events_since));
        self.slicing = set.into_iter();
    }

    fn commit_these(
        &mut self,
        appending: &[OrganizationId],
        writing: &[OrganizationId],
        counting: BTreeMap<OrganizationId, Tally>,
    ) -> Result<Vec<OrganizationId>, Arc<Fault>> {
        let assumed = std::mem::take(&mut self.assumed);
        if appending.is_empty() && writing.is_empty() && counting.is_empty() && assumed.is_empty() {
            return Ok(Vec::new());
        }
        let appended = match self.store_these(appending, writing, &counting, &assumed) {
            Ok(appended) => appended,
            Err(fault) => {
                // What memory says may not have happened, or may have: forget it, and ask the store when it is needed.
                tracing::error!(error = %fault, "a commit failed; the accounts in it are loaded again");
                appending.iter().chain(writing).for_each(|id| self.cache.remove(id));
                if self.shared.store.tables() == Tables::Late {
                    self.marked.extend(appending.iter().chain(writing).cloned());
                }
                // A count that may be written already is rather lost than doubled.
                if !matches!(fault, Fault::Unknown(_)) {
                    for (id, counted) in counting {
                        self.counted.entry(id).or_default().add(&counted);
                    }
                }
                return Err(Arc::new(fault));
            }
        };
        let (appended, held) = appended.split_at(appending.len());
        let wrong = assumed.into_keys().zip(held).filter(|(_, held)| **held == Appended::Stale);
        let mut stale: Vec<OrganizationId> = wrong.map(|(id, _)| id).collect();
        for (id, appended) in appending.iter().zip(appended) {
            match *appended {
                Appended::At(head) => {
                    let asks = self.cache.peek(id).is_some_and(|hot| !hot.memos.is_empty());
                    self.cache.committed(id, head);
                    self.shared.after.changes.tell(id);
                    if asks {
                        self.shared.after.changes.tell_memos();
                    }
                }
                Appended::Stale => {
                    self.cache.remove(id);
                    stale.push(id.clone());
                }
            }
        }
        // Nothing is stored of an organization that has to be decided again, its counts included.
        for (id, counted) in counting.into_iter().filter(|(id, _)| stale.contains(id)) {
            self.counted.entry(id).or_default().add(&counted);
        }
        for id in writing {
            if !stale.contains(id) {
                self.cache.written(id);
                self.marked.remove(id);
            }
        }
        Ok(stale)
    }

    fn store_these(
        &mut self,
        appending: &[OrganizationId],
        writing: &[OrganizationId],
        counting: &BTreeMap<OrganizationId, Tally>,
        assumed: &BTreeMap<OrganizationId, (Head, Vec<PartKey>)>,
    ) -> Result<Vec<Appended>, Fault> {
        self.load_absent(writing)?;
        let stopwatch = clock::stopwatch();
        let policy = &self.shared.policy;
        let hot = |id: &OrganizationId| self.cache.peek(id);
        let appends = appending.iter().filter_map(|id| {
            hot(id).map(|hot| Append { organization: id, head: hot.head, events: &hot.pending })
        });
        let memos = appending.iter().filter_map(|id| hot(id).map(|hot| (id, &hot.memos)));
        let memos = memos.flat_map(|(id, memos)| memos.iter().map(move |memo| (id, memo)));
        let batch = Batch {
            appends: appends.collect(),
            rows: writing.iter().filter_map(hot).map(|hot| hot.rows(policy)).collect(),
            counts: counting.iter().collect(),
            memos: memos.collect(),
            assumed: assumed.iter().map(assumption).collect(),
        };
        let appended = self.shared.store.commit(&batch)?;
        let events: usize = batch.appends.iter().map(|append| append.events.len()).sum();
        metrics::histogram!("coulomb_commit_events").record(u32::try_from(events).unwrap_or(u32::MAX));
        metrics::histogram!("coulomb_commit_seconds").record(stopwatch.elapsed().as_secs_f64());
        Ok(appended)
    }

    /// An account that was dropped after a failure is loaded again, so that its rows follow all the same. One that is
    /// damaged stays absent, and no other's rows have to wait for it.
    fn load_absent(&mut self, writing: &[OrganizationId]) -> Result<(), Fault> {
        let absent = writing.iter().filter(|id| self.cache.peek(id).is_none());
        let mut missing: Vec<OrganizationId> = absent.cloned().collect();
        while !missing.is_empty() {
            let needs: Vec<Need<'_>> = missing.iter().map(|id| self.cache.need(id, &[])).collect();
            match self.shared.store.fetch(&needs) {
                Ok(given) => {
                    for (id, given) in missing.iter().zip(given) {
                        self.cache.take(id, given);
                    }
                    return Ok(());
                }
                Err(Fault::Damaged(_) | Fault::TooNew(_)) if missing.len() > 1 => {
                    // One by one from here on: whoever cannot be loaded is found out, and passed over.
                    for id in std::mem::take(&mut missing) {
                        self.load_absent(&[id])?;
                    }
                }
                Err(fault @ (Fault::Damaged(_) | Fault::TooNew(_))) => {
                    tracing::error!(organization = %missing[0], error = %fault, "rows cannot be written");
                    return Ok(());
                }
                Err(fault) => return Err(fault),
            }
        }
        Ok(())
    }

    /// Nobody asks: writes the rows of some accounts that have changed, and what was counted.
    fn write_idle(&mut self) -> Result<(), Arc<Fault>> {
        if self.slicing.len() == 0 {
            self.close_set();
        }
        let slice = self.slicing.by_ref().take(IDLE_ACCOUNTS);
        let writing: Vec<OrganizationId> = slice.filter(|id| !self.cache.is_written(id)).collect();
        let counting = std::mem::take(&mut self.counted);
        self.commit_these(&[], &writing, counting).map(|_| ())
    }

    fn write_everything(&mut self) -> Result<(), EngineError> {
        while self.is_unwritten() {
            self.write_idle().map_err(EngineError::Store)?;
        }
        Ok(())
    }
}

/// Takes out of what would be fetched what the commit can check instead, and saves a trip to the store: an account in memory
/// of which nothing but runs and answers is asked for, which hardly ever exist.
fn assumable(needs: &mut Vec<Need<'_>>) -> BTreeMap<OrganizationId, (Head, Vec<PartKey>)> {
    let is_assumed = |part: &PartKey| matches!(part, PartKey::Run(_) | PartKey::Idempotency(_));
    let assumed = needs.extract_if(.., |need| {
        need.at_hand.is_some_and(|head| head.seq > 0) && need.parts.iter().all(is_assumed)
    });
    let assumed = assumed.filter_map(|need| Some((need.organization.clone(), (need.at_hand?, need.parts))));
    assumed.collect()
}

fn assumption<'a>((id, (head, absent)): (&'a OrganizationId, &'a (Head, Vec<PartKey>))) -> Need<'a> {
    Need { organization: id, at_hand: Some(*head), parts: absent.clone() }
}

/// Decides a command for good; whether anything changed.
fn execute(
    hot: &mut Hot,
    policy: &Policy,
    request: &Request,
    now: Timestamp,
    how: How,
    outbox: &Outbox,
) -> (Result<Decided, EngineError>, bool) {
    let before = Before::of(&hot.account);
    let answer = hot.account.execute(policy, request, now);
    for recorded in &answer.events {
        hot.tally.absorb(recorded, &hot.account);
    }
    if !answer.events.is_empty() {
        let happened = Happened { account: &hot.account, policy, events: &answer.events, before };
        hot.memos.extend(outbox(&happened));
    }
    let show = |events: &[Recorded]| {
        Box::new(capture(&hot.account, policy, answer.at, request.by(), request.command(), events))
    };
    let decided = match answer.result {
        Err(refusal) => Err(EngineError::from(refusal)),
        Ok(_) if how == How::Observe => Ok(Decided::Observed),
        Ok(Done::Replayed { seq }) => {
            Ok(Decided::Replay { seq, version: hot.account.version(), shown: show(&answer.events) })
        }
        Ok(done) => Ok(Decided::Receipt(Receipt {
            replayed: false,
            waiting: done == Done::Waiting,
            shown: show(&answer.events),
        })),
    };
    let changed = !answer.events.is_empty();
    hot.pending.extend(answer.events);
    (decided, changed)
}

/// What would come of a command (R9.5).
fn preview(hot: &Hot, policy: &Policy, request: &Request, now: Timestamp) -> Result<Decided, EngineError> {
    let (answer, account) = hot.account.preview(policy, request, now);
    let done = answer.result?;
    let shown =
        Box::new(capture(&account, policy, answer.at, request.by(), request.command(), &answer.events));
    let (replayed, waiting) = (matches!(done, Done::Replayed { .. }), done == Done::Waiting);
    Ok(Decided::Receipt(Receipt { replayed, waiting, shown }))
}
