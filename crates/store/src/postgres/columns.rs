//! A commit as columns: what `commit.sql` takes, built from what is to be stored of each organization.

use super::slot_of;
use crate::{
    Head, Rows,
    column::{int, status, tally_json, tally_words, to_json},
    memo::Memo,
    tally::{Sums, Tally, TallyKey},
};
use ledger::{
    Timestamp, chain::Hash, command::PartKey, debt::Debt, grant::Grant, id::OrganizationId, payment::Payment,
    run::Run,
};
use tokio_postgres::types::ToSql;

/// What a commit stores of one organization.
#[derive(Debug)]
pub(super) struct Entry<'a> {
    pub(super) organization: &'a OrganizationId,
    /// Its slot: a hash, worked out once for each commit.
    pub(super) slot: i16,
    /// The end of the history that this was decided on.
    pub(super) head: Head,
    /// What happened, if anything did.
    pub(super) events: Option<Events>,
    pub(super) rows: Option<Rows<'a>>,
    /// What is added to the table of sums.
    pub(super) counted: Tally,
    /// What has to be done because of the events.
    pub(super) memos: Vec<&'a Memo>,
    /// Whether the account was decided on as it was at hand, and which of its parts are believed not to exist.
    pub(super) assumed: Option<&'a [PartKey]>,
}

/// New events of one organization, as they are stored, and where its history ends with them.
#[derive(Debug)]
pub(super) struct Events {
    pub(super) end: Head,
    pub(super) events: Vec<Event>,
}

/// One event as it is stored.
#[derive(Debug)]
pub(super) struct Event {
    pub(super) seq: u64,
    pub(super) at: Timestamp,
    pub(super) hash: Hash,
    pub(super) body: String,
}

impl<'a> Entry<'a> {
    pub(super) fn new(organization: &'a OrganizationId, head: Head) -> Entry<'a> {
        let slot = slot_of(organization);
        Entry {
            organization,
            slot,
            head,
            events: None,
            rows: None,
            counted: Tally::default(),
            memos: Vec::new(),
            assumed: None,
        }
    }

    /// What is written with the events; of an account without any, only when it is due.
    pub(super) fn write(&mut self, rows: Rows<'a>) {
        self.rows = Some(rows);
        if self.events.is_some() && rows.tally_is_over() {
            self.counted.add(rows.tally);
        }
    }

    /// Whether doing it twice would be seen.
    pub(super) fn counts(&self) -> bool {
        !self.counted.is_empty()
    }

    /// Whether anything is stored.
    pub(super) fn writes(&self) -> bool {
        self.how() != 2 || self.counts()
    }

    /// What is done to the organization's row: see `commit.sql`.
    fn how(&self) -> i16 {
        match (&self.events, &self.rows) {
            (Some(_), _) => 0,
            (None, Some(_)) => 1,
            (None, None) => 2,
        }
    }
}

/// Numbers of organizations in the call, from 1, as SQL counts.
type Of = Vec<i32>;
type Numbers = Vec<i64>;
type Words<'a> = Vec<&'a str>;
type Bodies = Vec<String>;
type Flags = Vec<bool>;
type PerhapsWords<'a> = Vec<Option<&'a str>>;

/// The call.
#[derive(Debug, Default)]
pub(super) struct Columns<'a> {
    slot: Vec<i16>,
    org: Words<'a>,
    how: Vec<i16>,
    assumed: Flags,
    prev: Numbers,
    prev_hash: Vec<&'a [u8]>,
    version: Numbers,
    hash: Vec<&'a [u8]>,
    due: Vec<Option<i64>>,
    name: Words<'a>,
    body: Bodies,
    next_grants: Bodies,
    tally: Bodies,
    events: (Of, Numbers, Numbers, Vec<&'a [u8]>, Words<'a>),
    grants: (Of, Numbers, Words<'a>, PerhapsWords<'a>, Flags, Bodies),
    grants_no_longer_alone: (Of, Numbers),
    open_runs: (Of, Flags, Numbers, Words<'a>, PerhapsWords<'a>, Bodies),
    closed_runs: (Of, Flags, Numbers, Words<'a>, Words<'a>, PerhapsWords<'a>, Bodies),
    debts: (Of, Numbers, Words<'a>, PerhapsWords<'a>, Flags, Bodies),
    payments: (Of, Numbers, Words<'a>, PerhapsWords<'a>, Flags, Bodies),
    facts: (Of, Words<'a>, Words<'a>, Words<'a>),
    answers: (Of, Words<'a>, Bodies),
    refusals: (Of, Numbers, Bodies),
    tallies: (Of, Numbers, Words<'a>, Words<'a>, Words<'a>, Numbers, Numbers, Numbers),
    absent_runs: (Of, Words<'a>),
    absent_answers: (Of, Words<'a>),
    memos: (Of, Words<'a>, Words<'a>, Vec<Option<i64>>, Words<'a>),
}

impl<'a> Columns<'a> {
    /// The entries have to come by slot and organization.
    pub(super) fn new(entries: &'a [Entry<'a>]) -> Columns<'a> {
        let mut columns = Columns::default();
        for (n, entry) in (1..).zip(entries) {
            columns.add(n, entry);
        }
        columns
    }

    /// The slot of the first organization, which is that of all where slots lie apart.
    pub(super) fn first_slot(&self) -> i16 {
        self.slot.first().copied().unwrap_or_default()
    }

    /// What the function takes, in its order; the first is all slots, or the one slot.
    pub(super) fn params<'b>(&'b self, one_slot: Option<&'b i16>) -> Vec<&'b (dyn ToSql + Sync)> {
        let slot: &(dyn ToSql + Sync) = match one_slot {
            Some(slot) => slot,
            None => &self.slot,
        };
        let (e, g, x) = (&self.events, &self.grants, &self.grants_no_longer_alone);
        let (r, c) = (&self.open_runs, &self.closed_runs);
        let (d, p) = (&self.debts, &self.payments);
        let (f, a, n, t) = (&self.facts, &self.answers, &self.refusals, &self.tallies);
        let (k, q, m) = (&self.absent_runs, &self.absent_answers, &self.memos);
        vec![
            slot,
            &self.org,
            &self.how,
            &self.assumed,
            &self.prev,
            &self.prev_hash,
            &self.version,
            &self.hash,
            &self.due,
            &self.name,
            &self.body,
            &self.next_grants,
            &self.tally,
            &e.0,
            &e.1,
            &e.2,
            &e.3,
            &e.4,
            &g.0,
            &g.1,
            &g.2,
            &g.3,
            &g.4,
            &g.5,
            &x.0,
            &x.1,
            &r.0,
            &r.1,
            &r.2,
            &r.3,
            &r.4,
            &r.5,
            &c.0,
            &c.1,
            &c.2,
            &c.3,
            &c.4,
            &c.5,
            &c.6,
            &d.0,
            &d.1,
            &d.2,
            &d.3,
            &d.4,
            &d.5,
            &p.0,
            &p.1,
            &p.2,
            &p.3,
            &p.4,
            &p.5,
            &f.0,
            &f.1,
            &f.2,
            &f.3,
            &a.0,
            &a.1,
            &a.2,
            &n.0,
            &n.1,
            &n.2,
            &t.0,
            &t.1,
            &t.2,
            &t.3,
            &t.4,
            &t.5,
            &t.6,
            &t.7,
            &k.0,
            &k.1,
            &q.0,
            &q.1,
            &m.0,
            &m.1,
            &m.2,
            &m.3,
            &m.4,
        ]
    }

    fn add(&mut self, n: i32, entry: &'a Entry<'a>) {
        let end = entry.events.as_ref().map_or(&entry.head, |events| &events.end);
        self.slot.push(entry.slot);
        self.org.push(entry.organization.as_str());
        self.how.push(entry.how());
        self.assumed.push(entry.assumed.is_some());
        self.prev.push(int(entry.head.seq));
        self.prev_hash.push(&entry.head.hash);
        self.version.push(int(end.seq));
        self.hash.push(&end.hash);
        self.due.push(entry.rows.as_ref().and_then(|rows| rows.next_due).map(Timestamp::micros));
        // Of an account that only becomes due nothing else is written.
        let written = entry.rows.as_ref().filter(|_| entry.events.is_some());
        self.name.push(written.map_or("", |rows| &rows.account.core().name));
        self.body.push(written.map_or_else(String::new, |rows| to_json(rows.account.core())));
        let next_grants = |rows: &Rows<'_>| to_json(&rows.account.next_grants().collect::<Vec<_>>());
        self.next_grants.push(written.map_or_else(String::new, next_grants));
        self.tally.push(written.map_or_else(String::new, tally_json));
        for event in entry.events.iter().flat_map(|events| &events.events) {
            self.events.0.push(n);
            self.events.1.push(int(event.seq));
            self.events.2.push(event.at.micros());
            self.events.3.push(&event.hash);
            self.events.4.push(&event.body);
        }
        if let Some(rows) = written {
            self.add_rows(n, rows, entry.head);
        }
        for (key, sums) in entry.counted.rows() {
            self.add_tally(n, key, sums);
        }
        for part in entry.assumed.into_iter().flatten() {
            self.add_absent(n, part);
        }
        for memo in &entry.memos {
            self.memos.0.push(n);
            self.memos.1.push(&memo.kind);
            self.memos.2.push(&memo.id);
            self.memos.3.push(memo.due.map(Timestamp::micros));
            self.memos.4.push(&memo.body);
        }
    }

    fn add_rows(&mut self, n: i32, rows: &Rows<'a>, head: Head) {
        let changes = rows.account.changes();
        for run in changes.runs() {
            self.add_run(n, run, run.start_seq > head.seq);
        }
        for grant in changes.grants_alone() {
            self.add_grant(n, grant);
        }
        for grant in changes.grants_no_longer_alone() {
            self.grants_no_longer_alone.0.push(n);
            self.grants_no_longer_alone.1.push(int(grant.seq));
        }
        for debt in changes.debts() {
            self.add_debt(n, debt);
        }
        for payment in changes.payments() {
            self.add_payment(n, payment, rows.account.is_live(payment));
        }
        for (key, answered) in changes.answers() {
            self.answers.0.push(n);
            self.answers.1.push(key.as_str());
            self.answers.2.push(to_json(answered));
        }
        for refused in changes.refusals() {
            self.refusals.0.push(n);
            self.refusals.1.push(int(refused.seq));
            self.refusals.2.push(to_json(refused));
        }
    }

    /// New is a run that no row tells of yet.
    fn add_run(&mut self, n: i32, run: &'a Run, new: bool) {
        let (seq, id, task) =
            (int(run.start_seq), run.id.as_str(), run.task.as_ref().map(|task| task.as_str()));
        if run.is_closed() {
            let runs = &mut self.closed_runs;
            runs.0.push(n);
            runs.1.push(new);
            runs.2.push(seq);
            runs.3.push(id);
            runs.4.push(status(run.status));
            runs.5.push(task);
            runs.6.push(to_json(run));
        } else {
            let runs = &mut self.open_runs;
            runs.0.push(n);
            runs.1.push(new);
            runs.2.push(seq);
            runs.3.push(id);
            runs.4.push(task);
            runs.5.push(to_json(run));
        }
    }

    fn add_grant(&mut self, n: i32, grant: &'a Grant) {
        let grants = &mut self.grants;
        grants.0.push(n);
        grants.1.push(int(grant.seq));
        grants.2.push(grant.id.as_str());
        grants.3.push(grant.payment.as_ref().map(|payment| payment.as_str()));
        grants.4.push(!grant.is_spent());
        grants.5.push(to_json(grant));
    }

    fn add_debt(&mut self, n: i32, debt: &'a Debt) {
        let debts = &mut self.debts;
        debts.0.push(n);
        debts.1.push(int(debt.seq));
        debts.2.push(debt.id.as_str());
        debts.3.push(debt.origin.payment().map(|payment| payment.as_str()));
        debts.4.push(debt.is_open());
        debts.5.push(to_json(debt));
    }

    fn add_payment(&mut self, n: i32, payment: &'a Payment, live: bool) {
        let payments = &mut self.payments;
        payments.0.push(n);
        payments.1.push(int(payment.seq));
        payments.2.push(payment.id.as_str());
        payments.3.push(payment.grant.as_ref().map(|grant| grant.as_str()));
        payments.4.push(live);
        payments.5.push(to_json(payment));
        let refunds = payment.refunds.iter().map(|refund| ("refund", refund.id.as_str()));
        let disputes = payment.disputes.iter().map(|dispute| ("dispute", dispute.id.as_str()));
        for (kind, id) in refunds.chain(disputes) {
            self.facts.0.push(n);
            self.facts.1.push(kind);
            self.facts.2.push(id);
            self.facts.3.push(payment.id.as_str());
        }
    }

    fn add_absent(&mut self, n: i32, part: &'a PartKey) {
        let (absent, name) = match part {
            PartKey::Run(run) => (&mut self.absent_runs, run.as_str()),
            PartKey::Idempotency(key) => (&mut self.absent_answers, key.as_str()),
            other => unreachable!("only runs and answers are assumed, not {other:?}"),
        };
        absent.0.push(n);
        absent.1.push(name);
    }

    fn add_tally(&mut self, n: i32, key: &'a TallyKey, sums: &Sums) {
        let [kind, member, task] = tally_words(key);
        let tallies = &mut self.tallies;
        tallies.0.push(n);
        tallies.1.push(key.hour.micros());
        tallies.2.push(kind);
        tallies.3.push(member);
        tallies.4.push(task);
        tallies.5.push(sums.credits.micros());
        tallies.6.push(int(sums.runs));
        tallies.7.push(int(sums.refused));
    }
}
