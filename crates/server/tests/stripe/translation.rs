//! What recorded events say. Each file of `events/` is one event, in the shape of a newer or an older version of Stripe's
//! API, with the objects that Stripe would give when asked; `facts.json` is what is told of all of them.

use crate::{
    peer::Peer,
    world::{plans, settings},
};
use coulomb_server::{memos::Memos, payments::stripe::Stripe};
use serde_json::{Map, Value};
use std::{collections::BTreeMap, fs, path::PathBuf, sync::Arc};
use store::sqlite::Sqlite;
use tempfile::TempDir;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/stripe/events")
}

/// Every recorded event by its name.
fn recorded() -> BTreeMap<String, Value> {
    let files = fs::read_dir(folder()).unwrap().map(|file| file.unwrap().path());
    let events = files.filter(|path| path.file_name().unwrap() != "facts.json");
    let read = events.map(|path| {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let recorded = serde_json::from_str(&fs::read_to_string(&path).unwrap());
        (name.clone(), recorded.unwrap_or_else(|error| panic!("{name}: {error}")))
    });
    read.collect()
}

async fn told(recorded: &Value) -> Value {
    let directory = TempDir::new().unwrap();
    let memos = Memos::new(Arc::new(Sqlite::open(directory.path()).unwrap()));
    let peer = Peer::start().await;
    peer.know(recorded["known"].as_array().unwrap());
    let stripe = Stripe::new(settings(&peer.url), Arc::new(plans()), memos).unwrap();
    match stripe.translate(None, &recorded["event"]).await {
        Ok(told) => {
            let told = told.iter().map(|told| {
                let mut fact = serde_json::to_value(&told.fact).unwrap();
                fact["organization"] = told.organization.as_str().into();
                fact
            });
            told.collect()
        }
        Err(error) => error.to_string().into(),
    }
}

#[tokio::test]
async fn every_recorded_event_says_what_it_is_kept_to_say() {
    let mut all = Map::new();
    for (name, recorded) in recorded() {
        all.insert(name, told(&recorded).await);
    }
    let mut text = serde_json::to_string_pretty(&all).unwrap();
    text.push('\n');
    let path = folder().join("facts.json");
    if std::env::var_os("GOLDEN").is_some_and(|golden| golden == "write") {
        fs::write(&path, &text).unwrap();
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == text, "facts.json is not what is told; read the diff after `GOLDEN=write cargo test`");
}

#[tokio::test]
async fn older_and_newer_shapes_of_one_event_say_the_same() {
    let recorded = recorded();
    let mut pairs = 0;
    for (name, newer) in &recorded {
        if let Some(older) =
            name.strip_suffix("_newer").and_then(|name| recorded.get(&format!("{name}_older")))
        {
            assert_eq!(told(newer).await, told(older).await, "{name}");
            pairs += 1;
        }
    }
    assert!(pairs >= 5, "only {pairs} events are recorded in both shapes");
}
