//! `coulomb serve`: the server, from an open store to a clean stop. The demonstration runs the same one.
#![allow(clippy::print_stdout, reason = "one line says where the server listens; scripts wait for it")]

use crate::{
    Failure, runtime,
    settings::{Settings, open},
    staff::Staff,
};
use axum::Router;
use clap::{Args, ValueEnum};
use coulomb_server::{
    auth::Keys,
    config::{self, Config, ProviderKind},
    connections,
    engine::Engine,
    http, jobs, telemetry, web,
};
use std::{io::ErrorKind, net::SocketAddr, process::ExitCode, sync::Arc, time::Duration};
use store::Store;
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
    sync::{oneshot, watch},
    task::JoinHandle,
};

const AFTER: &str = "\
Flags override environment variables, which override the file, which overrides the defaults. When it is ready it prints
one line with its address. SIGTERM or Ctrl-C stops it: it accepts nothing more, finishes what it is answering, writes
everything, and exits with 0. Killed at any other moment it loses nothing that was answered.

A data directory has one server. A database may have many, each of which serves every organization. A password is better
kept in COULOMB_DATABASE or in the file than given with --database, because others on the machine can read command lines.

Examples:
  coulomb serve
  coulomb serve --data /var/lib/coulomb --listen 0.0.0.0:8988 --public-url https://credits.example.com
  coulomb serve --config /etc/coulomb.toml
  coulomb serve --database 'postgres://coulomb@db/coulomb?sslmode=verify-full'
  coulomb serve --sandbox --data try-out       With test clocks for organizations";

/// How long a revoked key may go on working.
const KEYS_FRESH: Duration = Duration::from_secs(2);

/// Run the server
#[derive(Args)]
#[command(after_help = AFTER)]
pub struct Serve {
    #[command(flatten)]
    settings: Settings,

    /// Address and port to listen on; port 0 takes a free one [default: 127.0.0.1:8988]
    #[arg(long, value_name = "ADDR:PORT", env = "COULOMB_LISTEN", hide_env_values = true)]
    listen: Option<SocketAddr>,

    /// Where people and hosts reach this server, for links in answers [default: the address it listens on]
    #[arg(long, value_name = "URL", env = "COULOMB_PUBLIC_URL", hide_env_values = true,
          value_parser = config::parse_public_url)]
    public_url: Option<String>,

    /// Who takes the money [default: external]
    #[arg(long, value_enum)]
    provider: Option<Takes>,

    /// Allow test clocks of organizations, and the sandbox provider's pages; never where money is real
    #[arg(long)]
    sandbox: bool,

    /// Which messages: error, warn, info, debug or trace [default: info]
    #[arg(long, value_name = "LEVEL", env = "COULOMB_LOG", hide_env_values = true)]
    log: Option<String>,
}

/// The payment providers there are.
#[derive(Clone, Copy, ValueEnum)]
enum Takes {
    /// The host reports payments, refunds and disputes of its own provider
    External,
    /// Coulomb's own, for trying things out: no money moves
    Sandbox,
    /// Stripe, set up in the configuration
    Stripe,
}

impl Serve {
    /// Serves until it is told to stop.
    pub fn run(self) -> Result<ExitCode, Failure> {
        let config = self.config()?;
        telemetry::log(&config.log);
        let store = open(&config.data)?;
        runtime(config.server.http_threads.get())?.block_on(async {
            let running = Running::start(&config, store, self.sandbox).await?;
            // Whoever reads that it is ready may stop it at once.
            let stop = stop_asked()?;
            println!("coulomb listening on http://{}", running.address());
            tracing::info!(address = %running.address(), data = %config.data, "ready");
            stop.await;
            tracing::info!("stopping");
            running.stop().await?;
            Ok(ExitCode::SUCCESS)
        })
    }

    fn config(&self) -> Result<Config, Failure> {
        let mut config = self.settings.load()?;
        if let Some(listen) = self.listen {
            config.server.listen = listen;
        }
        if let Some(url) = &self.public_url {
            config.server.public_url = Some(url.clone());
        }
        if let Some(takes) = self.provider {
            config.provider.kind = match takes {
                Takes::External => ProviderKind::External,
                Takes::Sandbox => ProviderKind::Sandbox,
                Takes::Stripe => ProviderKind::Stripe,
            };
        }
        if let Some(level) = &self.log {
            config.log.set_level(level)?;
        }
        let config = config.complete()?;
        if config.provider.kind == ProviderKind::Sandbox && !self.sandbox {
            return Err("The provider sandbox takes no money: run it with --sandbox, which says that none is meant to be.".into());
        }
        Ok(config)
    }
}

/// A server that runs.
pub struct Running {
    address: SocketAddr,
    engine: Engine,
    jobs: Vec<JoinHandle<()>>,
    http: JoinHandle<()>,
    stop: oneshot::Sender<()>,
    /// Tells pages that follow a balance to go.
    closing: watch::Sender<bool>,
    shutdown_timeout: Duration,
}

impl Running {
    /// Starts the engine, the jobs and HTTP on a store that is open.
    pub async fn start(config: &Config, store: Arc<dyn Store>, sandbox: bool) -> Result<Running, Failure> {
        Running::start_beside(config, store, sandbox, |_| Ok(Router::new())).await
    }

    /// The same, with routes of somebody else's beside its own, who is told the server's address.
    pub async fn start_beside(
        config: &Config,
        store: Arc<dyn Store>,
        sandbox: bool,
        others: impl FnOnce(&str) -> Result<Router, Failure>,
    ) -> Result<Running, Failure> {
        let listener = listen(config.server.listen).await?;
        let address = listener.local_addr()?;
        let metrics = telemetry::metrics()?;
        let keys = {
            let store = Arc::clone(&store);
            tokio::task::spawn_blocking(move || Keys::load(store)).await??
        };
        let public_url = config.server.public_url.clone().unwrap_or_else(|| format!("http://{address}"));
        let others = others(&public_url)?;
        let Staff { engine, cashier, notices } = Staff::new(config, store, &public_url)?;
        let mut jobs = vec![
            tokio::spawn(jobs::sweeper::run(engine.clone())),
            tokio::spawn(keys.clone().keep_fresh(KEYS_FRESH)),
            tokio::spawn(telemetry::upkeep(metrics.clone())),
            tokio::spawn(notices.clone().run(engine.clone())),
        ];
        if cashier.provider().sells() {
            jobs.push(tokio::spawn(cashier.clone().run()));
            let (every, window) = (config.provider.reconcile_every, config.provider.reconcile_window);
            jobs.push(tokio::spawn(cashier.clone().reconcile_forever(every, window)));
        }
        let crowded = http::crowded(public_url.clone());
        let settings = http::HttpSettings {
            sandbox,
            public_url,
            body_bytes_max: config.server.body_bytes_max,
            request_timeout: config.server.request_timeout,
            streams_max: config.server.streams_max,
            recharge_wait_max: config.provider.recharge_wait_max,
            console: config.console.clone(),
        };
        let (closing, closed) = watch::channel(false);
        let mut app = http::App::new(engine.clone(), keys, settings).closing_with(closed);
        (app.cashier, app.metrics, app.notices) = (cashier, Some(metrics), Some(notices));
        jobs.push(tokio::spawn(app.sessions.clone().clear_away(engine.changes().clone())));
        let router = web::router(app).merge(others);
        let (stop, stopped) = oneshot::channel::<()>();
        let stopped = async {
            // Whoever drops the sender wants the server stopped as well.
            let _ = stopped.await;
        };
        let limits = config.server.connections();
        connections::allow(limits.connections_max);
        let http = tokio::spawn(connections::serve(listener, limits, router, crowded, stopped));
        let shutdown_timeout = config.server.shutdown_timeout;
        Ok(Running { address, engine, jobs, http, stop, closing, shutdown_timeout })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Accepts nothing more, finishes what is being answered, and writes everything.
    pub async fn stop(self) -> Result<(), Failure> {
        let _ = self.stop.send(());
        self.closing.send_replace(true);
        match tokio::time::timeout(self.shutdown_timeout, self.http).await {
            Ok(finished) => finished?,
            Err(_) => {
                tracing::warn!("requests were still being answered when server.shutdown_timeout was over")
            }
        }
        self.jobs.iter().for_each(JoinHandle::abort);
        self.engine.shut_down().await?;
        Ok(())
    }
}

async fn listen(address: SocketAddr) -> Result<TcpListener, String> {
    TcpListener::bind(address).await.map_err(|error| match error.kind() {
        ErrorKind::AddrInUse => format!(
            "Port {} is taken: something else listens on {address}. Stop it, or choose another port with --listen {}:PORT; \
             port 0 takes a free one.",
            address.port(),
            address.ip()
        ),
        _ => format!("It cannot listen on {address}: {error}."),
    })
}

/// Listens from now on for whoever wants the process to end, SIGTERM from whoever runs services or SIGINT from a terminal,
/// and waits for that.
pub fn stop_asked() -> std::io::Result<impl Future<Output = ()>> {
    let mut terminated = signal(SignalKind::terminate())?;
    let mut interrupted = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminated.recv() => {}
            _ = interrupted.recv() => {}
        }
    })
}
