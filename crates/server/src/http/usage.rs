//! Usage, summed up by kind, member, task and day.

use super::{
    App,
    conventions::json,
    extract::{Caller, Ids, Query},
    wire::{amount, instant, wire_id},
};
use crate::{engine::View, error::ApiError};
use api::usage::{UsageRow, UsageSums, Usages};
use axum::{extract::State, http::StatusCode, response::Response};
use ledger::{
    Account, Credits, Timestamp,
    id::{KindKey, MemberId, OrganizationId, TaskId},
    people::Permission,
    refusal::Refusal,
};
use serde::{Deserialize, Deserializer, de};
use std::{collections::BTreeMap, sync::Arc};
use store::tally::Sums;
use utoipa::IntoParams;

/// The first instant of the current period: the subscription's, else the calendar month (R12.2).
pub fn period_start(view: &View<'_>) -> Timestamp {
    period_start_of(view.account, view.now)
}

/// The same of an account alone.
pub fn period_start_of(account: &Account, now: Timestamp) -> Timestamp {
    let period = account.core().subscription.as_ref().and_then(|subscription| subscription.period);
    let running = period.filter(|period| period.start <= now && now < period.end);
    running.map_or(now.month_start(), |period| period.start)
}

/// The end of what has happened until now: what happened at this very instant counts.
pub fn end_of(now: Timestamp) -> Timestamp {
    Timestamp::from_micros(now.micros().saturating_add(1))
}

/// An instant of a query. Years that the ledger does not have hold no usage, so they are no mistake.
#[derive(Clone, Copy, Debug)]
struct Moment(Timestamp);

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Moment, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(from)?;
        let instant: jiff::Timestamp = text
            .parse()
            .map_err(|_| de::Error::custom("an instant of RFC 3339, such as 2026-01-31T00:00:00Z"))?;
        let at = Timestamp::from_micros(instant.as_microsecond());
        Ok(Moment(at.clamp(Timestamp::MIN, Timestamp::MAX)))
    }
}

/// By what sums are kept apart.
#[derive(Clone, Copy, Debug, Default)]
struct By {
    kind: bool,
    member: bool,
    task: bool,
    day: bool,
}

impl<'de> Deserialize<'de> for By {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<By, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(from)?;
        let mut by = By::default();
        for word in text.split(',') {
            match word {
                "kind" => by.kind = true,
                "member" => by.member = true,
                "task" => by.task = true,
                "day" => by.day = true,
                _ => return Err(de::Error::custom("kind, member, task and day, separated by commas")),
            }
        }
        Ok(by)
    }
}

/// Which usage to sum.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct UsageQuery {
    /// From when; the beginning of the current period unless given. The hour it falls in counts whole.
    #[param(value_type = Option<api::Instant>)]
    from: Option<Moment>,
    /// Until when; now unless given. An hour that begins before it counts whole.
    #[param(value_type = Option<api::Instant>)]
    to: Option<Moment>,
    /// By what to keep sums apart: `kind`, `member`, `task` and `day`, separated by commas; by kind unless given.
    #[param(value_type = Option<String>, pattern = "^(kind|member|task|day)(,(kind|member|task|day)){0,3}$")]
    by: Option<By>,
}

/// Sum up usage
///
/// Of the current period unless another time is given. Sums are by whole hours, so a period that begins inside one is summed
/// from that hour on. Without billing access only the current period can be seen.
#[utoipa::path(
    get, path = "/v1/organizations/{org}/usage", tag = "account", params(UsageQuery),
    responses((status = 200, description = "The sums.", body = Usages))
)]
pub async fn get_usage(
    State(app): State<Arc<App>>,
    caller: Caller,
    Ids(organization): Ids<OrganizationId>,
    Query(query): Query<UsageQuery>,
) -> Result<Response, ApiError> {
    let looked = app.read(&caller, organization.clone(), |view, sees| {
        (view.now, period_start(&view), sees, view.account.billing_contacts())
    });
    let (now, start, sees, ask) = looked.await?;
    let from = query.from.map_or(start, |Moment(from)| from);
    let to = query.to.map_or(end_of(now), |Moment(to)| to).max(from);
    if !sees.billing && from < start {
        return Err(Refusal::Forbidden { needs: Permission::Billing, ask }.into());
    }
    let rows = app.page(organization, move |store, id| store.usage(id, from.hour_start(), to)).await?;
    let by = query.by.unwrap_or(By { kind: true, ..By::default() });

    type Key<'a> = (Option<Timestamp>, Option<&'a KindKey>, Option<&'a MemberId>, Option<&'a TaskId>);
    let mut sums: BTreeMap<Key<'_>, Sums> = BTreeMap::new();
    let mut totals = Sums::default();
    for row in &rows {
        let key = &row.key;
        let group = (
            by.day.then(|| key.hour.day_start()),
            by.kind.then_some(&key.kind),
            key.member.as_ref().filter(|_| by.member),
            key.task.as_ref().filter(|_| by.task),
        );
        add(sums.entry(group).or_default(), &row.sums);
        add(&mut totals, &row.sums);
    }
    let mut sums: Vec<(Key<'_>, Sums)> = sums.into_iter().collect();
    // By day the oldest first; inside a day, as without days, what used most comes first.
    sums.sort_by(|(a, used_a), (b, used_b)| a.0.cmp(&b.0).then(used_b.credits.cmp(&used_a.credits)));
    let data = sums.iter().map(|((day, kind, member, task), sums)| UsageRow {
        day: day.map(instant),
        kind: kind.map(|kind| wire_id!(kind)),
        member: member.map(|member| wire_id!(member)),
        task: task.map(|task| wire_id!(task)),
        credits: amount(sums.credits),
        runs: sums.runs,
        refused: sums.refused,
    });
    let totals = UsageSums { credits: amount(totals.credits), runs: totals.runs, refused: totals.refused };
    Ok(json(StatusCode::OK, &Usages { from: instant(from), to: instant(to), data: data.collect(), totals }))
}

/// Adds sums, as far as they fit.
pub fn add(sums: &mut Sums, more: &Sums) {
    let credits = sums.credits.checked_plus(more.credits);
    sums.credits = credits.unwrap_or(Credits::from_micros(i64::MAX));
    sums.runs = sums.runs.saturating_add(more.runs);
    sums.refused = sums.refused.saturating_add(more.refused);
}
