//! The question `start`: how soon a server answers that has very many organizations, after it was stopped and after it was
//! killed, and how much memory it takes.

use super::{
    Bench,
    asks::What,
    disk,
    figures::{Figures, Goal, Rounds, header, middle},
    places::Scratch,
    processes::Memory,
    served::{Access, Place, Server},
    site::Site,
    stop::Stop,
    whom::{Whom, name},
};
use crate::{Failure, client::Connection};
use coulomb_server::{clock::stopwatch, config::Config};
use std::num::NonZeroUsize;

/// Seconds to the first answer.
const SECONDS: f64 = 1.0;

/// MiB of memory of its own.
const MIB: f64 = 300.0;

/// Starts a server again and again.
pub fn ask(bench: &Bench, config: &Config, stop: &Stop, scratch: &Scratch) -> Result<bool, Failure> {
    let Some(count) = bench.growth.last().copied() else { return Ok(false) };
    println!(
        "\nstart: How soon does a server answer that has {count} organizations, and how much memory does it take?"
    );
    let dir = scratch.filled(config, count.get(), stop)?;
    // One key for all starts: opening the store to make another would do what the start is to be measured with.
    let access = Access::new(&Place::Directory(dir.clone()))?;
    println!("\n{:34} {:>12} of rounds", "from its start to its first answer", "median ms");
    let (mut stopped, mut killed) = (Vec::new(), Vec::new());
    let mut last = None;
    let mut troubled = false;
    for _ in 0..bench.rounds.get() {
        stop.check()?;
        let (server, ms) = first_answer(&access, bench, count)?;
        stopped.push(ms);
        let idle = Memory::of(server.process());
        let mut site = Site::new(bench, config, stop, server.target().clone());
        site.process = Some(server.process());
        let line = site.line(Whom::Spread(count), What::Runs, bench.usual_connections());
        let figures = Figures::from(&site.ask(&line)?);
        last = Some((idle, Memory::of(server.process()), figures));
        troubled |= site.is_troubled();
        // Under load, or there would be no events that no row stands for yet.
        server.kill();
        let (server, ms) = first_answer(&access, bench, count)?;
        killed.push(ms);
        server.stop()?;
        disk::settle_down(&dir)?;
    }
    access.end()?;
    let slowest =
        row("after it was stopped", &mut stopped).max(row("after it was killed under load", &mut killed));
    if let Some((idle, loaded, figures)) = last {
        println!("\n{}", header(""));
        println!("{}", Rounds(vec![figures]).row(&format!("spread, {count} organizations"), ""));
        memory("after its first answer", idle);
        memory("after that load", loaded);
        println!("{}", Goal::AtMost(SECONDS).judged("start", slowest / 1e3, 3, " s"));
        if let Some(memory) = loaded {
            println!("{}", Goal::AtMost(MIB).judged("peak of memory", mib(memory.peak), 0, " MiB"));
        }
    }
    Ok(troubled)
}

/// A server that has answered, and after how many milliseconds.
fn first_answer(access: &Access, bench: &Bench, count: NonZeroUsize) -> Result<(Server, f64), Failure> {
    let begun = stopwatch();
    let server = Server::start(access, bench.config.as_deref())?;
    let path = format!("/v1/organizations/{}/balance", name(count.get().div_ceil(2)));
    let asking = async {
        let mut connection = Connection::new(server.target().clone());
        Ok::<_, Failure>(connection.call("GET", &path, b"").await?.status)
    };
    let status = tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(asking)?;
    let ms = begun.elapsed().as_secs_f64() * 1e3;
    match status {
        200 => Ok((server, ms)),
        _ => Err(format!("GET {path} was answered {status}: are the organizations there?").into()),
    }
}

/// Prints a row, and gives its median.
fn row(name: &str, ms: &mut [f64]) -> f64 {
    ms.sort_unstable_by(f64::total_cmp);
    let (least, most) = (ms.first().unwrap_or(&0.0), ms.last().unwrap_or(&0.0));
    println!("{name:34} {:12.1} {least:.1}–{most:.1}", middle(ms));
    middle(ms)
}

/// Says how much memory a server has.
pub fn memory(when: &str, memory: Option<Memory>) {
    match memory {
        None => println!("memory {when}: this machine does not say"),
        Some(Memory { resident, anonymous, files, peak }) => println!(
            "memory {when}: {:.0} MiB resident: {:.0} of its own and {:.0} of mapped files, which others may have back; \
             {:.0} at its peak",
            mib(resident),
            mib(anonymous),
            mib(files),
            mib(peak)
        ),
    }
}

/// Bytes in MiB.
pub fn mib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}
