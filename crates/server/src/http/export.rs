//! Exports as CSV, read from the store page by page while they are sent, so that their size costs no memory.

use super::{
    App,
    books::{at_text, facts_text},
    extract::{Caller, Ids, LIMIT_MAX, Query},
};
use crate::error::ApiError;
use api::{books::GrantKind, books::GrantSource, books::GrantState};
use axum::{
    body::{Body, Bytes},
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use futures_core::Stream;
use ledger::{Duration, Timestamp, chain, id::OrganizationId};
use serde::Deserialize;
use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};
use store::{Fault, Store, record};
use tokio::sync::mpsc;
use utoipa::{IntoParams, ToSchema};

/// What to export.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// Usage by hour, kind of work, member and task, oldest first.
    #[default]
    Usage,
    /// Grants, newest first.
    Grants,
    /// The ledger, oldest first.
    Events,
}

/// What to export.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ExportQuery {
    /// `usage` unless given.
    #[param(inline)]
    what: Option<What>,
}

/// Export as CSV
///
/// One line for each row under a line of names. A cell that a spreadsheet would take for a formula begins with an apostrophe.
#[utoipa::path(
    get, path = "/v1/organizations/{org}/export.csv", tag = "account", params(ExportQuery),
    responses((status = 200, description = "The rows.", body = String, content_type = "text/csv"))
)]
pub async fn export_csv(
    State(app): State<Arc<App>>,
    caller: Caller,
    Ids(organization): Ids<OrganizationId>,
    Query(query): Query<ExportQuery>,
) -> Result<Response, ApiError> {
    exported(&app, &caller, organization, query).await
}

/// The export as an answer; the console's page of the same name sends the same bytes. No byte order mark: what a
/// spreadsheet shows in columns is ASCII (ids, numbers, instants), and programs would take the mark for a part of the first
/// column's name.
pub async fn exported(
    app: &App,
    caller: &Caller,
    organization: OrganizationId,
    query: ExportQuery,
) -> Result<Response, ApiError> {
    let what = query.what.unwrap_or_default();
    let look = |view: crate::engine::View<'_>, _| (view.account.core().entitled, view.now);
    let (entitled, now) = app.read(caller, organization.clone(), look).await?;
    app.engine.written(organization.clone()).await?;
    let store = Arc::clone(app.engine.store());
    let (pages, received) = mpsc::channel(2);
    let name = format!("attachment; filename=\"{organization}-{}.csv\"", word(what));
    tokio::task::spawn_blocking(move || {
        let table = Table { store: &*store, organization: &organization, entitled, now, pages: &pages };
        let done = match what {
            What::Usage => table.usage(),
            What::Grants => table.grants(),
            What::Events => table.events(),
        };
        if let Err(Stop::Fault(fault)) = done {
            tracing::error!(error = %fault, "an export was cut short");
            // The reader is gone or learns by this that the file is not whole.
            let _ = pages.blocking_send(Err(io::Error::other("the store could not be read to the end")));
        }
    });
    let mut response = Body::from_stream(Pages(received)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8"));
    headers.extend(HeaderValue::try_from(name).ok().map(|name| (header::CONTENT_DISPOSITION, name)));
    Ok(response)
}

fn word(what: What) -> &'static str {
    match what {
        What::Usage => "usage",
        What::Grants => "grants",
        What::Events => "events",
    }
}

/// Pages as they are written.
struct Pages(mpsc::Receiver<io::Result<Bytes>>);

impl Stream for Pages {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        self.0.poll_recv(context)
    }
}

/// Why writing ended early.
enum Stop {
    /// Nobody reads any more.
    Gone,
    /// The store failed.
    Fault(Fault),
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Stop {
        Stop::Fault(fault)
    }
}

struct Table<'a> {
    store: &'a dyn Store,
    organization: &'a OrganizationId,
    entitled: bool,
    now: Timestamp,
    pages: &'a mpsc::Sender<io::Result<Bytes>>,
}

impl Table<'_> {
    /// Sends some lines; waits where the reader is slow.
    fn send<const CELLS: usize>(&self, lines: impl IntoIterator<Item = [String; CELLS]>) -> Result<(), Stop> {
        let mut page = csv::Writer::from_writer(Vec::new());
        for line in lines {
            page.write_record(line.map(inert)).expect("writing to memory does not fail");
        }
        let bytes = page.into_inner().expect("writing to memory does not fail");
        if bytes.is_empty() {
            return Ok(());
        }
        self.pages.blocking_send(Ok(bytes.into())).map_err(|_| Stop::Gone)
    }

    fn usage(&self) -> Result<(), Stop> {
        self.send([["hour", "kind", "member", "task", "credits", "runs", "refused"].map(String::from)])?;
        let first = self.store.events(self.organization, 0, 1)?;
        let Some(first) = first.first() else { return Ok(()) };
        let mut from = record::decode(&first.bytes)?.at.hour_start();
        let end = self.now.after(Duration::hours(1));
        while from < end {
            let to = from.after(Duration::days(31)).min(end);
            let rows = self.store.usage(self.organization, from, to)?;
            self.send(rows.iter().map(|row| {
                let (key, sums) = (&row.key, &row.sums);
                [
                    at_text(key.hour),
                    key.kind.to_string(),
                    key.member.as_ref().map_or_else(String::new, ToString::to_string),
                    key.task.as_ref().map_or_else(String::new, ToString::to_string),
                    sums.credits.to_string(),
                    sums.runs.to_string(),
                    sums.refused.to_string(),
                ]
            }))?;
            from = to;
        }
        Ok(())
    }

    fn grants(&self) -> Result<(), Stop> {
        let names = [
            "grant",
            "kind",
            "source",
            "state",
            "amount",
            "free",
            "held",
            "used",
            "settled",
            "frozen",
            "expired",
            "revoked",
            "priority",
            "payment",
            "granted_at",
            "effective_at",
            "expires_at",
        ];
        self.send([names.map(String::from)])?;
        let mut before = None;
        loop {
            let page = self.store.grants(self.organization, before, LIMIT_MAX)?;
            self.send(page.rows.iter().map(|grant| {
                let shown = super::wire::grant(grant, self.entitled, self.now);
                [
                    shown.id.to_string(),
                    kind(shown.kind).into(),
                    source(shown.source).into(),
                    state(shown.state).into(),
                    shown.amount.to_string(),
                    shown.free.to_string(),
                    shown.held.to_string(),
                    shown.used.to_string(),
                    shown.settled.to_string(),
                    shown.frozen.to_string(),
                    shown.expired.to_string(),
                    shown.revoked.to_string(),
                    shown.priority.to_string(),
                    shown.payment.map_or_else(String::new, |payment| payment.to_string()),
                    shown.granted_at.to_string(),
                    shown.effective_at.to_string(),
                    shown.expires_at.map_or_else(String::new, |at| at.to_string()),
                ]
            }))?;
            before = page.next;
            if before.is_none() {
                return Ok(());
            }
        }
    }

    fn events(&self) -> Result<(), Stop> {
        self.send([["seq", "at", "type", "by", "member", "data", "hash"].map(String::from)])?;
        let mut after = 0;
        loop {
            let page = self.store.events(self.organization, after, LIMIT_MAX)?;
            let Some(last) = page.last() else { return Ok(()) };
            after = last.seq;
            let lines: Result<Vec<[String; 7]>, Fault> = page
                .iter()
                .map(|event| {
                    let recorded = record::decode(&event.bytes)?;
                    let by = &recorded.by;
                    Ok([
                        recorded.seq.to_string(),
                        at_text(recorded.at),
                        recorded.event.name().into(),
                        by.key.as_ref().map_or_else(String::new, ToString::to_string),
                        by.member.as_ref().map_or_else(String::new, ToString::to_string),
                        facts_text(&recorded),
                        chain::hex(&event.hash),
                    ])
                })
                .collect();
            self.send(lines?)?;
        }
    }
}

/// A cell that no spreadsheet takes for a formula.
fn inert(cell: String) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{cell}") } else { cell }
}

fn kind(kind: GrantKind) -> &'static str {
    match kind {
        GrantKind::Included => "included",
        GrantKind::Purchased => "purchased",
        GrantKind::Promotional => "promotional",
    }
}

fn source(source: GrantSource) -> &'static str {
    match source {
        GrantSource::Subscription => "subscription",
        GrantSource::TopUp => "top_up",
        GrantSource::AutoRecharge => "auto_recharge",
        GrantSource::Restitution => "restitution",
        GrantSource::Operator => "operator",
    }
}

fn state(state: GrantState) -> &'static str {
    match state {
        GrantState::Pending => "pending",
        GrantState::Expired => "expired",
        GrantState::Locked => "locked",
        GrantState::Usable => "usable",
    }
}
