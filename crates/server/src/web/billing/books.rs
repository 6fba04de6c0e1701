//! What the Billing page is shown from, read at one version together with the balance: grants, debts, people, settings, and
//! what purchases would do, decided by the rules on a copy of the account (R9.5). Nothing here is worded.

use crate::{config::Pack, engine::View, error::ApiError, payments::price::Price, web::visit::Visit};
use ledger::{
    Account, Credits, Policy, Timestamp,
    account::Since,
    command::{Command, PartKey, Request},
    debt::Debt,
    event::Actor,
    grant::{Grant, GrantSource},
    id::{MemberId, PlanKey},
    payment::{Payment, PaymentPurpose},
    people::Member,
    recharge::Recharge,
    subscription::{Cadence, ChangePreview, Period, PlannedChange, Subscription, SubscriptionStatus},
};
use std::{collections::BTreeMap, sync::Arc};

/// The id of payments that are only thought of.
const THOUGHT_OF: &str = "coulomb:preview";

/// What the page shows beside the balance.
pub struct Books {
    /// What the rules are told.
    pub policy: Arc<Policy>,
    /// Grants of which something is left, in the order of use (R3.6).
    pub grants: Vec<Grant>,
    /// Open debts in the order in which they are settled (R7.4).
    pub debts: Vec<Debt>,
    /// Payments that debts and grants at hand go back to.
    pub payments: BTreeMap<ledger::id::PaymentId, Payment>,
    /// Everybody.
    pub members: BTreeMap<MemberId, Member>,
    /// Auto-recharge.
    pub recharge: Recharge,
    /// When entitlement last ended.
    pub entitlement_ended: Option<Since>,
    /// A change that waits.
    pub planned: Option<PlannedChange>,
    /// What the switch to annual would mean, where it is possible now.
    pub annual: Option<ChangePreview>,
    /// Runs at work.
    pub running: usize,
    /// Packs on sale with what each would do; what unblocks cheapest comes first.
    pub offers: Vec<Offer>,
    /// What paying exactly what is owed costs and does.
    pub shortfall: Option<Shortfall>,
    /// What the last plan would bring, where the subscription has ended.
    pub resumed: Option<Resumed>,
}

/// A pack, and what buying it now would do.
pub struct Offer {
    /// The pack.
    pub pack: Pack,
    /// What it would do.
    pub split: Split,
    /// It is the cheapest with which work starts again.
    pub unblocks_cheapest: bool,
}

/// What becomes of the credits of a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Split {
    /// All of them.
    pub credits: Credits,
    /// What debt takes.
    pub settles: Credits,
    /// What can be used at once.
    pub usable: Credits,
    /// What is locked until there is a subscription.
    pub locked: Credits,
    /// What is available then.
    pub available: Credits,
    /// What is owed then.
    pub debt: Credits,
    /// Whether work may start then.
    pub can_start: bool,
}

/// Paying what is owed.
pub struct Shortfall {
    /// In minor units.
    pub cost: i64,
    /// ISO 4217.
    pub currency: String,
    /// What it does.
    pub split: Split,
}

/// What a subscription that begins now would do.
pub struct Resumed {
    /// To which plan.
    pub plan: PlanKey,
    /// How often it renews.
    pub cadence: Cadence,
    /// Included credits.
    pub allowance: Credits,
    /// Purchased credits that unlock.
    pub unlocks: Credits,
    /// Other credits that are available already.
    pub others: Credits,
    /// What debt takes.
    pub settles: Credits,
    /// What is available then.
    pub available: Credits,
}

impl Books {
    /// Reads them, and the balance of the same instant with them.
    pub async fn read(visit: &mut Visit) -> Result<Books, ApiError> {
        let app = &visit.app;
        let actor = visit.caller.actor();
        let (packs, price) = match app.cashier.provider().sells() {
            true => (app.cashier.packs().to_vec(), app.cashier.price().cloned()),
            false => (Vec::new(), None),
        };
        let policy = Arc::clone(app.engine.policy());
        let read =
            app.read(&visit.caller, visit.organization.clone(), |view, _| (view.account.clone(), view.now));
        let (mut account, now) = read.await?;
        // What a top-up cost is said beside what is left of it, and as long as no money is asked back nobody else needs to know.
        let left =
            account.grants().iter().filter(|grant| grant.source == GrantSource::TopUp && !grant.is_spent());
        let paid_by = left.filter_map(|grant| grant.payment.clone()).map(PartKey::Payment);
        let away: Vec<PartKey> = paid_by.filter(|payment| !account.has(payment)).collect();
        if !away.is_empty() {
            let organization = visit.organization.clone();
            let known = app.stored(move |store| store.recall(&organization, &away)).await?;
            known.into_iter().for_each(|part| account.recall(part));
        }
        // What purchases would do takes a copy of the account for each, which nobody else should wait for.
        let looked = tokio::task::spawn_blocking(move || {
            let policy_of_view = Arc::clone(&policy);
            let view = View { account: &account, policy: &policy_of_view, now };
            let balance = view.account.balance(view.policy, view.now, &actor);
            let explained = view.account.explain(view.policy, view.now).reasons;
            (balance, explained, look(&view, policy, packs, price.as_ref()))
        });
        let (balance, explained, books) =
            looked.await.map_err(|_| ApiError::fault("a look at an account was stopped"))?;
        (visit.balance, visit.explained) = (balance, explained);
        let paid = |payment: &Payment| (payment.id.clone(), (payment.paid, payment.currency.clone()));
        visit.paid = books.payments.values().map(paid).collect();
        Ok(books)
    }

    /// The plan as it is on sale.
    pub fn plan(&self, key: &PlanKey) -> Option<&ledger::policy::Plan> {
        self.policy.plans.get(key)
    }

    /// What people call a plan.
    pub fn plan_label(&self, key: &PlanKey) -> String {
        self.plan(key).map_or_else(|| key.to_string(), |plan| plan.label.clone())
    }

    /// Whether a dispute over money is open.
    pub fn is_disputed(&self) -> bool {
        self.payments.values().any(Payment::is_disputed)
    }
}

fn look(view: &View<'_>, policy: Arc<Policy>, packs: Vec<Pack>, price: Option<&Price>) -> Books {
    let (account, core) = (view.account, view.account.core());
    let subscription = core.subscription.as_ref();
    let ended = |known: &&Subscription| can_be_bought(Some(known));
    let last_plan = subscription.filter(ended).and_then(|known| Some((known.plan.clone()?, known.cadence)));
    let annual = subscription
        .filter(|known| known.cadence == Cadence::Monthly)
        .and_then(|known| known.plan.as_ref())
        .and_then(|plan| account.preview_change(view.policy, plan, Cadence::Annual, view.now).ok());
    Books {
        policy,
        grants: account.grants().iter().filter(|grant| !grant.is_spent()).cloned().collect(),
        debts: account.open_debts().into_iter().cloned().collect(),
        payments: account.payments().map(|payment| (payment.id.clone(), payment.clone())).collect(),
        members: core.members.clone(),
        recharge: core.recharge.clone(),
        entitlement_ended: core.entitlement_ended,
        planned: core.planned_change.clone(),
        annual,
        running: account.runs().filter(|run| !run.is_closed()).count(),
        offers: offers(view, packs),
        shortfall: price.and_then(|price| shortfall(view, price)),
        resumed: last_plan.and_then(|(plan, cadence)| started(view, plan, cadence)),
    }
}

/// Whether a subscription would be started, not changed.
pub fn can_be_bought(subscription: Option<&Subscription>) -> bool {
    subscription.is_none_or(|known| {
        matches!(
            known.status,
            SubscriptionStatus::None | SubscriptionStatus::Canceled | SubscriptionStatus::Incomplete
        )
    })
}

fn offers(view: &View<'_>, packs: Vec<Pack>) -> Vec<Offer> {
    let blocked = view.account.core().blocked.is_some();
    let with_split = |pack: Pack| {
        let split = split(view, PaymentPurpose::TopUp, pack.price, &pack.currency, pack.credits)?;
        Some(Offer { pack, split, unblocks_cheapest: false })
    };
    let mut offers: Vec<Offer> = packs.into_iter().filter_map(with_split).collect();
    offers.sort_by_key(|offer| offer.pack.price);
    let first = offers.iter().position(|offer| blocked && offer.split.can_start);
    if let Some(first) = first {
        offers[..=first].rotate_right(1);
        offers[0].unblocks_cheapest = true;
    }
    offers
}

fn shortfall(view: &View<'_>, price: &Price) -> Option<Shortfall> {
    let owed = view.account.debt_total();
    if !owed.is_positive() {
        return None;
    }
    let (cost, credits) = price.at_least(owed)?;
    let split = split(view, PaymentPurpose::Repayment, cost, &price.currency, credits)?;
    Some(Shortfall { cost, currency: price.currency.clone(), split })
}

/// What would become of the credits of this payment if it were confirmed now.
pub fn split(
    view: &View<'_>,
    purpose: PaymentPurpose,
    paid: i64,
    currency: &str,
    credits: Credits,
) -> Option<Split> {
    let owed = view.account.debt_total();
    let before = view.account.balance(view.policy, view.now, &Actor::default());
    let account = confirmed(view.account, view, payment(purpose, paid, currency, Some(credits), None)?)?;
    let after = account.balance(view.policy, view.now, &Actor::default());
    Some(Split {
        credits,
        settles: owed.minus_or_zero(after.debt_total()),
        usable: after.available.minus_or_zero(before.available),
        locked: after.locked.minus_or_zero(before.locked),
        available: after.available,
        debt: after.debt_total(),
        can_start: after.can_start(),
    })
}

/// What a subscription to this plan would do if it began now and were paid.
pub fn started(view: &View<'_>, plan: PlanKey, cadence: Cadence) -> Option<Resumed> {
    let sold = view.policy.plans.get(&plan)?;
    let months = if cadence == Cadence::Annual { 12 } else { 1 };
    let period = Period { start: view.now, end: view.now.plus_months(months) };
    let subscription = Subscription {
        status: SubscriptionStatus::Active,
        plan: Some(plan.clone()),
        cadence,
        period: Some(period),
        cancel_at: None,
        past_due_since: None,
    };
    let (owed, others) = (view.account.debt_total(), view.account.available(view.now));
    let account = confirmed(view.account, view, Command::ReportSubscription { subscription })?;
    let unlocks = account.available(view.now).minus_or_zero(others);
    let price = sold.price(cadence);
    let paid =
        payment(PaymentPurpose::Renewal, price, &sold.currency, sold.allowance(cadence), Some(period))?;
    let account = confirmed(&account, view, paid)?;
    Some(Resumed {
        allowance: sold.allowance(cadence)?,
        unlocks,
        others,
        settles: owed.minus_or_zero(account.debt_total()),
        available: account.available(view.now),
        plan,
        cadence,
    })
}

fn payment(
    purpose: PaymentPurpose,
    paid: i64,
    currency: &str,
    credits: Option<Credits>,
    period: Option<Period>,
) -> Option<Command> {
    Some(Command::RecordPayment {
        payment: THOUGHT_OF.parse().ok()?,
        purpose,
        paid,
        currency: currency.to_owned(),
        credits,
        expires_at: None,
        period,
        recharge: None,
    })
}

/// The account as it would be after a fact that the provider reports; none where the rules would refuse it.
fn confirmed(account: &Account, view: &View<'_>, fact: Command) -> Option<Account> {
    let request = Request::new(fact, Actor::default(), None);
    let (answer, account) = account.preview(view.policy, &request, view.now);
    answer.result.is_ok().then_some(account)
}

/// When something began, where it did not begin with the account.
pub fn since(at: Option<Since>) -> Option<Timestamp> {
    at.map(|since| since.at).filter(|at| *at > Timestamp::MIN)
}
