//! The sandbox's subscription: it starts with a payment, renews at the end of each period, is past due while a renewal is
//! not paid, and ends. Periods are counted in calendar months from the instant it started, so they do not drift.

use super::{
    super::fact::Fact,
    record::{Due, Invoice},
    state::{Account, Brought, Card, Refused, Sale},
};
use ledger::{
    Credits, Timestamp,
    id::PlanKey,
    payment::PaymentPurpose,
    subscription::{Cadence, ChangePreview, Period, Subscription, SubscriptionStatus},
    time::Duration,
};
use serde::{Deserialize, Serialize};

/// When a renewal that was not paid is tried again, counted from its first try. When the last one fails, it is over.
pub const RETRIES: [Duration; 3] = [Duration::days(1), Duration::days(3), Duration::days(5)];

/// What was agreed: it stays so until a change, whatever the catalogue says later.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// The plan.
    pub plan: PlanKey,
    /// What people call it.
    pub label: String,
    /// How often it renews.
    pub cadence: Cadence,
    /// What a period costs, in minor units.
    pub price: i64,
    /// ISO 4217.
    pub currency: String,
    /// Included credits of one period.
    pub allowance: Credits,
}

impl Terms {
    fn months(&self) -> u32 {
        match self.cadence {
            Cadence::Monthly => 1,
            Cadence::Annual => 12,
        }
    }

    /// What an invoice says: "Team plan, monthly".
    pub fn line(&self) -> String {
        let how_often = if self.cadence == Cadence::Annual { "annual" } else { "monthly" };
        format!("{} plan, {how_often}", self.label)
    }

    pub(super) fn sale(&self, period: Period) -> Sale {
        Sale {
            purpose: PaymentPurpose::Renewal,
            line: self.line(),
            price: self.price,
            currency: self.currency.clone(),
            credits: self.allowance,
            period: Some(period),
            recharge: None,
        }
    }
}

/// A subscription.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscribed {
    /// What was agreed.
    pub terms: Terms,
    /// What is agreed from the next renewal on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub planned: Option<Terms>,
    /// When the counting of months began.
    pub anchor: Timestamp,
    /// Months from there to the end of the period.
    pub months: u32,
    /// The current period.
    pub period: Period,
    /// It ends with its period.
    pub cancels: bool,
    /// Where it stands.
    pub stands: Stands,
}

/// Where a subscription stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum Stands {
    /// Paid.
    Active,
    /// Its renewal was not paid yet.
    PastDue {
        /// Since when.
        since: Timestamp,
        /// How often it was tried again.
        retried: usize,
        /// What is to be paid.
        invoice: Box<Invoice>,
    },
    /// Over.
    Canceled,
}

impl Subscribed {
    /// One that starts now.
    pub fn new(terms: Terms, now: Timestamp) -> Subscribed {
        let months = terms.months();
        let period = Period { start: now, end: now.plus_months(months) };
        let stands = Stands::Active;
        Subscribed { terms, planned: None, anchor: now, months, period, cancels: false, stands }
    }

    /// Whether it has ended.
    pub fn is_over(&self) -> bool {
        self.stands == Stands::Canceled
    }

    /// The invoice that is to be paid.
    pub fn open_invoice(&self) -> Option<&Invoice> {
        match &self.stands {
            Stands::PastDue { invoice, .. } => Some(invoice),
            _ => None,
        }
    }

    /// When something happens to it by itself; never after the last instant that is known.
    pub fn next_due(&self) -> Option<Timestamp> {
        let due = match &self.stands {
            Stands::Active => self.period.end,
            Stands::PastDue { since, retried, .. } => since.after(*RETRIES.get(*retried)?),
            Stands::Canceled => return None,
        };
        Some(due).filter(|due| *due < Timestamp::MAX)
    }

    /// How it stands, in the words of the rules.
    pub fn as_reported(&self) -> Subscription {
        let (status, past_due_since) = match &self.stands {
            Stands::Active => (SubscriptionStatus::Active, None),
            Stands::PastDue { since, .. } => (SubscriptionStatus::PastDue, Some(*since)),
            Stands::Canceled => (SubscriptionStatus::Canceled, None),
        };
        Subscription {
            status,
            plan: Some(self.terms.plan.clone()),
            cadence: self.terms.cadence,
            period: Some(self.period),
            cancel_at: (self.cancels && !self.is_over()).then_some(self.period.end),
            past_due_since,
        }
    }

    /// That it stands so.
    pub fn fact(&self) -> Fact {
        Fact::Subscription { subscription: self.as_reported() }
    }

    /// Enters the next period, on the terms that were planned for it.
    fn enter_next_period(&mut self) {
        if let Some(terms) = self.planned.take() {
            self.terms = terms;
        }
        let start = self.period.end;
        self.months = self.months.saturating_add(self.terms.months());
        self.period = Period { start, end: self.anchor.plus_months(self.months) };
    }
}

impl Account {
    /// When something happens by itself.
    pub fn next_due(&self) -> Option<Timestamp> {
        self.subscription.as_ref()?.next_due()
    }

    /// Does the next thing that is due at or before this instant, at its own instant; none: nothing is.
    pub fn advance(&mut self, now: Timestamp) -> Option<Brought> {
        let due = self.next_due().filter(|due| *due <= now)?;
        let mut subscribed = self.subscription.take()?;
        // Its own instant, unless something has happened since: time does not go back.
        let at = self.at(due);
        let mut brought = Brought::default();
        match subscribed.stands.clone() {
            Stands::Active if subscribed.cancels => subscribed.stands = Stands::Canceled,
            Stands::Active => self.renew(&mut subscribed, at, &mut brought),
            Stands::PastDue { since, retried, invoice } => {
                if self.card.charge().is_ok() {
                    self.collect(&mut subscribed, *invoice, &mut brought);
                } else if retried.saturating_add(1) < RETRIES.len() {
                    let retried = retried.saturating_add(1);
                    subscribed.stands = Stands::PastDue { since, retried, invoice };
                } else {
                    subscribed.stands = Stands::Canceled;
                    brought.invoices.push(Invoice { due: Due::Void, ..*invoice });
                }
            }
            Stands::Canceled => {}
        }
        if brought != Brought::default() || subscribed.is_over() {
            brought.facts.push(subscribed.fact());
        }
        self.subscription = Some(subscribed);
        Some(brought)
    }

    fn renew(&mut self, subscribed: &mut Subscribed, at: Timestamp, brought: &mut Brought) {
        subscribed.enter_next_period();
        let fails = std::mem::take(&mut self.renewal_fails);
        let invoice = self.invoice(&subscribed.terms.sale(subscribed.period));
        if !fails && self.card.charge().is_ok() {
            self.collect(subscribed, invoice, brought);
        } else {
            brought.invoices.push(invoice.clone());
            subscribed.stands = Stands::PastDue { since: at, retried: 0, invoice: Box::new(invoice) };
        }
    }

    /// The renewal is paid.
    fn collect(&mut self, subscribed: &mut Subscribed, invoice: Invoice, brought: &mut Brought) {
        self.settle(subscribed.terms.sale(subscribed.period), invoice, brought);
        subscribed.stands = Stands::Active;
    }

    /// Somebody pays the open invoice with the card on file, or confirms that it be charged.
    pub fn pay_open_invoice(&mut self, now: Timestamp) -> Result<Brought, Refused> {
        self.at(now);
        let open = self.subscription.as_ref().and_then(Subscribed::open_invoice);
        if open.is_none() {
            return Err(Refused::new("No invoice is open."));
        }
        if self.card != Card::RequiresAction {
            self.card.charge()?;
        }
        let mut brought = Brought::default();
        self.collect_open(&mut brought);
        Ok(brought)
    }

    /// A new card pays at once what a renewal could not.
    pub(super) fn retry_with_new_card(&mut self, at: Timestamp, brought: &mut Brought) {
        self.at(at);
        if self.card.charge().is_ok() {
            self.collect_open(brought);
        }
    }

    fn collect_open(&mut self, brought: &mut Brought) {
        let Some(mut subscribed) = self.subscription.take() else { return };
        if let Some(invoice) = subscribed.open_invoice().cloned() {
            self.collect(&mut subscribed, invoice, brought);
            brought.facts.push(subscribed.fact());
        }
        self.subscription = Some(subscribed);
    }

    /// It ends with its period; at once, where that period is not paid.
    pub fn cancel(&mut self, now: Timestamp) -> Result<Brought, Refused> {
        self.at(now);
        let subscribed = running(&mut self.subscription)?;
        let mut brought = Brought::default();
        if subscribed.cancels {
            return Ok(brought);
        }
        match subscribed.open_invoice().cloned() {
            Some(invoice) => {
                brought.invoices.push(Invoice { due: Due::Void, ..invoice });
                subscribed.stands = Stands::Canceled;
            }
            None => subscribed.cancels = true,
        }
        brought.facts.push(subscribed.fact());
        Ok(brought)
    }

    /// It does not end after all.
    pub fn resume(&mut self, now: Timestamp) -> Result<Brought, Refused> {
        self.at(now);
        let subscribed = running(&mut self.subscription)?;
        let mut brought = Brought::default();
        if std::mem::take(&mut subscribed.cancels) {
            brought.facts.push(subscribed.fact());
        }
        Ok(brought)
    }

    /// What was planned for the renewal is not.
    pub fn withdraw(&mut self, now: Timestamp) -> Result<Brought, Refused> {
        self.at(now);
        running(&mut self.subscription)?.planned = None;
        Ok(Brought::default())
    }

    /// Another plan or cadence, now or from the renewal on, as it was previewed (R4.6, R4.7). To annual begins a new
    /// period; an upgrade is paid inside the running one. Asking again for what is so changes nothing.
    pub fn change(
        &mut self,
        now: Timestamp,
        preview: &ChangePreview,
        terms: Terms,
    ) -> Result<Brought, Refused> {
        let at = self.at(now);
        let subscribed = running(&mut self.subscription)?;
        let mut brought = Brought::default();
        if (&subscribed.terms.plan, subscribed.terms.cadence) == (&terms.plan, terms.cadence) {
            return Ok(brought);
        }
        if subscribed.open_invoice().is_some() {
            return Err(Refused::new("A renewal is not paid: pay the open invoice first."));
        }
        if subscribed.cancels {
            return Err(Refused::new("The subscription ends with its period: resume it first."));
        }
        if preview.effective_at > at {
            subscribed.planned = Some(terms);
            return Ok(brought);
        }
        self.card.charge()?;
        let Some(mut subscribed) = self.subscription.take() else { return Ok(brought) };
        let purpose = if subscribed.terms.cadence == terms.cadence {
            PaymentPurpose::Upgrade
        } else {
            PaymentPurpose::Renewal
        };
        subscribed = if purpose == PaymentPurpose::Upgrade {
            Subscribed { terms, planned: None, ..subscribed }
        } else {
            Subscribed::new(terms, at)
        };
        let mut sale = subscribed.terms.sale(subscribed.period);
        (sale.purpose, sale.price, sale.credits) = (purpose, preview.charge, preview.new_allowance);
        if purpose == PaymentPurpose::Upgrade {
            sale.line = format!("Upgrade to the {} plan for the rest of the period", subscribed.terms.label);
        }
        self.sell(sale, &mut brought);
        brought.facts.push(subscribed.fact());
        self.subscription = Some(subscribed);
        Ok(brought)
    }
}

fn running(subscription: &mut Option<Subscribed>) -> Result<&mut Subscribed, Refused> {
    let running = subscription.as_mut().filter(|subscribed| !subscribed.is_over());
    running.ok_or_else(|| Refused::new("There is no subscription: start one first."))
}
