//! The sandbox as a provider on each real store: what it tells waits in the inbox with its own change, and nothing is
//! charged twice, whoever asks and however often.
#![allow(missing_docs, reason = "a test says what it shows by its name")]
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test that meets the unexpected stops")]

use coulomb_server::{
    memos::{self, Memos},
    payments::{
        Bought, Charged, InvoiceStatus, PortalStep, ProviderError, Purchase, Recharge, SubscriptionOrder,
        fact::Fact,
        inbox::{self, Message, Waiting},
        sandbox::{Act, Card, PaymentAct, Progress, RENEWAL, Sandbox, Step},
    },
};
use ledger::{
    Credits, Policy, Timestamp,
    id::OrganizationId,
    subscription::{Cadence, ChangePreview, SubscriptionStatus},
};
use std::sync::Arc;
use store::{
    Store,
    postgres::{Options, Postgres},
    sqlite::Sqlite,
};
use xtask::postgres::fresh_database;

/// 2026-01-10T00:00:00Z.
const JANUARY: Timestamp = Timestamp::from_micros(1_768_003_200_000_000);

const BACK: &str = "https://host.test/billing?tab=credits";

fn acme() -> OrganizationId {
    "acme".parse().unwrap()
}

fn credits(whole: i64) -> Credits {
    Credits::whole(whole).unwrap()
}

fn policy() -> Policy {
    let plan = |label: &str, tier, credits_of_a_month, price: i64| ledger::policy::Plan {
        label: label.into(),
        tier,
        monthly_allowance: credits(credits_of_a_month),
        monthly_price: price,
        annual_price: price * 10,
        currency: "USD".into(),
    };
    let plans =
        [("team", plan("Team", 1, 50_000, 4_900)), ("business", plan("Business", 2, 200_000, 14_900))];
    let plans = plans.into_iter().map(|(key, plan)| (key.parse().unwrap(), plan)).collect();
    Policy { plans, ..Policy::default() }
}

/// Runs a story on a fresh store of each kind.
fn on_every_store<F: Future<Output = ()>>(story: impl Fn(Sandbox, Memos) -> F) {
    let directory = tempfile::tempdir().unwrap();
    let database = fresh_database();
    let stores: [Arc<dyn Store>; 2] = [
        Arc::new(Sqlite::open(directory.path()).unwrap()),
        Arc::new(Postgres::open(Options::new(&database.url)).unwrap()),
    ];
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    for store in stores {
        let memos = Memos::new(store);
        let sandbox = Sandbox::new(memos.clone(), Arc::new(policy()), "https://credits.test".into());
        runtime.block_on(story(sandbox, memos));
    }
}

fn pack() -> Purchase {
    let bought = Bought::Credits(credits(10_000));
    Purchase { bought, price: 1_000, currency: "USD".into(), label: "10,000 credits".into() }
}

fn plan() -> Purchase {
    let bought =
        Bought::Plan { plan: "team".parse().unwrap(), cadence: Cadence::Monthly, allowance: credits(50_000) };
    Purchase { bought, price: 4_900, currency: "USD".into(), label: "Team plan, monthly".into() }
}

fn pay(card: Card) -> Step {
    Step::Pay { card, automatic: false }
}

/// The part of an address that nobody guesses.
fn token(url: &str) -> String {
    url.split('#').next().unwrap().rsplit('/').next().unwrap().to_owned()
}

async fn checkout(sandbox: &Sandbox, purchase: &Purchase) -> String {
    token(&sandbox.checkout(&acme(), JANUARY, purchase, BACK).await.unwrap())
}

/// Everything that was told, in order.
async fn told(memos: &Memos) -> Vec<Fact> {
    let waiting = memos.list(&acme(), inbox::KIND, None, 100).await.unwrap();
    let facts = waiting.iter().flat_map(|memo| match memos::read::<Waiting>(memo).unwrap().message {
        Message::Facts { facts } => facts,
        Message::Event { .. } => panic!("the sandbox tells facts"),
    });
    facts.collect()
}

async fn due(memos: &Memos) -> Option<Timestamp> {
    memos.one(&acme(), RENEWAL.0, RENEWAL.1).await.unwrap().and_then(|memo| memo.due)
}

#[test]
fn a_checkout_that_is_paid_from_ten_tabs_at_once_is_paid_once() {
    on_every_store(async |sandbox, memos| {
        let token = checkout(&sandbox, &pack()).await;
        let paying = (0..10).map(|_| {
            let (sandbox, token) = (sandbox.clone(), token.clone());
            tokio::spawn(async move { sandbox.step(&acme(), JANUARY, &token, pay(Card::Ok)).await })
        });
        for paid in futures_util::future::join_all(paying).await {
            assert_eq!(paid.unwrap().unwrap().unwrap().progress, Progress::Paid);
        }
        let facts = told(&memos).await;
        assert!(matches!(facts.as_slice(), [Fact::Payment { paid: 1_000, .. }]), "{facts:?}");
        assert_eq!(sandbox.facts_of(&acme()).await.unwrap(), facts);
        let invoices = sandbox.invoices(&acme(), None, 10).await.unwrap().invoices;
        assert_eq!(invoices.len(), 1);
        assert_eq!(
            (invoices[0].number.as_deref(), invoices[0].status),
            (Some("ACME-0001"), InvoiceStatus::Paid)
        );
    });
}

#[test]
fn a_card_that_is_declined_or_not_confirmed_charges_nothing_and_another_may_be_tried() {
    on_every_store(async |sandbox, memos| {
        let token = checkout(&sandbox, &pack()).await;
        let step = async |step| sandbox.step(&acme(), JANUARY, &token, step).await.unwrap().unwrap();
        assert!(step(pay(Card::Declined)).await.notice.is_some_and(|notice| !notice.good));
        assert_eq!(step(pay(Card::RequiresAction)).await.progress, Progress::Confirming { automatic: false });
        assert_eq!(step(Step::Fail).await.progress, Progress::Open);
        assert_eq!(step(Step::Confirm).await.progress, Progress::Open, "nothing is there to confirm");
        assert_eq!(told(&memos).await, []);
        step(pay(Card::RequiresAction)).await;
        assert_eq!(step(Step::Confirm).await.progress, Progress::Paid);
        assert_eq!(told(&memos).await.len(), 1);
        assert_eq!(sandbox.step(&acme(), JANUARY, "another", pay(Card::Ok)).await.unwrap(), None);
    });
}

#[test]
fn an_automatic_purchase_is_charged_once_however_often_it_is_asked_for() {
    on_every_store(async |sandbox, _| {
        let recharge = |id: &str, again| Recharge {
            id: id.parse().unwrap(),
            credits: credits(20_000),
            price: 2_000,
            currency: "USD".into(),
            requested_at: JANUARY,
            again,
        };
        let charge = async |id, again| match sandbox.charge(&acme(), JANUARY, &recharge(id, again)).await {
            Ok(Charged::Settled(fact)) => fact,
            other => panic!("{other:?}"),
        };
        let declined = charge("recharge_1", false).await;
        assert!(matches!(declined, Fact::RechargeDeclined { .. }));
        sandbox.set_card(&acme(), JANUARY, Card::Ok).await.unwrap();
        assert_eq!(charge("recharge_1", true).await, declined, "it was declined, and stays so");
        let paid = charge("recharge_2", false).await;
        assert_eq!(charge("recharge_2", true).await, paid);
        assert_eq!(sandbox.facts_of(&acme()).await.unwrap(), [paid]);
    });
}

#[test]
fn what_happens_next_is_kept_with_the_subscription_and_happens_at_its_own_instant() {
    on_every_store(async |sandbox, memos| {
        let token = checkout(&sandbox, &plan()).await;
        sandbox.step(&acme(), JANUARY, &token, pay(Card::Ok)).await.unwrap();
        let february = JANUARY.plus_months(1);
        assert_eq!(due(&memos).await, Some(february));
        assert_eq!(sandbox.next_due(&acme()).await.unwrap(), Some(february));
        let refused = sandbox.checkout(&acme(), JANUARY, &plan(), BACK).await;
        assert!(matches!(refused, Err(ProviderError::Refused(_))), "one subscription at a time");

        sandbox.advance(&acme(), JANUARY.plus_months(3)).await.unwrap();
        assert_eq!(due(&memos).await, Some(JANUARY.plus_months(4)));
        let payments = sandbox.latest_payments(&acme(), 10).await.unwrap();
        let made: Vec<Timestamp> = payments.iter().rev().map(|payment| payment.at).collect();
        assert_eq!(made, (0..4).map(|month| JANUARY.plus_months(month)).collect::<Vec<_>>());
        sandbox.advance(&acme(), JANUARY.plus_months(3)).await.unwrap();
        assert_eq!(sandbox.latest_payments(&acme(), 10).await.unwrap(), payments);

        sandbox.order(&acme(), JANUARY.plus_months(3), &SubscriptionOrder::Cancel).await.unwrap();
        sandbox.advance(&acme(), JANUARY.plus_months(9)).await.unwrap();
        assert_eq!((due(&memos).await, sandbox.next_due(&acme()).await.unwrap()), (None, None));
        let facts = told(&memos).await;
        let Some(Fact::Subscription { subscription }) = facts.last() else { panic!("{facts:?}") };
        assert_eq!(subscription.status, SubscriptionStatus::Canceled);
    });
}

#[test]
fn an_upgrade_is_charged_as_it_was_previewed_and_renews_at_the_price_of_the_catalogue() {
    on_every_store(async |sandbox, _| {
        let token = checkout(&sandbox, &plan()).await;
        sandbox.step(&acme(), JANUARY, &token, pay(Card::Ok)).await.unwrap();
        let preview = ChangePreview {
            plan: "business".parse().unwrap(),
            cadence: Cadence::Monthly,
            effective_at: JANUARY,
            charge: 10_000,
            currency: "USD".into(),
            new_allowance: credits(150_000),
            preserved: credits(50_000),
            debt_takes: Credits::ZERO,
            next_renewal: JANUARY.plus_months(1),
        };
        let order = SubscriptionOrder::Change(preview);
        for _ in 0..2 {
            sandbox.order(&acme(), JANUARY, &order).await.unwrap();
        }
        sandbox.advance(&acme(), JANUARY.plus_months(1)).await.unwrap();
        let paid = sandbox.latest_payments(&acme(), 10).await.unwrap();
        assert_eq!(paid.iter().map(|payment| payment.paid).collect::<Vec<_>>(), [14_900, 10_000, 4_900]);
    });
}

#[test]
fn what_is_done_in_the_portal_is_told_and_said_on_its_page() {
    on_every_store(async |sandbox, memos| {
        let bought = checkout(&sandbox, &pack()).await;
        sandbox.step(&acme(), JANUARY, &bought, pay(Card::Ok)).await.unwrap();
        let url = sandbox.portal(&acme(), JANUARY, PortalStep::PaymentMethod, BACK).await.unwrap();
        assert!(url.ends_with("#payment-method"), "{url}");
        let session = token(&url);
        let payment = sandbox.latest_payments(&acme(), 1).await.unwrap().remove(0);
        let act = async |act: PaymentAct| {
            let act = Act::Payment { payment: payment.id.to_string(), act };
            assert!(sandbox.act(&acme(), JANUARY, &session, &act).await.unwrap());
            sandbox.session(&acme(), &session).await.unwrap().unwrap().notice.unwrap()
        };
        assert!(act(PaymentAct::Refund(Some(400))).await.good);
        assert!(!act(PaymentAct::Refund(Some(601))).await.good);
        assert!(act(PaymentAct::Dispute).await.good);
        assert_eq!(sandbox.facts_of(&acme()).await.unwrap(), told(&memos).await);
        assert_eq!(told(&memos).await.len(), 3);
        assert!(!sandbox.act(&acme(), JANUARY, "another", &Act::Cancel).await.unwrap());
    });
}

#[test]
fn an_invoice_is_seen_only_by_its_whole_address() {
    on_every_store(async |sandbox, _| {
        for _ in 0..3 {
            let token = checkout(&sandbox, &pack()).await;
            sandbox.step(&acme(), JANUARY, &token, pay(Card::Ok)).await.unwrap();
        }
        let first = sandbox.invoices(&acme(), None, 2).await.unwrap();
        let rest = sandbox.invoices(&acme(), first.next.as_deref(), 2).await.unwrap();
        let numbers: Vec<_> = first
            .invoices
            .iter()
            .chain(&rest.invoices)
            .map(|invoice| invoice.number.clone().unwrap())
            .collect();
        assert_eq!(
            (numbers, rest.next),
            (vec!["ACME-0003".into(), "ACME-0002".into(), "ACME-0001".into()], None)
        );
        let url = first.invoices[0].url.clone().unwrap();
        let parts: Vec<&str> = url.rsplit('/').take(2).collect();
        let (id, token) = (parts[0], parts[1]);
        assert!(sandbox.invoice_of(&acme(), token, id).await.unwrap().is_some());
        assert!(sandbox.invoice_of(&acme(), &"0".repeat(64), id).await.unwrap().is_none());
        assert!(sandbox.invoice_of(&acme(), token, &rest.invoices[0].id).await.unwrap().is_none());
    });
}
