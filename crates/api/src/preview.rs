//! What if: what a command would do.

use crate::{
    Amount, Id,
    balance::Balance,
    books::NewGrant,
    money::{
        DisputeOutcome, NewDispute, NewPayment, NewRefund, PaymentMethod, RechargeSettings,
        SubscriptionChange, SubscriptionReport,
    },
    problem::{Problem, StartProblem},
    run::{NewCharge, NewRun, Outcome},
};
use serde::{Deserialize, Serialize};

/// Asks what a command would do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Preview<'a> {
    /// The command.
    #[serde(borrow)]
    pub command: PreviewCommand<'a>,
}

/// A command as its own call would take it, with what its path would say.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum PreviewCommand<'a> {
    /// Starts a run.
    #[serde(borrow)]
    Start(NewRun<'a>),
    /// Adds to what a run has used.
    Usage {
        /// Which run.
        #[serde(borrow)]
        run: Id<'a>,
        /// The host's id of this record.
        #[serde(borrow)]
        id: Id<'a>,
        /// How many credits.
        amount: Amount,
    },
    /// States a run's total and closes it.
    Settle {
        /// Which run.
        #[serde(borrow)]
        run: Id<'a>,
        /// The total.
        used: Amount,
        /// How the work ended.
        #[serde(default)]
        outcome: Option<Outcome>,
    },
    /// Closes a run with what it has recorded.
    Release {
        /// Which run.
        #[serde(borrow)]
        run: Id<'a>,
    },
    /// Records work that needed no start.
    #[serde(borrow)]
    Charge(NewCharge<'a>),
    /// The operator gives credits.
    #[serde(borrow)]
    Grant(NewGrant<'a>),
    /// Money came in.
    #[serde(borrow)]
    Payment(NewPayment<'a>),
    /// The provider reports a refund.
    #[serde(borrow)]
    Refund(NewRefund<'a>),
    /// The provider reports that a refund failed.
    FailRefund {
        /// Which.
        #[serde(borrow)]
        refund: Id<'a>,
    },
    /// The provider reports a dispute.
    #[serde(borrow)]
    Dispute(NewDispute<'a>),
    /// The provider reports the end of a dispute.
    CloseDispute {
        /// Which.
        #[serde(borrow)]
        dispute: Id<'a>,
        /// Won or lost.
        outcome: DisputeOutcome,
    },
    /// The operator gives up a debt.
    WriteOff {
        /// Which.
        #[serde(borrow)]
        debt: Id<'a>,
        /// How much; none: what is open.
        #[serde(default)]
        amount: Option<Amount>,
        /// Why.
        reason: String,
    },
    /// The provider reports the subscription.
    #[serde(borrow)]
    Subscription(SubscriptionReport<'a>),
    /// A change of plan or cadence.
    #[serde(borrow)]
    ChangeSubscription(SubscriptionChange<'a>),
    /// Auto-recharge settings.
    AutoRecharge(RechargeSettings),
    /// Whether the provider has a reusable payment method.
    PaymentMethod(PaymentMethod),
}

/// Why a previewed command would be refused.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum PreviewRefusal<'a> {
    /// A refused start.
    Start(Box<StartProblem<'a>>),
    /// Another refusal.
    Other(Box<Problem<'a>>),
}

/// What a command would do. Nothing was changed.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PreviewAnswer<'a> {
    /// Whether it would be carried out.
    pub allowed: bool,
    /// The balance that would result; where it would be refused, the balance as it is.
    pub balance: Balance<'a>,
    /// Why it would be refused, or null.
    pub refusal: Option<PreviewRefusal<'a>>,
}
