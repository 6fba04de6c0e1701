//! A sample of every event in every version ever written (`golden/`): they are stored for ever, so they are reviewed as
//! a diff, and what can read them must go on to.

use coulomb_ledger::{
    Policy, Timestamp,
    command::Command,
    event::{EVENT_VERSION, Event, Recorded},
    people::Role,
    policy::Plan,
    run::RunOutcome,
    scenario::{LedgerWorld, Story},
    subscription::{Cadence, Period, Subscription, SubscriptionStatus},
};
use std::{collections::BTreeMap, fs, path::PathBuf};

fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/golden")).join(format!("v{EVENT_VERSION}"))
}

/// The first sample of each event in the stories, and in a life of what the stories leave out.
fn samples() -> BTreeMap<&'static str, String> {
    let mut samples = BTreeMap::new();
    let mut keep = |history: &[Vec<u8>]| {
        for bytes in history {
            let recorded: Recorded = serde_json::from_slice(bytes).unwrap();
            samples.entry(recorded.event.name()).or_insert_with(|| String::from_utf8(bytes.clone()).unwrap());
        }
    };
    keep(a_life_of_what_the_stories_leave_out().history());
    let stories = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scenarios");
    let mut files: Vec<_> = fs::read_dir(stories).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    for path in files.iter().filter(|path| path.extension().is_some_and(|extension| extension == "yaml")) {
        let story = Story::parse(&fs::read_to_string(path).unwrap());
        let mut world = LedgerWorld::new(&story, false);
        story.tell(&mut world);
        keep(world.history());
    }
    samples
}

fn a_life_of_what_the_stories_leave_out() -> LedgerWorld {
    let plan = |tier, allowance: i64| Plan {
        label: "Plan".into(),
        tier,
        monthly_allowance: coulomb_ledger::Credits::whole(allowance).unwrap(),
        monthly_price: 4_900,
        annual_price: 49_000,
        currency: "USD".into(),
    };
    let plans = BTreeMap::from([
        ("small".parse().unwrap(), plan(1, 1_000)),
        ("large".parse().unwrap(), plan(2, 5_000)),
    ]);
    let start: Timestamp = "2026-01-10T00:00:00Z".parse().unwrap();
    let end: Timestamp = "2026-02-10T00:00:00Z".parse().unwrap();
    let mut world = LedgerWorld::new(&Story::untold(start, Policy { plans, ..Policy::default() }), false);
    let member = |member: &str, role| Command::SetMember {
        member: member.parse().unwrap(),
        name: member.to_uppercase(),
        email: Some(format!("{member}@example.com")),
        role,
        billing_admin: None,
    };
    let subscription = |plan: &str| Command::ReportSubscription {
        subscription: Subscription {
            status: SubscriptionStatus::Active,
            plan: Some(plan.parse().unwrap()),
            cadence: Cadence::Monthly,
            period: Some(Period { start, end }),
            cancel_at: None,
            past_due_since: None,
        },
    };
    let change = || Command::ChangeSubscription { plan: "large".parse().unwrap(), cadence: Cadence::Monthly };
    let task = || "nightly".parse().unwrap();
    for command in [
        Command::SetTestClock { to: start },
        member("ada", Role::Owner),
        member("bob", Role::Admin),
        Command::TransferOwnership { to: "bob".parse().unwrap() },
        Command::RemoveMember { member: "ada".parse().unwrap() },
        Command::Suspend { reason: "chargeback review".into() },
        Command::LiftSuspension,
        subscription("small"),
        change(),
        Command::WithdrawChange,
        change(),
        subscription("large"),
        Command::SetTask { task: task(), failures_max: 1 },
        Command::GrantPromotional {
            grant: None,
            amount: coulomb_ledger::Credits::whole(500).unwrap(),
            effective_at: None,
            expires_at: None,
            priority: None,
            reason: Some("welcome".into()),
        },
        Command::Start {
            run: "run-1".parse().unwrap(),
            kind: "scheduled_run".parse().unwrap(),
            hold: None,
            task: Some(task()),
            member: None,
            hold_lifetime: None,
            metadata: serde_json::json!({"ticket": 7}).as_object().cloned(),
        },
        Command::Settle {
            run: "run-1".parse().unwrap(),
            used: coulomb_ledger::Credits::whole(10).unwrap(),
            outcome: RunOutcome::Failed,
        },
    ] {
        world.execute(command.clone(), None, None).unwrap_or_else(|refusal| panic!("{command:?}: {refusal}"));
    }
    let key = || Some("attempt-1".parse().unwrap());
    world.execute(Command::LiftSuspension, None, key()).unwrap();
    world
}

#[test]
fn every_event_has_a_sample_that_reads_back_to_the_same_bytes() {
    let samples = samples();
    #[allow(clippy::disallowed_methods, reason = "a test may ask how it is run")]
    let write = std::env::var("GOLDEN").is_ok_and(|mode| mode == "write");
    if write {
        fs::create_dir_all(folder()).unwrap();
        for (name, sample) in &samples {
            let file = folder().join(format!("{name}.json"));
            // A sample is never rewritten: it may be all that is left of what an older version wrote.
            if !file.exists() {
                fs::write(file, format!("{sample}\n")).unwrap();
            }
        }
    }
    let mut known: Vec<String> = Vec::new();
    for entry in fs::read_dir(folder()).expect("cargo xtask golden writes the samples") {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        let recorded: Recorded =
            serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert_eq!(serde_json::to_string(&recorded).unwrap(), text.trim_end(), "{}", path.display());
        known.push(recorded.event.name().to_owned());
    }
    known.sort();
    assert_eq!(known, Event::NAMES, "one sample for each event, and none of an event that is gone");
    let seen: Vec<&str> = samples.keys().copied().collect();
    assert_eq!(seen, Event::NAMES, "every event happens in some story");
}

#[test]
fn a_reader_of_today_skips_what_a_writer_of_tomorrow_adds() {
    let sample = fs::read_to_string(folder().join("run_started.json")).unwrap();
    let grown = sample.replacen("\"seq\"", "\"added_later\":{\"a\":1},\"seq\"", 1).replacen(
        "\"hold\"",
        "\"new\":null,\"hold\"",
        1,
    );
    let (old, new): (Recorded, Recorded) =
        (serde_json::from_str(&sample).unwrap(), serde_json::from_str(&grown).unwrap());
    assert_eq!(old, new);
}
