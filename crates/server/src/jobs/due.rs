//! Works off memos as they fall due: one loop for each kind, several organizations at a time, one organization's memos in
//! order. A memo that is still due afterwards is looked at again a second later, so whoever cannot do something now says
//! when it may be tried again.

use crate::{clock, engine::Changes, memos::Memos};
use futures_util::{StreamExt, stream};
use ledger::id::OrganizationId;
use std::{future::Future, time::Duration};
use store::memo::Memo;

/// How often a loop looks for memos that nobody told it of: another server's, and those whose time has come.
const PAUSE: Duration = Duration::from_secs(1);

/// Memos taken in one go.
const PAGE: usize = 500;

/// Works off memos of this kind until the server stops. `work` gets one organization's due memos, soonest first.
pub async fn run<W, F>(changes: Changes, memos: Memos, kind: &'static str, at_once: usize, work: W)
where
    W: Fn(OrganizationId, Vec<Memo>) -> F,
    F: Future<Output = ()>,
{
    let mut told = changes.memos();
    let mut failing = false;
    loop {
        match memos.due(kind, clock::now(), PAGE).await {
            Ok(due) => {
                failing = false;
                let mut organizations: Vec<(OrganizationId, Vec<Memo>)> = Vec::new();
                for owned in due {
                    match organizations.iter_mut().find(|(known, _)| *known == owned.organization) {
                        Some((_, memos)) => memos.push(owned.memo),
                        None => organizations.push((owned.organization, vec![owned.memo])),
                    }
                }
                let works = organizations.into_iter().map(|(organization, memos)| work(organization, memos));
                stream::iter(works).buffer_unordered(at_once).collect::<Vec<()>>().await;
            }
            // Said once when it begins; what is due waits and loses nothing.
            Err(error) if !failing => {
                failing = true;
                tracing::warn!(%error, kind, "what is due cannot be read; it is tried again every second");
            }
            Err(_) => {}
        }
        let _ = tokio::time::timeout(PAUSE, told.changed()).await;
    }
}
