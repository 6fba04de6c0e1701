//! The Auto-recharge card (R10): the switch with what it will charge, its settings, what was bought, how the last purchase ended
//! and when the next is possible. What cannot be saved is said at the form, by the rules' own refusal.

use super::{Card, books::Books, portal_button, step, tag};
use crate::{
    copy::{Value, say},
    error::ApiError,
    http::{extract::Repeat, form::Form},
    money::money,
    web::{
        figures::usable,
        visit::{Posted, Visit},
    },
};
use axum::{http::StatusCode, response::Response};
use ledger::{
    Credits,
    command::{Command, Request},
    payment::Payment,
    status::RechargeView,
};
use maud::{Markup, html};

/// Offered beside what is saved, in steps of the policy.
const STEPS: [i64; 8] = [1, 2, 4, 10, 20, 40, 100, 200];

/// What somebody asked for that cannot be saved.
pub struct Wrong {
    enabled: bool,
    threshold: Option<Credits>,
    amount: Option<Credits>,
    monthly_limit: Option<Credits>,
    /// The field that is wrong, where it is one.
    field: &'static str,
}

/// The card. `last` is the last automatic purchase that was paid.
pub fn card(visit: &Visit, books: &Books, last: &Option<Payment>, wrong: Option<&Wrong>) -> Markup {
    let view = &visit.balance.auto_recharge;
    let sells = visit.app.cashier.provider().sells();
    let may_be_on = books.recharge.payment_method || view.enabled;
    let body = html! {
        @if !visit.balance.entitled {
            p.quiet { (kept(visit, books)) }
        } @else if !may_be_on {
            p.quiet { (say!(visit, "billing-recharge-needs-method")) }
            @if sells { div { (portal_button(visit, "payment_method", "", &say!(visit, "action-update_payment_method"))) } }
            @else { p.quiet { (say!(visit, "billing-sold-elsewhere")) } }
        } @else {
            (form(visit, books, wrong))
            (lines(visit, books, last.as_ref()))
        }
    };
    let aside = state(visit, view);
    let steps = &["enable_auto_recharge"];
    Card { place: "recharge", title: say!(visit, "billing-recharge"), steps, aside, body }.show()
}

fn state(visit: &Visit, view: &RechargeView) -> Markup {
    match (view.suspended, view.enabled) {
        (true, _) => tag(Some("warn"), "cardstop", &say!(visit, "billing-recharge-suspended")),
        (_, true) if visit.balance.entitled => tag(Some("ok"), "check", &say!(visit, "billing-recharge-on")),
        _ => tag(None, "pause", &say!(visit, "billing-recharge-off")),
    }
}

/// Without entitlement nothing is bought; what was chosen is kept.
fn kept(visit: &Visit, books: &Books) -> String {
    let view = &visit.balance.auto_recharge;
    match books.recharge.settings {
        None => say!(visit, "billing-recharge-needs-subscription"),
        Some(_) => say!(
            visit,
            "billing-recharge-kept",
            amount = usable(view.amount),
            threshold = usable(view.threshold),
            limit = usable(view.monthly_limit)
        ),
    }
}

fn form(visit: &Visit, books: &Books, wrong: Option<&Wrong>) -> Markup {
    let view = &visit.balance.auto_recharge;
    let policy = &books.policy.recharge;
    let threshold = wrong.and_then(|wrong| wrong.threshold).unwrap_or(view.threshold);
    let amount = wrong.and_then(|wrong| wrong.amount).unwrap_or(view.amount);
    let limit = wrong.and_then(|wrong| wrong.monthly_limit).unwrap_or(view.monthly_limit);
    let on = wrong.map_or(view.enabled, |wrong| wrong.enabled);
    let plain = |credits: Credits| say!(visit, "billing-recharge-credits", amount = usable(credits));
    let priced = |credits: Credits| match cost(visit, credits, 1) {
        Some(cost) => say!(visit, "billing-recharge-credits-for", amount = usable(credits), money = cost),
        None => plain(credits),
    };
    let field = wrong.map(|wrong| wrong.field);
    html! {
        @if view.suspended { (suspended(visit, books)) }
        form method="post" action=(visit.path("billing/recharge")) {
            (visit.proof())
            @if field == Some("") { p.inset data-tone="stop" role="alert" { (say!(visit, "billing-recharge-needs-method")) } }
            div.switch {
                input #ar type="checkbox" role="switch" name="enabled" value="on" checked[on] aria-describedby="ar-says";
                div {
                    label for="ar" { b { (say!(visit, "billing-recharge-enable")) } }
                    p.small.quiet #ar-says { (says(visit, view)) " " (says_also(visit)) }
                }
            }
            div.two.three {
                (select(visit, "threshold", &say!(visit, "billing-recharge-below"), threshold,
                    &options(policy.step, policy.threshold_max, threshold), &plain, field))
                (select(visit, "amount", &say!(visit, "billing-recharge-amount"), amount,
                    &options(policy.step, policy.amount_max, amount), &priced, field))
                (select(visit, "monthly_limit", &say!(visit, "billing-recharge-limit"), limit,
                    &options(policy.step, Credits::MAX_AMOUNT, limit), &plain, field))
            }
            div.row {
                button.btn type="submit" { (say!(visit, "billing-recharge-save")) }
                span.small.quiet { (say!(visit, "billing-recharge-note")) }
            }
        }
    }
}

/// Choices from one step up, and what is chosen already.
fn options(step: Credits, most: Credits, chosen: Credits) -> Vec<Credits> {
    let multiple = |times: i64| step.micros().checked_mul(times).map(Credits::from_micros);
    let mut options: Vec<Credits> =
        STEPS.into_iter().filter_map(multiple).filter(|credits| *credits <= most).chain([chosen]).collect();
    options.sort();
    options.dedup();
    options
}

fn select(
    visit: &Visit,
    name: &str,
    label: &str,
    chosen: Credits,
    options: &[Credits],
    shown: &dyn Fn(Credits) -> String,
    wrong: Option<&str>,
) -> Markup {
    let is_wrong = wrong == Some(name);
    let hint = format!("{name}-wrong");
    html! {
        div.field {
            label for=(name) { (label) }
            select id=(name) name=(name) aria-invalid=[is_wrong.then_some("true")] aria-describedby=[is_wrong.then_some(&hint)] {
                @for option in options {
                    option value=(whole(*option)) selected[*option == chosen] { (shown(*option)) }
                }
            }
            @if is_wrong { p.small.owed id=(hint) role="alert" { (why(visit, name)) } }
        }
    }
}

/// Why a choice cannot be saved, in the words of the limits it has.
fn why(visit: &Visit, field: &str) -> String {
    let policy = &visit.app.engine.policy().recharge;
    let within = |most| {
        let values: [(&str, Value); 2] =
            [("step", usable(policy.step).into()), ("most", usable(most).into())];
        visit.copy.text("billing-recharge-wrong-step", &values)
    };
    match field {
        "threshold" => within(policy.threshold_max),
        "amount" => within(policy.amount_max),
        _ => say!(visit, "billing-recharge-wrong-limit"),
    }
}

/// As forms take it back.
fn whole(credits: Credits) -> String {
    usable(credits).whole().to_string()
}

/// What so many credits cost, bought so many times, where they are sold by themselves.
fn cost(visit: &Visit, credits: Credits, times: i64) -> Option<String> {
    let cashier = &visit.app.cashier;
    let price = cashier.price().filter(|_| cashier.provider().sells())?;
    Some(money(price.of(credits)?.checked_mul(times)?, &price.currency))
}

/// What the switch will charge, said at the switch.
fn says(visit: &Visit, view: &RechargeView) -> String {
    let times = match view.amount.micros() {
        0 => 0,
        amount => view.monthly_limit.micros() / amount,
    };
    let most = view.amount.micros().checked_mul(times).map(Credits::from_micros).unwrap_or(view.amount);
    let values = |money: Option<(String, String)>| {
        let mut values: Vec<(&str, Value)> = vec![
            ("amount", usable(view.amount).into()),
            ("threshold", usable(view.threshold).into()),
            ("count", u64::try_from(times).unwrap_or_default().into()),
            ("most", usable(most).into()),
        ];
        if let Some((money, most_money)) = money {
            values.extend([("money", money.into()), ("most_money", most_money.into())]);
        }
        values
    };
    match cost(visit, view.amount, 1).zip(cost(visit, view.amount, times)) {
        Some(costs) => visit.copy.text("billing-recharge-says", &values(Some(costs))),
        None => visit.copy.text("billing-recharge-says-without-price", &values(None)),
    }
}

/// What else belongs to it at the switch: what it waits for, or that it may buy at once.
fn says_also(visit: &Visit) -> String {
    let view = &visit.balance.auto_recharge;
    match blocked_by(visit) {
        Some(waits) => waits,
        None if !view.enabled => say!(visit, "billing-recharge-says-at-once"),
        None => String::new(),
    }
}

/// Debt of refunds and disputes, with which nothing is bought (R10.4).
fn blocked_by(visit: &Visit) -> Option<String> {
    let [_, refund, dispute] = visit.balance.debt;
    match (refund.is_positive(), dispute.is_positive()) {
        (_, true) => Some(say!(visit, "billing-recharge-waits-dispute")),
        (true, _) => Some(say!(visit, "billing-recharge-waits-refund")),
        _ => None,
    }
}

/// Purchases were declined too often: what lifts that (R10.5).
fn suspended(visit: &Visit, books: &Books) -> Markup {
    let view = &visit.balance.auto_recharge;
    let reason = books.recharge.last_decline.as_ref().map(|decline| crate::words::ended(&decline.reason));
    let settings = [
        ("enabled", "on".to_owned()),
        ("threshold", whole(view.threshold)),
        ("amount", whole(view.amount)),
        ("monthly_limit", whole(view.monthly_limit)),
    ];
    html! {
        div {
            div.inset data-tone="warn" {
                p { (say!(visit, "billing-recharge-stopped", count = books.recharge.declines)) @if let Some(reason) = reason { " " (reason) } }
                p.small { (say!(visit, "billing-recharge-lifts")) }
                form.row method="post" action=(visit.path("billing/recharge")) {
                    (visit.proof())
                    @for (name, value) in &settings { input type="hidden" name=(name) value=(value); }
                    button.btn type="submit" { (say!(visit, "billing-recharge-resume")) }
                }
            }
        }
    }
}

fn lines(visit: &Visit, books: &Books, last: Option<&Payment>) -> Markup {
    let view = &visit.balance.auto_recharge;
    let bought = say!(
        visit,
        "billing-recharge-bought-of",
        amount = usable(view.bought_this_month),
        limit = usable(view.monthly_limit)
    );
    html! {
        dl.lines {
            div { dt { (say!(visit, "billing-recharge-bought")) } dd { (bought) } }
            div { dt { (say!(visit, "billing-recharge-last")) } dd { (last_result(visit, books, last)) } }
            div { dt { (say!(visit, "billing-recharge-next")) } dd { (next(visit, books)) } }
        }
    }
}

fn last_result(visit: &Visit, books: &Books, last: Option<&Payment>) -> String {
    let declined = books.recharge.last_decline.as_ref();
    let paid_at = last.map(|payment| payment.at);
    match (declined, last) {
        (Some(decline), _) if paid_at.is_none_or(|paid| paid < decline.at) => {
            say!(visit, "billing-recharge-declined", date = visit.copy.date_time(decline.at))
        }
        (_, Some(payment)) => say!(
            visit,
            "billing-recharge-paid",
            amount = usable(payment.credits),
            money = money(payment.paid, &payment.currency),
            date = visit.copy.date_time(payment.at)
        ),
        _ => say!(visit, "billing-recharge-never"),
    }
}

/// When the next purchase is possible (R10.3 to R10.5): the first thing that stands in its way.
fn next(visit: &Visit, books: &Books) -> String {
    let view = &visit.balance.auto_recharge;
    let running = visit.balance.subscription.as_ref().is_some_and(|known| known.is_running());
    let room = view.monthly_limit.minus_or_zero(view.bought_this_month);
    if let Some(purchase) = &view.in_flight {
        return say!(visit, "billing-recharge-in-flight", amount = usable(purchase.credits));
    }
    if !view.enabled {
        return say!(visit, "billing-recharge-next-off");
    }
    if view.suspended {
        return say!(visit, "billing-recharge-next-suspended");
    }
    if let Some(waits) = blocked_by(visit) {
        return waits;
    }
    if books.is_disputed() {
        return say!(visit, "billing-recharge-next-dispute");
    }
    if !running {
        return say!(visit, "billing-recharge-next-payment");
    }
    if room < view.amount {
        let month = visit.now().month_start().plus_months(1);
        return say!(visit, "billing-recharge-next-month", date = visit.copy.date(month));
    }
    match view.retry_at {
        Some(at) => say!(visit, "billing-recharge-next-retry", date = visit.copy.date_time(at)),
        None => say!(visit, "billing-recharge-next-below", threshold = usable(view.threshold)),
    }
}

/// Saves what was chosen, or says at the form what cannot be.
pub async fn save(Posted { visit, form }: Posted) -> Result<Response, ApiError> {
    let enabled = form.is_ticked("enabled");
    let wrong = |field| Wrong {
        enabled,
        threshold: credits(&form, "threshold"),
        amount: credits(&form, "amount"),
        monthly_limit: credits(&form, "monthly_limit"),
        field,
    };
    for field in ["threshold", "amount", "monthly_limit"] {
        if credits(&form, field).is_none() {
            return super::page(visit, None, Some(&wrong(field))).await;
        }
    }
    let command = Command::SetAutoRecharge {
        enabled,
        threshold: credits(&form, "threshold"),
        amount: credits(&form, "amount"),
        monthly_limit: credits(&form, "monthly_limit"),
    };
    let chosen = chosen(&visit, &form, enabled);
    let organization = visit.organization.clone();
    // What was said at the switch was about the settings as they are: others are said once more before they charge.
    // After a decline saving lifts the wait, and may buy at once: that is said first, too.
    let known = &visit.balance.auto_recharge;
    let waits = known.suspended || known.retry_at.is_some();
    let is_as_before = !waits && says(&visit, &chosen) == says(&visit, known);
    let is_said = form.is_ticked("confirmed") || is_as_before;
    let saved = match enabled && !is_said {
        true => {
            let request = Request::new(command, visit.caller.actor(), None);
            visit.app.engine.preview(organization, request).await.map_err(ApiError::from)
        }
        false => visit.app.execute(&visit.caller, organization, command, Repeat(None)).await,
    };
    match saved {
        Ok(receipt) if enabled && !is_said => {
            let would_buy = receipt.shown.balance.auto_recharge.in_flight.is_some();
            Ok(confirm(&visit, &chosen, would_buy && visit.balance.auto_recharge.in_flight.is_none()))
        }
        Ok(_) if enabled => Ok(visit.done("billing#recharge", "done-recharge-on")),
        Ok(_) => Ok(visit.done("billing#recharge", "done-recharge-off")),
        Err(error) if error.told().status == StatusCode::UNPROCESSABLE_ENTITY => {
            let field = field_of(&error);
            super::page(visit, None, Some(&wrong(field))).await
        }
        Err(error) => Err(error),
    }
}

/// The settings as they would be.
fn chosen(visit: &Visit, form: &Form, enabled: bool) -> RechargeView {
    let now = &visit.balance.auto_recharge;
    RechargeView {
        enabled,
        threshold: credits(form, "threshold").unwrap_or(now.threshold),
        amount: credits(form, "amount").unwrap_or(now.amount),
        monthly_limit: credits(form, "monthly_limit").unwrap_or(now.monthly_limit),
        ..now.clone()
    }
}

/// What other settings will charge, before they are saved.
fn confirm(visit: &Visit, chosen: &RechargeView, buys_at_once: bool) -> Response {
    let fields = [
        ("enabled", "on".to_owned()),
        ("threshold", whole(chosen.threshold)),
        ("amount", whole(chosen.amount)),
        ("monthly_limit", whole(chosen.monthly_limit)),
        ("confirmed", "yes".to_owned()),
    ];
    let body = html! {
        section.card aria-labelledby="confirm-h" {
            div.card-head { h2 #confirm-h { (say!(visit, "billing-recharge")) } }
            p { (says(visit, chosen)) }
            @if buys_at_once { p { b { (say!(visit, "billing-recharge-buys-at-once", amount = usable(chosen.amount))) } } }
            @if let Some(waits) = blocked_by(visit) { p.quiet { (waits) } }
            div.card-foot {
                p { (say!(visit, "billing-recharge-note")) }
                form.row method="post" action=(visit.path("billing/recharge")) {
                    (visit.proof())
                    @for (name, value) in &fields { input type="hidden" name=(name) value=(value); }
                    button.btn.go type="submit" { (say!(visit, "billing-recharge-confirm")) }
                }
            }
        }
    };
    step(visit, &say!(visit, "billing-recharge-confirm-title"), body)
}

/// Where a refusal belongs; nothing where it is about no field.
fn field_of(error: &ApiError) -> &'static str {
    let pointer = error.told().errors.first().and_then(|error| error.pointer.as_deref());
    match pointer {
        Some("/threshold") => "threshold",
        Some("/amount") => "amount",
        Some("/monthly_limit") => "monthly_limit",
        _ => "",
    }
}

fn credits(form: &Form, field: &str) -> Option<Credits> {
    Credits::whole(form.get(field).parse().ok()?).filter(|credits| !credits.micros().is_negative())
}
