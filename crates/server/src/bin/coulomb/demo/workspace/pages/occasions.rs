//! Try things out: buttons that let time pass, cards fail and money go back. In a real product there is no such page.

use super::{Page, time};
use crate::demo::workspace::{Asked, Shared, api::Trouble, occasions, scene::Scene};
use axum::{
    extract::{Path, Query, State},
    response::Response,
};
use maud::{Markup, html};

/// Shows it.
pub async fn show(
    State(workspace): Shared,
    Path(organization): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Response, Trouble> {
    let scene = Scene::read(&workspace, &organization, asked.person.as_deref()).await?;
    let body = html! {
        p { "What only the world can do to a customer. Everybody may press these buttons, whoever you are; what they do goes through the sandbox provider." }
        (clock(&scene))
        (credits(&scene))
        (payments(&scene))
        (subscription(&scene))
    };
    Ok(scene.page(&workspace, Page::Occasions, "Try things out", &body))
}

fn clock(scene: &Scene) -> Markup {
    html! {
        (card(scene, "clock", "Time", &html! {
            p { "It is " b { (time(scene.now())) } ". " @if scene.test_clock.is_some() { "The organization’s clock stands still until it is moved." } @else { "The organization’s clock is everybody’s; once moved, it stands still between moves." } }
            p.small.quiet { "Renewals, expiries and scheduled runs on the way happen in their order. Time does not go back." }
        }, &html! {
            (button("hour", "An hour passes"))
            (button("day", "A day passes"))
            (button("week", "A week passes"))
            @if let Some(at) = occasions::next_renewal(scene) { (button("renewal", "To the next renewal")) span.small.quiet { (time(at)) } }
        }))
    }
}

fn credits(scene: &Scene) -> Markup {
    html! {
        (card(scene, "credits", "Credits", &html! {
            p { "A run that was admitted is never stopped, and may use more than is left: that becomes debt. A gift is promotional credit, which settles such debt first." }
        }, &html! {
            (button("overrun", "A run uses more than there is"))
            (button("gift", "Give 5,000 promotional credits"))
        }))
    }
}

fn payments(scene: &Scene) -> Markup {
    html! {
        (card(scene, "payments", "Payments", &html! {
            p { "What was refunded or disputed after it was used is owed. A dispute that is won brings everything back." }
        }, &html! {
            (button("refund", "Refund half of the last payment"))
            (button("dispute", "Dispute the last payment"))
            (button("win", "Win the dispute"))
            (button("lose", "Lose the dispute"))
        }))
        section.card aria-labelledby="card-h" {
            div.card-head { h2 #card-h { "Card on file" } }
            form.row method="post" action=(action(scene)) {
                (scene.hidden(Page::Occasions))
                label.small for="card" { "The card" }
                select.narrow #card name="card" {
                    option value="ok" { "works" }
                    option value="declined" { "is declined" }
                    option value="requires_action" { "needs action" }
                    option value="none" { "is not there" }
                }
                button.btn type="submit" name="do" value="card" { "Set the card" }
            }
        }
    }
}

fn subscription(scene: &Scene) -> Markup {
    let status = scene.balance["subscription"]["status"].as_str().unwrap_or("none");
    let cancels = !scene.balance["subscription"]["cancel_at"].is_null();
    html! {
        (card(scene, "subscription", "Subscription", &html! {
            p {
                @match (status, cancels) {
                    ("active" | "trialing", true) => { "It runs, and ends with its period." }
                    ("active" | "trialing", false) => { "It runs." }
                    ("past_due", _) => { "A renewal is not paid." }
                    _ => { "There is none." }
                }
            }
            p.small.quiet { "Cancelled, it goes on until its period ends. Move the clock there to see purchased credits locked." }
        }, &html! {
            @match (status, cancels) {
                ("active" | "trialing", true) => { (button("resume", "Resume it")) }
                ("active" | "trialing" | "past_due", _) => { (button("cancel", "Cancel it")) }
                _ => { (button("subscribe", "Subscribe to Team with a card that works")) }
            }
        }))
    }
}

fn action(scene: &Scene) -> String {
    format!("/workspace/{}/try", scene.id)
}

fn card(scene: &Scene, id: &str, title: &str, says: &Markup, buttons: &Markup) -> Markup {
    html! {
        section.card aria-labelledby={ (id) "-h" } {
            div.card-head { h2 id={ (id) "-h" } { (title) } }
            div { (says) }
            form.row method="post" action=(action(scene)) { (scene.hidden(Page::Occasions)) (buttons) }
        }
    }
}

fn button(does: &str, label: &str) -> Markup {
    html! { button.btn type="submit" name="do" value=(does) { (label) } }
}
