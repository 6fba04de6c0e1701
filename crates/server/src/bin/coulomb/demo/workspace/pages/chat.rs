//! The conversation: what was asked and answered, and the composer behind the gate.

use super::{Page, outcome, time};
use crate::demo::workspace::{
    Asked, Shared,
    api::{Trouble, grouped, whole},
    room::{Job, Stands},
    scene::Scene,
    work::WORKS,
};
use axum::{
    extract::{Path, Query, State},
    response::Response,
};
use coulomb_server::web::icons::icon;
use maud::{Markup, html};

/// Shows it.
pub async fn show(
    State(workspace): Shared,
    Path(organization): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Response, Trouble> {
    let scene = Scene::read(&workspace, &organization, asked.person.as_deref()).await?;
    let jobs = workspace.rooms().of(&scene.id).jobs.clone();
    let turns: Vec<&Job> = jobs.iter().filter(|job| job.work == WORKS[0].key).collect();
    let body = html! {
        section.cards #chat aria-label="Chat" data-live {
            @if turns.is_empty() {
                div.empty {
                    h2 { "Ask something" }
                    p.quiet { "A message reserves 60 credits, uses what it uses, and gives the rest back. At zero nothing new starts; what runs is finished." }
                }
            }
            @for job in turns { (turn(job)) }
        }
        (scene.gate(Page::Chat, &composer(&scene)))
    };
    Ok(scene.page(&workspace, Page::Chat, "Tender for the harbour office", &body))
}

fn turn(job: &Job) -> Markup {
    let firsts = job.who.split_whitespace().filter_map(|word| word.chars().next());
    let initials: String = firsts.take(2).collect();
    html! {
        div.turn {
            span.avatar aria-hidden="true" { (initials) }
            div { p.small { b { (job.who) } " " span.quiet { (time(job.at)) } } p { (job.text) } }
        }
        div.turn {
            svg.avatar viewBox="0 0 32 32" aria-hidden="true" {
                rect x="10" y="10" width="12" height="12" rx="3.5" fill="var(--accent)" {}
            }
            div.grow {
                p.small {
                    b { "Assistant" }
                    @if job.stands == Stands::Done { " " span.quiet { "Used " (grouped(job.used)) " credits" } }
                }
                (outcome(job))
            }
        }
    }
}

fn composer(scene: &Scene) -> Markup {
    let work = &WORKS[0];
    if !scene.me.works() {
        return scene.viewers_read();
    }
    html! {
        form.composer method="post" action={ "/workspace/" (scene.id) "/start" } aria-label="New message" data-start {
            (scene.hidden(Page::Chat))
            input type="hidden" name="work" value=(work.key);
            label.sr for="draft" { "Message" }
            textarea #draft name="text" rows="2" maxlength="2000" placeholder="Compare Brevik and Estrel: price, warranty and penalties" {}
            div.row {
                span.small.quiet #cost data-live {
                    (work.cost) ". " (work.hold) " are reserved while it runs; "
                    (grouped(whole(&scene.balance["available"]))) " can be used."
                }
                button.btn.go type="submit" aria-describedby="cost" { (icon("send")) "Send" }
            }
            p.small.said role="status" data-said {}
        }
    }
}
