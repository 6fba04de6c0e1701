//! Commands of every kind, made by chance: about things that exist, that may exist by then, and that never will, so that
//! facts also come late, twice and in the wrong order.

use super::{Say, life::Life};
use crate::chance::Chance;
use ledger::{
    Credits, Duration, Timestamp,
    command::Command,
    id::MemberId,
    payment::{DisputeOutcome, PaymentPurpose},
    people::Role,
    run::RunOutcome,
    subscription::{Cadence, Period, Subscription, SubscriptionStatus},
};

/// How many of each there are so far: ids are numbers.
#[derive(Default)]
pub struct Names {
    runs: u64,
    grants: u64,
    payments: u64,
    refunds: u64,
    disputes: u64,
}

/// What a payment mostly brings, in minor units.
const PRICE: i64 = 1_000;

/// How many runs, counted back from the newest, are still spoken of.
const RUNS_SPOKEN_OF: u64 = 14;

impl Names {
    pub fn member(&self, chance: &mut Chance) -> MemberId {
        chance.name("member-", 4)
    }

    /// Who is there at first.
    pub fn people(&self) -> [Command; 3] {
        [("member-0", Role::Owner), ("member-1", Role::Member), ("member-2", Role::Viewer)].map(
            |(member, role)| {
                let member = member.parse().unwrap();
                Command::SetMember { member, name: "Person".into(), email: None, role, billing_admin: None }
            },
        )
    }
}

/// A new id.
fn new<T: std::str::FromStr<Err: std::fmt::Debug>>(prefix: &str, count: &mut u64) -> T {
    *count += 1;
    format!("{prefix}{count}").parse().unwrap()
}

/// One of the newest, or one that does not exist yet.
fn about<T: std::str::FromStr<Err: std::fmt::Debug>>(
    prefix: &str,
    count: u64,
    newest: u64,
    chance: &mut Chance,
) -> T {
    let ahead = u64::from(chance.once_in(10));
    let number = (count + ahead).saturating_sub(chance.below(newest.min(count + 1))).max(1);
    format!("{prefix}{number}").parse().unwrap()
}

impl Life {
    pub fn anything(&mut self, chance: &mut Chance) -> Say {
        Say::Command(match chance.below(100) {
            0..43 => self.work(chance),
            43..50 => self.grant(chance),
            50..60 => self.top_up(chance),
            60..63 => self.renewal(chance),
            63..73 => self.refund(chance),
            73..79 => self.dispute(chance),
            79..84 => self.subscription(chance),
            84..88 => self.change(chance),
            88..91 => self.people(chance),
            91..94 => self.recharge(chance),
            94..96 => return Say::DeclineRecharge,
            96..98 => {
                let amount = chance.once_in(2).then(|| chance.credits(40));
                return Say::WriteOff { debt: chance.place(6), amount };
            }
            98 if chance.once_in(3) => Command::Suspend { reason: format!("reason {}", chance.below(3)) },
            _ => Command::LiftSuspension,
        })
    }

    /// What hosts do all day.
    pub fn work(&mut self, chance: &mut Chance) -> Command {
        let run = |life: &Life, chance: &mut Chance| about("run-", life.names.runs, RUNS_SPOKEN_OF, chance);
        match chance.below(20) {
            0..8 => self.start(chance),
            8..11 => Command::RecordUsage {
                run: run(self, chance),
                usage: chance.name("usage-", 6),
                amount: chance.credits(20),
            },
            11..16 => Command::Settle {
                run: run(self, chance),
                used: chance.credits(80),
                outcome: *chance.one_of(&[RunOutcome::Succeeded, RunOutcome::Failed, RunOutcome::Canceled]),
            },
            16..18 => Command::Release { run: run(self, chance) },
            _ => Command::Charge {
                run: new("run-", &mut self.names.runs),
                kind: chance.one_of(&["background", "chat_message"]).parse().unwrap(),
                used: chance.credits(30),
                member: None,
                metadata: None,
            },
        }
    }

    pub fn start(&mut self, chance: &mut Chance) -> Command {
        let lifetime = chance.once_in(2).then(|| Duration::from_micros(1 + chance.amount(200_000_000_000)));
        self.expect(self.now.after(lifetime.unwrap_or(Duration::hours(24))));
        Command::Start {
            run: new("run-", &mut self.names.runs),
            kind: chance.one_of(&["tool_run", "chat_message", "browser_session"]).parse().unwrap(),
            hold: (!chance.once_in(5)).then(|| chance.credits(90)),
            task: chance.once_in(4).then(|| chance.name("task-", 3)),
            member: chance.once_in(6).then(|| self.names.member(chance)),
            hold_lifetime: lifetime,
            metadata: None,
        }
    }

    pub fn grant(&mut self, chance: &mut Chance) -> Command {
        let effective_at = chance.once_in(3).then(|| self.now.after(chance.hours(60)));
        let expires_at = (!chance.once_in(4)).then(|| {
            effective_at.unwrap_or(self.now).after(Duration::from_micros(1 + chance.amount(700_000_000_000)))
        });
        effective_at.into_iter().chain(expires_at).for_each(|edge| self.expect(edge));
        Command::GrantPromotional {
            grant: (!chance.once_in(5)).then(|| new("grant-", &mut self.names.grants)),
            amount: chance.credits(400),
            effective_at,
            expires_at,
            priority: chance.once_in(5).then(|| u32::try_from(chance.below(40)).unwrap()),
            reason: None,
        }
    }

    pub fn top_up(&mut self, chance: &mut Chance) -> Command {
        const FOR: [PaymentPurpose; 8] = [
            PaymentPurpose::TopUp,
            PaymentPurpose::TopUp,
            PaymentPurpose::TopUp,
            PaymentPurpose::TopUp,
            PaymentPurpose::Repayment,
            PaymentPurpose::Repayment,
            PaymentPurpose::Recharge,
            PaymentPurpose::Upgrade,
        ];
        let purpose = *chance.one_of(&FOR);
        let expires_at = chance.once_in(2).then(|| self.now.after(chance.hours(800)));
        self.expect(expires_at.unwrap_or(self.now.plus_months(12)));
        let credits = match purpose {
            PaymentPurpose::Recharge | PaymentPurpose::Upgrade if chance.once_in(2) => None,
            _ => Some(chance.credits(700)),
        };
        self.payment(purpose, credits, expires_at, None, chance)
    }

    /// A period that is paid: the one that was reported, the one after it, or one that is over.
    pub fn renewal(&mut self, chance: &mut Chance) -> Command {
        let period = self.period(chance);
        let credits = chance.once_in(2).then(|| chance.credits(300));
        self.payment(PaymentPurpose::Renewal, credits, None, Some(period), chance)
    }

    fn payment(
        &mut self,
        purpose: PaymentPurpose,
        credits: Option<Credits>,
        expires_at: Option<Timestamp>,
        period: Option<Period>,
        chance: &mut Chance,
    ) -> Command {
        let payment = match chance.below(8) {
            0 => about("payment-", self.names.payments, 6, chance),
            _ => new("payment-", &mut self.names.payments),
        };
        let paid = if chance.once_in(12) { 0 } else { PRICE - 3 + chance.amount(7) };
        let currency = "USD".into();
        Command::RecordPayment {
            payment,
            purpose,
            paid,
            currency,
            credits,
            expires_at,
            period,
            recharge: None,
        }
    }

    fn refund(&mut self, chance: &mut Chance) -> Command {
        if chance.once_in(4) {
            return Command::FailRefund { refund: about("refund-", self.names.refunds, 5, chance) };
        }
        Command::RecordRefund {
            refund: new("refund-", &mut self.names.refunds),
            payment: about("payment-", self.names.payments, 3, chance),
            amount: back(chance),
        }
    }

    fn dispute(&mut self, chance: &mut Chance) -> Command {
        if chance.once_in(2) {
            return Command::CloseDispute {
                dispute: about("dispute-", self.names.disputes, 4, chance),
                outcome: *chance.one_of(&[DisputeOutcome::Won, DisputeOutcome::Lost]),
            };
        }
        Command::OpenDispute {
            dispute: new("dispute-", &mut self.names.disputes),
            payment: about("payment-", self.names.payments, 3, chance),
            amount: back(chance),
        }
    }

    pub fn subscription(&mut self, chance: &mut Chance) -> Command {
        const STATUSES: [SubscriptionStatus; 10] = [
            SubscriptionStatus::Active,
            SubscriptionStatus::Active,
            SubscriptionStatus::Active,
            SubscriptionStatus::Active,
            SubscriptionStatus::Active,
            SubscriptionStatus::Trialing,
            SubscriptionStatus::PastDue,
            SubscriptionStatus::Unpaid,
            SubscriptionStatus::Paused,
            SubscriptionStatus::Canceled,
        ];
        let status = *chance.one_of(&STATUSES);
        let cancel_at = chance.once_in(4).then(|| self.now.after(chance.hours(300)));
        let past_due_since = (status == SubscriptionStatus::PastDue && chance.once_in(2))
            .then(|| self.now.before(chance.hours(200)));
        if status == SubscriptionStatus::PastDue {
            self.expect(past_due_since.unwrap_or(self.now).after(Duration::days(7)));
        }
        cancel_at.into_iter().for_each(|edge| self.expect(edge));
        let plan = Some(chance.one_of(&["small", "small", "large"]).parse().unwrap());
        let cadence = if chance.once_in(4) { Cadence::Annual } else { Cadence::Monthly };
        let period = Some(self.period(chance));
        let subscription = Subscription { status, plan, cadence, period, cancel_at, past_due_since };
        Command::ReportSubscription { subscription }
    }

    fn period(&mut self, chance: &mut Chance) -> Period {
        let start = match chance.below(4) {
            0 => self.now,
            1 => self.now.before(Duration::days(chance.amount(40))),
            2 => self.now.month_start(),
            _ => self.now.month_start().plus_months(1),
        };
        let end = start.plus_months(1);
        self.expect(start);
        self.expect(end);
        Period { start, end }
    }

    fn change(&mut self, chance: &mut Chance) -> Command {
        if chance.once_in(4) {
            return Command::WithdrawChange;
        }
        Command::ChangeSubscription {
            plan: chance.one_of(&["small", "large", "none-such"]).parse().unwrap(),
            cadence: *chance.one_of(&[Cadence::Monthly, Cadence::Annual]),
        }
    }

    fn people(&mut self, chance: &mut Chance) -> Command {
        let member = self.names.member(chance);
        match chance.below(8) {
            0..3 => Command::SetMember {
                member,
                name: format!("Person {}", chance.below(3)),
                email: None,
                role: *chance.one_of(&[Role::Admin, Role::Member, Role::Viewer]),
                billing_admin: chance.once_in(3).then_some(true),
            },
            3 => Command::RemoveMember { member },
            4 => Command::TransferOwnership { to: member },
            5 => Command::NameOrganization { name: format!("Name {}", chance.below(4)) },
            6 => Command::ResumeTask { task: chance.name("task-", 4) },
            _ => {
                let failures_max = u32::try_from(chance.below(5)).unwrap();
                Command::SetTask { task: chance.name("task-", 3), failures_max }
            }
        }
    }

    fn recharge(&mut self, chance: &mut Chance) -> Command {
        let whole = |credits| Credits::whole(credits);
        match chance.below(5) {
            0 => Command::RequestRecharge,
            1 | 2 => Command::SetPaymentMethod { present: !chance.once_in(5) },
            _ => Command::SetAutoRecharge {
                enabled: !chance.once_in(4),
                threshold: whole(50 * (1 + chance.amount(6))).filter(|_| chance.once_in(2)),
                amount: whole(50 * (1 + chance.amount(6))).filter(|_| chance.once_in(2)),
                monthly_limit: whole(50 * (1 + chance.amount(20))).filter(|_| chance.once_in(2)),
            },
        }
    }
}

/// How much money goes back: all, nothing, more than there was, or some.
fn back(chance: &mut Chance) -> i64 {
    match chance.below(8) {
        0 => PRICE,
        1 => 0,
        2 => PRICE * 2,
        _ => chance.amount(PRICE * 2 / 3),
    }
}

/// Something else with the same identity, where there is something else.
pub fn changed(command: &mut Command) {
    let more = |amount: &mut Credits| *amount = amount.plus(Credits::from_micros(1));
    match command {
        Command::Start { hold, .. } => *hold = Some(hold.map_or(Credits::ZERO, |hold| hold.plus(hold))),
        Command::RecordUsage { amount, .. } | Command::GrantPromotional { amount, .. } => more(amount),
        Command::Settle { used, .. } | Command::Charge { used, .. } => more(used),
        Command::RecordPayment { paid, .. } => *paid += 1,
        Command::RecordRefund { amount, .. } | Command::OpenDispute { amount, .. } => *amount += 1,
        Command::CloseDispute { outcome, .. } => {
            *outcome = match outcome {
                DisputeOutcome::Won => DisputeOutcome::Lost,
                DisputeOutcome::Lost => DisputeOutcome::Won,
            }
        }
        Command::NameOrganization { name } => name.push('!'),
        Command::Suspend { reason } => reason.push('!'),
        _ => {}
    }
}
