//! The demonstration's organizations and how each came to be as it is: bought, renewed, refunded and disputed through the
//! sandbox provider's own pages, as people would. What is sent is listed here; how it is sent is in `demo`.

use coulomb_server::clock;
use ledger::{Duration, Timestamp};
use serde_json::{Value, json};

/// An organization and how it came to be as it is.
pub struct Story {
    /// Its id.
    pub id: &'static str,
    /// What it shows.
    pub shows: &'static str,
    /// What is done, in order.
    pub steps: Vec<Step>,
}

/// Something that is done.
pub enum Step {
    /// A call of the API.
    Call(Call),
    /// Somebody buys this and pays with a card that works.
    Buy {
        /// What: a pack or a plan, as the API's checkout takes it.
        wanted: Value,
        /// The card may be charged for automatic purchases.
        automatic: bool,
    },
    /// Somebody does this about their last top-up, in the billing portal.
    AboutTopUp(&'static str),
    /// Until nothing is being bought automatically.
    UntilBought,
}

/// One call, under the organization's path; `/sandbox` before the path means the sandbox's calls.
#[derive(Clone)]
pub struct Call {
    /// The method.
    pub method: &'static str,
    /// What follows the organization's path.
    pub path: String,
    /// What is sent.
    pub body: Value,
    /// It is a start that must be refused.
    pub is_refused: bool,
}

fn call(method: &'static str, path: &str, body: Value) -> Step {
    Step::Call(Call { method, path: path.into(), body, is_refused: false })
}

fn put(path: &str, body: Value) -> Step {
    call("PUT", path, body)
}

fn post(path: &str, body: Value) -> Step {
    call("POST", path, body)
}

fn team() -> Step {
    Step::Buy { wanted: json!({"plan": "team"}), automatic: false }
}

fn pack(key: &str) -> Step {
    Step::Buy { wanted: json!({ "pack": key }), automatic: false }
}

/// What uses this many credits at once.
fn used(run: &str, credits: i64) -> [Step; 2] {
    [start(run, "workflow_run", credits), settle(run, credits)]
}

/// A clock of its own, which stood so long ago.
fn clock_before(days: i64) -> Step {
    let micros = clock::now().micros() - Duration::days(days).micros();
    post("/sandbox/clock", json!({"to": Timestamp::from_micros(micros).to_string()}))
}

fn clock_by(interval: &str) -> Step {
    post("/sandbox/clock", json!({ "by": interval }))
}

fn card(behaviour: &str) -> Step {
    put("/sandbox/card", json!({ "behaviour": behaviour }))
}

fn start(run: &str, kind: &str, hold: i64) -> Step {
    post("/runs", json!({"id": run, "kind": kind, "hold": hold, "member": "cem"}))
}

fn task_start(run: &str, task: &str) -> Step {
    post("/runs", json!({"id": run, "kind": "scheduled_run", "hold": 100, "task": task}))
}

fn settle(run: &str, used: i64) -> Step {
    post(&format!("/runs/{run}/settle"), json!({ "used": used }))
}

fn refused(step: Step) -> Step {
    match step {
        Step::Call(call) => Step::Call(Call { is_refused: true, ..call }),
        other => other,
    }
}

/// Every story, in the order in which they are shown.
pub fn stories() -> Vec<Story> {
    [lively(), in_debt(), subscriptions(), tasks_and_operators()].into_iter().flatten().collect()
}

/// Organizations whose credits come and go.
fn lively() -> Vec<Story> {
    vec![
        story(
            "ok",
            "Credits, and two runs at work.",
            [
                vec![team()],
                used("chat-1", 31).into(),
                vec![start("research-1", "workflow_run", 1_200), start("browser-1", "browser_session", 300)],
            ],
        ),
        story(
            "busy",
            "Three weeks of work, a debt that was settled, credits for some days (test clock).",
            [busy()],
        ),
        story("low", "Fewer credits than the threshold.", [vec![team()], used("import-1", 46_000).into()]),
        story("depleted", "Every credit is spent.", [vec![team()], used("import-1", 50_000).into()]),
        story(
            "insufficient",
            "Some credits; a start that needs more was refused.",
            [
                vec![team()],
                used("import-1", 49_880).into(),
                vec![refused(start("browser-1", "browser_session", 300))],
            ],
        ),
    ]
}

/// What is used on each day until a scan uses more than is left, and on each day after that was paid for.
const BEFORE_THE_SCAN: [i64; 15] =
    [1_900, 2_400, 2_100, 600, 400, 2_900, 3_300, 2_700, 3_100, 2_600, 700, 500, 3_400, 3_800, 3_600];
const AFTER_THE_SCAN: [i64; 7] = [1_200, 1_700, 600, 400, 1_900, 2_200, 1_800];

/// Weeks of work, for a history worth drawing.
fn busy() -> Vec<Step> {
    let mut steps = vec![clock_before(23), team()];
    for (day, credits) in (1..).zip(BEFORE_THE_SCAN) {
        steps.extend(day_of_work(day, credits));
    }
    let left = 50_000 - BEFORE_THE_SCAN.iter().sum::<i64>();
    steps.extend([
        start("quarterly-scan", "workflow_run", 3_000),
        settle("quarterly-scan", left + 1_800),
        refused(start("chat-refused", "chat_message", 10)),
        clock_by("P1D"),
        pack("small"),
        pack("small"),
    ]);
    for (day, credits) in (16..).zip(AFTER_THE_SCAN) {
        steps.extend(day_of_work(day, credits));
    }
    steps.push(start("market-scan", "workflow_run", 900));
    steps
}

/// So many credits over the hours of a day and some kinds of work.
fn day_of_work(day: i64, credits: i64) -> Vec<Step> {
    let kinds = [
        ("chat_message", "cem", 15),
        ("tool_run", "bob", 25),
        ("workflow_run", "ada", 40),
        ("browser_session", "cem", 20),
    ];
    let mut steps = Vec::new();
    for (kind, member, percent) in kinds {
        let (run, used) = (format!("{kind}-{day}"), credits * percent / 100);
        steps.push(post("/runs", json!({"id": run, "kind": kind, "hold": used, "member": member})));
        steps.extend([clock_by("PT1H"), settle(&run, used)]);
    }
    steps.push(clock_by("PT20H"));
    steps
}

/// Organizations that owe credits, or may come to.
fn in_debt() -> Vec<Story> {
    // Included credits are spent first; then what was bought is.
    let spent =
        || [vec![team(), pack("starter")], used("import-1", 50_000).into(), used("agent-1", 1_400).into()];
    let then = |steps: [Vec<Step>; 3], about| {
        steps.into_iter().flatten().chain([Step::AboutTopUp(about)]).collect::<Vec<_>>()
    };
    vec![
        story(
            "in-debt",
            "A run used 320 credits more than there were.",
            [
                vec![team()],
                used("import-1", 49_000).into(),
                vec![
                    start("agent-1", "workflow_run", 400),
                    settle("agent-1", 1_320),
                    refused(start("chat-1", "chat_message", 10)),
                ],
            ],
        ),
        story("refund-debt", "2,000 credits were refunded, 1,400 of them used.", [then(spent(), "refund")]),
        story("dispute-debt", "2,000 credits are disputed, 1,400 of them used.", [then(spent(), "dispute")]),
        story(
            "frozen",
            "10,000 unused credits are disputed; others are there.",
            [vec![team(), pack("small"), Step::AboutTopUp("dispute")]],
        ),
    ]
}

/// Organizations whose subscription is not simply running.
fn subscriptions() -> Vec<Story> {
    vec![
        story(
            "locked",
            "The subscription ended; 20,000 purchased credits are locked (test clock).",
            [vec![
                clock_before(31),
                team(),
                pack("small"),
                pack("small"),
                post("/subscription/cancel", Value::Null),
                clock_by("P1M"),
            ]],
        ),
        story("no-subscription", "Opened, and nothing else.", [vec![]]),
        story(
            "payment-failing",
            "The renewal was not paid two days ago; grace (test clock).",
            [vec![clock_before(33), team(), pack("large"), card("declined"), clock_by("P1M2D")]],
        ),
        story(
            "past-due",
            "It was not paid eight days ago; grace is over (reported by the host).",
            [vec![put("/subscription", past_due())]],
        ),
        story(
            "ending",
            "A cancellation is scheduled; until then everything works.",
            [vec![team(), pack("small"), post("/subscription/cancel", Value::Null)]],
        ),
        story(
            "expiring",
            "15,000 promotional credits expire in three days.",
            [vec![
                team(),
                post(
                    "/grants",
                    json!({"amount": 15_000, "expires_at": days_from_now(3), "reason": "Welcome"}),
                ),
            ]],
        ),
        story(
            "recharge-suspended",
            "Auto-recharge was declined three times (test clock).",
            [
                vec![
                    clock_before(0),
                    Step::Buy { wanted: json!({"plan": "team"}), automatic: true },
                    card("declined"),
                    put("/auto_recharge", json!({"enabled": true, "threshold": 10_000, "amount": 20_000})),
                ],
                used("import-1", 41_000).into(),
                vec![
                    Step::UntilBought,
                    clock_by("PT1H"),
                    Step::UntilBought,
                    clock_by("PT6H"),
                    Step::UntilBought,
                ],
            ],
        ),
    ]
}

/// Organizations with scheduled tasks, and one that the operator stopped.
fn tasks_and_operators() -> Vec<Story> {
    let failed = |number: u32| {
        let run = format!("report-{number}");
        let settled = json!({"used": 5, "outcome": "failed"});
        [task_start(&run, "nightly-report"), post(&format!("/runs/{run}/settle"), settled)]
    };
    vec![
        story(
            "task-paused",
            "A refused start paused a task; credits came since.",
            [
                vec![team()],
                used("import-1", 49_950).into(),
                vec![
                    refused(task_start("report-1", "nightly-report")),
                    pack("large"),
                    refused(task_start("report-2", "nightly-report")),
                ],
            ],
        ),
        story(
            "task-failing",
            "A task failed five times in a row.",
            [vec![team()], (1..=5).flat_map(failed).collect()],
        ),
        story(
            "suspended",
            "The operator stopped all starts.",
            [vec![team(), put("/suspension", json!({"reason": "Unusual traffic is being looked into."}))]],
        ),
    ]
}

/// A subscription as a host with another provider would report it: the sandbox gives up before grace is over.
fn past_due() -> Value {
    json!({
        "status": "past_due", "plan": "team", "cadence": "monthly", "period_start": days_from_now(-8),
        "period_end": days_from_now(22), "past_due_since": days_from_now(-8),
    })
}

fn days_from_now(days: i64) -> String {
    let micros = clock::now().micros() + Duration::days(days).micros();
    Timestamp::from_micros(micros).to_string()
}

/// Opens the organization with its people, then what is told of it.
fn story<const PARTS: usize>(id: &'static str, shows: &'static str, told: [Vec<Step>; PARTS]) -> Story {
    let person = |id: &str, name: &str, role: &str, billing_admin: bool| {
        let email = format!("{id}@example.com");
        let body = json!({"name": name, "email": email, "role": role, "billing_admin": billing_admin});
        put(&format!("/members/{id}"), body)
    };
    let mut steps = vec![
        put("", json!({"name": format!("The {id} company")})),
        person("ada", "Ada Moreau", "owner", false),
        person("bob", "Bob Okafor", "member", true),
        person("cem", "Cem Yıldız", "member", false),
        person("dee", "Dee Larsen", "viewer", false),
    ];
    let told: Vec<Step> = told.into_iter().flatten().collect();
    // A clock of its own comes before everything else: time does not go back.
    let is_clock = |step: &Step| matches!(step, Step::Call(call) if call.path == "/sandbox/clock");
    if told.first().is_some_and(is_clock) {
        let mut told = told.into_iter();
        steps.splice(0..0, told.next());
        steps.extend(told);
    } else {
        steps.extend(told);
    }
    Story { id, shows, steps }
}
