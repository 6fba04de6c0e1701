//! Events: what happened, stored for ever (R2.2). Each states its facts, never what should be worked out later.
//!
//! The bytes of an event are the JSON of [`Recorded`], written once and never serialized again: the hash chain runs over
//! them. Names are never reused with another meaning, new fields are optional, and `golden/` holds a sample of each.

use crate::{
    Credits,
    debt::{DebtKind, DebtOrigin, OffsetReason},
    grant::{GrantKind, GrantSource, Take},
    id::*,
    payment::{DisputeOutcome, PaymentPurpose},
    people::Role,
    recharge::RechargeSettings,
    run::{Charge, Metadata, RunOutcome},
    status::ReasonCode,
    subscription::{Period, PlannedChange, Subscription},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};
use std::{fmt, sync::Arc};

/// What was asked, in 128 bits: the same content gives the same digest, other content another (R2.4).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Digest(pub(crate) Arc<str>);

impl fmt::Debug for Digest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Digest({})", self.0)
    }
}

/// Who a command came from (R12.4).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// The key it came with; none: Coulomb itself, because something was due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<KeyId>,
    /// The member on whose behalf.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member: Option<MemberId>,
}

/// The version of the events that this code writes.
pub const EVENT_VERSION: u8 = 1;

/// One event with its place in the account's history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recorded {
    /// The version of the event's form.
    pub v: u8,
    /// Its number in the account, from 1, without gaps.
    pub seq: u64,
    /// When it happened.
    pub at: Timestamp,
    /// How many events of the same decision follow: a decision is complete where this is 0.
    pub left: u32,
    /// Who caused it.
    #[serde(default, skip_serializing_if = "is_system")]
    pub by: Actor,
    /// The idempotency key of the command, where it came with one and has no id of its own (R2.4).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<IdempotencyKey>,
    /// What was asked, on the event that answers the command.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<Digest>,
    /// What happened.
    pub event: Event,
}

fn is_system(actor: &Actor) -> bool {
    actor.key.is_none() && actor.member.is_none()
}

/// What can happen to an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Event {
    /// The organization was opened, or renamed (R2.1).
    OrganizationNamed {
        /// Its name.
        name: String,
    },
    /// A member was added or changed (R12.1).
    MemberSet {
        /// Who.
        member: MemberId,
        /// What others call this person.
        name: String,
        /// Where notices go.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        email: Option<String>,
        /// The role.
        role: Role,
        /// Billing admin or not.
        billing_admin: bool,
    },
    /// A member was removed.
    MemberRemoved {
        /// Who.
        member: MemberId,
    },
    /// The organization has another owner; the old one is admin now.
    OwnershipTransferred {
        /// The old owner.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<MemberId>,
        /// The new one.
        to: MemberId,
    },
    /// Nothing starts until this is lifted (R2.5).
    OrganizationSuspended {
        /// Why.
        reason: String,
    },
    /// The suspension was lifted.
    SuspensionLifted {},
    /// The organization's own test clock was set (sandbox only).
    TestClockSet {
        /// To when.
        to: Timestamp,
    },
    /// A command with an idempotency key found nothing to change (R2.4).
    Unchanged {},

    /// The provider reported the subscription (R4.1).
    SubscriptionReported {
        /// As reported.
        subscription: Subscription,
    },
    /// Purchased credits may start work (R4.2).
    EntitlementBegan {
        /// Free purchased credits that unlocked.
        unlocked: Credits,
    },
    /// Purchased credits are locked (R4.3).
    EntitlementEnded {
        /// Free purchased credits that locked.
        locked: Credits,
    },
    /// A change of plan or cadence was asked for (R4.6, R4.7).
    ChangePlanned {
        /// Which, and when it takes effect.
        change: PlannedChange,
    },
    /// It was withdrawn before it took effect.
    ChangeWithdrawn {},
    /// It took effect.
    ChangeCompleted {},

    /// Money came in.
    PaymentRecorded {
        /// The provider's id.
        payment: PaymentId,
        /// What for.
        purpose: PaymentPurpose,
        /// Minor units.
        paid: i64,
        /// ISO 4217.
        currency: String,
        /// What it bought.
        credits: Credits,
        /// The period it paid for.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        period: Option<Period>,
        /// The automatic purchase it answers.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        recharge: Option<RechargeId>,
    },
    /// Credits were granted (R3).
    Granted {
        /// The grant.
        grant: GrantId,
        /// The kind of credits.
        kind: GrantKind,
        /// Where they come from.
        source: GrantSource,
        /// How many.
        amount: Credits,
        /// From when they can be spent.
        effective_at: Timestamp,
        /// Until when.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expires_at: Option<Timestamp>,
        /// Lowest is spent first.
        priority: u32,
        /// The payment that bought them.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        payment: Option<PaymentId>,
        /// The debt that was settled or repaid and is not owed any more, for a restitution.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        restores: Option<DebtId>,
        /// The operator's reason, for a promotional grant.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// A grant that was pending can be spent.
    GrantBecameEffective {
        /// Which.
        grant: GrantId,
    },
    /// A grant's last instant passed; its free part is lost (R3.7). Its end moves here where entitlement ended earlier (R4.3).
    GrantExpired {
        /// Which.
        grant: GrantId,
        /// How much of it was free.
        amount: Credits,
    },
    /// A grant lives longer: the time that a dispute took (R8.4).
    GrantExtended {
        /// Which.
        grant: GrantId,
        /// Until when, now.
        expires_at: Timestamp,
    },

    /// A run was admitted and credits held for it (R5.3, R5.4).
    RunStarted {
        /// The host's id.
        run: RunId,
        /// The kind of work.
        kind: KindKey,
        /// What is held.
        hold: Credits,
        /// From which grants.
        from: Vec<Take>,
        /// When the hold ends.
        lapses_at: Timestamp,
        /// The task it belongs to.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        task: Option<TaskId>,
        /// Who started it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        member: Option<MemberId>,
        /// What the host wants to find again.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        metadata: Option<Metadata>,
    },
    /// A start was refused: the first since the block began, or one that pauses a task (R5.6).
    StartRefused {
        /// The host's id.
        run: RunId,
        /// The kind of work.
        kind: KindKey,
        /// What it would have held.
        hold: Credits,
        /// Why, most important first.
        reasons: Vec<ReasonCode>,
        /// What was available.
        available: Credits,
        /// The task it belonged to.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        task: Option<TaskId>,
        /// Who tried.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        member: Option<MemberId>,
    },
    /// A run used credits on its way (R6.1).
    UsageRecorded {
        /// Which run.
        run: RunId,
        /// The host's id of this record.
        usage: UsageId,
        /// How much.
        amount: Credits,
        /// Who paid.
        charge: Charge,
    },
    /// A run's total was stated (R6.2).
    RunSettled {
        /// Which run.
        run: RunId,
        /// Its total.
        used: Credits,
        /// How the work ended.
        outcome: RunOutcome,
        /// Who paid what was not recorded before.
        charge: Charge,
        /// What is left of the hold and free again.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        released: Vec<Take>,
        /// What is left of the hold of grants that have expired since (R3.7).
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        expired: Vec<Take>,
    },
    /// A run was closed with what it had recorded (R6.3).
    RunReleased {
        /// Which run.
        run: RunId,
        /// What is left of the hold and free again.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        released: Vec<Take>,
        /// What is left of the hold of grants that have expired since.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        expired: Vec<Take>,
    },
    /// A hold's time was over (R5.4).
    RunLapsed {
        /// Which run.
        run: RunId,
        /// What is left of the hold and free again.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        released: Vec<Take>,
        /// What is left of the hold of grants that have expired since.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        expired: Vec<Take>,
    },
    /// Work that needed no start was charged (R6.5).
    UsageCharged {
        /// The host's id.
        run: RunId,
        /// The kind of work.
        kind: KindKey,
        /// How much it used.
        used: Credits,
        /// Who paid.
        charge: Charge,
        /// For whom.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        member: Option<MemberId>,
        /// What the host wants to find again.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        metadata: Option<Metadata>,
    },

    /// Credits that were used were taken back with the money (R8.2).
    DebtOpened {
        /// The debt.
        debt: DebtId,
        /// Refund or dispute.
        kind: DebtKind,
        /// How much.
        amount: Credits,
        /// By which refund or dispute.
        origin: DebtOrigin,
    },
    /// Credits settled debt (R7.2, R7.3).
    DebtSettled {
        /// Which debt.
        debt: DebtId,
        /// With which credits.
        takes: Vec<Take>,
    },
    /// Money repaid debt (R7.2, R7.7).
    DebtRepaid {
        /// Which debt.
        debt: DebtId,
        /// How much.
        amount: Credits,
        /// With which payment.
        payment: PaymentId,
    },
    /// Debt was adjusted away (R7.2).
    DebtOffset {
        /// Which debt.
        debt: DebtId,
        /// How much.
        amount: Credits,
        /// Which kind of adjustment.
        why: OffsetReason,
        /// What had been written off before and does not stand any more either; nobody gets it.
        #[serde(default, skip_serializing_if = "Credits::is_zero_ref")]
        written_off: Credits,
        /// The operator's reason, for a write-off.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },

    /// The provider reported a refund (R8.1).
    RefundRecorded {
        /// The provider's id.
        refund: RefundId,
        /// Of which payment.
        payment: PaymentId,
        /// Minor units.
        amount: i64,
    },
    /// The provider reported that a refund failed (R8.5).
    RefundFailed {
        /// Which.
        refund: RefundId,
    },
    /// The provider reported a dispute (R8.1).
    DisputeOpened {
        /// The provider's id.
        dispute: DisputeId,
        /// Over which payment.
        payment: PaymentId,
        /// Minor units; 0 for an inquiry.
        amount: i64,
    },
    /// The provider reported the end of a dispute (R8.4).
    DisputeClosed {
        /// Which.
        dispute: DisputeId,
        /// Won or lost.
        outcome: DisputeOutcome,
    },
    /// What a payment has to give back was worked out anew from all its refunds and disputes (R8.1). The events of the
    /// same decision around it say what moved.
    RecoveryAssessed {
        /// Which payment.
        payment: PaymentId,
        /// Credits recovered in all, now.
        recovered: Credits,
        /// Of these, credits that had expired unused.
        from_expired: Credits,
    },
    /// Credits went back to where they came from with a refund or a lost dispute (R8.3).
    CreditsRevoked {
        /// Of which grant.
        grant: GrantId,
        /// From its free part.
        from_free: Credits,
        /// From its frozen part.
        from_frozen: Credits,
    },
    /// Credits are out of reach while a dispute is open (R8.3).
    CreditsFrozen {
        /// Of which grant.
        grant: GrantId,
        /// From its free part.
        from_free: Credits,
        /// From its revoked part, where a refund failed that stood for them before.
        from_revoked: Credits,
    },
    /// Credits are free again (R8.4, R8.5).
    CreditsRestored {
        /// Of which grant.
        grant: GrantId,
        /// From its frozen part.
        from_frozen: Credits,
        /// From its revoked part.
        from_revoked: Credits,
    },

    /// The provider has, or has no more, a payment method that can be charged without a person (R10.4).
    PaymentMethodSet {
        /// Whether it has.
        present: bool,
    },
    /// A person chose auto-recharge settings (R10.2).
    AutoRechargeSet {
        /// Which.
        settings: RechargeSettings,
    },
    /// Credits are to be bought (R10.6).
    RechargeRequested {
        /// The purchase.
        recharge: RechargeId,
        /// How much.
        credits: Credits,
    },
    /// The purchase failed (R10.5).
    RechargeDeclined {
        /// The purchase.
        recharge: RechargeId,
        /// Why, as the provider says.
        reason: String,
        /// When the next one may be tried; none: suspended.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_at: Option<Timestamp>,
    },

    /// A refused start paused its task (R11.1).
    TaskPaused {
        /// Which.
        task: TaskId,
        /// The run that was refused.
        run: RunId,
    },
    /// A person resumed it.
    TaskResumed {
        /// Which.
        task: TaskId,
    },
    /// It failed too often in a row (R11.2).
    TaskNeedsAttention {
        /// Which.
        task: TaskId,
        /// How often.
        failures: u32,
    },
    /// How many failures in a row it takes (R11.2).
    TaskSet {
        /// Which.
        task: TaskId,
        /// How many.
        failures_max: u32,
    },

    /// Nothing starts any more, for this reason first (R9.1).
    BalanceBlocked {
        /// The first blocking reason.
        reason: ReasonCode,
    },
    /// Work may start again.
    BalanceUnblocked {},
    /// Available credits fell below the threshold (R10.1).
    BalanceLow {
        /// What is available.
        available: Credits,
        /// The threshold.
        threshold: Credits,
    },
    /// They are at or above it again.
    BalanceRecovered {
        /// What is available.
        available: Credits,
    },
}

impl Event {
    /// Every event's name, sorted.
    pub const NAMES: [&'static str; 50] = [
        "auto_recharge_set",
        "balance_blocked",
        "balance_low",
        "balance_recovered",
        "balance_unblocked",
        "change_completed",
        "change_planned",
        "change_withdrawn",
        "credits_frozen",
        "credits_restored",
        "credits_revoked",
        "debt_offset",
        "debt_opened",
        "debt_repaid",
        "debt_settled",
        "dispute_closed",
        "dispute_opened",
        "entitlement_began",
        "entitlement_ended",
        "grant_became_effective",
        "grant_expired",
        "grant_extended",
        "granted",
        "member_removed",
        "member_set",
        "organization_named",
        "organization_suspended",
        "ownership_transferred",
        "payment_method_set",
        "payment_recorded",
        "recharge_declined",
        "recharge_requested",
        "recovery_assessed",
        "refund_failed",
        "refund_recorded",
        "run_lapsed",
        "run_released",
        "run_settled",
        "run_started",
        "start_refused",
        "subscription_reported",
        "suspension_lifted",
        "task_needs_attention",
        "task_paused",
        "task_resumed",
        "task_set",
        "test_clock_set",
        "unchanged",
        "usage_charged",
        "usage_recorded",
    ];

    /// The event's name, as stored.
    pub fn name(&self) -> &'static str {
        match self {
            Event::OrganizationNamed { .. } => "organization_named",
            Event::MemberSet { .. } => "member_set",
            Event::MemberRemoved { .. } => "member_removed",
            Event::OwnershipTransferred { .. } => "ownership_transferred",
            Event::OrganizationSuspended { .. } => "organization_suspended",
            Event::SuspensionLifted {} => "suspension_lifted",
            Event::TestClockSet { .. } => "test_clock_set",
            Event::Unchanged {} => "unchanged",
            Event::SubscriptionReported { .. } => "subscription_reported",
            Event::EntitlementBegan { .. } => "entitlement_began",
            Event::EntitlementEnded { .. } => "entitlement_ended",
            Event::ChangePlanned { .. } => "change_planned",
            Event::ChangeWithdrawn {} => "change_withdrawn",
            Event::ChangeCompleted {} => "change_completed",
            Event::PaymentRecorded { .. } => "payment_recorded",
            Event::Granted { .. } => "granted",
            Event::GrantBecameEffective { .. } => "grant_became_effective",
            Event::GrantExpired { .. } => "grant_expired",
            Event::GrantExtended { .. } => "grant_extended",
            Event::RunStarted { .. } => "run_started",
            Event::StartRefused { .. } => "start_refused",
            Event::UsageRecorded { .. } => "usage_recorded",
            Event::RunSettled { .. } => "run_settled",
            Event::RunReleased { .. } => "run_released",
            Event::RunLapsed { .. } => "run_lapsed",
            Event::UsageCharged { .. } => "usage_charged",
            Event::DebtOpened { .. } => "debt_opened",
            Event::DebtSettled { .. } => "debt_settled",
            Event::DebtRepaid { .. } => "debt_repaid",
            Event::DebtOffset { .. } => "debt_offset",
            Event::RefundRecorded { .. } => "refund_recorded",
            Event::RefundFailed { .. } => "refund_failed",
            Event::DisputeOpened { .. } => "dispute_opened",
            Event::DisputeClosed { .. } => "dispute_closed",
            Event::RecoveryAssessed { .. } => "recovery_assessed",
            Event::CreditsRevoked { .. } => "credits_revoked",
            Event::CreditsFrozen { .. } => "credits_frozen",
            Event::CreditsRestored { .. } => "credits_restored",
            Event::PaymentMethodSet { .. } => "payment_method_set",
            Event::AutoRechargeSet { .. } => "auto_recharge_set",
            Event::RechargeRequested { .. } => "recharge_requested",
            Event::RechargeDeclined { .. } => "recharge_declined",
            Event::TaskPaused { .. } => "task_paused",
            Event::TaskResumed { .. } => "task_resumed",
            Event::TaskNeedsAttention { .. } => "task_needs_attention",
            Event::TaskSet { .. } => "task_set",
            Event::BalanceBlocked { .. } => "balance_blocked",
            Event::BalanceUnblocked {} => "balance_unblocked",
            Event::BalanceLow { .. } => "balance_low",
            Event::BalanceRecovered { .. } => "balance_recovered",
        }
    }
}
