//! Which events are told as what: one account's life in which everything happens that can be told.

use crate::{
    golden::golden,
    place::{charge, credits, name, payment, promotional, request, seconds},
};
use coulomb_server::{
    engine::{Before, Happened},
    notices::{derive, kind::Kind, mail, notice::Notice},
};
use ledger::{
    Account, Duration, Policy, Timestamp,
    command::Command,
    payment::{DisputeOutcome, PaymentPurpose},
    refusal::Refusal,
    run::RunOutcome,
    subscription::{Cadence, Period, Subscription, SubscriptionStatus},
};
use std::collections::BTreeMap;

/// 2026-01-10T00:00:00Z.
pub const JANUARY: Timestamp = Timestamp::from_micros(1_768_003_200_000_000);

/// An account, its clock, and every notice so far with whether it is mailed.
pub struct Life {
    account: Account,
    now: Timestamp,
    pub told: Vec<(Notice, bool)>,
}

impl Life {
    pub fn new() -> Life {
        let mut life =
            Life { account: Account::new("acme".parse().unwrap()), now: JANUARY, told: Vec::new() };
        life.does(name("Acme"));
        life
    }

    /// A minute later, which notices a command gives rise to.
    pub fn does(&mut self, command: Command) -> Vec<Kind> {
        self.now = self.now.after(seconds(60));
        let policy = Policy::default();
        let before = Before::of(&self.account);
        let answer = self.account.execute(&policy, &request(command), self.now);
        if let Err(refusal) = &answer.result {
            assert!(matches!(refusal, Refusal::Start(_)), "{refusal}");
        }
        let happened = Happened { account: &self.account, policy: &policy, events: &answer.events, before };
        let notices = derive::notices(&happened);
        let kinds = notices.iter().map(Notice::kind).collect();
        self.told.extend(notices.into_iter().map(|notice| {
            let mailed = mail::is_mailed(&notice, &happened);
            (notice, mailed)
        }));
        kinds
    }

    /// Nothing but time.
    pub fn days(&mut self, days: i64) -> Vec<Kind> {
        self.now = self.now.after(Duration::days(days));
        self.does(Command::Observe)
    }

    fn subscription(&self, plan: &str, cancel_at: Option<Timestamp>) -> Command {
        let period = Period { start: JANUARY, end: JANUARY.after(Duration::days(300)) };
        let subscription = Subscription {
            status: SubscriptionStatus::Active,
            plan: Some(plan.parse().unwrap()),
            cadence: Cadence::Monthly,
            period: Some(period),
            cancel_at,
            past_due_since: None,
        };
        Command::ReportSubscription { subscription }
    }

    fn in_flight(&self) -> ledger::id::RechargeId {
        self.account.core().recharge.in_flight.as_ref().expect("a purchase in flight").id.clone()
    }

    fn declined(&mut self) -> Vec<Kind> {
        let recharge = self.in_flight();
        self.does(Command::DeclineRecharge { recharge, reason: "insufficient funds".into() })
    }

    /// Whether the last notice of this kind was mailed.
    pub fn was_mailed(&self, kind: Kind) -> bool {
        self.told.iter().rev().find(|(notice, _)| notice.kind() == kind).expect("it was told").1
    }
}

fn start(run: &str, hold: i64, task: Option<&str>) -> Command {
    Command::Start {
        run: run.parse().unwrap(),
        kind: "tool_run".parse().unwrap(),
        hold: Some(credits(hold)),
        task: task.map(|task| task.parse().unwrap()),
        member: None,
        hold_lifetime: None,
        metadata: None,
    }
}

fn settle(run: &str, used: i64, outcome: RunOutcome) -> Command {
    Command::Settle { run: run.parse().unwrap(), used: credits(used), outcome }
}

/// Everything that can be told by an event happens once at least.
pub fn eventful_life() -> Life {
    use Kind::*;
    let mut life = Life::new();
    let none: &[Kind] = &[];
    assert_eq!(life.does(life.subscription("team", None)), [BalanceBlocked]);
    assert!(!life.was_mailed(BalanceBlocked), "another reason is no crossing");
    assert_eq!(life.does(payment("pi_1", PaymentPurpose::TopUp, 12_000)), [CreditsGranted, BalanceUnblocked]);
    // Work that goes as it should is nobody's business but the host's own.
    assert_eq!(life.does(start("r1", 1_000, None)), none);
    assert_eq!(life.does(settle("r1", 500, RunOutcome::Succeeded)), none);
    assert_eq!(life.does(charge("c1", 2_000)), [BalanceLow]);
    assert!(life.was_mailed(BalanceLow));

    // Work that was admitted uses more than there is.
    assert_eq!(life.does(start("r2", 9_500, None)), [BalanceBlocked]);
    assert_eq!(
        life.does(settle("r2", 9_800, RunOutcome::Succeeded)),
        [DebtOpened, BalanceBlocked],
        "another reason comes first now"
    );
    assert!(!life.was_mailed(BalanceBlocked), "which is no crossing");
    assert_eq!(life.does(start("r3", 10, Some("nightly"))), [RunRefused, TaskPaused]);
    assert_eq!(life.does(start("r4", 10, None)), none, "refusals are told once");
    assert_eq!(
        life.does(payment("pi_2", PaymentPurpose::TopUp, 30_000)),
        [CreditsGranted, DebtCleared, BalanceUnblocked]
    );

    for run in ["f1", "f2", "f3", "f4"] {
        assert_eq!(life.does(start(run, 10, Some("hourly"))), none);
        assert_eq!(life.does(settle(run, 0, RunOutcome::Failed)), none);
    }
    life.does(start("f5", 10, Some("hourly")));
    assert_eq!(life.does(settle("f5", 0, RunOutcome::Failed)), [TaskNeedsAttention]);
    life.does(start("r5", 10, None));
    assert_eq!(life.days(2), [RunLapsed]);

    // A dispute over what was used in part, and its end.
    let dispute = |amount| Command::OpenDispute {
        dispute: format!("dp_{amount}").parse().unwrap(),
        payment: "pi_2".parse().unwrap(),
        amount,
    };
    assert_eq!(life.does(dispute(0)), none, "an inquiry moves nothing");
    assert_eq!(life.does(charge("c2", 200)), none);
    assert_eq!(life.does(dispute(30_000)), [DisputeOpened, DebtOpened, BalanceBlocked, BalanceLow]);
    assert!(life.was_mailed(DisputeOpened) && life.was_mailed(BalanceBlocked));
    assert!(
        !life.was_mailed(BalanceLow),
        "who is told that nothing starts needs not be told that little is left"
    );
    assert_eq!(
        life.does(Command::CloseDispute {
            dispute: "dp_30000".parse().unwrap(),
            outcome: DisputeOutcome::Won
        }),
        [DisputeClosed, DebtCleared, BalanceUnblocked]
    );

    // The subscription ends and comes back.
    let ends = life.now.after(Duration::days(10));
    assert_eq!(life.does(life.subscription("team", Some(ends))), [SubscriptionEnding]);
    assert_eq!(life.does(life.subscription("pro", Some(ends))), none, "its end was scheduled before");
    assert_eq!(life.days(10), [CreditsLocked, BalanceBlocked, BalanceLow]);
    assert_eq!(life.does(life.subscription("team", None)), [CreditsUnlocked, BalanceUnblocked]);

    // A purchase that works, and three that do not.
    life.does(Command::SetPaymentMethod { present: true });
    life.does(Command::SetAutoRecharge {
        enabled: true,
        threshold: None,
        amount: None,
        monthly_limit: Some(credits(500_000)),
    });
    assert_eq!(life.does(charge("c3", 22_000)), [BalanceLow]);
    assert!(!life.was_mailed(BalanceLow), "a purchase is on its way");
    let recharge = life.in_flight();
    let paid = Command::RecordPayment {
        payment: "pi_3".parse().unwrap(),
        purpose: PaymentPurpose::Recharge,
        paid: 2_000,
        currency: "USD".into(),
        credits: None,
        expires_at: None,
        period: None,
        recharge: Some(recharge),
    };
    assert_eq!(life.does(paid), [AutoRechargeSucceeded, CreditsGranted]);
    life.does(charge("c4", 20_000));
    assert_eq!(life.declined(), [AutoRechargeFailed]);
    assert!(life.was_mailed(AutoRechargeFailed));
    life.days(1);
    assert_eq!(life.declined(), [AutoRechargeFailed]);
    life.days(1);
    assert_eq!(life.declined(), [AutoRechargeFailed, AutoRechargeSuspended]);
    assert!(!life.was_mailed(AutoRechargeFailed) && life.was_mailed(AutoRechargeSuspended));

    // Credits that nobody used in time.
    let soon = life.now.after(Duration::days(1));
    assert_eq!(life.does(promotional("gift", 100, Some(soon))), [CreditsGranted]);
    assert_eq!(life.days(2), [CreditsExpired]);
    life
}

#[test]
fn every_kind_of_notice_is_told_and_looks_like_this() {
    let life = eventful_life();
    let mut first: BTreeMap<Kind, &Notice> = BTreeMap::new();
    for (notice, _) in &life.told {
        first.entry(notice.kind()).or_insert(notice);
    }
    let missing: Vec<Kind> = Kind::ALL.into_iter().filter(|kind| !first.contains_key(kind)).collect();
    assert_eq!(missing, [Kind::CreditsExpiring], "which comes with time, not with an event");
    let shown: Vec<serde_json::Value> =
        first.values().map(|notice| serde_json::from_str(&notice.payload()).unwrap()).collect();
    golden("notices.json", &(serde_json::to_string_pretty(&shown).unwrap() + "\n"));
}

#[test]
fn ids_and_places_are_those_of_the_ledger() {
    let life = eventful_life();
    let places: Vec<String> = life.told.iter().map(|(notice, _)| notice.place()).collect();
    assert!(places.is_sorted(), "{places:?}");
    let ids: std::collections::BTreeSet<String> = life.told.iter().map(|(notice, _)| notice.id()).collect();
    assert_eq!(ids.len(), life.told.len());
    assert!(life.told.iter().all(|(notice, _)| {
        let kept = serde_json::to_string(notice).unwrap();
        serde_json::from_str::<Notice>(&kept).unwrap() == *notice
    }));
}
