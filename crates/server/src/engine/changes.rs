//! Who wants to know when an account changes: pages that follow it, starts that wait for a purchase, and the jobs that work
//! off memos. Told after the commit. What another server commits is not told here: whoever waits also looks now and then.

use ledger::id::OrganizationId;
use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};
use tokio::sync::watch;

/// Tells of changes. Cheap to clone.
#[derive(Clone, Default)]
pub struct Changes {
    inner: Arc<Inner>,
}

#[derive(Default)]
struct Inner {
    /// How many accounts are watched, so that a commit nobody watches costs nothing.
    watched: AtomicUsize,
    accounts: Mutex<HashMap<OrganizationId, watch::Sender<()>>>,
    memos: watch::Sender<()>,
}

impl Inner {
    fn accounts(&self) -> MutexGuard<'_, HashMap<OrganizationId, watch::Sender<()>>> {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Follows one account.
pub struct Watch {
    organization: OrganizationId,
    receiver: watch::Receiver<()>,
    inner: Arc<Inner>,
}

impl Watch {
    /// Waits for the next change; one since the last call counts.
    pub async fn changed(&mut self) {
        // The sender lives as long as this does.
        let _ = self.receiver.changed().await;
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let mut accounts = self.inner.accounts();
        if accounts.get(&self.organization).is_some_and(|sender| sender.receiver_count() <= 1) {
            accounts.remove(&self.organization);
            self.inner.watched.store(accounts.len(), Ordering::SeqCst);
        }
    }
}

impl Changes {
    /// Follows an account from now on.
    pub fn watch(&self, organization: &OrganizationId) -> Watch {
        let mut accounts = self.inner.accounts();
        let receiver = accounts.entry(organization.clone()).or_default().subscribe();
        self.inner.watched.store(accounts.len(), Ordering::SeqCst);
        Watch { organization: organization.clone(), receiver, inner: Arc::clone(&self.inner) }
    }

    /// Changes when memos were written that are due.
    pub fn memos(&self) -> watch::Receiver<()> {
        self.inner.memos.subscribe()
    }

    /// Says that there are memos to work off.
    pub fn tell_memos(&self) {
        self.inner.memos.send_replace(());
    }

    /// Says that an account has changed.
    pub(super) fn tell(&self, organization: &OrganizationId) {
        if self.inner.watched.load(Ordering::SeqCst) == 0 {
            return;
        }
        if let Some(sender) = self.inner.accounts().get(organization) {
            sender.send_replace(());
        }
    }
}
