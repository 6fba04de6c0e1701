//! The smallest engine: decides commands one by one, commits each, and writes rows when it is told to. It may forget an
//! account at any time, which must change no answer.

use ledger::{Account, Policy, Timestamp, command::Request, decide::Answer, id::OrganizationId};
use std::collections::BTreeMap;
use store::{Append, Appended, Batch, Fault, Head, Loaded, Rows, Store, Tables, tally::Tally};

/// An account in memory.
pub struct Held {
    pub account: Account,
    pub head: Head,
    pub tally: Tally,
}

impl Held {
    /// The rows to write for it.
    pub fn rows(&self, policy: &Policy) -> Rows<'_> {
        let next_due = self.account.next_due(policy);
        Rows { account: &self.account, head: self.head, next_due, tally: &self.tally }
    }

    /// They are written.
    pub fn written(&mut self) {
        self.account.written();
        self.tally.written(self.account.core().last);
    }
}

/// Accounts in memory, decided under SPEC's policy.
#[derive(Default)]
pub struct Desk {
    pub policy: Policy,
    pub held: BTreeMap<OrganizationId, Held>,
}

impl Desk {
    /// The account, loaded where it is not at hand.
    pub fn account(&mut self, store: &dyn Store, organization: &OrganizationId) -> Result<&mut Held, Fault> {
        if !self.held.contains_key(organization) {
            let Loaded { account, head, tally, .. } = store.load(organization)?;
            self.held.insert(organization.clone(), Held { account, head, tally });
        }
        Ok(self.held.get_mut(organization).expect("it was just put there"))
    }

    /// Decides a command and makes its events durable.
    pub fn execute(
        &mut self,
        store: &dyn Store,
        organization: &OrganizationId,
        request: &Request,
        now: Timestamp,
    ) -> Result<Answer, Fault> {
        let answer = self.decide(store, organization, request, now)?;
        let held = &self.held[organization];
        let append = Append { organization, head: held.head, events: &answer.events };
        // A store that others write to as well takes the rows with the events.
        let rows = (store.tables() == Tables::EachCommit).then(|| held.rows(&self.policy));
        let batch = Batch { appends: vec![append], rows: rows.into_iter().collect(), ..Batch::default() };
        let written = !batch.rows.is_empty();
        match store.commit(&batch) {
            Ok(committed) => {
                let [Appended::At(head)] = committed[..] else {
                    panic!("nobody else appends: {committed:?}")
                };
                let held = self.held.get_mut(organization).expect("it was decided on");
                held.head = head;
                if written {
                    held.written();
                }
                Ok(answer)
            }
            Err(fault) => {
                self.held.remove(organization);
                Err(fault)
            }
        }
    }

    /// Decides a command, with what it names at hand, and keeps what comes of it to itself.
    pub fn decide(
        &mut self,
        store: &dyn Store,
        organization: &OrganizationId,
        request: &Request,
        now: Timestamp,
    ) -> Result<Answer, Fault> {
        let policy = self.policy.clone();
        let held = self.account(store, organization)?;
        let mut missing = request.parts();
        missing.retain(|key| !held.account.has(key));
        for part in store.recall(organization, &missing)? {
            held.account.recall(part);
        }
        let answer = held.account.execute(&policy, request, now);
        for recorded in &answer.events {
            held.tally.absorb(recorded, &held.account);
        }
        Ok(answer)
    }

    /// Writes the rows of these accounts, as far as they are at hand.
    pub fn write(&mut self, store: &dyn Store, organizations: &[OrganizationId]) -> Result<(), Fault> {
        let held = organizations.iter().filter_map(|organization| self.held.get(organization));
        let rows = held.map(|held| held.rows(&self.policy));
        store.commit(&Batch { rows: rows.collect(), ..Batch::default() })?;
        for organization in organizations {
            if let Some(held) = self.held.get_mut(organization) {
                held.written();
            }
        }
        Ok(())
    }

    /// Writes all rows.
    pub fn write_all(&mut self, store: &dyn Store) -> Result<(), Fault> {
        let all: Vec<_> = self.held.keys().cloned().collect();
        self.write(store, &all)
    }
}
