//! One run: what was reserved, used and returned, what was recorded on the way, and, for people with billing access, which
//! grants paid and how what was owed has been settled since.

use super::{Names, grants, state};
use crate::{
    copy::say,
    engine::View,
    error::ApiError,
    http::extract::Ids,
    web::{
        figures::{owed, time, usable},
        frame::{Page, Tab, line},
        icons::icon,
        usage::source,
        visit::Visit,
    },
};
use axum::{http::StatusCode, response::Response};
use ledger::{
    Credits,
    account::Part,
    command::PartKey,
    debt::{Debt, DebtChange, DebtChangeKind, OffsetReason},
    grant::Grant,
    id::{GrantId, OrganizationId, RunId},
    run::{Run, RunStatus},
};
use maud::{Markup, html};
use std::collections::BTreeMap;
use store::{Fault, Store};

/// Recorded usages that are shown at most, newest first; all of them are in the export.
const RECORDS_MAX: usize = 100;

/// A run and what it touched.
struct Whole {
    run: Run,
    grants: BTreeMap<GrantId, Grant>,
    debt: Option<Debt>,
}

/// The page.
pub async fn show(visit: Visit, Ids((_, id)): Ids<(OrganizationId, RunId)>) -> Result<Response, ApiError> {
    let wanted = id.clone();
    let look = move |view: View<'_>, _| {
        let run = view.account.run(&wanted).cloned();
        let debt = run.as_ref().and_then(|run| view.account.debt(run.debt.as_ref()?).cloned());
        (run, debt)
    };
    let (run, debt) = visit.app.read(&visit.caller, visit.organization.clone(), look).await?;
    let read = move |store: &dyn Store, of: &OrganizationId| Whole::read(store, of, &id, run, debt);
    let whole = visit.app.page(visit.organization.clone(), read).await?;
    let whole = whole.ok_or_else(|| {
        ApiError::new(StatusCode::NOT_FOUND, "not_found", "this organization has no such run")
    })?;
    let names = Names::of(&visit, whole.run.member.iter().cloned().collect()).await?;
    let body = html! {
        p.small { a href=(visit.path("history")) { (say!(visit, "run-back")) } }
        (facts(&visit, &names, &whole.run))
        @if visit.sees_billing() {
            (paid(&visit, &whole))
            @if let Some(debt) = &whole.debt { (owes(&visit, debt)) }
        }
        (records(&visit, &whole.run))
    };
    let title = names.kind(&whole.run.kind);
    Ok(visit.page(&Page { title: &title, tab: Tab::History, rail: &[], body }))
}

impl Whole {
    fn read(
        store: &dyn Store,
        organization: &OrganizationId,
        id: &RunId,
        run: Option<Run>,
        debt: Option<Debt>,
    ) -> Result<Option<Whole>, Fault> {
        // What is not at hand is closed, and was written before it was let go of.
        let run = match run {
            Some(run) => Some(run),
            None => store.run(organization, id)?,
        };
        let Some(run) = run else { return Ok(None) };
        let grants = grants(store, organization, run.charged.iter())?;
        let debt = match (debt, &run.debt) {
            (None, Some(named)) => {
                let parts = store.recall(organization, &[PartKey::Debt(named.clone())])?;
                parts.into_iter().find_map(|part| match part {
                    Part::Debt(debt) if debt.id == *named => Some(debt),
                    _ => None,
                })
            }
            (debt, _) => debt,
        };
        Ok(Some(Whole { run, grants, debt }))
    }
}

/// What came back of what was reserved: what the reservation itself did not pay, once nothing is held any more.
fn returned(run: &Run) -> Option<Credits> {
    if !run.is_closed() || run.unstarted {
        return None;
    }
    let beside = run.overrun.plus(run.absorbed).plus(run.allowance);
    Some(run.hold.minus_or_zero(run.used.minus_or_zero(beside)))
}

fn facts(visit: &Visit, names: &Names, run: &Run) -> Markup {
    let when = |at| time(at, visit.copy.date_time(at));
    let marked = |name: String, value: Markup| html! { div { dt { (name) } dd { (value) } } };
    html! {
        section.card #run data-live aria-labelledby="run-h" {
            div.card-head { h2 id="run-h" { (say!(visit, "run-credits")) } (state(visit, run)) }
            p { span.fig.xl { (owed(run.used)) } " " span.unit { (say!(visit, "run-used", amount = owed(run.used))) } }
            dl.facts {
                @if !run.unstarted {
                    div.stat { dt { (say!(visit, "run-reserved")) } dd.fig { (usable(run.hold)) } }
                }
                @if run.status == RunStatus::Running {
                    div.stat { dt { (say!(visit, "run-still-reserved")) } dd.fig { (usable(run.still_held())) } }
                }
                @if let Some(returned) = returned(run) {
                    div.stat { dt { (say!(visit, "run-returned")) } dd.fig { (usable(returned)) } }
                }
                @if visit.sees_billing() && run.overrun.is_positive() && !run.unstarted {
                    div.stat { dt { (say!(visit, "run-overrun")) } dd.fig { (owed(run.overrun)) } }
                }
                @if run.absorbed.is_positive() {
                    div.stat { dt { (say!(visit, "run-absorbed")) } dd.fig { (owed(run.absorbed)) } }
                }
                @if run.allowance.is_positive() {
                    div.stat { dt { (say!(visit, "run-allowance")) } dd.fig { (owed(run.allowance)) } }
                }
            }
            dl.lines {
                (marked(say!(visit, "run-started"), when(run.started_at)))
                @if let Some(closed) = run.closed_at { (marked(say!(visit, "run-closed"), when(closed))) }
                @if let Some(lapses) = run.lapses_at.filter(|_| run.status == RunStatus::Running) {
                    (marked(say!(visit, "run-lapses"), when(lapses)))
                }
                @if let Some(member) = &run.member { (line(&say!(visit, "run-member"), &names.member(member))) }
                @if let Some(task) = &run.task { (line(&say!(visit, "run-task"), task.as_str())) }
                (marked(say!(visit, "run-id"), html! { span.mono { (run.id) } }))
            }
            @if run.status == RunStatus::Lapsed { p.small.quiet { (say!(visit, "run-lapsed-says")) } }
        }
    }
}

/// Which grants paid. The terms are exact, so that they add up on the spot.
fn paid(visit: &Visit, whole: &Whole) -> Markup {
    let run = &whole.run;
    html! {
        section.card #paid data-live aria-labelledby="paid-h" {
            div.card-head { h2 id="paid-h" { (say!(visit, "run-paid")) } }
            @if run.charged.is_empty() && run.outstanding.is_zero() {
                p.quiet { (say!(visit, "run-paid-nothing")) }
            } @else {
                dl.lines {
                    @for take in &run.charged {
                        @let grant = whole.grants.get(&take.grant);
                        div {
                            dt {
                                @match grant {
                                    Some(grant) => { (source(visit, grant.source)) ", " (time(grant.granted_at, visit.copy.date(grant.granted_at))) }
                                    None => (take.grant),
                                }
                            }
                            dd { (owed(take.amount).exact()) }
                        }
                    }
                    @if run.outstanding.is_positive() {
                        div { dt { (say!(visit, "run-paid-owed")) } dd.owed { (owed(run.outstanding).exact()) } }
                    }
                    @let beside = run.absorbed.plus(run.allowance);
                    @if beside.is_positive() { (line(&say!(visit, "run-paid-nobody"), &owed(beside).exact())) }
                    div.rule { dt { b { (say!(visit, "run-paid-sum")) } } dd { b { (owed(run.used).exact()) } } }
                }
                p.small { a href=(visit.path("usage#grants")) { (say!(visit, "run-grants")) } }
            }
        }
    }
}

/// What it came to owe, and what became of that.
fn owes(visit: &Visit, debt: &Debt) -> Markup {
    html! {
        section.card #debt data-live aria-labelledby="debt-h" {
            div.card-head {
                h2 id="debt-h" { (say!(visit, "run-debt")) }
                @if debt.is_open() {
                    span.tag data-tone="stop" { (icon("pause")) (say!(visit, "run-debt-open")) }
                } @else {
                    span.tag data-tone="ok" { (icon("check")) (say!(visit, "run-debt-closed")) }
                }
            }
            p { (say!(visit, "run-debt-says", amount = owed(debt.amount))) }
            dl.facts {
                div.stat { dt { (say!(visit, "run-debt-amount")) } dd.fig { (owed(debt.amount).exact()) } }
                div.stat { dt { (say!(visit, "run-debt-cleared")) } dd.fig { (usable(debt.amount.minus_or_zero(debt.open)).exact()) } }
                div.stat { dt { (say!(visit, "run-debt-left")) } dd.fig.owed[debt.is_open()] { (owed(debt.open).exact()) } }
            }
            @if !debt.changes.is_empty() {
                ol.log {
                    @for change in debt.changes.iter().rev() {
                        li { (time(change.at, visit.copy.date(change.at))) p { (changed(visit, change)) } span.fig { (usable(change.amount).exact()) } }
                    }
                }
            }
            @if debt.is_open() {
                div.card-foot { p { (say!(visit, "run-debt-blocks")) } a.btn.go href=(visit.path("billing#outstanding")) { (say!(visit, "run-debt-resolve")) } }
            }
        }
    }
}

fn changed(visit: &Visit, change: &DebtChange) -> String {
    match &change.how {
        DebtChangeKind::Settled { .. } => say!(visit, "run-debt-settled"),
        DebtChangeKind::Repaid { .. } => say!(visit, "run-debt-repaid"),
        DebtChangeKind::Offset { why: OffsetReason::WriteOff } => say!(visit, "run-debt-written-off"),
        DebtChangeKind::Offset { .. } => say!(visit, "run-debt-adjusted"),
    }
}

/// What was recorded on the way, newest first.
fn records(visit: &Visit, run: &Run) -> Markup {
    if run.usages.is_empty() {
        return html! {};
    }
    let mut usages: Vec<_> = run.usages.values().collect();
    usages.sort_by_key(|usage| std::cmp::Reverse(usage.seq));
    html! {
        section.card #records data-live aria-labelledby="records-h" {
            div.card-head {
                h2 id="records-h" { (say!(visit, "run-records")) }
                span.small.quiet { (say!(visit, "run-records-count", count = usages.len())) }
            }
            dl.lines {
                @for usage in usages.iter().take(RECORDS_MAX) {
                    div { dt { (time(usage.at, visit.copy.date_time(usage.at))) } dd { (owed(usage.amount)) } }
                }
            }
            @if usages.len() > RECORDS_MAX { p.small.quiet { (say!(visit, "run-records-more", count = RECORDS_MAX)) } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ledger::scenario::{LedgerWorld, Story};

    /// What a run returned and what its reservation paid are what was reserved.
    #[test]
    fn what_was_reserved_was_used_or_came_back() {
        let story = Story::parse(include_str!("../../../../../scenarios/02-overrun-opens-debt.yaml"));
        let mut world = LedgerWorld::new(&story, false);
        story.tell(&mut world);
        let mut seen = 0;
        for run in world.whole().runs().filter(|run| run.is_closed() && !run.unstarted) {
            let within = run.used.minus(run.overrun).minus(run.absorbed).minus(run.allowance);
            assert_eq!(returned(run), Some(run.hold.minus(within)), "{}", run.id);
            seen += 1;
        }
        assert!(seen > 0);
    }
}
