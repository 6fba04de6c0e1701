//! What waits for a committer, and for what: the callers' side of the engine.

use super::{After, EngineError, Limits, Receipt, Shown, View, replay};
use ledger::{Policy, command::Request, id::OrganizationId};
use std::{
    collections::VecDeque,
    sync::{
        Arc, Condvar, Mutex, MutexGuard,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};
use store::Store;
use tokio::sync::{Semaphore, oneshot};

/// What the callers and the committer share.
pub(super) struct Shared {
    pub(super) store: Arc<dyn Store>,
    pub(super) policy: Arc<Policy>,
    pub(super) limits: Limits,
    queue: Mutex<Queue>,
    pub(super) arrived: Condvar,
    /// Commands in the queues and in the rounds that are being decided, of all committers.
    pub(super) waiting: Arc<AtomicUsize>,
    closed: AtomicBool,
    /// First answers are rebuilt from history a few at a time.
    rebuilding: Arc<Semaphore>,
    pub(super) after: After,
}

/// What waits for a committer.
#[derive(Default)]
pub(super) struct Queue {
    pub(super) jobs: VecDeque<Job>,
    /// The committer sleeps until something comes. Waking who is awake costs a call of the system for every request.
    pub(super) sleeps: bool,
}

/// Reads an account on the committer, when everything in the round that it was asked in is durable.
pub(super) type Reader = Box<dyn FnOnce(Result<View<'_>, EngineError>) + Send>;

/// Commands for several organizations, shared by the caller and the committer.
pub(super) type Requests = Arc<Vec<(OrganizationId, Request)>>;

/// What a command came to, on the committer.
pub(super) enum Decided {
    Receipt(Receipt),
    /// A repeat: the first answer belongs to event `seq`; beside it, the account as it is shown now.
    Replay {
        seq: u64,
        version: u64,
        shown: Box<Shown>,
    },
    /// What was due has happened; whoever wanted that reads the account.
    Observed,
}

pub(super) type Answers = Vec<Result<Decided, EngineError>>;

/// Something to decide, and who waits for it.
pub(super) struct Job {
    pub(super) requests: Requests,
    pub(super) caller: Caller,
}

/// Who waits, and for what.
pub(super) enum Caller {
    Execution(oneshot::Sender<Answers>),
    /// Decided on a copy: nothing of it is kept.
    Preview(oneshot::Sender<Result<Receipt, EngineError>>),
    View(Reader),
    /// The rows of the organization have to stand for it.
    Written(oneshot::Sender<Result<(), EngineError>>),
    /// As above, for organizations that nobody asks for.
    Sweep(oneshot::Sender<()>),
    ShutDown(oneshot::Sender<Result<(), EngineError>>),
}

impl Job {
    /// Something to do with what is due on these organizations.
    fn observing(organizations: impl IntoIterator<Item = OrganizationId>, caller: Caller) -> Job {
        let requests = organizations.into_iter().map(|organization| (organization, Request::observe()));
        Job { requests: Arc::new(requests.collect()), caller }
    }

    pub(super) fn commands(&self) -> usize {
        match self.caller {
            Caller::Execution(_) => self.requests.len(),
            Caller::ShutDown(_) => 0,
            _ => 1,
        }
    }
}

impl Shared {
    pub(super) fn new(
        store: Arc<dyn Store>,
        policy: Arc<Policy>,
        limits: Limits,
        waiting: Arc<AtomicUsize>,
        rebuilding: Arc<Semaphore>,
        after: After,
    ) -> Shared {
        let (queue, arrived, closed) = (Mutex::default(), Condvar::new(), AtomicBool::new(false));
        Shared { store, policy, limits, queue, arrived, waiting, closed, rebuilding, after }
    }

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
        self.ask(Job { requests: Arc::clone(&requests), caller: Caller::Execution(reply) })?;
        let answers = answer.await.map_err(|_| EngineError::ShuttingDown)?;
        let mut receipts = Vec::with_capacity(answers.len());
        for (answer, (organization, request)) in answers.into_iter().zip(requests.iter()) {
            receipts.push(match answer {
                Ok(Decided::Receipt(receipt)) => Ok(receipt),
                Ok(Decided::Replay { seq, version, shown }) => {
                    let _turn = self.rebuilding.acquire().await.map_err(|_| EngineError::ShuttingDown)?;
                    replay::first_answer(self, organization, request, seq, version, shown).await
                }
                Ok(Decided::Observed) => Err(EngineError::ShuttingDown),
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
            // A caller that has gone away needs no answer.
            let _ = reply.send(view.map(read));
        });
        self.ask(Job::observing([organization], Caller::View(reader)))?;
        answer.await.map_err(|_| EngineError::ShuttingDown)?
    }

    pub(super) async fn preview(
        &self,
        organization: OrganizationId,
        request: Request,
    ) -> Result<Receipt, EngineError> {
        let (reply, answer) = oneshot::channel();
        let requests = Arc::new(vec![(organization, request)]);
        self.ask(Job { requests, caller: Caller::Preview(reply) })?;
        answer.await.map_err(|_| EngineError::ShuttingDown)?
    }

    pub(super) async fn written(&self, organization: OrganizationId) -> Result<(), EngineError> {
        let (reply, answer) = oneshot::channel();
        self.ask(Job::observing([organization], Caller::Written(reply)))?;
        answer.await.map_err(|_| EngineError::ShuttingDown)?
    }

    pub(super) async fn sweep(&self, organizations: Vec<OrganizationId>) -> Result<(), EngineError> {
        let (reply, answer) = oneshot::channel();
        self.ask(Job::observing(organizations, Caller::Sweep(reply)))?;
        answer.await.map_err(|_| EngineError::ShuttingDown)
    }

    pub(super) async fn shut_down(&self) -> Result<(), EngineError> {
        let (reply, answer) = oneshot::channel();
        if !self.closed.swap(true, Ordering::SeqCst) {
            self.push(Job { requests: Arc::default(), caller: Caller::ShutDown(reply) });
            answer.await.map_err(|_| EngineError::ShuttingDown)??;
        }
        Ok(())
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
        let mut queue = self.lock();
        queue.jobs.push_back(job);
        let sleeps = std::mem::take(&mut queue.sleeps);
        drop(queue);
        if sleeps {
            self.arrived.notify_one();
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().expect("the queue is never held by a thread that panics")
    }
}
