//! What people read: every letter there is, as text and as HTML, from the account in which everything happens.

use crate::{
    golden::golden,
    kinds::{JANUARY, eventful_life},
    place::credits,
};
use coulomb_server::notices::{
    kind::Kind,
    letter::Letter,
    notice::{Notice, What},
};
use ledger::{
    Credits, Duration, debt::DebtKind, grant::GrantKind, payment::DisputeOutcome, status::ReasonCode,
};
use std::collections::BTreeMap;

/// One notice of each kind that is mailed.
fn mailed() -> BTreeMap<String, Notice> {
    let mut notices = BTreeMap::new();
    for (notice, is_mailed) in eventful_life().told {
        if is_mailed {
            notices.entry(notice.kind().to_string()).or_insert(notice);
        }
    }
    let any = notices["balance.low"].clone();
    let expiring = |amount, days| What::CreditsExpiring {
        grant: "gift".parse().unwrap(),
        kind: GrantKind::Promotional,
        amount,
        expires_at: JANUARY.after(Duration::days(30)),
        days,
    };
    notices.insert(
        "credits.expiring".into(),
        Notice { what: expiring(Credits::from_micros(1_200_500_000), 30), ..any.clone() },
    );
    notices.insert("credits.expiring.one".into(), Notice { what: expiring(credits(1), 1), ..any.clone() });
    let lost = notices["dispute.closed"].clone();
    if let What::DisputeClosed { dispute, payment, money, .. } = lost.what.clone() {
        let what = What::DisputeClosed { dispute, payment, money, outcome: DisputeOutcome::Lost };
        let mut lost = Notice { what, ..lost };
        lost.standing.debt = credits(500);
        notices.insert("dispute.closed.lost".into(), lost);
    }
    for reason in ReasonCode::ALL.into_iter().filter(|reason| *reason <= ReasonCode::CreditsDepleted) {
        let mut blocked = Notice { what: What::BalanceBlocked { reason }, ..any.clone() };
        blocked.standing.available = Credits::ZERO;
        blocked.standing.debt =
            if reason <= ReasonCode::OutstandingUsage { credits(320) } else { Credits::ZERO };
        blocked.standing.locked =
            if reason == ReasonCode::CreditsLocked { credits(20_000) } else { Credits::ZERO };
        notices.insert(format!("balance.blocked.{}", reason.as_str()), blocked);
    }
    notices
}

#[test]
fn every_letter_reads_like_this() {
    let mut text = String::new();
    let mut html = String::new();
    for (name, notice) in mailed() {
        let letter = Letter::of(&notice, "https://credits.test").unwrap();
        text += &format!("=== {name}\nSubject: {}\n\n{}\n", letter.subject, letter.text());
        html += &format!("<!-- {name} -->\n{}\n", letter.html());
    }
    golden("letters.txt", &text);
    golden("letters.html", &html);
}

#[test]
fn every_kind_that_is_mailed_has_a_letter_and_no_other() {
    let letters = mailed();
    for kind in Kind::MAILED {
        assert!(letters.contains_key(kind.as_str()), "{kind}");
    }
    let debt = What::DebtOpened {
        debt: "debt_1".parse().unwrap(),
        kind: DebtKind::Refund,
        amount: credits(1),
        origin: ledger::debt::DebtOrigin::Run { run: "r".parse().unwrap() },
    };
    let other = Notice { what: debt, ..letters["balance.low"].clone() };
    assert_eq!(Letter::of(&other, ""), None);
}

#[test]
fn what_people_are_called_is_text_and_never_markup() {
    let notice = Notice { name: "<script>alert(1)</script>\r\nX".into(), ..mailed()["balance.low"].clone() };
    let letter = Letter::of(&notice, "https://credits.test").unwrap();
    assert!(!letter.html().contains("<script>"));
    assert!(!letter.subject.contains('\n') && !letter.subject.contains('\r'));
}
