//! Connections: so many at a time, and none that waits for ever (TRUST T17). What is asked on them is the router's.

use axum::{Router, serve::Listener};
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
    service::TowerToHyperService,
};
use std::{pin::pin, sync::Arc, time::Duration};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
};

/// How many that are too many are told so at a time; others are closed.
const TOLD_MAX: usize = 64;

/// How long one that is told so may take.
const TOLD_WITHIN: Duration = Duration::from_secs(5);

/// What a connection may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections at a time.
    pub connections_max: usize,
    /// How long one may wait between requests, and take over the head of one.
    pub idle_timeout: Duration,
    /// The largest head of a request in bytes; beyond it the answer is 431.
    pub head_bytes_max: usize,
}

/// Serves whoever connects until it is to stop, then finishes what is being answered. Those that are too many are served by
/// `crowded`, once.
pub async fn serve(
    mut listener: TcpListener,
    limits: Limits,
    router: Router,
    crowded: Router,
    stop: impl Future<Output = ()>,
) {
    let places = Arc::new(Semaphore::new(limits.connections_max.min(Semaphore::MAX_PERMITS)));
    let told = Arc::new(Semaphore::new(TOLD_MAX));
    let usual = http(limits.head_bytes_max, limits.idle_timeout);
    let mut once = http(limits.head_bytes_max, TOLD_WITHIN);
    once.keep_alive(false);
    let answering = GracefulShutdown::new();
    let mut stop = pin!(stop);
    loop {
        let stream = tokio::select! {
            // An error is waited out there: the process may be out of files.
            (stream, _) = Listener::accept(&mut listener) => stream,
            () = &mut stop => break,
        };
        let (http, router, place) = match Arc::clone(&places).try_acquire_owned() {
            Ok(place) => (&usual, &router, place),
            Err(_) => {
                metrics::counter!("coulomb_connections_refused_total").increment(1);
                match Arc::clone(&told).try_acquire_owned() {
                    Ok(place) => (&once, &crowded, place),
                    Err(_) => continue,
                }
            }
        };
        set_up(&stream, &limits);
        let service = TowerToHyperService::new(router.clone());
        let connection = answering.watch(http.serve_connection(TokioIo::new(stream), service));
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection broke");
            }
            drop(place);
        });
    }
    drop(listener);
    answering.shutdown().await;
}

fn http(head_bytes_max: usize, idle_timeout: Duration) -> http1::Builder {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(idle_timeout).max_header_size(head_bytes_max);
    http
}

/// Answers are written whole, so nothing is gained by holding back the end of one (Nagle's algorithm). Whoever takes nothing of
/// what was sent for so long is gone.
fn set_up(stream: &TcpStream, limits: &Limits) {
    let set = stream.set_nodelay(true);
    #[cfg(target_os = "linux")]
    let set = set.and_then(|()| {
        let timeout = u32::try_from(limits.idle_timeout.as_millis()).unwrap_or(u32::MAX);
        Ok(rustix::net::sockopt::set_tcp_user_timeout(stream, timeout)?)
    });
    if let Err(error) = set {
        tracing::debug!(%error, "a connection keeps the system's settings");
    }
}

/// Lets this process have as many connections and files open as the system allows it to; says where that is too few.
pub fn allow(connections_max: usize) {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, getrlimit, setrlimit};
        let mut limit = getrlimit(Resource::Nofile);
        let wanted = u64::try_from(connections_max).unwrap_or(u64::MAX).saturating_add(FILES);
        if limit.current.is_some_and(|current| current < wanted) {
            limit.current = limit.maximum.map_or(Some(wanted), |most| Some(most.min(wanted)));
            if let Err(error) = setrlimit(Resource::Nofile, limit) {
                tracing::debug!(%error, "the limit on open files stays");
            }
        }
        if let Some(current) = getrlimit(Resource::Nofile).current.filter(|current| *current < wanted) {
            tracing::warn!(
                files = current,
                wanted,
                "the system allows fewer open files than server.connections_max needs (ulimit -n, LimitNOFILE)"
            );
        }
    }
}

/// Files that are no connections of clients: of the store, of providers, of hosts that are told.
#[cfg(unix)]
const FILES: u64 = 256;
