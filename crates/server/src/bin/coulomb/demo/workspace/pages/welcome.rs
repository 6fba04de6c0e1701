//! The first page: what there is, and a walk in five steps through what happens when credits run out.

use super::{Page, document};
use crate::demo::workspace::{
    Shared,
    api::{Trouble, grouped, owed, whole},
    scene::rows,
};
use axum::{extract::State, http::StatusCode, response::Response};
use coulomb_server::web::icons::icon;
use maud::{Markup, html};
use reqwest::Method;
use serde_json::Value;

/// Shows it.
pub async fn show(State(workspace): Shared) -> Result<Response, Trouble> {
    let api = &workspace.api;
    let listed = api.done(Method::GET, "/organizations?limit=100", None, None).await?;
    let mut organizations = Vec::new();
    for row in rows(&listed) {
        let id = row["id"].as_str().unwrap_or_default();
        organizations.push((id.to_owned(), api.get(id, "/balance").await?));
    }
    let content = html! {
        header.top { a.brand href="/workspace" { b { "Workbench" } } span.org { "Demo workspace" } }
        main.page #main {
            div.page-head {
                div {
                    h1 { "A product that runs on credits" }
                    p.quiet { "Workbench is a small AI workspace. It asks no model; its credits, their bookkeeping and its payment pages are Coulomb’s, and real." }
                }
                a.btn.go href=(Page::Chat.path("ok", "ada")) { "Open the workspace" }
            }
            (walk())
            (table(&organizations))
        }
    };
    Ok(document(StatusCode::OK, "Workbench, a demo workspace", None, &content))
}

/// Debt, locked credits, and the way out, in five steps.
fn walk() -> Markup {
    let at = |page: Page, organization: &str, person: &str| page.path(organization, person);
    html! {
        section.card #walk aria-labelledby="walk-h" {
            div.card-head { h2 #walk-h { "Debt, locked credits, and the way out" } span.small.quiet { "Five steps, ten minutes" } }
            ol.walk {
                li {
                    h3 { "Start work, and let it cost more than there is" }
                    p { "In " a href=(at(Page::Chat, "low", "ada")) { "the low company" } " send a message and watch the badge. Then, under " a href=(at(Page::Occasions, "low", "ada")) { "Try things out" } ", let a run use more credits than are left." }
                }
                li {
                    h3 { "Be refused" }
                    p { "Send another message. It does not start and costs nothing; the page says what happened, how much is owed, what stays open, and keeps what you wrote." }
                }
                li {
                    h3 { "Look at it as somebody else" }
                    p { "Switch to " a href=(at(Page::Chat, "low", "cem")) { "Cem, a member" } ": no amounts, but whom to ask and a message to send. " a href=(at(Page::Chat, "low", "dee")) { "Dee, a viewer" } ", starts nothing anyway." }
                }
                li {
                    h3 { "Settle it" }
                    p { "As Ada, follow the button to Billing and buy the smallest pack: part of it settles the debt, the rest can be used. Come back: the message is still there, and starts." }
                }
                li {
                    h3 { "See credits locked, and come back" }
                    p { "In " a href=(at(Page::Chat, "locked", "ada")) { "the locked company" } " the subscription ended, so what was bought waits. Resume it, and it can be used again. Under " a href=(at(Page::Occasions, "frozen", "ada")) { "Try things out" } " you may dispute, refund, decline cards and move the clock." }
                }
            }
        }
    }
}

/// Whether work starts, and if not, or not for long, why.
fn state(balance: &Value) -> (&'static str, &'static str, &'static str) {
    let first = balance["reasons"][0]["code"].as_str().unwrap_or_default();
    match first {
        "" => ("ok", "check", "Starts"),
        "organization_suspended" => ("stop", "pause", "Paused by the operator"),
        "dispute_debt" => ("stop", "refund", "Paused: debt of a dispute"),
        "refund_debt" => ("stop", "refund", "Paused: debt of a refund"),
        "outstanding_usage" => ("stop", "pause", "Paused: used more than there was"),
        "payment_past_due" => ("stop", "cardstop", "Paused: a payment failed"),
        "credits_locked" => ("stop", "lock", "Paused: credits are locked"),
        "subscription_required" => ("stop", "none", "Paused: no subscription"),
        "credits_depleted" => ("stop", "none", "Paused: all used"),
        "payment_failing" => ("warn", "cardstop", "Starts; a payment failed"),
        "balance_low" => ("warn", "low", "Starts; credits are low"),
        "credits_expiring" => ("warn", "clock", "Starts; credits expire soon"),
        "auto_recharge_suspended" => ("warn", "cardstop", "Starts; auto-recharge stopped"),
        "subscription_ending" => ("info", "day", "Starts; the subscription ends"),
        _ => ("info", "lock", "Starts; a payment is disputed"),
    }
}

/// Every organization with its state.
fn table(organizations: &[(String, Value)]) -> Markup {
    html! {
        section.card aria-labelledby="all-h" {
            div.card-head { h2 #all-h { "Organizations in every state" } span.small.quiet { "Each has an owner (Ada), a billing admin (Bob), a member (Cem) and a viewer (Dee)" } }
            div {
                table.fold role="table" aria-labelledby="all-h" {
                    thead role="rowgroup" {
                        tr role="row" {
                            th role="columnheader" scope="col" { "Organization" }
                            th role="columnheader" scope="col" { "New work" }
                            th.n role="columnheader" scope="col" { "Usable" }
                            th.n role="columnheader" scope="col" { "Owed" }
                        }
                    }
                    tbody role="rowgroup" {
                        @for (id, balance) in organizations {
                            tr role="row" {
                                th.full role="rowheader" scope="row" { a href=(Page::Chat.path(id, "ada")) { (id) } }
                                td role="cell" {
                                    @let (tone, mark, word) = state(balance);
                                    span.tag data-tone=(tone) { (icon(mark)) (word) }
                                }
                                td.n role="cell" data-l="Usable" { (grouped(whole(&balance["available"]))) }
                                td.n role="cell" data-l="Owed" { (grouped(owed(&balance["debt"]["total"]))) }
                            }
                        }
                    }
                }
            }
        }
    }
}
