//! What was decided on without asking a store that others write to as well: the commit says whether it was so.

use crate::{
    desk::Desk,
    opener::{Opener, PostgresOpener},
    work::*,
};
use ledger::{
    command::{PartKey, Request},
    event::Actor,
    id::OrganizationId,
};
use store::{Append, Appended, Batch, Need, Store};

fn on_every_layout(story: impl Fn(&dyn Store)) {
    story(PostgresOpener::new().store());
    story(PostgresOpener::sharded().store());
}

/// Organizations with credits, as one server has them in memory.
fn ready(store: &dyn Store) -> (Desk, [OrganizationId; 2]) {
    let organizations = ["acme", "bolt"].map(organization);
    let mut desk = Desk::default();
    for organization in &organizations {
        for request in [open(), promotional(100)] {
            desk.execute(store, organization, &request, hour(1)).expect("the store works");
        }
    }
    (desk, organizations)
}

/// What another server does meanwhile.
fn elsewhere(store: &dyn Store, organization: &OrganizationId, request: &Request) {
    Desk::default().execute(store, organization, request, hour(1)).expect("the store works");
}

fn assume<'a>(desk: &Desk, organization: &'a OrganizationId, absent: Vec<PartKey>) -> Need<'a> {
    Need { organization, at_hand: Some(desk.held[organization].head), parts: absent }
}

#[test]
fn what_is_still_so_is_told_and_what_is_not_any_more_is_told_too() {
    on_every_layout(|store| {
        let (desk, [same, moved]) = ready(store);
        elsewhere(store, &moved, &promotional(1));
        let assumed = vec![assume(&desk, &same, vec![]), assume(&desk, &moved, vec![])];
        let told = store.commit(&Batch { assumed, ..Batch::default() }).expect("the store works");
        assert_eq!(told, [Appended::At(desk.held[&same].head), Appended::Stale]);
    });
}

#[test]
fn nothing_is_assumed_of_an_organization_that_does_not_exist() {
    on_every_layout(|store| {
        let (mut desk, nobody) = (Desk::default(), organization("nobody"));
        desk.account(store, &nobody).expect("it loads");
        let assumed = vec![assume(&desk, &nobody, vec![])];
        let told = store.commit(&Batch { assumed, ..Batch::default() }).expect("the store works");
        assert_eq!(told, [Appended::Stale]);
    });
}

#[test]
fn a_run_or_an_answer_that_exists_was_not_to_be_assumed_away() {
    on_every_layout(|store| {
        let (mut desk, [acme, ..]) = ready(store);
        let keyed = Request::new(promotional(1).command().clone(), Actor::default(), Some(id("key")));
        for request in [start("closed", 1), settle("closed", 1), start("open", 1), keyed] {
            desk.execute(store, &acme, &request, hour(1)).expect("the store works");
        }
        let told = |absent: PartKey| {
            let assumed = vec![assume(&desk, &acme, vec![absent])];
            store.commit(&Batch { assumed, ..Batch::default() }).expect("the store works")[0]
        };
        let head = Appended::At(desk.held[&acme].head);
        assert_eq!(told(PartKey::Run(id("new"))), head);
        assert_eq!(told(PartKey::Idempotency(id("new"))), head);
        assert_eq!(told(PartKey::Run(id("closed"))), Appended::Stale);
        assert_eq!(told(PartKey::Idempotency(id("key"))), Appended::Stale);
    });
}

#[test]
fn an_append_that_rests_on_what_is_not_so_is_not_stored_and_the_others_are() {
    on_every_layout(|store| {
        let (mut desk, [honest, mistaken]) = ready(store);
        for request in [start("used", 1), settle("used", 1)] {
            desk.execute(store, &mistaken, &request, hour(1)).expect("the store works");
        }
        // Decided by a server that does not know that the id was used.
        let both = [&honest, &mistaken];
        let decided = both.map(|id| {
            let policy = desk.policy.clone();
            let held = desk.account(store, id).expect("it is at hand");
            held.account.execute(&policy, &start("used", 5), hour(1)).events
        });
        let appends = both.into_iter().zip(&decided).map(|(organization, events)| Append {
            organization,
            head: desk.held[organization].head,
            events,
        });
        let batch = Batch {
            appends: appends.collect(),
            rows: both.iter().map(|id| desk.held[*id].rows(&desk.policy)).collect(),
            assumed: both
                .into_iter()
                .map(|name| assume(&desk, name, vec![PartKey::Run(id("used"))]))
                .collect(),
            ..Batch::default()
        };
        let before = desk.held[&mistaken].head;
        let told = store.commit(&batch).expect("the store works");
        let stored = [&honest, &mistaken].map(|id| store.load(id).expect("it loads").head);
        assert_eq!(
            told,
            [Appended::At(stored[0]), Appended::Stale, Appended::At(stored[0]), Appended::Stale]
        );
        assert_eq!((stored[1], stored[0].seq), (before, desk.held[&honest].head.seq + 1));
    });
}
