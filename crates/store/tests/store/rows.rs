//! What is written away comes back when it is named, and with its family.

use crate::{
    desk::Desk,
    opener::{Opener, on_every_store},
    verifying::checked,
    work::*,
};
use ledger::{
    Credits, Duration,
    account::Part,
    command::{Command, PartKey, Request},
    event::Actor,
    id::OrganizationId,
    subscription::SubscriptionStatus,
};
use store::{Store, Tables};

/// Everything that happened to one organization, written away.
fn written(opener: &dyn Opener, requests: impl IntoIterator<Item = Request>) -> (Desk, OrganizationId) {
    let acme = organization("acme");
    let mut desk = Desk::default();
    for request in [open(), subscribe(hour(0), SubscriptionStatus::Active)].into_iter().chain(requests) {
        let answer = desk.execute(opener.store(), &acme, &request, hour(1)).expect("the store works");
        assert!(answer.result.is_ok(), "{request:?}: {:?}", answer.result);
        desk.write_all(opener.store()).expect("the store works");
    }
    (desk, acme)
}

/// The parts that one key recalls, by name.
fn recalled(store: &dyn Store, organization: &OrganizationId, key: PartKey) -> Vec<String> {
    let parts = store.recall(organization, &[key]).expect("it reads");
    let mut names: Vec<String> = parts
        .iter()
        .map(|part| match part {
            Part::Run(run) => format!("run {}", run.id),
            Part::Grant(grant, _) => {
                format!("grant of {}", grant.payment.as_ref().map_or("nobody", |id| id.as_str()))
            }
            Part::Debt(debt) => format!("debt of {}", debt.amount),
            Part::Payment(payment) => format!("payment {}", payment.id),
            Part::Answered(key, _) => format!("answer to {key}"),
        })
        .collect();
    names.sort();
    names
}

#[test]
fn a_payment_comes_back_with_its_grant_and_its_debts_whichever_of_them_is_named() {
    on_every_store(|opener| {
        // All of it is used, half of it refunded, and the debt paid: nothing of the payment is live any more.
        let (desk, acme) = written(
            opener,
            [
                top_up("pay_1", 1_000, 100),
                start("r1", 100),
                settle("r1", 100),
                refund("re_1", "pay_1", 500),
                top_up("pay_2", 1_000, 80),
            ],
        );
        let account = &desk.held[&acme].account;
        // And nobody has asked back what the other one was for.
        assert!(account.payments().next().is_none() && account.grants().len() == 1);
        let named = PartKey::Payment(id("pay_2"));
        assert_eq!(recalled(opener.store(), &acme, named), ["grant of pay_2", "payment pay_2"]);
        let debt = opener.store().debts(&acme, false, None, 9).expect("it reads").rows.remove(0);
        let grant = opener.store().grants(&acme, None, 9).expect("it reads").rows.remove(1);

        let family = ["debt of 50", "grant of pay_1", "payment pay_1"];
        for key in [
            PartKey::Payment(id("pay_1")),
            PartKey::Refund(id("re_1")),
            PartKey::Debt(debt.id),
            PartKey::Grant(grant.id),
        ] {
            assert_eq!(recalled(opener.store(), &acme, key.clone()), family, "{key:?}");
        }
    });
}

#[test]
fn what_does_not_exist_is_left_out() {
    on_every_store(|opener| {
        let (_, acme) = written(opener, [promotional(10), start("r1", 1), settle("r1", 1)]);
        let keys = [
            PartKey::Run(id("r2")),
            PartKey::Payment(id("pay")),
            PartKey::Refund(id("re")),
            PartKey::Dispute(id("dp")),
            PartKey::Grant(id("grant")),
            PartKey::Debt(id("debt")),
            PartKey::Idempotency(id("key")),
        ];
        assert_eq!(opener.store().recall(&acme, &keys).expect("it reads"), []);
        assert_eq!(opener.store().recall(&organization("nobody"), &keys).expect("it reads"), []);
        assert_eq!(recalled(opener.store(), &acme, PartKey::Run(id("r1"))), ["run r1"]);
    });
}

#[test]
fn grants_come_and_go_between_the_organizations_row_and_rows_of_their_own_and_nobody_sees_it() {
    on_every_store(|opener| {
        let (mut desk, acme) = written(opener, [top_up("pay", 1_000, 10)]);
        // The first is alone when the refund has taken all of it, and has credits again when the refund has failed. Of twelve
        // more, those that are next change places with others as they are spent.
        let failed = ask(Command::FailRefund { refund: id("re") });
        let gifts = (0..12).map(|_| promotional(2));
        let spent = [start("r1", 20), settle("r1", 19), start("r2", 3)];
        let mut version = desk.held[&acme].account.version();
        for (n, request) in
            [refund("re", "pay", 1_000), failed].into_iter().chain(gifts).chain(spent).enumerate()
        {
            // As by a server that starts anew, or one that goes on.
            if n % 3 == 0 {
                opener.restart();
                desk.held.clear();
            }
            let answer = desk.execute(opener.store(), &acme, &request, hour(1)).expect("the store works");
            assert!(answer.result.is_ok(), "{request:?}: {:?}", answer.result);
            desk.write_all(opener.store()).expect("the store works");
            assert_eq!(checked(opener.store()).violation, None, "{request:?}");
            version += answer.events.len() as u64;
        }
        assert_eq!(desk.held[&acme].account.version(), version);

        let (mut found, mut before) = (Vec::new(), None);
        loop {
            let page = opener.store().grants(&acme, before, 5).expect("it reads");
            found.extend(page.rows.into_iter().map(|grant| (grant.seq, grant.free, grant.held)));
            before = page.next;
            if before.is_none() {
                break;
            }
        }
        assert_eq!(found.len(), 13);
        assert!(found.is_sorted_by(|one, other| one.0 > other.0), "newest first: {found:?}");
        let all = |part: fn(&(u64, Credits, Credits)) -> Credits| found.iter().map(part).sum::<Credits>();
        assert_eq!((all(|grant| grant.1), all(|grant| grant.2)), (credits(12), credits(3)));
    });
}

#[test]
fn the_answer_to_an_idempotency_key_is_kept() {
    on_every_store(|opener| {
        let gift = Command::GrantPromotional {
            grant: None,
            amount: credits(5),
            effective_at: None,
            expires_at: None,
            priority: None,
            reason: None,
        };
        let request = Request::new(gift, Actor::default(), Some(id("key_1")));
        let (mut desk, acme) = written(opener, [request.clone()]);
        assert_eq!(recalled(opener.store(), &acme, PartKey::Idempotency(id("key_1"))), ["answer to key_1"]);
        opener.restart();
        desk.held.clear();
        let again = desk.execute(opener.store(), &acme, &request, hour(2)).expect("the store works");
        assert!(matches!(again.result, Ok(ledger::decide::Done::Replayed { .. })), "{:?}", again.result);
    });
}

#[test]
fn an_account_is_due_when_its_rows_say_or_earlier_and_then_whoever_looks_sets_it_right() {
    on_every_store(|opener| {
        let (mut desk, acme) = written(opener, [promotional(10), start("r1", 1)]);
        let day = hour(1).after(Duration::from_micros(24 * 3_600_000_000));
        let due = |opener: &dyn Opener, by| opener.store().due(by, 9).expect("it reads");
        assert_eq!(due(opener, hour(24)), []);
        assert_eq!(due(opener, day), std::slice::from_ref(&acme));

        desk.execute(opener.store(), &acme, &settle("r1", 1), hour(3)).expect("the store works");
        opener.crash();
        assert_eq!(due(opener, hour(2)), []);
        // Rows that are late say after a crash that something is due at once; others say what they said.
        let named = if opener.store().tables() == Tables::Late { hour(3) } else { day };
        assert_eq!(due(opener, named), std::slice::from_ref(&acme));
        // Whoever looks finds nothing due, and writes when something is.
        desk.held.clear();
        desk.execute(opener.store(), &acme, &Request::observe(), hour(4)).expect("the store works");
        desk.write_all(opener.store()).expect("the store works");
        assert_eq!(due(opener, hour(1_000_000)), []);
    });
}
