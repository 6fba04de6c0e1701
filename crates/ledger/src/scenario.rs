//! The language of `scenarios/` (see its README): one account's story, told to anything that can act and be looked at.
//! The pure ledger, the engine on each store, and a running server are all told the same stories.

use crate::{
    Account, Credits, Duration, Policy, Timestamp,
    command::{Command, PartKey, Request},
    debt::DebtKind,
    decide::Done,
    event::Actor,
    id::*,
    invariant,
    payment::{DisputeOutcome, PaymentPurpose},
    people::Role,
    recharge::InFlight,
    refusal::Refusal,
    run::{RunOutcome, RunStatus},
    status::ReasonCode,
    subscription::{Cadence, Period, Subscription},
    task::TaskStatus,
};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// A story as its file tells it.
#[derive(Clone, Debug)]
pub struct Story {
    /// Its moral.
    pub name: String,
    /// The rules it shows.
    pub rules: Vec<String>,
    /// The first instant.
    pub at: Timestamp,
    /// What it is decided under.
    pub policy: Policy,
    /// Whether that differs from the defaults.
    pub has_policy: bool,
    steps: Vec<(String, Value, Value)>,
    people: BTreeSet<String>,
}

/// What a world shows when it is looked at. Amounts in credits; what is not listed is nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// `available`, `included`, `purchased`, `promotional`, `locked`, `frozen`, `held`.
    pub amounts: BTreeMap<String, Credits>,
    /// Open debts: kind, id, amount, in the order in which they are settled.
    pub debts: Vec<(String, DebtId, Credits)>,
    /// The status.
    pub status: String,
    /// The codes of all reasons.
    pub reasons: Vec<String>,
    /// Whether some start could be admitted.
    pub can_start: bool,
    /// The purchase in flight.
    pub in_flight: Option<(RechargeId, Credits)>,
    /// Runs by id: their status.
    pub runs: BTreeMap<String, String>,
    /// Tasks by id: their status.
    pub tasks: BTreeMap<String, String>,
    /// Grants by id and by payment: their parts.
    pub grants: BTreeMap<String, BTreeMap<String, Credits>>,
}

/// Something a story can be told to. It begins with an organization that exists, at the story's first instant.
pub trait World {
    /// Moves time forward, and lets what falls due happen.
    fn advance(&mut self, to: Timestamp);
    /// Carries a command out, or says with which codes it is refused; for a start these are all its reasons.
    fn act(
        &mut self,
        command: Command,
        member: Option<MemberId>,
        key: IdempotencyKey,
    ) -> Result<(), Vec<String>>;
    /// What is to be seen now. `runs` names the runs that the story asks about.
    fn look(&mut self, runs: &[RunId]) -> Seen;
}

impl Story {
    /// Reads a story.
    ///
    /// # Panics
    /// Where the file is not in the language: a story is part of the tests.
    pub fn parse(text: &str) -> Story {
        let file: Value = serde_saphyr::from_str(text).expect("a story is YAML");
        let mut policy = Policy::default();
        let changes = file.get("policy").and_then(Value::as_object);
        for (name, value) in changes.into_iter().flatten() {
            change(&mut policy, name, value);
        }
        let mut people = BTreeSet::new();
        let steps = list(&file, "steps").iter().map(|step| {
            let (name, body) =
                step.as_object().and_then(|step| step.iter().next()).expect("a step has a name");
            if let Some(person) = body.get("as").and_then(Value::as_str) {
                people.insert(person.to_owned());
            }
            (name.clone(), body.clone(), step.clone())
        });
        let steps = steps.collect();
        Story {
            name: text_of(&file, "scenario"),
            rules: list(&file, "rules")
                .iter()
                .map(|rule| rule.as_str().expect("a rule").to_owned())
                .collect(),
            at: instant(file.get("at").expect("a story begins")),
            policy,
            has_policy: changes.is_some(),
            steps,
            people,
        }
    }

    /// A story without steps, for whoever drives a world without a file.
    pub fn untold(at: Timestamp, policy: Policy) -> Story {
        Story {
            name: "untold".into(),
            rules: Vec::new(),
            at,
            policy,
            has_policy: false,
            steps: Vec::new(),
            people: BTreeSet::new(),
        }
    }

    /// The people the story names, to be made members before it begins: `owner` owns, others help with billing, and
    /// `operator` is nobody's member.
    pub fn cast(&self) -> Vec<Command> {
        let role = |name: &str| match name {
            "owner" => Role::Owner,
            "viewer" => Role::Viewer,
            "admin" => Role::Admin,
            _ => Role::Member,
        };
        let members = self.people.iter().filter(|name| *name != "operator");
        members
            .map(|name| Command::SetMember {
                member: name.parse().expect("a member's id"),
                name: name.clone(),
                email: None,
                role: role(name),
                billing_admin: Some(name.contains("billing")),
            })
            .collect()
    }

    /// Tells the story.
    ///
    /// # Panics
    /// At the first thing that is not as the story says, naming the step.
    pub fn tell(&self, world: &mut dyn World) {
        let mut teller =
            Teller { story: self, world, now: self.at, keys: BTreeMap::new(), place: String::new() };
        for (number, (name, body, _)) in self.steps.iter().enumerate() {
            teller.place = format!("{}: step {} {name} {body}", self.name, number.saturating_add(1));
            teller.step(number, name, body);
        }
    }
}

struct Teller<'a> {
    story: &'a Story,
    world: &'a mut dyn World,
    now: Timestamp,
    /// The key of each step that was told, so that a step told again is the same attempt.
    keys: BTreeMap<String, IdempotencyKey>,
    place: String,
}

impl Teller<'_> {
    fn step(&mut self, number: usize, name: &str, body: &Value) {
        match name {
            "advance" => {
                let to = match body.get("by").and_then(Value::as_str) {
                    Some(by) => self.now.plus_iso(by).expect("a duration"),
                    None => instant(body.get("to").expect("to or by")),
                };
                self.now = to;
                self.world.advance(to);
            }
            "expect" => self.expect(body),
            _ => self.act(number, name, body),
        }
    }

    fn runs(&self) -> Vec<RunId> {
        let named =
            self.story.steps.iter().filter_map(|(_, body, _)| body.get("run").or_else(|| body.get("id")));
        let ids: BTreeSet<&str> = named.filter_map(Value::as_str).collect();
        ids.into_iter().map(|id| id.parse().expect("a run's id")).collect()
    }

    fn act(&mut self, number: usize, name: &str, body: &Value) {
        let again = body.get("again").is_some_and(|again| again == &Value::Bool(true));
        let mut content = body.clone();
        for mark in ["again", "refused"] {
            content.as_object_mut().expect("a step has fields").remove(mark);
        }
        let content = format!("{name} {content}");
        let fresh: IdempotencyKey = format!("step-{number}").parse().expect("a key");
        let key = if again { self.keys.get(&content).cloned().unwrap_or(fresh) } else { fresh };
        self.keys.insert(content, key.clone());
        let runs = self.runs();
        let before = self.world.look(&runs);
        let command = command(name, body, &before, &key, self.now);
        let person =
            body.get("as").and_then(Value::as_str).filter(|person| *person != "operator" && name != "start");
        let member = person.map(|person| person.parse().expect("a member's id"));
        let refused = self.world.act(command, member, key).err().unwrap_or_default();
        let expected: Vec<String> = match body.get("refused") {
            None => Vec::new(),
            Some(Value::String(code)) => vec![code.clone()],
            Some(Value::Array(codes)) => {
                codes.iter().map(|code| code.as_str().expect("a code").to_owned()).collect()
            }
            Some(other) => panic!("{}: refused {other}", self.place),
        };
        assert_eq!(refused, expected, "{}: refused with", self.place);
        if again {
            assert_eq!(self.world.look(&runs), before, "{}: a repeat changes nothing (R2.4)", self.place);
        }
    }

    fn expect(&mut self, body: &Value) {
        let seen = self.world.look(&self.runs());
        let place = &self.place;
        for (name, wanted) in body.as_object().expect("what is expected") {
            match name.as_str() {
                "status" => assert_eq!(seen.status, wanted.as_str().expect("a status"), "{place}"),
                "can_start" => {
                    assert_eq!(seen.can_start, wanted.as_bool().expect("yes or no"), "{place}: can_start")
                }
                "reasons" => {
                    let wanted: Vec<&str> =
                        wanted.as_array().expect("codes").iter().filter_map(Value::as_str).collect();
                    assert_eq!(seen.reasons, wanted, "{place}: reasons");
                }
                "recharge_requested" => {
                    let wanted = Some(wanted).filter(|wanted| !wanted.is_null()).map(credits);
                    assert_eq!(
                        seen.in_flight.as_ref().map(|(_, credits)| *credits),
                        wanted,
                        "{place}: recharge_requested"
                    );
                }
                "debt" => {
                    for kind in ["outstanding_usage", "refund", "dispute"] {
                        let open: Credits =
                            seen.debts.iter().filter(|(of, ..)| of == kind).map(|(.., open)| *open).sum();
                        let wanted = wanted.get(kind).map_or(Credits::ZERO, credits);
                        assert_eq!(open, wanted, "{place}: debt.{kind}");
                    }
                }
                "runs" => compare(&seen.runs, wanted, place),
                "tasks" => compare(&seen.tasks, wanted, place),
                "grants" => {
                    for (grant, parts) in wanted.as_object().expect("grants") {
                        let known = seen
                            .grants
                            .get(grant)
                            .unwrap_or_else(|| panic!("{place}: there is no grant {grant}"));
                        for (part, wanted) in parts.as_object().expect("parts") {
                            let part_of = known.get(part).copied();
                            assert_eq!(
                                part_of,
                                Some(credits(wanted)),
                                "{place}: {part} of grant {grant}, which is {known:?}"
                            );
                        }
                    }
                }
                amount => {
                    let known = seen
                        .amounts
                        .get(amount)
                        .unwrap_or_else(|| panic!("{place}: nothing is called {amount}"));
                    assert_eq!(*known, credits(wanted), "{place}: {amount}");
                }
            }
        }
    }
}

fn compare(seen: &BTreeMap<String, String>, wanted: &Value, place: &str) {
    for (id, status) in wanted.as_object().expect("ids and statuses") {
        assert_eq!(seen.get(id).map(String::as_str), status.as_str(), "{place}: {id}");
    }
}

/// The command of a step. What a step leaves open, such as which purchase it answers, is looked up in what is seen.
fn command(name: &str, body: &Value, seen: &Seen, key: &IdempotencyKey, now: Timestamp) -> Command {
    let maybe = |field: &str| body.get(field).filter(|value| !value.is_null());
    let amount = |field: &str| maybe(field).map(credits);
    let at = |field: &str| maybe(field).map(instant);
    let minor = |field: &str| maybe(field).and_then(Value::as_i64).expect("minor units");
    let period = || maybe("period").map(period);
    let payment = |purpose| Command::RecordPayment {
        payment: id(body, "payment"),
        purpose,
        paid: minor("paid"),
        currency: "USD".into(),
        credits: amount("credits").or_else(|| amount("included")),
        expires_at: at("expires_at"),
        period: period(),
        recharge: None,
    };
    let in_flight = || {
        seen.in_flight.as_ref().map_or_else(|| "recharge_none".parse().expect("an id"), |(id, _)| id.clone())
    };
    match name {
        "subscription" => Command::ReportSubscription {
            subscription: Subscription {
                status: named(body, "status"),
                plan: maybe("plan").map(|_| id(body, "plan")),
                cadence: maybe("cadence").map_or(Cadence::Monthly, |_| named(body, "cadence")),
                period: period(),
                cancel_at: at("cancel_at"),
                past_due_since: at("past_due_since"),
            },
        },
        "renewal_paid" => payment(PaymentPurpose::Renewal),
        "top_up" => payment(PaymentPurpose::TopUp),
        "repay" => payment(PaymentPurpose::Repayment),
        "recharge_paid" => payment(PaymentPurpose::Recharge),
        "recharge_declined" => {
            Command::DeclineRecharge { recharge: in_flight(), reason: text_of(body, "reason") }
        }
        "promo" => Command::GrantPromotional {
            grant: Some(id(body, "grant")),
            amount: amount("credits").expect("credits"),
            effective_at: at("effective_at"),
            expires_at: at("expires_at"),
            priority: maybe("priority")
                .and_then(Value::as_u64)
                .map(|priority| u32::try_from(priority).expect("a priority")),
            reason: None,
        },
        "start" => Command::Start {
            run: id(body, "run"),
            kind: id(body, "kind"),
            hold: amount("hold"),
            task: maybe("task").map(|_| id(body, "task")),
            member: maybe("as").map(|_| id(body, "as")),
            hold_lifetime: maybe("hold_lifetime").map(|value| duration(value, now)),
            metadata: None,
        },
        "use" => Command::RecordUsage {
            run: id(body, "run"),
            usage: maybe("id").map_or_else(|| key.as_str().parse().expect("an id"), |_| id(body, "id")),
            amount: amount("amount").expect("an amount"),
        },
        "settle" => Command::Settle {
            run: id(body, "run"),
            used: amount("used").expect("what was used"),
            outcome: maybe("outcome").map_or(RunOutcome::Succeeded, |_| named(body, "outcome")),
        },
        "release" => Command::Release { run: id(body, "run") },
        "charge" => Command::Charge {
            run: id(body, "id"),
            kind: id(body, "kind"),
            used: amount("used").expect("what was used"),
            member: maybe("as").map(|_| id(body, "as")),
            metadata: None,
        },
        "refund" => Command::RecordRefund {
            refund: id(body, "refund"),
            payment: id(body, "payment"),
            amount: minor("amount"),
        },
        "refund_failed" => Command::FailRefund { refund: id(body, "refund") },
        "dispute" => Command::OpenDispute {
            dispute: id(body, "dispute"),
            payment: id(body, "payment"),
            amount: minor("amount"),
        },
        "dispute_closed" => {
            let outcome: DisputeOutcome = named(body, "outcome");
            Command::CloseDispute { dispute: id(body, "dispute"), outcome }
        }
        "write_off" => {
            let kind = text_of(body, "debt_kind");
            let oldest = seen.debts.iter().find(|(of, ..)| *of == kind).map(|(_, debt, _)| debt.clone());
            let none = || "debt_none".parse().expect("an id");
            Command::WriteOff {
                debt: oldest.unwrap_or_else(none),
                amount: amount("amount"),
                reason: text_of(body, "reason"),
            }
        }
        "payment_method" => {
            Command::SetPaymentMethod { present: maybe("present") == Some(&Value::Bool(true)) }
        }
        "auto_recharge" => Command::SetAutoRecharge {
            enabled: maybe("enabled") == Some(&Value::Bool(true)),
            threshold: amount("threshold"),
            amount: amount("amount"),
            monthly_limit: amount("monthly_limit"),
        },
        "resume_task" => Command::ResumeTask { task: id(body, "task") },
        "task" => {
            let most = maybe("failures_max").and_then(Value::as_u64).expect("a count");
            Command::SetTask { task: id(body, "task"), failures_max: u32::try_from(most).expect("a count") }
        }
        "suspend" => Command::Suspend { reason: text_of(body, "reason") },
        "unsuspend" => Command::LiftSuspension,
        other => panic!("no step is called {other}"),
    }
}

fn change(policy: &mut Policy, name: &str, value: &Value) {
    match name {
        "max_overrun" => policy.max_overrun = Some(credits(value)),
        "past_due_grace" => policy.past_due_grace = duration(value, Timestamp::MIN),
        "hold_lifetime" => policy.hold_lifetime = duration(value, Timestamp::MIN),
        "low_balance" => policy.low_balance = credits(value),
        "purchased_lifetime" => {
            let months = value
                .as_str()
                .and_then(|text| text.strip_prefix('P')?.strip_suffix('M'))
                .expect("months, such as P6M");
            policy.purchased_lifetime_months = months.parse().expect("months");
        }
        "kinds" => {
            for (key, changes) in value.as_object().expect("kinds") {
                let kind = policy.kinds.get_mut(key.as_str()).expect("a kind of the catalogue");
                kind.allowance = changes.get("allowance").map_or(kind.allowance, credits);
                kind.default_hold = changes.get("default_hold").map_or(kind.default_hold, credits);
            }
        }
        other => panic!("no policy is called {other}"),
    }
}

fn list<'a>(value: &'a Value, field: &str) -> &'a [Value] {
    value.get(field).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn text_of(value: &Value, field: &str) -> String {
    value.get(field).and_then(Value::as_str).unwrap_or_else(|| panic!("{field} of {value}")).to_owned()
}

fn id<T: std::str::FromStr>(value: &Value, field: &str) -> T {
    text_of(value, field).parse().unwrap_or_else(|_| panic!("{field} of {value} is an id"))
}

fn named<T: serde::de::DeserializeOwned>(value: &Value, field: &str) -> T {
    serde_json::from_value(value.get(field).cloned().unwrap_or(Value::Null))
        .unwrap_or_else(|_| panic!("{field} of {value}"))
}

fn instant(value: &Value) -> Timestamp {
    value.as_str().and_then(|text| text.parse().ok()).unwrap_or_else(|| panic!("{value} is an instant"))
}

fn period(value: &Value) -> Period {
    match value.as_array().map(Vec::as_slice) {
        Some([start, end]) => Period { start: instant(start), end: instant(end) },
        _ => panic!("{value} is a period"),
    }
}

fn duration(value: &Value, from: Timestamp) -> Duration {
    value
        .as_str()
        .and_then(|text| from.plus_iso(text))
        .unwrap_or_else(|| panic!("{value} is a duration"))
        .since(from)
}

fn credits(value: &Value) -> Credits {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    text.parse().unwrap_or_else(|why| panic!("{value}: {why}"))
}

/// The pure ledger as a world. After every command it checks the invariants, and that folding the events gives the same
/// account; told to forget, it also sheds all that is closed and recalls what commands name, as a store would have it.
pub struct LedgerWorld {
    account: Account,
    /// Folds the same events and never forgets.
    twin: Account,
    /// Every event's stored bytes, in order.
    history: Vec<Vec<u8>>,
    policy: Policy,
    now: Timestamp,
    forgets: bool,
    written: Written,
}

/// Parts that were written away, by the keys they are recalled with.
#[derive(Default)]
struct Written {
    runs: BTreeMap<RunId, crate::run::Run>,
    grants: BTreeMap<GrantId, crate::grant::Grant>,
    debts: BTreeMap<DebtId, crate::debt::Debt>,
    payments: BTreeMap<PaymentId, crate::payment::Payment>,
    answers: BTreeMap<IdempotencyKey, crate::account::Answered>,
}

impl LedgerWorld {
    /// A world for this story; one that forgets keeps nothing in hand that is closed.
    pub fn new(story: &Story, forgets: bool) -> LedgerWorld {
        let organization: OrganizationId = "org".parse().expect("an id");
        let account = Account::new(organization);
        let mut world = LedgerWorld {
            twin: account.clone(),
            history: Vec::new(),
            account,
            policy: story.policy.clone(),
            now: story.at,
            forgets,
            written: Written::default(),
        };
        let opening = Command::NameOrganization { name: "Organization".into() };
        for command in std::iter::once(opening).chain(story.cast()) {
            world.execute(command, None, None).expect("the cast is in order");
        }
        world
    }

    /// Carries a command out and checks everything that must hold after it.
    ///
    /// # Errors
    /// The refusal.
    ///
    /// # Panics
    /// Where an invariant is broken.
    pub fn execute(
        &mut self,
        command: Command,
        member: Option<MemberId>,
        key: Option<IdempotencyKey>,
    ) -> Result<Done, Refusal> {
        let request = Request::new(command, Actor { key: None, member }, key);
        for part in request.parts() {
            self.recall(&part);
        }
        let answer = self.account.execute(&self.policy, &request, self.now);
        let mut sum = Credits::ZERO;
        for recorded in &answer.events {
            self.history.push(serde_json::to_vec(recorded).expect("an event is plain data"));
            self.twin.apply(recorded);
            sum = crate::posting::postings(recorded)
                .into_iter()
                .map(|posting| posting.amount)
                .fold(sum, Credits::plus);
        }
        assert_eq!(sum, Credits::ZERO, "postings of an event sum to zero");
        invariant::check(&self.account).expect("R13");
        invariant::check_whole(&self.twin).expect("R13");
        invariant::check_settled(&self.account, &self.policy).expect("R7.3");
        if self.forgets {
            self.forget();
        } else {
            assert_eq!(self.account, self.twin, "folding the events gives the account (R2.2)");
        }
        answer.result
    }

    /// The account, with all it ever was.
    pub fn whole(&self) -> &Account {
        &self.twin
    }

    /// Every event's stored bytes, in order.
    pub fn history(&self) -> &[Vec<u8>] {
        &self.history
    }

    fn forget(&mut self) {
        let changes = self.account.changes();
        self.written.runs.extend(changes.runs().map(|run| (run.id.clone(), run.clone())));
        self.written.grants.extend(changes.grants().map(|grant| (grant.id.clone(), grant.clone())));
        self.written.debts.extend(changes.debts().map(|debt| (debt.id.clone(), debt.clone())));
        self.written.payments.extend(changes.payments().map(|payment| (payment.id.clone(), payment.clone())));
        self.written.answers.extend(changes.answers().map(|(key, answer)| (key.clone(), answer.clone())));
        self.account.written();
    }

    fn recall(&mut self, key: &PartKey) {
        use crate::account::Part;
        if self.account.has(key) {
            return;
        }
        let written = &self.written;
        let payment = match key {
            PartKey::Run(run) => {
                written
                    .runs
                    .get(run)
                    .cloned()
                    .map(Part::Run)
                    .into_iter()
                    .for_each(|part| self.account.recall(part));
                return;
            }
            PartKey::Idempotency(key) => {
                let answered =
                    written.answers.get(key).cloned().map(|answered| Part::Answered(key.clone(), answered));
                answered.into_iter().for_each(|part| self.account.recall(part));
                return;
            }
            PartKey::Grant(grant) => {
                written
                    .grants
                    .get(grant)
                    .cloned()
                    .map(|grant| Part::Grant(grant, crate::grant::Written::Nowhere))
                    .into_iter()
                    .for_each(|part| self.account.recall(part));
                return;
            }
            PartKey::Debt(debt) => {
                let debt = written.debts.get(debt);
                debt.cloned().map(Part::Debt).into_iter().for_each(|part| self.account.recall(part));
                debt.and_then(|debt| debt.origin.payment().cloned())
            }
            PartKey::Payment(payment) => Some(payment.clone()),
            PartKey::Refund(id) => {
                let of = |payment: &&crate::payment::Payment| {
                    payment.refunds.iter().any(|refund| refund.id == *id)
                };
                written.payments.values().find(of).map(|payment| payment.id.clone())
            }
            PartKey::Dispute(id) => {
                let of = |payment: &&crate::payment::Payment| {
                    payment.disputes.iter().any(|dispute| dispute.id == *id)
                };
                written.payments.values().find(of).map(|payment| payment.id.clone())
            }
        };
        let Some(id) = payment else { return };
        let grants = written
            .grants
            .values()
            .filter(|grant| grant.payment.as_ref() == Some(&id))
            .cloned()
            .map(|grant| Part::Grant(grant, crate::grant::Written::Nowhere));
        let debts =
            written.debts.values().filter(|debt| debt.origin.payment() == Some(&id)).cloned().map(Part::Debt);
        let family =
            written.payments.get(&id).cloned().map(Part::Payment).into_iter().chain(grants).chain(debts);
        for part in family.collect::<Vec<_>>() {
            self.account.recall(part);
        }
    }
}

impl World for LedgerWorld {
    fn advance(&mut self, to: Timestamp) {
        self.now = to;
        self.execute(Command::Observe, None, None).expect("looking is not refused");
    }

    fn act(
        &mut self,
        command: Command,
        member: Option<MemberId>,
        key: IdempotencyKey,
    ) -> Result<(), Vec<String>> {
        self.execute(command, member, Some(key)).map(|_| ()).map_err(|refusal| codes(&refusal))
    }

    fn look(&mut self, _: &[RunId]) -> Seen {
        let balance = self.account.balance(&self.policy, self.now, &Actor::default());
        let whole = self.twin.balance(&self.policy, self.now, &Actor::default());
        assert_eq!(balance, whole, "what is shed does not matter");
        look(&self.twin, &self.policy, self.now)
    }
}

/// The codes a refusal is compared by: all reasons of a start, else its one code.
pub fn codes(refusal: &Refusal) -> Vec<String> {
    match refusal {
        Refusal::Start(start) => start.reasons.iter().map(|reason| reason.code.as_str().to_owned()).collect(),
        other => vec![other.code().to_owned()],
    }
}

/// What is to be seen of an account of which nothing was shed.
pub fn look(account: &Account, policy: &Policy, now: Timestamp) -> Seen {
    let balance = account.balance(policy, now, &Actor::default());
    let amounts = [
        ("available", balance.available),
        ("included", balance.included),
        ("purchased", balance.purchased),
        ("promotional", balance.promotional),
        ("locked", balance.locked),
        ("frozen", balance.frozen),
        ("held", balance.held),
    ];
    let kind = |kind: DebtKind| match kind {
        DebtKind::OutstandingUsage => "outstanding_usage",
        DebtKind::Refund => "refund",
        DebtKind::Dispute => "dispute",
    };
    let mut grants = BTreeMap::new();
    for grant in account.grants() {
        let parts = [
            ("free", grant.free),
            ("held", grant.held),
            ("used", grant.used),
            ("settled", grant.settled),
            ("frozen", grant.frozen),
            ("expired", grant.expired),
            ("revoked", grant.revoked),
        ];
        let parts: BTreeMap<String, Credits> = parts.map(|(name, part)| (name.to_owned(), part)).into();
        if let Some(payment) = &grant.payment {
            grants.insert(payment.to_string(), parts.clone());
        }
        grants.insert(grant.id.to_string(), parts);
    }
    Seen {
        amounts: amounts.map(|(name, amount)| (name.to_owned(), amount)).into(),
        debts: account
            .open_debts()
            .into_iter()
            .map(|debt| (kind(debt.kind).to_owned(), debt.id.clone(), debt.open))
            .collect(),
        status: balance.status().map_or("ok", ReasonCode::as_str).to_owned(),
        reasons: balance.reasons.iter().map(|reason| reason.code.as_str().to_owned()).collect(),
        can_start: balance.can_start(),
        in_flight: balance.auto_recharge.in_flight.clone().map(|InFlight { id, credits, .. }| (id, credits)),
        runs: account.runs().map(|run| (run.id.to_string(), run_status(run.status).to_owned())).collect(),
        tasks: account
            .core()
            .tasks
            .iter()
            .map(|(id, task)| (id.to_string(), task_status(task.status).to_owned()))
            .collect(),
        grants,
    }
}

/// A run's status as it is called.
pub fn run_status(status: RunStatus) -> &'static str {
    match status {
        RunStatus::Running => "running",
        RunStatus::Settled => "settled",
        RunStatus::Released => "released",
        RunStatus::Lapsed => "lapsed",
    }
}

/// A task's status as it is called.
pub fn task_status(status: TaskStatus) -> &'static str {
    match status {
        TaskStatus::Active => "active",
        TaskStatus::PausedForCredits => "paused_for_credits",
        TaskStatus::NeedsAttention => "needs_attention",
    }
}
