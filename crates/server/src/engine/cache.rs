//! The accounts in memory, a bounded number of them. An account with changes that are not written is never let go.

use crate::clock;
use foldhash::{HashMap, HashMapExt};
use ledger::{
    Account, Policy, Timestamp,
    command::{PartKey, Request},
    event::Recorded,
    id::OrganizationId,
};
use std::collections::VecDeque;
use store::{Given, Head, Loaded, Need, Rows, memo::Memo, tally::Tally};

/// How many accounts are looked at in a round for each that is too many.
const LOOKS: usize = 4;

/// An account in memory, and where it stands beside the store.
pub(super) struct Hot {
    pub account: Account,
    /// The end of its stored history.
    pub head: Head,
    /// Decided and folded in, not committed.
    pub pending: Vec<Recorded>,
    /// What has to be done because of it.
    pub memos: Vec<Memo>,
    /// Usage and refusals that have not moved to the table of sums.
    pub tally: Tally,
    /// Its rows do not stand for its version.
    unwritten: bool,
    /// Among those to commit in this round.
    listed: bool,
    used: u64,
}

impl Hot {
    /// The organization's now: its own clock's, where the sandbox set one, and never before what was decided.
    pub fn now(&self) -> Timestamp {
        self.account.core().test_clock.unwrap_or_else(clock::now).max(self.account.core().last)
    }

    /// The rows to write for it.
    pub fn rows(&self, policy: &Policy) -> Rows<'_> {
        // An account with a clock of its own is moved by that clock alone.
        let next_due = match self.account.core().test_clock {
            Some(_) => None,
            None => self.account.next_due(policy),
        };
        Rows { account: &self.account, head: self.head, next_due, tally: &self.tally }
    }
}

/// The accounts in memory.
pub(super) struct Cache {
    /// In boxes: a map that grows moves all it has, and everybody waits meanwhile.
    accounts: HashMap<OrganizationId, Box<Hot>>,
    /// Organizations with something pending, in the order of their first command of the round.
    changed: Vec<OrganizationId>,
    accounts_max: usize,
    /// Who is looked at next when some have to go, and the round it was last used in when that was noted.
    turns: VecDeque<(OrganizationId, u64)>,
    round: u64,
}

impl Cache {
    pub fn new(accounts_max: usize) -> Cache {
        let (accounts, changed, turns) = (HashMap::new(), Vec::new(), VecDeque::new());
        Cache { accounts, changed, accounts_max, turns, round: 0 }
    }

    /// Whether something has to be fetched before this is decided.
    pub fn lacks(&self, organization: &OrganizationId, request: &Request) -> bool {
        let hot = self.accounts.get(organization);
        hot.is_none_or(|hot| {
            hot.account.version() > 0 && request.parts().iter().any(|part| !hot.account.has(part))
        })
    }

    /// What has to be fetched before these are decided: the account, and what they name and is not at hand.
    pub fn need<'a>(&self, organization: &'a OrganizationId, requests: &[&Request]) -> Need<'a> {
        let hot = self.accounts.get(organization);
        let mut parts: Vec<PartKey> = requests.iter().flat_map(|request| request.parts()).collect();
        if let Some(hot) = hot {
            parts.retain(|part| hot.account.version() > 0 && !hot.account.has(part));
        }
        Need { organization, at_hand: hot.map(|hot| hot.head), parts }
    }

    /// Takes what was fetched.
    pub fn take(&mut self, organization: &OrganizationId, given: Given) {
        if let Some(Loaded { account, head, tally, lags: unwritten }) = given.loaded {
            let (pending, memos, used) = (Vec::new(), Vec::new(), self.round);
            let hot = Hot { account, head, pending, memos, tally, unwritten, listed: false, used };
            if self.accounts.insert(organization.clone(), Box::new(hot)).is_none() {
                self.turns.push_back((organization.clone(), used));
            }
        }
        if !given.parts.is_empty()
            && let Some(hot) = self.accounts.get_mut(organization)
        {
            given.parts.into_iter().for_each(|part| hot.account.recall(part));
        }
    }

    /// The account, if it is in memory, to decide on.
    pub fn get(&mut self, id: &OrganizationId) -> Option<&mut Hot> {
        let hot = self.accounts.get_mut(id)?;
        hot.used = self.round;
        Some(hot)
    }

    /// The account, where it is in memory.
    pub fn peek(&self, id: &OrganizationId) -> Option<&Hot> {
        self.accounts.get(id).map(|hot| &**hot)
    }

    /// Notes that the account has something to commit. Whether its rows stood for it until now.
    pub fn touch(&mut self, id: &OrganizationId) -> bool {
        let Some(hot) = self.accounts.get_mut(id) else { return false };
        if !hot.listed {
            hot.listed = true;
            self.changed.push(id.clone());
        }
        !std::mem::replace(&mut hot.unwritten, true)
    }

    /// The accounts with something to commit, each once, in the order of their first command.
    pub fn take_changed(&mut self) -> Vec<OrganizationId> {
        let mut changed = std::mem::take(&mut self.changed);
        changed.retain(|id| {
            let hot = self.accounts.get_mut(id);
            hot.is_some_and(|hot| std::mem::take(&mut hot.listed) && !hot.pending.is_empty())
        });
        changed
    }

    /// What was pending is durable.
    pub fn committed(&mut self, id: &OrganizationId, head: Head) {
        if let Some(hot) = self.accounts.get_mut(id) {
            hot.head = head;
            // Without their room: there are many accounts, and most have nothing to commit.
            hot.pending = Vec::new();
            hot.memos = Vec::new();
        }
    }

    /// The rows stand for the account's version.
    pub fn written(&mut self, id: &OrganizationId) {
        if let Some(hot) = self.accounts.get_mut(id) {
            hot.account.written();
            hot.tally.written(hot.account.core().last);
            hot.unwritten = false;
        }
    }

    /// Whether the account is in memory and its rows stand for it.
    pub fn is_written(&self, id: &OrganizationId) -> bool {
        self.accounts.get(id).is_some_and(|hot| !hot.unwritten)
    }

    /// Forgets an account; what was committed of it is loaded again when it is needed.
    pub fn remove(&mut self, id: &OrganizationId) {
        self.accounts.remove(id);
    }

    /// Ends a round: where there are too many accounts, some go that nobody has used since they were looked at last. Only a
    /// few are looked at in each round.
    pub fn evict(&mut self) {
        self.round += 1;
        let surplus = self.accounts.len().saturating_sub(self.accounts_max);
        for _ in 0..surplus.saturating_mul(LOOKS) {
            let Some((id, before)) = self.turns.pop_front() else { break };
            match self.accounts.get(&id).map(|hot| (hot.used, hot.unwritten || !hot.pending.is_empty())) {
                None => {}
                Some((used, false)) if used == before => self.remove(&id),
                Some((used, _)) => self.turns.push_back((id, used)),
            }
            if self.accounts.len() <= self.accounts_max {
                break;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(name: &str) -> OrganizationId {
        name.parse().expect("an id")
    }

    /// Brings an account into memory; `lags`: it has events that its rows do not stand for.
    fn load(cache: &mut Cache, name: &str, lags: bool) {
        let head = Head { seq: 0, hash: ledger::chain::origin(&id(name)), pos: 0 };
        let loaded = Loaded { account: Account::new(id(name)), head, tally: Tally::default(), lags };
        cache.take(&id(name), Given { loaded: Some(loaded), parts: Vec::new() });
    }

    fn at_hand(cache: &Cache) -> Vec<&str> {
        let mut names: Vec<&str> = cache.accounts.keys().map(OrganizationId::as_str).collect();
        names.sort_unstable();
        names
    }

    #[test]
    fn who_nobody_uses_goes_and_who_is_used_or_not_written_stays() {
        let mut cache = Cache::new(2);
        load(&mut cache, "unwritten", true);
        load(&mut cache, "used", false);
        cache.evict();
        cache.get(&id("used"));
        load(&mut cache, "idle", false);
        load(&mut cache, "quiet", false);
        cache.evict();
        assert_eq!(at_hand(&cache), ["unwritten", "used"]);
    }

    #[test]
    fn one_that_was_forgotten_and_came_back_is_let_go_of_once() {
        let mut cache = Cache::new(1);
        for name in ["first", "second"] {
            load(&mut cache, name, false);
            cache.remove(&id(name));
            load(&mut cache, name, false);
        }
        for _ in 0..3 {
            cache.evict();
        }
        assert_eq!((at_hand(&cache), cache.turns.len() <= 3), (vec!["second"], true));
    }

    #[test]
    fn more_than_there_may_be_stay_while_none_is_written() {
        let mut cache = Cache::new(1);
        ["one", "two", "three"].into_iter().for_each(|name| load(&mut cache, name, true));
        for _ in 0..3 {
            cache.evict();
        }
        assert_eq!(at_hand(&cache), ["one", "three", "two"]);
        for name in ["one", "two", "three"] {
            cache.written(&id(name));
        }
        (0..3).for_each(|_| cache.evict());
        assert_eq!(cache.accounts.len(), 1);
    }
}
