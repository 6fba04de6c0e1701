//! Webhooks on each store, against a real receiver: order, retries, giving up, two servers, and what an endpoint may not do.

use crate::{
    place::{Place, ask, charge, fund, name, now, organization, promotional, seconds},
    receiver::{Answer, Receiver},
};
use coulomb_server::{
    memos::Memos,
    notices::{
        Notices, dead,
        settings::{Endpoint, MailSettings, Target, WebhookSettings},
        webhooks::{KIND, Step, Webhooks},
    },
};
use ledger::{Duration, Timestamp};
use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU16, Ordering},
};

pub const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
pub const NEW_SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD+8jw2uOGS0Q=";

pub fn endpoint(name: &str, url: &str, secrets: &[&str]) -> Endpoint {
    let secret = |secret: &&str| (*secret).to_owned().try_into().unwrap();
    Endpoint {
        name: name.into(),
        url: Target::try_from(url.to_owned()).unwrap(),
        secrets: secrets.iter().map(secret).collect(),
        types: None,
    }
}

/// Settings of a test: these endpoints on loopback.
pub fn private(endpoints: Vec<Endpoint>) -> WebhookSettings {
    WebhookSettings { allow_private_networks: true, endpoints, ..WebhookSettings::default() }
}

fn to(place: &Place, receiver: &Receiver) -> Notices {
    let host = endpoint("host", &receiver.url, &[SECRET]);
    place.notices(private(vec![host]), MailSettings::default())
}

/// Steps until nothing moves any more.
async fn send_all(webhooks: &Webhooks, id: &str, at: Timestamp) -> Step {
    loop {
        match webhooks.step(&organization(id), "host", at).await.unwrap() {
            Step::Moved => {}
            stopped => return stopped,
        }
    }
}

async fn waiting(memos: &Memos, id: &str) -> Vec<Option<Timestamp>> {
    let waiting = memos.list(&organization(id), KIND, None, 100).await.unwrap();
    waiting.into_iter().map(|memo| memo.due).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn notices_arrive_once_and_in_the_order_of_the_ledger() {
    for place in Place::on_every_store() {
        let receiver = Receiver::content().await;
        let notices = to(&place, &receiver);
        let engine = place.engine(&notices);
        fund(&engine, "acme", 12_000).await;
        ask(&engine, "acme", charge("c1", 5_000)).await;
        ask(&engine, "acme", charge("c2", 8_000)).await;
        assert_eq!(send_all(notices.webhooks(), "acme", now()).await, Step::Idle);
        assert_eq!(
            receiver.about(),
            [
                "credits.granted acme 2",
                "balance.unblocked acme 3",
                "balance.low acme 6",
                "debt.opened acme 7",
                "balance.blocked acme 8",
            ]
        );
        let ids: Vec<String> =
            receiver.posts().iter().map(|post| post.header("webhook-id").to_owned()).collect();
        assert_eq!(ids[0], "msg_acme_2_000");
        assert!(receiver.posts().iter().all(|post| post.header("content-type") == "application/json"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn work_that_goes_well_tells_nobody() {
    let place = Place::directory();
    let receiver = Receiver::content().await;
    let notices = to(&place, &receiver);
    let engine = place.engine(&notices);
    fund(&engine, "acme", 100_000).await;
    let before = waiting(&place.memos(), "acme").await.len();
    for run in ["c1", "c2", "c3"] {
        ask(&engine, "acme", charge(run, 10)).await;
    }
    assert_eq!(waiting(&place.memos(), "acme").await.len(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_hears_only_of_what_it_wants() {
    let place = Place::directory();
    let (all, some) = (Receiver::content().await, Receiver::content().await);
    let wanted = serde_json::from_str("[\"balance.unblocked\"]").unwrap();
    let some_of_it = Endpoint { types: Some(wanted), ..endpoint("some", &some.url, &[SECRET]) };
    let endpoints = vec![endpoint("host", &all.url, &[SECRET]), some_of_it];
    let notices = place.notices(private(endpoints), MailSettings::default());
    let engine = place.engine(&notices);
    fund(&engine, "acme", 12_000).await;
    let at = now();
    send_all(notices.webhooks(), "acme", at).await;
    notices.webhooks().step(&organization("acme"), "some", at).await.unwrap();
    assert_eq!(all.about(), ["credits.granted acme 2", "balance.unblocked acme 3"]);
    assert_eq!(some.about(), ["balance.unblocked acme 3"]);
    assert_eq!(all.posts()[1].header("webhook-id"), some.posts()[0].header("webhook-id"));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_fails_holds_back_those_behind_it_and_no_other_organization() {
    for place in Place::on_every_store() {
        let works = Arc::new(AtomicBool::new(false));
        let acme_works = Arc::clone(&works);
        let receiver = Receiver::start(move |post| {
            let refused = post.body.contains("\"acme\"") && !acme_works.load(Ordering::SeqCst);
            Answer::Status(if refused { 503 } else { 200 })
        })
        .await;
        let notices = to(&place, &receiver);
        let engine = place.engine(&notices);
        fund(&engine, "acme", 12_000).await;
        fund(&engine, "birch", 12_000).await;
        let at = now();
        assert_eq!(send_all(notices.webhooks(), "acme", at).await, Step::Waits);
        assert_eq!(send_all(notices.webhooks(), "birch", at).await, Step::Idle);
        let in_order = ["credits.granted acme 2", "credits.granted birch 2", "balance.unblocked birch 3"];
        assert_eq!(receiver.about(), in_order);

        // Those behind it are not looked at before it is.
        let dues = waiting(&place.memos(), "acme").await;
        assert_eq!(dues.len(), 2);
        assert!(dues[0].unwrap() > at && dues[1] == dues[0], "{dues:?}");
        assert_eq!(place.memos().due(KIND, at.after(seconds(4)), 10).await.unwrap(), []);
        assert_eq!(send_all(notices.webhooks(), "acme", at.after(seconds(4))).await, Step::Waits);
        assert_eq!(receiver.about(), in_order, "nothing is sent before its time");

        works.store(true, Ordering::SeqCst);
        assert_eq!(send_all(notices.webhooks(), "acme", at.after(seconds(6))).await, Step::Idle);
        assert_eq!(receiver.about()[3..], ["credits.granted acme 2", "balance.unblocked acme 3"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_delivered_is_tried_for_three_days_then_kept_apart_and_the_next_one_goes() {
    for place in Place::on_every_store() {
        let answer = Arc::new(AtomicU16::new(500));
        let says = Arc::clone(&answer);
        let receiver = Receiver::start(move |post| {
            let granted = post.body.contains("credits.granted");
            Answer::Status(if granted { says.load(Ordering::SeqCst) } else { 200 })
        })
        .await;
        let notices = to(&place, &receiver);
        let engine = place.engine(&notices);
        fund(&engine, "acme", 12_000).await;
        let first = now();
        let (mut at, mut waits) = (first, Vec::new());
        while send_all(notices.webhooks(), "acme", at).await == Step::Waits {
            let next = waiting(&place.memos(), "acme").await[0].unwrap();
            waits.push(next.since(at).micros() / 1_000_000);
            at = next;
        }
        let least = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000];
        assert_eq!(waits.len(), 9, "{waits:?}");
        for (waited, least) in waits.iter().zip(least) {
            assert!((least..=least * 11 / 10).contains(waited), "{waits:?}");
        }
        assert!(at.since(first) <= Duration::days(3), "the last attempt is after three days");
        assert_eq!(receiver.about().last().unwrap(), "balance.unblocked acme 3");

        // It is kept, and sent again when somebody asks, under the id that it always had.
        let memos = place.memos();
        let dead = dead::list(&memos, None).await.unwrap();
        assert_eq!(dead.len(), 1);
        assert_eq!((dead[0].attempts, dead[0].error.as_str()), (10, "it answered 500"));
        assert_eq!(dead[0].id, "host:00000000000000000002.000");
        let id = dead[0].id.as_str();
        answer.store(200, Ordering::SeqCst);
        assert!(dead::replay(&memos, &organization("birch"), id, at).await.unwrap().is_none());
        assert!(dead::replay(&memos, &organization("acme"), id, at).await.unwrap().is_some());
        assert!(dead::replay(&memos, &organization("acme"), id, at).await.unwrap().is_none());
        assert_eq!(dead::list(&memos, None).await.unwrap(), []);
        let sent = receiver.posts().len();
        assert_eq!(send_all(notices.webhooks(), "acme", at).await, Step::Idle);
        let again = &receiver.posts()[sent..];
        assert_eq!(again.len(), 1);
        assert_eq!(again[0].header("webhook-id"), "msg_acme_2_000");
        assert_eq!(again[0].body, receiver.posts()[0].body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_is_gone_is_not_tried_again() {
    let place = Place::directory();
    let receiver = Receiver::start(|_| Answer::Status(410)).await;
    let notices = to(&place, &receiver);
    let engine = place.engine(&notices);
    fund(&engine, "acme", 12_000).await;
    assert_eq!(send_all(notices.webhooks(), "acme", now()).await, Step::Idle);
    let dead = dead::list(&place.memos(), Some(&organization("acme"))).await.unwrap();
    assert_eq!((receiver.posts().len(), dead.len()), (2, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_servers_one_sends() {
    for place in Place::on_every_store() {
        let receiver = Receiver::content().await;
        let (one, other) = (to(&place, &receiver), to(&place, &receiver));
        let engine = place.engine(&one);
        fund(&engine, "acme", 12_000).await;
        for grant in 0..10 {
            ask(&engine, "acme", promotional(&format!("g{grant}"), 1, None)).await;
        }
        let at = now();
        let work = async |notices: &Notices| {
            // A server that finds a notice claimed looks again; the receiver says when there is nothing to look for.
            while receiver.posts().len() < 12 {
                send_all(notices.webhooks(), "acme", at).await;
                tokio::task::yield_now().await;
            }
        };
        futures_util::future::join(work(&one), work(&other)).await;
        let about = receiver.about();
        let mut in_order = about.clone();
        in_order.sort_by_key(|about| about.rsplit(' ').next().unwrap().parse::<u64>().unwrap());
        assert_eq!(about, in_order);
        in_order.dedup();
        assert_eq!(in_order.len(), 12, "each is sent once: {about:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_ends_after_sending_leaves_it_to_be_sent_once_more() {
    let place = Place::directory();
    let dies = Arc::new(AtomicBool::new(true));
    let silent = Arc::clone(&dies);
    let mut receiver =
        Receiver::start(
            move |_| {
                if silent.load(Ordering::SeqCst) { Answer::Silence } else { Answer::Status(200) }
            },
        )
        .await;
    let notices = to(&place, &receiver);
    let engine = place.engine(&notices);
    fund(&engine, "acme", 12_000).await;
    let at = now();
    let (webhooks, acme) = (notices.webhooks().clone(), organization("acme"));
    let sending = tokio::spawn(async move { webhooks.step(&acme, "host", at).await });
    receiver.has(1).await;
    // It was received, and the server dies before it can forget it.
    sending.abort();
    let _ = sending.await;
    dies.store(false, Ordering::SeqCst);
    assert_eq!(send_all(notices.webhooks(), "acme", at.after(seconds(30))).await, Step::Waits);
    assert_eq!(receiver.posts().len(), 1, "it may be in other hands still");
    assert_eq!(send_all(notices.webhooks(), "acme", at.after(seconds(41))).await, Step::Idle);
    let posts = receiver.posts();
    assert_eq!(posts.len(), 3);
    assert_eq!(posts[0].header("webhook-id"), posts[1].header("webhook-id"));
    assert_eq!(posts[0].body, posts[1].body);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_is_not_followed() {
    let place = Place::directory();
    let elsewhere = Receiver::content().await;
    let target = elsewhere.url.clone();
    let receiver = Receiver::start(move |_| Answer::Redirect(target.clone())).await;
    let notices = to(&place, &receiver);
    let engine = place.engine(&notices);
    fund(&engine, "acme", 12_000).await;
    assert_eq!(send_all(notices.webhooks(), "acme", now()).await, Step::Waits);
    assert_eq!((receiver.posts().len(), elsewhere.posts().len()), (1, 0));
    assert!(why(&place).await.contains("it answered 307"));
}

/// Why the first notice was not delivered.
async fn why(place: &Place) -> String {
    place.memos().list(&organization("acme"), KIND, None, 1).await.unwrap()[0].body.clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_says_nothing_is_waited_for_so_long_and_one_that_never_ends_is_cut_off() {
    let place = Place::directory();
    let silent = Receiver::start(|_| Answer::Silence).await;
    let host = endpoint("host", &silent.url, &[SECRET]);
    let short = std::time::Duration::from_millis(200);
    let settings = WebhookSettings { timeout: short, ..private(vec![host]) };
    let notices = place.notices(settings, MailSettings::default());
    let engine = place.engine(&notices);
    fund(&engine, "acme", 12_000).await;
    assert_eq!(send_all(notices.webhooks(), "acme", now()).await, Step::Waits);
    assert!(why(&place).await.contains("it did not answer in time"));

    let place = Place::directory();
    let endless = Receiver::start(|_| Answer::Endless).await;
    let notices = to(&place, &endless);
    let engine = place.engine(&notices);
    fund(&engine, "acme", 12_000).await;
    assert_eq!(send_all(notices.webhooks(), "acme", now()).await, Step::Idle);
    assert_eq!(endless.posts().len(), 2, "it said 200, which is what counts");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_leads_to_a_private_network_is_not_called() {
    let place = Place::directory();
    let receiver = Receiver::content().await;
    // The check of a URL lets every name pass; what it leads to is known when it is called.
    let port = receiver.url.rsplit_once(':').unwrap().1;
    let host = endpoint("host", &format!("https://localhost:{port}"), &[SECRET]);
    let settings = WebhookSettings { endpoints: vec![host], ..WebhookSettings::default() };
    let notices = place.notices(settings, MailSettings::default());
    let engine = place.engine(&notices);
    fund(&engine, "acme", 12_000).await;
    assert_eq!(send_all(notices.webhooks(), "acme", now()).await, Step::Waits);
    let why = why(&place).await;
    assert!(why.contains("its name leads only to addresses of private networks"), "{why}");
    assert_eq!(receiver.posts(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_an_endpoint_that_is_not_configured_any_more_is_not_lost() {
    let place = Place::directory();
    let receiver = Receiver::content().await;
    let before = to(&place, &receiver);
    let engine = place.engine(&before);
    fund(&engine, "acme", 12_000).await;
    let after = place.notices(private(Vec::new()), MailSettings::default());
    let at = now();
    assert_eq!(send_all(after.webhooks(), "acme", at).await, Step::Waits);
    assert!(why(&place).await.contains("no endpoint of this name"));
    assert_eq!(send_all(before.webhooks(), "acme", at.after(seconds(6))).await, Step::Idle);
    assert_eq!(receiver.posts().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_delivers_by_itself_and_an_organization_that_takes_long_keeps_nobody_waiting() {
    for place in Place::on_every_store() {
        let mut receiver = Receiver::start(|post| {
            if post.body.contains("\"slow\"") { Answer::Silence } else { Answer::Status(200) }
        })
        .await;
        let notices = to(&place, &receiver);
        let engine = place.engine(&notices);
        let server = tokio::spawn(notices.run(engine.clone()));
        ask(&engine, "slow", name("Slow")).await;
        ask(&engine, "slow", promotional("welcome", 1, None)).await;
        receiver.has(1).await;
        for id in ["acme", "birch"] {
            fund(&engine, id, 12_000).await;
        }
        // The slow one is still being waited for, for ten seconds.
        receiver.has(5).await;
        let about = receiver.about();
        for id in ["acme", "birch"] {
            let own: Vec<&String> = about.iter().filter(|about| about.contains(id)).collect();
            let [granted, unblocked] = ["credits.granted", "balance.unblocked"];
            assert_eq!(own, [&format!("{granted} {id} 2"), &format!("{unblocked} {id} 3")]);
        }
        assert_eq!(about[0], "credits.granted slow 2");
        server.abort();
    }
}
