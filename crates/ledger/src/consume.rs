//! Spending: which credits a start holds, who pays for usage, what a closing run gives back, and which credits settle
//! which debt. Here, and nowhere else, grants are taken in consumption order (R3.6).

use crate::{
    Account, Credits,
    debt::{Debt, DebtKind},
    decide::Decider,
    event::Event,
    grant::{Grant, GrantState, Take},
    id::{DebtId, KindKey},
    policy::Policy,
    run::{Charge, Outstanding, Run},
    time::Timestamp,
};

/// Takes up to `amount` from these grants' free parts, in their order.
fn take_free<'a>(grants: impl Iterator<Item = &'a Grant>, amount: Credits) -> Vec<Take> {
    let mut missing = amount;
    let mut takes = Vec::new();
    for grant in grants {
        if missing.is_zero() {
            break;
        }
        let taken = grant.free.min(missing);
        if taken.is_positive() {
            takes.push(Take { grant: grant.id.clone(), amount: taken });
            missing = missing.minus(taken);
        }
    }
    takes
}

impl Account {
    fn usable(&self, now: Timestamp) -> impl Iterator<Item = &Grant> {
        self.grants.iter().filter(move |grant| grant.state(self.core.entitled, now) == GrantState::Usable)
    }

    /// The credits that a hold earmarks (R5.4). All of it is there: the start was admitted.
    pub(crate) fn earmark(&self, hold: Credits, now: Timestamp) -> Vec<Take> {
        take_free(self.usable(now), hold)
    }

    /// Who pays for so much more usage (R6.2): the kind's allowance, the run's own hold, free credits, then debt.
    pub(crate) fn charge(
        &self,
        policy: &Policy,
        kind: &KindKey,
        run: Option<&Run>,
        usage: Credits,
        now: Timestamp,
    ) -> Charge {
        let mut charge = Charge::default();
        let mut missing = usage;
        if let Some((period, left)) = self.allowance_left(policy, kind, now) {
            charge.allowance = left.min(missing);
            charge.allowance_period = Some(period).filter(|_| charge.allowance.is_positive());
            missing = missing.minus(charge.allowance);
        }
        for held in run.iter().flat_map(|run| &run.held) {
            let amount = held.amount.min(missing);
            if amount.is_positive() {
                charge.from_hold.push(Take { grant: held.grant.clone(), amount });
                missing = missing.minus(amount);
            }
        }
        if let (Some(most), Some(run)) = (policy.max_overrun, run) {
            let room = most.minus_or_zero(run.overrun);
            charge.absorbed = missing.minus_or_zero(room);
            missing = missing.minus(charge.absorbed);
        }
        charge.from_free = take_free(self.usable(now), missing);
        missing = missing.minus(crate::grant::total(&charge.from_free));
        if missing.is_positive() {
            // One debt per run as long as it is open, so that work metered in small steps is owed as one.
            let open = run
                .and_then(|run| run.debt.as_ref())
                .and_then(|debt| self.debts.get(debt))
                .filter(|debt| debt.is_open());
            let new = || DebtId::made(self.salt, now, self.core.version.saturating_add(1));
            charge.outstanding =
                Some(Outstanding { debt: open.map_or_else(new, |debt| debt.id.clone()), amount: missing });
        }
        charge
    }

    /// What is left of the kind's free allowance, and the period it belongs to (R6.5).
    fn allowance_left(
        &self,
        policy: &Policy,
        kind: &KindKey,
        now: Timestamp,
    ) -> Option<(Timestamp, Credits)> {
        let allowance = policy.kinds.get(kind)?.allowance;
        if allowance.is_zero() {
            return None;
        }
        let current = self.core.subscription.as_ref().and_then(|subscription| subscription.period);
        let period = current
            .filter(|period| period.start <= now && now < period.end)
            .map_or(now.month_start(), |period| period.start);
        let used = self
            .core
            .allowances
            .get(kind)
            .filter(|(of, _)| *of == period)
            .map_or(Credits::ZERO, |(_, used)| *used);
        Some((period, allowance.minus_or_zero(used)))
    }

    /// What a closing run gives back: to grants that live, and to grants that have expired since (R3.7).
    pub(crate) fn give_back(&self, run: &Run, charge: &Charge, now: Timestamp) -> (Vec<Take>, Vec<Take>) {
        let spent = |take: &Take| {
            charge
                .from_hold
                .iter()
                .find(|spent| spent.grant == take.grant)
                .map_or(Credits::ZERO, |spent| spent.amount)
        };
        let left = run
            .held
            .iter()
            .map(|take| Take { grant: take.grant.clone(), amount: take.amount.minus(spent(take)) })
            .filter(|take| take.amount.is_positive());
        left.partition(|take| !self.grant(&take.grant).is_some_and(|grant| grant.has_expired(now)))
    }

    /// Whether this grant's free credits may settle this debt now (R7.4, R7.5).
    pub(crate) fn may_settle(&self, policy: &Policy, grant: &Grant, debt: &Debt, now: Timestamp) -> bool {
        if !matches!(grant.state(self.core.entitled, now), GrantState::Usable | GrantState::Locked) {
            return false;
        }
        let kinds = match debt.kind {
            DebtKind::OutstandingUsage => &policy.settlement.outstanding_usage,
            DebtKind::Refund => &policy.settlement.refund,
            DebtKind::Dispute => &policy.settlement.dispute,
        };
        kinds.contains(&grant.kind)
            || (grant.payment.is_some() && grant.payment.as_ref() == debt.origin.payment())
    }
}

impl Decider<'_> {
    /// The settlement pass (R7.3): after it no open debt coexists with a free credit that may settle it.
    pub(crate) fn settle_debts(&mut self) {
        let open: Vec<DebtId> = self.account.open_debts().into_iter().map(|debt| debt.id.clone()).collect();
        for id in open {
            let account = &*self.account;
            let debt = account.debts.get(&id).expect("settling does not remove debts");
            let eligible =
                account.grants.iter().filter(|grant| account.may_settle(self.policy, grant, debt, self.now));
            let takes = take_free(eligible, debt.open);
            if !takes.is_empty() {
                self.emit(Event::DebtSettled { debt: id, takes });
            }
        }
    }
}
