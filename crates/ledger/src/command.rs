//! Commands: what can be asked of an account. A command carries its identity, so that a repeat is recognised (R2.4).

use crate::{
    Credits,
    event::{Actor, Digest},
    id::*,
    payment::{DisputeOutcome, PaymentPurpose},
    people::Role,
    run::{Metadata, RunOutcome},
    subscription::{Cadence, Period, Subscription},
    time::{Duration, Timestamp},
};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

/// What can be asked. Amounts in credits unless said; what is optional falls back on the policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "command", rename_all = "snake_case")]
pub enum Command {
    /// Nothing, but let what is due happen (R1.4): the sweeper and every reader ask this.
    Observe,

    /// Opens the organization, or renames it.
    NameOrganization {
        /// Its name.
        name: String,
    },
    /// Adds or changes a member (R12.1).
    SetMember {
        /// Who.
        member: MemberId,
        /// What others call this person.
        name: String,
        /// Where notices go.
        email: Option<String>,
        /// The role.
        role: Role,
        /// Billing admin or not; none leaves it as it is.
        billing_admin: Option<bool>,
    },
    /// Removes a member.
    RemoveMember {
        /// Who.
        member: MemberId,
    },
    /// Makes a member the owner, and the owner an admin.
    TransferOwnership {
        /// The new owner.
        to: MemberId,
    },
    /// Stops all starts (R2.5).
    Suspend {
        /// Why.
        reason: String,
    },
    /// Lifts the suspension.
    LiftSuspension,
    /// Sets the organization's own test clock (sandbox only).
    SetTestClock {
        /// To when, not before the account's last instant.
        to: Timestamp,
    },

    /// The only door to billable work (R5.1).
    Start {
        /// The host's id: the command's identity.
        run: RunId,
        /// The kind of work.
        kind: KindKey,
        /// How much to hold; none: the kind's default.
        hold: Option<Credits>,
        /// The task it belongs to.
        task: Option<TaskId>,
        /// Who starts it.
        member: Option<MemberId>,
        /// How long to hold; none: the policy's.
        hold_lifetime: Option<Duration>,
        /// What the host wants to find again.
        metadata: Option<Metadata>,
    },
    /// Adds to what a run has used (R6.1).
    RecordUsage {
        /// Which run.
        run: RunId,
        /// The host's id of this record, unique in the run: the identity.
        usage: UsageId,
        /// How much.
        amount: Credits,
    },
    /// States a run's total and closes it (R6.2).
    Settle {
        /// Which run: the identity.
        run: RunId,
        /// Its total.
        used: Credits,
        /// How the work ended.
        outcome: RunOutcome,
    },
    /// Closes a run with what it has recorded (R6.3).
    Release {
        /// Which run: the identity.
        run: RunId,
    },
    /// Records work that needed no start (R6.5).
    Charge {
        /// The host's id: the identity, shared with runs.
        run: RunId,
        /// The kind of work.
        kind: KindKey,
        /// How much it used.
        used: Credits,
        /// For whom.
        member: Option<MemberId>,
        /// What the host wants to find again.
        metadata: Option<Metadata>,
    },

    /// The operator gives credits (R3.2).
    GrantPromotional {
        /// The operator's own id of the grant: the identity where given.
        grant: Option<GrantId>,
        /// How many.
        amount: Credits,
        /// From when; none: at once.
        effective_at: Option<Timestamp>,
        /// Until when; none: for ever.
        expires_at: Option<Timestamp>,
        /// Lowest is spent first; none: the policy's.
        priority: Option<u32>,
        /// Why.
        reason: Option<String>,
    },
    /// The provider reports the subscription (R4.1).
    ReportSubscription {
        /// As reported.
        subscription: Subscription,
    },
    /// Asks for another plan or cadence (R4.6, R4.7).
    ChangeSubscription {
        /// The plan to be.
        plan: PlanKey,
        /// The cadence to be.
        cadence: Cadence,
    },
    /// Withdraws a change that waits for the renewal date.
    WithdrawChange,
    /// Money came in.
    RecordPayment {
        /// The provider's id: the identity.
        payment: PaymentId,
        /// What for.
        purpose: PaymentPurpose,
        /// Minor units, ≥ 0.
        paid: i64,
        /// ISO 4217.
        currency: String,
        /// What it bought; may be left out for the purchase in flight.
        credits: Option<Credits>,
        /// When the credits expire; none: the policy's lifetime, or the period's end.
        expires_at: Option<Timestamp>,
        /// The period it paid for: required for a renewal.
        period: Option<Period>,
        /// The automatic purchase it answers; none: the one in flight.
        recharge: Option<RechargeId>,
    },
    /// The provider reports a refund (R8).
    RecordRefund {
        /// The provider's id: the identity.
        refund: RefundId,
        /// Of which payment.
        payment: PaymentId,
        /// Minor units, ≥ 0.
        amount: i64,
    },
    /// The provider reports that a refund failed (R8.5).
    FailRefund {
        /// Which: the identity.
        refund: RefundId,
    },
    /// The provider reports a dispute (R8).
    OpenDispute {
        /// The provider's id: the identity.
        dispute: DisputeId,
        /// Over which payment.
        payment: PaymentId,
        /// Minor units, ≥ 0; 0 for an inquiry.
        amount: i64,
    },
    /// The provider reports the end of a dispute (R8.4).
    CloseDispute {
        /// Which: the identity.
        dispute: DisputeId,
        /// Won or lost.
        outcome: DisputeOutcome,
    },
    /// The operator gives up a debt, whole or in part (R7.2).
    WriteOff {
        /// Which.
        debt: DebtId,
        /// How much; none: what is open.
        amount: Option<Credits>,
        /// Why.
        reason: String,
    },

    /// The provider has, or has no more, a reusable payment method (R10.4). Saying so lifts waits and a suspension (R10.5).
    SetPaymentMethod {
        /// Whether it has.
        present: bool,
    },
    /// A person chooses auto-recharge settings (R10.2); none leaves a figure as it is, or takes the policy's.
    SetAutoRecharge {
        /// Whether it buys.
        enabled: bool,
        /// Below what it buys.
        threshold: Option<Credits>,
        /// How much it buys at once.
        amount: Option<Credits>,
        /// How much in a month at most.
        monthly_limit: Option<Credits>,
    },
    /// Requests the automatic purchase as a refused start does (R10.3), for a start that would rather wait for it.
    RequestRecharge,
    /// The purchase in flight failed (R10.5).
    DeclineRecharge {
        /// Which: the identity.
        recharge: RechargeId,
        /// Why, as the provider says.
        reason: String,
    },

    /// A person resumes a paused task (R11.1).
    ResumeTask {
        /// Which.
        task: TaskId,
    },
    /// How many failures in a row make a task need attention (R11.2).
    SetTask {
        /// Which.
        task: TaskId,
        /// How many.
        failures_max: u32,
    },
}

/// A part of an account that a command looks at and that may be written away: to be recalled before deciding.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PartKey {
    /// A run.
    Run(RunId),
    /// A payment with its grant, refunds, disputes and debts.
    Payment(PaymentId),
    /// The payment of this refund.
    Refund(RefundId),
    /// The payment of this dispute.
    Dispute(DisputeId),
    /// A grant that no payment funds.
    Grant(GrantId),
    /// A debt, with the payment that gave rise to it.
    Debt(DebtId),
    /// What was asked with this key.
    Idempotency(IdempotencyKey),
}

/// A command with who asks it and how it is recognised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    pub(crate) command: Command,
    pub(crate) by: Actor,
    pub(crate) key: Option<IdempotencyKey>,
    pub(crate) asked: Digest,
}

impl Request {
    /// A command as this actor asks it. The key counts only where the command has no id of its own (R2.4).
    pub fn new(command: Command, by: Actor, key: Option<IdempotencyKey>) -> Request {
        let asked = digest(&command);
        let key = if command.has_identity() { None } else { key };
        Request { command, by, key, asked }
    }

    /// Coulomb's own: let what is due happen.
    pub fn observe() -> Request {
        Request::new(Command::Observe, Actor::default(), None)
    }

    /// What is asked.
    pub fn command(&self) -> &Command {
        &self.command
    }

    /// Who asks.
    pub fn by(&self) -> &Actor {
        &self.by
    }

    /// What the account must have at hand to decide this; whatever it lacks may have been written away.
    pub fn parts(&self) -> Vec<PartKey> {
        let mut parts = match &self.command {
            Command::Start { run, .. }
            | Command::RecordUsage { run, .. }
            | Command::Settle { run, .. }
            | Command::Release { run }
            | Command::Charge { run, .. } => vec![PartKey::Run(run.clone())],
            Command::RecordPayment { payment, .. } => vec![PartKey::Payment(payment.clone())],
            Command::RecordRefund { refund, payment, .. } => {
                vec![PartKey::Refund(refund.clone()), PartKey::Payment(payment.clone())]
            }
            Command::FailRefund { refund } => vec![PartKey::Refund(refund.clone())],
            Command::OpenDispute { dispute, payment, .. } => {
                vec![PartKey::Dispute(dispute.clone()), PartKey::Payment(payment.clone())]
            }
            Command::CloseDispute { dispute, .. } => vec![PartKey::Dispute(dispute.clone())],
            Command::GrantPromotional { grant: Some(grant), .. } => vec![PartKey::Grant(grant.clone())],
            Command::WriteOff { debt, .. } => vec![PartKey::Debt(debt.clone())],
            _ => Vec::new(),
        };
        parts.extend(self.key.iter().cloned().map(PartKey::Idempotency));
        parts
    }
}

impl Command {
    /// Whether the command names an object whose id is its identity (R2.4).
    pub fn has_identity(&self) -> bool {
        matches!(
            self,
            Command::Start { .. }
                | Command::RecordUsage { .. }
                | Command::Settle { .. }
                | Command::Release { .. }
                | Command::Charge { .. }
                | Command::GrantPromotional { grant: Some(_), .. }
                | Command::RecordPayment { .. }
                | Command::RecordRefund { .. }
                | Command::FailRefund { .. }
                | Command::OpenDispute { .. }
                | Command::CloseDispute { .. }
                | Command::DeclineRecharge { .. }
                | Command::Observe
        )
    }
}

/// 128 bits of SHA-256 over the command's JSON, whose fields have one order.
fn digest(command: &Command) -> Digest {
    let bytes = serde_json::to_vec(command).expect("a command is plain data");
    let hash = Sha256::digest(bytes);
    Digest(crate::chain::hex(hash.get(..16).expect("SHA-256 has 32 bytes")).into())
}
