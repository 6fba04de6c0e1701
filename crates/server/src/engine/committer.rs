//! The committer: one thread that owns the accounts in memory, decides what waits, commits it, and answers.
//!
//! A round takes everything that waits (up to a limit), decides it in order, and makes it durable in one commit. Batches
//! form by themselves while a commit runs; nothing ever waits for a batch to fill. Where the tables are late, each commit
//! also writes the rows of a slice of the accounts that have changed, and when nobody asks for a moment, all of them.

use super::{EngineError, Limits, Receipt, Shown, View, cache::Cache, capture::capture, replay};
use crate::clock;
use ledger::{
    Policy,
    command::{Command, Request},
    decide::Done,
    id::OrganizationId,
    refusal::Refusal,
};
use std::{
    collections::{BTreeSet, VecDeque},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Condvar, Mutex, MutexGuard,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};
use store::{Append, Appended, Batch, Fault, Store, Tables};
use tokio::sync::oneshot;

/// How often a command is decided again because another server was faster, or its account had to be dropped.
const ATTEMPTS_MAX: usize = 16;

/// For how long nobody must ask before all rows are written.
const IDLE: Duration = Duration::from_millis(5);

/// The longest wait between attempts to write rows while the store fails.
const IDLE_MAX: Duration = Duration::from_secs(1);

/// How many accounts' rows one commit writes when nobody asks.
const IDLE_ACCOUNTS: usize = 500;

/// What the callers and the committer share.
pub(super) struct Shared {
    store: Arc<dyn Store>,
    policy: Arc<Policy>,
    limits: Limits,
    queue: Mutex<VecDeque<Job>>,
    arrived: Condvar,
    /// Commands in the queue and in the round that is being decided.
    waiting: AtomicUsize,
    closed: AtomicBool,
    /// First answers are rebuilt from history a few at a time.
    rebuilding: tokio::sync::Semaphore,
}

/// Runs on the committer with the account, and gives what to do once it is known whether the round was committed.
type Reader = Box<dyn FnOnce(Result<View<'_>, EngineError>) -> Deliver + Send>;
type Deliver = Box<dyn FnOnce(Option<EngineError>) + Send>;

/// What a command came to, on the committer.
enum Decided {
    Receipt(Receipt),
    /// A repeat: the first answer belongs to event `seq`; beside it, the account as it is shown now.
    Replay {
        seq: u64,
        version: u64,
        shown: Shown,
    },
}

type Answers = Vec<Result<Decided, EngineError>>;

enum Job {
    Execute {
        requests: Arc<Vec<(OrganizationId, Request)>>,
        reply: oneshot::Sender<Answers>,
    },
    View {
        organization: OrganizationId,
        reader: Reader,
    },
    Preview {
        organization: OrganizationId,
        request: Request,
        reply: oneshot::Sender<Result<Receipt, EngineError>>,
    },
    Written {
        organization: OrganizationId,
        reply: oneshot::Sender<Result<(), EngineError>>,
    },
    Sweep {
        limit: usize,
        reply: oneshot::Sender<Result<usize, EngineError>>,
    },
    ShutDown {
        reply: oneshot::Sender<Result<(), EngineError>>,
    },
}

impl Job {
    fn commands(&self) -> usize {
        match self {
            Job::Execute { requests, .. } => requests.len(),
            Job::ShutDown { .. } => 0,
            _ => 1,
        }
    }
}

pub(super) fn start(store: Arc<dyn Store>, policy: Policy, limits: Limits) -> Arc<Shared> {
    let shared = Arc::new(Shared {
        store,
        policy: Arc::new(policy),
        limits,
        queue: Mutex::default(),
        arrived: Condvar::new(),
        waiting: AtomicUsize::new(0),
        closed: AtomicBool::new(false),
        rebuilding: tokio::sync::Semaphore::new(2),
    });
    let committer = Committer::new(Arc::clone(&shared));
    let thread = std::thread::Builder::new().name("committer".into());
    thread.spawn(move || committer.run()).expect("a thread can be started");
    shared
}

impl Shared {
    pub(super) fn policy(&self) -> &Arc<Policy> {
        &self.policy
    }

    pub(super) fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    pub(super) async fn execute(
        &self,
        requests: Vec<(OrganizationId, Request)>,
    ) -> Result<Vec<Result<Receipt, EngineError>>, EngineError> {
        let requests = Arc::new(requests);
        let (reply, answer) = oneshot::channel();
        self.ask(Job::Execute { requests: Arc::clone(&requests), reply })?;
        let answers = answer.await.map_err(|_| EngineError::ShuttingDown)?;
        let mut receipts = Vec::with_capacity(answers.len());
        for (answer, (organization, request)) in answers.into_iter().zip(requests.iter()) {
            receipts.push(match answer {
                Ok(Decided::Receipt(receipt)) => Ok(receipt),
                Ok(Decided::Replay { seq, version, shown }) => {
                    let _turn = self.rebuilding.acquire().await.map_err(|_| EngineError::ShuttingDown)?;
                    replay::first_answer(self, organization, request, seq, version, shown).await
                }
                Err(error) => Err(error),
            });
        }
        Ok(receipts)
    }

    pub(super) async fn view<T: Send + 'static>(
        &self,
        organization: OrganizationId,
        read: impl FnOnce(View<'_>) -> T + Send + 'static,
    ) -> Result<T, EngineError> {
        let (reply, answer) = oneshot::channel();
        let reader: Reader = Box::new(move |view| {
            let value = view.map(read);
            Box::new(move |failed| {
                // A caller that has gone away needs no answer.
                let _ = reply.send(failed.map_or(value, Err));
            })
        });
        self.ask(Job::View { organization, reader })?;
        answer.await.map_err(|_| EngineError::ShuttingDown)?
    }

    pub(super) async fn preview(
        &self,
        organization: OrganizationId,
        request: Request,
    ) -> Result<Receipt, EngineError> {
        self.ask_for(|reply| Job::Preview { organization, request, reply }).await
    }

    pub(super) async fn written(&self, organization: OrganizationId) -> Result<(), EngineError> {
        self.ask_for(|reply| Job::Written { organization, reply }).await
    }

    pub(super) async fn sweep(&self, limit: usize) -> Result<usize, EngineError> {
        self.ask_for(|reply| Job::Sweep { limit, reply }).await
    }

    pub(super) async fn shut_down(&self) -> Result<(), EngineError> {
        let (reply, answer) = oneshot::channel();
        if !self.closed.swap(true, Ordering::SeqCst) {
            self.push(Job::ShutDown { reply });
            answer.await.map_err(|_| EngineError::ShuttingDown)??;
        }
        Ok(())
    }

    async fn ask_for<T>(
        &self,
        job: impl FnOnce(oneshot::Sender<Result<T, EngineError>>) -> Job,
    ) -> Result<T, EngineError> {
        let (reply, answer) = oneshot::channel();
        self.ask(job(reply))?;
        answer.await.map_err(|_| EngineError::ShuttingDown)?
    }

    fn ask(&self, job: Job) -> Result<(), EngineError> {
        if self.closed.load(Ordering::SeqCst) {
            return Err(EngineError::ShuttingDown);
        }
        let commands = job.commands();
        let before = self.waiting.fetch_add(commands, Ordering::SeqCst);
        // One request larger than the whole queue is let in when nothing waits; it could never be answered otherwise.
        if before > 0 && before.saturating_add(commands) > self.limits.queue_commands_max {
            self.waiting.fetch_sub(commands, Ordering::SeqCst);
            metrics::counter!("coulomb_busy_total").increment(1);
            return Err(EngineError::Busy);
        }
        self.push(job);
        Ok(())
    }

    fn push(&self, job: Job) {
        self.lock().push_back(job);
        self.arrived.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Job>> {
        self.queue.lock().expect("the queue is never held by a thread that panics")
    }
}

/// One command of a round.
struct Item {
    job: usize,
    place: usize,
    requests: Arc<Vec<(OrganizationId, Request)>>,
}

impl Item {
    fn organization(&self) -> &OrganizationId {
        &self.requests[self.place].0
    }

    fn request(&self) -> &Request {
        &self.requests[self.place].1
    }
}

/// The commands of a round: decided, and to be decided once their account is loaded again.
#[derive(Default)]
struct Round {
    decided: Vec<Item>,
    again: Vec<Item>,
}

/// A call that waits for its commands, and what they have come to so far.
struct Execution {
    reply: oneshot::Sender<Answers>,
    answers: Vec<Option<Result<Decided, EngineError>>>,
}

/// What waits for a round's commit.
struct Waiting {
    executions: Vec<Execution>,
    deliveries: Vec<(OrganizationId, Deliver)>,
    written: Vec<(OrganizationId, oneshot::Sender<Result<(), EngineError>>)>,
    sweeps: Vec<(usize, oneshot::Sender<Result<usize, EngineError>>)>,
}

struct Committer {
    shared: Arc<Shared>,
    cache: Cache,
    /// Accounts whose rows do not stand for their version, since the last set was closed.
    marked: BTreeSet<OrganizationId>,
    /// The closed set that is being written, in slices, in order.
    slicing: VecDeque<OrganizationId>,
    /// How many accounts the closed set had.
    set: usize,
    events_since: usize,
    /// For how long nobody must ask before rows are written: longer while that fails.
    patience: Duration,
    /// Accounts to drop after this commit: a rule stopped half way through a decision on them.
    poisoned: Vec<OrganizationId>,
}

impl Committer {
    fn new(shared: Arc<Shared>) -> Committer {
        let cache = Cache::new(shared.limits.accounts_max);
        Committer {
            shared,
            cache,
            marked: BTreeSet::new(),
            slicing: VecDeque::new(),
            set: 0,
            events_since: 0,
            patience: IDLE,
            poisoned: Vec::new(),
        }
    }

    fn run(mut self) {
        loop {
            let jobs = self.next_jobs();
            if jobs.is_empty() {
                if self.write_idle().is_err() {
                    self.patience = (self.patience * 2).min(IDLE_MAX);
                } else {
                    self.patience = IDLE;
                }
                continue;
            }
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
        let unwritten = !self.marked.is_empty() || !self.slicing.is_empty();
        let mut queue = self.shared.lock();
        while queue.is_empty() {
            if unwritten {
                let (again, waited) = self
                    .shared
                    .arrived
                    .wait_timeout(queue, self.patience)
                    .expect("the queue is never poisoned");
                queue = again;
                if waited.timed_out() && queue.is_empty() {
                    return Vec::new();
                }
            } else {
                queue = self.shared.arrived.wait(queue).expect("the queue is never poisoned");
            }
        }
        let mut jobs = Vec::new();
        let mut commands = 0_usize;
        while let Some(job) = queue.front() {
            commands = commands.saturating_add(job.commands());
            if !jobs.is_empty() && commands > self.shared.limits.commit_commands_max {
                break;
            }
            jobs.extend(queue.pop_front());
        }
        jobs
    }

    /// Decides these jobs, commits, and answers. Gives back whom to tell when everything is written at the end.
    fn round(&mut self, jobs: Vec<Job>) -> Option<oneshot::Sender<Result<(), EngineError>>> {
        let mut waiting = Waiting {
            executions: Vec::new(),
            deliveries: Vec::new(),
            written: Vec::new(),
            sweeps: Vec::new(),
        };
        let mut items = Vec::new();
        let mut round = Round::default();
        let mut forced = BTreeSet::new();
        let mut closing = None;
        for job in jobs {
            match job {
                Job::Execute { requests, reply } => {
                    let job = waiting.executions.len();
                    items.extend((0..requests.len()).map(|place| Item {
                        job,
                        place,
                        requests: Arc::clone(&requests),
                    }));
                    let answers = requests.iter().map(|_| None).collect();
                    waiting.executions.push(Execution { reply, answers });
                }
                // Reads and the rest see what was asked before them in the same round.
                Job::View { organization, reader } => {
                    self.decide_all(&mut items, &mut round, &mut waiting);
                    let view = self.observe(&organization);
                    let deliver = match view {
                        Ok(()) => self.read(&organization, reader),
                        Err(error) => reader(Err(error)),
                    };
                    waiting.deliveries.push((organization, deliver));
                }
                Job::Preview { organization, request, reply } => {
                    self.decide_all(&mut items, &mut round, &mut waiting);
                    let _ = reply.send(self.preview(&organization, &request));
                }
                Job::Written { organization, reply } => {
                    self.decide_all(&mut items, &mut round, &mut waiting);
                    match self.observe(&organization) {
                        Ok(()) => {
                            forced.insert(organization.clone());
                            waiting.written.push((organization, reply));
                        }
                        Err(error) => drop(reply.send(Err(error))),
                    }
                }
                Job::Sweep { limit, reply } => {
                    self.decide_all(&mut items, &mut round, &mut waiting);
                    match self.sweep(limit) {
                        Ok(swept) => waiting.sweeps.push((swept, reply)),
                        Err(error) => drop(reply.send(Err(error))),
                    }
                }
                Job::ShutDown { reply } => closing = Some(reply),
            }
        }
        self.decide_all(&mut items, &mut round, &mut waiting);
        let mut attempts = 0;
        let mut stale_ever = BTreeSet::new();
        let failed = loop {
            let stale = match self.commit(&forced) {
                Ok(stale) => stale,
                Err(error) => break Some(error),
            };
            items.append(&mut round.again);
            items.extend(round.decided.extract_if(.., |item| stale.contains(item.organization())));
            stale_ever.extend(stale);
            if items.is_empty() {
                break None;
            }
            attempts += 1;
            if attempts > ATTEMPTS_MAX {
                break Some(Arc::new(Fault::Unavailable("other servers were faster too often".into())));
            }
            self.decide_all(&mut items, &mut round, &mut waiting);
        };
        answer(waiting, failed, &stale_ever);
        self.cache.evict();
        closing
    }

    /// Decides these items in order and keeps what they came to; those whose account has to be loaded again wait.
    fn decide_all(&mut self, items: &mut Vec<Item>, round: &mut Round, waiting: &mut Waiting) {
        for item in items.drain(..) {
            let decided = match self.decide(item.organization(), item.request()) {
                Ok(None) => {
                    round.again.push(item);
                    continue;
                }
                Ok(Some(decided)) => Ok(decided),
                Err(error) => Err(error),
            };
            waiting.executions[item.job].answers[item.place] = Some(decided);
            round.decided.push(item);
        }
    }

    /// Decides one command. Nothing, where the account has to be loaded again first.
    fn decide(
        &mut self,
        organization: &OrganizationId,
        request: &Request,
    ) -> Result<Option<Decided>, EngineError> {
        let shared = Arc::clone(&self.shared);
        let hot = self.cache.get(&*shared.store, organization).map_err(fault)?;
        if hot.poisoned {
            return Ok(None);
        }
        hot.gather(&*shared.store, request).map_err(fault)?;
        let now = hot.account.core().test_clock.unwrap_or_else(clock::now);
        let decision = catch_unwind(AssertUnwindSafe(|| {
            let answer = hot.account.execute(&shared.policy, request, now);
            for recorded in &answer.events {
                hot.tally.absorb(recorded, &hot.account);
            }
            let done = match &answer.result {
                Ok(done) => *done,
                Err(refusal) => return (answer.events, Err(refusal.clone())),
            };
            let shown = capture(
                &hot.account,
                &shared.policy,
                answer.at,
                request.by(),
                request.command(),
                &answer.events,
            );
            let decided = match done {
                Done::Replayed { seq } => Decided::Replay { seq, version: hot.account.version(), shown },
                done => Decided::Receipt(Receipt { replayed: false, waiting: done == Done::Waiting, shown }),
            };
            (answer.events, Ok(decided))
        }));
        let Ok((events, result)) = decision else {
            // What was decided before it in this round stands; the account in memory does not.
            tracing::error!(%organization, "deciding a command met a broken invariant; the account was dropped");
            metrics::counter!("coulomb_broken_total").increment(1);
            hot.poisoned = true;
            self.poisoned.push(organization.clone());
            return Err(EngineError::Broken(organization.clone()));
        };
        let changed = !events.is_empty();
        hot.pending.extend(events);
        let counted = match (&result, request.command()) {
            (Err(Refusal::Start(start)), Command::Start { kind, task, member, .. }) if !start.recorded => {
                hot.tally.refused(now, kind.clone(), member.clone(), task.clone());
                true
            }
            _ => false,
        };
        if (changed || counted) && self.cache.touch(organization, changed) {
            self.marked.insert(organization.clone());
        }
        result.map(Some).map_err(EngineError::from)
    }

    /// Lets what is due happen.
    fn observe(&mut self, organization: &OrganizationId) -> Result<(), EngineError> {
        match self.decide(organization, &Request::observe())? {
            Some(_) => Ok(()),
            // Dropped because of a command before it in this round.
            None => Err(EngineError::Broken(organization.clone())),
        }
    }

    fn read(&mut self, organization: &OrganizationId, reader: Reader) -> Deliver {
        let shared = Arc::clone(&self.shared);
        match self.cache.get(&*shared.store, organization) {
            Ok(hot) => {
                let now =
                    hot.account.core().test_clock.unwrap_or_else(clock::now).max(hot.account.core().last);
                reader(Ok(View { account: &hot.account, policy: &shared.policy, now }))
            }
            Err(error) => reader(Err(fault(error))),
        }
    }

    fn preview(&mut self, organization: &OrganizationId, request: &Request) -> Result<Receipt, EngineError> {
        let shared = Arc::clone(&self.shared);
        let hot = self.cache.get(&*shared.store, organization).map_err(fault)?;
        hot.gather(&*shared.store, request).map_err(fault)?;
        let now = hot.account.core().test_clock.unwrap_or_else(clock::now);
        let (answer, account) = hot.account.preview(&shared.policy, request, now);
        let done = answer.result?;
        let shown =
            capture(&account, &shared.policy, answer.at, request.by(), request.command(), &answer.events);
        Ok(Receipt { replayed: matches!(done, Done::Replayed { .. }), waiting: done == Done::Waiting, shown })
    }

    /// Lets what is due happen on accounts that nobody asks for. Each is written afterwards, so that its row says when
    /// something is due next.
    fn sweep(&mut self, limit: usize) -> Result<usize, EngineError> {
        let due = self.shared.store.due(clock::now(), limit).map_err(fault)?;
        for organization in &due {
            match self.observe(organization) {
                Ok(()) => {
                    self.cache.touch(organization, false);
                    self.marked.insert(organization.clone());
                }
                Err(error) => tracing::error!(%organization, %error, "what is due could not be decided"),
            }
        }
        Ok(due.len())
    }

    /// Commits what was decided, with the rows that are to be written. Gives back the organizations that are stale.
    fn commit(&mut self, forced: &BTreeSet<OrganizationId>) -> Result<Vec<OrganizationId>, Arc<Fault>> {
        let appending = self.cache.take_changed();
        let writing = self.rows_to_write(&appending, forced);
        let stale = self.commit_these(&appending, &writing);
        for id in std::mem::take(&mut self.poisoned) {
            self.cache.remove(&id);
        }
        stale
    }

    /// Which accounts' rows this commit writes.
    fn rows_to_write(
        &mut self,
        appending: &[OrganizationId],
        forced: &BTreeSet<OrganizationId>,
    ) -> Vec<OrganizationId> {
        let limits = &self.shared.limits;
        if self.shared.store.tables() == Tables::EachCommit {
            let mut writing: BTreeSet<OrganizationId> = std::mem::take(&mut self.marked);
            writing.extend(forced.iter().cloned());
            writing.extend(appending.iter().cloned());
            return writing.into_iter().collect();
        }
        let pending = appending.iter().filter_map(|id| self.cache.peek(id)).map(|hot| hot.pending.len());
        let events: usize = pending.sum();
        self.events_since = self.events_since.saturating_add(events);
        if self.slicing.is_empty() && self.events_since >= limits.table_events {
            self.events_since = 0;
            self.slicing = std::mem::take(&mut self.marked).into_iter().collect();
            self.set = self.slicing.len();
        }
        // A set is written within as many commits as the limit says, and within as many events as make the next one: so
        // what a start has to replay stays bounded, however large the commits are.
        let slice = (self.set.div_ceil(limits.table_slices.max(1)))
            .max(self.set.saturating_mul(events).div_ceil(limits.table_events.max(1)));
        let mut writing: BTreeSet<OrganizationId> = forced.clone();
        writing.extend(self.slicing.drain(..slice.min(self.slicing.len())));
        writing.into_iter().collect()
    }

    fn commit_these(
        &mut self,
        appending: &[OrganizationId],
        writing: &[OrganizationId],
    ) -> Result<Vec<OrganizationId>, Arc<Fault>> {
        if appending.is_empty() && writing.is_empty() {
            return Ok(Vec::new());
        }
        let appended = match self.store_these(appending, writing) {
            Ok(appended) => appended,
            Err(error) => {
                // What memory says may not have happened, or may have: forget it, and ask the store when it is needed.
                tracing::error!(%error, "a commit failed; the accounts in it are loaded again");
                let touched = || appending.iter().chain(writing);
                touched().for_each(|id| self.cache.remove(id));
                self.marked.extend(touched().cloned());
                return Err(Arc::new(error));
            }
        };
        let mut stale = Vec::new();
        for (id, appended) in appending.iter().zip(appended) {
            match appended {
                Appended::At(head) => self.cache.committed(id, head),
                Appended::Stale => {
                    self.cache.remove(id);
                    stale.push(id.clone());
                }
            }
        }
        for id in writing {
            if stale.contains(id) || self.poisoned.contains(id) {
                self.marked.insert(id.clone());
            } else {
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
    ) -> Result<Vec<Appended>, Fault> {
        // An account that was dropped after a failure is loaded again, so that its rows follow all the same.
        for id in writing {
            self.cache.get(&*self.shared.store, id)?;
        }
        let stopwatch = clock::stopwatch();
        let policy = &self.shared.policy;
        let hot = |id: &OrganizationId| self.cache.peek(id);
        let appends = appending.iter().filter_map(|id| {
            hot(id).map(|hot| Append { organization: id, head: hot.head, events: &hot.pending })
        });
        let rows = writing.iter().filter_map(hot).filter(|hot| !hot.poisoned).map(|hot| hot.rows(policy));
        let batch = Batch { appends: appends.collect(), rows: rows.collect() };
        let appended = self.shared.store.commit(&batch)?;
        let events: usize = batch.appends.iter().map(|append| append.events.len()).sum();
        metrics::histogram!("coulomb_commit_events").record(u32::try_from(events).unwrap_or(u32::MAX));
        metrics::histogram!("coulomb_commit_seconds").record(stopwatch.elapsed().as_secs_f64());
        Ok(appended)
    }

    /// Nobody asks: writes the rows of some accounts that have changed.
    fn write_idle(&mut self) -> Result<(), Arc<Fault>> {
        let mut writing: Vec<OrganizationId> =
            self.slicing.drain(..self.slicing.len().min(IDLE_ACCOUNTS)).collect();
        while writing.len() < IDLE_ACCOUNTS {
            let Some(id) = self.marked.pop_first() else { break };
            writing.push(id);
        }
        self.events_since = 0;
        self.commit_these(&[], &writing).map(|_| ())
    }

    fn write_everything(&mut self) -> Result<(), EngineError> {
        while !self.marked.is_empty() || !self.slicing.is_empty() {
            self.write_idle().map_err(EngineError::Store)?;
        }
        Ok(())
    }
}

/// Answers everybody who waited for this round.
fn answer(waiting: Waiting, failed: Option<Arc<Fault>>, stale: &BTreeSet<OrganizationId>) {
    let error = || failed.clone().map(EngineError::Store);
    for Execution { reply, answers } in waiting.executions {
        let answers = answers.into_iter().map(|answer| match (error(), answer) {
            // A refusal that wrote nothing stands; everything else depends on the commit.
            (Some(error), Some(Ok(_)) | None) => Err(error),
            (_, Some(answer)) => answer,
            (None, None) => Err(EngineError::ShuttingDown),
        });
        let _ = reply.send(answers.collect());
    }
    // What was read of an account that turned out to be stale was never true; the caller asks again.
    let read = |organization: &OrganizationId| {
        let faster = || EngineError::Store(Arc::new(Fault::Unavailable("another server was faster".into())));
        error().or_else(|| stale.contains(organization).then(faster))
    };
    for (organization, deliver) in waiting.deliveries {
        deliver(read(&organization));
    }
    for (organization, reply) in waiting.written {
        let _ = reply.send(read(&organization).map_or(Ok(()), Err));
    }
    for (swept, reply) in waiting.sweeps {
        let _ = reply.send(error().map_or(Ok(swept), Err));
    }
}

pub(super) fn fault(error: Fault) -> EngineError {
    EngineError::Store(Arc::new(error))
}
