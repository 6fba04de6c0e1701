//! First answers again (R2.4): the account as it stood right after the decision that answered first, rebuilt from the
//! events. Where nothing has happened since, that is the account as it is.

use super::{EngineError, Receipt, Shown, capture::capture, fault, queue::Shared};
use ledger::{
    Account, Policy, Timestamp,
    command::{Command, Request},
    event::Recorded,
    id::OrganizationId,
};
use std::sync::Arc;
use store::{Fault, Store, record};

/// Events read at once.
const PAGE: usize = 1_000;

/// Events that are folded at most for a first answer. A repeat that comes later than that is answered with the object
/// and the balance as they are now.
const REBUILD_EVENTS_MAX: u64 = 200_000;

/// The first answer to a command that event `seq` answered; `shown` is what it would show now, at `version`.
pub(super) async fn first_answer(
    shared: &Shared,
    organization: &OrganizationId,
    request: &Request,
    seq: u64,
    version: u64,
    shown: Box<Shown>,
) -> Result<Receipt, EngineError> {
    let (store, policy) = (Arc::clone(shared.store()), Arc::clone(shared.policy()));
    let (organization, request) = (organization.clone(), request.clone());
    let rebuild = move || {
        let (last, at) = end_of_decision(&*store, &organization, seq)?;
        // A grant whose id was made by its event is found by that event alone.
        let by_event = matches!(request.command(), Command::GrantPromotional { grant: None, .. });
        if last == version && !by_event {
            let mut shown = shown;
            shown.balance.as_of = at;
            return Ok(shown);
        }
        if last > REBUILD_EVENTS_MAX && !by_event {
            return Ok(shown);
        }
        rebuild(&*store, &policy, &organization, &request, seq, last).map(Box::new)
    };
    let shown =
        tokio::task::spawn_blocking(rebuild).await.map_err(|_| EngineError::ShuttingDown)?.map_err(fault)?;
    Ok(Receipt { replayed: true, waiting: false, shown })
}

/// The number and instant of the last event of the decision that event `seq` belongs to.
fn end_of_decision(
    store: &dyn Store,
    organization: &OrganizationId,
    seq: u64,
) -> Result<(u64, Timestamp), Fault> {
    let first = read(store, organization, seq.saturating_sub(1), 1)?;
    let first = first.first().ok_or_else(|| missing(organization, seq))?;
    let last = seq.saturating_add(u64::from(first.left));
    let end = read(store, organization, last.saturating_sub(1), 1)?;
    end.first().map(|end| (last, end.at)).ok_or_else(|| missing(organization, last))
}

fn rebuild(
    store: &dyn Store,
    policy: &Policy,
    organization: &OrganizationId,
    request: &Request,
    seq: u64,
    last: u64,
) -> Result<Shown, Fault> {
    let mut account = Account::new(organization.clone());
    let mut decision = Vec::new();
    while account.version() < last {
        let left = usize::try_from(last - account.version()).unwrap_or(PAGE);
        let page = read(store, organization, account.version(), left.min(PAGE))?;
        if page.is_empty() {
            return Err(missing(organization, account.version().saturating_add(1)));
        }
        for recorded in page {
            account.apply(&recorded);
            if recorded.seq >= seq {
                decision.push(recorded);
            }
        }
    }
    let at = decision.last().map_or(account.core().last, |recorded| recorded.at);
    Ok(capture(&account, policy, at, request.by(), request.command(), &decision))
}

fn read(
    store: &dyn Store,
    organization: &OrganizationId,
    after: u64,
    limit: usize,
) -> Result<Vec<Recorded>, Fault> {
    store.events(organization, after, limit)?.iter().map(|event| record::decode(&event.bytes)).collect()
}

fn missing(organization: &OrganizationId, seq: u64) -> Fault {
    Fault::Damaged(format!("event {seq} of organization {organization} is missing"))
}
