//! Reading in the name of whoever asks (R12.2): the one place where a member's permission to read is checked, and how
//! pages of the store are read.

use super::{
    App,
    access::Member,
    conventions::json,
    extract::{Caller, Slice, id_cursor, number_cursor},
};
use crate::{engine::View, error::ApiError};
use axum::{http::StatusCode, response::Response};
use ledger::{
    id::OrganizationId,
    people::{Permission, Role},
    refusal::Refusal,
};
use serde::Serialize;
use std::{
    collections::BTreeMap,
    fmt::Display,
    ops::Bound::{Excluded, Unbounded},
    sync::Arc,
};
use store::{Fault, Store};

/// What a reader may see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sees {
    /// Amounts of debt, locked and frozen credits, and the rest of R12.2.
    pub billing: bool,
    /// How to reach the members.
    pub contacts: bool,
}

impl App {
    /// Reads an account, where the caller may: the organization exists, and the member it is in the name of is one of it
    /// and may read this.
    pub async fn read<T: Send + 'static>(
        &self,
        caller: &Caller,
        organization: OrganizationId,
        read: impl FnOnce(View<'_>, Sees) -> T + Send + 'static,
    ) -> Result<T, ApiError> {
        let (actor, needs) = (caller.actor(), caller.route.member);
        let looked = self.engine.view(organization, move |view| {
            let account = view.account;
            if !account.exists() {
                return Err(Refusal::UnknownOrganization);
            }
            let known = match &actor.member {
                None => None,
                Some(id) => match account.core().members.get(id) {
                    Some(member) => Some(member),
                    None => return Err(Refusal::NotAMember { member: id.to_string() }),
                },
            };
            let sees = Sees {
                billing: account.sees_billing(&actor),
                contacts: known.is_none_or(|member| member.role <= Role::Admin),
            };
            if needs == Member::Billing && !sees.billing {
                return Err(Refusal::Forbidden {
                    needs: Permission::Billing,
                    ask: account.billing_contacts(),
                });
            }
            Ok(read(view, sees))
        });
        Ok(looked.await??)
    }

    /// Reads the store, current as of now, off the threads that serve. Call [`App::read`] first: it checks the caller.
    pub async fn page<T: Send + 'static>(
        &self,
        organization: OrganizationId,
        read: impl FnOnce(&dyn Store, &OrganizationId) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, ApiError> {
        self.engine.written(organization.clone()).await?;
        self.stored(move |store| read(store, &organization)).await
    }

    /// Reads the store as it is.
    pub async fn stored<T: Send + 'static>(
        &self,
        read: impl FnOnce(&dyn Store) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, ApiError> {
        let store = Arc::clone(self.engine.store());
        let read = tokio::task::spawn_blocking(move || read(&*store)).await;
        Ok(read.map_err(|_| ApiError::fault("a read of the store was stopped"))??)
    }
}

/// The page of a list by number, from the store.
pub fn paged<'a, T, W>(page: &'a store::Page<T>, shown: impl Fn(&'a T) -> W) -> api::Page<W> {
    api::Page { data: page.rows.iter().map(shown).collect(), next_cursor: number_cursor(page.next) }
}

/// The page of a list in the order of ids, from what an account keeps: the rows after the cursor.
pub fn by_id<'a, K: Ord + Display, V, W: Serialize>(
    map: &'a BTreeMap<K, V>,
    cursor: Option<&K>,
    slice: &Slice,
    shown: impl Fn(&'a K, &'a V) -> W,
) -> Response {
    let rest = map.range((cursor.map_or(Unbounded, Excluded), Unbounded));
    let mut rows: Vec<_> = rest.take(slice.limit + 1).collect();
    let more = rows.len() > slice.limit;
    rows.truncate(slice.limit);
    let next_cursor = rows.last().filter(|_| more).map(|(id, _)| id_cursor(&id.to_string()));
    let data = rows.into_iter().map(|(id, value)| shown(id, value)).collect();
    json(StatusCode::OK, &api::Page { data, next_cursor })
}
