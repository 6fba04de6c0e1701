//! Steps that change a subscription: a change of plan or cadence with what it means before it is asked for (R4.6, R4.7), taking
//! one back, ending the subscription with what locks and what expires (R4.3), and letting it go on after all.

use super::{
    books::Books,
    buy::cadence,
    step,
    subscription::{ends, word},
};
use crate::{
    copy::say,
    error::ApiError,
    http::extract::{Query, Repeat},
    money::money,
    payments::{SubscriptionOrder, orders::Carried},
    web::{
        figures::{owed, usable},
        visit::{Posted, Visit},
    },
};
use axum::{http::StatusCode, response::Response};
use ledger::{
    Credits, Timestamp,
    command::Command,
    grant::GrantKind,
    id::PlanKey,
    subscription::{Cadence, ChangePreview},
};
use maud::{Markup, html};
use serde::Deserialize;

/// To which plan and cadence.
#[derive(Deserialize)]
pub struct Wanted {
    #[serde(default)]
    plan: String,
    #[serde(default)]
    cadence: String,
}

impl Wanted {
    fn parsed(&self) -> Result<(PlanKey, Cadence), ApiError> {
        let plan = self.plan.parse();
        let plan =
            plan.map_err(|_| ApiError::new(StatusCode::NOT_FOUND, "not_found", "There is no such plan."))?;
        Ok((plan, cadence(&self.cadence)))
    }
}

/// What the rules say of a change, the same as the API's preview.
async fn preview(visit: &Visit, plan: PlanKey, cadence: Cadence) -> Result<ChangePreview, ApiError> {
    let looked = visit.app.read(&visit.caller, visit.organization.clone(), move |view, _| {
        view.account.preview_change(view.policy, &plan, cadence, view.now)
    });
    Ok(looked.await??)
}

/// What a change means, before it is asked for.
pub async fn review(Query(wanted): Query<Wanted>, mut visit: Visit) -> Result<Response, ApiError> {
    let (plan, cadence) = wanted.parsed()?;
    let preview = preview(&visit, plan, cadence).await?;
    let books = Books::read(&mut visit).await?;
    let label = books.plan_label(&preview.plan);
    let name = match preview.cadence {
        Cadence::Monthly => say!(visit, "billing-what-plan-monthly", plan = label),
        Cadence::Annual => say!(visit, "billing-what-plan-annual", plan = label),
    };
    let title = say!(visit, "billing-change-title");
    let charge = preview.charge.to_string();
    let body = html! {
        // Not live: what was read when the button is pressed is what was shown.
        section.card #change aria-labelledby="change-h" {
            div.card-head {
                h2 #change-h { (name) }
                span.fig.lg { (money(preview.charge, &preview.currency)) }
            }
            p { (when(&visit, &preview)) }
            (lines(&visit, &preview))
            div.card-foot {
                p { (say!(visit, "billing-change-note")) }
                form.row method="post" action=(visit.path("billing/change")) {
                    (visit.proof())
                    input type="hidden" name="plan" value=(preview.plan);
                    input type="hidden" name="cadence" value=(word(preview.cadence));
                    input type="hidden" name="charge" value=(charge);
                    input type="hidden" name="now" value=(now_word(preview.effective_at <= visit.now()));
                    button.btn.go type="submit" { (confirm(&visit, &preview)) }
                }
            }
        }
    };
    Ok(step(&visit, &title, body))
}

/// When it takes effect and what is charged then.
fn when(visit: &Visit, preview: &ChangePreview) -> String {
    let charge = money(preview.charge, &preview.currency);
    match preview.effective_at <= visit.now() {
        true => say!(visit, "billing-change-now", money = charge),
        false => say!(
            visit,
            "billing-change-later",
            money = charge,
            date = visit.copy.date_time(preview.effective_at)
        ),
    }
}

fn lines(visit: &Visit, preview: &ChangePreview) -> Markup {
    let exact = |credits: Credits| usable(credits).exact();
    html! {
        dl.lines {
            div { dt { (say!(visit, "billing-change-allowance")) } dd { (exact(preview.new_allowance)) } }
            div { dt { (say!(visit, "billing-change-preserved")) } dd { (exact(preview.preserved)) } }
            @if preview.debt_takes.is_positive() {
                div { dt { (say!(visit, "billing-line-debt-takes")) } dd.owed { (owed(preview.debt_takes).exact()) } }
            }
            div.rule {
                dt { (say!(visit, "billing-renews")) }
                dd { (crate::web::figures::time(preview.next_renewal, visit.copy.date_time(preview.next_renewal))) }
            }
        }
    }
}

fn confirm(visit: &Visit, preview: &ChangePreview) -> String {
    let charge = money(preview.charge, &preview.currency);
    match preview.effective_at <= visit.now() {
        true => say!(visit, "billing-change-confirm", money = charge),
        false => say!(visit, "billing-change-plan-it"),
    }
}

/// Asks for the change that was read.
pub async fn make(Posted { visit, form }: Posted) -> Result<Response, ApiError> {
    let wanted = Wanted { plan: form.get("plan").into(), cadence: form.get("cadence").into() };
    let (plan, cadence) = wanted.parsed()?;
    let preview = preview(&visit, plan.clone(), cadence).await?;
    // An upgrade costs less each moment, so a charge that is not more than what was read is fine.
    let read: Option<i64> = form.get("charge").parse().ok();
    let is_as_read = read.is_some_and(|read| preview.charge <= read)
        && form.get("now") == now_word(preview.effective_at <= visit.now());
    if !is_as_read {
        return Ok(visit.done("billing#subscription", "done-price-changed"));
    }
    let organization = visit.organization.clone();
    let command = Command::ChangeSubscription { plan: plan.clone(), cadence };
    visit.app.execute(&visit.caller, organization.clone(), command, Repeat(None)).await?;
    let carried = visit.app.cashier.carry_out_change(&organization).await?;
    // What is said is what the ledger says now: the provider may have been asked by the job meanwhile.
    let looked = visit.app.read(&visit.caller, organization, move |view, _| {
        let core = view.account.core();
        let is_made = core
            .subscription
            .as_ref()
            .is_some_and(|known| known.plan.as_ref() == Some(&plan) && known.cadence == cadence);
        (core.planned_change.is_some(), is_made)
    });
    let done = match (carried, looked.await?) {
        (Carried::Waiting, (true, _)) => "done-change-waits",
        (_, (true, _)) => "done-change-planned",
        (_, (false, true)) => "done-changed",
        (_, (false, false)) => "done-change-refused",
    };
    Ok(visit.done("billing#subscription", done))
}

/// Whether a change takes effect at once, as the form says it.
fn now_word(now: bool) -> &'static str {
    if now { "now" } else { "later" }
}

/// Takes a planned change back.
pub async fn withdraw(Posted { visit, .. }: Posted) -> Result<Response, ApiError> {
    let organization = visit.organization.clone();
    visit.app.execute(&visit.caller, organization.clone(), Command::WithdrawChange, Repeat(None)).await?;
    visit.app.cashier.carry_out_change(&organization).await?;
    Ok(visit.done("billing#subscription", "done-withdrawn"))
}

/// What ending the subscription means, before it is asked for.
pub async fn review_cancel(mut visit: Visit) -> Result<Response, ApiError> {
    let books = Books::read(&mut visit).await?;
    let known = visit.balance.subscription.as_ref();
    let running = known.filter(|known| known.is_running() && ends(&visit).is_none());
    let Some(end) = running.and_then(|known| known.period).map(|period| period.end) else {
        let detail = "There is no subscription that could be cancelled.";
        return Err(ApiError::new(StatusCode::NOT_FOUND, "not_found", detail));
    };
    let title = say!(visit, "billing-cancel-title");
    let body = html! {
        section.card #cancel data-live aria-labelledby="cancel-h" {
            div.card-head { h2 #cancel-h { (say!(visit, "billing-cancel-until", date = visit.copy.date_time(end))) } }
            p { (say!(visit, "billing-cancel-works")) }
            (left_then(&visit, &books, end))
            div.card-foot {
                p { (say!(visit, "billing-cancel-undo")) }
                div.row {
                    a.btn href=(visit.path("billing")) { (say!(visit, "billing-cancel-keep")) }
                    (super::button(&visit, "billing/cancel", &[], "", html! { (say!(visit, "billing-cancel-do")) }))
                }
            }
        }
    };
    Ok(step(&visit, &title, body))
}

/// What locks, what expires and what goes on when the subscription ends, if nothing is used until then.
fn left_then(visit: &Visit, books: &Books, end: Timestamp) -> Markup {
    let sum = |kind: GrantKind, stays: bool| -> Credits {
        let of_kind = books.grants.iter().filter(|grant| grant.kind == kind);
        let lives_on = |end_of: Option<Timestamp>| end_of.is_none_or(|at| at > end);
        of_kind.filter(|grant| !stays || lives_on(grant.expires_at)).map(|grant| grant.free).sum()
    };
    let included = usable(sum(GrantKind::Included, false));
    let locks = sum(GrantKind::Purchased, true);
    let stays = sum(GrantKind::Promotional, true);
    let first = books
        .grants
        .iter()
        .filter(|grant| grant.kind == GrantKind::Purchased && grant.free.is_positive())
        .filter_map(|grant| grant.expires_at)
        .filter(|at| *at > end)
        .min();
    let day = |at| visit.copy.date(at);
    html! {
        ul.list {
            li { p { (say!(visit, "billing-cancel-expires", amount = included, date = day(end))) } }
            @if locks.is_positive() {
                li {
                    p {
                        (say!(visit, "billing-cancel-locks", amount = usable(locks)))
                        " " (say!(visit, "billing-cancel-locked-may"))
                        @if let Some(at) = first { " " (say!(visit, "billing-cancel-locked-until", date = day(at))) }
                    }
                }
            } @else {
                li { p { (say!(visit, "billing-cancel-nothing-locks")) } }
            }
            @if stays.is_positive() { li { p { (say!(visit, "billing-cancel-promotional", amount = usable(stays))) } } }
            li { p { (say!(visit, "billing-cancel-recharge")) } }
        }
    }
}

/// Ends the subscription with its period.
pub async fn cancel(Posted { visit, .. }: Posted) -> Result<Response, ApiError> {
    visit.app.cashier.order(&visit.organization, &SubscriptionOrder::Cancel).await?;
    Ok(visit.done("billing#subscription", "done-cancelled"))
}

/// Lets it go on after all.
pub async fn resume(Posted { visit, .. }: Posted) -> Result<Response, ApiError> {
    visit.app.cashier.order(&visit.organization, &SubscriptionOrder::Resume).await?;
    Ok(visit.done("billing#subscription", "done-resumed"))
}
