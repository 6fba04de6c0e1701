//! Scheduled tasks: when each runs, whether it waits, and what to do about it.

use super::{Page, time};
use crate::demo::workspace::{
    Asked, Shared,
    api::Trouble,
    scene::{Scene, rows},
    tasks::{Scheduled, TASKS},
};
use axum::{
    extract::{Path, Query, State},
    response::Response,
};
use coulomb_server::web::icons::icon;
use maud::{Markup, html};
use serde_json::Value;

/// Shows them.
pub async fn show(
    State(workspace): Shared,
    Path(organization): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Response, Trouble> {
    let scene = Scene::read(&workspace, &organization, asked.person.as_deref()).await?;
    let known = workspace.api.get(&scene.id, "/tasks?limit=100").await?;
    let list = html! {
        section.card #tasks aria-labelledby="tasks-h" data-live {
            div.card-head { h2 #tasks-h { "What runs by itself" } span.small.quiet { "It is " (time(scene.now())) } }
            ul.list {
                @for task in &TASKS {
                    @let known = rows(&known).iter().find(|row| row["id"] == task.id);
                    li { (line(&scene, task, known)) }
                }
            }
            div.card-foot {
                p { "Tasks run by the organization’s own clock. Move it under " a href=(Page::Occasions.path(&scene.id, &scene.me.id)) { "Try things out" } ", and every run in between happens." }
            }
        }
    };
    let body = scene.gate(Page::Tasks, &list);
    Ok(scene.page(&workspace, Page::Tasks, "Scheduled tasks", &body))
}

fn line(scene: &Scene, task: &Scheduled, known: Option<&Value>) -> Markup {
    let status = known.and_then(|task| task["status"].as_str()).unwrap_or("active");
    let failures = known.and_then(|task| task["failures"].as_u64()).unwrap_or(0);
    let action = format!("/workspace/{}/tasks/{}", scene.id, task.id);
    let button = |does: &str, label: &str| {
        html! {
            @if scene.me.works() {
                form.row method="post" action=(action) {
                    (scene.hidden(Page::Tasks))
                    button.btn type="submit" name="do" value=(does) aria-label={ (label) ": " (task.label) } { (label) }
                }
            }
        }
    };
    html! {
        div.grow {
            b { (task.label) }
            p.small.quiet {
                (task.says) " "
                @match status {
                    "paused_for_credits" => { "A run was refused because new work was paused. The task waits until someone resumes it; missed runs are not made up." }
                    "needs_attention" => { "Failed " (failures) " times in a row. Failed runs are charged for what they used." }
                    _ => { "Next at " (time(task.due_after(scene.now()))) "." }
                }
            }
        }
        @match status {
            "paused_for_credits" => { span.tag data-tone="stop" { (icon("pause")) "Paused for credits" } (button("resume", "Resume")) }
            "needs_attention" => { span.tag data-tone="warn" { (icon("warn")) "Needs attention" } (button("resume", "Resume")) }
            _ => { span.tag data-tone="ok" { (icon("check")) "On" } (button("run", "Run now")) }
        }
    }
}
