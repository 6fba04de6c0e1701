//! The Buy credits card, and the review before paying: packs, plans, or exactly what is owed. What a purchase would do is decided
//! by the rules on a copy of the account (R9.5), so that it is what then happens; the charge and the split are said before
//! the last step, and nothing is chosen beforehand.

use super::{
    Card,
    books::{self, Books, Offer, Split},
    credits::strip,
    step, tag,
};
use crate::{
    copy::say,
    error::ApiError,
    http::{extract::Query, form::Form},
    money::money,
    payments::{Bought, Purchase, cashier::Wanted},
    web::{
        figures::{owed, usable},
        icons::icon,
        visit::{Posted, Visit},
    },
};
use axum::{http::StatusCode, response::Response};
use ledger::{payment::PaymentPurpose, subscription::Cadence};
use maud::{Markup, html};
use serde::Deserialize;

/// The card.
pub fn card(visit: &Visit, books: &Books) -> Markup {
    let sells = visit.app.cashier.provider().sells();
    let would_lock = !visit.balance.entitled && books.debts.is_empty();
    let body = html! {
        @if !sells {
            p.quiet { (say!(visit, "billing-sold-elsewhere")) }
            (to_product(visit))
        } @else if would_lock {
            @let is_overdue = visit.balance.subscription.as_ref().is_some_and(|known| known.payment_failed());
            p.quiet {
                @if is_overdue { (say!(visit, "billing-buy-would-lock-overdue")) }
                @else { (say!(visit, "billing-buy-would-lock")) }
            }
        } @else if books.offers.is_empty() {
            p.quiet { (say!(visit, "billing-buy-nothing")) }
        } @else {
            p.quiet { (promise(visit, books)) }
            (packs(visit, books))
        }
    };
    let steps = &["add_credits"];
    Card { place: "buy", title: say!(visit, "billing-buy"), steps, aside: html! {}, body }.show()
}

/// Back to the product, which sells here.
pub fn to_product(visit: &Visit) -> Markup {
    html! {
        @if let Some(url) = &visit.session.return_url {
            p { a.btn href=(url) { (say!(visit, "back-to-product")) } }
        }
    }
}

/// What becomes of bought credits in general.
fn promise(visit: &Visit, books: &Books) -> String {
    let months = books.policy.purchased_lifetime_months;
    let debt = visit.balance.debt_total();
    match (debt.is_positive(), visit.balance.entitled) {
        (false, _) => say!(visit, "billing-buy-promise", count = months),
        (true, true) => say!(visit, "billing-buy-promise-debt", amount = owed(debt), count = months),
        (true, false) => say!(visit, "billing-buy-promise-locked", amount = owed(debt), count = months),
    }
}

fn packs(visit: &Visit, books: &Books) -> Markup {
    html! {
        form method="get" action=(visit.path("billing/review")) {
            fieldset.packs {
                legend.sr { (say!(visit, "billing-choose-pack")) }
                @for offer in &books.offers { (pack(visit, offer)) }
            }
            div.row {
                button.btn.go[!has_better_step(visit)] type="submit" { (say!(visit, "billing-review")) }
                span.small.quiet { (say!(visit, "billing-review-note")) }
            }
        }
    }
}

/// One filled button on a page: where the banner has it, the card's is plain.
fn has_better_step(visit: &Visit) -> bool {
    crate::web::reasons::way_out(visit).is_some()
}

fn pack(visit: &Visit, offer: &Offer) -> Markup {
    let Offer { pack, split, unblocks_cheapest } = offer;
    let credits = usable(pack.credits);
    html! {
        label.pack {
            input type="radio" name="pack" value=(pack.key) required;
            span { span.fig { (credits) } " " span.unit { (say!(visit, "billing-unit", amount = credits)) } }
            " "
            @if *unblocks_cheapest { (tag(Some("info"), "check", &say!(visit, "billing-unblocks-cheapest"))) }
            " " span.quiet { (money(pack.price, &pack.currency)) } " "
            (split_strip(split))
            span.small { (split_said(visit, split)) }
        }
    }
}

/// A purchase as a strip: what debt takes, what is usable, what is locked.
fn split_strip(split: &Split) -> Markup {
    let parts = [("c-debt", split.settles), ("c-inc", split.usable), ("c-pur", split.locked)];
    strip("bar", &parts, split.credits)
}

/// The same in words.
fn split_said(visit: &Visit, split: &Split) -> String {
    let exact = |credits| usable(credits).exact();
    match (split.settles.is_positive(), split.usable.is_positive(), split.locked.is_positive()) {
        (false, _, false) => say!(visit, "billing-split-usable", available = exact(split.available)),
        (true, false, false) => say!(visit, "billing-split-settles", settles = exact(split.settles)),
        (true, _, false) => {
            say!(visit, "billing-split", settles = exact(split.settles), usable = exact(split.usable))
        }
        (false, _, true) => say!(visit, "billing-split-locked", locked = exact(split.locked)),
        (true, _, true) => {
            say!(
                visit,
                "billing-split-debt-locked",
                settles = exact(split.settles),
                locked = exact(split.locked)
            )
        }
    }
}

/// What somebody chose.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Chosen {
    #[serde(default)]
    pack: String,
    #[serde(default)]
    plan: String,
    #[serde(default)]
    cadence: String,
    #[serde(default)]
    shortfall: String,
}

impl Chosen {
    fn of(form: &Form) -> Chosen {
        let field = |name| form.get(name).to_owned();
        Chosen {
            pack: field("pack"),
            plan: field("plan"),
            cadence: field("cadence"),
            shortfall: field("shortfall"),
        }
    }

    fn wanted(&self) -> Result<Wanted, ApiError> {
        if !self.pack.is_empty() {
            return Ok(Wanted::Pack(self.pack.clone()));
        }
        if !self.shortfall.is_empty() {
            return Ok(Wanted::Shortfall);
        }
        let plan = self.plan.parse().map_err(|_| not_on_sale())?;
        Ok(Wanted::Plan(plan, cadence(&self.cadence)))
    }

    fn fields(&self) -> [(&'static str, &str); 4] {
        [
            ("pack", self.pack.as_str()),
            ("plan", self.plan.as_str()),
            ("cadence", self.cadence.as_str()),
            ("shortfall", self.shortfall.as_str()),
        ]
    }
}

/// How often, as forms and addresses say it.
pub fn cadence(word: &str) -> Cadence {
    if word == "annual" { Cadence::Annual } else { Cadence::Monthly }
}

fn not_on_sale() -> ApiError {
    ApiError::new(StatusCode::NOT_FOUND, "not_found", "There is no such thing on sale.")
}

/// The charge and what it brings, once more before paying.
pub async fn review(Query(chosen): Query<Chosen>, visit: Visit) -> Result<Response, ApiError> {
    let purchase = visit.app.cashier.purchase(&visit.organization, &chosen.wanted()?).await?;
    let lines = match &purchase.bought {
        Bought::Credits(credits) => split_lines(&visit, &purchase, PaymentPurpose::TopUp, *credits).await?,
        Bought::Repayment(credits) => {
            split_lines(&visit, &purchase, PaymentPurpose::Repayment, *credits).await?
        }
        Bought::Plan { plan, cadence, .. } => plan_lines(&visit, &purchase, plan.clone(), *cadence).await?,
    };
    let title = say!(visit, "billing-review-title");
    let body = html! {
        // Not live: what was read when the button is pressed is what was shown.
        section.card #review aria-labelledby="review-h" {
            div.card-head {
                h2 #review-h { (what(&visit, &purchase)) }
                span.fig.lg { (money(purchase.price, &purchase.currency)) }
            }
            (lines)
            div.card-foot {
                p { (say!(visit, "billing-review-then")) }
                form.row method="post" action=(visit.path("billing/checkout")) {
                    (visit.proof())
                    @for (name, value) in chosen.fields().into_iter().filter(|(_, value)| !value.is_empty()) {
                        input type="hidden" name=(name) value=(value);
                    }
                    // What was read here is what is paid: at another price the purchase begins anew.
                    input type="hidden" name="price" value=(purchase.price);
                    button.btn.go type="submit" { (say!(visit, "billing-pay")) " " (icon("out")) }
                }
            }
        }
    };
    Ok(step(&visit, &title, body))
}

/// What is bought, in a few words.
fn what(visit: &Visit, purchase: &Purchase) -> String {
    match &purchase.bought {
        Bought::Credits(credits) => say!(visit, "billing-what-pack", amount = usable(*credits)),
        Bought::Repayment(_) => say!(visit, "action-resolve_shortfall"),
        Bought::Plan { cadence: Cadence::Monthly, .. } => {
            say!(visit, "billing-what-plan-monthly", plan = &purchase.label)
        }
        Bought::Plan { cadence: Cadence::Annual, .. } => {
            say!(visit, "billing-what-plan-annual", plan = &purchase.label)
        }
    }
}

/// What becomes of bought credits, as lines that add up.
async fn split_lines(
    visit: &Visit,
    purchase: &Purchase,
    purpose: PaymentPurpose,
    credits: ledger::Credits,
) -> Result<Markup, ApiError> {
    let (price, currency) = (purchase.price, purchase.currency.clone());
    let looked = visit.app.read(&visit.caller, visit.organization.clone(), move |view, _| {
        books::split(&view, purpose, price, &currency, credits)
    });
    let split = looked.await?.ok_or_else(not_on_sale)?;
    let months = visit.app.engine.policy().purchased_lifetime_months;
    let line = |name: String, amount: ledger::Credits| {
        html! { div { dt { (name) } dd { (usable(amount).exact()) } } }
    };
    Ok(html! {
        div { (split_strip(&split)) }
        p { (split_said(visit, &split)) }
        dl.lines {
            (line(say!(visit, "billing-line-credits"), split.credits))
            @if split.settles.is_positive() { (line(say!(visit, "billing-line-settles"), split.settles)) }
            @if split.locked.is_positive() { (line(say!(visit, "billing-line-locked"), split.locked)) }
            @else { (line(say!(visit, "billing-line-usable"), split.usable)) }
            div.rule {
                dt { b { (say!(visit, "billing-line-available")) } }
                dd { b { (usable(split.available).exact()) } }
            }
            @if split.debt.is_positive() { (line(say!(visit, "billing-line-debt"), split.debt)) }
        }
        p.small.quiet {
            (say!(visit, "billing-review-valid", count = months)) " "
            @if !visit.balance.can_start() && split.can_start { (say!(visit, "billing-review-unblocks")) }
            @else if !split.can_start { (say!(visit, "billing-review-stays-blocked")) }
        }
    })
}

async fn plan_lines(
    visit: &Visit,
    purchase: &Purchase,
    plan: ledger::id::PlanKey,
    cadence: Cadence,
) -> Result<Markup, ApiError> {
    let looked = visit
        .app
        .read(&visit.caller, visit.organization.clone(), move |view, _| books::started(&view, plan, cadence));
    let resumed = looked.await?.ok_or_else(not_on_sale)?;
    let price = money(purchase.price, &purchase.currency);
    let said = match cadence {
        Cadence::Monthly => say!(visit, "billing-plan-monthly-terms", money = price),
        Cadence::Annual => say!(visit, "billing-plan-annual-terms", money = price),
    };
    Ok(html! {
        (super::subscription::resumed_sum(visit, &resumed))
        p.small.quiet { (said) }
    })
}

/// To the payment page, at the price that was read.
pub async fn pay(Posted { visit, form }: Posted) -> Result<Response, ApiError> {
    let wanted = Chosen::of(&form).wanted()?;
    let purchase = visit.app.cashier.purchase(&visit.organization, &wanted).await?;
    if form.get("price") != purchase.price.to_string() {
        return Ok(visit.done("billing#buy", "done-price-changed"));
    }
    let place = match wanted {
        Wanted::Plan(..) => "billing#subscription",
        Wanted::Pack(_) | Wanted::Shortfall => "billing#credits",
    };
    let url = visit.app.cashier.sell(&visit.organization, &purchase, &visit.address(place)).await?;
    Ok(visit.lead(&url))
}
