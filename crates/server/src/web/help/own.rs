//! The reader's own figures at the head of an article: what is owed, locked or usable now, and what leads on. Somebody
//! without billing access is told whom to ask instead (R12.2).

use super::articles::{Article, Own};
use crate::{
    copy::say,
    web::{
        figures::{owed, usable},
        frame::line,
        icons::icon,
        reasons,
        visit::{Visit, list},
    },
};
use ledger::{
    explain::Explained,
    status::{ReasonCode, Severity},
};
use maud::{Markup, html};

/// What this article has to do with the reader's own account.
pub fn card(visit: &Visit, article: &Article) -> Markup {
    let body = match article.own {
        Own::Debt => debt(visit),
        Own::Balance => balance(visit),
        Own::Recharge => recharge(visit),
        Own::Subscription => subscription(visit),
    };
    html! {
        aside.card #own data-live aria-labelledby="own-h" {
            div.card-head {
                h2 #own-h { (say!(visit, "help-own")) }
                (state(visit))
            }
            (body)
            (whom_to_ask(visit))
        }
    }
}

fn state(visit: &Visit) -> Markup {
    let look = reasons::look(visit);
    html! { span.tag data-tone=(look.tone) { (icon(look.icon)) (look.word) } }
}

/// Where something blocks that the reader cannot resolve.
fn whom_to_ask(visit: &Visit) -> Markup {
    let names: Vec<&str> = visit.balance.ask.iter().map(|contact| contact.name.as_str()).collect();
    html! {
        @if !visit.sees_billing() && !visit.balance.can_start() && !names.is_empty() {
            div.card-foot { p { (say!(visit, "help-own-ask", names = list(&visit.copy, &names))) } }
        }
    }
}

/// Why nothing starts, sentence by sentence, with the step that helps.
fn debt(visit: &Visit) -> Markup {
    let balance = &visit.balance;
    if !visit.sees_billing() {
        return html! {
            p { (say!(visit, if balance.can_start() { "help-own-well" } else { "others-attention" })) }
        };
    }
    let total = owed(balance.debt_total());
    let told = |explained: &&Explained| {
        explained.reason.code.severity() == Severity::Blocking
            || explained.reason.code == ReasonCode::CreditsFrozen
    };
    let told: Vec<&Explained> = visit.explained.iter().filter(told).collect();
    html! {
        @if total.is_zero() && told.is_empty() {
            p { (say!(visit, "help-own-nothing-owed")) }
        } @else {
            @if !total.is_zero() {
                p { span.fig.lg.owed { (total) } " " span.unit { (say!(visit, "unit-owed", amount = total)) } }
            }
            ul.points { @for explained in &told { li { (reasons::sentence(visit, explained)) } } }
        }
        dl.lines {
            (line(&say!(visit, "usable"), &usable(balance.available).to_string()))
            (line(&say!(visit, "reserved"), &usable(balance.held).to_string()))
            (line(&say!(visit, "locked"), &usable(balance.locked).to_string()))
            @if balance.frozen.is_positive() { (line(&say!(visit, "help-disputed"), &usable(balance.frozen).to_string())) }
        }
        (way_out(visit))
    }
}

fn way_out(visit: &Visit) -> Markup {
    html! {
        @if let Some((label, href)) = reasons::way_out(visit) {
            div.row {
                a.btn href=(href) { (label) }
                @if visit.balance.debt_total().is_positive() { a href={ (visit.path("billing")) "#outstanding" } { (say!(visit, "help-see-outstanding")) } }
            }
        }
    }
}

/// What there is, of which kind, and what comes and goes next.
fn balance(visit: &Visit) -> Markup {
    let balance = &visit.balance;
    let upcoming = |next: Option<ledger::status::Upcoming>| match next {
        Some(next) => {
            let date = visit.copy.day(next.at, visit.now());
            say!(visit, "amount-on", amount = usable(next.amount), date = date)
        }
        None => say!(visit, "none"),
    };
    html! {
        p { span.fig.lg { (usable(balance.available)) } " " span.unit { (say!(visit, "unit-usable", amount = usable(balance.available))) } }
        dl.lines {
            (line(&say!(visit, "help-included"), &usable(balance.included).to_string()))
            @if balance.promotional.is_positive() { (line(&say!(visit, "help-promotional"), &usable(balance.promotional).to_string())) }
            (line(&say!(visit, "help-purchased"), &usable(balance.purchased).to_string()))
            (line(&say!(visit, "reserved"), &usable(balance.held).to_string()))
            (line(&say!(visit, "next-refill"), &upcoming(balance.next_grant)))
            (line(&say!(visit, "next-expiry"), &upcoming(balance.next_expiry)))
        }
        (way_out(visit))
    }
}

/// How auto-recharge is set, for those who see it.
fn recharge(visit: &Visit) -> Markup {
    let set = &visit.balance.auto_recharge;
    if !visit.sees_billing() {
        return balance(visit);
    }
    let key = match (set.enabled, set.suspended) {
        (false, _) => "help-recharge-off",
        (true, true) => "help-recharge-stopped",
        (true, false) => "help-recharge-on",
    };
    let values = [
        ("amount", usable(set.amount).into()),
        ("threshold", usable(set.threshold).into()),
        ("bought", usable(set.bought_this_month).into()),
        ("limit", usable(set.monthly_limit).into()),
    ];
    html! {
        p { (visit.copy.text(key, &values)) }
        dl.lines {
            (line(&say!(visit, "usable"), &usable(visit.balance.available).to_string()))
            (line(&say!(visit, "help-recharge-month"), &visit.copy.text("help-recharge-of", &values)))
        }
        div.row { a.btn href={ (visit.path("billing")) "#recharge" } { (say!(visit, "help-see-recharge")) } }
    }
}

/// Until when the subscription runs, and what would lock.
fn subscription(visit: &Visit) -> Markup {
    let balance = &visit.balance;
    if !visit.sees_billing() {
        return self::balance(visit);
    }
    let ends = balance.subscription.as_ref().and_then(|subscription| subscription.cancel_at);
    let says = match (ends.filter(|_| balance.entitled), balance.entitled, balance.period) {
        (Some(ends), ..) => say!(visit, "help-subscription-ends", date = visit.copy.date_time(ends)),
        (None, true, Some(period)) => {
            say!(visit, "help-subscription-runs", date = visit.copy.date_time(period.end))
        }
        (None, true, None) => say!(visit, "help-subscription-there"),
        (None, false, _) => say!(visit, "help-subscription-none"),
    };
    html! {
        p { (says) }
        dl.lines {
            (line(&say!(visit, "help-included"), &usable(balance.included).to_string()))
            (line(&say!(visit, "help-purchased"), &usable(balance.purchased).to_string()))
            (line(&say!(visit, "locked"), &usable(balance.locked).to_string()))
        }
        div.row { a.btn href={ (visit.path("billing")) "#subscription" } { (say!(visit, "help-see-subscription")) } }
    }
}
