//! The committer.
use super::{EngineError, Limits, Receipt, View};
use ledger::{Policy, command::Request, id::OrganizationId};
use std::sync::Arc;
use store::Store;

pub(super) struct Shared {
    store: Arc<dyn Store>,
    policy: Arc<Policy>,
}

pub(super) fn start(store: Arc<dyn Store>, policy: Policy, _limits: Limits) -> Arc<Shared> {
    Arc::new(Shared { store, policy: Arc::new(policy) })
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
        _: Vec<(OrganizationId, Request)>,
    ) -> Result<Vec<Result<Receipt, EngineError>>, EngineError> {
        Err(EngineError::ShuttingDown)
    }
    pub(super) async fn view<T: Send + 'static>(
        &self,
        _: OrganizationId,
        _: impl FnOnce(View<'_>) -> T + Send + 'static,
    ) -> Result<T, EngineError> {
        Err(EngineError::ShuttingDown)
    }
    pub(super) async fn preview(&self, _: OrganizationId, _: Request) -> Result<Receipt, EngineError> {
        Err(EngineError::ShuttingDown)
    }
    pub(super) async fn written(&self, _: OrganizationId) -> Result<(), EngineError> {
        Err(EngineError::ShuttingDown)
    }
    pub(super) async fn sweep(&self, _: usize) -> Result<usize, EngineError> {
        Err(EngineError::ShuttingDown)
    }
    pub(super) async fn shut_down(&self) -> Result<(), EngineError> {
        Ok(())
    }
}
