//! Sentences of what moved credits and money: grants, work, debt, refunds and disputes, auto-recharge.

use super::Teller;
use crate::{
    copy::{Value, say},
    money::money,
    web::figures::{owed, usable},
};
use ledger::{
    Credits, Timestamp,
    debt::{DebtKind, DebtOrigin, OffsetReason},
    event::Event,
    grant::{GrantSource, Take, total},
    id::DebtId,
    payment::{DisputeOutcome, PaymentPurpose},
    run::Charge,
    status::ReasonCode,
};

impl Teller<'_> {
    pub(super) fn of_grants(&self, event: &Event) -> Option<String> {
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

    pub(super) fn of_work(&self, event: &Event) -> Option<String> {
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
            Event::UsageRecorded { run, amount, charge, .. } => self.used(
                [
                    "billing-event-usage_recorded",
                    "billing-event-usage_recorded-back",
                    "billing-event-usage_recorded-owed",
                ],
                &self.work(run, None),
                *amount,
                charge,
                &[],
            ),
            Event::RunSettled { run, used, charge, released, .. } => self.used(
                [
                    "billing-event-run_settled",
                    "billing-event-run_settled-back",
                    "billing-event-run_settled-owed",
                ],
                &self.work(run, None),
                *used,
                charge,
                released,
            ),
            Event::UsageCharged { run, kind, used, charge, .. } => self.used(
                [
                    "billing-event-usage_charged",
                    "billing-event-usage_charged-back",
                    "billing-event-usage_charged-owed",
                ],
                &self.work(run, Some(kind)),
                *used,
                charge,
                &[],
            ),
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
    fn used(
        &self,
        [plain, came_back, more]: [&str; 3],
        work: &str,
        used: Credits,
        charge: &Charge,
        released: &[Take],
    ) -> String {
        let beyond = charge.outstanding.as_ref().map(|outstanding| outstanding.amount);
        let back = total(released);
        let (key, amount) = match beyond {
            Some(beyond) => (more, owed(beyond)),
            None if back.is_positive() => (came_back, usable(back)),
            None => (plain, owed(used)),
        };
        let values: [(&str, Value); 3] =
            [("work", work.into()), ("used", owed(used).into()), ("amount", amount.into())];
        self.copy.text(key, &values)
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

    pub(super) fn of_debt(&self, event: &Event) -> Option<String> {
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

    pub(super) fn of_recovery(&self, event: &Event) -> Option<String> {
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

    pub(super) fn of_recharge(&self, event: &Event, who: &str) -> Option<String> {
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
}
