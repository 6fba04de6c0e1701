//! A notice: one thing that happened and that somebody outside wants to hear of, with its figures as they were right after
//! it. Which events give rise to one is in `derive`; here is what it says, and how the host is told.

use super::kind::Kind;
use ledger::{
    Credits, Timestamp,
    debt::{DebtKind, DebtOrigin},
    grant::{GrantKind, GrantSource},
    id::*,
    payment::DisputeOutcome,
    status::ReasonCode,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// One notice, as it is kept until it has been told. Amounts in credits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// Whose.
    pub organization: OrganizationId,
    /// What people call the organization.
    pub name: String,
    /// The number of the event it is because of; of the account's last one, where none is.
    pub seq: u64,
    /// Which of the notices with this number.
    pub part: String,
    /// When it happened.
    pub at: Timestamp,
    /// What happened.
    pub what: What,
    /// How the account stood right after it.
    pub standing: Standing,
}

/// Money in minor units.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Money {
    /// How much.
    pub amount: i64,
    /// ISO 4217; none where the payment is not known.
    pub currency: Option<String>,
}

/// What can be told. Amounts in credits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
#[allow(missing_docs, reason = "the fields are those of the events, which say what they mean")]
pub enum What {
    /// [`Kind::BalanceLow`].
    BalanceLow { available: Credits, threshold: Credits },
    /// [`Kind::BalanceBlocked`].
    BalanceBlocked { reason: ReasonCode },
    /// [`Kind::BalanceUnblocked`].
    BalanceUnblocked {},
    /// [`Kind::CreditsGranted`].
    CreditsGranted {
        grant: GrantId,
        kind: GrantKind,
        source: GrantSource,
        amount: Credits,
        effective_at: Timestamp,
        expires_at: Option<Timestamp>,
        payment: Option<PaymentId>,
        paid: Option<Money>,
    },
    /// [`Kind::CreditsExpiring`]; `days` begun days are left.
    CreditsExpiring { grant: GrantId, kind: GrantKind, amount: Credits, expires_at: Timestamp, days: i64 },
    /// [`Kind::CreditsExpired`].
    CreditsExpired { grant: GrantId, amount: Credits },
    /// [`Kind::CreditsLocked`].
    CreditsLocked { amount: Credits },
    /// [`Kind::CreditsUnlocked`].
    CreditsUnlocked { amount: Credits },
    /// [`Kind::DebtOpened`].
    DebtOpened { debt: DebtId, kind: DebtKind, amount: Credits, origin: DebtOrigin },
    /// [`Kind::DebtCleared`]; `debt` was the last one.
    DebtCleared { debt: DebtId },
    /// [`Kind::RunRefused`].
    RunRefused {
        run: RunId,
        kind: KindKey,
        hold: Credits,
        reasons: Vec<ReasonCode>,
        available: Credits,
        task: Option<TaskId>,
        member: Option<MemberId>,
    },
    /// [`Kind::RunLapsed`]; `released` of the hold are free again.
    RunLapsed { run: RunId, released: Credits },
    /// [`Kind::TaskPaused`].
    TaskPaused { task: TaskId, run: RunId },
    /// [`Kind::TaskNeedsAttention`].
    TaskNeedsAttention { task: TaskId, failures: u32 },
    /// [`Kind::AutoRechargeSucceeded`].
    AutoRechargeSucceeded { recharge: RechargeId, payment: PaymentId, credits: Credits, paid: Money },
    /// [`Kind::AutoRechargeFailed`].
    AutoRechargeFailed { recharge: RechargeId, reason: String, retry_at: Option<Timestamp> },
    /// [`Kind::AutoRechargeSuspended`].
    AutoRechargeSuspended { recharge: RechargeId, reason: String },
    /// [`Kind::SubscriptionEnding`].
    SubscriptionEnding { ends_at: Timestamp, plan: Option<PlanKey> },
    /// [`Kind::DisputeOpened`]; `frozen` credits are out of reach, `owed` had been used.
    DisputeOpened { dispute: DisputeId, payment: PaymentId, money: Money, frozen: Credits, owed: Credits },
    /// [`Kind::DisputeClosed`]; the payment and the money are known where the dispute is.
    DisputeClosed {
        dispute: DisputeId,
        outcome: DisputeOutcome,
        payment: Option<PaymentId>,
        money: Option<Money>,
    },
}

/// How an account stands, in a few figures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// Available credits (R5.2).
    pub available: Credits,
    /// All open debt.
    pub debt: Credits,
    /// The first blocking reason, else the first warning, else none (R9.2).
    pub status: Option<ReasonCode>,
    /// Free credits of locked grants.
    pub locked: Credits,
    /// Tasks that wait until a person resumes them.
    pub paused_tasks: usize,
    /// The next grant that is known or expected.
    pub next_grant: Option<(Timestamp, Credits)>,
}

impl What {
    /// Of which kind it is.
    pub fn kind(&self) -> Kind {
        match self {
            What::BalanceLow { .. } => Kind::BalanceLow,
            What::BalanceBlocked { .. } => Kind::BalanceBlocked,
            What::BalanceUnblocked {} => Kind::BalanceUnblocked,
            What::CreditsGranted { .. } => Kind::CreditsGranted,
            What::CreditsExpiring { .. } => Kind::CreditsExpiring,
            What::CreditsExpired { .. } => Kind::CreditsExpired,
            What::CreditsLocked { .. } => Kind::CreditsLocked,
            What::CreditsUnlocked { .. } => Kind::CreditsUnlocked,
            What::DebtOpened { .. } => Kind::DebtOpened,
            What::DebtCleared { .. } => Kind::DebtCleared,
            What::RunRefused { .. } => Kind::RunRefused,
            What::RunLapsed { .. } => Kind::RunLapsed,
            What::TaskPaused { .. } => Kind::TaskPaused,
            What::TaskNeedsAttention { .. } => Kind::TaskNeedsAttention,
            What::AutoRechargeSucceeded { .. } => Kind::AutoRechargeSucceeded,
            What::AutoRechargeFailed { .. } => Kind::AutoRechargeFailed,
            What::AutoRechargeSuspended { .. } => Kind::AutoRechargeSuspended,
            What::SubscriptionEnding { .. } => Kind::SubscriptionEnding,
            What::DisputeOpened { .. } => Kind::DisputeOpened,
            What::DisputeClosed { .. } => Kind::DisputeClosed,
        }
    }

    /// Its facts as the host is told them: credits as decimal strings, money as minor units and currency.
    fn facts(&self) -> Value {
        match self {
            What::BalanceLow { available, threshold } => {
                json!({ "available": credits(*available), "threshold": credits(*threshold) })
            }
            What::BalanceBlocked { reason } => json!({ "reason": reason.as_str() }),
            What::BalanceUnblocked {} => json!({}),
            What::CreditsGranted { grant, kind, source, amount, effective_at, expires_at, payment, paid } => {
                json!({
                    "grant": grant,
                    "kind": kind,
                    "source": source,
                    "amount": credits(*amount),
                    "effective_at": effective_at.to_string(),
                    "expires_at": expires_at.map(|at| at.to_string()),
                    "payment": payment,
                    "paid": paid.as_ref().map(|paid| paid.amount),
                    "currency": paid.as_ref().and_then(|paid| paid.currency.as_ref()),
                })
            }
            What::CreditsExpiring { grant, kind, amount, expires_at, days } => json!({
                "grant": grant,
                "kind": kind,
                "amount": credits(*amount),
                "expires_at": expires_at.to_string(),
                "days": days,
            }),
            What::CreditsExpired { grant, amount } => json!({ "grant": grant, "amount": credits(*amount) }),
            What::CreditsLocked { amount } | What::CreditsUnlocked { amount } => {
                json!({ "amount": credits(*amount) })
            }
            What::DebtOpened { debt, kind, amount, origin } => {
                json!({ "debt": debt, "kind": kind, "amount": credits(*amount), "origin": origin })
            }
            What::DebtCleared { debt } => json!({ "debt": debt }),
            What::RunRefused { run, kind, hold, reasons, available, task, member } => json!({
                "run": run,
                "kind": kind,
                "hold": credits(*hold),
                "reasons": reasons.iter().map(|reason| reason.as_str()).collect::<Vec<_>>(),
                "available": credits(*available),
                "task": task,
                "member": member,
            }),
            What::RunLapsed { run, released } => json!({ "run": run, "released": credits(*released) }),
            What::TaskPaused { task, run } => json!({ "task": task, "run": run }),
            What::TaskNeedsAttention { task, failures } => json!({ "task": task, "failures": failures }),
            What::AutoRechargeSucceeded { recharge, payment, credits: bought, paid } => json!({
                "recharge": recharge,
                "payment": payment,
                "credits": credits(*bought),
                "paid": paid.amount,
                "currency": paid.currency,
            }),
            What::AutoRechargeFailed { recharge, reason, retry_at } => json!({
                "recharge": recharge,
                "reason": reason,
                "retry_at": retry_at.map(|at| at.to_string()),
            }),
            What::AutoRechargeSuspended { recharge, reason } => {
                json!({ "recharge": recharge, "reason": reason })
            }
            What::SubscriptionEnding { ends_at, plan } => {
                json!({ "ends_at": ends_at.to_string(), "plan": plan })
            }
            What::DisputeOpened { dispute, payment, money, frozen, owed } => json!({
                "dispute": dispute,
                "payment": payment,
                "amount": money.amount,
                "currency": money.currency,
                "frozen": credits(*frozen),
                "owed": credits(*owed),
            }),
            What::DisputeClosed { dispute, outcome, payment, money } => json!({
                "dispute": dispute,
                "outcome": outcome,
                "payment": payment,
                "amount": money.as_ref().map(|money| money.amount),
                "currency": money.as_ref().and_then(|money| money.currency.as_ref()),
            }),
        }
    }
}

fn credits(amount: Credits) -> String {
    amount.to_string()
}

impl Notice {
    /// Of which kind it is.
    pub fn kind(&self) -> Kind {
        self.what.kind()
    }

    /// What it is called wherever it is told, however often: the same notice, the same id.
    pub fn id(&self) -> String {
        format!("msg_{}_{}_{}", self.organization, self.seq, self.part)
    }

    /// Its place among the notices of its organization, in the order of the ledger.
    pub fn place(&self) -> String {
        format!("{:020}.{}", self.seq, self.part)
    }

    /// What the host is sent, as the Standard Webhooks specification has it.
    pub fn payload(&self) -> String {
        let mut data = Map::from_iter([
            ("organization".to_owned(), json!(self.organization)),
            ("version".to_owned(), json!(self.seq)),
        ]);
        if let Value::Object(facts) = self.what.facts() {
            data.extend(facts);
        }
        let standing = &self.standing;
        let balance = json!({
            "available": credits(standing.available),
            "debt": credits(standing.debt),
            "status": standing.status.map_or("ok", ReasonCode::as_str),
        });
        data.insert("balance".to_owned(), balance);
        json!({ "type": self.kind(), "timestamp": self.at.to_string(), "data": data }).to_string()
    }
}
