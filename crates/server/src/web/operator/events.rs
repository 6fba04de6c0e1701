//! An organization's ledger as it is stored, the newest first: what happened, when, by whom, and its facts.

use super::{ROOT, Tab, enter::Operator, organization::head};
use crate::{
    error::ApiError,
    http::{
        books,
        extract::{Ids, Query},
    },
    web::{copy::say, figures::time},
};
use axum::{http::StatusCode, response::Response};
use ledger::{event::Recorded, id::OrganizationId};
use maud::{Markup, html};
use serde::Deserialize;
use store::record;

/// Events on one page.
const EVENTS_SHOWN: u64 = 50;

/// Where a page begins.
#[derive(Deserialize)]
pub struct Before {
    before: Option<u64>,
}

/// The events right before this number, the newest first. Events have numbers without gaps (R2.2), so that a page needs no
/// search.
pub async fn before(
    operator: &Operator,
    id: &OrganizationId,
    before: u64,
    count: u64,
) -> Result<Vec<Recorded>, ApiError> {
    let last = before.saturating_sub(1);
    let after = last.saturating_sub(count);
    let count = usize::try_from(last - after).unwrap_or(0);
    let id = id.clone();
    let read = operator.app.stored(move |store| {
        let stored = store.events(&id, after, count)?;
        stored.iter().map(|event| record::decode(&event.bytes)).collect::<Result<Vec<_>, _>>()
    });
    let mut events = read.await?;
    events.reverse();
    Ok(events)
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
    let events = before(&operator, &id, from, EVENTS_SHOWN).await?;
    let to = |before: u64| format!("{ROOT}/organizations/{id}/events?before={before}");
    let title = say!(operator, "operator-events");
    let body = html! {
        div.page-head { div { h1 { (title) } p.quiet { a href={ (ROOT) "/organizations/" (id) } { (name) } } } }
        section.card aria-label=(title) {
            (table(&operator, &events))
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

/// Events, each with its facts as the API shows them.
pub fn table(operator: &Operator, events: &[Recorded]) -> Markup {
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
                    td.full role="cell" { b.mono { (event.event.name()) } br; span.quiet.mono.facts-text { (books::facts_text(event)) } }
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
