//! The usage page: what remains, what the current period used, and, for people with billing access, how it came about, for how
//! long it lasts, every charge and every grant. This file gathers it at one version of the account; each card is a file.

mod burndown;
mod chart;
mod current;
mod entries;
pub mod forecast;
mod grants;
mod happenings;
mod past;
mod series;
mod uncharged;

pub use burndown::runway;
pub use current::label;
pub use grants::source;

use super::{
    frame::{Page, Tab},
    visit::Visit,
};
use crate::{
    copy::say,
    engine::View,
    error::ApiError,
    http::{
        App,
        export::{ExportQuery, exported},
        extract::Query,
        usage::{end_of, period_start},
    },
};
use axum::{Router, response::Response, routing::get};
use forecast::{Basis, Forecast};
use ledger::{
    Account, Credits, Duration, Timestamp,
    event::Actor,
    explain::Explained,
    grant::Grant,
    id::{KindKey, MemberId, OrganizationId},
    policy::Kind,
    status::{Balance, ReasonCode},
};
use maud::html;
use past::Past;
use serde::Deserialize;
use series::Series;
use std::{collections::BTreeMap, sync::Arc};
use store::{Fault, Store, tally::TallyRow};

/// Its routes.
pub fn routes() -> Router<Arc<App>> {
    Router::new().route("/console/{org}/usage", get(show)).route("/console/{org}/export.csv", get(export))
}

/// Pages of grants that are looked through for the included ones of the current period.
const GRANT_PAGES_MAX: usize = 4;
const GRANT_PAGE: usize = 250;

/// What the query asks for. What it does not know is refused before.
#[derive(Clone, Debug, Default, Deserialize)]
struct Asked {
    #[serde(flatten)]
    entries: entries::Asked,
    grants: Option<String>,
}

impl Asked {
    /// The number that the page of grants goes on from; what is none is as if it were not there.
    fn grants_before(&self) -> Option<u64> {
        self.grants.as_deref().and_then(|before| before.parse().ok())
    }
}

/// What the page needs of the account, at one version.
pub struct Looked {
    balance: Balance,
    explained: Vec<Explained>,
    period_start: Timestamp,
    blocked: Option<ReasonCode>,
    basis: Basis,
    /// For people with billing access.
    past: Option<Past>,
    live: Vec<Grant>,
    allowances: BTreeMap<KindKey, Credits>,
    kinds: BTreeMap<KindKey, Kind>,
    names: BTreeMap<MemberId, String>,
}

impl Looked {
    fn of(view: &View<'_>, actor: &Actor) -> Looked {
        let (account, core) = (view.account, view.account.core());
        let balance = account.balance(view.policy, view.now, actor);
        let sees = balance.sees_billing;
        let period_start = period_start(view);
        let of_period = core.allowances.iter().filter(|(_, (period, _))| *period == period_start);
        Looked {
            explained: if sees { account.explain(view.policy, view.now).reasons } else { Vec::new() },
            balance,
            period_start,
            blocked: core.blocked.map(|(reason, _)| reason),
            basis: Basis::of(account, view.policy, view.now),
            past: sees.then(|| Past::of(account)),
            live: account.grants().to_vec(),
            allowances: of_period.map(|(kind, (_, used))| (kind.clone(), *used)).collect(),
            kinds: view.policy.kinds.clone(),
            names: if sees { names(account) } else { BTreeMap::new() },
        }
    }
}

fn names(account: &Account) -> BTreeMap<MemberId, String> {
    account.core().members.iter().map(|(id, member)| (id.clone(), member.name.clone())).collect()
}

/// What the page needs of the store.
struct Read {
    rows: Vec<TallyRow>,
    included: current::Included,
    /// For people with billing access.
    more: Option<More>,
}

struct More {
    forecast: Option<Forecast>,
    series: Series,
    entries: entries::Entries,
    grants: store::Page<Grant>,
}

impl Read {
    fn of(
        store: &dyn Store,
        organization: &OrganizationId,
        looked: &mut Looked,
        asked: &Asked,
    ) -> Result<Read, Fault> {
        let (start, now) = (looked.period_start, looked.balance.as_of);
        let rows = store.usage(organization, start.hour_start(), end_of(now))?;
        let spent = spent(store, organization, start)?;
        let others = spent.iter().filter(|grant| looked.live.iter().all(|live| live.id != grant.id));
        let included = current::Included::of(looked.live.iter().chain(others), now);
        let more = match looked.past.take() {
            None => None,
            Some(past) => Some(More {
                forecast: looked.basis.forecast(store, organization)?,
                series: Series::read(
                    store,
                    organization,
                    past.clone(),
                    looked.blocked,
                    series::begins(start, now),
                    now,
                )?,
                entries: entries::read(store, organization, past, &asked.entries)?,
                grants: store.grants(organization, asked.grants_before(), grants::ROWS)?,
            }),
        };
        Ok(Read { rows, included, more })
    }
}

/// The newest grants as they are stored, back to a month before this period: an included one that was granted earlier has
/// ended. Those that are spent are not at hand any more.
fn spent(store: &dyn Store, organization: &OrganizationId, period: Timestamp) -> Result<Vec<Grant>, Fault> {
    let (mut grants, mut before) = (Vec::new(), None);
    let oldest = period.before(Duration::days(31));
    for _ in 0..GRANT_PAGES_MAX {
        let page = store.grants(organization, before, GRANT_PAGE)?;
        let done = page.rows.last().is_none_or(|last| last.granted_at < oldest);
        grants.extend(page.rows);
        before = page.next;
        if done || before.is_none() {
            break;
        }
    }
    Ok(grants)
}

async fn show(mut visit: Visit, Query(asked): Query<Asked>) -> Result<Response, ApiError> {
    let (actor, organization) = (visit.caller.actor(), visit.organization.clone());
    let look = move |view: View<'_>, _| Looked::of(&view, &actor);
    let mut looked = visit.app.read(&visit.caller, organization.clone(), look).await?;
    let wanted = asked.clone();
    let reading = visit.app.page(organization, move |store, organization| {
        let read = Read::of(store, organization, &mut looked, &wanted)?;
        Ok((read, looked))
    });
    let (read, looked) = reading.await?;
    // Everything on the page, also what is around it, is of the version that was read.
    visit.balance = looked.balance.clone();
    visit.explained.clone_from(&looked.explained);
    Ok(page(&visit, &looked, &read, &asked))
}

fn page(visit: &Visit, looked: &Looked, read: &Read, asked: &Asked) -> Response {
    let body = html! {
        div.two {
            (current::remaining(visit))
            (current::included(visit, &read.included))
        }
        (current::current(visit, looked, &read.rows))
        @if let Some(more) = &read.more {
            (burndown::card(visit, &more.series, more.forecast.as_ref()))
            (entries::card(visit, looked, &more.entries, &asked.entries))
            (grants::card(visit, &more.grants))
        }
    };
    visit.page(&Page { title: &say!(visit, "tab-usage"), tab: Tab::Usage, rail: &[], body })
}

/// The export of the API, for the browser of somebody with billing access.
async fn export(visit: Visit, Query(query): Query<ExportQuery>) -> Result<Response, ApiError> {
    exported(&visit.app, &visit.caller, visit.organization.clone(), query).await
}
