//! The ledger itself: events as they are stored, and the postings that they are in double entry.

use super::{
    App,
    conventions::json,
    extract::{Caller, Ids, Query, number_cursor},
    grants::NumberPage,
    wire::{self, instant, wire_id},
};
use crate::error::ApiError;
use api::{
    Amount, Instant, Page, SignedAmount,
    books::{Entry, Event, Posting},
};
use axum::{extract::State, http::StatusCode, response::Response};
use ledger::{
    chain,
    event::Recorded,
    id::OrganizationId,
    posting::{self, postings},
};
use serde_json::{Map, Value};
use std::sync::Arc;
use store::{Fault, record};

/// Events after a number, decoded, each with the chain's hash; and whether there are more.
type Events = (Vec<(Recorded, chain::Hash)>, bool);

async fn events(
    app: &App,
    caller: &Caller,
    organization: OrganizationId,
    query: NumberPage,
) -> Result<Events, ApiError> {
    let (after, limit) = query.slice()?;
    app.read(caller, organization.clone(), |_, _| ()).await?;
    app.stored(move |store| {
        let mut events = store.events(&organization, after.unwrap_or(0), limit + 1)?;
        let more = events.len() > limit;
        events.truncate(limit);
        let decoded = events.iter().map(|event| Ok((record::decode(&event.bytes)?, event.hash)));
        Ok((decoded.collect::<Result<_, Fault>>()?, more))
    })
    .await
}

fn next(events: &Events) -> Option<String> {
    number_cursor(events.0.last().filter(|_| events.1).map(|(last, _)| last.seq))
}

/// List events
///
/// The ledger, oldest first: what happened, who caused it, and the hash chain over it.
#[utoipa::path(
    get, path = "/v1/organizations/{org}/events", tag = "account", params(NumberPage),
    responses((status = 200, description = "A page of events.", body = Page<Event>))
)]
pub async fn list_events(
    State(app): State<Arc<App>>,
    caller: Caller,
    Ids(organization): Ids<OrganizationId>,
    Query(query): Query<NumberPage>,
) -> Result<Response, ApiError> {
    let events = events(&app, &caller, organization, query).await?;
    let data = events.0.iter().map(|(recorded, hash)| event(recorded, hash)).collect();
    Ok(json(StatusCode::OK, &Page { data, next_cursor: next(&events) }))
}

/// List entries
///
/// The same history as double-entry postings, oldest first; events that move no credits have none and are left out.
#[utoipa::path(
    get, path = "/v1/organizations/{org}/entries", tag = "account", params(NumberPage),
    responses((status = 200, description = "A page of entries.", body = Page<Entry>))
)]
pub async fn list_entries(
    State(app): State<Arc<App>>,
    caller: Caller,
    Ids(organization): Ids<OrganizationId>,
    Query(query): Query<NumberPage>,
) -> Result<Response, ApiError> {
    let events = events(&app, &caller, organization, query).await?;
    let entries: Vec<(&Recorded, Vec<posting::Posting>)> = events
        .0
        .iter()
        .map(|(recorded, _)| (recorded, postings(recorded)))
        .filter(|(_, postings)| !postings.is_empty())
        .collect();
    let data = entries
        .iter()
        .map(|(recorded, postings)| Entry {
            seq: recorded.seq,
            at: instant(recorded.at),
            kind: recorded.event.name(),
            postings: postings.iter().map(shown_posting).collect(),
        })
        .collect();
    Ok(json(StatusCode::OK, &Page { data, next_cursor: next(&events) }))
}

fn shown_posting(posting: &posting::Posting) -> Posting<'_> {
    Posting {
        account: &posting.account,
        amount: SignedAmount::from_micros(posting.amount.micros()),
        grant: posting.grant.as_ref().map(|grant| wire_id!(grant)),
        debt: posting.debt.as_ref().map(|debt| wire_id!(debt)),
        run: posting.run.as_ref().map(|run| wire_id!(run)),
    }
}

/// An event on the wire.
pub fn event<'a>(recorded: &'a Recorded, hash: &chain::Hash) -> Event<'a> {
    Event {
        seq: recorded.seq,
        at: instant(recorded.at),
        kind: recorded.event.name(),
        by: recorded.by.key.as_ref().map(|key| wire_id!(key)),
        member: recorded.by.member.as_ref().map(|member| wire_id!(member)),
        idempotency_key: recorded.key.as_ref().map(|key| wire_id!(key)),
        data: facts(&recorded.event),
        hash: chain::hex(hash),
    }
}

/// The facts of an event in the wire's units. Stored events count micro-credits and microseconds; which number is which
/// follows from its name, and every other number is credits. A test goes through a sample of every event there is.
fn facts(event: &ledger::event::Event) -> Map<String, Value> {
    use ledger::event::Event as Stored;
    let money = matches!(event, Stored::RefundRecorded { .. } | Stored::DisputeOpened { .. });
    let Ok(Value::Object(mut facts)) = serde_json::to_value(event) else { return Map::new() };
    facts.remove("type");
    let minor_units = if money { facts.remove("amount") } else { None };
    in_units(&mut facts);
    facts.extend(minor_units.map(|units| ("amount".into(), units)));
    facts
}

/// Numbers that are neither credits nor instants: minor units of money, and counts.
const PLAIN: [&str; 4] = ["paid", "priority", "failures", "failures_max"];

/// Numbers that are instants.
const INSTANTS: [&str; 10] = [
    "effective_at",
    "expires_at",
    "lapses_at",
    "retry_at",
    "to",
    "start",
    "end",
    "cancel_at",
    "past_due_since",
    "allowance_period",
];

fn in_units(facts: &mut Map<String, Value>) {
    for (name, fact) in facts {
        match fact {
            // The host's own: nothing in it is ours to read.
            _ if name == "metadata" => {}
            Value::Number(number) if !PLAIN.contains(&name.as_str()) => {
                let micros = number.as_i64().unwrap_or(0);
                *fact = if INSTANTS.contains(&name.as_str()) {
                    Value::String(Instant::from_micros(micros).to_string())
                } else {
                    Value::String(Amount::from_micros(micros.max(0)).to_string())
                };
            }
            Value::Object(inner) => in_units(inner),
            Value::Array(list) => list.iter_mut().filter_map(Value::as_object_mut).for_each(in_units),
            _ => {}
        }
    }
}

/// The facts of an event as text, for a cell of a table.
pub fn facts_text(recorded: &Recorded) -> String {
    Value::Object(facts(&recorded.event)).to_string()
}

/// An instant as text, as the wire writes it.
pub fn at_text(at: ledger::Timestamp) -> String {
    wire::instant(at).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of every sample of an event the numbers that the table takes for instants, and no others, are larger than any
    /// amount may be; what is left as a number is money or a count.
    #[test]
    fn every_number_of_every_event_is_shown_in_its_unit() {
        let samples = concat!(env!("CARGO_MANIFEST_DIR"), "/../ledger/golden/v1");
        let mut seen = std::collections::BTreeSet::new();
        for file in std::fs::read_dir(samples).expect("the samples of events") {
            let bytes = std::fs::read(file.expect("a file").path()).expect("a sample");
            let recorded = record::decode(&bytes).expect("an event");
            seen.insert(recorded.event.name());
            let stored = serde_json::to_value(&recorded.event).expect("an event is plain data");
            check(&stored, &Value::Object(facts(&recorded.event)), recorded.event.name());
        }
        let all: std::collections::BTreeSet<&str> = ledger::event::Event::NAMES.into();
        assert_eq!(seen, all, "left: events with a sample; right: events there are");
    }

    fn check(stored: &Value, shown: &Value, event: &str) {
        match (stored, shown) {
            (Value::Object(stored), Value::Object(shown)) => {
                for (name, value) in stored.iter().filter(|(name, _)| *name != "type" && *name != "metadata")
                {
                    if let (Some(number), Value::String(text)) = (value.as_i64(), &shown[name]) {
                        let instant = text.parse::<Instant>().map(Instant::micros);
                        let amount = text.parse::<Amount>().map(Amount::micros);
                        let larger = number > ledger::Credits::MAX_AMOUNT.micros();
                        let right = if larger { instant == Ok(number) } else { amount == Ok(number) };
                        assert!(right, "{event}: {name} is stored as {number} and shown as {text}");
                    } else if value.is_number() {
                        let left = PLAIN.contains(&name.as_str())
                            || matches!(event, "refund_recorded" | "dispute_opened");
                        assert!(left && shown[name] == *value, "{event}: {name} is shown as {}", shown[name]);
                    } else {
                        check(value, &shown[name], event);
                    }
                }
            }
            (Value::Array(stored), Value::Array(shown)) => {
                stored.iter().zip(shown).for_each(|(stored, shown)| check(stored, shown, event));
            }
            (stored, shown) => assert_eq!(stored, shown, "{event}"),
        }
    }
}
