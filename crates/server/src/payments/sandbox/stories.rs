//! Stories of one account with the sandbox, and what holds after any number of random actions.

use super::{
    super::{Bought, Purchase, Recharge, fact::Fact},
    record::{Due, Invoice, Payment},
    state::{Account, Brought, Card},
    subscription::{Stands, Subscribed, Terms},
};
use ledger::{
    Credits, Timestamp,
    payment::{DisputeOutcome, PaymentPurpose},
    subscription::{Cadence, ChangePreview, Period, SubscriptionStatus},
    time::Duration,
};
use std::collections::{BTreeMap, BTreeSet};

fn at(text: &str) -> Timestamp {
    text.parse().expect("an instant")
}

fn credits(whole: i64) -> Credits {
    Credits::whole(whole).expect("it fits")
}

fn account() -> Account {
    Account::new(&"acme-maps".parse().expect("an id"), "secret".into())
}

fn plan(cadence: Cadence) -> Purchase {
    let bought = Bought::Plan { plan: "team".parse().expect("an id"), cadence, allowance: credits(50_000) };
    Purchase { bought, price: 4_900, currency: "USD".into(), label: "Team plan".into() }
}

fn pack() -> Purchase {
    let bought = Bought::Credits(credits(10_000));
    Purchase { bought, price: 1_000, currency: "USD".into(), label: "10,000 credits".into() }
}

fn recharge(id: &str) -> Recharge {
    Recharge {
        id: id.parse().expect("an id"),
        credits: credits(20_000),
        price: 2_000,
        currency: "USD".into(),
        requested_at: Timestamp::MIN,
        again: false,
    }
}

/// A change to this plan, effective then.
fn change(key: &str, cadence: Cadence, effective_at: Timestamp) -> (ChangePreview, Terms) {
    let plan: ledger::id::PlanKey = key.parse().expect("an id");
    let preview = ChangePreview {
        plan: plan.clone(),
        cadence,
        effective_at,
        charge: 3_000,
        currency: "USD".into(),
        new_allowance: credits(75_000),
        preserved: Credits::ZERO,
        debt_takes: Credits::ZERO,
        next_renewal: effective_at,
    };
    let label = format!("{key} plan");
    let (price, currency) = (14_900, "USD".into());
    (preview, Terms { plan, label, cadence, price, currency, allowance: credits(200_000) })
}

/// A subscriber since the end of January.
fn subscriber(card: Card) -> Account {
    let mut account = account();
    let bought = account.buy(at("2026-01-31T10:00:00Z"), &plan(Cadence::Monthly), card, true);
    assert!(bought.is_ok());
    account
}

fn status(account: &Account) -> SubscriptionStatus {
    account.subscription.as_ref().map(Subscribed::as_reported).map_or_else(Default::default, |is| is.status)
}

/// The periods that were paid for, in order.
fn periods(facts: &[Fact]) -> Vec<Period> {
    facts
        .iter()
        .filter_map(|fact| match fact {
            Fact::Payment { purpose: PaymentPurpose::Renewal, period, .. } => *period,
            _ => None,
        })
        .collect()
}

fn advance(account: &mut Account, to: &str) -> Brought {
    let mut all = Brought::default();
    while let Some(brought) = account.advance(at(to)) {
        all.facts.extend(brought.facts);
        all.payments.extend(brought.payments);
        all.invoices.extend(brought.invoices);
    }
    all
}

#[test]
fn a_subscription_bought_on_the_last_of_january_renews_on_the_last_of_each_month() {
    let mut account = subscriber(Card::Ok);
    let brought = advance(&mut account, "2026-05-31T10:00:00Z");
    let ends: Vec<String> = periods(&brought.facts).iter().map(|period| period.end.to_string()).collect();
    assert_eq!(
        ends,
        ["2026-03-31T10:00:00Z", "2026-04-30T10:00:00Z", "2026-05-31T10:00:00Z", "2026-06-30T10:00:00Z"]
    );
    let numbers: Vec<&str> = brought.invoices.iter().map(|invoice| invoice.number.as_str()).collect();
    assert_eq!(numbers, ["ACMEMAPS-0002", "ACMEMAPS-0003", "ACMEMAPS-0004", "ACMEMAPS-0005"]);
}

#[test]
fn a_renewal_that_is_not_paid_is_tried_three_times_and_then_it_is_over() {
    let mut account = subscriber(Card::Declined);
    let first = advance(&mut account, "2026-02-28T10:00:00Z");
    assert_eq!(status(&account), SubscriptionStatus::PastDue);
    assert_eq!((periods(&first.facts).len(), first.invoices.len()), (0, 1));
    for (day, next) in
        [("2026-02-28", "2026-03-01"), ("2026-03-01", "2026-03-03"), ("2026-03-03", "2026-03-05")]
    {
        assert_eq!(advance(&mut account, &format!("{day}T10:00:00Z")), Brought::default());
        assert_eq!(account.next_due(), Some(at(&format!("{next}T10:00:00Z"))));
    }
    let last = advance(&mut account, "2026-03-05T10:00:00Z");
    assert_eq!((status(&account), account.next_due()), (SubscriptionStatus::Canceled, None));
    assert!(matches!(last.invoices.as_slice(), [Invoice { due: Due::Void, .. }]));
}

#[test]
fn a_new_card_pays_at_once_what_the_old_one_could_not() {
    let mut account = subscriber(Card::RequiresAction);
    advance(&mut account, "2026-02-28T10:00:00Z");
    let brought = account.set_card(at("2026-03-02T00:00:00Z"), Card::Ok, true);
    assert_eq!(status(&account), SubscriptionStatus::Active);
    let february = Period { start: at("2026-02-28T10:00:00Z"), end: at("2026-03-31T10:00:00Z") };
    assert_eq!(periods(&brought.facts), [february]);
    assert_eq!(account.next_due(), Some(february.end));
    let again = account.pay_open_invoice(at("2026-03-02T00:00:01Z")).map_err(|refused| refused.to_string());
    assert_eq!(again, Err("No invoice is open.".into()));
}

#[test]
fn one_renewal_may_be_told_to_fail_and_the_next_try_pays() {
    let mut account = subscriber(Card::Ok);
    account.renewal_fails = true;
    advance(&mut account, "2026-02-28T10:00:00Z");
    assert_eq!(status(&account), SubscriptionStatus::PastDue);
    let brought = advance(&mut account, "2026-03-01T10:00:00Z");
    assert_eq!((status(&account), periods(&brought.facts).len()), (SubscriptionStatus::Active, 1));
}

#[test]
fn what_is_cancelled_ends_with_its_period_unless_it_is_resumed() {
    let mut account = subscriber(Card::Ok);
    let now = at("2026-02-10T00:00:00Z");
    let cancelled = account.cancel(now).map(|brought| brought.facts);
    let stands = account.subscription.as_ref().map(Subscribed::fact);
    assert_eq!(cancelled.ok(), stands.map(|fact| vec![fact]));
    assert_eq!(account.cancel(now), Ok(Brought::default()), "once is enough");
    assert!(account.resume(now).is_ok());
    advance(&mut account, "2026-02-28T10:00:00Z");
    assert_eq!(status(&account), SubscriptionStatus::Active);
    assert!(account.cancel(at("2026-03-01T00:00:00Z")).is_ok());
    let ended = advance(&mut account, "2026-12-31T00:00:00Z");
    assert_eq!((status(&account), ended.payments.len()), (SubscriptionStatus::Canceled, 0));
    assert!(account.resume(at("2027-01-01T00:00:00Z")).is_err());
    assert!(account.buy(at("2027-01-01T00:00:00Z"), &plan(Cadence::Annual), Card::Ok, false).is_ok());
}

#[test]
fn an_upgrade_is_paid_inside_its_period_and_renews_at_the_new_price() {
    let mut account = subscriber(Card::Ok);
    let now = at("2026-02-14T10:00:00Z");
    let (preview, terms) = change("business", Cadence::Monthly, now);
    let brought = account.change(now, &preview, terms.clone()).expect("it is possible");
    let [payment] = brought.payments.as_slice() else { panic!("{brought:?}") };
    assert_eq!((payment.purpose, payment.paid), (PaymentPurpose::Upgrade, 3_000));
    assert_eq!(payment.credits, credits(75_000));
    assert_eq!(account.change(now, &preview, terms), Ok(Brought::default()), "asked again, paid once");
    let renewed = advance(&mut account, "2026-02-28T10:00:00Z");
    assert_eq!((renewed.payments[0].paid, renewed.payments[0].credits), (14_900, credits(200_000)));
}

#[test]
fn from_monthly_to_annual_a_new_period_begins_and_back_only_at_the_renewal() {
    let mut account = subscriber(Card::Ok);
    let now = at("2026-02-14T10:00:00Z");
    let (preview, terms) = change("team", Cadence::Annual, now);
    let brought = account.change(now, &preview, terms).expect("it is possible");
    let year = Period { start: now, end: at("2027-02-14T10:00:00Z") };
    assert_eq!(periods(&brought.facts), [year]);
    let (preview, terms) = change("team", Cadence::Monthly, year.end);
    assert_eq!(account.change(now, &preview, terms), Ok(Brought::default()), "nothing happens yet");
    let renewed = advance(&mut account, "2027-02-14T10:00:00Z");
    assert_eq!(periods(&renewed.facts), [Period { start: year.end, end: at("2027-03-14T10:00:00Z") }]);
}

#[test]
fn a_change_that_cannot_be_paid_changes_nothing() {
    let mut account = subscriber(Card::Declined);
    let now = at("2026-02-14T10:00:00Z");
    let (preview, terms) = change("business", Cadence::Monthly, now);
    let before = account.subscription.clone();
    assert!(account.change(now, &preview, terms).is_err());
    assert_eq!(account.subscription, before);
}

#[test]
fn money_goes_back_once_whatever_takes_it() {
    let mut account = account();
    let now = at("2026-01-01T00:00:00Z");
    let brought = account.buy(now, &pack(), Card::Ok, false).expect("it is paid");
    let mut payment = brought.payments[0].clone();
    assert!(account.refund(now, &mut payment, 400).is_ok());
    assert!(account.refund(now, &mut payment, 601).is_err(), "more than is left");
    assert!(account.dispute(now, &mut payment).is_ok());
    assert!(account.refund(now, &mut payment, 1).is_err(), "the dispute has the rest");
    let (refund, dispute) = (payment.refunds[0].id.to_string(), payment.disputes[0].id.to_string());
    assert!(payment.close_dispute(&dispute, DisputeOutcome::Won).is_ok_and(|told| told.is_some()));
    assert!(payment.close_dispute(&dispute, DisputeOutcome::Won).is_ok_and(|told| told.is_none()));
    assert!(payment.close_dispute(&dispute, DisputeOutcome::Lost).is_err());
    assert!(payment.fail_refund(&refund).is_ok_and(|told| told.is_some()));
    assert_eq!(payment.left(), 1_000);
}

#[test]
fn a_card_is_charged_for_automatic_purchases_only_where_somebody_said_so() {
    let mut account = account();
    let now = at("2026-01-01T00:00:00Z");
    assert!(account.buy(now, &plan(Cadence::Monthly), Card::Ok, false).is_ok());
    assert_eq!((account.card, account.is_reusable()), (Card::Ok, false));
    assert!(matches!(account.recharge(now, &recharge("r1")).0, Fact::RechargeDeclined { .. }));
    let told = account.set_card(now, Card::Ok, true).facts;
    assert_eq!(told, [Fact::PaymentMethod { present: true }]);
    assert!(matches!(account.recharge(now, &recharge("r2")).0, Fact::Payment { .. }));
}

/// What whoever is told everything knows.
#[derive(Default)]
struct Listener {
    payments: BTreeMap<String, Payment>,
    invoices: BTreeMap<String, Invoice>,
    facts: Vec<Fact>,
}

impl Listener {
    fn hear(&mut self, brought: Brought) {
        for payment in brought.payments {
            self.payments.insert(payment.id.to_string(), payment);
        }
        for invoice in brought.invoices {
            self.invoices.insert(invoice.id.clone(), invoice);
        }
        self.facts.extend(brought.facts);
    }

    fn check(&self, account: &Account) {
        // Each payment, refund and dispute was told once, as it is written down.
        let of_payments =
            |fact: &&Fact| !matches!(fact, Fact::Subscription { .. } | Fact::PaymentMethod { .. });
        let told: Vec<&Fact> = self.facts.iter().filter(of_payments).collect();
        let written: Vec<Fact> = self.payments.values().flat_map(Payment::facts).collect();
        assert_eq!(told.len(), written.len());
        assert!(written.iter().all(|fact| told.contains(&fact)));
        // What was told last of the subscription and the card is how they are.
        let subscription = self.facts.iter().rfind(|fact| matches!(fact, Fact::Subscription { .. }));
        assert_eq!(subscription, account.subscription.as_ref().map(Subscribed::fact).as_ref());
        let method = self.facts.iter().rfind(|fact| matches!(fact, Fact::PaymentMethod { .. }));
        let present = matches!(method, Some(Fact::PaymentMethod { present: true }));
        assert_eq!(present, account.is_reusable());
        // No period is paid twice, and the books are whole.
        let periods = periods(&self.facts);
        assert_eq!(periods.iter().collect::<BTreeSet<_>>().len(), periods.len());
        let numbers: BTreeSet<&str> = self.invoices.values().map(|invoice| invoice.number.as_str()).collect();
        let count = u64::try_from(numbers.len()).expect("it fits");
        assert_eq!((count, numbers.len()), (account.numbered, self.invoices.len()));
        let open = self.invoices.values().filter(|invoice| invoice.due == Due::Open).count();
        let past_due = account.subscription.as_ref().and_then(Subscribed::open_invoice).is_some();
        assert_eq!(open, usize::from(past_due));
        let paid = self.invoices.values().filter(|invoice| invoice.due == Due::Paid).count();
        assert_eq!(paid, self.payments.len());
    }
}

/// Numbers that look random and follow from a seed.
struct Chance(u64);

impl Chance {
    fn below(&mut self, most: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % most
    }

    fn card(&mut self) -> Card {
        [Card::Ok, Card::Ok, Card::Declined, Card::RequiresAction, Card::None]
            [usize::try_from(self.below(5)).expect("it fits")]
    }
}

fn act(account: &mut Account, listener: &mut Listener, chance: &mut Chance, now: Timestamp) -> Brought {
    let cadence = if chance.below(2) == 0 { Cadence::Monthly } else { Cadence::Annual };
    let chosen = listener.payments.values().nth(usize::try_from(chance.below(8)).expect("it fits")).cloned();
    let done = match (chance.below(11), chosen) {
        (0, _) => account.buy(now, &pack(), Card::Ok, chance.below(2) == 0),
        (1, _) => account.buy(now, &plan(cadence), chance.card(), chance.below(2) == 0),
        (2, _) => Ok(account.set_card(now, chance.card(), chance.below(2) == 0)),
        (3, _) => account.cancel(now),
        (4, _) => account.resume(now),
        (5, _) => {
            let end = account.subscription.as_ref().map_or(now, |subscribed| subscribed.period.end);
            let when = if chance.below(2) == 0 { now } else { end };
            let key = if chance.below(2) == 0 { "team" } else { "business" };
            let (preview, terms) = change(key, cadence, when);
            account.change(now, &preview, terms)
        }
        (6, _) => account.pay_open_invoice(now),
        (7, _) => {
            account.renewal_fails = true;
            Ok(Brought::default())
        }
        (8, _) => {
            let (fact, mut brought) = account.recharge(now, &recharge("r"));
            if matches!(fact, Fact::Payment { .. }) {
                brought.facts.push(fact);
            }
            Ok(brought)
        }
        (9, Some(mut payment)) => {
            let amount = i64::try_from(chance.below(2_000)).expect("it fits");
            account.refund(now, &mut payment, amount)
        }
        (10, Some(mut payment)) => account.dispute(now, &mut payment),
        _ => account.withdraw(now),
    };
    done.unwrap_or_default()
}

#[test]
fn whatever_happens_everything_is_told_once_and_as_it_is() {
    for seed in 1..=300_u64 {
        let mut chance = Chance(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let (mut account, mut listener) = (account(), Listener::default());
        let mut now = at("2026-01-31T23:00:00Z");
        for _ in 0..60 {
            let days = i64::try_from(chance.below(20)).expect("it fits");
            now = now.after(Duration::days(days));
            while let Some(brought) = account.advance(now) {
                listener.hear(brought);
            }
            let brought = act(&mut account, &mut listener, &mut chance, now);
            listener.hear(brought);
            let told = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| listener.check(&account)));
            assert!(told.is_ok(), "seed {seed}");
            if let Some(Subscribed { stands: Stands::Active, period, .. }) = &account.subscription {
                assert!(period.start <= now && now < period.end, "seed {seed}: {period:?} at {now}");
            }
        }
    }
}
