//! Runs with what each used, refused ones too, and what came of them. All of it can be read in every state.

use super::{Page, outcome, time};
use crate::demo::workspace::{
    Asked, Shared, Workspace,
    api::{Trouble, grouped, id, of, whole},
    scene::{Scene, instant, rows},
    work::Work,
};
use axum::{
    extract::{Path, Query, State},
    http::StatusCode,
    response::Response,
};
use coulomb_server::web::icons::icon;
use maud::{Markup, html};
use reqwest::Method;
use serde_json::Value;

/// Shows the runs.
pub async fn show(
    State(workspace): Shared,
    Path(organization): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Response, Trouble> {
    let scene = Scene::read(&workspace, &organization, asked.person.as_deref()).await?;
    let runs = latest(&workspace, &scene).await?;
    let outputs = workspace.rooms().of(&scene.id).jobs.clone();
    let has_output = |run: &Value| outputs.iter().any(|job| run["id"] == job.run.as_str());
    let body = html! {
        section.card #history aria-labelledby="history-h" data-live {
            div.card-head { h2 #history-h { "Run history" } span.small.quiet { "Times in UTC" } }
            @if runs.is_empty() {
                p.quiet { "Nothing has run yet." }
            } @else {
                div {
                    table.fold role="table" aria-labelledby="history-h" {
                        thead role="rowgroup" {
                            tr role="row" {
                                th role="columnheader" scope="col" { "Run" }
                                th role="columnheader" scope="col" { "State" }
                                th.n role="columnheader" scope="col" { "Reserved" }
                                th.n role="columnheader" scope="col" { "Used" }
                            }
                        }
                        tbody role="rowgroup" { @for run in &runs { (row(&scene, run, has_output(run))) } }
                    }
                }
            }
        }
    };
    Ok(scene.page(&workspace, Page::History, "History", &body))
}

/// The latest runs and the latest refusals, newest first, as this person may see them.
async fn latest(workspace: &Workspace, scene: &Scene) -> Result<Vec<Value>, Trouble> {
    let (admitted, refused) =
        (of(&scene.id, "/runs?limit=30"), of(&scene.id, "/runs?status=refused&limit=10"));
    let (admitted, refused) = tokio::try_join!(
        workspace.api.done(Method::GET, &admitted, Some(&scene.me.id), None),
        workspace.api.done(Method::GET, &refused, Some(&scene.me.id), None),
    )?;
    let mut runs: Vec<Value> = rows(&admitted).iter().chain(rows(&refused)).cloned().collect();
    runs.sort_by_key(|run| std::cmp::Reverse(began(run)));
    Ok(runs)
}

fn began(run: &Value) -> Option<ledger::Timestamp> {
    instant(&run["started_at"]).or_else(|| instant(&run["refused_at"]))
}

/// What kinds of work are called whose runs the workspace did not start.
const KINDS: [(&str, &str); 6] = [
    ("chat_message", "Chat message"),
    ("tool_run", "Tool run"),
    ("workflow_run", "Workflow run"),
    ("browser_session", "Browser session"),
    ("scheduled_run", "Scheduled run"),
    ("background", "Background work"),
];

fn row(scene: &Scene, run: &Value, has_output: bool) -> Markup {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (id, status) = (text(&run["id"]), text(&run["status"]));
    let label = match text(&run["metadata"]["work"]) {
        known if known.is_empty() => {
            let kind = run["kind"].as_str().unwrap_or_default();
            KINDS.iter().find(|(known, _)| *known == kind).map_or(kind, |(_, label)| *label).to_owned()
        }
        known => known,
    };
    let title = text(&run["metadata"]["title"]);
    let who = scene.people.iter().find(|person| run["member"] == person.id.as_str());
    let (tone, mark, word) = match (status.as_str(), run["outcome"].as_str()) {
        ("refused", _) => ("stop", "pause", "Refused"),
        ("running", _) => ("info", "run", "Running"),
        (_, Some("failed")) => ("warn", "warn", "Failed"),
        ("lapsed", _) => ("warn", "clock", "Lapsed"),
        _ => ("ok", "check", "Done"),
    };
    html! {
        tr role="row" data-running[status == "running" && has_output] {
            th.full role="rowheader" scope="row" {
                @if has_output { a href={ "/workspace/" (scene.id) "/outputs/" (id) "?as=" (scene.me.id) } { (label) } } @else { (label) }
                @if !title.is_empty() { " “" (title) "”" }
                br;
                span.quiet {
                    @if let Some(at) = began(run) { (time(at)) }
                    @if let Some(who) = who { ", " (who.name) }
                    @if status == "refused" { ". Nothing was charged" }
                    @else if whole(&run["overrun"]) > 0 { ". Used more than was reserved" }
                }
            }
            td role="cell" { span.tag data-tone=(tone) { (icon(mark)) (word) } }
            td.n role="cell" data-l="Reserved" { (grouped(whole(&run["hold"]))) }
            td.n role="cell" data-l="Used" { (grouped(whole(&run["used"]))) }
        }
    }
}

/// Shows what came of one run.
pub async fn show_output(
    State(workspace): Shared,
    Path((organization, run)): Path<(String, String)>,
    Query(asked): Query<Asked>,
) -> Result<Response, Trouble> {
    let scene = Scene::read(&workspace, &organization, asked.person.as_deref()).await?;
    let job = workspace.rooms().of(&scene.id).job(id(&run)?).cloned();
    let job = job.ok_or_else(|| Trouble::new(StatusCode::NOT_FOUND, "There is no output of this run."))?;
    let label = Work::find(job.work).map_or("Work", |work| work.label);
    let body = html! {
        section.card #output aria-labelledby="output-h" data-live {
            div.card-head { h2 #output-h { (job.text) } span.small.quiet { (job.who) ", " (time(job.at)) } }
            (outcome(&job))
            div.card-foot {
                p { "Outputs stay readable, also while new work is paused." }
                a.btn href=(Page::History.path(&scene.id, &scene.me.id)) { "All runs" }
            }
        }
    };
    Ok(scene.page(&workspace, Page::History, label, &body))
}
