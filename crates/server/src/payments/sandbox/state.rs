//! How the sandbox behaves: an account with it, and what each thing that happens makes of it. Pure: an action and the
//! instant go in; the new state, the records and the facts to tell come out. The subscription's own steps are in
//! `subscription`; nothing here is kept or told, which is for `desk`.

use super::{
    super::{Bought, Purchase, Recharge, fact::Fact},
    record::{Due, Invoice, Payment},
    subscription::{Subscribed, Terms},
};
use ledger::{
    Credits, Timestamp,
    id::{DisputeId, OrganizationId, PaymentId, RechargeId, RefundId},
    payment::PaymentPurpose,
    subscription::Period,
};
use serde::{Deserialize, Serialize};

/// The most characters of an organization's id in its invoice numbers.
const PREFIX_MAX: usize = 8;

/// How a card behaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Card {
    /// It pays.
    Ok,
    /// It is declined.
    Declined,
    /// Its holder has to confirm each payment; it cannot pay while nobody is there.
    RequiresAction,
    /// There is none.
    #[default]
    None,
}

impl Card {
    /// Whether it pays while nobody is there to confirm, or why not.
    pub fn charge(self) -> Result<(), Refused> {
        match self {
            Card::Ok => Ok(()),
            Card::Declined => Err(Refused::new("The card was declined.")),
            Card::RequiresAction => Err(Refused::new("The card's holder has to confirm the payment.")),
            Card::None => Err(Refused::new("There is no card that may be charged.")),
        }
    }
}

/// Why the sandbox does not do something, as a sentence for whoever asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Refused(String);

impl Refused {
    /// For this reason.
    pub fn new(reason: impl Into<String>) -> Refused {
        Refused(reason.into())
    }
}

/// What came of an action beside the new state.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Brought {
    /// What is to be told, in order.
    pub facts: Vec<Fact>,
    /// Payments that are new or have changed.
    pub payments: Vec<Payment>,
    /// Invoices that are new or have changed.
    pub invoices: Vec<Invoice>,
}

/// One organization's account with the sandbox.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// What its invoices' addresses are made from, so that nobody guesses them.
    pub secret: String,
    /// The card on file, which pays renewals.
    pub card: Card,
    /// Whether that card may be charged for automatic purchases too.
    pub automatic: bool,
    /// The next renewal fails, whatever the card.
    pub renewal_fails: bool,
    /// The subscription, also one that is over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subscription: Option<Subscribed>,
    /// What comes before the number of its invoices.
    pub prefix: String,
    /// The last instant at which something happened: time does not go back.
    pub last: Timestamp,
    /// How many ids were made.
    pub made: u64,
    /// How many invoices were numbered.
    pub numbered: u64,
    /// How many messages were told.
    pub told: u64,
}

/// Something that is paid for.
pub(super) struct Sale {
    pub(super) purpose: PaymentPurpose,
    pub(super) line: String,
    pub(super) price: i64,
    pub(super) currency: String,
    pub(super) credits: Credits,
    pub(super) period: Option<Period>,
    pub(super) recharge: Option<RechargeId>,
}

impl Account {
    /// A new one.
    pub fn new(organization: &OrganizationId, secret: String) -> Account {
        let characters = organization.as_str().chars().filter(char::is_ascii_alphanumeric);
        let prefix: String = characters.take(PREFIX_MAX).map(|c| c.to_ascii_uppercase()).collect();
        let prefix = if prefix.is_empty() { "INV".into() } else { prefix };
        Account { secret, prefix, ..Account::default() }
    }

    /// The instant of what happens now.
    pub(super) fn at(&mut self, now: Timestamp) -> Timestamp {
        self.last = self.last.max(now);
        self.last
    }

    /// An id that no other thing of this account has, ordered as they are made.
    fn make(&mut self, prefix: &str) -> String {
        self.made = self.made.saturating_add(1);
        let millis = self.last.micros().max(0).unsigned_abs().div_euclid(1_000);
        format!("{prefix}_{millis:012x}{:06x}", self.made)
    }

    /// The id of a payment, refund or dispute.
    fn make_id<T: std::str::FromStr>(&mut self, prefix: &str) -> T {
        let id = self.make(prefix).parse().ok();
        id.expect("letters, digits and an underscore are an id")
    }

    /// Whether there is a card that may be charged for automatic purchases.
    pub fn is_reusable(&self) -> bool {
        self.automatic && self.card != Card::None
    }

    /// Somebody has paid for this with such a card, which is kept for automatic purchases if they said so. The card of
    /// a subscription is kept for its renewals in any case.
    pub fn buy(
        &mut self,
        now: Timestamp,
        purchase: &Purchase,
        card: Card,
        automatic: bool,
    ) -> Result<Brought, Refused> {
        let at = self.at(now);
        let mut brought = Brought::default();
        let sale = |purpose, credits| Sale {
            purpose,
            line: purchase.label.clone(),
            price: purchase.price,
            currency: purchase.currency.clone(),
            credits,
            period: None,
            recharge: None,
        };
        match &purchase.bought {
            Bought::Credits(credits) => {
                self.sell(sale(PaymentPurpose::TopUp, *credits), &mut brought);
            }
            Bought::Repayment(credits) => {
                self.sell(sale(PaymentPurpose::Repayment, *credits), &mut brought);
            }
            Bought::Plan { plan, cadence, allowance } => {
                self.may_subscribe()?;
                let terms = Terms {
                    plan: plan.clone(),
                    label: purchase.label.clone(),
                    cadence: *cadence,
                    price: purchase.price,
                    currency: purchase.currency.clone(),
                    allowance: *allowance,
                };
                let subscribed = Subscribed::new(terms, at);
                self.sell(subscribed.terms.sale(subscribed.period), &mut brought);
                brought.facts.push(subscribed.fact());
                self.subscription = Some(subscribed);
                self.renewal_fails = false;
            }
        }
        if automatic {
            self.put_card(at, card, true, &mut brought);
        } else if matches!(purchase.bought, Bought::Plan { .. }) {
            // A card that people chose for automatic purchases stays, and pays the renewals too.
            self.card = if self.is_reusable() { self.card } else { card };
        }
        Ok(brought)
    }

    /// Whether a subscription may be bought.
    pub fn may_subscribe(&self) -> Result<(), Refused> {
        match &self.subscription {
            Some(subscribed) if !subscribed.is_over() => Err(Refused::new(
                "There is a subscription already: change it, or resume it, instead of buying another.",
            )),
            _ => Ok(()),
        }
    }

    /// Charges the card on file for an automatic purchase.
    pub fn recharge(&mut self, now: Timestamp, recharge: &Recharge) -> (Fact, Brought) {
        self.at(now);
        let charged = if self.is_reusable() { self.card.charge() } else { Card::None.charge() };
        let mut brought = Brought::default();
        if let Err(Refused(reason)) = charged {
            return (Fact::RechargeDeclined { recharge: recharge.id.clone(), reason }, brought);
        }
        let sale = Sale {
            purpose: PaymentPurpose::Recharge,
            line: format!("Auto-recharge, {} credits", recharge.credits),
            price: recharge.price,
            currency: recharge.currency.clone(),
            credits: recharge.credits,
            period: None,
            recharge: Some(recharge.id.clone()),
        };
        self.sell(sale, &mut brought);
        // Told in the answer, by whoever asked: not twice.
        (brought.facts.remove(0), brought)
    }

    /// Puts a card on file, or takes it away. A new one pays at once what a renewal could not.
    pub fn set_card(&mut self, now: Timestamp, card: Card, automatic: bool) -> Brought {
        let at = self.at(now);
        let mut brought = Brought::default();
        if (card, automatic) != (self.card, self.automatic) {
            self.put_card(at, card, automatic, &mut brought);
        }
        brought
    }

    fn put_card(&mut self, at: Timestamp, card: Card, automatic: bool, brought: &mut Brought) {
        let was = self.is_reusable();
        self.card = card;
        self.automatic = automatic && card != Card::None;
        if was || self.is_reusable() {
            brought.facts.push(Fact::PaymentMethod { present: self.is_reusable() });
        }
        self.retry_with_new_card(at, brought);
    }

    /// Somebody gets money back.
    pub fn refund(&mut self, now: Timestamp, payment: &mut Payment, amount: i64) -> Result<Brought, Refused> {
        self.at(now);
        let fact = payment.refund(self.make_id::<RefundId>("re"), amount)?;
        Ok(Brought { facts: vec![fact], payments: vec![payment.clone()], ..Brought::default() })
    }

    /// Somebody disputes a payment.
    pub fn dispute(&mut self, now: Timestamp, payment: &mut Payment) -> Result<Brought, Refused> {
        self.at(now);
        let fact = payment.dispute(self.make_id::<DisputeId>("dp"))?;
        Ok(Brought { facts: vec![fact], payments: vec![payment.clone()], ..Brought::default() })
    }

    /// Takes the money for something that has no invoice yet.
    pub(super) fn sell(&mut self, sale: Sale, brought: &mut Brought) {
        let invoice = self.invoice(&sale);
        self.settle(sale, invoice, brought);
    }

    /// Writes an invoice.
    pub(super) fn invoice(&mut self, sale: &Sale) -> Invoice {
        self.numbered = self.numbered.saturating_add(1);
        Invoice {
            id: self.make("inv"),
            number: format!("{}-{:04}", self.prefix, self.numbered),
            due: Due::Open,
            created_at: self.last,
            line: sale.line.clone(),
            total: sale.price,
            currency: sale.currency.clone(),
            period: sale.period,
            payment: None,
        }
    }

    /// The money for an invoice has come.
    pub(super) fn settle(&mut self, sale: Sale, invoice: Invoice, brought: &mut Brought) {
        let id = self.make_id::<PaymentId>("pay");
        let paid = Some((id.clone(), self.last));
        let payment = Payment {
            id,
            at: self.last,
            label: sale.line,
            invoice: invoice.id.clone(),
            purpose: sale.purpose,
            paid: sale.price,
            currency: sale.currency,
            credits: sale.credits,
            period: sale.period,
            recharge: sale.recharge,
            refunds: Vec::new(),
            disputes: Vec::new(),
        };
        brought.facts.push(payment.fact());
        brought.payments.push(payment);
        brought.invoices.push(Invoice { due: Due::Paid, payment: paid, ..invoice });
    }
}
