//! The Subscription card: plan, cadence, where it stands and when it renews, what it offers in each state, and what a
//! subscription would bring where there is none. What changes it is in `change`.

use super::{
    Card,
    books::{Books, Resumed, can_be_bought, since},
    button, portal_button, tag,
};
use crate::{
    copy::say,
    money::money,
    web::{
        figures::{time, usable},
        visit::Visit,
    },
};
use ledger::{
    Timestamp,
    id::PlanKey,
    policy::Plan,
    subscription::{Cadence, Subscription, SubscriptionStatus},
};
use maud::{Markup, html};

/// The card.
pub fn card(visit: &Visit, books: &Books) -> Markup {
    let known = visit.balance.subscription.as_ref();
    let body = match known {
        Some(known) if !can_be_bought(Some(known)) => running(visit, books, known),
        Some(known) if books.resumed.is_some() => over(visit, books, known),
        _ => none(visit, books),
    };
    let steps = &["resume_subscription", "start_subscription"];
    let aside = state(visit, books, known);
    Card { place: "subscription", title: say!(visit, "billing-subscription"), steps, aside, body }.show()
}

/// When the subscription ends, where that is planned.
pub fn ends(visit: &Visit) -> Option<Timestamp> {
    let known = visit.balance.subscription.as_ref().filter(|known| known.is_running())?;
    known.cancel_at.filter(|at| *at > visit.now())
}

/// Where it stands, in a tag.
fn state(visit: &Visit, books: &Books, known: Option<&Subscription>) -> Markup {
    use SubscriptionStatus as Status;
    let day = |at| visit.copy.day(at, visit.now());
    let ended = || match since(books.entitlement_ended) {
        Some(at) => say!(visit, "billing-sub-ended", date = day(at)),
        None => say!(visit, "billing-sub-over"),
    };
    match known.map_or(Status::None, |known| known.status) {
        Status::Active | Status::Trialing if !visit.balance.entitled => tag(Some("stop"), "pause", &ended()),
        Status::Active | Status::Trialing if ends(visit).is_some() => {
            let date = ends(visit).map(day).unwrap_or_default();
            tag(Some("info"), "day", &say!(visit, "billing-sub-ends", date = date))
        }
        Status::Active => tag(Some("ok"), "check", &say!(visit, "billing-sub-active")),
        Status::Trialing => tag(Some("ok"), "check", &say!(visit, "billing-sub-trialing")),
        Status::PastDue if visit.balance.entitled => {
            tag(Some("warn"), "cardstop", &say!(visit, "billing-sub-failing"))
        }
        Status::PastDue | Status::Unpaid => {
            tag(Some("stop"), "cardstop", &say!(visit, "billing-sub-past-due"))
        }
        Status::Paused => tag(Some("stop"), "pause", &say!(visit, "billing-sub-paused")),
        Status::Incomplete => tag(Some("info"), "wait", &say!(visit, "billing-sub-incomplete")),
        Status::Canceled => tag(Some("stop"), "pause", &ended()),
        Status::None => tag(None, "none", &say!(visit, "billing-sub-none")),
    }
}

/// A subscription that is there.
fn running(visit: &Visit, books: &Books, known: &Subscription) -> Markup {
    let plan = known.plan.as_ref();
    let sold = plan.and_then(|plan| books.plan(plan));
    html! {
        (facts(visit, books, known, sold))
        @if let Some(change) = &books.planned { (planned(visit, books, change)) }
        @if let Some(at) = ends(visit) { (ending(visit, at)) }
        @if known.payment_failed() { (failed(visit, books, known)) }
        @if visit.app.cashier.provider().sells() { (actions(visit, books, known)) }
        @else { div.card-foot { p { (say!(visit, "billing-sub-elsewhere")) } } }
    }
}

fn facts(visit: &Visit, books: &Books, known: &Subscription, sold: Option<&Plan>) -> Markup {
    let price = sold.map(|plan| money(plan.price(known.cadence), &plan.currency));
    let allowance = sold.and_then(|plan| plan.allowance(known.cadence));
    let renews =
        known.period.filter(|_| known.is_running() && ends(visit).is_none()).map(|period| period.end);
    let (cadence, included) = match known.cadence {
        Cadence::Monthly => (say!(visit, "billing-monthly"), say!(visit, "billing-included-monthly")),
        Cadence::Annual => (say!(visit, "billing-annual"), say!(visit, "billing-included-annual")),
    };
    html! {
        dl.facts {
            @if let Some(plan) = &known.plan {
                div.stat { dt { (say!(visit, "billing-plan")) } dd.fig { (books.plan_label(plan)) } }
            }
            div.stat { dt { (say!(visit, "billing-cadence")) } dd.fig { (cadence) } }
            @if let Some(credits) = allowance {
                @let credits = usable(credits);
                div.stat {
                    dt { (included) }
                    dd.fig { (credits) " " span.unit { (say!(visit, "billing-unit", amount = credits)) } }
                }
            }
            @if let Some(at) = renews {
                div.stat {
                    dt { (say!(visit, "billing-renews")) }
                    dd.fig { (time(at, visit.copy.date(at))) @if let Some(price) = price { " " span.unit { (price) } } }
                }
            }
        }
    }
}

/// A change that waits, and taking it back.
fn planned(visit: &Visit, books: &Books, change: &ledger::subscription::PlannedChange) -> Markup {
    let plan = books.plan_label(&change.plan);
    let now = change.effective_at <= visit.now();
    let date = visit.copy.date(change.effective_at);
    let said = match (change.cadence, now) {
        (Cadence::Annual, true) => say!(visit, "billing-planned-annual-now", plan = plan),
        (Cadence::Monthly, true) => say!(visit, "billing-planned-monthly-now", plan = plan),
        (Cadence::Annual, false) => say!(visit, "billing-planned-annual", plan = plan, date = date),
        (Cadence::Monthly, false) => say!(visit, "billing-planned-monthly", plan = plan, date = date),
    };
    html! {
        div {
            div.inset data-tone="info" {
                p { (said) }
                @if !now { (button(visit, "billing/withdraw", &[], "", html! { (say!(visit, "billing-withdraw")) })) }
            }
        }
    }
}

/// What the end of the subscription means (R4.3, R4.4).
fn ending(visit: &Visit, at: Timestamp) -> Markup {
    html! {
        div {
            div.inset data-tone="info" {
                p { (say!(visit, "billing-ending", date = visit.copy.date_time(at))) }
                p.small { (say!(visit, "billing-ending-means")) }
            }
        }
    }
}

fn failed(visit: &Visit, books: &Books, known: &Subscription) -> Markup {
    let grace = known.past_due_since.map(|since| since.after(books.policy.past_due_grace));
    let said = match grace {
        Some(end) if visit.balance.entitled => {
            say!(visit, "billing-failing-until", date = visit.copy.date_time(end))
        }
        _ => say!(visit, "billing-failing-over"),
    };
    html! { div { div.inset data-tone=(if visit.balance.entitled { "warn" } else { "stop" }) { p { (said) } } } }
}

/// What can be done about a running subscription, and the reason where something cannot.
fn actions(visit: &Visit, books: &Books, known: &Subscription) -> Markup {
    let others = other_plans(visit, books, known);
    html! {
        @if !others.is_empty() {
            details {
                summary { (say!(visit, "billing-change-plan")) }
                ul.list {
                    @for (key, plan) in others {
                        li {
                            div.grow {
                                b { (plan.label) } " "
                                span.quiet.small { (terms(visit, plan, known.cadence)) }
                            }
                            a.btn href=(change_address(visit, key, known.cadence)) { (say!(visit, "billing-see-change")) }
                        }
                    }
                }
            }
        }
        div.card-foot {
            p { (switch_said(visit, books, known)) }
            div.row {
                @if ends(visit).is_some() {
                    (button(visit, "billing/resume", &[], "", html! { (say!(visit, "action-resume_subscription")) }))
                } @else if let (Some(_), Some(plan)) = (&books.annual, &known.plan) {
                    a.btn href=(change_address(visit, plan, Cadence::Annual)) { (say!(visit, "billing-switch-annual")) }
                }
                (portal_button(visit, "home", "bare", &say!(visit, "billing-portal")))
                @if known.is_running() && ends(visit).is_none() && books.planned.is_none() {
                    a.btn.bare href=(visit.path("billing/cancel")) { (say!(visit, "billing-cancel")) }
                }
            }
        }
    }
}

/// Plans to change to, where a change is possible now.
fn other_plans<'a>(visit: &Visit, books: &'a Books, known: &Subscription) -> Vec<(&'a PlanKey, &'a Plan)> {
    let possible =
        known.is_running() && ends(visit).is_none() && books.planned.is_none() && not_yet(visit).is_none();
    let mut others: Vec<_> =
        books.policy.plans.iter().filter(|(key, _)| possible && known.plan.as_ref() != Some(key)).collect();
    others.sort_by_key(|(_, plan)| plan.tier);
    others
}

/// Why plan and cadence cannot be changed while debt of refunds or disputes is open (R4.6).
fn not_yet(visit: &Visit) -> Option<String> {
    let [_, refund, dispute] = visit.balance.debt;
    match (refund.is_positive(), dispute.is_positive()) {
        (_, true) => Some(say!(visit, "billing-switch-after-dispute")),
        (true, _) => Some(say!(visit, "billing-switch-after-refund")),
        _ => None,
    }
}

/// What annual would mean, or why it cannot be had now.
fn switch_said(visit: &Visit, books: &Books, known: &Subscription) -> String {
    if ends(visit).is_some() {
        return say!(visit, "billing-resume-before-switch");
    }
    if known.payment_failed() {
        return say!(visit, "billing-switch-after-payment");
    }
    if let Some(reason) = not_yet(visit) {
        return reason;
    }
    let sold = known.plan.as_ref().and_then(|plan| books.plan(plan));
    let (Some(preview), Some(plan)) = (&books.annual, sold) else { return String::new() };
    let saved = plan.monthly_price.saturating_mul(12).saturating_sub(preview.charge);
    let annual = money(preview.charge, &preview.currency);
    let brings = usable(preview.new_allowance);
    let said = match saved > 0 {
        true => say!(
            visit,
            "billing-annual-saves",
            money = annual,
            saved = money(saved, &preview.currency),
            amount = brings
        ),
        false => say!(visit, "billing-annual-costs", money = annual, amount = brings),
    };
    match (preview.preserved.is_positive(), known.period) {
        (true, Some(period)) => {
            let date = visit.copy.day(period.end, visit.now());
            let kept =
                say!(visit, "billing-annual-preserves", amount = usable(preview.preserved), date = date);
            format!("{said} {kept}")
        }
        _ => said,
    }
}

/// The address of the review of a change.
pub fn change_address(visit: &Visit, plan: &PlanKey, cadence: Cadence) -> String {
    visit.path(&format!("billing/change?plan={plan}&cadence={}", word(cadence)))
}

/// A cadence as forms and addresses say it.
pub fn word(cadence: Cadence) -> &'static str {
    match cadence {
        Cadence::Monthly => "monthly",
        Cadence::Annual => "annual",
    }
}

/// "50,000 credits a month for $49.00".
fn terms(visit: &Visit, plan: &Plan, cadence: Cadence) -> String {
    let price = money(plan.price(cadence), &plan.currency);
    let amount = usable(plan.allowance(cadence).unwrap_or(ledger::Credits::ZERO));
    match cadence {
        Cadence::Monthly => say!(visit, "billing-terms-monthly", amount = amount, money = price),
        Cadence::Annual => say!(visit, "billing-terms-annual", amount = amount, money = price),
    }
}

/// A subscription that has ended: what it would bring to resume it today.
fn over(visit: &Visit, books: &Books, known: &Subscription) -> Markup {
    let Some(resumed) = &books.resumed else { return html! {} };
    let plan = books.plan_label(&resumed.plan);
    let ended = since(books.entitlement_ended).or(known.cancel_at);
    let price = books.plan(&resumed.plan).map(|sold| money(sold.price(resumed.cadence), &sold.currency));
    let price = price.unwrap_or_default();
    let said = match resumed.cadence {
        Cadence::Monthly => say!(visit, "billing-resume-monthly", plan = &plan, money = price),
        Cadence::Annual => say!(visit, "billing-resume-annual", plan = &plan, money = price),
    };
    html! {
        @if let Some(at) = ended {
            p { (say!(visit, "billing-sub-ended-on", plan = &plan, date = visit.copy.date_time(at))) }
        }
        div {
            div.inset {
                h3 { (say!(visit, "billing-if-resumed")) }
                (resumed_sum(visit, resumed))
            }
        }
        @if visit.app.cashier.provider().sells() {
            @if books.policy.plans.len() > 1 {
                details { summary { (say!(visit, "billing-other-plans")) } (plans(visit, books)) }
            }
            div.card-foot {
                p { (said) }
                div.row {
                    a.btn href=(buy_address(visit, &resumed.plan, resumed.cadence)) { (say!(visit, "action-resume_subscription")) }
                    (portal_button(visit, "home", "bare", &say!(visit, "billing-portal")))
                }
            }
        } @else {
            div.card-foot { p { (say!(visit, "billing-sub-elsewhere")) } (super::buy::to_product(visit)) }
        }
    }
}

/// What a subscription that begins now brings, as a sum.
pub fn resumed_sum(visit: &Visit, resumed: &Resumed) -> Markup {
    let exact = |credits| usable(credits).exact();
    html! {
        dl.sum {
            div {
                dt { svg.key aria-hidden="true" { rect.c-inc {} } (say!(visit, "billing-line-included")) }
                dd { (exact(resumed.allowance)) }
            }
            @if resumed.others.is_positive() {
                div {
                    dt { svg.key aria-hidden="true" { rect.c-promo {} } (say!(visit, "billing-line-already")) }
                    dd { (exact(resumed.others)) }
                }
            }
            @if resumed.unlocks.is_positive() {
                div {
                    dt { svg.key aria-hidden="true" { rect.c-pur {} } (say!(visit, "billing-line-unlocked")) }
                    dd { (exact(resumed.unlocks)) }
                }
            }
            div.less { dt { (say!(visit, "billing-line-debt-takes")) } dd { (exact(resumed.settles)) } }
            div.total { dt { (say!(visit, "billing-total")) } dd { (exact(resumed.available)) } }
        }
    }
}

fn buy_address(visit: &Visit, plan: &PlanKey, cadence: Cadence) -> String {
    visit.path(&format!("billing/review?plan={plan}&cadence={}", word(cadence)))
}

/// Where there is no subscription: the plans with both prices.
fn none(visit: &Visit, books: &Books) -> Markup {
    let sells = visit.app.cashier.provider().sells();
    html! {
        p { (say!(visit, "billing-none")) }
        @if !sells || books.policy.plans.is_empty() {
            p.quiet { (say!(visit, "billing-sub-elsewhere")) }
            (super::buy::to_product(visit))
        } @else {
            (plans(visit, books))
            div.card-foot {
                p { (say!(visit, "billing-none-note")) }
                (portal_button(visit, "home", "bare", &say!(visit, "billing-portal")))
            }
        }
    }
}

fn plans(visit: &Visit, books: &Books) -> Markup {
    let mut plans: Vec<(&PlanKey, &Plan)> = books.policy.plans.iter().collect();
    plans.sort_by_key(|(_, plan)| plan.tier);
    html! {
        ul.list {
            @for (key, plan) in plans {
                li.plan {
                    div.grow {
                        h3 { (plan.label) }
                        p.quiet.small { (terms(visit, plan, Cadence::Monthly)) }
                        p.quiet.small { (terms(visit, plan, Cadence::Annual)) }
                    }
                    div.row {
                        a.btn href=(buy_address(visit, key, Cadence::Monthly))
                            aria-label=(say!(visit, "billing-start-monthly-of", plan = &plan.label)) { (say!(visit, "billing-start-monthly")) }
                        a.btn href=(buy_address(visit, key, Cadence::Annual))
                            aria-label=(say!(visit, "billing-start-annual-of", plan = &plan.label)) { (say!(visit, "billing-start-annual")) }
                    }
                }
            }
        }
    }
}
