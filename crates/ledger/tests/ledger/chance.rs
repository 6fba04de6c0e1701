//! Random histories. After every command the world checks R13, that the postings sum to zero, and that folding the
//! events gives the account; here stand the properties that need more than one history.

use coulomb_ledger::{
    Credits, Policy, Timestamp,
    command::Command,
    decide::Done,
    invariant,
    payment::{DisputeOutcome, PaymentPurpose},
    run::RunOutcome,
    scenario::{LedgerWorld, Seen, Story, World},
    subscription::{Cadence, Period, Subscription, SubscriptionStatus},
};
use proptest::prelude::*;

/// 2026-01-10T00:00:00Z.
const START: Timestamp = Timestamp::from_micros(1_768_003_200_000_000);
const HOUR: i64 = 3_600_000_000;

#[derive(Clone, Debug)]
enum Act {
    Wait { hours: i64 },
    Do(Command),
}

fn id<T: std::str::FromStr>(prefix: &str, number: u8) -> T {
    format!("{prefix}{number}").parse().unwrap_or_else(|_| panic!("an id"))
}

fn micros(amount: u32) -> Credits {
    // Uneven on purpose: whole credits hide rounding.
    Credits::from_micros(i64::from(amount) * 1_000_003)
}

fn later(hours: i64) -> Timestamp {
    Timestamp::from_micros(START.micros() + hours * HOUR)
}

fn subscription(status: SubscriptionStatus, ends: Option<i64>) -> Command {
    let period = Some(Period { start: START, end: later(24 * 22) });
    let cancel_at = ends.map(later);
    Command::ReportSubscription {
        subscription: Subscription {
            status,
            plan: None,
            cadence: Cadence::Monthly,
            period,
            cancel_at,
            past_due_since: None,
        },
    }
}

fn payment(number: u8, purpose: PaymentPurpose, paid: i64, credits: u32, lives: i64) -> Command {
    let renewal = purpose == PaymentPurpose::Renewal;
    let start = later(i64::from(number) * 24 * 3);
    Command::RecordPayment {
        payment: id("p", number),
        purpose,
        paid,
        currency: "USD".into(),
        credits: Some(micros(credits)),
        expires_at: Some(later(lives)).filter(|_| !renewal),
        period: renewal.then(|| Period { start, end: later(i64::from(number) * 24 * 3 + 24 * 30) }),
        recharge: None,
    }
}

fn acts() -> impl Strategy<Value = Act> {
    let status = prop_oneof![
        4 => Just(SubscriptionStatus::Active),
        1 => Just(SubscriptionStatus::PastDue),
        1 => Just(SubscriptionStatus::Canceled),
        1 => Just(SubscriptionStatus::Trialing),
        1 => Just(SubscriptionStatus::Unpaid),
    ];
    let purpose = prop_oneof![
        3 => Just(PaymentPurpose::TopUp),
        2 => Just(PaymentPurpose::Renewal),
        2 => Just(PaymentPurpose::Repayment),
    ];
    let outcome = prop_oneof![Just(DisputeOutcome::Won), Just(DisputeOutcome::Lost)];
    let command = prop_oneof![
        2 => (status, prop::option::of(0..600_i64)).prop_map(|(status, ends)| subscription(status, ends)),
        4 => (0..6_u8, purpose, 0..40_i64, 1..900_u32, 1..900_i64)
            .prop_map(|(number, purpose, paid, credits, lives)| payment(number, purpose, paid, credits, lives)),
        2 => (0..4_u8, 1..500_u32, 0..200_i64, 1..500_i64).prop_map(|(number, amount, from, lives)| Command::GrantPromotional {
            grant: Some(id("g", number)),
            amount: micros(amount),
            effective_at: Some(later(from)),
            expires_at: Some(later(from + lives)),
            priority: None,
            reason: None,
        }),
        8 => (0..12_u8, 0..400_u32, prop::option::of(0..3_u8)).prop_map(|(number, hold, task)| Command::Start {
            run: id("r", number),
            kind: "tool_run".parse().unwrap(),
            hold: Some(micros(hold)),
            task: task.map(|task| id("t", task)),
            member: None,
            hold_lifetime: None,
            metadata: None,
        }),
        3 => (0..12_u8, 0..5_u8, 0..200_u32).prop_map(|(number, usage, amount)| Command::RecordUsage {
            run: id("r", number),
            usage: id("u", usage),
            amount: micros(amount),
        }),
        6 => (0..12_u8, 0..600_u32, any::<bool>()).prop_map(|(number, used, failed)| Command::Settle {
            run: id("r", number),
            used: micros(used),
            outcome: if failed { RunOutcome::Failed } else { RunOutcome::Succeeded },
        }),
        2 => (0..12_u8).prop_map(|number| Command::Release { run: id("r", number) }),
        2 => (0..6_u8, 0..400_u32).prop_map(|(number, used)| Command::Charge {
            run: id("c", number),
            kind: "background".parse().unwrap(),
            used: micros(used),
            member: None,
            metadata: None,
        }),
        3 => (0..5_u8, 0..6_u8, 0..40_i64).prop_map(|(number, of, amount)| Command::RecordRefund {
            refund: id("re", number),
            payment: id("p", of),
            amount,
        }),
        1 => (0..5_u8).prop_map(|number| Command::FailRefund { refund: id("re", number) }),
        3 => (0..5_u8, 0..6_u8, 0..40_i64).prop_map(|(number, of, amount)| Command::OpenDispute {
            dispute: id("d", number),
            payment: id("p", of),
            amount,
        }),
        2 => (0..5_u8, outcome).prop_map(|(number, outcome)| Command::CloseDispute { dispute: id("d", number), outcome }),
        1 => any::<bool>().prop_map(|present| Command::SetPaymentMethod { present }),
        1 => any::<bool>().prop_map(|enabled| Command::SetAutoRecharge {
            enabled,
            threshold: None,
            amount: None,
            monthly_limit: None,
        }),
        1 => (0..3_u8).prop_map(|task| Command::ResumeTask { task: id("t", task) }),
        1 => Just(Command::Suspend { reason: "checking".into() }),
        1 => Just(Command::LiftSuspension),
    ];
    prop_oneof![1 => (0..80_i64).prop_map(|hours| Act::Wait { hours }), 5 => command.prop_map(Act::Do)]
}

fn policies() -> impl Strategy<Value = Policy> {
    (prop::option::of(0..200_u32), 0..100_u32).prop_map(|(max_overrun, allowance)| {
        let mut policy = Policy { max_overrun: max_overrun.map(micros), ..Policy::default() };
        policy.kinds.get_mut("background").unwrap().allowance = micros(allowance);
        policy
    })
}

/// Writes off or answers whatever is open, so that these paths are walked too.
fn tidy(world: &mut LedgerWorld, number: usize) {
    let debt = world.whole().open_debts().first().map(|debt| debt.id.clone());
    if let Some(debt) = debt.filter(|_| number.is_multiple_of(7)) {
        let half = Some(micros(1));
        let reason = "a gesture".to_owned();
        let _ = world.execute(Command::WriteOff { debt, amount: half, reason }, None, None);
    }
    let in_flight = world.whole().core().recharge.in_flight.clone();
    if let Some(in_flight) = in_flight.filter(|_| number.is_multiple_of(5)) {
        let reason = "card_declined".to_owned();
        world
            .execute(Command::DeclineRecharge { recharge: in_flight.id, reason }, None, None)
            .expect("it is in flight");
    }
}

fn tell(acts: &[Act], policy: &Policy, forgets: bool) -> LedgerWorld {
    let mut world = LedgerWorld::new(&Story::untold(START, policy.clone()), forgets);
    let mut now = START;
    for (number, act) in acts.iter().enumerate() {
        match act {
            Act::Wait { hours } => {
                now = Timestamp::from_micros(now.micros() + hours * HOUR);
                world.advance(now);
            }
            Act::Do(command) => {
                let _ = world.execute(command.clone(), None, None);
                tidy(&mut world, number);
            }
        }
    }
    world
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn any_history_keeps_every_invariant_and_gives_the_same_bytes_again(
        acts in prop::collection::vec(acts(), 1..80),
        policy in policies(),
    ) {
        let once = tell(&acts, &policy, false);
        let again = tell(&acts, &policy, true);
        prop_assert_eq!(once.history(), again.history(), "forgetting what is closed changes no byte");
        invariant::check_whole(once.whole()).unwrap();
    }

    #[test]
    fn a_command_told_twice_changes_nothing_the_second_time(acts in prop::collection::vec(acts(), 1..60)) {
        let policy = Policy::default();
        let mut world = LedgerWorld::new(&Story::untold(START, policy), true);
        for (number, act) in acts.into_iter().enumerate() {
            match act {
                Act::Wait { hours } => world.advance(Timestamp::from_micros(world.whole().core().last.micros() + hours * HOUR)),
                Act::Do(command) => {
                    let key = || Some(id("k", u8::try_from(number).unwrap()));
                    if world.execute(command.clone(), None, key()).is_ok() {
                        let before = world.history().len();
                        let repeated = world.execute(command.clone(), None, key());
                        prop_assert_eq!(world.history().len(), before, "{:?}", command);
                        prop_assert!(matches!(repeated, Ok(Done::Replayed { .. })), "{:?}: {:?}", command, repeated);
                    }
                }
            }
        }
    }

    #[test]
    fn a_sweeper_that_never_runs_changes_nothing_but_when_it_is_written(
        acts in prop::collection::vec(acts(), 1..60),
        policy in policies(),
    ) {
        // Once time passes in small steps that are looked at, once it jumps: what is due happens at its own instant.
        let jumping = tell(&acts, &policy, false);
        let mut stepping = Vec::new();
        for act in &acts {
            match act {
                Act::Wait { hours } => stepping.extend((0..*hours).map(|_| Act::Wait { hours: 1 })),
                act => stepping.push(act.clone()),
            }
        }
        // Numbers of acts differ, so the tidying is left out.
        let quiet = |acts: &[Act]| {
            let mut world = LedgerWorld::new(&Story::untold(START, policy.clone()), false);
            let mut now = START;
            for act in acts {
                match act {
                    Act::Wait { hours } => {
                        now = Timestamp::from_micros(now.micros() + hours * HOUR);
                        world.advance(now);
                    }
                    Act::Do(command) => drop(world.execute(command.clone(), None, None)),
                }
            }
            let facts = |bytes: &Vec<u8>| {
                let mut event: serde_json::Value = serde_json::from_slice(bytes).unwrap();
                event.as_object_mut().unwrap().remove("left");
                event
            };
            world.history().iter().map(facts).collect::<Vec<_>>()
        };
        prop_assert_eq!(quiet(&acts), quiet(&stepping));
        drop(jumping);
    }

    #[test]
    fn the_facts_of_a_payment_end_the_same_in_every_order(
        order in Just((0..7_usize).collect::<Vec<_>>()).prop_shuffle(),
        amounts in (1..30_i64, 0..30_i64, 0..30_i64, 0..30_i64),
        outcome in prop_oneof![Just(DisputeOutcome::Won), Just(DisputeOutcome::Lost)],
        used in 0..700_u32,
        late in any::<bool>(),
    ) {
        let (paid, refunded, failing, disputed) = amounts;
        let facts = [
            payment(1, PaymentPurpose::TopUp, paid, 600, 800),
            Command::RecordRefund { refund: id("re", 1), payment: id("p", 1), amount: refunded },
            Command::RecordRefund { refund: id("re", 2), payment: id("p", 1), amount: failing },
            Command::FailRefund { refund: id("re", 2) },
            Command::OpenDispute { dispute: id("d", 1), payment: id("p", 1), amount: disputed },
            Command::CloseDispute { dispute: id("d", 1), outcome },
            payment(2, PaymentPurpose::TopUp, 10, 50, 800),
        ];
        let work = Command::Charge {
            run: id("c", 1),
            kind: "background".parse().unwrap(),
            used: micros(used),
            member: None,
            metadata: None,
        };
        let end = |order: &[usize]| -> Seen {
            let mut world = LedgerWorld::new(&Story::untold(START, Policy::default()), true);
            world.execute(subscription(SubscriptionStatus::Active, None), None, None).unwrap();
            if late {
                world.execute(facts[0].clone(), None, None).unwrap();
                world.execute(work.clone(), None, None).unwrap();
            }
            for fact in order {
                world.execute(facts[*fact].clone(), None, None).unwrap();
                // Twice, for good measure.
                world.execute(facts[*fact].clone(), None, None).unwrap();
            }
            if !late {
                world.execute(work.clone(), None, None).unwrap();
            }
            world.look(&[])
        };
        let (told, straight) = (end(&order), end(&[0, 1, 2, 3, 4, 5, 6]));
        let owed = |seen: &Seen| seen.debts.iter().map(|(.., open)| *open).sum::<Credits>();
        prop_assert_eq!(&told.amounts, &straight.amounts);
        prop_assert_eq!(owed(&told), owed(&straight));
        prop_assert_eq!(told.can_start, straight.can_start);
    }
}
