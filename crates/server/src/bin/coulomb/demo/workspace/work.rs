//! The work that the workspace does: what each kind sets aside and uses, and how a run is started, metered step by step and
//! settled. No model is asked; what a run costs differs from run to run, and is sometimes more than was set aside, as
//! with real ones.

use super::{
    Workspace,
    api::{Said, Trouble, grouped, of, whole},
    room::{Job, Stands},
    scene::Scene,
};
use axum::http::StatusCode;
use coulomb_server::clock;
use reqwest::Method;
use serde_json::json;
use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

/// One thing that the workspace can do.
pub struct Work {
    /// How forms name it.
    pub key: &'static str,
    /// The kind of work, in Coulomb's catalogue.
    pub kind: &'static str,
    /// What people call it.
    pub label: &'static str,
    /// What it does.
    pub says: &'static str,
    /// What it costs, roughly.
    pub cost: &'static str,
    /// Its icon.
    pub icon: &'static str,
    /// What is set aside for it.
    pub hold: i64,
    /// In how many steps it goes.
    pub steps: u32,
    /// How long each takes.
    pub pace: Duration,
    /// What a step uses: at least this, and up to so many more.
    uses: (i64, i64),
    /// What is asked of it where nobody says.
    pub example: &'static str,
}

/// Everything it can do. The first is what the composer sends.
pub const WORKS: [Work; 5] = [
    Work {
        key: "chat",
        kind: "chat_message",
        label: "Chat message",
        says: "Answers a question",
        cost: "About 20 to 65 credits",
        icon: "chat",
        hold: 60,
        steps: 2,
        pace: Duration::from_millis(700),
        uses: (10, 23),
        example: "",
    },
    Work {
        key: "company-lookup",
        kind: "tool_run",
        label: "Company lookup",
        says: "Registers, filings and owners of a firm",
        cost: "About 40 to 60 credits",
        icon: "tool",
        hold: 50,
        steps: 3,
        pace: Duration::from_millis(900),
        uses: (13, 7),
        example: "Brevik Timber AS",
    },
    Work {
        key: "document-summary",
        kind: "tool_run",
        label: "Document summary",
        says: "Any file up to 400 pages",
        cost: "About 80 to 120 credits",
        icon: "bill",
        hold: 100,
        steps: 4,
        pace: Duration::from_millis(900),
        uses: (20, 11),
        example: "Tender of the harbour office, 48 pages",
    },
    Work {
        key: "browser-session",
        kind: "browser_session",
        label: "Browser session",
        says: "Reads and fills pages on your behalf",
        cost: "About 210 to 360 credits",
        icon: "globe",
        hold: 300,
        steps: 6,
        pace: Duration::from_millis(1_100),
        uses: (35, 26),
        example: "Supplier portal: fetch last month’s invoices",
    },
    Work {
        key: "market-scan",
        kind: "workflow_run",
        label: "Market scan",
        says: "Twelve steps over sources that you choose",
        cost: "About 1,800 to 3,000 credits",
        icon: "flow",
        hold: 2_400,
        steps: 12,
        pace: Duration::from_millis(1_000),
        uses: (150, 101),
        example: "Nordic cables",
    },
];

/// The longest message that is taken.
const TEXT_MAX: usize = 2_000;

impl Work {
    /// By its key.
    pub fn find(key: &str) -> Option<&'static Work> {
        WORKS.iter().find(|work| work.key == key)
    }

    /// What a step of the nth run uses. Neighbours differ, and the same run always costs the same.
    fn uses_at(&self, number: u64, step: u32) -> i64 {
        let (least, more) = self.uses;
        let mixed = number.wrapping_mul(2_654_435_761).wrapping_add(u64::from(step) * 40_503) >> 3;
        least + i64::try_from(mixed % more.unsigned_abs()).unwrap_or(0)
    }
}

/// Starts work for the person at the page: asks Coulomb first, in their name, and goes on by itself where it may. The answer
/// is Coulomb's, also where it is a refusal.
pub async fn start(
    workspace: &Arc<Workspace>,
    scene: &Scene,
    key: &str,
    text: &str,
) -> Result<Said, Trouble> {
    let missing = || Trouble::new(StatusCode::UNPROCESSABLE_ENTITY, "There is no such work.");
    let work = Work::find(key).ok_or_else(missing)?;
    let text = match text.trim() {
        "" if work.example.is_empty() => {
            return Err(Trouble::new(StatusCode::UNPROCESSABLE_ENTITY, "Write a message first."));
        }
        "" => work.example,
        text => text,
    };
    if text.len() > TEXT_MAX {
        return Err(Trouble::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "This is too long: 2,000 letters at most.",
        ));
    }
    let number = workspace.started.fetch_add(1, Ordering::Relaxed);
    let run = format!("{}-{:x}-{number}", work.key, clock::now().micros());
    let title: String = text.chars().take(80).collect();
    let body = json!({
        "id": run, "kind": work.kind, "hold": work.hold, "member": scene.me.id, "metadata": {"title": title, "work": work.label},
    });
    let said =
        workspace.api.ask(Method::POST, &of(&scene.id, "/runs"), Some(&scene.me.id), Some(&body)).await?;
    if said.status == StatusCode::CREATED {
        let job = Job {
            run: run.clone(),
            work: work.key,
            text: text.into(),
            who: scene.me.name.clone(),
            at: scene.now(),
            stands: Stands::Running(0),
            used: 0,
            output: String::new(),
        };
        workspace.rooms().of(&scene.id).begin(job);
        tokio::spawn(carry_out(Arc::clone(workspace), scene.id.clone(), run, work, number));
    }
    Ok(said)
}

/// Does the work and meters it. What has started is finished, whatever becomes of the balance meanwhile.
async fn carry_out(
    workspace: Arc<Workspace>,
    organization: String,
    run: String,
    work: &'static Work,
    number: u64,
) {
    let metered = meter(&workspace, &organization, &run, work, number).await;
    let mut rooms = workspace.rooms();
    let Some(job) = rooms.of(&organization).job(&run) else { return };
    match metered {
        Ok(used) => {
            (job.stands, job.used) = (Stands::Done, used);
            job.output = output(work, &job.text, used);
        }
        Err(trouble) => {
            job.stands = Stands::Failed;
            job.output = format!("It could not be finished. {}", trouble.said());
        }
    }
}

async fn meter(
    workspace: &Workspace,
    organization: &str,
    run: &str,
    work: &Work,
    number: u64,
) -> Result<i64, Trouble> {
    let mut used = 0_i64;
    for step in 0..work.steps {
        tokio::time::sleep(work.pace).await;
        let amount = work.uses_at(number, step);
        used = used.saturating_add(amount);
        let usage = json!({"id": format!("step-{step}"), "amount": amount});
        workspace.api.post(organization, &format!("/runs/{run}/usage"), &usage).await?;
        if let Some(job) = workspace.rooms().of(organization).job(run) {
            (job.stands, job.used) = (Stands::Running(step + 1), used);
        }
    }
    let total = json!({ "used": used });
    let settled = workspace.api.post(organization, &format!("/runs/{run}/settle"), &total).await?;
    Ok(whole(&settled["run"]["used"]))
}

/// What came of it.
fn output(work: &Work, text: &str, used: i64) -> String {
    let about = match (used - work.hold).cmp(&0) {
        std::cmp::Ordering::Greater => {
            format!("{} more than the {}", grouped(used - work.hold), grouped(work.hold))
        }
        _ => format!("{} of the {}", grouped(used), grouped(work.hold)),
    };
    let cost = format!("It used {about} credits that were reserved.");
    let said = match work.key {
        "chat" => {
            "This workspace asks no model, so there is no real answer. What is real is the metering: the message was admitted before it ran, and charged for what it used."
        }
        "company-lookup" => {
            "Registered in 1998, two owners, filings complete, no open proceedings. A pretended result, kept with the run."
        }
        "document-summary" => {
            "Three offers meet the date, two name a fixed price, one has no penalty clause. A pretended result, kept with the run."
        }
        "browser-session" => {
            "Signed in, four invoices found and saved, signed out. A pretended result, kept with the run."
        }
        _ => {
            "Twelve sources read, forty firms found, nine of them new since the last scan. A pretended result, kept with the run."
        }
    };
    format!("{text}: {said} {cost}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cost(work: &Work, number: u64) -> i64 {
        (0..work.steps).map(|step| work.uses_at(number, step)).sum()
    }

    #[test]
    fn work_costs_now_less_and_now_more_than_was_set_aside() {
        for work in &WORKS {
            let costs: Vec<i64> = (0..200).map(|number| cost(work, number)).collect();
            assert!(costs.iter().any(|cost| *cost > work.hold), "{} never overruns", work.key);
            assert!(costs.iter().any(|cost| *cost < work.hold), "{} always overruns", work.key);
            assert!(costs.iter().all(|cost| *cost < work.hold * 3 / 2), "{}: {costs:?}", work.key);
        }
    }
}
