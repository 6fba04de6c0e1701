//! What an append promises.

use crate::{
    desk::Desk,
    opener::{Opener, on_every_store},
    work::*,
};
use store::{Append, Appended, Batch, Tables};

#[test]
fn what_is_committed_is_there_after_a_restart_and_after_a_crash() {
    on_every_store(|opener| {
        let acme = organization("acme");
        let mut desk = Desk::default();
        for request in [open(), promotional(1_000), start("r1", 100), settle("r1", 40), start("r2", 50)] {
            let answer = desk.execute(opener.store(), &acme, &request, hour(1)).expect("the store works");
            assert!(answer.result.is_ok());
        }
        let held = desk.held.remove(&acme).expect("it is at hand");
        let reopens: [fn(&mut dyn Opener); 3] = [|_| (), |opener| opener.restart(), |opener| opener.crash()];
        for reopen in reopens {
            reopen(opener);
            let loaded = opener.store().load(&acme).expect("it loads");
            assert_eq!(loaded.head, held.head);
            assert_eq!(loaded.account.available(hour(1)), credits(910));
            let (mut expected, mut loaded) = (held.account.clone(), loaded.account);
            expected.written();
            loaded.written();
            assert_eq!(loaded, expected);
        }
    });
}

#[test]
fn a_stale_append_is_refused_and_the_others_of_its_batch_are_stored() {
    on_every_store(|opener| {
        let store = opener.store();
        let (slow, other) = (organization("slow"), organization("other"));
        let mut first = Desk::default();
        first.execute(store, &slow, &open(), hour(1)).expect("the store works");
        let (mut late, mut later) = (Desk::default(), Desk::default());
        let overtaken = late.decide(store, &slow, &promotional(1), hour(1)).expect("it is decided");
        first.execute(store, &slow, &promotional(2), hour(1)).expect("the store works");
        let fresh = later.decide(store, &other, &open(), hour(1)).expect("it is decided");

        let append = |desk: &Desk, organization, events| Append {
            organization,
            head: desk.held[organization].head,
            events,
        };
        let appends = vec![append(&late, &slow, &overtaken.events), append(&later, &other, &fresh.events)];
        let rows = [(&late, &slow), (&later, &other)].map(|(desk, id)| desk.held[id].rows(&desk.policy));
        let rows = if store.tables() == Tables::EachCommit { rows.to_vec() } else { Vec::new() };
        let answers = store.commit(&Batch { appends, rows, ..Batch::default() }).expect("the store works");

        assert_eq!(answers[0], Appended::Stale);
        assert!(matches!(answers[1], Appended::At(head) if head.seq == fresh.events.len() as u64));
        assert_eq!(store.load(&slow).expect("it loads").account.available(hour(1)), credits(2));
        assert_eq!(store.load(&other).expect("it loads").account.version(), fresh.events.len() as u64);
    });
}

#[test]
fn an_append_of_nothing_stores_nothing_and_stands_in_nobodys_way() {
    on_every_store(|opener| {
        let (store, acme) = (opener.store(), organization("acme"));
        // A refusal: there is no such organization yet.
        for _ in 0..2 {
            let mut desk = Desk::default();
            let refused = desk.decide(store, &acme, &promotional(1), hour(1)).expect("it is decided");
            assert!(refused.result.is_err() && refused.events.is_empty());
            let head = desk.held[&acme].head;
            let appends = vec![Append { organization: &acme, head, events: &[] }];
            let rows = vec![desk.held[&acme].rows(&desk.policy)];
            let answers =
                store.commit(&Batch { appends, rows, ..Batch::default() }).expect("the store works");
            assert_eq!(answers, [Appended::At(head)]);
            assert_eq!(store.organizations(None, 9).expect("it reads"), []);
        }
        Desk::default().execute(store, &acme, &open(), hour(1)).expect("the store works");
        assert_eq!(store.organizations(None, 9).expect("it reads").len(), 1);
    });
}
