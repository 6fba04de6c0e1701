//! A server that ends between sending a mail and noting it: each mail goes out, and at most twice.

use crate::{
    mail::{mail_all, people, recipients, through},
    place::{Place, ask, charge, now, promotional, seconds},
    post_office::PostOffice,
};
use coulomb_server::{
    engine::{Engine, Limits, Outbox},
    memos::Memos,
    notices::{Notices, mail::KIND, settings::WebhookSettings},
};
use ledger::{Duration, Policy, Timestamp};
use std::{path::Path, sync::Arc};
use store::{
    Store,
    faulty::{Failure, Faulty},
    sqlite::Sqlite,
};
use tempfile::TempDir;

fn mailing(store: &Arc<dyn Store>, office: &PostOffice) -> Notices {
    let mail = through(&format!("smtp://{}", office.address));
    let memos = Memos::new(Arc::clone(store));
    Notices::new(WebhookSettings::default(), mail, memos, "https://credits.test").unwrap()
}

/// One life of a server on this store that mails what is due then, as far as it comes.
async fn one_life(store: Arc<dyn Store>, office: &PostOffice, at: Timestamp) {
    let (notices, memos) = (mailing(&store, office), Memos::new(Arc::clone(&store)));
    let engine = Engine::start(store, Policy::default(), Limits::default());
    if let Ok(due) = memos.due(KIND, at, 100).await {
        for owned in due {
            // What goes wrong ends this life.
            let _ = notices.mail().unwrap().step(&engine, &owned.organization, owned.memo, at).await;
        }
    }
    let _ = engine.shut_down().await;
}

/// An account that is low, and whose owner and billing admin have not been mailed about it.
async fn low(directory: &Path, office: &PostOffice) {
    let store: Arc<dyn Store> = Arc::new(Sqlite::open(directory).unwrap());
    let notices = mailing(&store, office);
    let outbox: Outbox = Arc::new(move |happened| notices.outbox(happened));
    let engine = Engine::start_with(store, Policy::default(), Limits::default(), outbox);
    people(&engine).await;
    ask(&engine, "acme", charge("c1", 5_000)).await;
    engine.shut_down().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_goes_out_once_or_twice_wherever_the_server_stops() {
    let failures: [fn(u64) -> Failure; 3] = [Failure::BeforeCommit, Failure::AfterCommit, Failure::Read];
    let mut twice = 0;
    for failure in failures {
        for number in 1.. {
            let (directory, office) = (TempDir::new().unwrap(), PostOffice::open().await);
            low(directory.path(), &office).await;
            let at = now();
            let store = Arc::new(Faulty::new(Sqlite::open(directory.path()).unwrap(), [failure(number)]));
            one_life(Arc::clone(&store) as Arc<dyn Store>, &office, at).await;
            let reached = match failure(number) {
                Failure::Read(number) => store.reads() >= number,
                _ => store.commits() >= number,
            };
            drop(store);
            // Another server, when what the first one had claimed is free again.
            let store: Arc<dyn Store> = Arc::new(Sqlite::open(directory.path()).unwrap());
            one_life(Arc::clone(&store), &office, at.after(Duration::hours(1))).await;
            let case = format!("{:?}", failure(number));
            for who in ["bill@acme.test", "olga@acme.test"] {
                let letters = office.letters();
                let ids = letters.iter().filter(|letter| letter.to == who);
                let mut ids: Vec<String> = ids.map(|letter| letter.header("Message-ID")).collect();
                assert!(matches!(ids.len(), 1 | 2), "{case}: {who} was mailed {} times", ids.len());
                twice += ids.len() - 1;
                ids.dedup();
                assert_eq!(ids.len(), 1, "{case}: both times it is the same mail");
            }
            assert!(office.letters().len() <= 3, "{case}: only the one that was on its way is doubtful");
            assert_eq!(Memos::new(store).due(KIND, Timestamp::MAX, 1).await.unwrap(), [], "{case}");
            if !reached {
                break;
            }
        }
    }
    assert!(twice > 0, "some of them stopped right there");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_have_read_that_nothing_starts_is_told_that_it_does_again() {
    let place = Place::directory();
    let office = PostOffice::open().await;
    let notices = place.notices(WebhookSettings::default(), through(&format!("smtp://{}", office.address)));
    let engine = place.engine(&notices);
    people(&engine).await;
    ask(&engine, "acme", charge("c1", 12_000)).await;
    office.says_taken(0);
    let server = {
        let (notices, memos, engine) = (notices.clone(), place.memos(), engine.clone());
        tokio::spawn(async move { mail_all(&notices, &memos, &engine, now()).await })
    };
    // It was taken, and the server dies before it hears so.
    office.has(|letters| !letters.is_empty()).await;
    server.abort();
    let _ = server.await;
    office.says_taken(usize::MAX);
    ask(&engine, "acme", promotional("more", 50_000, None)).await;
    for wait in [0, 600] {
        mail_all(&notices, &place.memos(), &engine, now().after(seconds(wait))).await;
    }
    assert_eq!(recipients(&office), ["bill@acme.test", "bill@acme.test", "olga@acme.test"]);
    let subjects: Vec<String> = office.letters().iter().map(|letter| letter.header("Subject")).collect();
    let [paused, again] = ["New work of Acme is paused", "Acme can start new work again"];
    assert_eq!(subjects, [paused, again, again]);
}
