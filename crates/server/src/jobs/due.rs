//! Works off memos as they fall due. Each organization that has something due is worked for by itself, up to a number of
//! them at a time: one that takes long keeps only its own place, and is never worked for twice at once. A memo that is still
//! due afterwards is looked at again a second later, so whoever cannot do something now says when it may be tried again.

use crate::{clock, engine::Changes, memos::Memos};
use futures_util::{StreamExt, stream::FuturesUnordered};
use ledger::id::OrganizationId;
use std::{
    collections::{BTreeSet, VecDeque},
    future::Future,
    time::Duration,
};
use store::{Fault, memo::Memo};
use tokio::time::{MissedTickBehavior, interval};

/// How often a loop looks for memos that nobody told it of: another server's, and those whose time has come.
const PAUSE: Duration = Duration::from_secs(1);

/// Memos found in one go.
const PAGE: usize = 500;

/// An organization, and what is due of it.
type Found = (OrganizationId, Vec<Memo>);

/// Works off memos of this kind until it is dropped. `work` gets one organization's due memos, soonest first.
pub async fn run<W, F>(changes: Changes, memos: Memos, kind: &'static str, at_once: usize, work: W)
where
    W: Fn(OrganizationId, Vec<Memo>) -> F,
    F: Future<Output = ()>,
{
    let mut told = changes.memos();
    let mut tick = interval(PAUSE);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut in_hand, mut busy) = (BTreeSet::new(), FuturesUnordered::new());
    let mut waiting: VecDeque<Found> = VecDeque::new();
    let mut failing = false;
    loop {
        while busy.len() < at_once.max(1)
            && let Some((organization, memos)) = waiting.pop_front()
        {
            // What is found of one that is in hand already is found again.
            if in_hand.insert(organization.clone()) {
                let working = work(organization.clone(), memos);
                busy.push(async move {
                    working.await;
                    organization
                });
            }
        }
        tokio::select! {
            Some(organization) = busy.next() => {
                in_hand.remove(&organization);
                continue;
            }
            _ = tick.tick(), if waiting.is_empty() => {}
            Ok(()) = told.changed(), if waiting.is_empty() => {}
        }
        match look(&memos, kind).await {
            Ok(found) => {
                failing = false;
                waiting = found;
            }
            // Said once when it begins; what is due waits and loses nothing.
            Err(error) if !failing => {
                failing = true;
                tracing::warn!(%error, kind, "what is due cannot be read; it is tried again every second");
            }
            Err(_) => {}
        }
    }
}

/// What is due now, by organization, soonest first.
async fn look(memos: &Memos, kind: &'static str) -> Result<VecDeque<Found>, Fault> {
    let mut organizations: VecDeque<Found> = VecDeque::new();
    for owned in memos.due(kind, clock::now(), PAGE).await? {
        match organizations.iter_mut().find(|(known, _)| *known == owned.organization) {
            Some((_, memos)) => memos.push(owned.memo),
            None => organizations.push_back((owned.organization, vec![owned.memo])),
        }
    }
    Ok(organizations)
}
