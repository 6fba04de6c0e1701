//! The balance: what an account can do at an instant, why not, and what to do about it.

use crate::{Amount, Id, Instant};
use serde::Serialize;

/// Words on the wire that have a fixed list, with the text that stands for each.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$word_doc:meta])* $word:ident,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        #[serde(rename_all = "snake_case")]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        pub enum $name {
            $($(#[$word_doc])* $word,)*
        }
    };
}
pub(crate) use words;

words! {
    /// Why an account is not simply `ok`, most important first.
    ReasonCode {
        /// Blocking: the operator stopped all starts.
        OrganizationSuspended,
        /// Blocking: disputed credits were already used.
        DisputeDebt,
        /// Blocking: refunded credits were already used.
        RefundDebt,
        /// Blocking: admitted work used more than there was.
        OutstandingUsage,
        /// Blocking: nothing available, and not entitled because a payment failed.
        PaymentPastDue,
        /// Blocking: nothing available, purchased credits are locked.
        CreditsLocked,
        /// Blocking: nothing available, and no subscription.
        SubscriptionRequired,
        /// Blocking: nothing available.
        CreditsDepleted,
        /// Blocking this start: less available than it holds.
        InsufficientCredits,
        /// Blocking this task: a person resumes it.
        TaskPaused,
        /// Warning: past due, in grace.
        PaymentFailing,
        /// Warning: available credits are below the threshold.
        BalanceLow,
        /// Warning: purchased or promotional credits expire soon.
        CreditsExpiring,
        /// Warning: automatic purchases failed too often in a row.
        AutoRechargeSuspended,
        /// Info: a cancellation is scheduled.
        SubscriptionEnding,
        /// Info: a dispute keeps credits out of reach.
        CreditsFrozen,
    }
}

words! {
    /// How much a reason matters.
    Severity {
        /// Nothing starts.
        Blocking,
        /// Something will stop soon.
        Warning,
        /// Good to know.
        Info,
    }
}

words! {
    /// The status: the first blocking reason, else the first warning, else `ok`.
    Status {
        /// Nothing to say.
        Ok,
        /// The operator stopped all starts.
        OrganizationSuspended,
        /// Disputed credits were already used.
        DisputeDebt,
        /// Refunded credits were already used.
        RefundDebt,
        /// Admitted work used more than there was.
        OutstandingUsage,
        /// Nothing available, and not entitled because a payment failed.
        PaymentPastDue,
        /// Nothing available, purchased credits are locked.
        CreditsLocked,
        /// Nothing available, and no subscription.
        SubscriptionRequired,
        /// Nothing available.
        CreditsDepleted,
        /// Less available than a start holds.
        InsufficientCredits,
        /// The task waits for a person.
        TaskPaused,
        /// Past due, in grace.
        PaymentFailing,
        /// Below the threshold.
        BalanceLow,
        /// Credits expire soon.
        CreditsExpiring,
        /// Automatic purchases are suspended.
        AutoRechargeSuspended,
    }
}

words! {
    /// What a person can do.
    Action {
        /// Buy credits.
        AddCredits,
        /// Undo the cancellation, or subscribe again.
        ResumeSubscription,
        /// Subscribe.
        StartSubscription,
        /// Give the provider a card that works.
        UpdatePaymentMethod,
        /// Pay exactly what is owed.
        ResolveShortfall,
        /// Let the next grant settle the debt.
        WaitForGrant,
        /// Turn auto-recharge on.
        EnableAutoRecharge,
        /// Ask the owner or a billing admin.
        AskBillingAdmin,
    }
}

words! {
    /// What a member is in the organization.
    Role {
        /// Exactly one; has billing access.
        Owner,
        /// Manages members; has no billing access by being admin.
        Admin,
        /// Works.
        Member,
        /// Looks; starts nothing.
        Viewer,
    }
}

words! {
    /// Where a subscription stands with the provider.
    SubscriptionStatus {
        /// There is none.
        None,
        /// Its first payment is not confirmed.
        Incomplete,
        /// On trial.
        Trialing,
        /// Paid.
        Active,
        /// A renewal was not paid yet.
        PastDue,
        /// The provider has given up collecting.
        Unpaid,
        /// Paused.
        Paused,
        /// Over.
        Canceled,
    }
}

words! {
    /// How often a subscription renews.
    Cadence {
        /// Every month.
        Monthly,
        /// Every year.
        Annual,
    }
}

/// What a reason goes back to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Origin<'a> {
    /// A run that used more than there was.
    Run {
        /// Which.
        run: Id<'a>,
    },
    /// A refund of a payment.
    Refund {
        /// Which.
        refund: Id<'a>,
        /// Of which payment.
        payment: Id<'a>,
    },
    /// A dispute over a payment.
    Dispute {
        /// Which.
        dispute: Id<'a>,
        /// Over which payment.
        payment: Id<'a>,
    },
    /// The subscription.
    Subscription,
    /// A grant.
    Grant {
        /// Which.
        grant: Id<'a>,
    },
    /// A task.
    Task {
        /// Which.
        task: Id<'a>,
    },
    /// An automatic purchase.
    Recharge {
        /// Which.
        recharge: Id<'a>,
    },
    /// The operator.
    Operator,
}

/// One reason with its facts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Reason<'a> {
    /// Which.
    pub code: ReasonCode,
    /// How much it matters.
    pub severity: Severity,
    /// The credits it is about; absent where it is about none, or the reader may not see them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount: Option<Amount>,
    /// Since when; for what is to come, when.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Instant>,
    /// What it goes back to; absent where it goes back to nothing in particular, or the reader may not see it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin<'a>>,
}

/// One thing to do, with its figures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NextStep {
    /// What.
    pub action: Action,
    /// Where.
    pub url: String,
    /// How many credits it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount: Option<Amount>,
    /// When, for something to wait for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Instant>,
    /// What will be left of the debt after it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub debt_after: Option<Amount>,
}

/// A person who can be asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Contact<'a> {
    /// The host's id.
    pub member: Id<'a>,
    /// The name to show.
    pub name: &'a str,
    /// The role.
    pub role: Role,
}

/// Open debt, in credits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Debts {
    /// All of it.
    pub total: Amount,
    /// For admitted work that used more than there was.
    pub outstanding_usage: Amount,
    /// For refunded credits that were used.
    pub refund: Amount,
    /// For disputed credits that were used.
    pub dispute: Amount,
}

/// A billing period: from its first instant to the first one after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Period {
    /// Its first instant.
    pub start: Instant,
    /// The first instant after it.
    pub end: Instant,
}

/// The subscription, as the provider reports it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Subscription<'a> {
    /// Where it stands.
    pub status: SubscriptionStatus,
    /// The plan, where the provider names one.
    pub plan: Option<Id<'a>>,
    /// How often it renews.
    pub cadence: Cadence,
    /// The current period, where there is one.
    pub period: Option<Period>,
    /// When it ends, where a cancellation is scheduled.
    pub cancel_at: Option<Instant>,
    /// Since when a payment is due.
    pub past_due_since: Option<Instant>,
}

/// So many credits at an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Upcoming {
    /// When.
    pub at: Instant,
    /// How many.
    pub amount: Amount,
}

/// An automatic purchase that was requested and neither confirmed nor declined.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct InFlight<'a> {
    /// Its id, the provider's idempotency key.
    pub id: Id<'a>,
    /// How much it buys.
    pub credits: Amount,
    /// When it was requested.
    pub requested_at: Instant,
}

/// Auto-recharge: its settings and where it is. Amounts in credits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AutoRecharge<'a> {
    /// Whether it buys.
    pub enabled: bool,
    /// Below what.
    pub threshold: Amount,
    /// How much at once.
    pub amount: Amount,
    /// How much in a UTC calendar month at most.
    pub monthly_limit: Amount,
    /// What it bought in this month.
    pub bought_this_month: Amount,
    /// The purchase in flight, or null.
    pub in_flight: Option<InFlight<'a>>,
    /// Suspended after declines.
    pub suspended: bool,
    /// When the next purchase may be tried, after a decline.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_at: Option<Instant>,
}

/// An account at an instant. Amounts in credits. Fields that the reader may not see are absent, never zero.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Balance<'a> {
    /// Whose.
    pub organization: Id<'a>,
    /// What can be spent now: never negative, never offset by debt.
    pub available: Amount,
    /// Of it, the plan's allowance.
    pub included: Amount,
    /// What the included credits of this period came to: the whole of a meter.
    pub included_granted: Amount,
    /// Of it, bought.
    pub purchased: Amount,
    /// Of it, given by the operator.
    pub promotional: Amount,
    /// Earmarked for running runs.
    pub held: Amount,
    /// Purchased credits that wait for a subscription. Billing access only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locked: Option<Amount>,
    /// When the first of these expires. Billing access only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locked_expires_at: Option<Instant>,
    /// Credits out of reach while a dispute is open. Billing access only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frozen: Option<Amount>,
    /// Open debt. Billing access only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub debt: Option<Debts>,
    /// The status in one word.
    pub status: Status,
    /// Whether some start could be admitted.
    pub can_start: bool,
    /// Everything to say, most important first.
    pub reasons: Vec<Reason<'a>>,
    /// What the reader can do about it.
    pub next_steps: Vec<NextStep>,
    /// Whom to ask: the owner and the billing admins; empty where there is nothing to ask.
    pub ask: Vec<Contact<'a>>,
    /// The subscription, or null.
    pub subscription: Option<Subscription<'a>>,
    /// Whether purchased credits may start work.
    pub entitled: bool,
    /// The current billing period, or null.
    pub period: Option<Period>,
    /// The next grant that is known or expected, or null.
    pub next_grant: Option<Upcoming>,
    /// The next available credits to expire, or null.
    pub next_expiry: Option<Upcoming>,
    /// Below what the balance is low.
    pub low_threshold: Amount,
    /// Auto-recharge. Billing access only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auto_recharge: Option<AutoRecharge<'a>>,
    /// The number of the account's last event.
    pub version: u64,
    /// The instant this is true at.
    pub as_of: Instant,
}

/// One server-sent event of a balance that is followed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BalanceEvent<'a> {
    /// `balance`.
    pub event: &'a str,
    /// The version of the balance.
    pub id: &'a str,
    /// The balance, as `GET …/balance` answers it: JSON.
    pub data: &'a str,
}
