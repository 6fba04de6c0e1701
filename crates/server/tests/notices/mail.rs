//! Mail on each store, over real SMTP: who gets it, when it is not sent, and what happens when the mail server says no.

use crate::{
    place::{Place, ask, charge, name, now, organization, promotional, seconds},
    post_office::PostOffice,
};
use coulomb_server::{
    engine::Engine,
    memos::Memos,
    notices::{
        Notices,
        kind::Kind,
        mail::KIND,
        preferences::{self, Preferences},
        settings::{From, MailSettings, Smtp, WebhookSettings},
    },
};
use ledger::{Duration, Timestamp, command::Command, people::Role};
use std::collections::BTreeMap;

pub fn through(smtp: &str) -> MailSettings {
    MailSettings {
        smtp: Some(Smtp::try_from(smtp.to_owned()).unwrap()),
        from: Some(From::try_from("Credits <credits@coulomb.test>".to_owned()).unwrap()),
        timeout: std::time::Duration::from_secs(5),
        ..MailSettings::default()
    }
}

fn by(place: &Place, office: &PostOffice) -> Notices {
    let smtp = format!("smtp://credits:sesame@{}", office.address);
    place.notices(WebhookSettings::default(), through(&smtp))
}

fn member(id: &str, role: Role, billing_admin: bool, email: Option<&str>) -> Command {
    Command::SetMember {
        member: id.parse().unwrap(),
        name: id.to_uppercase(),
        email: email.map(str::to_owned),
        role,
        billing_admin: Some(billing_admin),
    }
}

/// An organization with an owner, a billing admin and others, and credits that are not low.
pub async fn people(engine: &Engine) {
    ask(engine, "acme", name("Acme")).await;
    for command in [
        member("olga", Role::Owner, false, Some("olga@acme.test")),
        member("bill", Role::Member, true, Some("bill@acme.test")),
        member("adam", Role::Admin, false, Some("adam@acme.test")),
        member("vera", Role::Viewer, true, None),
        promotional("welcome", 12_000, None),
    ] {
        ask(engine, "acme", command).await;
    }
}

/// Mails what is due then.
pub async fn mail_all(notices: &Notices, memos: &Memos, engine: &Engine, at: Timestamp) {
    for owned in memos.due(KIND, at, 100).await.unwrap() {
        let mail = notices.mail().unwrap();
        mail.step(engine, &owned.organization, owned.memo, at).await.unwrap();
    }
}

pub fn recipients(office: &PostOffice) -> Vec<String> {
    office.letters().into_iter().map(|letter| letter.to).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_owner_and_the_billing_admins_are_mailed_once() {
    for place in Place::on_every_store() {
        let office = PostOffice::open().await;
        let notices = by(&place, &office);
        let engine = place.engine(&notices);
        people(&engine).await;
        ask(&engine, "acme", charge("c1", 5_000)).await;
        mail_all(&notices, &place.memos(), &engine, now()).await;
        mail_all(&notices, &place.memos(), &engine, now().after(Duration::days(9))).await;
        assert_eq!(recipients(&office), ["bill@acme.test", "olga@acme.test"]);
        let letter = &office.letters()[1];
        assert_eq!(letter.from, "credits@coulomb.test");
        assert_eq!(letter.header("Subject"), "Acme has 7,000 credits left");
        assert_eq!(letter.header("To"), "OLGA <olga@acme.test>");
        assert_eq!(letter.header("Auto-Submitted"), "auto-generated");
        assert!(letter.header("Message-ID").ends_with("@coulomb.test>"));
        assert!(letter.text.contains("multipart/alternative"));
        assert!(!office.logins().is_empty(), "it logs in where it has a password");
        assert!(
            !recipients(&office).contains(&"adam@acme.test".into()),
            "being admin gives no billing access"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_want_to_be_mailed_about_something_is_not() {
    let place = Place::directory();
    let office = PostOffice::open().await;
    let notices = by(&place, &office);
    let engine = place.engine(&notices);
    people(&engine).await;
    let no = Preferences { email: BTreeMap::from([(Kind::BalanceLow, false)]) };
    let olga = "olga".parse().unwrap();
    preferences::write(&place.memos(), &organization("acme"), &olga, &no).await.unwrap();
    ask(&engine, "acme", charge("c1", 5_000)).await;
    mail_all(&notices, &place.memos(), &engine, now()).await;
    assert_eq!(recipients(&office), ["bill@acme.test"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_goes_up_and_down_is_mailed_about_once_a_day() {
    let place = Place::directory();
    let office = PostOffice::open().await;
    let notices = by(&place, &office);
    let engine = place.engine(&notices);
    people(&engine).await;
    ask(&engine, "acme", charge("c1", 5_000)).await;
    let first = now();
    mail_all(&notices, &place.memos(), &engine, first).await;
    assert_eq!(office.letters().len(), 2);
    for round in 0..3 {
        ask(&engine, "acme", promotional(&format!("g{round}"), 8_000, None)).await;
        ask(&engine, "acme", charge(&format!("d{round}"), 8_000)).await;
    }
    mail_all(&notices, &place.memos(), &engine, now()).await;
    assert_eq!(office.letters().len(), 2, "the others wait until a day has passed");
    let tomorrow = now().after(Duration::days(1));
    mail_all(&notices, &place.memos(), &engine, tomorrow).await;
    assert_eq!(office.letters().len(), 4, "and then one says that it is still so");
    mail_all(&notices, &place.memos(), &engine, tomorrow.after(Duration::days(2))).await;
    assert_eq!(office.letters().len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_so_any_more_is_not_mailed() {
    let place = Place::directory();
    let office = PostOffice::open().await;
    let notices = by(&place, &office);
    let engine = place.engine(&notices);
    people(&engine).await;
    ask(&engine, "acme", charge("c1", 12_000)).await;
    ask(&engine, "acme", promotional("more", 50_000, None)).await;
    mail_all(&notices, &place.memos(), &engine, now()).await;
    assert_eq!(office.letters(), [], "neither that nothing starts, nor that it does again");

    ask(&engine, "acme", charge("c2", 50_000)).await;
    mail_all(&notices, &place.memos(), &engine, now()).await;
    ask(&engine, "acme", promotional("most", 50_000, None)).await;
    mail_all(&notices, &place.memos(), &engine, now()).await;
    let subjects: Vec<String> = office.letters().iter().map(|letter| letter.header("Subject")).collect();
    let [paused, again] = ["New work of Acme is paused", "Acme can start new work again"];
    assert_eq!(subjects, [paused, paused, again, again]);
}

#[tokio::test(flavor = "multi_thread")]
async fn whom_the_mail_server_refuses_is_given_up_and_others_get_theirs_when_it_works_again() {
    for place in Place::on_every_store() {
        let office = PostOffice::open().await;
        let notices = by(&place, &office);
        let engine = place.engine(&notices);
        people(&engine).await;
        ask(&engine, "acme", charge("c1", 5_000)).await;
        let at = now();
        office.refuses(Some(("olga@acme.test", "451 come back later")));
        mail_all(&notices, &place.memos(), &engine, at).await;
        assert_eq!(recipients(&office), ["bill@acme.test"]);
        office.refuses(Some(("*", "550 5.1.1 <olga@acme.test> nobody of that name")));
        mail_all(&notices, &place.memos(), &engine, at.after(seconds(4))).await;
        mail_all(&notices, &place.memos(), &engine, at.after(seconds(6))).await;
        office.refuses(None);
        mail_all(&notices, &place.memos(), &engine, at.after(Duration::days(9))).await;
        assert_eq!(recipients(&office), ["bill@acme.test"], "nobody is mailed twice, and olga not at all");
        assert_eq!(place.memos().due(KIND, Timestamp::MAX, 10).await.unwrap(), []);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_server_that_is_away_is_asked_again_and_again_for_three_days() {
    let place = Place::directory();
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let notices = place.notices(WebhookSettings::default(), through(&format!("smtp://{nobody}")));
    let engine = place.engine(&notices);
    people(&engine).await;
    ask(&engine, "acme", charge("c1", 5_000)).await;
    let first = now();
    let (mut at, mut tries) = (first, 0);
    while let Some(waiting) = place.memos().due(KIND, Timestamp::MAX, 1).await.unwrap().pop() {
        at = waiting.memo.due.unwrap().max(at);
        mail_all(&notices, &place.memos(), &engine, at).await;
        tries += 1;
    }
    assert_eq!(tries, 10);
    assert!(at.since(first) <= Duration::days(3));
}

#[tokio::test(flavor = "multi_thread")]
async fn where_encryption_is_wanted_nothing_is_sent_without() {
    let place = Place::directory();
    let office = PostOffice::open().await;
    let smtp = format!("smtp://credits:sesame@{}?tls=required", office.address);
    let notices = place.notices(WebhookSettings::default(), through(&smtp));
    let engine = place.engine(&notices);
    people(&engine).await;
    ask(&engine, "acme", charge("c1", 5_000)).await;
    mail_all(&notices, &place.memos(), &engine, now()).await;
    assert_eq!((office.letters().len(), office.logins().len()), (0, 0));
}

/// One thing is mailed to two people through this server, over TLS.
async fn mailed_over_tls(office: &PostOffice, smtp: &str, root: Option<std::path::PathBuf>) -> usize {
    let place = Place::directory();
    let settings = MailSettings { tls_root: root, ..through(smtp) };
    let notices = place.notices(WebhookSettings::default(), settings);
    let engine = place.engine(&notices);
    people(&engine).await;
    ask(&engine, "acme", charge("c1", 5_000)).await;
    mail_all(&notices, &place.memos(), &engine, now()).await;
    office.letters().len()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_server_is_believed_over_tls_where_the_authority_that_was_named_answers_for_it() {
    for (office, scheme, how) in
        [(PostOffice::wrapped().await, "smtps", ""), (PostOffice::upgraded().await, "smtp", "?tls=required")]
    {
        let smtp = format!("{scheme}://credits:sesame@{}{how}", office.address);
        let stranger = PostOffice::wrapped().await;
        assert_eq!(mailed_over_tls(&office, &smtp, None).await, 0, "the machine knows nothing of it");
        assert_eq!(mailed_over_tls(&office, &smtp, Some(stranger.root.clone())).await, 0);
        let elsewhere = smtp.replace("127.0.0.1", "localhost");
        assert_eq!(mailed_over_tls(&office, &elsewhere, Some(office.root.clone())).await, 0);
        assert_eq!(office.logins(), [""; 0], "no password was told");
        assert_eq!(mailed_over_tls(&office, &smtp, Some(office.root.clone())).await, 2);
        assert!(!office.logins().is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_authorities_that_cannot_be_used_is_said_at_once() {
    let place = Place::directory();
    let directory = tempfile::TempDir::new().unwrap();
    let file = directory.path().join("root.pem");
    let says = |smtp: &str| {
        let settings = MailSettings { tls_root: Some(file.clone()), ..through(smtp) };
        let made = Notices::new(WebhookSettings::default(), settings, place.memos(), "https://credits.test");
        made.err().expect("it cannot be used").to_string()
    };
    assert!(says("smtps://mail.test").contains("root.pem: No such file"), "{}", says("smtps://mail.test"));
    std::fs::write(&file, "sesame").unwrap();
    assert!(says("smtps://mail.test").contains("root.pem: it has no certificate in PEM"));
    let broken = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
    std::fs::write(&file, broken).unwrap();
    assert!(says("smtp://mail.test?tls=required").contains("cannot be read"));
    assert!(says("smtp://mail.test").contains("mail.smtp is not encrypted"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_server_that_says_nothing_is_waited_for_so_long_and_asked_again() {
    let place = Place::directory();
    let office = PostOffice::open().await;
    let short = std::time::Duration::from_millis(200);
    let settings = MailSettings { timeout: short, ..through(&format!("smtp://{}", office.address)) };
    let notices = place.notices(WebhookSettings::default(), settings);
    let engine = place.engine(&notices);
    people(&engine).await;
    ask(&engine, "acme", charge("c1", 5_000)).await;
    office.says_taken(0);
    let at = now();
    mail_all(&notices, &place.memos(), &engine, at).await;
    office.says_taken(usize::MAX);
    mail_all(&notices, &place.memos(), &engine, at.after(seconds(6))).await;
    let mut recipients = recipients(&office);
    recipients.sort();
    assert_eq!(recipients, ["bill@acme.test", "bill@acme.test", "olga@acme.test", "olga@acme.test"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_writes_headers_through_a_name() {
    let place = Place::directory();
    let office = PostOffice::open().await;
    let notices = by(&place, &office);
    let engine = place.engine(&notices);
    people(&engine).await;
    let attack = "Acme\r\nBcc: all@evil.test\r\n\r\nHello";
    // Whether the rules let such a name pass or not, no mail does.
    let naming = Command::NameOrganization { name: attack.into() };
    let _ = engine.execute(organization("acme"), crate::place::request(naming)).await;
    let olga = Command::SetMember {
        member: "olga".parse().unwrap(),
        name: attack.into(),
        email: Some("olga@acme.test".into()),
        role: Role::Owner,
        billing_admin: None,
    };
    let _ = engine.execute(organization("acme"), crate::place::request(olga)).await;
    ask(&engine, "acme", charge("c1", 5_000)).await;
    mail_all(&notices, &place.memos(), &engine, now()).await;
    let letters = office.letters();
    assert_eq!(letters.len(), 2);
    for letter in letters {
        assert_eq!(letter.header("Bcc"), "");
        assert!(letter.header("Content-Type").starts_with("multipart/alternative"));
    }
}
