//! Refusals: ordinary answers that say no, with a stable code. A refused command has changed nothing (R2.3).

use crate::{
    Credits,
    people::{Contact, Permission},
    status::{Balance, NextStep, Reason},
};

/// Why a command was not carried out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The organization has not been opened.
    #[error("this organization does not exist")]
    UnknownOrganization,
    /// The account has no such thing.
    #[error("this organization has no {what} {id}")]
    NotFound {
        /// What was looked for: "run", "debt".
        what: &'static str,
        /// The id.
        id: String,
    },
    /// The same identity came before with other content (R2.4), or the object is closed in another way.
    #[error("{detail}")]
    Conflict {
        /// What was different.
        detail: String,
    },
    /// A field is out of its bounds.
    #[error("{field}: {detail}")]
    Invalid {
        /// The field, as the command names it.
        field: &'static str,
        /// What it may be.
        detail: String,
    },
    /// The catalogue has no such kind of work (R5.1).
    #[error("the catalogue has no kind {kind}; it has {known}")]
    UnknownKind {
        /// What was asked for.
        kind: String,
        /// What there is.
        known: String,
    },
    /// The run is closed: nothing more can be recorded on it.
    #[error("run {run} is closed; record further work as a run or charge of its own")]
    RunClosed {
        /// Which.
        run: String,
    },
    /// A total below what was already recorded (R6.2).
    #[error(
        "the total is below the {recorded} credits that were already recorded; settle with at least that"
    )]
    BelowRecorded {
        /// What was recorded.
        recorded: Credits,
    },
    /// Auto-recharge needs a reusable payment method (R10.4).
    #[error("auto-recharge needs a saved payment method; add one in the billing portal first")]
    PaymentMethodRequired,
    /// A change of plan or cadence is not possible now (R4.6).
    #[error("{detail}")]
    ChangeRefused {
        /// Why not.
        detail: &'static str,
    },
    /// The person may not do this (R12.3).
    #[error("{}", may(*.needs))]
    Forbidden {
        /// What it takes.
        needs: Permission,
        /// Who can do it.
        ask: Vec<Contact>,
    },
    /// The member is not of this organization.
    #[error("{member} is not a member of this organization")]
    NotAMember {
        /// Who.
        member: String,
    },
    /// A named limit is reached.
    #[error("this organization has reached {limit} = {max}; {advice}")]
    LimitReached {
        /// The limit, as the configuration names it.
        limit: &'static str,
        /// Its value.
        max: u64,
        /// What to do.
        advice: &'static str,
    },
    /// Something blocks this start (R5.3, R5.6).
    #[error("{}", started(.0))]
    Start(Box<StartRefusal>),
}

fn may(needs: Permission) -> &'static str {
    match needs {
        Permission::Work => "viewers start nothing; a member, an admin or the owner can do this",
        Permission::Billing => "only the owner and billing admins can do this",
        Permission::ManageMembers => "only the owner and admins can do this",
        Permission::Owner => "only the owner can do this",
        Permission::Operator => "only the operator can do this: it is not done in the name of a member",
    }
}

fn started(refusal: &StartRefusal) -> String {
    format!(
        "this start needs {} credits and {} are available; {}",
        refusal.required,
        refusal.balance.available,
        refusal.reasons.first().map_or("", |reason| reason.code.meaning())
    )
}

/// Everything a refused start says (R5.6, R9).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StartRefusal {
    /// Every blocking reason, most important first.
    pub reasons: Vec<Reason>,
    /// What the start would have held.
    pub required: Credits,
    /// The credits that would let this start: what debt would take first, and what is missing then.
    pub shortfall: Credits,
    /// What can be done about it, for someone with billing access or not (R9.3).
    pub next_steps: Vec<NextStep>,
    /// The whole balance.
    pub balance: Balance,
    /// Whether this refusal is an event; else it is only counted (R5.6).
    pub recorded: bool,
}

impl Refusal {
    /// The stable code that hosts branch on.
    pub fn code(&self) -> &'static str {
        match self {
            Refusal::UnknownOrganization | Refusal::NotFound { .. } => "not_found",
            Refusal::Conflict { .. } => "conflict",
            Refusal::Invalid { .. } => "invalid",
            Refusal::UnknownKind { .. } => "unknown_kind",
            Refusal::RunClosed { .. } => "run_closed",
            Refusal::BelowRecorded { .. } => "below_recorded",
            Refusal::PaymentMethodRequired => "payment_method_required",
            Refusal::ChangeRefused { .. } => "change_refused",
            Refusal::Forbidden { .. } => "forbidden",
            Refusal::NotAMember { .. } => "not_a_member",
            Refusal::LimitReached { .. } => "limit_reached",
            Refusal::Start(refusal) => {
                refusal.reasons.first().map_or("insufficient_credits", |reason| reason.code.as_str())
            }
        }
    }
}
