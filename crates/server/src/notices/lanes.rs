//! Works off memos so that no organization waits for another: each that has something due gets a lane of its own, up to a
//! number of lanes, and an organization that takes long keeps only its own. One organization is never in two lanes.

use crate::{engine::Changes, jobs::due, memos::Memos};
use futures_util::{StreamExt, future::join, stream::FuturesUnordered};
use ledger::id::OrganizationId;
use std::{collections::BTreeSet, future::Future};
use store::memo::Memo;
use tokio::sync::mpsc;

/// Works off memos of this kind until it is dropped. `work` gets one organization's due memos, soonest first.
pub async fn run<W, F>(changes: Changes, memos: Memos, kind: &'static str, lanes: usize, work: W)
where
    W: Fn(OrganizationId, Vec<Memo>) -> F,
    F: Future<Output = ()>,
{
    let (found, mut waiting) = mpsc::channel::<(OrganizationId, Vec<Memo>)>(1);
    let look = due::run(changes, memos, kind, 1, |organization, memos| async {
        // Whoever receives lives as long as this does.
        let _ = found.send((organization, memos)).await;
    });
    let work_off = async {
        let mut in_hand = BTreeSet::new();
        let mut busy = FuturesUnordered::new();
        loop {
            tokio::select! {
                Some((organization, memos)) = waiting.recv(), if busy.len() < lanes.max(1) => {
                    // What is found of one that is in hand already is found again.
                    if in_hand.insert(organization.clone()) {
                        let working = work(organization.clone(), memos);
                        busy.push(async move {
                            working.await;
                            organization
                        });
                    }
                }
                Some(organization) = busy.next() => {
                    in_hand.remove(&organization);
                }
                else => return,
            }
        }
    };
    join(look, work_off).await;
}
