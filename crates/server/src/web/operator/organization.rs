//! One organization as the operator sees it: the balance and why it is so, debts, grants, payments, the subscription, members
//! and the newest of its ledger, with the forms of what may be done.

use super::{ROOT, Tab, enter::Operator, events, events::Ledger, orders, orders::Trouble, state};
use crate::{
    copy::say,
    error::ApiError,
    http::extract::Ids,
    money::money,
    web::{
        figures::{owed, time, usable},
        frame::{initials, line, role},
        icons::icon,
    },
    words,
};
use axum::{http::StatusCode, response::Response};
use ledger::{
    Timestamp,
    account::Suspension,
    debt::{Debt, DebtKind, DebtOrigin},
    event::Actor,
    explain::Explained,
    grant::{Grant, GrantKind, GrantState},
    id::{MemberId, OrganizationId},
    payment::{Payment, PaymentPurpose},
    people::Member,
    status::Balance,
    subscription::{Cadence, Subscription, SubscriptionStatus},
};
use maud::{Markup, html};

/// Grants, payments and closed debts that are shown: the newest.
const ROWS_MAX: usize = 20;

/// Events that are shown: the newest.
const EVENTS_SHOWN: u64 = 10;

/// Members that are shown.
const MEMBERS_MAX: usize = 50;

/// One organization at one version, and what the store has of its past.
pub struct Seen {
    /// Whose.
    pub id: OrganizationId,
    /// What it is called.
    pub name: String,
    /// The account, as nobody but the operator sees it.
    pub balance: Balance,
    reasons: Vec<Explained>,
    suspension: Option<Suspension>,
    open: Vec<Debt>,
    closed: Vec<Debt>,
    grants: Vec<Grant>,
    payments: Vec<Payment>,
    members: Vec<(MemberId, Member)>,
    members_count: usize,
    test_clock: Option<Timestamp>,
    newest: Ledger,
}

impl Seen {
    /// Reads it.
    pub async fn of(operator: &Operator, id: OrganizationId) -> Result<Seen, ApiError> {
        let app = &operator.app;
        let mut seen = app
            .read(&operator.caller, id.clone(), |view, _| {
                let (account, core) = (view.account, view.account.core());
                let members = core.members.iter().take(MEMBERS_MAX);
                Seen {
                    id: core.organization.clone(),
                    name: core.name.clone(),
                    balance: account.balance(view.policy, view.now, &Actor::default()),
                    reasons: account.explain(view.policy, view.now).reasons,
                    suspension: core.suspension.clone(),
                    open: account.open_debts().into_iter().cloned().collect(),
                    closed: Vec::new(),
                    grants: Vec::new(),
                    payments: Vec::new(),
                    members: members.map(|(id, member)| (id.clone(), member.clone())).collect(),
                    members_count: core.members.len(),
                    test_clock: core.test_clock,
                    newest: Ledger::default(),
                }
            })
            .await?;
        let version = seen.balance.version;
        let (grants, payments, debts) = app
            .page(id.clone(), |store, id| {
                Ok((
                    store.grants(id, None, ROWS_MAX)?.rows,
                    store.payments(id, None, ROWS_MAX)?.rows,
                    store.debts(id, false, None, ROWS_MAX)?.rows,
                ))
            })
            .await?;
        seen.closed = debts.into_iter().filter(|debt| !debt.is_open()).collect();
        (seen.grants, seen.payments) = (grants, payments);
        seen.newest = events::before(operator, &id, version.saturating_add(1), EVENTS_SHOWN).await?;
        Ok(seen)
    }

    /// A debt of which something is owed.
    pub fn open_debt(&self, id: &str) -> Option<&Debt> {
        self.open.iter().find(|debt| debt.id.as_str() == id)
    }
}

/// The page.
pub async fn show(operator: Operator, Ids(id): Ids<OrganizationId>) -> Result<Response, ApiError> {
    page(&operator, id, None).await
}

/// The page, with what a form was refused for.
pub async fn page(
    operator: &Operator,
    id: OrganizationId,
    trouble: Option<&Trouble>,
) -> Result<Response, ApiError> {
    let seen = Seen::of(operator, id).await?;
    let body = html! {
        div.page-head {
            div { h1 { (seen.name) } p.quiet { span.mono { (seen.id) } " · " a href=(ROOT) { (say!(operator, "operator-organizations")) } } }
            p.small.quiet { (say!(operator, "as-of")) " " (time(seen.balance.as_of, operator.copy.date_time_exact(seen.balance.as_of))) }
        }
        (operator.told())
        div.cards {
            (balance_card(operator, &seen))
            (debts_card(operator, &seen))
            @if operator.may_act() {
                div.two { (orders::grant_card(operator, &seen, trouble)) (orders::suspension_card(operator, &seen, seen.suspension.as_ref(), trouble)) }
            }
            (grants_card(operator, &seen))
            (payments_card(operator, &seen))
            div.two { (subscription_card(operator, &seen)) (members_card(operator, &seen)) }
            section.card #events aria-labelledby="events-h" {
                div.card-head {
                    h2 #events-h { (say!(operator, "operator-events")) }
                    a.small href={ (ROOT) "/organizations/" (seen.id) "/events" } { (say!(operator, "operator-events-all")) }
                }
                (events::table(operator, &seen.newest))
            }
        }
    };
    let status = if trouble.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    Ok(operator.page(status, Tab::Organizations, &seen.name, &body))
}

fn balance_card(operator: &Operator, seen: &Seen) -> Markup {
    let balance = &seen.balance;
    html! {
        section.card #balance-now aria-labelledby="balance-h" {
            div.card-head { h2 #balance-h { (say!(operator, "operator-balance")) } (state(operator, balance)) }
            p {
                span.fig.xl { (usable(balance.available)) } " "
                span.unit { (say!(operator, "unit-usable", amount = usable(balance.available))) }
            }
            @if !seen.reasons.is_empty() {
                ul.points { @for explained in &seen.reasons { li { (words::sentence(explained)) } } }
            }
            dl.facts {
                (stat(&say!(operator, "help-included"), &usable(balance.included).to_string()))
                (stat(&say!(operator, "help-promotional"), &usable(balance.promotional).to_string()))
                (stat(&say!(operator, "help-purchased"), &usable(balance.purchased).to_string()))
                (stat(&say!(operator, "operator-reserved"), &usable(balance.held).to_string()))
                (stat(&say!(operator, "locked"), &usable(balance.locked).to_string()))
                (stat(&say!(operator, "help-disputed"), &usable(balance.frozen).to_string()))
                div.stat { dt { (say!(operator, "operator-owed")) } dd.fig.owed[balance.debt_total().is_positive()] { (owed(balance.debt_total())) } }
            }
            div.card-foot {
                p { (say!(operator, "operator-version", version = balance.version)) }
                @if let Some(clock) = seen.test_clock { p { (say!(operator, "operator-test-clock", at = operator.copy.date_time(clock))) } }
            }
        }
    }
}

fn stat(name: &str, value: &str) -> Markup {
    html! { div.stat { dt { (name) } dd.fig { (value) } } }
}

fn debts_card(operator: &Operator, seen: &Seen) -> Markup {
    let debts = seen.open.iter().chain(&seen.closed);
    html! {
        section.card #debts aria-labelledby="debts-h" {
            h2 #debts-h { (say!(operator, "operator-debts")) }
            @if seen.open.is_empty() && seen.closed.is_empty() { p.quiet { (say!(operator, "operator-debts-none")) } }
            @else { div { table.fold role="table" aria-labelledby="debts-h" {
                (head(operator, &[("operator-debt", false), ("operator-since", false), ("operator-amount", true), ("operator-open", true), ("operator-do", false)]))
                tbody role="rowgroup" { @for debt in debts {
                    tr role="row" {
                        th role="rowheader" scope="row" { (debt_name(operator, debt)) br; span.quiet.mono { (origin(debt)) } }
                        td.full role="cell" { (time(debt.opened_at, operator.copy.date_time(debt.opened_at))) }
                        td.n role="cell" data-l=(say!(operator, "operator-amount")) { (owed(debt.amount)) }
                        td.n role="cell" data-l=(say!(operator, "operator-open")) { @if debt.is_open() { b.owed { (owed(debt.open)) } } @else { "0" } }
                        td.end role="cell" {
                            @if debt.is_open() && operator.may_act() {
                                a href={ (ROOT) "/organizations/" (seen.id) "/debts/" (debt.id) } { (say!(operator, "operator-write-off")) }
                            }
                        }
                    }
                } }
            } } }
        }
    }
}

/// What a debt is of.
pub fn debt_name(operator: &Operator, debt: &Debt) -> String {
    operator.copy.text(
        match debt.kind {
            DebtKind::OutstandingUsage => "debt-outstanding-usage",
            DebtKind::Refund => "debt-refund",
            DebtKind::Dispute => "debt-dispute",
        },
        &[],
    )
}

/// What a debt goes back to, by its ids.
pub fn origin(debt: &Debt) -> String {
    match &debt.origin {
        DebtOrigin::Run { run } => run.to_string(),
        DebtOrigin::Refund { refund, payment } => format!("{refund} · {payment}"),
        DebtOrigin::Dispute { dispute, payment } => format!("{dispute} · {payment}"),
    }
}

/// The head of a table: each column, and whether it has numbers.
pub fn head(operator: &Operator, columns: &[(&str, bool)]) -> Markup {
    html! {
        thead role="rowgroup" { tr role="row" {
            @for (key, number) in columns { th.n[*number] role="columnheader" scope="col" { (operator.copy.text(key, &[])) } }
        } }
    }
}

fn grants_card(operator: &Operator, seen: &Seen) -> Markup {
    let now = seen.balance.as_of;
    html! {
        section.card #grants aria-labelledby="grants-h" {
            div.card-head { h2 #grants-h { (say!(operator, "operator-grants")) } span.quiet.small { (say!(operator, "operator-newest", count = ROWS_MAX)) } }
            @if seen.grants.is_empty() { p.quiet { (say!(operator, "operator-grants-none")) } }
            @else { div { table.fold role="table" aria-labelledby="grants-h" {
                (head(operator, &[("operator-grant", false), ("operator-state", false), ("operator-until", false), ("operator-amount", true), ("operator-left", true)]))
                tbody role="rowgroup" { @for grant in &seen.grants {
                    tr role="row" {
                        th role="rowheader" scope="row" { (grant_kind(operator, grant.kind)) br; span.quiet.mono { (grant.id) } }
                        td role="cell" { (grant_state(operator, grant.state(seen.balance.entitled, now))) }
                        td.full role="cell" { @match grant.expires_at { Some(at) => { (time(at, operator.copy.date_time(at))) } None => { (say!(operator, "operator-never")) } } }
                        td.n role="cell" data-l=(say!(operator, "operator-amount")) { (usable(grant.amount)) }
                        td.n role="cell" data-l=(say!(operator, "operator-left")) { (usable(grant.free)) }
                    }
                } }
            } } }
        }
    }
}

fn grant_kind(operator: &Operator, kind: GrantKind) -> String {
    operator.copy.text(
        match kind {
            GrantKind::Included => "help-included",
            GrantKind::Promotional => "help-promotional",
            GrantKind::Purchased => "help-purchased",
        },
        &[],
    )
}

fn grant_state(operator: &Operator, state: GrantState) -> String {
    operator.copy.text(
        match state {
            GrantState::Pending => "operator-grant-pending",
            GrantState::Expired => "operator-grant-expired",
            GrantState::Locked => "locked",
            GrantState::Usable => "usable",
        },
        &[],
    )
}

fn payments_card(operator: &Operator, seen: &Seen) -> Markup {
    html! {
        section.card #payments aria-labelledby="payments-h" {
            div.card-head { h2 #payments-h { (say!(operator, "operator-payments")) } span.quiet.small { (say!(operator, "operator-newest", count = ROWS_MAX)) } }
            @if seen.payments.is_empty() { p.quiet { (say!(operator, "operator-payments-none")) } }
            @else { div { table.fold role="table" aria-labelledby="payments-h" {
                (head(operator, &[("operator-payment", false), ("operator-on", false), ("operator-credits", true), ("operator-paid", true), ("operator-became", false)]))
                tbody role="rowgroup" { @for payment in &seen.payments {
                    tr role="row" {
                        th role="rowheader" scope="row" { (purpose(operator, payment.purpose)) br; span.quiet.mono { (payment.id) } }
                        td.full role="cell" { (time(payment.at, operator.copy.date_time(payment.at))) }
                        td.n role="cell" data-l=(say!(operator, "operator-credits")) { (usable(payment.credits)) }
                        td.n role="cell" data-l=(say!(operator, "operator-paid")) { (money(payment.paid, &payment.currency)) }
                        td role="cell" { (became(operator, payment)) }
                    }
                } }
            } } }
        }
    }
}

fn purpose(operator: &Operator, purpose: PaymentPurpose) -> String {
    operator.copy.text(
        match purpose {
            PaymentPurpose::TopUp => "operator-for-pack",
            PaymentPurpose::Renewal => "operator-for-renewal",
            PaymentPurpose::Upgrade => "operator-for-upgrade",
            PaymentPurpose::Recharge => "operator-for-recharge",
            PaymentPurpose::Repayment => "operator-for-repayment",
        },
        &[],
    )
}

fn became(operator: &Operator, payment: &Payment) -> Markup {
    html! {
        @if payment.refunded() > 0 { (say!(operator, "operator-refunded", amount = money(payment.refunded(), &payment.currency))) }
        @if payment.is_disputed() { " " span.tag data-tone="warn" { (icon("warn")) (say!(operator, "operator-state-frozen")) } }
    }
}

fn subscription_card(operator: &Operator, seen: &Seen) -> Markup {
    let subscription = seen.balance.subscription.as_ref();
    html! {
        section.card #subscription aria-labelledby="subscription-h" {
            h2 #subscription-h { (say!(operator, "operator-subscription")) }
            @match subscription {
                None => { p.quiet { (say!(operator, "operator-subscription-none")) } }
                Some(known) => { (subscribed(operator, known, seen.balance.entitled)) }
            }
        }
    }
}

fn subscribed(operator: &Operator, known: &Subscription, entitled: bool) -> Markup {
    let status = operator.copy.text(
        match known.status {
            SubscriptionStatus::None => "none",
            SubscriptionStatus::Incomplete => "operator-sub-incomplete",
            SubscriptionStatus::Trialing => "operator-sub-trialing",
            SubscriptionStatus::Active => "operator-sub-active",
            SubscriptionStatus::PastDue => "operator-sub-past-due",
            SubscriptionStatus::Unpaid => "operator-sub-unpaid",
            SubscriptionStatus::Paused => "operator-sub-paused",
            SubscriptionStatus::Canceled => "operator-sub-canceled",
        },
        &[],
    );
    let cadence = operator.copy.text(
        match known.cadence {
            Cadence::Monthly => "operator-monthly",
            Cadence::Annual => "operator-annual",
        },
        &[],
    );
    let at = |at: Timestamp| operator.copy.date_time(at);
    html! {
        dl.lines {
            (line(&say!(operator, "operator-state"), &status))
            (line(&say!(operator, "operator-plan"), &known.plan.as_ref().map_or_else(|| say!(operator, "none"), ToString::to_string)))
            (line(&say!(operator, "operator-cadence"), &cadence))
            @if let Some(period) = known.period { (line(&say!(operator, "operator-period-ends"), &at(period.end))) }
            @if let Some(ends) = known.cancel_at { (line(&say!(operator, "operator-ends"), &at(ends))) }
            (line(&say!(operator, "operator-entitled"), &say!(operator, if entitled { "operator-yes" } else { "operator-no" })))
        }
    }
}

fn members_card(operator: &Operator, seen: &Seen) -> Markup {
    html! {
        section.card #members aria-labelledby="members-h" {
            div.card-head {
                h2 #members-h { (say!(operator, "settings-members")) }
                span.quiet.small { (say!(operator, "settings-people", count = seen.members_count)) }
            }
            @if seen.members.is_empty() { p.quiet { (say!(operator, "operator-members-none")) } }
            ul.list { @for (id, member) in &seen.members {
                li {
                    span.avatar aria-hidden="true" { (initials(&member.name)) }
                    span.grow { b { (member.name) } " " span.quiet.small.mono { (id) } }
                    span.quiet.small.cap {
                        @if member.billing_admin { (say!(operator, "settings-admin-role", role = role(&operator.copy, member.role))) }
                        @else { (role(&operator.copy, member.role)) }
                    }
                }
            } }
        }
    }
}
