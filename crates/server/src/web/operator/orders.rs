//! What the operator does to an organization: gives a debt up, gives credits, suspends and lifts. Each is shown with what it
//! would change before it is done, in the name of the key that signed in (R12.4), and done once however often it is sent.

use super::{
    ROOT, Tab,
    enter::{Operator, Ordered},
    organization::{self, Seen},
};
use crate::{
    copy::say,
    engine::EngineError,
    error::ApiError,
    http::{
        extract::{Ids, Repeat},
        form::Form,
    },
    web::{
        figures::{owed, time, usable},
        frame::line,
        icons::icon,
        visit::see_other,
    },
};
use axum::{http::StatusCode, response::Response};
use ledger::{
    Credits, Timestamp,
    account::Suspension,
    command::{Command, Request},
    id::{DebtId, IdempotencyKey, OrganizationId},
    status::Balance,
};
use maud::{Markup, html};

/// What can be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    WriteOff,
    Grant,
    Suspend,
    Lift,
}

impl Order {
    const ALL: [Order; 4] = [Order::WriteOff, Order::Grant, Order::Suspend, Order::Lift];

    /// The last part of its path.
    fn path(self) -> &'static str {
        match self {
            Order::WriteOff => "write_off",
            Order::Grant => "grant",
            Order::Suspend => "suspend",
            Order::Lift => "lift",
        }
    }

    /// What its confirmation asks.
    fn asks(self) -> &'static str {
        match self {
            Order::WriteOff => "operator-sure-write-off",
            Order::Grant => "operator-sure-grant",
            Order::Suspend => "operator-sure-suspend",
            Order::Lift => "operator-sure-lift",
        }
    }

    /// What its button says.
    fn button(self) -> &'static str {
        match self {
            Order::WriteOff => "operator-write-off",
            Order::Grant => "operator-grant-do",
            Order::Suspend => "operator-suspend-do",
            Order::Lift => "operator-lift-do",
        }
    }

    /// What is said when it is done.
    fn done(self) -> &'static str {
        match self {
            Order::WriteOff => "done-operator-write-off",
            Order::Grant => "done-operator-grant",
            Order::Suspend => "done-operator-suspend",
            Order::Lift => "done-operator-lift",
        }
    }
}

/// The fields that a form of any order has, carried over from one step to the next.
const FIELDS: [&str; 5] = ["debt", "amount", "expires", "reason", "once"];

/// Why a form was refused, and what it said.
pub struct Trouble {
    order: Order,
    says: String,
    form: Form,
}

fn told(trouble: Option<&Trouble>, order: Order) -> Markup {
    html! {
        @if let Some(trouble) = trouble.filter(|trouble| trouble.order == order) {
            div { p.inset.small role="alert" data-tone="stop" { span.row { (icon("warn")) span.grow { (trouble.says) } } } }
        }
    }
}

fn kept<'a>(trouble: Option<&'a Trouble>, order: Order, field: &str) -> &'a str {
    trouble.filter(|trouble| trouble.order == order).map_or("", |trouble| trouble.form.get(field))
}

fn address(id: &OrganizationId, order: Order) -> String {
    format!("{ROOT}/organizations/{id}/{}", order.path())
}

/// A new key by which an order is recognised when it is sent again.
fn once() -> Result<String, ApiError> {
    let mut random = [0; 16];
    getrandom::fill(&mut random).map_err(|_| ApiError::fault("the system has no randomness"))?;
    Ok(random.iter().fold("operator-".to_owned(), |text, byte| format!("{text}{byte:02x}")))
}

/// Giving credits.
pub fn grant_card(operator: &Operator, seen: &Seen, trouble: Option<&Trouble>) -> Markup {
    let value = |field| kept(trouble, Order::Grant, field);
    html! {
        section.card #grant aria-labelledby="grant-h" {
            h2 #grant-h { (say!(operator, "operator-grant-title")) }
            p.quiet { (say!(operator, "operator-grant-says")) }
            (told(trouble, Order::Grant))
            form method="post" action=(address(&seen.id, Order::Grant)) {
                (operator.proof())
                div.two.three {
                    div.field { label for="grant-amount" { (say!(operator, "operator-credits")) } input #grant-amount name="amount" inputmode="decimal" required autocomplete="off" value=(value("amount")); }
                    div.field {
                        label for="grant-expires" { (say!(operator, "operator-grant-expires")) }
                        input #grant-expires name="expires" type="date" value=(value("expires")) aria-describedby="grant-expires-says";
                        p.small.quiet #grant-expires-says { (say!(operator, "operator-grant-expires-says")) }
                    }
                }
                div.field { label for="grant-reason" { (say!(operator, "operator-reason")) } input #grant-reason name="reason" required maxlength="500" autocomplete="off" value=(value("reason")); }
                button.btn type="submit" { (icon("gift")) (say!(operator, "operator-review")) }
            }
        }
    }
}

/// Suspending, or lifting it.
pub fn suspension_card(
    operator: &Operator,
    seen: &Seen,
    suspension: Option<&Suspension>,
    trouble: Option<&Trouble>,
) -> Markup {
    html! {
        section.card #suspension aria-labelledby="suspension-h" {
            h2 #suspension-h { (say!(operator, "operator-suspension")) }
            @match suspension {
                Some(suspension) => {
                    p { (say!(operator, "operator-suspended-since", date = operator.copy.date_time(suspension.since.at))) }
                    div { p.inset { (suspension.reason) } }
                    (told(trouble, Order::Lift))
                    form method="post" action=(address(&seen.id, Order::Lift)) {
                        (operator.proof())
                        button.btn type="submit" { (say!(operator, "operator-lift-do")) }
                    }
                }
                None => {
                    p.quiet { (say!(operator, "operator-suspend-says")) }
                    (told(trouble, Order::Suspend))
                    form method="post" action=(address(&seen.id, Order::Suspend)) {
                        (operator.proof())
                        div.field {
                            label for="suspend-reason" { (say!(operator, "operator-reason")) }
                            input #suspend-reason name="reason" required maxlength="500" autocomplete="off" value=(kept(trouble, Order::Suspend, "reason")) aria-describedby="suspend-reason-says";
                            p.small.quiet #suspend-reason-says { (say!(operator, "operator-suspend-reason-says")) }
                        }
                        button.btn type="submit" { (icon("pause")) (say!(operator, "operator-review")) }
                    }
                }
            }
        }
    }
}

/// The page that gives a debt up.
pub async fn write_off(
    operator: Operator,
    Ids((id, debt)): Ids<(OrganizationId, String)>,
) -> Result<Response, ApiError> {
    write_off_page(&operator, id, &debt, None).await
}

async fn write_off_page(
    operator: &Operator,
    id: OrganizationId,
    debt: &str,
    trouble: Option<&Trouble>,
) -> Result<Response, ApiError> {
    let seen = Seen::of(operator, id).await?;
    let found = seen.open_debt(debt);
    let Some(debt) = found else {
        let detail = "Nothing is owed of this debt, or there is no such debt.";
        return Err(ApiError::new(StatusCode::NOT_FOUND, "not_found", detail));
    };
    let value = |field| kept(trouble, Order::WriteOff, field);
    let title = say!(operator, "operator-write-off-title");
    let body = html! {
        div.page-head { div { h1 { (title) } p.quiet { a href={ (ROOT) "/organizations/" (seen.id) "#debts" } { (seen.name) } } } }
        section.card.slim aria-labelledby="debt-h" {
            h2 #debt-h { (organization::debt_name(operator, debt)) }
            dl.lines {
                (line(&say!(operator, "operator-debt-origin"), &organization::origin(debt)))
                div { dt { (say!(operator, "operator-since")) } dd { (time(debt.opened_at, operator.copy.date_time(debt.opened_at))) } }
                (line(&say!(operator, "operator-amount"), &owed(debt.amount).to_string()))
                (line(&say!(operator, "operator-open"), &owed(debt.open).to_string()))
            }
            @if operator.may_act() {
                p.quiet { (say!(operator, "operator-write-off-says")) }
                (told(trouble, Order::WriteOff))
                form method="post" action=(address(&seen.id, Order::WriteOff)) {
                    (operator.proof())
                    input type="hidden" name="debt" value=(debt.id);
                    div.two {
                        div.field {
                            label for="amount" { (say!(operator, "operator-write-off-amount")) }
                            input #amount name="amount" inputmode="decimal" autocomplete="off" value=(value("amount")) aria-describedby="amount-says";
                            p.small.quiet #amount-says { (say!(operator, "operator-write-off-whole", amount = owed(debt.open))) }
                        }
                        div.field { label for="reason" { (say!(operator, "operator-reason")) } input #reason name="reason" required maxlength="500" autocomplete="off" value=(value("reason")); }
                    }
                    button.btn type="submit" { (say!(operator, "operator-review")) }
                }
            } @else { div.card-foot { p { (say!(operator, "operator-read-only")) } } }
        }
    };
    let status = if trouble.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    Ok(operator.page(status, Tab::Organizations, &title, &body))
}

/// Reads an order from its form.
fn command(operator: &Operator, order: Order, form: &Form) -> Result<Command, String> {
    let reason = form.get("reason").trim();
    if order != Order::Lift && reason.is_empty() {
        return Err(say!(operator, "operator-wrong-reason"));
    }
    let amount = || {
        let amount: Result<api::Amount, _> = form.get("amount").trim().parse();
        let credits = amount.ok().map(|amount| Credits::from_micros(amount.micros()));
        credits.filter(|credits| credits.is_positive()).ok_or_else(|| say!(operator, "operator-wrong-amount"))
    };
    Ok(match order {
        Order::WriteOff => Command::WriteOff {
            debt: form.get("debt").parse::<DebtId>().map_err(|_| say!(operator, "operator-wrong-debt"))?,
            amount: if form.get("amount").trim().is_empty() { None } else { Some(amount()?) },
            reason: reason.to_owned(),
        },
        Order::Grant => Command::GrantPromotional {
            grant: None,
            amount: amount()?,
            effective_at: None,
            expires_at: match form.get("expires").trim() {
                "" => None,
                day => Some(
                    format!("{day}T00:00:00Z")
                        .parse::<Timestamp>()
                        .map_err(|_| say!(operator, "operator-wrong-day"))?,
                ),
            },
            priority: None,
            reason: Some(reason.to_owned()),
        },
        Order::Suspend => Command::Suspend { reason: reason.to_owned() },
        Order::Lift => Command::LiftSuspension,
    })
}

/// Carries an order out, once it has been confirmed.
pub async fn order(
    Ids((id, order)): Ids<(OrganizationId, String)>,
    Ordered { operator, form }: Ordered,
) -> Result<Response, ApiError> {
    let found = Order::ALL.into_iter().find(|known| known.path() == order);
    let order =
        found.ok_or_else(|| ApiError::new(StatusCode::NOT_FOUND, "not_found", "There is no such order."))?;
    let command = match command(&operator, order, &form) {
        Ok(command) => command,
        Err(says) => return refused(&operator, id, Trouble { order, says, form }).await,
    };
    let done = match form.get("once").parse::<IdempotencyKey>() {
        Ok(once) => {
            let repeat = Repeat(Some(once));
            operator.app.execute(&operator.caller, id.clone(), command, repeat).await.map(|_| None)
        }
        Err(_) => {
            let previewed = preview(&operator, id.clone(), command.clone()).await;
            previewed.map(|after| Some((command, after))).map_err(ApiError::from)
        }
    };
    match done {
        Ok(None) => Ok(see_other(&format!("{ROOT}/organizations/{id}?done={}", order.done()))),
        Ok(Some((command, after))) => confirm(&operator, id, order, &form, &command, &after).await,
        Err(error) if error.told().status == StatusCode::UNPROCESSABLE_ENTITY => {
            let says = error.told().detail.to_string();
            refused(&operator, id, Trouble { order, says, form }).await
        }
        Err(error) => Err(error),
    }
}

/// The page that the form was on, with why it was refused.
async fn refused(operator: &Operator, id: OrganizationId, trouble: Trouble) -> Result<Response, ApiError> {
    match trouble.order {
        Order::WriteOff => {
            let debt = trouble.form.get("debt").to_owned();
            write_off_page(operator, id, &debt, Some(&trouble)).await
        }
        _ => organization::page(operator, id, Some(&trouble)).await,
    }
}

/// The balance that would result (R9.5).
async fn preview(operator: &Operator, id: OrganizationId, command: Command) -> Result<Balance, EngineError> {
    let request = Request::new(command, operator.caller.actor(), None);
    Ok(operator.app.engine.preview(id, request).await?.shown.balance)
}

/// What an order would change, and the button that does it.
async fn confirm(
    operator: &Operator,
    id: OrganizationId,
    order: Order,
    form: &Form,
    command: &Command,
    after: &Balance,
) -> Result<Response, ApiError> {
    let seen = Seen::of(operator, id).await?;
    let before = &seen.balance;
    let once = once()?;
    let title = operator.copy.text(order.asks(), &[("name", (&seen.name).into())]);
    let change = |key: &str, before: String, after: String| {
        let name = operator.copy.text(key, &[]);
        let value = match before == after {
            true => after,
            false => say!(operator, "operator-from-to", before = before, after = after),
        };
        line(&name, &value)
    };
    let body = html! {
        div.page-head { div { h1 { (title) } p.quiet { span.mono { (seen.id) } } } }
        section.card.slim aria-labelledby="sure-h" {
            h2 #sure-h { (say!(operator, "operator-sure")) }
            dl.lines {
                (stated(operator, command))
                (change("usable", usable(before.available).to_string(), usable(after.available).to_string()))
                (change("operator-owed", owed(before.debt_total()).to_string(), owed(after.debt_total()).to_string()))
                div { dt { (say!(operator, "operator-starts")) } dd { (say!(operator, if after.can_start() { "operator-yes" } else { "operator-no" })) } }
            }
            p.small.quiet { (say!(operator, "operator-sure-says", key = operator.holder.id.as_str())) }
            form method="post" action=(address(&seen.id, order)) {
                (operator.proof())
                @for field in FIELDS {
                    @let value = if field == "once" { once.as_str() } else { form.get(field) };
                    @if !value.is_empty() { input type="hidden" name=(field) value=(value); }
                }
                div.row {
                    button.btn.go type="submit" { (operator.copy.text(order.button(), &[])) }
                    a.btn.bare href={ (ROOT) "/organizations/" (seen.id) } { (say!(operator, "settings-cancel")) }
                }
            }
        }
    };
    Ok(operator.page(StatusCode::OK, Tab::Organizations, &title, &body))
}

/// What an order says, line by line.
fn stated(operator: &Operator, command: &Command) -> Markup {
    let reason = |reason: &str| line(&say!(operator, "operator-reason"), reason);
    html! {
        @match command {
            Command::WriteOff { debt, amount, reason: why } => {
                (line(&say!(operator, "operator-debt"), debt.as_str()))
                (line(&say!(operator, "operator-write-off-amount"), &amount.map_or_else(|| say!(operator, "operator-write-off-all"), |amount| owed(amount).exact())))
                (reason(why))
            }
            Command::GrantPromotional { amount, expires_at, reason: why, .. } => {
                (line(&say!(operator, "operator-credits"), &usable(*amount).exact()))
                (line(&say!(operator, "operator-until"), &expires_at.map_or_else(|| say!(operator, "operator-never"), |at| operator.copy.date_time(at))))
                (reason(why.as_deref().unwrap_or_default()))
            }
            Command::Suspend { reason: why } => { (reason(why)) }
            _ => {}
        }
    }
}
