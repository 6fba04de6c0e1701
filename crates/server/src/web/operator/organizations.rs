//! Every organization: searched by id or name, filtered by state and by what is owed. States are worked out when they are
//! asked for, so one page looks at so many accounts at most and says where to go on.

use super::{ROOT, Tab, enter::Operator, state, state_key};
use crate::{
    copy::say,
    engine::EngineError,
    error::ApiError,
    http::extract::Query,
    web::figures::{owed, usable},
};
use axum::{http::StatusCode, response::Response};
use futures_util::future::try_join_all;
use ledger::{
    event::Actor,
    id::OrganizationId,
    status::{Balance, ReasonCode, Severity},
};
use maud::{Markup, html};
use serde::Deserialize;

/// Organizations on one page: it ends with those that were looked at together when there are so many.
const SHOWN_MAX: usize = 50;

/// Names that one page reads at most, looking for a few.
const NAMES_MAX: usize = 20_000;

/// Names read at once.
const NAMES_AT_ONCE: usize = 500;

/// Accounts whose state one page works out at most.
const ACCOUNTS_MAX: usize = 500;

/// What to look for.
#[derive(Deserialize)]
pub struct Wanted {
    #[serde(default)]
    q: String,
    #[serde(default)]
    state: String,
    owes: Option<String>,
    after: Option<String>,
}

impl Wanted {
    fn is_named(&self, id: &OrganizationId, name: &str) -> bool {
        let wanted = self.q.trim().to_lowercase();
        id.as_str().to_lowercase().contains(&wanted) || name.to_lowercase().contains(&wanted)
    }

    fn fits(&self, balance: &Balance) -> bool {
        let has = |severity| balance.reasons.iter().any(|reason| reason.code.severity() == severity);
        let in_state = match self.state.as_str() {
            "" => true,
            "ready" => balance.reasons.is_empty(),
            "paused" => has(Severity::Blocking),
            "warned" => has(Severity::Warning),
            code => balance.reasons.iter().any(|reason| reason.code.as_str() == code),
        };
        in_state && (self.owes.is_none() || balance.debt_total().is_positive())
    }

    /// Where the rest of the list is.
    fn rest(&self, after: &OrganizationId) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.append_pair("q", &self.q).append_pair("state", &self.state);
        if self.owes.is_some() {
            query.append_pair("owes", "yes");
        }
        query.append_pair("after", after.as_str());
        format!("{ROOT}?{}", query.finish())
    }
}

/// An organization in the list.
struct Row {
    name: String,
    balance: Balance,
}

/// What one page found, and after which it stopped looking.
struct Found {
    rows: Vec<Row>,
    rest: Option<OrganizationId>,
}

/// The list.
pub async fn show(operator: Operator, Query(wanted): Query<Wanted>) -> Result<Response, ApiError> {
    let found = find(&operator, &wanted).await?;
    let title = say!(operator, "operator-organizations");
    let body = html! {
        div.page-head { h1 { (title) } }
        (filter(&operator, &wanted))
        section.card aria-label=(title) {
            @if found.rows.is_empty() {
                div { div.empty { b { (say!(operator, "operator-none")) } p.small.quiet { (say!(operator, if found.rest.is_some() { "operator-none-yet" } else { "operator-none-says" })) } } }
            } @else { (table(&operator, &found.rows)) }
            @if let Some(rest) = &found.rest {
                div.card-foot {
                    p { (say!(operator, "operator-more-after", id = rest.as_str())) }
                    a.btn href=(wanted.rest(rest)) { (say!(operator, "operator-more")) }
                }
            }
        }
    };
    Ok(operator.page(StatusCode::OK, Tab::Organizations, &title, &body))
}

async fn find(operator: &Operator, wanted: &Wanted) -> Result<Found, ApiError> {
    let mut found = Found { rows: Vec::new(), rest: None };
    let mut after: Option<OrganizationId> = wanted.after.as_ref().and_then(|id| id.parse().ok());
    // Whoever pastes an id is shown it first, wherever it is in the list.
    let exact: Option<OrganizationId> = wanted.q.trim().parse().ok().filter(|_| after.is_none());
    if let Some(row) =
        look(operator, exact.clone().into_iter()).await?.pop().filter(|row| wanted.fits(&row.balance))
    {
        found.rows.push(row);
    }
    let (mut names, mut accounts) = (0, 0);
    loop {
        let from = after.clone();
        let read =
            operator.app.stored(move |store| store.organizations(from.as_ref(), NAMES_AT_ONCE)).await?;
        let is_last = read.len() < NAMES_AT_ONCE;
        names += read.len();
        let named = |row: &&store::OrganizationRow| {
            // A row that is still to be written has no name yet: its account has.
            Some(&row.id) != exact.as_ref() && (row.version == 0 || wanted.is_named(&row.id, &row.name))
        };
        let mut last = read.last().map(|row| row.id.clone());
        let named: Vec<OrganizationId> = read.iter().filter(named).map(|row| row.id.clone()).collect();
        for some in named.chunks(SHOWN_MAX) {
            accounts += some.len();
            for row in look(operator, some.iter().cloned()).await? {
                let id = row.balance.organization.clone();
                if wanted.is_named(&id, &row.name) && wanted.fits(&row.balance) {
                    found.rows.push(row);
                }
            }
            if accounts >= ACCOUNTS_MAX || found.rows.len() >= SHOWN_MAX {
                last = some.last().cloned();
                break;
            }
        }
        let at_end = is_last && last.as_ref() == read.last().map(|row| &row.id);
        if at_end || last.is_none() {
            return Ok(found);
        }
        if accounts >= ACCOUNTS_MAX || names >= NAMES_MAX || found.rows.len() >= SHOWN_MAX {
            found.rest = last;
            return Ok(found);
        }
        after = last;
    }
}

/// The accounts of these, as they are now; what is no organization is left out.
async fn look(
    operator: &Operator,
    ids: impl Iterator<Item = OrganizationId>,
) -> Result<Vec<Row>, EngineError> {
    let views = ids.map(async |id| {
        let view = operator.app.engine.view(id, |view| {
            view.account.exists().then(|| Row {
                name: view.account.core().name.clone(),
                balance: view.account.balance(view.policy, view.now, &Actor::default()),
            })
        });
        match view.await {
            Err(EngineError::Refused(_)) => Ok(None),
            seen => seen,
        }
    });
    Ok(try_join_all(views).await?.into_iter().flatten().collect())
}

fn filter(operator: &Operator, wanted: &Wanted) -> Markup {
    let groups = [
        ("ready", "operator-filter-ready"),
        ("paused", "operator-filter-paused"),
        ("warned", "operator-filter-warned"),
    ];
    // What depends on one start is no state of an account.
    let codes = ReasonCode::ALL
        .into_iter()
        .filter(|code| !matches!(code, ReasonCode::InsufficientCredits | ReasonCode::TaskPaused));
    html! {
        form.row.search method="get" action=(ROOT) role="search" {
            div.field.grow { label for="q" { (say!(operator, "operator-search")) } input #q name="q" type="search" value=(wanted.q) maxlength="200"; }
            div.field {
                label for="state" { (say!(operator, "operator-state")) }
                select #state name="state" {
                    option value="" { (say!(operator, "operator-filter-all")) }
                    @for (value, key) in groups { option value=(value) selected[wanted.state == value] { (operator.copy.text(key, &[])) } }
                    @for code in codes { option value=(code.as_str()) selected[wanted.state == code.as_str()] { (operator.copy.text(state_key(code), &[])) } }
                }
            }
            label.tick.end-align { input type="checkbox" name="owes" value="yes" checked[wanted.owes.is_some()]; (say!(operator, "operator-owes")) }
            button.btn.end-align type="submit" { (say!(operator, "operator-search-do")) }
        }
    }
}

fn table(operator: &Operator, rows: &[Row]) -> Markup {
    let head = |key: &str, number: bool| {
        html! { th.n[number] role="columnheader" scope="col" { (operator.copy.text(key, &[])) } }
    };
    html! {
        div {
            table.fold role="table" aria-label=(say!(operator, "operator-organizations")) {
                thead role="rowgroup" { tr role="row" {
                    (head("operator-organization", false)) (head("operator-state", false))
                    (head("usable", true)) (head("locked", true)) (head("operator-owed", true))
                } }
                tbody role="rowgroup" {
                    @for Row { name, balance } in rows {
                        tr role="row" {
                            th role="rowheader" scope="row" {
                                a href={ (ROOT) "/organizations/" (balance.organization) } { b { (name) } }
                                br; span.quiet.mono { (balance.organization) }
                            }
                            td role="cell" { (state(operator, balance)) }
                            td.n role="cell" data-l=(say!(operator, "usable")) { (usable(balance.available)) }
                            td.n role="cell" data-l=(say!(operator, "locked")) { (usable(balance.locked)) }
                            td.n role="cell" data-l=(say!(operator, "operator-owed")) {
                                @if balance.debt_total().is_positive() { b.owed { (owed(balance.debt_total())) } } @else { "0" }
                            }
                        }
                    }
                }
            }
        }
    }
}
