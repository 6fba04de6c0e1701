//! The sandbox's billing portal: the payment method, the subscription, invoices, and, for trying things out, everything
//! that other providers let happen only in the world: refunds, disputes, a renewal that fails.

use super::{
    super::{App, extract::Ids, form::Form},
    checkout::{cards, name, see_other},
    frame::{self, Frame, banner, icon, time},
    invoice, now, provider,
};
use crate::{
    error::ApiError,
    money::{money, parse, typed},
    payments::{
        Invoice,
        sandbox::{
            Account, Act, Card, Dispute, Due, Payment, PaymentAct, Refund, Session, Stands, Subscribed,
        },
    },
    words,
};
use axum::{extract::State, http::StatusCode, response::Response};
use ledger::{id::OrganizationId, payment::DisputeOutcome, subscription::Cadence};
use maud::{Markup, html};
use std::sync::Arc;

/// Invoices, and payments, that the page lists.
const LISTED: usize = 20;

/// Everything that the page shows.
struct Shown {
    session: Session,
    account: Account,
    invoices: Vec<Invoice>,
    payments: Vec<Payment>,
}

/// Shows it.
pub async fn show_portal(
    State(app): State<Arc<App>>,
    Ids((organization, token)): Ids<(OrganizationId, String)>,
) -> Result<Response, ApiError> {
    let sandbox = provider(&app)?;
    let Some(session) = sandbox.session(&organization, &token).await? else {
        return Ok(over());
    };
    let name = name(&app, &organization).await?;
    let shown = Shown {
        session,
        account: sandbox.account(&organization).await?,
        invoices: sandbox.invoices(&organization, None, LISTED).await?.invoices,
        payments: sandbox.latest_payments(&organization, LISTED).await?,
    };
    let frame = Frame { title: "Billing portal", organization: &name, class: "portal", leads_to: None };
    Ok(frame.around(StatusCode::OK, &page(&shown)))
}

/// Does something there.
pub async fn act(
    State(app): State<Arc<App>>,
    Ids((organization, token)): Ids<(OrganizationId, String)>,
    form: Form,
) -> Result<Response, ApiError> {
    let sandbox = provider(&app)?;
    let payment = match form.get("payment") {
        "" => None,
        id => sandbox.payment(&organization, id).await?,
    };
    let act = asked(&form, payment.as_ref())?;
    let now = now(&app, &organization).await?;
    if !sandbox.act(&organization, now, &token, &act).await? {
        return Ok(over());
    }
    app.cashier.settle_down(&organization).await?;
    Ok(see_other(&format!("/sandbox/portal/{organization}/{token}")))
}

/// What a form asks for.
fn asked(form: &Form, payment: Option<&Payment>) -> Result<Act, ApiError> {
    let about = |act| {
        let payment = payment.ok_or_else(|| ApiError::field("payment", "there is no such payment"))?;
        Ok(Act::Payment { payment: payment.id.to_string(), act })
    };
    match form.get("do") {
        "card" => {
            let card = match form.get("card") {
                "ok" => Card::Ok,
                "declined" => Card::Declined,
                "requires_action" => Card::RequiresAction,
                "none" => Card::None,
                _ => return Err(ApiError::field("card", "choose a card")),
            };
            Ok(Act::Card { card, automatic: form.is_ticked("automatic") })
        }
        "cancel" => Ok(Act::Cancel),
        "resume" => Ok(Act::Resume),
        "pay_invoice" => Ok(Act::PayInvoice),
        "fail_renewal" => Ok(Act::RenewalFails(true)),
        "spare_renewal" => Ok(Act::RenewalFails(false)),
        "refund" => {
            let amount = match (form.get("amount").trim(), payment) {
                ("", _) => None,
                (text, Some(payment)) => Some(parse(text, &payment.currency).ok_or_else(|| {
                    ApiError::field("amount", "an amount of the payment's currency, such as 10.00")
                })?),
                (_, None) => None,
            };
            about(PaymentAct::Refund(amount))
        }
        "fail_refund" => about(PaymentAct::FailRefund(form.get("id").into())),
        "dispute" => about(PaymentAct::Dispute),
        "win" => about(PaymentAct::CloseDispute(form.get("id").into(), DisputeOutcome::Won)),
        "lose" => about(PaymentAct::CloseDispute(form.get("id").into(), DisputeOutcome::Lost)),
        _ => Err(ApiError::field("do", "this page does no such thing")),
    }
}

fn over() -> Response {
    frame::gone(
        "This address of the portal is over.",
        "An address works for an hour. Go back to where you came from and open the portal again.",
    )
}

fn page(shown: &Shown) -> Markup {
    let Shown { session, account, invoices, payments } = shown;
    html! {
        div.page-head {
            h1 { "Billing portal" }
            a.small href=(session.return_url) { "Go back" }
        }
        (banner(session.notice.as_ref()))
        (open_invoice(account))
        (payment_method(account))
        (subscription(account.subscription.as_ref()))
        (invoice_list(invoices))
        (try_out(account, payments))
    }
}

/// A form that is one button.
fn button(label: &str, does: &str, class: &str, fields: &[(&str, &str)]) -> Markup {
    html! {
        form method="post" {
            @for (name, value) in fields { input type="hidden" name=(name) value=(value); }
            button class=(class) type="submit" name="do" value=(does) { (label) }
        }
    }
}

fn open_invoice(account: &Account) -> Markup {
    let open = account.subscription.as_ref().and_then(Subscribed::open_invoice);
    html! {
        @if let Some(invoice) = open {
            section.card #open aria-labelledby="open-h" {
                div.card-head { h2 #open-h { "Open invoice" } (invoice::state(Due::Open)) }
                p { span.fig.xl { (money(invoice.total, &invoice.currency)) } }
                p { (invoice.line) ", " span.mono { (invoice.number) } ". The renewal was not paid." }
                div.card-foot {
                    p { "Paying it now puts everything in order at once. A new card that works does the same." }
                    (button("Pay now", "pay_invoice", "btn go", &[]))
                }
            }
        }
    }
}

fn payment_method(account: &Account) -> Markup {
    let (title, says) = match account.card {
        Card::Ok => ("A card that works", "It pays at once."),
        Card::Declined => ("A card that is declined", "Renewals and automatic purchases fail."),
        Card::RequiresAction => ("A card that needs action", "It cannot pay while nobody is there."),
        Card::None => ("No card", "Nothing can be charged while nobody is there."),
    };
    html! {
        section.card #payment-method aria-labelledby="payment-method-h" {
            div.card-head {
                h2 #payment-method-h { "Payment method" }
                @if account.is_reusable() { span.tag data-tone="ok" { (icon(frame::CHECK)) "For automatic purchases" } }
            }
            div.row {
                div.grow { b { (title) } p.small.quiet { (says) } }
                @if account.card != Card::None { (button("Remove", "card", "btn", &[("card", "none")])) }
            }
            details open[account.card == Card::None] {
                summary { @if account.card == Card::None { "Add a card" } @else { "Replace it" } }
                form.stack method="post" {
                    input type="hidden" name="do" value="card";
                    (cards())
                    div.tick {
                        input #automatic type="checkbox" name="automatic" value="yes" aria-describedby="automatic-says";
                        div {
                            label for="automatic" { b { "May be charged for automatic purchases" } }
                            p.small.quiet #automatic-says { "Auto-recharge may then charge it while nobody is there, within the limits that you set." }
                        }
                    }
                    button.btn type="submit" { "Save card" }
                }
            }
        }
    }
}

fn subscription(subscribed: Option<&Subscribed>) -> Markup {
    html! {
        section.card #subscription aria-labelledby="subscription-h" {
            @match subscribed {
                None => {
                    div.card-head { h2 #subscription-h { "Subscription" } }
                    p.empty.quiet { "There is none yet." }
                }
                Some(subscribed) => { (running(subscribed)) }
            }
        }
    }
}

fn running(subscribed: &Subscribed) -> Markup {
    let Subscribed { terms, planned, period, cancels, stands, .. } = subscribed;
    let (tone, mark, word) = match (stands, cancels) {
        (Stands::Active, false) => ("ok", frame::CHECK, "Active"),
        (Stands::Active, true) => ("warn", frame::MIND, "Ends with its period"),
        (Stands::PastDue { .. }, _) => ("stop", frame::MIND, "Past due"),
        (Stands::Canceled, _) => ("none", frame::CROSS, "Ended"),
    };
    let price = money(terms.price, &terms.currency);
    let each = if terms.cadence == Cadence::Annual { "a year" } else { "a month" };
    html! {
        div.card-head { h2 #subscription-h { "Subscription" } span.tag data-tone=(tone) { (icon(mark)) (word) } }
        dl.facts {
            div.stat { dt { "Plan" } dd.fig { (terms.label) } }
            div.stat { dt { "Price" } dd.fig { (price) " " span.unit { (each) } } }
            div.stat { dt { "Included" } dd.fig { (words::credits(terms.allowance)) } }
            div.stat { dt { (if *cancels || subscribed.is_over() { "Period until" } else { "Renews" }) } dd { (time(period.end)) } }
        }
        @if let Some(next) = planned {
            p.small { "From the renewal on: " b { (next.line()) } ", " (money(next.price, &next.currency)) "." }
        }
        @match stands {
            Stands::Canceled => {}
            _ if *cancels => {
                div.card-foot { p { "It ends on " (time(period.end)) ". Until then everything works." } (button("Resume subscription", "resume", "btn go", &[])) }
            }
            Stands::PastDue { .. } => {
                div.card-foot { p { "Its renewal is not paid. Cancelled now, it ends at once." } (button("Cancel subscription", "cancel", "btn", &[])) }
            }
            Stands::Active => {
                div.card-foot { p { "Cancelled, it goes on until " (time(period.end)) " and ends then." } (button("Cancel subscription", "cancel", "btn", &[])) }
            }
        }
    }
}

fn invoice_list(invoices: &[Invoice]) -> Markup {
    html! {
        section.card #invoices aria-labelledby="invoices-h" {
            div.card-head { h2 #invoices-h { "Invoices" } }
            @if invoices.is_empty() {
                p.empty.quiet { "The first purchase brings the first invoice." }
            } @else {
                div.fold {
                    table {
                        thead { tr { th scope="col" { "For" } th scope="col" { "Number" } th scope="col" { "Made" } th scope="col" { "State" } th.n scope="col" { "Amount" } } }
                        tbody {
                            @for invoice in invoices {
                                tr {
                                    th.full scope="row" { (invoice.lines.first().map_or("", |(line, _)| line.as_str())) }
                                    td { a.mono href=(invoice.url.as_deref().unwrap_or_default()) { (invoice.number.as_deref().unwrap_or_default()) } }
                                    td { (time(invoice.created_at)) }
                                    td { (word(invoice)) }
                                    td.n { (money(invoice.total, &invoice.currency)) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn word(invoice: &Invoice) -> Markup {
    use crate::payments::InvoiceStatus::{Draft, Open, Paid, Uncollectible, Void};
    match invoice.status {
        Paid => invoice::state(Due::Paid),
        Open | Draft => invoice::state(Due::Open),
        Void | Uncollectible => invoice::state(Due::Void),
    }
}

fn try_out(account: &Account, payments: &[Payment]) -> Markup {
    let renews = account.subscription.as_ref().is_some_and(|subscribed| !subscribed.is_over());
    html! {
        section.card #try aria-labelledby="try-h" {
            div.card-head { h2 #try-h { "For trying things out" } span.small.quiet { "What with other providers only the world can do" } }
            @if renews {
                div.row {
                    div.grow {
                        b { "Next renewal" }
                        p.small.quiet { @if account.renewal_fails { "It will not be paid, whatever the card." } @else { "It is paid by the card on file." } }
                    }
                    @if account.renewal_fails { (button("Let it be paid", "spare_renewal", "btn", &[])) }
                    @else { (button("Let it fail", "fail_renewal", "btn", &[])) }
                }
            }
            h3 { "Payments" }
            @if payments.is_empty() {
                p.empty.quiet { "Nothing was paid yet." }
            } @else {
                ul.list { @for payment in payments { li { (paid(payment)) } } }
            }
        }
    }
}

fn paid(payment: &Payment) -> Markup {
    let id = payment.id.as_str();
    let said = |amount| money(amount, &payment.currency);
    let about = format!("{}, {}", payment.label, said(payment.paid));
    let disputed = payment.disputes.iter().any(|dispute| dispute.outcome.is_none());
    html! {
        div.row {
            div.grow { b { (payment.label) } p.small.quiet { (time(payment.at)) ", " span.mono { (id) } } }
            span.fig { (said(payment.paid)) }
        }
        @for Refund { id: refund, amount, failed } in &payment.refunds {
            div.row {
                p.small.grow { (said(*amount)) " refunded" @if *failed { ", which failed" } ", " span.mono { (refund) } }
                @if !failed { (button("Let the refund fail", "fail_refund", "btn", &[("payment", id), ("id", refund.as_str())])) }
            }
        }
        @for Dispute { id: dispute, amount, outcome } in &payment.disputes {
            div.row {
                p.small.grow { (said(*amount)) " disputed" (ended(*outcome)) ", " span.mono { (dispute) } }
                @if outcome.is_none() {
                    (button("Win the dispute", "win", "btn", &[("payment", id), ("id", dispute.as_str())]))
                    (button("Lose the dispute", "lose", "btn", &[("payment", id), ("id", dispute.as_str())]))
                }
            }
        }
        @if payment.left() > 0 {
            div.row {
                form.row method="post" {
                    input type="hidden" name="payment" value=(id);
                    label.small for={ "amount-" (id) } { "Refund" span.sr { " of " (about) } }
                    input.text id={ "amount-" (id) } name="amount" inputmode="decimal" value=(typed(payment.left(), &payment.currency)) required;
                    button.btn type="submit" name="do" value="refund" aria-label={ "Refund: " (about) } { "Refund" }
                }
                @if !disputed { (button("Open a dispute", "dispute", "btn", &[("payment", id)])) }
            }
        }
    }
}

fn ended(outcome: Option<DisputeOutcome>) -> &'static str {
    match outcome {
        None => "",
        Some(DisputeOutcome::Won) => ", won",
        Some(DisputeOutcome::Lost) => ", lost",
    }
}
