//! Every event of the ledger in a sentence (R12.4), with the names of runs, kinds, people and payments in the place of ids. Each
//! says what happened and, at its end, the figure that it moved. What the events name beside themselves is in `Named`.

use crate::{
    money::money,
    web::{
        copy::{Copy, Value, say},
        figures::{owed, usable},
    },
};
use ledger::{
    Credits, Policy, Timestamp,
    account::Part,
    command::PartKey,
    debt::{Debt, DebtKind, DebtOrigin, OffsetReason},
    event::{Actor, Event, Recorded},
    grant::{GrantSource, Take, total},
    id::*,
    payment::{DisputeOutcome, Payment, PaymentPurpose},
    people::Member,
    run::{Charge, Run},
    status::ReasonCode,
    subscription::{Cadence, Subscription, SubscriptionStatus},
};
use std::collections::BTreeMap;

/// Runs, payments and debts that events and debts go back to.
#[derive(Default)]
pub struct Named {
    /// Runs.
    pub runs: BTreeMap<RunId, Run>,
    payments: BTreeMap<PaymentId, Payment>,
    debts: BTreeMap<DebtId, Debt>,
}

impl Named {
    /// As they were recalled.
    pub fn new(parts: Vec<Part>) -> Named {
        let mut named = Named::default();
        for part in parts {
            match part {
                Part::Run(run) => drop(named.runs.insert(run.id.clone(), run)),
                Part::Payment(payment) => drop(named.payments.insert(payment.id.clone(), payment)),
                Part::Debt(debt) => drop(named.debts.insert(debt.id.clone(), debt)),
                Part::Grant(_) | Part::Answered(..) => {}
            }
        }
        named
    }

    /// A piece of work as people know it: what kind it is, and the name that the host gave it, else its id.
    pub fn work(&self, copy: &Copy, policy: &Policy, run: &RunId, kind: Option<&KindKey>) -> String {
        let known = self.runs.get(run);
        let kind = kind.or(known.map(|run| &run.kind));
        let label = kind.and_then(|key| policy.kinds.get(key)).map(|kind| kind.label.clone());
        let named = |key| known?.metadata.as_ref()?.get(key)?.as_str();
        let name = ["name", "title"].into_iter().find_map(named).unwrap_or(run.as_str());
        match label {
            Some(label) => copy.text("billing-work", &[("kind", label.into()), ("name", name.into())]),
            None => copy.text("billing-work-of-no-kind", &[("name", name.into())]),
        }
    }
}

/// The parts that an event names.
pub fn names(event: &Event) -> Option<PartKey> {
    Some(match event {
        Event::UsageRecorded { run, .. }
        | Event::RunStarted { run, .. }
        | Event::RunSettled { run, .. }
        | Event::RunReleased { run, .. }
        | Event::RunLapsed { run, .. }
        | Event::UsageCharged { run, .. } => PartKey::Run(run.clone()),
        Event::DebtOpened { debt, .. }
        | Event::DebtSettled { debt, .. }
        | Event::DebtRepaid { debt, .. }
        | Event::DebtOffset { debt, .. } => PartKey::Debt(debt.clone()),
        Event::RefundRecorded { payment, .. }
        | Event::DisputeOpened { payment, .. }
        | Event::RecoveryAssessed { payment, .. } => PartKey::Payment(payment.clone()),
        Event::RefundFailed { refund } => PartKey::Refund(refund.clone()),
        Event::DisputeClosed { dispute, .. } => PartKey::Dispute(dispute.clone()),
        _ => return None,
    })
}

/// The runs that debts go back to, which are named with them.
pub fn runs_behind(parts: &[Part]) -> Vec<PartKey> {
    let run = |part: &Part| match part {
        Part::Debt(Debt { origin: DebtOrigin::Run { run }, .. }) => Some(PartKey::Run(run.clone())),
        _ => None,
    };
    parts.iter().filter_map(run).collect()
}

/// An event in words.
pub struct Told {
    /// What happened.
    pub sentence: String,
    /// The figure that it moved; empty where it moved none.
    pub figure: String,
}

/// Who puts events in words.
pub struct Teller<'a> {
    /// The reader's language.
    pub copy: &'a Copy,
    /// What plans and kinds are called.
    pub policy: &'a Policy,
    /// What people are called.
    pub members: &'a BTreeMap<MemberId, Member>,
    /// What else is named.
    pub named: &'a Named,
}

impl Teller<'_> {
    /// The sentence of an event, and its figure.
    pub fn tell(&self, recorded: &Recorded) -> Told {
        let who = self.who(&recorded.by);
        let sentence = self
            .of_people(&recorded.event, &who)
            .or_else(|| self.of_subscription(&recorded.event, &who))
            .or_else(|| self.of_grants(&recorded.event))
            .or_else(|| self.of_work(&recorded.event))
            .or_else(|| self.of_debt(&recorded.event))
            .or_else(|| self.of_recovery(&recorded.event))
            .or_else(|| self.of_recharge(&recorded.event, &who))
            .unwrap_or_else(|| self.of_tasks_and_states(&recorded.event, &who));
        Told { sentence, figure: self.figure(&recorded.event) }
    }

    fn who(&self, by: &Actor) -> String {
        match (&by.member, &by.key) {
            (Some(member), _) => self.person(member),
            (None, Some(_)) => say!(self, "billing-event-by-product"),
            (None, None) => say!(self, "billing-event-by-itself"),
        }
    }

    fn person(&self, id: &MemberId) -> String {
        self.members.get(id).map_or_else(|| id.to_string(), |member| member.name.clone())
    }

    fn plan(&self, key: &PlanKey) -> String {
        self.policy.plans.get(key).map_or_else(|| key.to_string(), |plan| plan.label.clone())
    }

    fn work(&self, run: &RunId, kind: Option<&KindKey>) -> String {
        self.named.work(self.copy, self.policy, run, kind)
    }

    fn date(&self, at: Timestamp) -> String {
        self.copy.date(at)
    }

    /// "the payment of $10.00 on 2 Dec 2025".
    fn payment(&self, id: &PaymentId) -> String {
        match self.named.payments.get(id) {
            Some(payment) => say!(
                self,
                "billing-event-the-payment",
                money = money(payment.paid, &payment.currency),
                date = self.date(payment.at)
            ),
            None => say!(self, "billing-event-a-payment", payment = id.as_str()),
        }
    }

    /// Money of a refund or dispute, in the currency of its payment.
    fn part_of(&self, payment: &PaymentId, amount: i64) -> String {
        let currency = self.named.payments.get(payment).map(|payment| payment.currency.as_str());
        currency.map_or_else(|| say!(self, "billing-event-money"), |currency| money(amount, currency))
    }

    fn cadence(&self, cadence: Cadence) -> String {
        match cadence {
            Cadence::Monthly => say!(self, "billing-event-monthly"),
            Cadence::Annual => say!(self, "billing-event-annual"),
        }
    }

    fn of_people(&self, event: &Event, who: &str) -> Option<String> {
        Some(match event {
            Event::OrganizationNamed { name } => {
                say!(self, "billing-event-organization_named", who = who, name = name)
            }
            Event::MemberSet { name, role, billing_admin, .. } => {
                let role = crate::web::frame::role(self.copy, *role);
                match billing_admin {
                    true => {
                        say!(self, "billing-event-member_set-billing", who = who, name = name, role = role)
                    }
                    false => say!(self, "billing-event-member_set", who = who, name = name, role = role),
                }
            }
            Event::MemberRemoved { member } => {
                say!(self, "billing-event-member_removed", who = who, name = self.person(member))
            }
            Event::OwnershipTransferred { to, .. } => {
                say!(self, "billing-event-ownership_transferred", who = who, name = self.person(to))
            }
            Event::OrganizationSuspended { reason } => {
                let reason = crate::words::ended(reason);
                say!(self, "billing-event-organization_suspended", reason = reason)
            }
            Event::SuspensionLifted {} => say!(self, "billing-event-suspension_lifted"),
            Event::TestClockSet { to } => {
                say!(self, "billing-event-test_clock_set", date = self.copy.date_time(*to))
            }
            Event::Unchanged {} => say!(self, "billing-event-unchanged", who = who),
            _ => return None,
        })
    }

    fn of_subscription(&self, event: &Event, who: &str) -> Option<String> {
        Some(match event {
            Event::SubscriptionReported { subscription } => self.reported(subscription),
            Event::EntitlementBegan { unlocked } if unlocked.is_positive() => {
                say!(self, "billing-event-entitlement_began-unlocked", amount = usable(*unlocked))
            }
            Event::EntitlementBegan { .. } => say!(self, "billing-event-entitlement_began"),
            Event::EntitlementEnded { locked } if locked.is_positive() => {
                say!(self, "billing-event-entitlement_ended-locked", amount = usable(*locked))
            }
            Event::EntitlementEnded { .. } => say!(self, "billing-event-entitlement_ended"),
            Event::ChangePlanned { change } => say!(
                self,
                "billing-event-change_planned",
                who = who,
                plan = self.plan(&change.plan),
                cadence = self.cadence(change.cadence),
                date = self.date(change.effective_at)
            ),
            Event::ChangeWithdrawn {} => say!(self, "billing-event-change_withdrawn"),
            Event::ChangeCompleted {} => say!(self, "billing-event-change_completed"),
            _ => return None,
        })
    }

    fn reported(&self, reported: &Subscription) -> String {
        use SubscriptionStatus as Status;
        let plan = reported.plan.as_ref().map(|plan| self.plan(plan)).unwrap_or_default();
        let cadence = self.cadence(reported.cadence);
        let until = reported.period.map(|period| self.date(period.end)).unwrap_or_default();
        match (reported.status, reported.cancel_at) {
            (Status::Active | Status::Trialing, Some(at)) => {
                say!(self, "billing-event-subscription_reported-ending", plan = plan, date = self.date(at))
            }
            (Status::Active, None) => {
                say!(
                    self,
                    "billing-event-subscription_reported",
                    plan = plan,
                    cadence = cadence,
                    date = until
                )
            }
            (Status::Trialing, None) => {
                say!(self, "billing-event-subscription_reported-trial", plan = plan, date = until)
            }
            (Status::PastDue, _) => {
                say!(self, "billing-event-subscription_reported-past_due", plan = plan)
            }
            (Status::Unpaid, _) => say!(self, "billing-event-subscription_reported-unpaid", plan = plan),
            (Status::Paused, _) => say!(self, "billing-event-subscription_reported-paused", plan = plan),
            (Status::Incomplete, _) => {
                say!(self, "billing-event-subscription_reported-incomplete", plan = plan)
            }
            (Status::Canceled, _) => {
                say!(self, "billing-event-subscription_reported-canceled", plan = plan)
            }
            (Status::None, _) => say!(self, "billing-event-subscription_reported-none"),
        }
    }

    fn of_grants(&self, event: &Event) -> Option<String> {
        Some(match event {
            Event::PaymentRecorded { purpose, paid, currency, credits, .. } => {
                let key = match purpose {
                    PaymentPurpose::TopUp => "billing-event-payment_recorded-top_up",
                    PaymentPurpose::Renewal => "billing-event-payment_recorded-renewal",
                    PaymentPurpose::Upgrade => "billing-event-payment_recorded-upgrade",
                    PaymentPurpose::Recharge => "billing-event-payment_recorded-recharge",
                    PaymentPurpose::Repayment => "billing-event-payment_recorded-repayment",
                };
                let values = [("money", money(*paid, currency).into()), ("amount", usable(*credits).into())];
                self.copy.text(key, &values)
            }
            Event::Granted { source, amount, expires_at, reason, .. } => {
                self.granted(*source, *amount, *expires_at, reason.as_deref())
            }
            Event::GrantBecameEffective { .. } => say!(self, "billing-event-grant_became_effective"),
            Event::GrantExpired { amount, .. } if amount.is_positive() => {
                say!(self, "billing-event-grant_expired", amount = usable(*amount))
            }
            Event::GrantExpired { .. } => say!(self, "billing-event-grant_expired-used"),
            Event::GrantExtended { expires_at, .. } => {
                say!(self, "billing-event-grant_extended", date = self.copy.date_time(*expires_at))
            }
            _ => return None,
        })
    }

    fn granted(
        &self,
        source: GrantSource,
        amount: Credits,
        end: Option<Timestamp>,
        reason: Option<&str>,
    ) -> String {
        let (amount, end) = (usable(amount), end.map(|end| self.date(end)));
        let Some(date) = end else {
            return match reason {
                Some(reason) => {
                    say!(
                        self,
                        "billing-event-granted-operator-reason",
                        amount = amount,
                        reason = crate::words::ended(reason)
                    )
                }
                None => say!(self, "billing-event-granted-for-ever", amount = amount),
            };
        };
        match (source, reason) {
            (GrantSource::Subscription, _) => {
                say!(self, "billing-event-granted-subscription", amount = amount, date = date)
            }
            (GrantSource::TopUp | GrantSource::AutoRecharge, _) => {
                say!(self, "billing-event-granted-purchased", amount = amount, date = date)
            }
            (GrantSource::Restitution, _) => {
                say!(self, "billing-event-granted-restitution", amount = amount, date = date)
            }
            (GrantSource::Operator, Some(reason)) => say!(
                self,
                "billing-event-granted-operator-reason-until",
                amount = amount,
                date = date,
                reason = crate::words::ended(reason)
            ),
            (GrantSource::Operator, None) => {
                say!(self, "billing-event-granted-operator", amount = amount, date = date)
            }
        }
    }

    fn of_work(&self, event: &Event) -> Option<String> {
        Some(match event {
            Event::RunStarted { run, kind, hold, member, .. } => {
                let work = self.work(run, Some(kind));
                match member {
                    Some(member) => say!(
                        self,
                        "billing-event-run_started-by",
                        who = self.person(member),
                        work = work,
                        amount = owed(*hold)
                    ),
                    None => say!(self, "billing-event-run_started", work = work, amount = owed(*hold)),
                }
            }
            Event::StartRefused { run, kind, reasons, .. } => {
                let why = reasons.first().copied().unwrap_or(ReasonCode::CreditsDepleted);
                let work = self.work(run, Some(kind));
                say!(self, "billing-event-start_refused", work = work, why = self.why(why))
            }
            Event::UsageRecorded { run, amount, charge, .. } => {
                self.used("billing-event-usage_recorded", &self.work(run, None), *amount, charge, &[])
            }
            Event::RunSettled { run, used, charge, released, .. } => {
                self.used("billing-event-run_settled", &self.work(run, None), *used, charge, released)
            }
            Event::UsageCharged { run, kind, used, charge, .. } => {
                self.used("billing-event-usage_charged", &self.work(run, Some(kind)), *used, charge, &[])
            }
            Event::RunReleased { run, released, .. } => {
                let (work, back) = (self.work(run, None), usable(total(released)));
                say!(self, "billing-event-run_released", work = work, amount = back)
            }
            Event::RunLapsed { run, released, .. } => {
                let (work, back) = (self.work(run, None), usable(total(released)));
                say!(self, "billing-event-run_lapsed", work = work, amount = back)
            }
            _ => return None,
        })
    }

    /// What work used, what of it came back, and what was more than there was.
    fn used(&self, key: &str, work: &str, used: Credits, charge: &Charge, released: &[Take]) -> String {
        let beyond = charge.outstanding.as_ref().map(|outstanding| outstanding.amount);
        let back = total(released);
        let (key, amount) = match beyond {
            Some(beyond) => (format!("{key}-owed"), owed(beyond)),
            None if back.is_positive() => (format!("{key}-back"), usable(back)),
            None => (key.to_owned(), owed(used)),
        };
        let values: [(&str, Value); 3] =
            [("work", work.into()), ("used", owed(used).into()), ("amount", amount.into())];
        self.copy.text(&key, &values)
    }

    /// Why a start was refused, in a few words.
    fn why(&self, code: ReasonCode) -> String {
        self.copy.text(&format!("billing-why-{}", code.as_str()), &[])
    }

    /// A debt as people know it: what gave rise to it.
    fn debt(&self, id: &DebtId) -> String {
        let known = self.named.debts.get(id);
        match known.map(|debt| (&debt.origin, debt.kind)) {
            Some((DebtOrigin::Run { run }, _)) => {
                say!(self, "billing-event-debt-of-run", work = self.work(run, None))
            }
            Some((_, DebtKind::Dispute)) => say!(self, "billing-event-debt-of-dispute"),
            Some(_) => say!(self, "billing-event-debt-of-refund"),
            None => say!(self, "billing-event-debt-of-something"),
        }
    }

    fn of_debt(&self, event: &Event) -> Option<String> {
        Some(match event {
            Event::DebtOpened { kind: DebtKind::Dispute, amount, .. } => {
                say!(self, "billing-event-debt_opened-dispute", amount = owed(*amount))
            }
            Event::DebtOpened { amount, .. } => {
                say!(self, "billing-event-debt_opened", amount = owed(*amount))
            }
            Event::DebtSettled { debt, takes } => {
                say!(self, "billing-event-debt_settled", amount = owed(total(takes)), debt = self.debt(debt))
            }
            Event::DebtRepaid { debt, amount, .. } => {
                say!(self, "billing-event-debt_repaid", amount = owed(*amount), debt = self.debt(debt))
            }
            Event::DebtOffset { debt, amount, why, .. } => {
                let key = match why {
                    OffsetReason::WriteOff => "billing-event-debt_offset-write_off",
                    OffsetReason::DisputeWon => "billing-event-debt_offset-dispute_won",
                    OffsetReason::RefundFailed => "billing-event-debt_offset-refund_failed",
                    OffsetReason::Reassigned => "billing-event-debt_offset-reassigned",
                };
                self.copy.text(key, &[("amount", owed(*amount).into()), ("debt", self.debt(debt).into())])
            }
            _ => return None,
        })
    }

    fn of_recovery(&self, event: &Event) -> Option<String> {
        Some(match event {
            Event::RefundRecorded { payment, amount, .. } => {
                let (part, payment) = (self.part_of(payment, *amount), self.payment(payment));
                say!(self, "billing-event-refund_recorded", money = part, payment = payment)
            }
            Event::RefundFailed { .. } => say!(self, "billing-event-refund_failed"),
            Event::DisputeOpened { payment, amount, .. } => {
                let (part, payment) = (self.part_of(payment, *amount), self.payment(payment));
                say!(self, "billing-event-dispute_opened", money = part, payment = payment)
            }
            Event::DisputeClosed { outcome: DisputeOutcome::Won, .. } => {
                say!(self, "billing-event-dispute_closed-won")
            }
            Event::DisputeClosed { outcome: DisputeOutcome::Lost, .. } => {
                say!(self, "billing-event-dispute_closed-lost")
            }
            Event::RecoveryAssessed { payment, recovered, .. } => say!(
                self,
                "billing-event-recovery_assessed",
                payment = self.payment(payment),
                amount = usable(*recovered)
            ),
            Event::CreditsRevoked { from_free, from_frozen, .. } => {
                say!(self, "billing-event-credits_revoked", amount = usable(from_free.plus(*from_frozen)))
            }
            Event::CreditsFrozen { from_free, from_revoked, .. } => {
                say!(self, "billing-event-credits_frozen", amount = usable(from_free.plus(*from_revoked)))
            }
            Event::CreditsRestored { from_frozen, from_revoked, .. } => {
                say!(self, "billing-event-credits_restored", amount = usable(from_frozen.plus(*from_revoked)))
            }
            _ => return None,
        })
    }

    fn of_recharge(&self, event: &Event, who: &str) -> Option<String> {
        Some(match event {
            Event::PaymentMethodSet { present: true } => say!(self, "billing-event-payment_method_set"),
            Event::PaymentMethodSet { present: false } => {
                say!(self, "billing-event-payment_method_set-removed")
            }
            Event::AutoRechargeSet { settings } if settings.enabled => say!(
                self,
                "billing-event-auto_recharge_set",
                who = who,
                amount = usable(settings.amount),
                threshold = usable(settings.threshold),
                limit = usable(settings.monthly_limit)
            ),
            Event::AutoRechargeSet { .. } => say!(self, "billing-event-auto_recharge_set-off", who = who),
            Event::RechargeRequested { credits, .. } => {
                say!(self, "billing-event-recharge_requested", amount = usable(*credits))
            }
            Event::RechargeDeclined { reason, retry_at, .. } => {
                let reason = crate::words::ended(reason);
                match retry_at {
                    Some(at) => {
                        let date = self.copy.date_time(*at);
                        say!(self, "billing-event-recharge_declined", reason = reason, date = date)
                    }
                    None => say!(self, "billing-event-recharge_declined-suspended", reason = reason),
                }
            }
            _ => return None,
        })
    }

    fn of_tasks_and_states(&self, event: &Event, who: &str) -> String {
        match event {
            Event::TaskPaused { task, .. } => {
                say!(self, "billing-event-task_paused", task = task.as_str())
            }
            Event::TaskResumed { task } => {
                say!(self, "billing-event-task_resumed", who = who, task = task.as_str())
            }
            Event::TaskNeedsAttention { task, failures } => {
                say!(self, "billing-event-task_needs_attention", task = task.as_str(), count = *failures)
            }
            Event::TaskSet { task, failures_max } => {
                say!(self, "billing-event-task_set", who = who, task = task.as_str(), count = *failures_max)
            }
            Event::BalanceBlocked { reason } => {
                say!(self, "billing-event-balance_blocked", why = self.why(*reason))
            }
            Event::BalanceUnblocked {} => say!(self, "billing-event-balance_unblocked"),
            Event::BalanceLow { available, threshold } => say!(
                self,
                "billing-event-balance_low",
                amount = usable(*available),
                threshold = usable(*threshold)
            ),
            Event::BalanceRecovered { available } => {
                say!(self, "billing-event-balance_recovered", amount = usable(*available))
            }
            // What has no sentence yet is at least named; a test goes over every event.
            other => other.name().replace('_', " "),
        }
    }

    /// The figure at the end of the line.
    fn figure(&self, event: &Event) -> String {
        let plus = |credits: Credits| format!("+{}", usable(credits));
        let minus = |credits: Credits| format!("−{}", owed(credits));
        let word = |key: &str, credits: Credits| self.copy.text(key, &[("amount", owed(credits).into())]);
        let nothing = String::new();
        match event {
            Event::Granted { amount, .. } => plus(*amount),
            Event::GrantExpired { amount, .. } if amount.is_positive() => minus(*amount),
            Event::EntitlementBegan { unlocked } if unlocked.is_positive() => plus(*unlocked),
            Event::EntitlementEnded { locked } if locked.is_positive() => {
                word("billing-figure-locked", *locked)
            }
            Event::PaymentRecorded { paid, currency, .. } => money(*paid, currency),
            Event::RunStarted { hold, .. } => word("billing-figure-reserved", *hold),
            Event::StartRefused { .. } => say!(self, "billing-figure-refused"),
            Event::UsageRecorded { amount: used, charge, .. }
            | Event::RunSettled { used, charge, .. }
            | Event::UsageCharged { used, charge, .. } => match &charge.outstanding {
                Some(outstanding) => word("billing-figure-owed", outstanding.amount),
                None if used.is_positive() => minus(*used),
                None => nothing,
            },
            Event::DebtOpened { amount, .. } => word("billing-figure-owed", *amount),
            Event::DebtSettled { takes, .. } => word("billing-figure-settled", total(takes)),
            Event::DebtRepaid { amount, .. } => word("billing-figure-repaid", *amount),
            Event::DebtOffset { amount, .. } => word("billing-figure-dropped", *amount),
            Event::CreditsRevoked { from_free, .. } if from_free.is_positive() => minus(*from_free),
            Event::CreditsFrozen { from_free, from_revoked, .. } => {
                word("billing-figure-disputed", from_free.plus(*from_revoked))
            }
            Event::CreditsRestored { from_frozen, from_revoked, .. } => plus(from_frozen.plus(*from_revoked)),
            _ => nothing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::copy::Language;

    #[test]
    fn every_event_that_there_is_has_a_sentence_of_its_own() {
        let copy = Copy::of(Language::English);
        let (policy, members, named) = (Policy::default(), BTreeMap::new(), Named::default());
        let teller = Teller { copy: &copy, policy: &policy, members: &members, named: &named };
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../ledger/golden/v1");
        for name in Event::NAMES {
            let text =
                std::fs::read_to_string(format!("{folder}/{name}.json")).expect("a sample of each event");
            for line in text.lines().filter(|line| !line.is_empty()) {
                let recorded: Recorded = serde_json::from_str(line).expect("an event");
                let told = teller.tell(&recorded);
                assert!(told.sentence.ends_with(['.', ':']), "{name}: {}", told.sentence);
                assert!(
                    !told.sentence.contains("{$") && !told.sentence.contains("billing-"),
                    "{}",
                    told.sentence
                );
                assert!(!told.figure.contains("billing-"), "{}", told.figure);
            }
        }
        for code in ReasonCode::ALL {
            assert!(!teller.why(code).starts_with("billing-"), "{code:?}");
        }
    }
}
