//! The books of one organization: plain sums of what its events say, and what must be true of them after every decision
//! (R2, R3.3, R8.1, R13). How work is paid for is in `spending`.

use super::{Verdict, Wrong, fact::Fact, must, same};
use ledger::id::OrganizationId;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use store::StoredEvent;

/// How long a past-due subscription entitles: 7 days (R4.2).
const GRACE: i64 = 7 * 24 * 3_600_000_000;

/// A grant: where its credits are. Amounts are micro-credits, instants microseconds.
#[derive(Clone, Debug, Default)]
pub struct Lot {
    pub kind: String,
    pub payment: Option<String>,
    pub seq: u64,
    pub priority: i64,
    pub effective_at: i64,
    pub expires_at: Option<i64>,
    pub amount: i64,
    pub free: i64,
    pub held: i64,
    pub used: i64,
    pub settled: i64,
    pub frozen: i64,
    pub expired: i64,
    pub revoked: i64,
}

impl Lot {
    pub fn parts(&self) -> [i64; 7] {
        [self.free, self.held, self.used, self.settled, self.frozen, self.expired, self.revoked]
    }

    pub fn has_expired(&self, at: i64) -> bool {
        self.expires_at.is_some_and(|end| end <= at)
    }
}

/// A run or charge.
#[derive(Clone, Debug, Default)]
pub struct Work {
    pub status: &'static str,
    pub hold: i64,
    /// What is still held, by grant.
    pub held: BTreeMap<String, i64>,
    pub lapses_at: i64,
    pub used: i64,
    pub outstanding: i64,
    pub absorbed: i64,
    pub usages: BTreeMap<String, i64>,
}

/// A debt.
#[derive(Clone, Debug, Default)]
pub struct Owed {
    pub kind: String,
    pub payment: Option<String>,
    pub amount: i64,
    pub open: i64,
    pub settled: i64,
    pub repaid: i64,
    pub offset: i64,
    /// What of it turned out not to be owed, and what of that was paid and came back.
    pub restored: i64,
    pub restituted: i64,
}

/// A payment.
#[derive(Clone, Debug, Default)]
pub struct Paid {
    pub paid: i64,
    pub credits: i64,
    pub grant: Option<String>,
    pub from_expired: i64,
}

/// What anybody is told of a balance: available, held, locked, frozen, owed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told {
    pub available: i64,
    pub held: i64,
    pub locked: i64,
    pub frozen: i64,
    pub owed: i64,
}

#[derive(Clone, Debug)]
pub struct Books {
    pub organization: OrganizationId,
    pub version: u64,
    pub hash: [u8; 32],
    pub at: i64,
    /// How many events of the last decision are still to come.
    pub left: i64,
    pub lots: BTreeMap<String, Lot>,
    pub runs: BTreeMap<String, Work>,
    pub debts: BTreeMap<String, Owed>,
    /// The debts in the order they were opened in.
    pub opened: Vec<String>,
    pub payments: BTreeMap<String, Paid>,
    /// Refunds and disputes: over which payment, and how much money.
    refunds: BTreeMap<String, (String, i64)>,
    disputes: BTreeMap<String, (String, i64)>,
    failed: BTreeSet<String>,
    /// Closed disputes, and whether they were won.
    closed: BTreeMap<String, bool>,
    subscription: Option<Value>,
    entitled: bool,
    pub suspended: bool,
    /// The newest automatic purchase.
    pub recharge: Option<String>,
    /// The events that answer a command, by its key and digest.
    pub answered: BTreeMap<String, Vec<u64>>,
    /// The balance after each decision, by the number of its last event.
    pub told: BTreeMap<u64, Told>,
}

impl Books {
    pub fn of(organization: OrganizationId) -> Books {
        let beginning: [u8; 32] =
            Sha256::digest([&[0; 32], organization.as_str().as_bytes()].concat()).into();
        Books {
            organization,
            version: 0,
            hash: beginning,
            at: 0,
            left: 0,
            lots: BTreeMap::new(),
            runs: BTreeMap::new(),
            debts: BTreeMap::new(),
            opened: Vec::new(),
            payments: BTreeMap::new(),
            refunds: BTreeMap::new(),
            disputes: BTreeMap::new(),
            failed: BTreeSet::new(),
            closed: BTreeMap::new(),
            subscription: None,
            entitled: false,
            suspended: false,
            recharge: None,
            answered: BTreeMap::new(),
            told: BTreeMap::new(),
        }
    }

    /// Enters the next event.
    pub fn enter(&mut self, stored: &StoredEvent) -> Verdict {
        same(stored.seq, self.version + 1, "versions_have_no_gap", "the next event")?;
        let hash: [u8; 32] = Sha256::digest([&self.hash[..], &stored.bytes].concat()).into();
        must(hash == stored.hash, "events_form_one_chain", || {
            format!("event {} does not follow", stored.seq)
        })?;
        let event: Value = serde_json::from_slice(&stored.bytes)
            .map_err(|error| Wrong { check: "events_say_what_happened", what: error.to_string() })?;
        let (event, seq) = (Fact(&event), i64::try_from(stored.seq).unwrap_or(i64::MAX));
        same(event.int("seq")?, seq, "versions_have_no_gap", "the number in the event")?;
        let left = event.int("left")?;
        let follows = self.left == 0 || left == self.left - 1;
        must(follows, "a_decision_is_whole", || {
            format!("event {}: {left} follow after {}", stored.seq, self.left)
        })?;
        (self.version, self.hash, self.left) = (stored.seq, hash, left);
        let at = event.int("at")?;
        let what = event.part("event").ok_or_else(|| Wrong {
            check: "events_say_what_happened",
            what: format!("event {} is empty", stored.seq),
        })?;
        let about_people = ["organization_named", "member_set", "member_removed", "ownership_transferred"];
        if !about_people.contains(&what.text("type")?) {
            must(at >= self.at, "time_goes_forward", || {
                format!("event {} is at {at}, after {}", stored.seq, self.at)
            })?;
            self.at = at;
        }
        if let Some(asked) = event.optional_text("asked") {
            let answered = format!("{}/{asked}", event.optional_text("key").unwrap_or_default());
            self.answered.entry(answered).or_default().push(stored.seq);
        }
        self.happen(what, at)?;
        if left == 0 {
            self.close_decision(at)?;
        }
        Ok(())
    }

    fn happen(&mut self, event: Fact<'_>, at: i64) -> Verdict {
        match event.text("type")? {
            "organization_suspended" => self.suspended = true,
            "suspension_lifted" => self.suspended = false,
            "subscription_reported" => self.subscription = event.part("subscription").map(|it| it.0.clone()),
            "entitlement_began" => self.entitled = true,
            "entitlement_ended" => self.entitled = false,
            "recharge_requested" => self.recharge = Some(event.text("recharge")?.to_owned()),

            "run_started" | "usage_recorded" | "run_settled" | "run_released" | "run_lapsed"
            | "usage_charged" => {
                return self.work(event, at);
            }
            "granted" => self.granted(event)?,
            "grant_expired" => {
                let amount = event.int("amount")?;
                let lot = self.lot(event.text("grant")?)?;
                (lot.free, lot.expired) = (lot.free - amount, lot.expired + amount);
                lot.expires_at = Some(lot.expires_at.map_or(at, |end| end.min(at)));
            }
            "grant_extended" => {
                let end = event.int("expires_at")?;
                self.lot(event.text("grant")?)?.expires_at = Some(end);
            }
            "payment_recorded" => {
                let (id, paid, credits) = (event.text("payment")?, event.int("paid")?, event.int("credits")?);
                let known = self.payments.insert(id.into(), Paid { paid, credits, ..Paid::default() });
                must(known.is_none(), "money_counts_once", || format!("payment {id} was recorded twice"))?;
            }
            "refund_recorded" => {
                let fact = (event.text("payment")?.to_owned(), event.int("amount")?);
                let known = self.refunds.insert(event.text("refund")?.into(), fact);
                must(known.is_none(), "money_counts_once", || {
                    format!("a refund was recorded twice: {known:?}")
                })?;
            }
            "refund_failed" => drop(self.failed.insert(event.text("refund")?.into())),
            "dispute_opened" => {
                let fact = (event.text("payment")?.to_owned(), event.int("amount")?);
                let known = self.disputes.insert(event.text("dispute")?.into(), fact);
                must(known.is_none(), "money_counts_once", || {
                    format!("a dispute was opened twice: {known:?}")
                })?;
            }
            "dispute_closed" => {
                let won = event.text("outcome")? == "won";
                let known = self.closed.insert(event.text("dispute")?.into(), won);
                must(known.is_none(), "money_counts_once", || "a dispute was closed twice".into())?;
            }
            "recovery_assessed" => {
                let from_expired = event.int("from_expired")?;
                let payment = self.payments.get_mut(event.text("payment")?);
                let payment = payment.ok_or_else(|| unknown("payment", event))?;
                payment.from_expired = from_expired;
            }
            "credits_revoked" | "credits_frozen" | "credits_restored" => self.moved(event)?,
            "debt_opened" => {
                let (kind, amount) = (event.text("kind")?, event.int("amount")?);
                let origin = event.part("origin").and_then(|origin| origin.optional_text("payment"));
                self.owe(event.text("debt")?, kind, amount, origin);
            }
            "debt_settled" => {
                let takes = event.takes("takes")?;
                self.spend_free(&takes, at, "free_credits_settle_debt", true, |lot| &mut lot.settled)?;
                let amount = super::fact::sum(&takes);
                let debt = self.debt(event.text("debt")?)?;
                (debt.open, debt.settled) = (debt.open - amount, debt.settled + amount);
            }
            "debt_repaid" => {
                let amount = event.int("amount")?;
                let debt = self.debt(event.text("debt")?)?;
                (debt.open, debt.repaid) = (debt.open - amount, debt.repaid + amount);
            }
            "debt_offset" => {
                let (amount, written_off) = (event.int("amount")?, event.amount("written_off"));
                let given_up = event.text("why")? == "write_off";
                let debt = self.debt(event.text("debt")?)?;
                (debt.open, debt.offset) = (debt.open - amount, debt.offset + amount);
                if !given_up {
                    debt.restored += amount + written_off;
                }
            }
            // People, tasks, settings and announcements move no credits.
            _ => {}
        }
        Ok(())
    }

    fn granted(&mut self, event: Fact<'_>) -> Verdict {
        let (id, amount) = (event.text("grant")?, event.int("amount")?);
        if let Some(debt) = event.optional_text("restores") {
            let debt = self.debt(debt)?;
            (debt.restored, debt.restituted) = (debt.restored + amount, debt.restituted + amount);
        }
        let payment = event.optional_text("payment").map(str::to_owned);
        if let Some(payment) = &payment {
            let payment = self.payments.get_mut(payment).ok_or_else(|| unknown("payment", event))?;
            let first = payment.grant.replace(id.into());
            must(first.is_none(), "money_counts_once", || format!("a payment granted {first:?} and {id}"))?;
        }
        let lot = Lot {
            kind: event.text("kind")?.into(),
            payment,
            seq: self.version,
            priority: event.int("priority")?,
            effective_at: event.int("effective_at")?,
            expires_at: event.optional_int("expires_at"),
            amount,
            free: amount,
            ..Lot::default()
        };
        let known = self.lots.insert(id.into(), lot);
        must(known.is_none() && amount > 0, "money_counts_once", || {
            format!("{id} was granted again, or nothing was")
        })
    }

    /// Credits move between a grant's parts because money moved.
    fn moved(&mut self, event: Fact<'_>) -> Verdict {
        let [free, frozen, revoked] =
            ["from_free", "from_frozen", "from_revoked"].map(|part| event.amount(part));
        let to = event.text("type")?;
        let lot = self.lot(event.text("grant")?)?;
        (lot.free, lot.frozen, lot.revoked) = (lot.free - free, lot.frozen - frozen, lot.revoked - revoked);
        match to {
            "credits_revoked" => lot.revoked += free + frozen,
            "credits_frozen" => lot.frozen += free + revoked,
            _ => lot.free += frozen + revoked,
        }
        Ok(())
    }

    pub fn lot(&mut self, id: &str) -> Result<&mut Lot, Wrong> {
        self.lots
            .get_mut(id)
            .ok_or_else(|| Wrong { check: "events_say_what_happened", what: format!("no grant {id}") })
    }

    fn debt(&mut self, id: &str) -> Result<&mut Owed, Wrong> {
        self.debts
            .get_mut(id)
            .ok_or_else(|| Wrong { check: "events_say_what_happened", what: format!("no debt {id}") })
    }

    /// Opens a debt, or adds to it.
    pub fn owe(&mut self, id: &str, kind: &str, amount: i64, payment: Option<&str>) {
        if !self.debts.contains_key(id) {
            self.opened.push(id.to_owned());
        }
        let debt = self.debts.entry(id.to_owned()).or_default();
        (debt.amount, debt.open) = (debt.amount + amount, debt.open + amount);
        (debt.kind, debt.payment) = (kind.to_owned(), payment.map(str::to_owned));
    }

    /// Whether purchased credits may be spent at this instant (R4.2), by the subscription as it was last reported.
    pub fn is_entitled(&self, at: i64) -> bool {
        let Some(subscription) = self.subscription.as_ref().map(Fact) else { return false };
        let before = |end: Option<i64>| end.is_none_or(|end| at < end);
        let cancel = subscription.optional_int("cancel_at");
        match subscription.optional_text("status") {
            Some("active" | "trialing") => before(cancel),
            Some("past_due") => {
                let since = subscription.optional_int("past_due_since");
                before(cancel) && since.is_some_and(|since| at < since + GRACE)
            }
            _ => false,
        }
    }

    /// What must be true after every decision.
    fn close_decision(&mut self, at: i64) -> Verdict {
        let at = at.max(self.at);
        for (id, lot) in &self.lots {
            let whole =
                lot.parts().iter().sum::<i64>() == lot.amount && lot.parts().iter().all(|part| *part >= 0);
            must(whole, "the_parts_of_a_grant_add_up", || format!("{id}: {lot:?}"))?;
            let lost = lot.free == 0 || !lot.has_expired(at);
            must(lost, "what_is_due_has_happened", || {
                format!("{id} is over and still free at {at}: {lot:?}")
            })?;
        }
        self.close_holds(at)?;
        for (id, debt) in &self.debts {
            let whole = debt.amount == debt.open + debt.settled + debt.repaid + debt.offset && debt.open >= 0;
            must(
                whole && debt.restituted <= debt.settled + debt.repaid,
                "the_parts_of_a_debt_add_up",
                || format!("{id}: {debt:?}"),
            )?;
        }
        let settled: i64 = self.lots.values().map(|lot| lot.settled).sum();
        let by_debts: i64 = self.debts.values().map(|debt| debt.settled).sum();
        same(settled, by_debts, "the_parts_of_a_debt_add_up", "what credits settled")?;
        self.close_recoveries()?;
        same(self.entitled, self.is_entitled(at), "what_is_due_has_happened", "entitlement")?;
        let told = self.balance(at);
        self.told.insert(self.version, told);
        Ok(())
    }

    /// Each payment's refunds and disputes took back what they must, once, in whatever order they came (R8.1, R8.6).
    fn close_recoveries(&self) -> Verdict {
        for (id, payment) in &self.payments {
            let of = |facts: &BTreeMap<String, (String, i64)>, counts: &dyn Fn(&String) -> bool| -> i128 {
                let counted = facts.iter().filter(|(fact, (payment, _))| payment == id && counts(fact));
                counted.map(|(_, (_, amount))| i128::from(*amount)).sum()
            };
            let refunded = of(&self.refunds, &|refund| !self.failed.contains(refund));
            let disputed = of(&self.disputes, &|dispute| self.closed.get(dispute) != Some(&true));
            let paid = i128::from(payment.paid);
            let back = (refunded + disputed).min(paid);
            let due = if paid == 0 { 0 } else { i128::from(payment.credits) * back / paid };
            let lot =
                payment.grant.as_ref().and_then(|grant| self.lots.get(grant)).cloned().unwrap_or_default();
            let debts = self.debts.values().filter(|debt| debt.payment.as_ref() == Some(id));
            let standing: i64 = debts.map(|debt| debt.amount - debt.restored).sum();
            let recovered = i128::from(lot.revoked + lot.frozen + payment.from_expired + standing);
            same(recovered, due, "money_taken_back_is_recovered_once", format!("{id} {payment:?} {lot:?}"))?;
            must(
                (0..=lot.expired).contains(&payment.from_expired),
                "money_taken_back_is_recovered_once",
                || format!("{id}: {} of {} that expired unused", payment.from_expired, lot.expired),
            )?;
            let open = of(&self.disputes, &|dispute| !self.closed.contains_key(dispute));
            must(open > 0 || lot.frozen == 0, "money_taken_back_is_recovered_once", || {
                format!("{id}: frozen without an open dispute: {lot:?}")
            })?;
        }
        Ok(())
    }
}

fn unknown(what: &str, event: Fact<'_>) -> Wrong {
    Wrong { check: "events_say_what_happened", what: format!("the {what} is not known: {}", event.0) }
}
