//! One commit: all organizations of a batch in one call, or one call for each slot where slots lie apart. A call that was
//! cut short is made again, as long as that cannot store anything twice.

use super::{
    Deployment, Patience, Postgres, Trouble,
    columns::{Columns, Entry, Event, Events},
    query, slot_of, statements,
};
use crate::{Append, Appended, Batch, Fault, Head, Need, record};
use futures_util::future::join_all;
use ledger::id::OrganizationId;
use std::collections::{BTreeMap, HashMap, HashSet};

/// Organizations that somebody else was faster on.
type Stale<'a> = HashSet<&'a OrganizationId>;

pub(super) async fn commit(store: &Postgres, batch: &Batch<'_>) -> Result<Vec<Appended>, Fault> {
    let entries = entries(batch);
    let appended = entries.iter().filter_map(|entry| Some((entry.organization, entry.events.as_ref()?.end)));
    let ends: HashMap<&OrganizationId, Head> = appended.collect();
    let stale = store_all(store, entries).await?;
    let answer = |organization, head: Head| match stale.contains(organization) {
        true => Appended::Stale,
        false => Appended::At(ends.get(organization).copied().unwrap_or(head)),
    };
    let appended = batch.appends.iter().map(|append| answer(append.organization, append.head));
    let assumed = batch.assumed.iter().map(|need| answer(need.organization, assumed_head(need)));
    Ok(appended.chain(assumed).collect())
}

/// What is to be stored, by slot and organization: the order in which everybody locks.
fn entries<'a>(batch: &'a Batch<'_>) -> Vec<Entry<'a>> {
    let mut entries: BTreeMap<&OrganizationId, Entry<'a>> = BTreeMap::new();
    for append in &batch.appends {
        let mut entry = Entry::new(append.organization, append.head);
        // Of nothing, nothing is stored: a row without a history would be in the way of the first event.
        entry.events = (!append.events.is_empty()).then(|| encode(append));
        entries.insert(append.organization, entry);
    }
    for rows in &batch.rows {
        let organization = rows.account.organization();
        let entry = entries.entry(organization).or_insert_with(|| Entry::new(organization, rows.head));
        entry.write(*rows);
    }
    let alone = entries.values().find(|entry| entry.events.is_some() && entry.rows.is_none());
    assert!(alone.is_none(), "an append comes with its account's rows");
    for (organization, memo) in &batch.memos {
        let appended = entries.get_mut(organization);
        appended.expect("a memo comes with events of its organization").memos.push(memo);
    }
    for need in &batch.assumed {
        let organization = need.organization;
        let entry =
            entries.entry(organization).or_insert_with(|| Entry::new(organization, assumed_head(need)));
        entry.assumed = Some(&need.parts);
    }
    for (organization, counted) in &batch.counts {
        let fresh = || Entry::new(organization, super::beginning(organization));
        entries.entry(organization).or_insert_with(fresh).counted.add(counted);
    }
    let mut entries: Vec<Entry<'a>> = entries.into_values().collect();
    // Stable: within a slot they stay in their order.
    entries.sort_by_key(|entry| entry.slot);
    entries
}

fn assumed_head(need: &Need<'_>) -> Head {
    need.at_hand.expect("what is assumed is at hand")
}

fn encode(append: &Append<'_>) -> Events {
    let mut end = append.head;
    let mut events = Vec::with_capacity(append.events.len());
    for recorded in append.events {
        let (bytes, hash) = record::encode(recorded, &end.hash);
        let body = String::from_utf8(bytes).expect("JSON is text");
        end = Head { seq: recorded.seq, hash, pos: 0 };
        events.push(Event { seq: recorded.seq, at: recorded.at, hash, body });
    }
    Events { end, events }
}

/// Stores everything that is not stale; says what is.
pub(super) async fn store_all<'a>(store: &Postgres, entries: Vec<Entry<'a>>) -> Result<Stale<'a>, Fault> {
    if store.deployment == Deployment::Whole {
        return store_together(store, entries).await;
    }
    let mut slots: BTreeMap<i16, Vec<Entry<'a>>> = BTreeMap::new();
    for entry in entries {
        slots.entry(entry.slot).or_default().push(entry);
    }
    let several = slots.len() > 1;
    let mut stale = Stale::new();
    let mut failed = None;
    for of_slot in join_all(slots.into_values().map(|entries| store_together(store, entries))).await {
        match of_slot {
            Ok(of_slot) => stale.extend(of_slot),
            Err(fault) => failed = Some(fault),
        }
    }
    match failed {
        None => Ok(stale),
        // What one slot refused, the others may have stored.
        Some(Fault::Unavailable(text)) if several => Err(Fault::Unknown(text)),
        Some(fault) => Err(fault),
    }
}

/// Stores these in one transaction, without those that turn out to be stale.
async fn store_together<'a>(store: &Postgres, mut entries: Vec<Entry<'a>>) -> Result<Stale<'a>, Fault> {
    let mut stale = Stale::new();
    let mut patience = Patience::new(store.options.retry);
    // Whether an earlier call with the same entries may have been done.
    let mut uncertain = false;
    while !entries.is_empty() {
        let columns = Columns::new(&entries);
        let (why, unknown) = match store.attempt(async |conn| call(store, conn, &columns).await).await {
            Ok(()) => break,
            Err(Trouble::Stale(places)) => {
                drop(columns);
                // All of a call is stored or nothing: any event of it tells.
                if uncertain && is_stored(store, &entries).await? {
                    break;
                }
                if places.last().is_none_or(|last| *last >= entries.len()) {
                    let text = "the database says that something is stale, and not what";
                    return Err(Fault::Damaged(text.into()));
                }
                // An earlier call was doomed by an append that can never fit, not by what was only assumed then.
                uncertain &= !places.iter().any(|place| entries[*place].events.is_some());
                for place in places.into_iter().rev() {
                    stale.insert(entries.remove(place).organization);
                }
                continue;
            }
            Err(Trouble::NotDone(text)) => (text, false),
            Err(Trouble::Unknown(text)) => (text, true),
            Err(Trouble::Fault(fault)) => return Err(fault),
        };
        drop(columns);
        uncertain |= unknown;
        // Nothing would tell whether these counts are stored already.
        let tells = entries.iter().any(|entry| entry.events.is_some());
        let counts = entries.iter().any(Entry::counts);
        if (uncertain && counts && !tells) || !patience.pause().await {
            let unknown = uncertain && entries.iter().any(Entry::writes);
            return Err(if unknown { Fault::Unknown(why) } else { Fault::Unavailable(why) });
        }
    }
    Ok(stale)
}

async fn call(
    store: &Postgres,
    conn: &deadpool_postgres::Object,
    columns: &Columns<'_>,
) -> Result<(), Trouble> {
    let slot = columns.first_slot();
    match store.deployment {
        Deployment::Whole => query(conn, &statements::COMMIT, &columns.params(None)).await?,
        Deployment::Sharded => query(conn, &statements::COMMIT_SLOT, &columns.params(Some(&slot))).await?,
    };
    Ok(())
}

/// Whether the last event of the first organization that has any is in the database.
async fn is_stored(store: &Postgres, entries: &[Entry<'_>]) -> Result<bool, Fault> {
    let appended = entries.iter().find_map(|entry| Some((entry.organization, entry.events.as_ref()?.end)));
    let Some((organization, end)) = appended else { return Ok(false) };
    let seq = crate::column::int(end.seq);
    let found = store
        .reading(async |conn| {
            let params: [&(dyn tokio_postgres::types::ToSql + Sync); 3] =
                [&slot_of(organization), &organization.as_str(), &seq];
            query(conn, &statements::EVENT_HASH, &params).await
        })
        .await
        // It stays as unknown as it was.
        .map_err(|fault| Fault::Unknown(fault.to_string()))?;
    let hash = found.first().map(|row| row.try_get::<_, &[u8]>(0));
    Ok(hash.is_some_and(|hash| hash.is_ok_and(|hash| hash == end.hash)))
}
