//! Work to do: ids, instants, commands, and a random day at an AI product. The seed says it all.

use ledger::{
    Credits, Timestamp,
    command::{Command, Request},
    event::Actor,
    id::OrganizationId,
    payment::{DisputeOutcome, PaymentPurpose},
    run::RunOutcome,
    subscription::{Cadence, Period, Subscription, SubscriptionStatus},
    time::Duration,
};
use std::str::FromStr;

/// An id.
pub fn id<T: FromStr<Err: std::fmt::Debug>>(text: impl AsRef<str>) -> T {
    text.as_ref().parse().expect("a valid id")
}

/// An organization's id.
pub fn organization(name: &str) -> OrganizationId {
    id(name)
}

/// So many hours after the first instant.
pub fn hour(hours: i64) -> Timestamp {
    Timestamp::from_micros(1_767_225_600_000_000 + hours * 3_600_000_000)
}

/// Whole credits.
pub fn credits(whole: i64) -> Credits {
    Credits::from_micros(whole * 1_000_000)
}

/// A command as nobody in particular asks it.
pub fn ask(command: Command) -> Request {
    Request::new(command, Actor::default(), None)
}

pub fn open() -> Request {
    ask(Command::NameOrganization { name: "Acme".into() })
}

pub fn promotional(whole: i64) -> Request {
    ask(Command::GrantPromotional {
        grant: None,
        amount: credits(whole),
        effective_at: None,
        expires_at: None,
        priority: None,
        reason: None,
    })
}

pub fn start(run: &str, hold: i64) -> Request {
    start_in(run, hold, None)
}

pub fn start_in(run: &str, hold: i64, task: Option<&str>) -> Request {
    ask(Command::Start {
        run: id(run),
        kind: id("workflow_run"),
        hold: Some(credits(hold)),
        task: task.map(id),
        member: None,
        hold_lifetime: None,
        metadata: None,
    })
}

pub fn settle(run: &str, used: i64) -> Request {
    ask(Command::Settle { run: id(run), used: credits(used), outcome: RunOutcome::Succeeded })
}

pub fn top_up(payment: &str, paid: i64, whole: i64) -> Request {
    ask(Command::RecordPayment {
        payment: id(payment),
        purpose: PaymentPurpose::TopUp,
        paid,
        currency: "USD".into(),
        credits: Some(credits(whole)),
        expires_at: None,
        period: None,
        recharge: None,
    })
}

pub fn refund(refund: &str, payment: &str, amount: i64) -> Request {
    ask(Command::RecordRefund { refund: id(refund), payment: id(payment), amount })
}

pub fn dispute(dispute: &str, payment: &str, amount: i64) -> Request {
    ask(Command::OpenDispute { dispute: id(dispute), payment: id(payment), amount })
}

pub fn subscribe(from: Timestamp, status: SubscriptionStatus) -> Request {
    let period = Period { start: from, end: from.plus_months(1) };
    ask(Command::ReportSubscription {
        subscription: Subscription {
            status,
            plan: None,
            cadence: Cadence::Monthly,
            period: Some(period),
            cancel_at: None,
            past_due_since: None,
        },
    })
}

/// SplitMix64: a few lines, and the same numbers everywhere.
pub struct Dice(pub u64);

impl Dice {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From 0 to below.
    pub fn below(&mut self, sides: u64) -> u64 {
        self.next() % sides
    }

    pub fn one_in(&mut self, sides: u64) -> bool {
        self.below(sides) == 0
    }

    fn amount(&mut self, most: u64) -> i64 {
        i64::try_from(self.below(most)).expect("small")
    }
}

/// Something that may be asked next. Ids come from small sets, so that much is asked twice, too late or too early.
pub fn anything(dice: &mut Dice, now: Timestamp) -> Request {
    let run = format!("run_{}", dice.below(60));
    let payment = format!("pay_{}", dice.below(12));
    let key = dice.one_in(3).then(|| id(format!("key_{}", dice.below(20))));
    let task = dice.one_in(3).then(|| format!("task_{}", dice.below(3)));
    let command = match dice.below(20) {
        0..=4 => return start_in(&run, dice.amount(400), task.as_deref()),
        5..=7 => return settle(&run, dice.amount(600)),
        8 => Command::Release { run: id(run) },
        9 => {
            let usage = id(format!("usage_{}", dice.below(5)));
            Command::RecordUsage { run: id(run), usage, amount: credits(dice.amount(200)) }
        }
        10 => Command::Charge {
            run: id(run),
            kind: id("background"),
            used: credits(dice.amount(50)),
            member: None,
            metadata: None,
        },
        11 | 12 => return top_up(&payment, 1_000, 500),
        13 => return refund(&format!("refund_{}", dice.below(8)), &payment, dice.amount(1_200)),
        14 => Command::FailRefund { refund: id(format!("refund_{}", dice.below(8))) },
        15 => return dispute(&format!("dispute_{}", dice.below(6)), &payment, dice.amount(1_200)),
        16 => {
            let outcome = if dice.one_in(2) { DisputeOutcome::Won } else { DisputeOutcome::Lost };
            Command::CloseDispute { dispute: id(format!("dispute_{}", dice.below(6))), outcome }
        }
        17 => Command::GrantPromotional {
            grant: dice.one_in(2).then(|| id(format!("gift_{}", dice.below(6)))),
            amount: credits(dice.amount(300)),
            effective_at: dice.one_in(3).then(|| now.after(Duration::from_micros(86_400_000_000))),
            expires_at: dice.one_in(2).then(|| now.after(Duration::from_micros(5 * 86_400_000_000))),
            priority: None,
            reason: None,
        },
        18 => {
            let status =
                if dice.one_in(4) { SubscriptionStatus::Canceled } else { SubscriptionStatus::Active };
            return subscribe(now, status);
        }
        _ if dice.one_in(4) => Command::ResumeTask { task: id(format!("task_{}", dice.below(3))) },
        _ => Command::Observe,
    };
    Request::new(command, Actor::default(), key)
}
