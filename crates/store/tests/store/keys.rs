//! API keys.

use crate::{
    opener::{Opener, SqliteOpener, on_every_store},
    work::*,
};
use store::{ApiKey, Scope, Store, sqlite::Sqlite};

fn key(name: &str, scope: Scope) -> ApiKey {
    let [first, ..] = name.as_bytes() else { panic!("a name") };
    ApiKey {
        id: id(name),
        name: name.to_uppercase(),
        scope,
        hash: [*first; 32],
        created_at: hour(1),
        revoked_at: None,
    }
}

#[test]
fn keys_are_listed_as_they_were_made_and_revoked_once() {
    on_every_store(|opener| {
        let made = [key("web", Scope::Admin), key("app", Scope::Runtime), key("bi", Scope::Read)];
        let made: Vec<ApiKey> =
            (1..).zip(made).map(|(n, key)| ApiKey { created_at: hour(n), ..key }).collect();
        for key in &made {
            opener.store().create_key(key).expect("the store works");
        }
        assert!(opener.store().create_key(&made[0]).is_err());
        assert_eq!(opener.store().keys().expect("it reads"), made);
        assert!(opener.store().revoke_key(&id("app"), hour(2)).expect("the store works"));
        assert!(!opener.store().revoke_key(&id("app"), hour(3)).expect("the store works"));
        assert!(!opener.store().revoke_key(&id("nobody"), hour(3)).expect("the store works"));
        opener.restart();
        let revoked: Vec<_> =
            opener.store().keys().expect("it reads").iter().map(|key| key.revoked_at).collect();
        assert_eq!(revoked, [None, Some(hour(2)), None]);
    });
}

#[test]
fn a_key_made_beside_the_server_works_at_once() {
    let opener = SqliteOpener::new();
    let beside = Sqlite::open_beside(opener.dir.path()).expect("it opens");
    beside.create_key(&key("ops", Scope::Admin)).expect("the store works");
    assert_eq!(opener.store().keys().expect("it reads").len(), 1);
}
