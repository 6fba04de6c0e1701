//! Several engines on one database, each with memory of its own: whichever is asked answers as one account would (T1, T2).
//! Organizations that have a clock of their own make what happens repeatable; a seed says what is asked of whom.

use super::{
    JANUARY, ask, chance::Chance, credits, fund, organization, place::Place, promotional, seen, settle, start,
};
use coulomb_server::{
    clock,
    engine::{Engine, EngineError, Object, Receipt},
};
use ledger::{
    Account, Duration, Policy, Timestamp,
    command::{Command, Request},
    decide::Done,
    event::{Actor, Event, Recorded},
    id::{IdempotencyKey, OrganizationId},
    payment::{DisputeOutcome, PaymentPurpose},
    refusal::Refusal,
};
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};
use store::{Store, record, verify::verify};
use tokio::task::JoinSet;

/// Engines on one database.
fn engines(place: &Place, count: usize) -> Vec<Engine> {
    (0..count).map(|_| place.engine()).collect()
}

/// Every event there is of an organization, without a gap.
fn history(store: &dyn Store, organization: &OrganizationId) -> Vec<Recorded> {
    let mut history: Vec<Recorded> = Vec::new();
    loop {
        let after = history.last().map_or(0, |recorded| recorded.seq);
        let page = store.events(organization, after, 1_000).unwrap();
        if page.is_empty() {
            return history;
        }
        for stored in page {
            assert_eq!(stored.seq, history.last().map_or(1, |recorded| recorded.seq + 1), "a gap");
            history.push(record::decode(&stored.bytes).unwrap());
        }
    }
}

/// Everything that is stored follows from its events.
#[track_caller]
fn is_proven(engine: &Engine) {
    let verified = verify(&**engine.store(), &Policy::default()).unwrap();
    assert_eq!(verified.violation, None);
}

/// Starts that many runs at once, spread over the engines, and counts those that are admitted; all others are refused for
/// credits.
async fn admitted(engines: &[Engine], id: &str, clients: usize, hold: i64) -> usize {
    let mut starts = JoinSet::new();
    for client in 0..clients {
        let (engine, id) = (engines[client % engines.len()].clone(), organization(id));
        starts.spawn(async move { engine.execute(id, ask(start(&format!("run-{client}"), hold))).await });
    }
    let mut admitted = 0;
    while let Some(answer) = starts.join_next().await {
        match answer.unwrap() {
            Ok(_) => admitted += 1,
            Err(EngineError::Refused(Refusal::Start(_))) => {}
            Err(error) => panic!("{error}"),
        }
    }
    admitted
}

#[tokio::test(flavor = "multi_thread")]
async fn incident_litellm_40095_twenty_starts_of_75_on_500_over_three_servers_admit_exactly_six() {
    let place = Place::database();
    let engines = engines(&place, 3);
    for number in 0..10 {
        let id = format!("org-{number}");
        fund(&engines[number % 3], &id, 500).await;
        assert_eq!(admitted(&engines, &id, 20, 75).await, 6);
    }
    is_proven(&engines[0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_thousand_at_once_over_three_servers_exactly_those_win_that_there_is_room_for() {
    let place = Place::database();
    let engines = engines(&place, 3);
    for room in [1, 2, 3, 7, 13, 29, 50] {
        let id = format!("room-for-{room}");
        fund(&engines[0], &id, room * 10 + 9).await;
        let expected = usize::try_from(room).unwrap();
        assert_eq!(admitted(&engines, &id, 1_000, 10).await, expected, "room for {room}");
    }
    is_proven(&engines[1]);
}

#[tokio::test]
async fn what_one_server_answered_every_other_knows_at_once() {
    let place = Place::database();
    let engines = engines(&place, 3);
    let org = organization("org");
    fund(&engines[0], "org", 10).await;
    let known = async |expected: i64| {
        for engine in &engines {
            let available = engine.view(org.clone(), |view| view.account.available(view.now)).await.unwrap();
            assert_eq!(available, credits(expected));
        }
    };
    for number in 0..30 {
        let [one, other, third] = [0, 1, 2].map(|ahead| &engines[(number + ahead) % 3]);
        known(10).await;
        let run = format!("run-{number}");
        one.execute(org.clone(), ask(start(&run, 10))).await.unwrap();
        known(0).await;
        let refused = third.execute(org.clone(), ask(start("too-much", 10))).await.unwrap_err();
        assert!(matches!(refused, EngineError::Refused(Refusal::Start(_))), "{refused}");
        let settled = other.execute(org.clone(), ask(settle(&run, 10))).await.unwrap();
        assert!(matches!(&settled.shown.object, Object::Run(run) if run.used == credits(10)));
        // The last thing the third has said is that there is nothing.
        let grant = Command::GrantPromotional {
            grant: Some(format!("grant-{number}").parse().unwrap()),
            amount: credits(10),
            effective_at: None,
            expires_at: None,
            priority: None,
            reason: None,
        };
        one.execute(org.clone(), ask(grant)).await.unwrap();
        let perhaps = third.preview(org.clone(), ask(start("perhaps", 10))).await.unwrap();
        assert_eq!(perhaps.shown.balance.available, credits(0));
        let then = format!("then-{number}");
        third.execute(org.clone(), ask(start(&then, 10))).await.unwrap();
        known(0).await;
        other.execute(org.clone(), ask(settle(&then, 0))).await.unwrap();
    }
    is_proven(&engines[0]);
}

#[tokio::test]
async fn a_repeat_gets_the_first_answer_from_whichever_server_it_asks() {
    let place = Place::database();
    let engines = engines(&place, 3);
    let org = organization("org");
    engines[0].execute(org.clone(), ask(Command::SetTestClock { to: JANUARY })).await.unwrap();
    fund(&engines[0], "org", 1_000).await;
    let keyed = |key: &str, name: &str| {
        let command = Command::NameOrganization { name: name.into() };
        Request::new(command, Actor::default(), Some(key.parse().unwrap()))
    };
    for number in 0..20 {
        let (one, other) = (&engines[number % 3], &engines[(number + 1) % 3]);
        let run = format!("run-{number}");
        // The other remembers the account as it was before.
        other.view(org.clone(), |view| view.account.version()).await.unwrap();
        let first = one.execute(org.clone(), ask(start(&run, 10))).await.unwrap();
        let again = other.execute(org.clone(), ask(start(&run, 10))).await.unwrap();
        assert!(!first.replayed && again.replayed);
        assert_eq!(seen(&again), seen(&first));
        let changed = other.execute(org.clone(), ask(start(&run, 11))).await.unwrap_err();
        assert!(matches!(changed, EngineError::Refused(Refusal::Conflict { .. })), "{changed}");

        let (key, name) = (format!("key-{number}"), format!("Name {number}"));
        let first = one.execute(org.clone(), keyed(&key, &name)).await.unwrap();
        let again = other.execute(org.clone(), keyed(&key, &name)).await.unwrap();
        assert!(!first.replayed && again.replayed);
        assert_eq!(seen(&again), seen(&first));
        let changed = other.execute(org.clone(), keyed(&key, "Another")).await.unwrap_err();
        assert!(matches!(changed, EngineError::Refused(Refusal::Conflict { .. })), "{changed}");
    }
    is_proven(&engines[2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_the_same_attempt_on_every_server_at_once_one_is_the_first_and_all_get_its_answer() {
    let place = Place::database();
    let engines = engines(&place, 3);
    engines[0].execute(organization("org"), ask(Command::SetTestClock { to: JANUARY })).await.unwrap();
    fund(&engines[0], "org", 1_000).await;
    for number in 0..30 {
        let mut attempts = JoinSet::new();
        for attempt in 0..6 {
            let engine = engines[attempt % 3].clone();
            attempts.spawn(async move {
                engine.execute(organization("org"), ask(start(&format!("run-{number}"), 10))).await.unwrap()
            });
        }
        let answers: Vec<Receipt> = attempts.join_all().await;
        assert_eq!(answers.iter().filter(|answer| !answer.replayed).count(), 1, "run {number}");
        let first = seen(&answers[0]);
        assert!(answers.iter().all(|answer| seen(answer) == first), "run {number}");
    }
    let held = engines[1].view(organization("org"), |view| view.account.held()).await.unwrap();
    assert_eq!(held, credits(300));
    is_proven(&engines[2]);
}

impl Chance {
    fn command(&mut self, now: Timestamp) -> Command {
        match self.below(100) {
            0..30 => Command::Start {
                run: self.name("run-", 200),
                kind: "tool_run".parse().unwrap(),
                hold: Some(credits(self.amount(60))),
                task: Some(self.name("task-", 3)),
                member: None,
                hold_lifetime: Some(Duration::hours(1 + self.amount(48))),
                metadata: None,
            },
            30..45 => Command::Settle {
                run: self.name("run-", 200),
                used: credits(self.amount(80)),
                outcome: Default::default(),
            },
            45..50 => Command::Release { run: self.name("run-", 200) },
            50..56 => Command::RecordUsage {
                run: self.name("run-", 200),
                usage: self.name("usage-", 4),
                amount: credits(self.amount(30)),
            },
            56..60 => Command::Charge {
                run: self.name("run-", 200),
                kind: "background".parse().unwrap(),
                used: credits(self.amount(40)),
                member: None,
                metadata: None,
            },
            60..66 => Command::GrantPromotional {
                grant: Some(self.name("grant-", 30)),
                amount: credits(1 + self.amount(100)),
                effective_at: Some(now.after(Duration::hours(self.amount(24)))),
                expires_at: Some(now.after(Duration::days(2 + self.amount(9)))),
                priority: None,
                reason: None,
            },
            66..76 => Command::RecordPayment {
                payment: self.name("payment-", 40),
                purpose: PaymentPurpose::TopUp,
                paid: 100 + self.amount(3) * 50,
                currency: "USD".into(),
                credits: Some(credits(50 + self.amount(200))),
                expires_at: None,
                period: None,
                recharge: None,
            },
            76..81 => Command::RecordRefund {
                refund: self.name("refund-", 20),
                payment: self.name("payment-", 40),
                amount: self.amount(150),
            },
            81..83 => Command::FailRefund { refund: self.name("refund-", 20) },
            83..86 => Command::OpenDispute {
                dispute: self.name("dispute-", 10),
                payment: self.name("payment-", 40),
                amount: self.amount(150),
            },
            86..88 => Command::CloseDispute {
                dispute: self.name("dispute-", 10),
                outcome: if self.below(2) == 0 { DisputeOutcome::Won } else { DisputeOutcome::Lost },
            },
            88..90 => Command::Suspend { reason: "test".into() },
            90..94 => Command::LiftSuspension,
            94..96 => {
                Command::SetTask { task: self.name("task-", 3), failures_max: 1 + self.below(5) as u32 }
            }
            _ => Command::SetTestClock { to: now.after(Duration::hours(self.amount(30))) },
        }
    }
}

/// One account, as it is with nobody else and nothing stored.
struct Reference {
    account: Account,
    policy: Policy,
    history: Vec<Recorded>,
    /// What the decision showed first that ended with this event.
    shown: Vec<(u64, Receipt)>,
}

impl Reference {
    fn now(&self) -> Timestamp {
        self.account.core().test_clock.unwrap_or(JANUARY).max(self.account.core().last)
    }

    fn decide(&mut self, request: &Request) -> Result<Done, Refusal> {
        let now = self.now();
        let answer = self.account.execute(&self.policy, request, now);
        self.history.extend(answer.events);
        answer.result
    }

    /// Whether this is how one account answers.
    fn compare(&mut self, request: &Request, answer: Result<Receipt, EngineError>, place: &str) {
        match (self.decide(request), answer) {
            (Ok(Done::Replayed { seq }), Ok(receipt)) => {
                assert!(receipt.replayed, "{place}");
                // A lapsed hold answers, too, and nobody was shown that.
                let first = self.shown.iter().find(|(end, _)| *end >= seq);
                if let Some((_, first)) = first.filter(|_| self.answered(request, seq)) {
                    assert_eq!(seen(&receipt), seen(first), "{place}");
                }
            }
            (Ok(done), Ok(receipt)) => {
                let balance = self.account.balance(&self.policy, self.now(), &Actor::default());
                assert_eq!(receipt.shown.balance, balance, "{place}");
                assert_eq!((receipt.replayed, receipt.waiting), (false, done == Done::Waiting), "{place}");
                self.shown.push((self.account.version(), receipt));
            }
            (Err(refusal), Err(EngineError::Refused(refused))) => assert_eq!(refused, refusal, "{place}"),
            (expected, answer) => panic!("{place}: {answer:?} where one account says {expected:?}"),
        }
    }

    /// Whether this event is the answer to this very request.
    fn answered(&self, request: &Request, seq: u64) -> bool {
        let event = self.history.iter().find(|recorded| recorded.seq == seq).unwrap();
        event.asked.is_some() && request.parts().len() < 3
    }
}

/// One script of random operations, each asked of a random server.
async fn one_script(engines: &[Engine], seed: u64, steps: usize) {
    let mut chance = Chance::of(seed);
    let org = organization(&format!("script-{seed}"));
    let mut reference = Reference {
        account: Account::new(org.clone()),
        policy: Policy::default(),
        history: Vec::new(),
        shown: Vec::new(),
    };
    let key = |step: usize| -> Option<IdempotencyKey> { Some(format!("step-{step}").parse().unwrap()) };
    let opening = [
        Command::SetTestClock { to: JANUARY },
        Command::NameOrganization { name: "Organization".into() },
        promotional(500),
    ];
    let mut asked: Vec<Request> = Vec::new();
    for step in 0..steps {
        let request = match opening.get(step) {
            Some(command) => ask(command.clone()),
            None if chance.below(8) == 0 => {
                asked[usize::try_from(chance.below(asked.len() as u64)).unwrap()].clone()
            }
            None => {
                let command = chance.command(reference.now());
                let key = if matches!(command, Command::SetTestClock { .. }) { None } else { key(step) };
                Request::new(command, Actor::default(), key)
            }
        };
        let place = format!("seed {seed}, step {step}, {:?}", request.command());
        let engine = &engines[usize::try_from(chance.below(engines.len() as u64)).unwrap()];
        let answer = engine.execute(org.clone(), request.clone()).await;
        reference.compare(&request, answer, &place);
        asked.push(request);
        if step >= opening.len() && chance.below(3) == 0 {
            let engine = &engines[usize::try_from(chance.below(engines.len() as u64)).unwrap()];
            let balance = engine
                .view(org.clone(), |view| view.account.balance(view.policy, view.now, &Actor::default()));
            let balance = balance.await.unwrap();
            reference.decide(&Request::observe()).unwrap();
            let expected = reference.account.balance(&reference.policy, reference.now(), &Actor::default());
            assert_eq!(balance, expected, "{place}");
        }
    }
    assert_eq!(history(&**engines[0].store(), &org), reference.history, "seed {seed}");
}

#[tokio::test]
async fn whichever_server_is_asked_answers_as_one_account_would() {
    let place = Place::database();
    let engines = engines(&place, 3);
    // One that is always told, and one that nobody has seen yet unless it is asked for.
    let chosen = std::env::var("COULOMB_SEED").ok().and_then(|seed| seed.parse().ok());
    let fresh = chosen.unwrap_or_else(|| u64::try_from(clock::now().micros()).unwrap());
    for seed in [40_095, fresh] {
        #[expect(clippy::print_stderr, reason = "whoever sees it fail tells the same script again")]
        {
            eprintln!("seed {seed}");
        }
        one_script(&engines, seed, 500).await;
    }
    is_proven(&engines[0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_told_of_a_past_that_somebody_was_told_is_over() {
    let place = Place::database();
    let engines = engines(&place, 3);
    fund(&engines[0], "org", 1_000_000).await;
    // The newest version that anybody was told of.
    let told = Arc::new(AtomicU64::new(0));
    let mut clients = JoinSet::new();
    for client in 0..12 {
        let (engines, told) = (engines.clone(), Arc::clone(&told));
        clients.spawn(async move {
            for number in 0..40 {
                let engine = &engines[(client + number) % 3];
                let floor = told.load(Ordering::SeqCst);
                let org = organization("org");
                let version = if number % 2 == 0 {
                    let run = ask(start(&format!("run-{client}-{number}"), 1));
                    let version = engine.execute(org, run).await.unwrap().shown.balance.version;
                    assert!(version > floor, "version {version} is no news after {floor}");
                    version
                } else {
                    engine.view(org, |view| view.account.version()).await.unwrap()
                };
                assert!(version >= floor, "version {version} is over: {floor} was told");
                told.fetch_max(version, Ordering::SeqCst);
            }
        });
    }
    clients.join_all().await;
    let held = engines[0].view(organization("org"), |view| view.account.held()).await.unwrap();
    assert_eq!(held, credits(12 * 20));
    is_proven(&engines[1]);
}

/// Sweeps until nothing will ever be due.
async fn sweep_all(engine: Engine) {
    for _ in 0..100_000 {
        engine.sweep(10).await.unwrap();
        let store = Arc::clone(engine.store());
        let due = tokio::task::spawn_blocking(move || store.due(Timestamp::MAX, 1).unwrap());
        if due.await.unwrap().is_empty() {
            return;
        }
    }
    panic!("something is due for ever");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_due_happens_once_however_many_servers_sweep() {
    let place = Place::database();
    let engines = engines(&place, 3);
    let organizations: Vec<String> = (0..40).map(|number| format!("org-{number}")).collect();
    for id in &organizations {
        fund(&engines[0], id, 1_000).await;
        let soon = clock::now().after(Duration::from_micros(400_000));
        let mut commands = vec![Command::GrantPromotional {
            grant: Some("short".parse().unwrap()),
            amount: credits(5),
            effective_at: None,
            expires_at: Some(soon),
            priority: None,
            reason: None,
        }];
        commands.extend((0..5).map(|number| {
            let mut command = start(&format!("run-{number}"), 10);
            if let Command::Start { hold_lifetime, .. } = &mut command {
                *hold_lifetime = Some(Duration::from_micros(100_000 * (1 + number)));
            }
            command
        }));
        let requests = commands.into_iter().map(|command| (organization(id), ask(command)));
        for answer in engines[1].execute_all(requests.collect()).await.unwrap() {
            answer.unwrap();
        }
    }
    let sweepers: JoinSet<()> = engines.iter().cloned().map(sweep_all).collect();
    sweepers.join_all().await;
    for id in &organizations {
        let history = history(&**engines[2].store(), &organization(id));
        let count = |is: fn(&Event) -> bool| history.iter().filter(|recorded| is(&recorded.event)).count();
        assert_eq!(count(|event| matches!(event, Event::RunLapsed { .. })), 5, "{id}");
        assert_eq!(count(|event| matches!(event, Event::GrantExpired { .. })), 1, "{id}");
    }
    is_proven(&engines[0]);
}
