//! Reconciling: what the provider knows, compared with the ledger. What is missing and safe is healed through the inbox like
//! anything a provider says, so that also webhooks that never came lose nothing; what contradicts the ledger, and what has
//! waited too long, is listed for a person.

use super::{
    ProviderError,
    cashier::Cashier,
    fact::{Fact, Told},
    inbox::{self, Message, Waiting},
    provider::Provider,
    recharge,
};
use crate::{clock, jobs::patience::retry_at, memos};
use ledger::{
    Account, Credits, Duration, Timestamp,
    command::PartKey,
    id::{OrganizationId, PaymentId},
    payment::PaymentPurpose,
    subscription::{Subscription, SubscriptionStatus},
};
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::Arc,
};
use store::{
    Fault, Store,
    memo::{Change, Memo, Owned},
};

/// How long a purchase may be on its way before somebody should look.
const RECHARGE_MAX: Duration = Duration::from_micros(300_000_000);

/// Organizations read in one go, where all of them are looked at.
const PAGE: usize = 500;

/// Things for a person that are listed at most.
const LISTED_MAX: usize = 10_000;

/// The ledger's payments near the beginning of the window are not looked for at the provider, whose clock is another.
const MARGIN: Duration = Duration::days(1);

/// What a comparison has found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Organizations that the provider told of.
    pub organizations: usize,
    /// Facts that were compared.
    pub compared: usize,
    /// Facts that the ledger did not know and is told now, by organization.
    pub healed: BTreeMap<OrganizationId, Vec<Fact>>,
    /// What a person has to look at.
    pub open: Vec<Open>,
}

impl Found {
    /// How many facts the ledger did not know.
    pub fn missing(&self) -> usize {
        self.healed.values().map(Vec::len).sum()
    }
}

/// Something that a person has to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Open {
    /// Whose.
    pub organization: OrganizationId,
    /// What, in a sentence.
    pub what: String,
}

impl fmt::Display for Open {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.organization, self.what)
    }
}

/// Compares everything that the provider knows since an instant with the ledger. Only reads.
pub async fn compare(
    provider: &Provider,
    store: &Arc<dyn Store>,
    since: Timestamp,
) -> Result<Found, ProviderError> {
    let told = told_since(provider, store, since).await?;
    let mut facts: BTreeMap<OrganizationId, Vec<Fact>> = BTreeMap::new();
    for Told { organization, fact } in told {
        facts.entry(organization).or_default().push(fact);
    }
    if let Provider::Stripe(stripe) = provider {
        for (organization, facts) in &mut facts {
            // That there is one is told only where the ledger knows of none: it would lift waits (R10.5).
            facts.push(Fact::PaymentMethod { present: stripe.has_payment_method(organization).await? });
        }
    }
    // Whoever tries things out may report payments beside those of the sandbox.
    let looks_back = matches!(provider, Provider::Stripe(_));
    let store = Arc::clone(store);
    let compared = tokio::task::spawn_blocking(move || {
        let mut found = Found { organizations: facts.len(), ..Found::default() };
        for (organization, facts) in facts {
            found.compare(&*store, &organization, &facts)?;
            if looks_back {
                found.look_back(&*store, &organization, &facts, since)?;
            }
        }
        Ok::<_, Fault>(found)
    });
    let compared = compared.await.map_err(|_| Fault::Unavailable("the server is shutting down".into()))?;
    Ok(compared?)
}

async fn told_since(
    provider: &Provider,
    store: &Arc<dyn Store>,
    since: Timestamp,
) -> Result<Vec<Told>, ProviderError> {
    match provider {
        Provider::External => Ok(Vec::new()),
        Provider::Stripe(stripe) => stripe.told_since(since).await,
        Provider::Sandbox(sandbox) => {
            let mut told = Vec::new();
            let mut after: Option<OrganizationId> = None;
            loop {
                let (page, store) = (after.clone(), Arc::clone(store));
                let page = tokio::task::spawn_blocking(move || store.organizations(page.as_ref(), PAGE));
                let page =
                    page.await.map_err(|_| Fault::Unavailable("the server is shutting down".into()))??;
                for row in &page {
                    let facts = sandbox.facts_of(&row.id).await?;
                    told.extend(facts.into_iter().map(|fact| Told { organization: row.id.clone(), fact }));
                }
                match page.into_iter().last() {
                    Some(last) => after = Some(last.id),
                    None => return Ok(told),
                }
            }
        }
    }
}

/// What the ledger says of a fact.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Known,
    Missing,
    Differs(String),
}

impl Found {
    fn compare(
        &mut self,
        store: &dyn Store,
        organization: &OrganizationId,
        facts: &[Fact],
    ) -> Result<(), Fault> {
        let mut account = store.load(organization)?.account;
        let open = |what| Open { organization: organization.clone(), what };
        if !account.exists() {
            let what = format!("the provider knows {} facts of it, and it is not open here", facts.len());
            self.open.push(open(what));
            return Ok(());
        }
        let mut keys: Vec<PartKey> = facts.iter().filter_map(part).collect();
        keys.retain(|key| !account.has(key));
        for part in store.recall(organization, &keys)? {
            account.recall(part);
        }
        self.compared += facts.len();
        for fact in facts {
            match judge(&account, fact) {
                Verdict::Known => {}
                Verdict::Missing => self.healed.entry(organization.clone()).or_default().push(fact.clone()),
                Verdict::Differs(what) => self.open.push(open(what)),
            }
        }
        Ok(())
    }

    /// Payments of the ledger that the provider does not know.
    fn look_back(
        &mut self,
        store: &dyn Store,
        organization: &OrganizationId,
        facts: &[Fact],
        since: Timestamp,
    ) -> Result<(), Fault> {
        let paid = |fact: &Fact| match fact {
            Fact::Payment { payment, .. } => Some(payment.clone()),
            _ => None,
        };
        let paid: BTreeSet<PaymentId> = facts.iter().filter_map(paid).collect();
        let mut before = None;
        loop {
            let page = store.payments(organization, before, PAGE)?;
            for payment in page.rows {
                if payment.at < since.after(MARGIN) || self.open.len() >= LISTED_MAX {
                    return Ok(());
                }
                if !paid.contains(&payment.id) {
                    let what = format!("payment {} is in the ledger and unknown to the provider", payment.id);
                    self.open.push(Open { organization: organization.clone(), what });
                }
            }
            match page.next {
                Some(next) => before = Some(next),
                None => return Ok(()),
            }
        }
    }
}

/// What waits for a person in the store itself: messages that were given up, and purchases that have been on their way for
/// too long.
pub async fn waiting(store: &Arc<dyn Store>, now: Timestamp) -> Result<Vec<Open>, Fault> {
    let store = Arc::clone(store);
    let list = move || {
        let mut open = Vec::new();
        for Owned { organization, memo } in store.due_memos(inbox::GIVEN_UP, Timestamp::MAX, LISTED_MAX)? {
            let why = memos::read::<Waiting>(&memo)?.error.unwrap_or_default();
            let what = format!("message {} was given up: {why}", memo.id);
            open.push(Open { organization, what });
        }
        for Owned { organization, memo } in store.due_memos(recharge::KIND, Timestamp::MAX, LISTED_MAX)? {
            if now.since(recharge::written_at(&memo)?) > RECHARGE_MAX {
                let what = format!("the outcome of automatic purchase {} is not known", memo.id);
                open.push(Open { organization, what });
            }
        }
        Ok(open)
    };
    tokio::task::spawn_blocking(list)
        .await
        .map_err(|_| Fault::Unavailable("the server is shutting down".into()))?
}

/// What has to be at hand to judge a fact.
fn part(fact: &Fact) -> Option<PartKey> {
    match fact {
        Fact::Payment { payment, .. } => Some(PartKey::Payment(payment.clone())),
        Fact::Refund { refund, .. } | Fact::RefundFailed { refund } => Some(PartKey::Refund(refund.clone())),
        Fact::DisputeOpened { dispute, .. } | Fact::DisputeClosed { dispute, .. } => {
            Some(PartKey::Dispute(dispute.clone()))
        }
        Fact::Subscription { .. } | Fact::PaymentMethod { .. } | Fact::RechargeDeclined { .. } => None,
    }
}

fn judge(account: &Account, fact: &Fact) -> Verdict {
    let waiting = &account.core().waiting;
    match fact {
        Fact::Payment { payment, purpose, paid, currency, credits, .. } => {
            let Some(known) = account.payment(payment) else { return Verdict::Missing };
            // A period that was granted already is not granted again.
            let again = *purpose == PaymentPurpose::Renewal && known.credits == Credits::ZERO;
            let same = known.paid == *paid
                && known.currency == *currency
                && known.purpose == *purpose
                && (again || credits.is_none_or(|credits| known.credits == credits));
            differs_unless(same, || {
                format!(
                    "payment {payment} is {paid} {currency} with the provider, and {} {} for {} credits in the ledger",
                    known.paid, known.currency, known.credits
                )
            })
        }
        Fact::Refund { refund, amount, .. } => match account.refund(refund) {
            None => Verdict::Missing,
            Some(known) => differs_unless(known.amount == *amount, || {
                format!("refund {refund} is {amount} with the provider, and {} in the ledger", known.amount)
            }),
        },
        Fact::RefundFailed { refund } => {
            let failed = account.refund(refund).is_some_and(|known| known.failed_seq.is_some());
            let told = failed || waiting.failures.iter().any(|(known, _)| known == refund);
            if told { Verdict::Known } else { Verdict::Missing }
        }
        Fact::DisputeOpened { dispute, amount, .. } => match account.dispute(dispute) {
            None => Verdict::Missing,
            Some(known) => differs_unless(known.amount == *amount, || {
                format!("dispute {dispute} is {amount} with the provider, and {} in the ledger", known.amount)
            }),
        },
        Fact::DisputeClosed { dispute, outcome } => {
            let known = account.dispute(dispute).and_then(|known| known.closed.as_ref());
            let waits = waiting.closings.iter().find(|closing| closing.dispute == *dispute);
            match known.or(waits) {
                None => Verdict::Missing,
                Some(closing) => differs_unless(closing.outcome == *outcome, || {
                    format!("dispute {dispute} ended otherwise with the provider than in the ledger")
                }),
            }
        }
        Fact::Subscription { subscription } => {
            let known = account.core().subscription.as_ref();
            if known.is_some_and(|known| is_same(known, subscription)) {
                Verdict::Known
            } else {
                Verdict::Missing
            }
        }
        Fact::PaymentMethod { present } if account.core().recharge.payment_method != *present => {
            Verdict::Missing
        }
        Fact::PaymentMethod { .. } | Fact::RechargeDeclined { .. } => Verdict::Known,
    }
}

/// Since when it is past due the ledger may have worked out itself.
fn is_same(known: &Subscription, told: &Subscription) -> bool {
    let mut told = told.clone();
    if told.status == SubscriptionStatus::PastDue && told.past_due_since.is_none() {
        told.past_due_since = known.past_due_since;
    }
    *known == told
}

fn differs_unless(same: bool, what: impl FnOnce() -> String) -> Verdict {
    if same { Verdict::Known } else { Verdict::Differs(what()) }
}

/// What the ledger is to be told, as a message to keep.
pub fn healing(now: Timestamp, facts: Vec<Fact>) -> Memo {
    inbox::memo(format!("{:020}.reconcile", now.micros()), now, Message::Facts { facts })
}

/// The kind of the memo that says until when everything was compared.
const COMPARED: &str = "reconciled";

/// How far a comparison looks back beyond the last one.
const OVERLAP: Duration = Duration::hours(1);

/// How long a comparison is one server's.
const CLAIM: Duration = Duration::from_micros(600_000_000);

/// The longest wait after comparisons that failed.
const WAIT_MAX: Duration = Duration::hours(1);

/// Until when everything was compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Compared {
    through: Option<Timestamp>,
    #[serde(default)]
    failures: u32,
}

impl Cashier {
    /// Compares now and then until the server stops: everything since the last comparison, of this server or another, at
    /// most so far back.
    pub async fn reconcile_forever(self, every: std::time::Duration, window: Duration) {
        loop {
            if let Err(error) = self.reconcile_if_due(every, window).await {
                tracing::warn!(%error, "the provider could not be compared with the ledger");
            }
            tokio::time::sleep(every.min(LOOK)).await;
        }
    }

    async fn reconcile_if_due(
        &self,
        every: std::time::Duration,
        window: Duration,
    ) -> Result<(), ProviderError> {
        let nobodys: OrganizationId = inbox::NOBODYS.parse().expect("it is an id");
        let (now, id) = (clock::now(), self.provider.name());
        let every = Duration::from_micros(i64::try_from(every.as_micros()).unwrap_or(i64::MAX));
        let memo = match self.memos.one(&nobodys, COMPARED, id).await? {
            Some(memo) if memo.due.is_some_and(|due| due > now) => return Ok(()),
            Some(memo) => memo,
            None => Memo::new(COMPARED, id, None, memos::body(&Compared { through: None, failures: 0 })),
        };
        let Some(claimed) = self.memos.claim(&nobodys, &memo, now.after(CLAIM)).await? else { return Ok(()) };
        let Compared { through, failures } = memos::read(&memo)?;
        let earliest = now.before(window);
        let since = through.map_or(earliest, |through| through.before(OVERLAP).max(earliest));
        let done = self.reconcile(since).await;
        let (due, compared) = match &done {
            Ok(_) => (now.after(every), Compared { through: Some(now), failures: 0 }),
            Err(_) => {
                let failures = failures.saturating_add(1);
                (retry_at(now, failures.saturating_add(5), WAIT_MAX), Compared { through, failures })
            }
        };
        let memo = Memo { due: Some(due), body: memos::body(&compared), ..claimed };
        self.memos.keep(&nobodys, vec![Change::Write(memo)]).await?;
        let found = done?;
        for open in &found.open {
            tracing::warn!(organization = %open.organization, what = open.what, "somebody has to look");
        }
        metrics::gauge!("coulomb_reconcile_open").set(u32::try_from(found.open.len()).unwrap_or(u32::MAX));
        metrics::counter!("coulomb_reconcile_healed_total").increment(found.missing() as u64);
        Ok(())
    }

    /// Compares once, and tells the ledger what it did not know.
    pub async fn reconcile(&self, since: Timestamp) -> Result<Found, ProviderError> {
        let mut found = compare(&self.provider, self.engine.store(), since).await?;
        for (organization, facts) in &found.healed {
            self.keep(organization, healing(clock::now(), facts.clone())).await?;
            self.settle_down(organization).await?;
        }
        found.open.extend(waiting(self.engine.store(), clock::now()).await?);
        Ok(found)
    }
}

/// How often a server looks whether a comparison is due.
const LOOK: std::time::Duration = std::time::Duration::from_secs(60);
