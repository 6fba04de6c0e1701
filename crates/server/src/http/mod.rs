//! HTTP: the contract's routes over the engine. A handler turns the wire into a command, asks, and turns the answer into
//! the wire; what is true of every answer is in `conventions`, who may call what in `access`, and the two meet in
//! `extract`. What the rules' types look like on the wire is in `wire`. Then one file per resource.
#![allow(
    unused_qualifications,
    reason = "what utoipa makes of `params(…)` names types by more than is needed"
)]

pub mod access;
pub(crate) mod books;
pub(crate) mod conventions;
pub(crate) mod extract;
pub(crate) mod form;
pub(crate) mod reading;
pub(crate) mod wire;

mod auto_recharge;
mod balance;
mod batch;
mod catalog;
mod checkout;
mod debts;
mod document;
mod explanation;
pub(crate) mod export;
mod grants;
mod health;
mod members;
mod notices;
mod organizations;
mod payments;
mod preview;
mod runs;
mod sandbox;
mod sessions;
pub(crate) mod stream;
mod subscription;
mod tasks;
pub(crate) mod usage;
mod webhooks;

pub use conventions::crowded;
pub use document::document;

use crate::{
    auth::Keys,
    copy::{Copy, Language},
    engine::Engine,
    memos::Memos,
    notices::Notices,
    payments::{
        cashier::{Cashier, Till},
        provider::Provider,
    },
    sessions::{Lifetimes, Sessions},
};
use axum::{
    Router,
    http::{HeaderName, Method, header},
    middleware,
    routing::{get, post},
};
use metrics_exporter_prometheus::PrometheusHandle;
use std::{sync::Arc, time::Duration};
use tokio::sync::{Semaphore, watch};
use tower_http::{
    catch_panic::CatchPanicLayer,
    cors::{AllowOrigin, CorsLayer},
};
use utoipa_axum::{router::OpenApiRouter, routes};

/// What HTTP is told by the configuration.
#[derive(Clone, Debug)]
pub struct HttpSettings {
    /// Whether organizations may have test clocks.
    pub sandbox: bool,
    /// Where people and hosts reach this server, for links in answers; no slash at the end.
    pub public_url: String,
    /// The largest request body in bytes.
    pub body_bytes_max: usize,
    /// The longest a request may take.
    pub request_timeout: Duration,
    /// Pages that may follow a balance at once.
    pub streams_max: usize,
    /// The longest that a start waits for an automatic purchase.
    pub recharge_wait_max: Duration,
    /// The console's pages.
    pub console: ConsoleSettings,
}

/// What the console's pages are told by the configuration.
#[derive(Clone, Debug, Default)]
pub struct ConsoleSettings {
    /// For how long sessions and their links work.
    pub lifetimes: Lifetimes,
    /// The language of the pages.
    pub language: Language,
    /// Origins whose pages may show ours in a frame.
    pub frame_ancestors: Vec<String>,
    /// Origins whose pages may ask the API with a member's session: where the components are embedded.
    pub embed_origins: Vec<String>,
}

impl Default for HttpSettings {
    fn default() -> HttpSettings {
        HttpSettings {
            sandbox: false,
            public_url: String::new(),
            body_bytes_max: 1 << 20,
            request_timeout: Duration::from_secs(30),
            streams_max: 1_000,
            recharge_wait_max: Duration::from_secs(10),
            console: ConsoleSettings::default(),
        }
    }
}

/// Everything that handlers reach.
pub struct App {
    /// The one door to accounts.
    pub engine: Engine,
    /// Who may ask.
    pub keys: Keys,
    /// Which members may, in their browsers.
    pub sessions: Sessions,
    /// Where money is concerned.
    pub cashier: Cashier,
    /// What the configuration says.
    pub settings: HttpSettings,
    /// What pages say.
    pub copy: Copy,
    /// Renders the figures for Prometheus; none: `/metrics` is empty.
    pub metrics: Option<PrometheusHandle>,
    /// Who is told what happens; none: nobody.
    pub notices: Option<Notices>,
    /// Places for pages that follow a balance.
    streams: Arc<Semaphore>,
    /// True when the server stops, so that nobody goes on following.
    closing: watch::Receiver<bool>,
}

impl App {
    /// What handlers reach, with a provider outside and nothing on sale.
    pub fn new(engine: Engine, keys: Keys, settings: HttpSettings) -> App {
        let cashier = Cashier::new(Provider::External, engine.clone(), Till::default());
        let streams = Arc::new(Semaphore::new(settings.streams_max.min(Semaphore::MAX_PERMITS)));
        let memos = Memos::new(Arc::clone(engine.store()));
        let sessions = Sessions::new(memos, settings.console.lifetimes);
        let copy = Copy::of(settings.console.language);
        let (metrics, notices, closing) = (None, None, watch::channel(false).1);
        App { engine, keys, sessions, cashier, copy, settings, metrics, notices, streams, closing }
    }

    /// As it is, but ending what goes on for ever when this says so.
    pub fn closing_with(self, closing: watch::Receiver<bool>) -> App {
        App { closing, ..self }
    }
}

/// Every route, ready to be served, with these pages beside them.
pub fn router(app: App, pages: impl FnOnce(&Arc<App>) -> Router<Arc<App>>) -> Router {
    let app = Arc::new(app);
    let (routes, document) = api().split_for_parts();
    let document = document::finished(document);
    let text: Arc<str> = document::text(&document).into();
    let routes = routes
        .route("/v1/openapi.json", get(move || document::serve(Arc::clone(&text))))
        .route("/v1/webhooks/stripe", post(webhooks::stripe))
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(health::metrics))
        .route("/sandbox/coulomb.css", get(sandbox::style))
        .route("/sandbox/checkout/{org}/{token}", get(sandbox::show_checkout).post(sandbox::pay))
        .route("/sandbox/portal/{org}/{token}", get(sandbox::show_portal).post(sandbox::act))
        .route("/sandbox/invoices/{org}/{token}/{invoice}", get(sandbox::show_invoice))
        .merge(pages(&app));
    around(routes, app)
}

/// Lets pages of these origins ask with a member's session, which they send themselves: no cookie comes along.
fn embedding(origins: &[String]) -> CorsLayer {
    let origins = origins.iter().filter_map(|origin| origin.parse().ok());
    CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins))
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::DELETE])
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            HeaderName::from_static("idempotency-key"),
        ])
        .max_age(PREFLIGHT)
}

/// For how long a browser remembers which pages may ask.
const PREFLIGHT: Duration = Duration::from_secs(600);

/// What holds for every answer, around these routes.
fn around(routes: Router<Arc<App>>, app: Arc<App>) -> Router {
    let routes = routes
        .fallback(conventions::not_found)
        .method_not_allowed_fallback(conventions::method_not_allowed)
        // One layer of two, from the outside in: each `layer` would be another box around every request.
        .layer((
            middleware::from_fn_with_state(Arc::clone(&app), conventions::conventions),
            CatchPanicLayer::custom(conventions::panicked),
        ));
    match &*app.settings.console.embed_origins {
        [] => routes,
        origins => routes.layer(embedding(origins)),
    }
    .with_state(app)
}

/// The routes of the contract, each registered once for serving and for the document.
fn api() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(runs::start_run, runs::list_runs))
        .routes(routes!(runs::get_run))
        .routes(routes!(runs::record_usage))
        .routes(routes!(runs::settle_run))
        .routes(routes!(runs::release_run))
        .routes(routes!(runs::charge))
        .routes(routes!(batch::batch))
        .routes(routes!(balance::get_balance))
        .routes(routes!(organizations::list_organizations))
        .routes(routes!(organizations::put_organization, organizations::get_organization))
        .routes(routes!(organizations::suspend, organizations::lift_suspension))
        .routes(routes!(members::list_members))
        .routes(routes!(members::put_member, members::remove_member))
        .routes(routes!(members::transfer_ownership))
        .routes(routes!(notices::get_notice_choices, notices::put_notice_choices))
        .routes(routes!(notices::list_dead_notices))
        .routes(routes!(notices::replay_notice))
        .routes(routes!(tasks::list_tasks))
        .routes(routes!(tasks::put_task))
        .routes(routes!(tasks::resume_task))
        .routes(routes!(grants::list_grants, grants::create_grant))
        .routes(routes!(debts::list_debts))
        .routes(routes!(debts::write_off))
        .routes(routes!(books::list_events))
        .routes(routes!(books::list_entries))
        .routes(routes!(sessions::create_session))
        .routes(routes!(explanation::get_explanation))
        .routes(routes!(preview::preview))
        .routes(routes!(usage::get_usage))
        .routes(routes!(export::export_csv))
        .routes(routes!(catalog::get_catalog))
        .routes(routes!(auto_recharge::put_auto_recharge))
        .routes(routes!(payments::list_payments, payments::report_payment))
        .routes(routes!(payments::report_refund))
        .routes(routes!(payments::fail_refund))
        .routes(routes!(payments::report_dispute))
        .routes(routes!(payments::close_dispute))
        .routes(routes!(payments::put_payment_method))
        .routes(routes!(auto_recharge::decline_recharge))
        .routes(routes!(subscription::put_subscription))
        .routes(routes!(subscription::preview_change))
        .routes(routes!(subscription::change_subscription, subscription::withdraw_change))
        .routes(routes!(subscription::cancel_subscription))
        .routes(routes!(subscription::resume_subscription))
        .routes(routes!(checkout::create_checkout))
        .routes(routes!(checkout::create_portal))
        .routes(routes!(checkout::list_invoices))
        .routes(routes!(stream::follow))
        .routes(routes!(sandbox::set_clock))
        .routes(routes!(sandbox::put_card))
}
