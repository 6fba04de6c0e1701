//! What happened to an account's credits, as far as people with billing access are told of it beside the burn-down: one
//! event, one happening, or none. Where it stands in time is in `series`; how it is said, in `burndown`.

use super::past::Past;
use ledger::{
    Credits, Timestamp,
    debt::DebtKind,
    event::{Event, Recorded},
    grant::{GrantSource, total},
    run::Charge,
    status::ReasonCode,
};

/// Something that moved credits or starts, for people with billing access.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Happening {
    /// When.
    pub at: Timestamp,
    /// What.
    pub what: What,
    /// How many credits it was about.
    pub credits: Credits,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// Credits came.
    Granted(GrantSource),
    /// Credits expired.
    Expired,
    /// A refund or a lost dispute took them back.
    TakenBack,
    /// A dispute keeps them out of reach.
    Disputed,
    /// They came back.
    Restored,
    /// They are locked.
    Locked,
    /// They are not any more.
    Unlocked,
    /// Debt opened.
    Owed(DebtKind),
    /// Credits settled debt.
    Settled,
    /// Money repaid it, or it was adjusted away.
    Cleared,
    /// Nothing started from then on.
    Paused(ReasonCode),
    /// Work could start again.
    Resumed,
}

/// What an event was to people, where it was anything; `past` is the account before it.
pub fn happening(recorded: &Recorded, past: &Past) -> Option<Happening> {
    let (what, credits) = match &recorded.event {
        // One that is still to come is told when it does.
        Event::Granted { effective_at, .. } if *effective_at > recorded.at => return None,
        Event::Granted { source, amount, .. } => (What::Granted(*source), *amount),
        Event::GrantBecameEffective { grant } => {
            let (source, free) = past.lot(grant)?;
            (What::Granted(source), free)
        }
        Event::GrantExpired { amount, .. } => (What::Expired, *amount),
        Event::CreditsRevoked { from_free, .. } => (What::TakenBack, *from_free),
        Event::CreditsFrozen { from_free, .. } => (What::Disputed, *from_free),
        Event::CreditsRestored { from_frozen, from_revoked, .. } => {
            (What::Restored, from_frozen.plus(*from_revoked))
        }
        Event::EntitlementEnded { locked } => (What::Locked, *locked),
        Event::EntitlementBegan { unlocked } => (What::Unlocked, *unlocked),
        Event::DebtOpened { kind, amount, .. } => (What::Owed(*kind), *amount),
        Event::DebtSettled { takes, .. } => (What::Settled, total(takes)),
        Event::DebtRepaid { amount, .. } | Event::DebtOffset { amount, .. } => (What::Cleared, *amount),
        Event::BalanceBlocked { reason } => {
            return Some(Happening { at: recorded.at, what: What::Paused(*reason), credits: Credits::ZERO });
        }
        Event::BalanceUnblocked {} => {
            return Some(Happening { at: recorded.at, what: What::Resumed, credits: Credits::ZERO });
        }
        event => {
            let outstanding = charge(event)?.outstanding.as_ref()?;
            (What::Owed(DebtKind::OutstandingUsage), outstanding.amount)
        }
    };
    credits.is_positive().then_some(Happening { at: recorded.at, what, credits })
}

/// Who paid for the work that an event is about.
pub fn charge(event: &Event) -> Option<&Charge> {
    match event {
        Event::UsageRecorded { charge, .. }
        | Event::RunSettled { charge, .. }
        | Event::UsageCharged { charge, .. } => Some(charge),
        _ => None,
    }
}
