//! The sandbox's checkout: what is bought, what it costs and what it brings are said before the last step, nothing is
//! ticked beforehand, and paying twice pays once.

use super::{
    super::{App, extract::Ids, form::Form},
    frame::{self, Frame, banner, icon},
    now, provider,
};
use crate::{
    error::ApiError,
    money::money,
    payments::{
        Bought, Purchase,
        sandbox::{Card, Checkout, Progress, Step},
    },
    words,
};
use axum::{
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use ledger::{
    Credits, Timestamp,
    command::{Command, Request},
    event::Actor,
    id::OrganizationId,
    payment::PaymentPurpose,
    subscription::{Cadence, Period},
};
use maud::{Markup, html};
use std::sync::Arc;
use url::Url;

/// What becomes of what is bought, as it would be now.
struct Split {
    settles: Credits,
    usable: Credits,
    /// Waits for a subscription.
    locked: Credits,
}

/// Shows it.
pub async fn show_checkout(
    State(app): State<Arc<App>>,
    Ids((organization, token)): Ids<(OrganizationId, String)>,
) -> Result<Response, ApiError> {
    let found = provider(&app)?.checkout_of(&organization, &token).await?;
    let Some(checkout) = found else { return Ok(over()) };
    let name = name(&app, &organization).await?;
    let main = match checkout.progress {
        Progress::Open => {
            let split = split(&app, &organization, &checkout.purchase).await?;
            till(&checkout, split.as_ref())
        }
        Progress::Confirming { .. } => confirmation(&checkout, &name),
        Progress::Paid => paid(&checkout),
    };
    let leads_to = Url::parse(&checkout.return_url).ok().map(|url| url.origin().ascii_serialization());
    let class = if checkout.progress == Progress::Open { "till" } else { "step" };
    let frame = Frame { title: "Checkout", organization: &name, class, leads_to: leads_to.as_deref() };
    Ok(frame.around(StatusCode::OK, &main))
}

/// Takes a step of it.
pub async fn pay(
    State(app): State<Arc<App>>,
    Ids((organization, token)): Ids<(OrganizationId, String)>,
    form: Form,
) -> Result<Response, ApiError> {
    let sandbox = provider(&app)?;
    let card = match form.get("card") {
        "ok" => Some(Card::Ok),
        "declined" => Some(Card::Declined),
        "requires_action" => Some(Card::RequiresAction),
        _ => None,
    };
    let step = match (form.get("do"), card) {
        ("pay", Some(card)) => Step::Pay { card, automatic: form.is_ticked("automatic") },
        ("confirm", _) => Step::Confirm,
        ("fail", _) => Step::Fail,
        _ => return Err(ApiError::field("", "choose a card, and then pay")),
    };
    let now = now(&app, &organization).await?;
    let taken = sandbox.step(&organization, now, &token, step).await?;
    let Some(checkout) = taken else { return Ok(over()) };
    if checkout.progress != Progress::Paid {
        return Ok(see_other(&format!("/sandbox/checkout/{organization}/{token}")));
    }
    app.cashier.settle_down(&organization).await?;
    Ok(see_other(&back_from(&checkout.return_url)))
}

/// The organization's name, or its id where it has none.
pub async fn name(app: &App, organization: &OrganizationId) -> Result<String, ApiError> {
    let name = app.engine.view(organization.clone(), |view| view.account.core().name.clone()).await?;
    Ok(if name.is_empty() { organization.to_string() } else { name })
}

/// Goes on with another page: a reload there sends nothing again.
pub fn see_other(to: &str) -> Response {
    match header::HeaderValue::try_from(to) {
        Ok(to) => (StatusCode::SEE_OTHER, [(header::LOCATION, to)]).into_response(),
        Err(_) => ApiError::fault("a page leads to no address").into_response(),
    }
}

/// Where the person came from, told that it is done.
fn back_from(return_url: &str) -> String {
    let Ok(mut url) = Url::parse(return_url) else { return return_url.to_owned() };
    url.query_pairs_mut().append_pair("checkout", "done");
    url.into()
}

fn over() -> Response {
    frame::gone(
        "This checkout is over.",
        "Go back to where you came from and begin again. Nothing was charged.",
    )
}

/// What this payment would do, decided on a copy of the account; none: the rules have something against it, and the page
/// says nothing about it rather than something wrong.
async fn split(
    app: &App,
    organization: &OrganizationId,
    purchase: &Purchase,
) -> Result<Option<Split>, ApiError> {
    let before = app.engine.view(organization.clone(), |view| {
        (view.account.balance(view.policy, view.now, &Actor::default()), view.now)
    });
    let (before, now) = before.await?;
    let request = Request::new(payment(purchase, now), Actor::default(), None);
    let Ok(receipt) = app.engine.preview(organization.clone(), request).await else { return Ok(None) };
    let after = &receipt.shown.balance;
    let owed = |debt: [Credits; 3]| debt.into_iter().sum::<Credits>();
    Ok(Some(Split {
        settles: owed(before.debt).minus_or_zero(owed(after.debt)),
        usable: after.available.minus_or_zero(before.available),
        locked: after.locked.minus_or_zero(before.locked),
    }))
}

fn payment(purchase: &Purchase, now: Timestamp) -> Command {
    let (purpose, credits, period) = match &purchase.bought {
        Bought::Credits(credits) => (PaymentPurpose::TopUp, *credits, None),
        Bought::Repayment(credits) => (PaymentPurpose::Repayment, *credits, None),
        Bought::Plan { cadence, allowance, .. } => {
            let months = if *cadence == Cadence::Annual { 12 } else { 1 };
            let period = Period { start: now, end: now.plus_months(months) };
            (PaymentPurpose::Renewal, *allowance, Some(period))
        }
    };
    Command::RecordPayment {
        payment: "preview".parse().expect("letters are an id"),
        purpose,
        paid: purchase.price,
        currency: purchase.currency.clone(),
        credits: Some(credits),
        expires_at: None,
        period,
        recharge: None,
    }
}

fn till(checkout: &Checkout, split: Option<&Split>) -> Markup {
    html! {
        div.page-head { h1 { "Checkout" } }
        (banner(checkout.notice.as_ref()))
        (order(&checkout.purchase, split))
        (payment_form(checkout))
    }
}

fn order(purchase: &Purchase, split: Option<&Split>) -> Markup {
    let Purchase { bought, price, currency, label } = purchase;
    html! {
        section.card aria-labelledby="order" {
            div.card-head { h2 #order { "What you buy" } }
            p { span.fig.xl { (money(*price, currency)) } }
            dl.lines {
                div { dt { (line(bought, label)) } dd { (money(*price, currency)) } }
                @match bought {
                    Bought::Credits(credits) | Bought::Repayment(credits) => {
                        div { dt { "It brings" } dd { (words::credits(*credits)) } }
                    }
                    Bought::Plan { cadence, allowance, .. } => {
                        div { dt { "Included " (each(*cadence)) } dd { (words::credits(*allowance)) } }
                        div { dt { "Renews" } dd { (each(*cadence)) ", " (money(*price, currency)) } }
                    }
                }
                div.rule { dt { "To pay now" } dd { b { (money(*price, currency)) } } }
            }
            @if let Some(split) = split { (shares(split)) }
        }
    }
}

fn line(bought: &Bought, label: &str) -> String {
    match bought {
        Bought::Plan { cadence: Cadence::Annual, .. } => format!("{label} plan, annual"),
        Bought::Plan { cadence: Cadence::Monthly, .. } => format!("{label} plan, monthly"),
        Bought::Credits(_) | Bought::Repayment(_) => label.to_owned(),
    }
}

fn each(cadence: Cadence) -> &'static str {
    match cadence {
        Cadence::Monthly => "each month",
        Cadence::Annual => "each year",
    }
}

/// What becomes of the credits, as a bar and in words.
fn shares(split: &Split) -> Markup {
    let parts = [(split.settles, "c-debt"), (split.usable, "c-use"), (split.locked, "c-lock")];
    let total: Credits = parts.iter().map(|(amount, _)| *amount).sum();
    let percent = |amount: Credits| {
        let hundredths = Credits::from_micros(10_000).share(amount.micros(), total.micros().max(1)).micros();
        format!("{}.{:02}%", hundredths.div_euclid(100), hundredths.rem_euclid(100))
    };
    let mut before = Credits::ZERO;
    let bars = parts.map(|(amount, class)| {
        let bar = (percent(before), percent(amount), class);
        before = before.plus(amount);
        bar
    });
    let said: Vec<String> = [
        (split.settles, "settle debt"),
        (split.usable, "usable"),
        (split.locked, "locked until a subscription runs"),
    ]
    .into_iter()
    .filter(|(amount, _)| amount.is_positive())
    .map(|(amount, what)| format!("{} {what}", words::credits(amount)))
    .collect();
    html! {
        @if total.is_positive() {
            div.stack {
                svg.bar viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true" {
                    @for (x, width, class) in &bars { rect class=(class) x=(x) width=(width) height="10" {} }
                }
                p.small { (said.join(", ")) "." }
            }
        }
    }
}

fn payment_form(checkout: &Checkout) -> Markup {
    let Checkout { purchase, return_url, .. } = checkout;
    let price = money(purchase.price, &purchase.currency);
    let is_plan = matches!(purchase.bought, Bought::Plan { .. });
    html! {
        section.card aria-labelledby="pay" {
            div.card-head { h2 #pay { "Pay" } }
            form.stack method="post" {
                input type="hidden" name="do" value="pay";
                (cards())
                div.tick {
                    input #automatic type="checkbox" name="automatic" value="yes" aria-describedby="automatic-says";
                    div {
                        label for="automatic" { b { "Keep this card for automatic purchases" } }
                        p.small.quiet #automatic-says {
                            @if is_plan { "For the renewals it is kept in any case. " }
                            "Ticked, auto-recharge may charge it while nobody is there, within the limits that you set."
                        }
                    }
                }
                button.btn.go.wide type="submit" { "Pay " (price) }
                p { a.btn.bare href=(return_url) { (icon(frame::BACK)) "Go back without paying" } }
            }
        }
    }
}

/// The cards there are, none chosen.
pub fn cards() -> Markup {
    let cards = [
        ("ok", "A card that works", "It pays at once."),
        ("declined", "A card that is declined", "Nothing is charged."),
        (
            "requires_action",
            "A card that needs action",
            "Its holder is asked to confirm first; while nobody is there it cannot pay.",
        ),
    ];
    html! {
        fieldset.packs {
            legend { "Choose a card" }
            @for (value, label, says) in cards {
                label.pack {
                    input type="radio" name="card" value=(value) required;
                    b { (label) }
                    span.small.quiet { (says) }
                }
            }
        }
    }
}

fn confirmation(checkout: &Checkout, name: &str) -> Markup {
    let price = money(checkout.purchase.price, &checkout.purchase.currency);
    html! {
        div.page-head { h1 { "Confirm the payment" } }
        section.card aria-labelledby="confirm" {
            div.card-head { h2 #confirm { "Your bank asks" } }
            p { "Do you want to pay " b { (price) } " for " (line(&checkout.purchase.bought, &checkout.purchase.label)) ", for " (name) "?" }
            div.card-foot {
                p { "Here the bank is pretended too. Nothing is charged before you confirm." }
                div.row {
                    form method="post" { button.btn type="submit" name="do" value="fail" { "Do not confirm" } }
                    form method="post" { button.btn.go type="submit" name="do" value="confirm" { "Confirm" } }
                }
            }
        }
    }
}

fn paid(checkout: &Checkout) -> Markup {
    let price = money(checkout.purchase.price, &checkout.purchase.currency);
    html! {
        div.page-head { h1 { "Paid" } }
        div.banner data-tone="ok" role="status" {
            (icon(frame::CHECK))
            p { (price) " for " (line(&checkout.purchase.bought, &checkout.purchase.label)) " was paid, once. The credits arrive in a moment." }
        }
        p { a.btn.go href=(back_from(&checkout.return_url)) { "Go back" } }
    }
}
