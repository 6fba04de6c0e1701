//! The organizations of the bench. A store of our own is filled in this process before its server starts, through the
//! engine like everything that changes accounts; on a server of somebody else's they are opened over HTTP.

use super::{
    asks::{HOLD, USED},
    stop::Stop,
    whom::{HOT, name},
};
use crate::{
    Failure,
    client::{Connection, Target},
    runtime,
};
use coulomb_server::{
    config::Config,
    engine::{Engine, EngineError, Receipt},
};
use ledger::{
    Credits, Timestamp,
    command::{Command, Request},
    event::Actor,
    id::OrganizationId,
    payment::PaymentPurpose,
    run::RunOutcome,
    subscription::{Cadence, Period, Subscription, SubscriptionStatus},
};
use std::{
    num::NonZeroUsize,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};
use store::Store;
use tokio::task::JoinSet;

/// What each payment brings, in credits.
const BILLION: &str = "1000000000";

/// The period that is paid for, and for how long credits are good.
const PERIOD: [&str; 2] = ["2026-01-01T00:00:00Z", "2099-01-01T00:00:00Z"];

/// Commands that are on their way to the engine at once: as many as it takes in well under its limit.
const AT_ONCE: usize = 4_000;

/// Organizations that a store's are opened for at once.
const CHUNK: usize = 1_000;

/// Connections that open organizations over HTTP.
const OPENING: usize = 32;

/// Sees to it that a store has the hot organization and so many numbered ones. True: they were there already.
pub fn organizations(
    store: Arc<dyn Store>,
    config: &Config,
    count: usize,
    stop: &Stop,
) -> Result<bool, Failure> {
    // They are opened in order, so the last says that all are there.
    let last: OrganizationId = name(count).parse()?;
    if store.load(&last)?.account.version() > 0 {
        return Ok(true);
    }
    with_engine(store, config, async |engine| {
        let names: Vec<String> = std::iter::once(HOT.into()).chain((1..=count).map(name)).collect();
        for some in names.chunks(CHUNK) {
            stop.check()?;
            let mut commands = Vec::with_capacity(some.len() * 4);
            for name in some {
                let organization: OrganizationId = name.parse()?;
                commands.extend(opening(name)?.into_iter().map(|command| (organization.clone(), command)));
            }
            carry_out(engine, commands).await?;
        }
        Ok(())
    })?;
    Ok(false)
}

/// Sees to it that an organization is there and has had so many runs, all closed.
pub fn closed_runs(
    store: Arc<dyn Store>,
    config: &Config,
    histories: &[(String, usize)],
    work: &str,
    stop: &Stop,
) -> Result<(), Failure> {
    let credits = |text: &str| text.parse::<Credits>();
    let (hold, used) = (credits(HOLD.0)?, credits(USED.0)?);
    with_engine(store, config, async |engine| {
        for (name, runs) in histories {
            let organization: OrganizationId = name.parse()?;
            let of = |command| (organization.clone(), command);
            carry_out(engine, opening(name)?.into_iter().map(of).collect()).await?;
            for begin in (0..*runs).step_by(CHUNK) {
                stop.check()?;
                let mut commands = Vec::new();
                for number in begin..(begin + CHUNK).min(*runs) {
                    let run: ledger::id::RunId = format!("{number:08x}-filled").parse()?;
                    let (kind, hold) = (work.parse()?, Some(hold));
                    let start = Command::Start {
                        run: run.clone(),
                        kind,
                        hold,
                        task: None,
                        member: None,
                        hold_lifetime: None,
                        metadata: None,
                    };
                    let settle = Command::Settle { run, used, outcome: RunOutcome::Succeeded };
                    commands.extend([of(start), of(settle)]);
                }
                carry_out(engine, commands).await?;
            }
        }
        Ok(())
    })
}

/// What opens an organization: its name, a subscription, and two grants of a billion credits each.
fn opening(name: &str) -> Result<[Command; 4], Failure> {
    let instant = |text: &str| text.parse::<Timestamp>();
    let period = Period { start: instant(PERIOD[0])?, end: instant(PERIOD[1])? };
    let payment = |what: &str, purpose, period: Option<Period>, expires_at| {
        Ok::<_, Failure>(Command::RecordPayment {
            payment: format!("{name}-{what}").parse()?,
            purpose,
            paid: 0,
            currency: "USD".into(),
            credits: Some(BILLION.parse()?),
            expires_at,
            period,
            recharge: None,
        })
    };
    let subscription = Subscription {
        status: SubscriptionStatus::Active,
        plan: None,
        cadence: Cadence::Monthly,
        period: Some(period),
        cancel_at: None,
        past_due_since: None,
    };
    Ok([
        Command::NameOrganization { name: format!("Bench {name}") },
        Command::ReportSubscription { subscription },
        payment("renewal", PaymentPurpose::Renewal, Some(period), None)?,
        payment("top-up", PaymentPurpose::TopUp, None, Some(period.end))?,
    ])
}

/// Works with an engine on a store that nobody else has, and writes everything in the end.
fn with_engine(
    store: Arc<dyn Store>,
    config: &Config,
    work: impl AsyncFnOnce(&Engine) -> Result<(), Failure>,
) -> Result<(), Failure> {
    runtime(1)?.block_on(async {
        let engine = Engine::start(store, config.policy.clone(), config.engine.clone());
        let done = work(&engine).await;
        engine.shut_down().await?;
        done
    })
}

/// Carries out commands in the order of each organization's, a few thousand at a time.
async fn carry_out(engine: &Engine, commands: Vec<(OrganizationId, Command)>) -> Result<(), Failure> {
    let mut requests = commands
        .into_iter()
        .map(|(organization, command)| (organization, Request::new(command, Actor::default(), None)));
    loop {
        let some: Vec<_> = requests.by_ref().take(AT_ONCE).collect();
        if some.is_empty() {
            return Ok(());
        }
        let answers: Vec<Result<Receipt, EngineError>> = engine.execute_all(some).await?;
        answers.into_iter().collect::<Result<Vec<_>, _>>()?;
    }
}

/// Opens organizations on a server over HTTP, and gives them credits. Everything has an id of its own, so that a second time
/// changes nothing.
pub async fn over_http(target: &Target, count: NonZeroUsize) -> Result<(), Failure> {
    // The hot one alone: a server that cannot be reached, or a key that does not work, is said once.
    open(&mut Connection::new(target.clone()), HOT).await?;
    let next = Arc::new(AtomicUsize::new(1));
    let mut openers = JoinSet::new();
    for _ in 0..OPENING {
        let (next, mut connection) = (Arc::clone(&next), Connection::new(target.clone()));
        openers.spawn(async move {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number > count.get() {
                    return Ok(());
                }
                open(&mut connection, &name(number)).await?;
            }
        });
    }
    while let Some(opened) = openers.join_next().await {
        let opened: Result<(), String> = opened?;
        opened?;
    }
    Ok(())
}

async fn open(connection: &mut Connection, organization: &str) -> Result<(), String> {
    // From an earlier run there may be everything already; repeating each fact would cost the server more than a look.
    let balance = format!("/v1/organizations/{organization}/balance");
    let known =
        connection.call("GET", &balance, b"").await.map_err(|error| unreachable_at(&balance, &error))?;
    if known.is_success() && String::from_utf8_lossy(known.body).contains(r#""can_start":true"#) {
        return Ok(());
    }
    let [start, end] = PERIOD;
    let period = format!(r#""period_start":"{start}","period_end":"{end}""#);
    let paid = format!(r#""paid":0,"currency":"USD","credits":"{BILLION}""#);
    let calls = [
        ("PUT", "", format!(r#"{{"name":"Bench {organization}"}}"#)),
        ("PUT", "/subscription", format!(r#"{{"status":"active","cadence":"monthly",{period}}}"#)),
        (
            "POST",
            "/payments",
            format!(r#"{{"id":"{organization}-renewal","purpose":"renewal",{paid},{period}}}"#),
        ),
        (
            "POST",
            "/payments",
            format!(r#"{{"id":"{organization}-top-up","purpose":"top_up",{paid},"expires_at":"{end}"}}"#),
        ),
    ];
    for (method, path, body) in calls {
        let path = format!("/v1/organizations/{organization}{path}");
        let answer = connection.call(method, &path, body.as_bytes()).await;
        let answer = answer.map_err(|error| unreachable_at(&path, &error))?;
        if !answer.is_success() {
            let said = String::from_utf8_lossy(answer.body);
            return Err(format!("{method} {path} was answered {}: {said}", answer.status));
        }
    }
    Ok(())
}

fn unreachable_at(path: &str, error: &std::io::Error) -> String {
    format!("{path} was not answered: {error}. Is the server running there?")
}
