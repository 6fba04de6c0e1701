//! Tools, workflows and browser sessions: what each costs, a button behind the gate, and how far the last ones are.

use super::{Page, outcome, time};
use crate::demo::workspace::{
    Asked, Shared,
    api::Trouble,
    room::Job,
    scene::Scene,
    work::{WORKS, Work},
};
use axum::{
    extract::{Path, Query, State},
    response::Response,
};
use coulomb_server::web::icons::icon;
use maud::{Markup, html};

/// Jobs that are listed.
const LISTED: usize = 6;

/// Shows them.
pub async fn show(
    State(workspace): Shared,
    Path(organization): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Response, Trouble> {
    let scene = Scene::read(&workspace, &organization, asked.person.as_deref()).await?;
    let jobs = workspace.rooms().of(&scene.id).jobs.clone();
    let latest: Vec<&Job> = jobs.iter().rev().filter(|job| job.work != WORKS[0].key).take(LISTED).collect();
    let tools = html! {
        ul.packs.tools {
            @for work in WORKS.iter().skip(1) { li.pack { (tool(&scene, work)) } }
        }
        @if !scene.me.works() { (scene.viewers_read()) }
    };
    let body = html! {
        (scene.gate(Page::Tools, &tools))
        section.card #work aria-labelledby="work-h" data-live {
            div.card-head { h2 #work-h { "At work, and done" } }
            @if latest.is_empty() {
                p.quiet { "Nothing yet. What is started here goes on by itself, also when you leave the page." }
            } @else {
                ul.list {
                    @for job in latest {
                        li {
                            div.grow {
                                p { b { (Work::find(job.work).map_or("Work", |work| work.label)) } " " span.small.quiet { (job.who) ", " (time(job.at)) } }
                                (outcome(job))
                            }
                        }
                    }
                }
            }
        }
    };
    Ok(scene.page(&workspace, Page::Tools, "Tools", &body))
}

fn tool(scene: &Scene, work: &Work) -> Markup {
    let (name, cost) = (format!("name-{}", work.key), format!("cost-{}", work.key));
    html! {
        (icon(work.icon))
        h2 id=(name) { (work.label) }
        p.small.quiet { (work.says) }
        p.small id=(cost) { (work.cost) }
        @if scene.me.works() {
            form method="post" action={ "/workspace/" (scene.id) "/start" } aria-labelledby=(name) data-start {
                (scene.hidden(Page::Tools))
                input type="hidden" name="work" value=(work.key);
                button.btn type="submit" aria-label={ "Start " (work.label) } aria-describedby=(cost) { "Start" }
                p.small.said role="status" data-said {}
            }
        }
    }
}
