//! Billing activity: the ledger's events in words, newest first; the last of them on a card, all of them page by page.

use super::{
    Card,
    books::Books,
    events::{self, Named, Teller},
    step,
};
use crate::{
    copy::say,
    error::ApiError,
    http::extract::Query,
    web::{figures::time, visit::Visit},
};
use axum::response::Response;
use ledger::{Timestamp, command::PartKey, debt::DebtOrigin, event::Recorded, payment::Payment};
use maud::{Markup, html};
use serde::Deserialize;
use store::{Fault, record};

/// Events on the card.
const LATEST: u64 = 10;

/// Events on a page of them.
const PAGE: u64 = 50;

/// Payments among which the last automatic purchase is looked for.
const PAYMENTS: usize = 50;

/// One line.
pub struct Line {
    at: Timestamp,
    sentence: String,
    figure: String,
}

/// The last events, and what else the page needs that is not at hand.
pub struct Latest {
    lines: Vec<Line>,
    /// What debts go back to.
    pub named: Named,
    /// The last automatic purchase that was paid.
    pub last_recharge: Option<Payment>,
}

/// What was read of the store.
struct Read {
    events: Vec<Recorded>,
    named: Named,
    payments: Vec<Payment>,
}

/// Reads up to `count` events before this number, newest first, with what they and these other parts name.
async fn read(
    visit: &Visit,
    before: u64,
    count: u64,
    others: Vec<PartKey>,
    payments: usize,
) -> Result<Read, ApiError> {
    let after = before.saturating_sub(1).saturating_sub(count);
    let many = before.saturating_sub(1).saturating_sub(after);
    let read = visit.app.page(visit.organization.clone(), move |store, id| {
        let stored = match many {
            0 => Vec::new(),
            many => store.events(id, after, usize::try_from(many).unwrap_or(usize::MAX))?,
        };
        let mut events = stored
            .iter()
            .map(|event| record::decode(&event.bytes))
            .collect::<Result<Vec<Recorded>, Fault>>()?;
        events.reverse();
        let mut keys = others;
        keys.extend(events.iter().filter_map(|recorded| events::names(&recorded.event)));
        let mut parts = if keys.is_empty() { Vec::new() } else { store.recall(id, &keys)? };
        let behind = events::runs_behind(&parts);
        if !behind.is_empty() {
            parts.extend(store.recall(id, &behind)?);
        }
        let payments = match payments {
            0 => Vec::new(),
            limit => store.payments(id, None, limit)?.rows,
        };
        Ok(Read { events, named: Named::new(parts), payments })
    });
    read.await
}

fn lines(visit: &Visit, books: &Books, read: &Read) -> Vec<Line> {
    let teller =
        Teller { copy: &visit.copy, policy: &books.policy, members: &books.members, named: &read.named };
    let line = |recorded: &Recorded| {
        let told = teller.tell(recorded);
        Line { at: recorded.at, sentence: told.sentence, figure: told.figure }
    };
    read.events.iter().map(line).collect()
}

/// The last events.
pub async fn latest(visit: &Visit, books: &Books) -> Result<Latest, ApiError> {
    let runs = books.debts.iter().filter_map(|debt| match &debt.origin {
        DebtOrigin::Run { run } => Some(PartKey::Run(run.clone())),
        DebtOrigin::Refund { .. } | DebtOrigin::Dispute { .. } => None,
    });
    let before = visit.balance.version.saturating_add(1);
    let read = read(visit, before, LATEST, runs.collect(), PAYMENTS).await?;
    let lines = lines(visit, books, &read);
    let last_recharge = read.payments.into_iter().find(|payment| payment.recharge.is_some());
    Ok(Latest { lines, named: read.named, last_recharge })
}

/// The card.
pub fn card(visit: &Visit, latest: &Latest) -> Markup {
    let aside =
        html! { a.small href=(visit.path("billing/activity")) { (say!(visit, "billing-activity-all")) } };
    let body = log(visit, &latest.lines);
    Card { place: "activity", title: say!(visit, "billing-activity"), steps: &[], aside, body }.show()
}

fn log(visit: &Visit, lines: &[Line]) -> Markup {
    html! {
        ol.log.dated {
            @for line in lines {
                li {
                    (time(line.at, visit.copy.date_time(line.at)))
                    " " p { (line.sentence) }
                    " " span.fig { (line.figure) }
                }
            }
        }
    }
}

/// Where a page of the activity ends.
#[derive(Deserialize)]
pub struct Before {
    before: Option<u64>,
}

/// All of it, page by page.
pub async fn all(Query(asked): Query<Before>, mut visit: Visit) -> Result<Response, ApiError> {
    let books = Books::read(&mut visit).await?;
    let end = visit.balance.version.saturating_add(1);
    let before = asked.before.unwrap_or(end).clamp(1, end);
    let read = read(&visit, before, PAGE, Vec::new(), 0).await?;
    let lines = lines(&visit, &books, &read);
    let oldest = read.events.last().map_or(1, |recorded| recorded.seq);
    let title = say!(visit, "billing-activity");
    let body = html! {
        section.card #all data-live aria-labelledby="all-h" {
            div.card-head {
                h2 #all-h { (say!(visit, "billing-activity-newest")) }
                @if before < end { a.small href=(visit.path("billing/activity")) { (say!(visit, "billing-newest")) } }
            }
            (log(&visit, &lines))
            @if oldest > 1 {
                div { a.btn href=(visit.path(&format!("billing/activity?before={oldest}"))) { (say!(visit, "billing-older")) } }
            }
        }
    };
    Ok(step(&visit, &title, body))
}
