//! Scheduled tasks. They run by the organization's own clock: whoever moves it forward lets every run in between happen, in
//! order and each at its time. A refused start pauses its task (R11.1), and missed runs are not made up.

use super::{
    Workspace,
    api::{Said, Trouble, of},
    scene::{Scene, instant},
};
use axum::http::StatusCode;
use ledger::{Duration, Timestamp};
use reqwest::Method;
use serde_json::json;
use std::{collections::BTreeSet, sync::atomic::Ordering};

/// A task and when it runs.
pub struct Scheduled {
    /// Its id.
    pub id: &'static str,
    /// What people call it.
    pub label: &'static str,
    /// When it runs, in words.
    pub says: &'static str,
    /// How often.
    every: Duration,
    /// How long after midnight, UTC.
    at: Duration,
    /// What is set aside for a run.
    pub hold: i64,
    /// What a run uses.
    uses: i64,
    /// Whether its runs fail.
    fails: bool,
}

/// Every task.
pub const TASKS: [Scheduled; 3] = [
    Scheduled {
        id: "nightly-report",
        label: "Nightly report",
        says: "Every day, 02:00 UTC. About 80 credits a run.",
        every: Duration::hours(24),
        at: Duration::hours(2),
        hold: 100,
        uses: 80,
        fails: false,
    },
    Scheduled {
        id: "price-watch",
        label: "Supplier price watch",
        says: "Every six hours from 00:00 UTC. About 45 credits a run.",
        every: Duration::hours(6),
        at: Duration::hours(0),
        hold: 50,
        uses: 45,
        fails: false,
    },
    Scheduled {
        id: "tender-alerts",
        label: "Tender alerts",
        says: "Every day, 07:00 UTC. Its portal wants a new password, so runs fail; each uses 8 credits before it notices.",
        every: Duration::hours(24),
        at: Duration::hours(7),
        hold: 50,
        uses: 8,
        fails: true,
    },
];

/// Runs that one move of the clock lets happen; a longer way is gone without them.
const RUNS_MAX: usize = 300;

impl Scheduled {
    /// The first time after this.
    pub fn due_after(&self, from: Timestamp) -> Timestamp {
        let (every, at) = (self.every.micros(), self.at.micros());
        let since = from.micros().saturating_sub(at);
        let rounds = since.div_euclid(every).saturating_add(1);
        Timestamp::from_micros(rounds.saturating_mul(every).saturating_add(at))
    }
}

/// What happened on the way.
#[derive(Default)]
pub struct Happened {
    /// Runs that were done.
    pub ran: usize,
    /// Runs that failed.
    pub failed: usize,
    /// Tasks that were paused.
    pub paused: usize,
}

/// Moves the organization's clock to an instant and lets everything scheduled happen on the way.
pub async fn move_clock(workspace: &Workspace, scene: &Scene, to: Timestamp) -> Result<Happened, Trouble> {
    let (mut happened, mut stopped) = (Happened::default(), BTreeSet::new());
    let mut now = scene.now();
    for _ in 0..RUNS_MAX {
        let on: Vec<_> = TASKS.iter().filter(|task| !stopped.contains(task.id)).collect();
        let next = on.iter().map(|task| task.due_after(now)).min();
        let Some(at) = next.filter(|at| *at <= to) else { break };
        set_clock(workspace, &scene.id, at).await?;
        for task in on.iter().filter(|task| task.due_after(now) == at) {
            let said = run(workspace, &scene.id, task).await?;
            match said.status {
                StatusCode::PAYMENT_REQUIRED => {
                    // It would be refused again and again until somebody resumes it.
                    stopped.insert(task.id);
                    happened.paused += 1;
                }
                _ if task.fails => happened.failed += 1,
                _ => happened.ran += 1,
            }
        }
        now = at;
    }
    set_clock(workspace, &scene.id, to).await?;
    Ok(happened)
}

async fn set_clock(workspace: &Workspace, organization: &str, to: Timestamp) -> Result<(), Trouble> {
    let path = format!("/sandbox/organizations/{organization}/clock");
    let body = json!({ "to": to.to_string() });
    workspace.api.done(Method::POST, &path, None, Some(&body)).await.map(drop)
}

/// One run of a task, from its start to its end. The answer is that to the start.
async fn run(workspace: &Workspace, organization: &str, task: &Scheduled) -> Result<Said, Trouble> {
    let number = workspace.started.fetch_add(1, Ordering::Relaxed);
    let id = format!("{}-{:x}-{number}", task.id, coulomb_server::clock::now().micros());
    let body = json!({
        "id": id, "kind": "scheduled_run", "hold": task.hold, "task": task.id,
        "metadata": {"title": task.label, "work": "Scheduled run"},
    });
    let said = workspace.api.ask(Method::POST, &of(organization, "/runs"), None, Some(&body)).await?;
    match said.status {
        StatusCode::CREATED => {
            let outcome = if task.fails { "failed" } else { "succeeded" };
            let total = json!({"used": task.uses, "outcome": outcome});
            workspace.api.post(organization, &format!("/runs/{id}/settle"), &total).await?;
            Ok(said)
        }
        StatusCode::PAYMENT_REQUIRED => Ok(said),
        status => Err(Trouble::new(status, said.text("detail"))),
    }
}

/// Runs a task now or resumes it, in the name of the person at the page. What came of it, and how it looks.
pub async fn act(
    workspace: &Workspace,
    scene: &Scene,
    task: &str,
    what: &str,
) -> Result<(&'static str, String), Trouble> {
    let missing = || Trouble::new(StatusCode::NOT_FOUND, "There is no such task.");
    let task = TASKS.iter().find(|known| known.id == task).ok_or_else(missing)?;
    if !scene.me.works() {
        return Ok(("warn", "Viewers start and resume nothing.".into()));
    }
    if what == "resume" {
        let path = of(&scene.id, &format!("/tasks/{}/resume", task.id));
        let said = workspace.api.ask(Method::POST, &path, Some(&scene.me.id), None).await?;
        return Ok(match said.status.is_success() {
            true => ("ok", format!("{} is on again. Missed runs are not made up.", task.label)),
            false => ("warn", said.text("detail").to_owned()),
        });
    }
    let said = run(workspace, &scene.id, task).await?;
    Ok(match said.status {
        StatusCode::PAYMENT_REQUIRED => (
            "stop",
            format!("{} was refused, and waits for someone to resume it. Nothing was charged.", task.label),
        ),
        _ if task.fails => ("warn", format!("{} failed. It is charged for what it used.", task.label)),
        _ => ("ok", format!("{} ran.", task.label)),
    })
}

/// When the current period ends, where there is one.
pub fn renewal(scene: &Scene) -> Option<Timestamp> {
    instant(&scene.balance["period"]["end"])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_is_due_at_its_hour_and_never_twice_at_once() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let [nightly, watch, _] = &TASKS;
        assert_eq!(nightly.due_after(at("2026-02-05T01:59:59Z")), at("2026-02-05T02:00:00Z"));
        assert_eq!(nightly.due_after(at("2026-02-05T02:00:00Z")), at("2026-02-06T02:00:00Z"));
        assert_eq!(watch.due_after(at("2026-02-05T02:00:00Z")), at("2026-02-05T06:00:00Z"));
    }
}
