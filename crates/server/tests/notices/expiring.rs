//! Credits that expire soon are told 30, 7 and 1 days before, in the organization's own time.

use crate::{
    golden::golden,
    place::{Place, ask, charge, name, now, organization, promotional},
    receiver::Receiver,
    webhooks::{SECRET, endpoint, private},
};
use coulomb_server::{
    engine::Engine,
    notices::{Notices, settings::MailSettings},
};
use ledger::{Duration, Timestamp, command::Command};

/// 2026-01-10T00:00:00Z.
use crate::kinds::JANUARY;

async fn clock(engine: &Engine, to: Timestamp) {
    ask(engine, "acme", Command::SetTestClock { to }).await;
}

/// Everything that waits is sent, and what it says of expiring credits is shown.
async fn told(notices: &Notices, receiver: &Receiver) -> Vec<serde_json::Value> {
    while notices.webhooks().step(&organization("acme"), "host", now()).await.unwrap()
        == coulomb_server::notices::webhooks::Step::Moved
    {}
    let posts = receiver.posts().into_iter().map(|post| post.json());
    posts.filter(|post| post["type"] == "credits.expiring").collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_left_is_told_a_month_a_week_and_a_day_before() {
    for place in Place::on_every_store() {
        let receiver = Receiver::content().await;
        let settings = private(vec![endpoint("host", &receiver.url, &[SECRET])]);
        let notices = place.notices(settings, MailSettings::default());
        let engine = place.engine(&notices);
        let acme = organization("acme");
        ask(&engine, "acme", name("Acme")).await;
        clock(&engine, JANUARY).await;
        let end = JANUARY.after(Duration::days(100));
        ask(&engine, "acme", promotional("gift", 500, Some(end))).await;
        for (day, so_far) in [(69, 0), (70, 1), (75, 1), (93, 2), (98, 2), (99, 3), (101, 3)] {
            let at = JANUARY.after(Duration::days(day));
            clock(&engine, at).await;
            if day == 75 {
                ask(&engine, "acme", charge("c1", 100)).await;
            }
            // Twice, as two servers would.
            notices.expiring_due(&engine, &acme, at).await.unwrap();
            notices.expiring_due(&engine, &acme, at).await.unwrap();
            assert_eq!(told(&notices, &receiver).await.len(), so_far, "day {day}");
        }
        let told = told(&notices, &receiver).await;
        golden("expiring.json", &(serde_json::to_string_pretty(&told).unwrap() + "\n"));
        let left = place.memos().list(&acme, "expiring", None, 10).await.unwrap();
        assert_eq!(left, [], "nobody looks at it any more");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_does_not_take_the_wall_clock_for_the_organizations_own() {
    let place = Place::directory();
    let mut receiver = Receiver::content().await;
    let settings = private(vec![endpoint("host", &receiver.url, &[SECRET])]);
    let notices = place.notices(settings, MailSettings::default());
    let engine = place.engine(&notices);
    // Its clock is set after the grant, and stands months before the wall clock.
    ask(&engine, "acme", name("Acme")).await;
    clock(&engine, JANUARY).await;
    ask(&engine, "acme", promotional("gift", 500, Some(JANUARY.after(Duration::days(100))))).await;
    let server = tokio::spawn(notices.clone().run(engine.clone()));
    receiver.has(2).await;
    let memos = place.memos().list(&organization("acme"), "expiring", None, 10).await.unwrap();
    assert_eq!(memos.len(), 1);
    assert_eq!(memos[0].due, None, "only its own clock wakes it");
    assert!(receiver.posts().iter().all(|post| post.json()["type"] != "credits.expiring"));
    server.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_spent_before_is_not_told() {
    let place = Place::directory();
    let receiver = Receiver::content().await;
    let settings = private(vec![endpoint("host", &receiver.url, &[SECRET])]);
    let notices = place.notices(settings, MailSettings::default());
    let engine = place.engine(&notices);
    ask(&engine, "acme", name("Acme")).await;
    clock(&engine, JANUARY).await;
    ask(&engine, "acme", promotional("gift", 500, Some(JANUARY.after(Duration::days(100))))).await;
    ask(&engine, "acme", charge("c1", 500)).await;
    let at = JANUARY.after(Duration::days(80));
    clock(&engine, at).await;
    notices.expiring_due(&engine, &organization("acme"), at).await.unwrap();
    assert_eq!(told(&notices, &receiver).await.len(), 0);
}
