//! An organization's ledger, the newest first: what happened in words, as the console tells it, when and by whom; and as it is
//! stored.

use super::{ROOT, Tab, enter::Operator, organization::head};
use crate::{
    copy::say,
    error::ApiError,
    http::{
        books,
        extract::{Ids, Query},
    },
    web::{
        billing::events::{Named, Teller, names, runs_behind},
        figures::time,
    },
};
use axum::{http::StatusCode, response::Response};
use ledger::{
    command::PartKey,
    event::Recorded,
    id::{MemberId, OrganizationId},
    people::Member,
};
use maud::{Markup, html};
use serde::Deserialize;
use std::collections::BTreeMap;
use store::record;

/// Events on one page.
const EVENTS_SHOWN: u64 = 50;

/// Where a page begins.
#[derive(Deserialize)]
pub struct Before {
    before: Option<u64>,
}

/// Some events of a ledger, with what they name.
#[derive(Default)]
pub struct Ledger {
    events: Vec<Recorded>,
    named: Named,
    members: BTreeMap<MemberId, Member>,
}

/// The events right before this number, the newest first. Events have numbers without gaps (R2.2), so that a page needs no
/// search.
pub async fn before(
    operator: &Operator,
    id: &OrganizationId,
    before: u64,
    count: u64,
) -> Result<Ledger, ApiError> {
    let members = operator
        .app
        .read(&operator.caller, id.clone(), |view, _| view.account.core().members.clone())
        .await?;
    let last = before.saturating_sub(1);
    let after = last.saturating_sub(count);
    let count = usize::try_from(last - after).unwrap_or(0);
    let read = operator.app.page(id.clone(), move |store, id| {
        let stored = store.events(id, after, count)?;
        let mut events =
            stored.iter().map(|event| record::decode(&event.bytes)).collect::<Result<Vec<_>, _>>()?;
        events.reverse();
        let keys: Vec<PartKey> = events.iter().filter_map(|event| names(&event.event)).collect();
        let mut parts = if keys.is_empty() { Vec::new() } else { store.recall(id, &keys)? };
        let behind = runs_behind(&parts);
        if !behind.is_empty() {
            parts.extend(store.recall(id, &behind)?);
        }
        Ok((events, Named::new(parts)))
    });
    let (events, named) = read.await?;
    Ok(Ledger { events, named, members })
}

/// The ledger, page by page.
pub async fn show(
    operator: Operator,
    Ids(id): Ids<OrganizationId>,
    Query(asked): Query<Before>,
) -> Result<Response, ApiError> {
    let read = operator.app.read(&operator.caller, id.clone(), |view, _| {
        (view.account.core().name.clone(), view.account.version())
    });
    let (name, version) = read.await?;
    let newest = version.saturating_add(1);
    let from = asked.before.unwrap_or(newest).min(newest);
    let ledger = before(&operator, &id, from, EVENTS_SHOWN).await?;
    let to = |before: u64| format!("{ROOT}/organizations/{id}/events?before={before}");
    let title = say!(operator, "operator-events");
    let body = html! {
        div.page-head { div { h1 { (title) } p.quiet { a href={ (ROOT) "/organizations/" (id) } { (name) } } } }
        section.card aria-label=(title) {
            (table(&operator, &ledger))
            nav.card-foot aria-label=(say!(operator, "settings-pages")) {
                p { (say!(operator, "operator-events-count", count = version)) }
                div.row {
                    @if from < newest { a.btn href=(to(from.saturating_add(EVENTS_SHOWN).min(newest))) { (say!(operator, "operator-events-newer")) } }
                    @if from > EVENTS_SHOWN.saturating_add(1) { a.btn href=(to(from.saturating_sub(EVENTS_SHOWN))) { (say!(operator, "operator-events-older")) } }
                }
            }
        }
    };
    Ok(operator.page(StatusCode::OK, Tab::Organizations, &format!("{title}: {name}"), &body))
}

/// Events, each in a sentence, and with its facts as the API shows them.
pub fn table(operator: &Operator, ledger: &Ledger) -> Markup {
    let Ledger { events, named, members } = ledger;
    let teller = Teller { copy: &operator.copy, policy: operator.app.engine.policy(), members, named };
    let columns = [
        ("operator-number", false),
        ("operator-when", false),
        ("operator-what", false),
        ("operator-by", false),
    ];
    html! {
        @if events.is_empty() { p.quiet { (say!(operator, "operator-events-none")) } }
        @else { div { table.fold.ledger role="table" aria-label=(say!(operator, "operator-events")) {
            (head(operator, &columns))
            tbody role="rowgroup" { @for event in events {
                tr role="row" {
                    th role="rowheader" scope="row" { (event.seq) }
                    td role="cell" { (time(event.at, operator.copy.date_time_exact(event.at))) }
                    td.full role="cell" {
                        (teller.tell(event).sentence)
                        details { summary.mono { (event.event.name()) } p.quiet.mono.facts-text { (books::facts_text(event)) } }
                    }
                    td.full role="cell" { (by(operator, event)) }
                }
            } }
        } } }
    }
}

/// Who caused it: the member and the key, where there were any; else the passing of time.
fn by(operator: &Operator, event: &Recorded) -> Markup {
    html! {
        @if let Some(member) = &event.by.member { span.mono { (member) } }
        @if event.by.member.is_some() && event.by.key.is_some() { br; }
        @if let Some(key) = &event.by.key { span.mono.quiet { (key) } }
        @if event.by.member.is_none() && event.by.key.is_none() { span.quiet { (say!(operator, "operator-by-itself")) } }
    }
}
