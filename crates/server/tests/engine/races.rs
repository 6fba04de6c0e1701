//! Many at once, on each store: with room for k, exactly k win (TRUST T1), and a repeat is the same answer however late it comes (T5).

use super::{JANUARY, ask, credits, fund, organization, place::Place, promotional, seen, settle, start};
use coulomb_server::engine::{Engine, EngineError, Limits, Object};
use ledger::{
    Policy, command::Command, event::Actor, payment::PaymentPurpose, refusal::Refusal, subscription::Period,
};
use tokio::task::JoinSet;

/// Starts that many runs at once and counts those that are admitted; all others are refused for credits.
async fn admitted(engine: &Engine, id: &str, clients: usize, hold: i64) -> usize {
    let mut starts = JoinSet::new();
    for client in 0..clients {
        let (engine, id) = (engine.clone(), organization(id));
        starts.spawn(async move { engine.execute(id, ask(start(&format!("run-{client}"), hold))).await });
    }
    let mut admitted = 0;
    while let Some(answer) = starts.join_next().await {
        match answer.unwrap() {
            Ok(_) => admitted += 1,
            Err(EngineError::Refused(Refusal::Start(_))) => {}
            Err(error) => panic!("{error}"),
        }
    }
    admitted
}

#[tokio::test(flavor = "multi_thread")]
async fn incident_litellm_40095_twenty_starts_of_75_on_500_admit_exactly_six() {
    for place in Place::on_every_store() {
        let engine = place.engine();
        fund(&engine, "org", 500).await;
        assert_eq!(admitted(&engine, "org", 20, 75).await, 6);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_thousand_at_once_exactly_those_win_that_there_is_room_for() {
    for place in Place::on_every_store() {
        let engine = place.engine();
        for room in [1, 2, 3, 7, 13, 29, 50] {
            let id = format!("room-for-{room}");
            fund(&engine, &id, room * 10 + 9).await;
            assert_eq!(
                admitted(&engine, &id, 1_000, 10).await,
                usize::try_from(room).unwrap(),
                "room for {room}"
            );
        }
    }
}

#[tokio::test]
async fn a_repeat_gets_the_first_answer_whatever_has_happened_since() {
    for place in Place::on_every_store() {
        let engine = place.engine();
        engine.execute(organization("org"), ask(Command::SetTestClock { to: JANUARY })).await.unwrap();
        fund(&engine, "org", 500).await;
        let execute = |command| engine.execute(organization("org"), ask(command));
        let started = execute(start("r1", 75)).await.unwrap();
        let at_once = execute(start("r1", 75)).await.unwrap();
        assert!(!started.replayed && at_once.replayed);
        assert_eq!(seen(&at_once), seen(&started));

        let settled = execute(settle("r1", 50)).await.unwrap();
        for number in 0..400 {
            execute(start(&format!("other-{number}"), 1)).await.unwrap();
        }
        // Nothing of it is in memory any more.
        engine.shut_down().await.unwrap();
        drop(engine);
        let engine = place.engine();
        let execute = |command| engine.execute(organization("org"), ask(command));
        assert_eq!(seen(&execute(start("r1", 75)).await.unwrap()), seen(&started));
        assert_eq!(seen(&execute(settle("r1", 50)).await.unwrap()), seen(&settled));
        let granted = execute(promotional(500)).await.unwrap();
        assert!(granted.replayed && matches!(granted.shown.object, Object::Grant(_)));
        for other in [start("r1", 76), settle("r1", 51), promotional(501)] {
            let refused = execute(other).await.unwrap_err();
            assert!(matches!(refused, EngineError::Refused(Refusal::Conflict { .. })), "{refused}");
        }
    }
}

#[tokio::test]
async fn a_refusal_storm_leaves_one_event_and_a_count() {
    for place in Place::on_every_store() {
        let engine = place.engine();
        fund(&engine, "org", 5).await;
        for number in 0..200 {
            let refused =
                engine.execute(organization("org"), ask(start(&format!("r{number}"), 10))).await.unwrap_err();
            assert!(matches!(refused, EngineError::Refused(Refusal::Start(_))));
        }
        engine.written(organization("org")).await.unwrap();
        let told = engine.store().refusals(&organization("org"), None, 100).unwrap();
        assert_eq!(told.rows.len(), 1);
        let sums = engine
            .store()
            .usage(&organization("org"), ledger::Timestamp::MIN, ledger::Timestamp::MAX)
            .unwrap();
        assert_eq!(sums.iter().map(|row| row.sums.refused).sum::<u64>(), 200);
    }
}

#[tokio::test]
async fn commands_of_one_call_stand_for_themselves_and_see_one_another() {
    for place in Place::on_every_store() {
        let engine = place.engine();
        fund(&engine, "a", 100).await;
        fund(&engine, "b", 100).await;
        let commands = [
            ("a", start("r1", 60)),
            ("a", start("r2", 60)),
            ("b", start("r1", 60)),
            ("a", settle("r1", 10)),
            ("a", start("r3", 90)),
        ];
        let requests = commands.into_iter().map(|(id, command)| (organization(id), ask(command))).collect();
        let answers = engine.execute_all(requests).await.unwrap();
        let admitted: Vec<bool> = answers.iter().map(Result::is_ok).collect();
        assert_eq!(admitted, [true, false, true, true, true]);
        assert_eq!(answers[4].as_ref().unwrap().shown.balance.available, credits(0));
    }
}

#[tokio::test]
async fn accounts_that_do_not_fit_in_memory_are_loaded_again_as_they_were() {
    for place in Place::on_every_store() {
        let limits = Limits { accounts_max: 10, table_events: 50, table_slices: 5, ..Limits::default() };
        let engine = place.engine_with(Policy::default(), limits);
        for round in 0..5 {
            for number in 0..60 {
                let id = format!("org-{number}");
                if round == 0 {
                    fund(&engine, &id, 1_000).await;
                }
                let run = format!("r{round}");
                engine.execute(organization(&id), ask(start(&run, 10))).await.unwrap();
                let settled = engine.execute(organization(&id), ask(settle(&run, 10))).await.unwrap();
                assert_eq!(settled.shown.balance.available, credits(1_000 - 10 * (round + 1)), "{id}");
            }
        }
        engine.shut_down().await.unwrap();
        let loaded = engine.store().load(&organization("org-7")).unwrap();
        ledger::invariant::check(&loaded.account).unwrap();
    }
}

#[tokio::test]
async fn what_cannot_be_decided_in_time_is_refused_at_once_and_nothing_of_it_happens() {
    for place in Place::on_every_store() {
        let limits = Limits { queue_commands_max: 50, ..Limits::default() };
        let engine = place.engine_with(Policy::default(), limits);
        fund(&engine, "org", 1_000_000).await;
        let mut calls = JoinSet::new();
        for number in 0..2_000 {
            let engine = engine.clone();
            calls.spawn(async move {
                engine.execute(organization("org"), ask(start(&format!("r{number}"), 1))).await
            });
        }
        let (mut admitted, mut busy) = (0, 0);
        while let Some(answer) = calls.join_next().await {
            match answer.unwrap() {
                Ok(_) => admitted += 1,
                Err(EngineError::Busy) => busy += 1,
                Err(error) => panic!("{error}"),
            }
        }
        assert!(busy > 0 && admitted > 0, "{admitted} admitted, {busy} turned away");
        let held = engine.view(organization("org"), |view| view.account.held()).await.unwrap();
        assert_eq!(held, credits(admitted));
    }
}

#[tokio::test]
async fn an_answer_is_the_same_whether_what_is_spent_is_still_in_memory_or_not() {
    for place in Place::on_every_store() {
        let engine = place.engine();
        let org = organization("org");
        engine.execute(org.clone(), ask(Command::SetTestClock { to: JANUARY })).await.unwrap();
        fund(&engine, "org", 10).await;
        let period = Period { start: JANUARY, end: JANUARY.plus_months(1) };
        for (payment, amount) in [("spent", 300), ("left", 900)] {
            let renewal = Command::RecordPayment {
                payment: payment.parse().unwrap(),
                purpose: PaymentPurpose::Upgrade,
                paid: 1_000,
                currency: "USD".into(),
                credits: Some(credits(amount)),
                expires_at: None,
                period: Some(period),
                recharge: None,
            };
            engine.execute(org.clone(), ask(renewal)).await.unwrap();
        }
        engine.execute(org.clone(), ask(start("r1", 350))).await.unwrap();
        let told = engine.execute(org.clone(), ask(settle("r1", 350))).await.unwrap().shown.balance;
        engine.shut_down().await.unwrap();
        drop(engine);
        let engine = place.engine();
        let again = engine.view(org, |view| view.account.balance(view.policy, view.now, &Actor::default()));
        assert_eq!(again.await.unwrap(), told);
    }
}
