//! What the sandbox writes down for good: payments with their refunds and disputes, and invoices. Records only; when
//! one is made is decided in `state`, and where it is kept in `desk`.

use super::{super::fact::Fact, state::Refused};
use ledger::{
    Credits, Timestamp,
    id::{DisputeId, PaymentId, RechargeId, RefundId},
    payment::{DisputeOutcome, PaymentPurpose},
    subscription::Period,
};
use serde::{Deserialize, Serialize};

/// Money that came in. Its fact follows from these fields alone, so it is told the same way whenever it is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    /// `pay_…`, ordered as the payments were made.
    pub id: PaymentId,
    /// When it was made.
    pub at: Timestamp,
    /// What people call what was bought.
    pub label: String,
    /// The id of its invoice.
    pub invoice: String,
    /// What for.
    pub purpose: PaymentPurpose,
    /// How much, in minor units.
    pub paid: i64,
    /// ISO 4217.
    pub currency: String,
    /// What it bought.
    pub credits: Credits,
    /// The period it paid for, or was made in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period: Option<Period>,
    /// The automatic purchase it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recharge: Option<RechargeId>,
    /// Its refunds, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refunds: Vec<Refund>,
    /// Its disputes, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub disputes: Vec<Dispute>,
}

/// Money that went back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refund {
    /// `re_…`.
    pub id: RefundId,
    /// How much, in minor units.
    pub amount: i64,
    /// It did not arrive.
    pub failed: bool,
}

/// A dispute over money.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dispute {
    /// `dp_…`.
    pub id: DisputeId,
    /// How much, in minor units.
    pub amount: i64,
    /// How it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<DisputeOutcome>,
}

impl Payment {
    /// That it was paid.
    pub fn fact(&self) -> Fact {
        Fact::Payment {
            payment: self.id.clone(),
            purpose: self.purpose,
            paid: self.paid,
            currency: self.currency.clone(),
            credits: Some(self.credits),
            period: self.period,
            recharge: self.recharge.clone(),
        }
    }

    /// Everything there is to tell of it.
    pub fn facts(&self) -> Vec<Fact> {
        let mut facts = vec![self.fact()];
        for Refund { id, amount, failed } in &self.refunds {
            let payment = self.id.clone();
            facts.push(Fact::Refund { refund: id.clone(), payment, amount: *amount });
            if *failed {
                facts.push(Fact::RefundFailed { refund: id.clone() });
            }
        }
        for Dispute { id, amount, outcome } in &self.disputes {
            let payment = self.id.clone();
            facts.push(Fact::DisputeOpened { dispute: id.clone(), payment, amount: *amount });
            if let Some(outcome) = *outcome {
                facts.push(Fact::DisputeClosed { dispute: id.clone(), outcome });
            }
        }
        facts
    }

    /// What neither a refund nor an open or lost dispute has taken back, in minor units.
    pub fn left(&self) -> i64 {
        let refunded = self.refunds.iter().filter(|refund| !refund.failed).map(|refund| refund.amount);
        let lost = |dispute: &&Dispute| dispute.outcome != Some(DisputeOutcome::Won);
        let disputed = self.disputes.iter().filter(lost).map(|dispute| dispute.amount);
        refunded.chain(disputed).fold(self.paid, i64::saturating_sub).max(0)
    }

    /// Gives money back.
    pub fn refund(&mut self, id: RefundId, amount: i64) -> Result<Fact, Refused> {
        self.takes(amount)?;
        self.refunds.push(Refund { id: id.clone(), amount, failed: false });
        Ok(Fact::Refund { refund: id, payment: self.id.clone(), amount })
    }

    /// A refund does not arrive. One that has failed already stays so, and there is nothing to tell.
    pub fn fail_refund(&mut self, id: &str) -> Result<Option<Fact>, Refused> {
        let refund = self.refunds.iter_mut().find(|refund| refund.id.as_str() == id);
        let refund = refund.ok_or_else(|| Refused::new("There is no such refund of this payment."))?;
        let fact = Fact::RefundFailed { refund: refund.id.clone() };
        Ok((!std::mem::replace(&mut refund.failed, true)).then_some(fact))
    }

    /// The cardholder disputes what is left of it.
    pub fn dispute(&mut self, id: DisputeId) -> Result<Fact, Refused> {
        if self.disputes.iter().any(|dispute| dispute.outcome.is_none()) {
            return Err(Refused::new("A dispute over this payment is open already; close it first."));
        }
        let amount = self.left();
        self.takes(amount)?;
        self.disputes.push(Dispute { id: id.clone(), amount, outcome: None });
        Ok(Fact::DisputeOpened { dispute: id, payment: self.id.clone(), amount })
    }

    /// A dispute ends. One that has ended this way already stays so, and there is nothing to tell.
    pub fn close_dispute(&mut self, id: &str, outcome: DisputeOutcome) -> Result<Option<Fact>, Refused> {
        let dispute = self.disputes.iter_mut().find(|dispute| dispute.id.as_str() == id);
        let dispute = dispute.ok_or_else(|| Refused::new("There is no such dispute over this payment."))?;
        match dispute.outcome {
            Some(known) if known == outcome => Ok(None),
            Some(_) => Err(Refused::new("This dispute has ended the other way already.")),
            None => {
                dispute.outcome = Some(outcome);
                Ok(Some(Fact::DisputeClosed { dispute: dispute.id.clone(), outcome }))
            }
        }
    }

    fn takes(&self, amount: i64) -> Result<(), Refused> {
        match self.left() {
            0 => Err(Refused::new("Nothing is left of this payment that could be taken back.")),
            left if (1..=left).contains(&amount) => Ok(()),
            left => Err(Refused::new(format!("At most {left} minor units of this payment are left."))),
        }
    }
}

/// Where an invoice stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Due {
    /// To be paid.
    Open,
    /// Paid.
    Paid,
    /// It does not count any more.
    Void,
}

/// What is to be paid, and for what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invoice {
    /// `inv_…`, ordered as the invoices were made.
    pub id: String,
    /// The number on it: the organization's invoices are numbered without gaps.
    pub number: String,
    /// Where it stands.
    pub due: Due,
    /// When it was made.
    pub created_at: Timestamp,
    /// What for.
    pub line: String,
    /// How much, in minor units.
    pub total: i64,
    /// ISO 4217.
    pub currency: String,
    /// The period it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period: Option<Period>,
    /// The payment that paid it, and when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payment: Option<(PaymentId, Timestamp)>,
}
