//! Facts: what a payment provider says happened, in the words of the rules. Whoever reports one may do so late, twice and
//! out of order (R8.6); the ledger knows payments, refunds, disputes and recharges by the provider's own ids.

use ledger::{
    Credits,
    command::{Command, Request},
    event::Actor,
    id::{DisputeId, IdempotencyKey, KeyId, OrganizationId, PaymentId, RechargeId, RefundId},
    payment::{DisputeOutcome, PaymentPurpose},
    subscription::{Period, Subscription},
};
use serde::{Deserialize, Serialize};

/// What a provider says happened to one organization. Money in minor units.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "fact", rename_all = "snake_case")]
pub enum Fact {
    /// Money came in.
    Payment {
        /// The provider's id.
        payment: PaymentId,
        /// What for.
        purpose: PaymentPurpose,
        /// How much.
        paid: i64,
        /// ISO 4217, three capital letters.
        currency: String,
        /// What it bought; none: the rules know (the purchase in flight, the planned change).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        credits: Option<Credits>,
        /// The period it paid for: a renewal has one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        period: Option<Period>,
        /// The automatic purchase it answers.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        recharge: Option<RechargeId>,
    },
    /// Money went back.
    Refund {
        /// The provider's id.
        refund: RefundId,
        /// Of which payment.
        payment: PaymentId,
        /// How much.
        amount: i64,
    },
    /// A refund did not arrive: the money is back here.
    RefundFailed {
        /// Which.
        refund: RefundId,
    },
    /// A dispute took money away. An inquiry that moves none is no fact (R8.3).
    DisputeOpened {
        /// The provider's id.
        dispute: DisputeId,
        /// Over which payment.
        payment: PaymentId,
        /// How much.
        amount: i64,
    },
    /// A dispute ended.
    DisputeClosed {
        /// Which.
        dispute: DisputeId,
        /// Won or lost.
        outcome: DisputeOutcome,
    },
    /// How the subscription stands now.
    Subscription {
        /// As the provider has it.
        subscription: Subscription,
    },
    /// Whether there is a payment method that can be charged without a person.
    PaymentMethod {
        /// There is one.
        present: bool,
    },
    /// An automatic purchase was not paid.
    RechargeDeclined {
        /// Which.
        recharge: RechargeId,
        /// Why, as the provider says.
        reason: String,
    },
}

impl Fact {
    /// The command that tells the ledger. `told` names the telling, where the fact has no id of its own and telling it
    /// twice must count once: a payment method that is told about again would lift the waits of auto-recharge (R10.5).
    pub fn request(&self, provider: &str, told: &str) -> Request {
        let by = Actor { key: provider.parse::<KeyId>().ok(), member: None };
        let key = match self {
            Fact::PaymentMethod { present } => format!("{told}.{present}").parse::<IdempotencyKey>().ok(),
            _ => None,
        };
        Request::new(self.command(), by, key)
    }

    fn command(&self) -> Command {
        match self.clone() {
            Fact::Payment { payment, purpose, paid, currency, credits, period, recharge } => {
                Command::RecordPayment {
                    payment,
                    purpose,
                    paid,
                    currency,
                    credits,
                    expires_at: None,
                    period,
                    recharge,
                }
            }
            Fact::Refund { refund, payment, amount } => Command::RecordRefund { refund, payment, amount },
            Fact::RefundFailed { refund } => Command::FailRefund { refund },
            Fact::DisputeOpened { dispute, payment, amount } => {
                Command::OpenDispute { dispute, payment, amount }
            }
            Fact::DisputeClosed { dispute, outcome } => Command::CloseDispute { dispute, outcome },
            Fact::Subscription { subscription } => Command::ReportSubscription { subscription },
            Fact::PaymentMethod { present } => Command::SetPaymentMethod { present },
            Fact::RechargeDeclined { recharge, reason } => Command::DeclineRecharge { recharge, reason },
        }
    }
}

/// A fact with whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Whose.
    pub organization: OrganizationId,
    /// What happened.
    pub fact: Fact,
}
