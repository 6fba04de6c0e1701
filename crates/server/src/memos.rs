//! Memos for whoever is asynchronous: the store's own calls, made where they may block.

use ledger::{Timestamp, id::OrganizationId};
use serde::{Serialize, de::DeserializeOwned};
use std::sync::Arc;
use store::{
    Fault, Store,
    memo::{Change, Listed, Memo, Owned},
};

/// What is remembered beside the ledger. Cheap to clone.
#[derive(Clone)]
pub struct Memos {
    store: Arc<dyn Store>,
}

impl Memos {
    /// Those of this store.
    pub fn new(store: Arc<dyn Store>) -> Memos {
        Memos { store }
    }

    async fn call<T: Send + 'static>(
        &self,
        call: impl FnOnce(&dyn Store) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Fault> {
        let store = Arc::clone(&self.store);
        let done = tokio::task::spawn_blocking(move || call(&*store)).await;
        done.map_err(|_| Fault::Unavailable("the server is shutting down".into()))?
    }

    /// Changes memos of one organization, all or none; false: another server was faster, and nothing was changed.
    pub async fn keep(&self, organization: &OrganizationId, changes: Vec<Change>) -> Result<bool, Fault> {
        let organization = organization.clone();
        self.call(move |store| store.keep(&organization, &changes)).await
    }

    /// One memo.
    pub async fn one(
        &self,
        organization: &OrganizationId,
        kind: &'static str,
        id: &str,
    ) -> Result<Option<Memo>, Fault> {
        let (organization, id) = (organization.clone(), id.to_owned());
        self.call(move |store| store.memo(&organization, kind, &id)).await
    }

    /// Memos of one kind, the first id first.
    pub async fn list(
        &self,
        organization: &OrganizationId,
        kind: &'static str,
        after: Option<String>,
        limit: usize,
    ) -> Result<Vec<Memo>, Fault> {
        self.page(organization, kind, after, false, limit).await
    }

    /// Memos of one kind, the last id first.
    pub async fn list_backwards(
        &self,
        organization: &OrganizationId,
        kind: &'static str,
        after: Option<String>,
        limit: usize,
    ) -> Result<Vec<Memo>, Fault> {
        self.page(organization, kind, after, true, limit).await
    }

    async fn page(
        &self,
        organization: &OrganizationId,
        kind: &'static str,
        after: Option<String>,
        backwards: bool,
        limit: usize,
    ) -> Result<Vec<Memo>, Fault> {
        let organization = organization.clone();
        let page = move |store: &dyn Store| {
            store.memos(&organization, Listed { kind, after: after.as_deref(), backwards }, limit)
        };
        self.call(page).await
    }

    /// Memos of one kind that are due at or before this instant, of all organizations.
    pub async fn due(&self, kind: &'static str, by: Timestamp, limit: usize) -> Result<Vec<Owned>, Fault> {
        self.call(move |store| store.due_memos(kind, by, limit)).await
    }

    /// Takes a memo for this server: until then it is not due for anybody else. None: another server has it.
    pub async fn claim(
        &self,
        organization: &OrganizationId,
        memo: &Memo,
        until: Timestamp,
    ) -> Result<Option<Memo>, Fault> {
        let claimed = Memo { due: Some(until), ..memo.clone() };
        let kept = self.keep(organization, vec![Change::Write(claimed.clone())]).await?;
        Ok(kept.then(|| Memo { version: claimed.version + 1, ..claimed }))
    }
}

/// What a memo says.
pub fn read<T: DeserializeOwned>(memo: &Memo) -> Result<T, Fault> {
    serde_json::from_str(&memo.body).map_err(|error| {
        Fault::Damaged(format!("the memo {} {} cannot be read: {error}", memo.kind, memo.id))
    })
}

/// What a memo is to say.
pub fn body(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("what is remembered is plain data")
}
