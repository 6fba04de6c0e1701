//! The history: every run with what it used, newest first, refused starts among them. Everybody in the organization reads it,
//! in every state of the account (R9.6); from which grants a run was paid and what it came to owe is for people with billing
//! access (R12.2). One run is in `run`.

mod run;

use super::{
    figures::{owed, time, usable},
    frame::{Page, Tab},
    icons::icon,
    usage::{label, source},
    visit::Visit,
};
use crate::{
    copy::say,
    engine::View,
    error::ApiError,
    http::{
        App,
        extract::Query,
        usage::{end_of, period_start},
    },
};
use axum::{Router, response::Response, routing::get};
use ledger::{
    Duration, Timestamp,
    account::Part,
    command::PartKey,
    grant::{Grant, Take},
    id::{GrantId, KindKey, MemberId, OrganizationId},
    policy::Kind,
    run::{RefusedStart, Run, RunOutcome, RunStatus},
    status::ReasonCode,
};
use maud::{Markup, html};
use serde::Deserialize;
use std::{collections::BTreeMap, sync::Arc};
use store::{Fault, RunFilter, Store};

/// Its routes.
pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/console/{org}/history", get(show))
        .route("/console/{org}/history/{run}", get(run::show))
}

/// Rows on a page.
const ROWS: usize = 25;

/// Refused starts are counted back so far.
const COUNTED: Duration = Duration::days(30);

/// Which runs to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Only {
    All,
    Status(RunStatus),
    Refused,
}

impl Only {
    const LISTED: [Only; 6] = [
        Only::All,
        Only::Status(RunStatus::Running),
        Only::Status(RunStatus::Settled),
        Only::Status(RunStatus::Released),
        Only::Status(RunStatus::Lapsed),
        Only::Refused,
    ];

    /// As the query and the keys of messages name it.
    fn word(self) -> &'static str {
        match self {
            Only::All => "all",
            Only::Status(RunStatus::Running) => "running",
            Only::Status(RunStatus::Settled) => "settled",
            Only::Status(RunStatus::Released) => "released",
            Only::Status(RunStatus::Lapsed) => "lapsed",
            Only::Refused => "refused",
        }
    }
}

/// Which page of which list.
#[derive(Clone, Debug, Default, Deserialize)]
struct Asked {
    status: Option<String>,
    before: Option<String>,
}

/// Something that was started, or was not.
enum Row {
    Run(Box<Run>),
    Refused(RefusedStart),
}

impl Row {
    fn seq(&self) -> u64 {
        match self {
            Row::Run(run) => run.start_seq,
            Row::Refused(refused) => refused.seq,
        }
    }

    fn member(&self) -> Option<&MemberId> {
        match self {
            Row::Run(run) => run.member.as_ref(),
            Row::Refused(refused) => refused.member.as_ref(),
        }
    }
}

/// A page of them.
struct Listed {
    rows: Vec<Row>,
    next: Option<u64>,
    grants: BTreeMap<GrantId, Grant>,
    /// Starts that were refused lately; only where the list is of them.
    refused: Option<u64>,
}

/// How work and people are called.
struct Names {
    kinds: BTreeMap<KindKey, Kind>,
    members: BTreeMap<MemberId, String>,
}

impl Names {
    fn kind(&self, kind: &KindKey) -> String {
        label(kind, self.kinds.get(kind))
    }

    fn member(&self, member: &MemberId) -> String {
        // Who was removed keeps the id.
        self.members.get(member).cloned().unwrap_or_else(|| member.to_string())
    }

    async fn of(visit: &Visit, members: Vec<MemberId>) -> Result<Names, ApiError> {
        let look = move |view: View<'_>, _| {
            let known = &view.account.core().members;
            let named = members.into_iter().filter_map(|id| {
                let name = known.get(&id)?.name.clone();
                Some((id, name))
            });
            Names { kinds: view.policy.kinds.clone(), members: named.collect() }
        };
        visit.app.read(&visit.caller, visit.organization.clone(), look).await
    }
}

async fn show(visit: Visit, Query(asked): Query<Asked>) -> Result<Response, ApiError> {
    let word = asked.status.as_deref().unwrap_or("all");
    let only = Only::LISTED.into_iter().find(|only| only.word() == word).unwrap_or(Only::All);
    let before = asked.before.as_deref().and_then(|before| before.parse().ok());
    let (now, sees) = (visit.now(), visit.sees_billing());
    let look = |view: View<'_>, _| period_start(&view);
    let period = visit.app.read(&visit.caller, visit.organization.clone(), look).await?;
    // What lies before the current period is historical usage (R12.2).
    let counted = if sees { now.before(COUNTED) } else { now.before(COUNTED).max(period) };
    let read =
        move |store: &dyn Store, id: &OrganizationId| Listed::read(store, id, only, before, counted, now);
    let listed = visit.app.page(visit.organization.clone(), read).await?;
    let members = listed.rows.iter().filter_map(Row::member).cloned().collect();
    let names = Names::of(&visit, members).await?;
    let body = html! {
        section.card #history data-live aria-labelledby="history-h" {
            div.card-head { h2 id="history-h" { (say!(visit, "history-runs")) } }
            (filters(&visit, only))
            @if let Some(count) = listed.refused.filter(|count| *count > 0) {
                p.small.quiet { (say!(visit, "history-refused-count", count = count)) }
            }
            @if listed.rows.is_empty() { (empty(&visit, only)) } @else { (table(&visit, &names, &listed)) }
            @if let Some(next) = listed.next {
                div.card-foot { a href=(visit.path(&format!("history?status={}&before={next}", only.word()))) { (say!(visit, "history-older")) } }
            }
        }
    };
    Ok(visit.page(&Page { title: &say!(visit, "tab-history"), tab: Tab::History, rail: &[], body }))
}

impl Listed {
    fn read(
        store: &dyn Store,
        organization: &OrganizationId,
        only: Only,
        before: Option<u64>,
        counted: Timestamp,
        now: Timestamp,
    ) -> Result<Listed, Fault> {
        let runs = |status| {
            let filter = RunFilter { status, task: None };
            let page = store.runs(organization, &filter, before, ROWS)?;
            Ok::<_, Fault>((
                page.rows.into_iter().map(|run| Row::Run(Box::new(run))).collect::<Vec<_>>(),
                page.next,
            ))
        };
        let refusals = || {
            let page = store.refusals(organization, before, ROWS)?;
            Ok::<_, Fault>((page.rows.into_iter().map(Row::Refused).collect::<Vec<_>>(), page.next))
        };
        let (rows, next) = match only {
            Only::Status(status) => runs(Some(status))?,
            Only::Refused => refusals()?,
            Only::All => merged(runs(None)?, refusals()?),
        };
        let refused = match (only, before) {
            (Only::Refused, None) => {
                let rows = store.usage(organization, counted.hour_start(), end_of(now))?;
                Some(rows.iter().fold(0, |sum: u64, row| sum.saturating_add(row.sums.refused)))
            }
            _ => None,
        };
        let charged = rows.iter().flat_map(|row| match row {
            Row::Run(run) => run.charged.as_slice(),
            Row::Refused(_) => &[],
        });
        let grants = grants(store, organization, charged)?;
        Ok(Listed { rows, next, grants, refused })
    }
}

/// Two lists by the numbers of events, newest first, as one.
fn merged(runs: (Vec<Row>, Option<u64>), refusals: (Vec<Row>, Option<u64>)) -> (Vec<Row>, Option<u64>) {
    let goes_on = runs.1.is_some() || refusals.1.is_some();
    let mut rows: Vec<Row> = runs.0.into_iter().chain(refusals.0).collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.seq()));
    let more = goes_on || rows.len() > ROWS;
    rows.truncate(ROWS);
    let next = rows.last().filter(|_| more).map(Row::seq);
    (rows, next)
}

/// The grants that paid.
fn grants<'a>(
    store: &dyn Store,
    organization: &OrganizationId,
    charged: impl Iterator<Item = &'a Take>,
) -> Result<BTreeMap<GrantId, Grant>, Fault> {
    let mut ids: Vec<&GrantId> = charged.map(|take| &take.grant).collect();
    ids.sort_unstable();
    ids.dedup();
    let keys: Vec<PartKey> = ids.into_iter().cloned().map(PartKey::Grant).collect();
    let parts = store.recall(organization, &keys)?.into_iter().filter_map(|part| match part {
        Part::Grant(grant, _) => Some((grant.id.clone(), grant)),
        _ => None,
    });
    Ok(parts.collect())
}

fn filters(visit: &Visit, only: Only) -> Markup {
    html! {
        nav aria-label=(say!(visit, "history-show")) {
            ul.tabs.filters {
                @for other in Only::LISTED {
                    li {
                        a href=(visit.path(&format!("history?status={}", other.word()))) aria-current=[(other == only).then_some("true")] {
                            (visit.copy.text(&format!("history-only-{}", other.word()), &[]))
                        }
                    }
                }
            }
        }
    }
}

fn empty(visit: &Visit, only: Only) -> Markup {
    let (title, teach) = match only {
        Only::All => (say!(visit, "history-empty"), say!(visit, "history-empty-teach")),
        _ => (say!(visit, "history-empty-filter"), say!(visit, "history-empty-filter-teach")),
    };
    html! { div { div.empty { h3 { (title) } p.quiet.small { (teach) } } } }
}

fn table(visit: &Visit, names: &Names, listed: &Listed) -> Markup {
    let columns = ["history-run", "history-state", "history-reserved", "history-used"];
    html! {
        div {
            table.fold role="table" aria-labelledby="history-h" {
                thead role="rowgroup" {
                    tr role="row" {
                        @for (place, column) in columns.iter().enumerate() {
                            th.n[place > 1] role="columnheader" scope="col" { (visit.copy.text(column, &[])) }
                        }
                    }
                }
                tbody role="rowgroup" {
                    @for row in &listed.rows {
                        @match row {
                            Row::Run(run) => (run_row(visit, names, &listed.grants, run)),
                            Row::Refused(refused) => (refused_row(visit, names, refused)),
                        }
                    }
                }
            }
        }
    }
}

fn run_row(visit: &Visit, names: &Names, grants: &BTreeMap<GrantId, Grant>, run: &Run) -> Markup {
    let notes = notes(visit, grants, run);
    let reserved = if run.unstarted { None } else { Some(usable(run.hold)) };
    html! {
        tr role="row" {
            th.full role="rowheader" scope="row" {
                a href=(visit.path(&format!("history/{}", run.id))) { (names.kind(&run.kind)) }
                (beside(visit, names, run.started_at, run.member.as_ref(), run.task.as_ref()))
                @for note in &notes { " " span.quiet { (note) } }
            }
            td role="cell" { (state(visit, run)) }
            td.n role="cell" data-l=(say!(visit, "history-reserved")) { @match reserved { Some(amount) => (amount), None => span.quiet { "–" } } }
            td.n role="cell" data-l=(say!(visit, "history-used")) { @if run.status == RunStatus::Running && run.used.is_zero() { span.quiet { (say!(visit, "history-not-yet")) } } @else { (owed(run.used)) } }
        }
    }
}

/// When and who, in the line under the name.
fn beside(
    visit: &Visit,
    names: &Names,
    at: Timestamp,
    member: Option<&MemberId>,
    task: Option<&ledger::id::TaskId>,
) -> Markup {
    html! {
        br;
        span.quiet {
            (time(at, visit.copy.date_time(at)))
            @if let Some(member) = member { ", " (names.member(member)) }
            @if let Some(task) = task { ", " (say!(visit, "history-task", task = task.as_str())) }
            "."
        }
    }
}

/// What people with billing access are told about what a run cost, in a few sentences.
fn notes(visit: &Visit, grants: &BTreeMap<GrantId, Grant>, run: &Run) -> Vec<String> {
    let mut notes = Vec::new();
    if !visit.sees_billing() {
        return notes;
    }
    let mut from: Vec<String> = Vec::new();
    for take in &run.charged {
        if let Some(grant) = grants.get(&take.grant) {
            let name = source(visit, grant.source);
            if !from.contains(&name) {
                from.push(name);
            }
        }
    }
    if !from.is_empty() {
        notes.push(say!(visit, "history-from", names = from.join(", ")));
    }
    if run.overrun.is_positive() && !run.unstarted {
        notes.push(say!(visit, "history-overrun", amount = owed(run.overrun)));
    }
    if run.outstanding.is_positive() {
        notes.push(say!(visit, "history-owed", amount = owed(run.outstanding)));
    }
    notes
}

fn refused_row(visit: &Visit, names: &Names, refused: &RefusedStart) -> Markup {
    let why = refused.reasons.first().map(|code| why(visit, *code));
    html! {
        tr role="row" {
            th.full role="rowheader" scope="row" {
                (names.kind(&refused.kind))
                (beside(visit, names, refused.at, refused.member.as_ref(), refused.task.as_ref()))
                @if let Some(why) = why { " " span.quiet { (why) " " (say!(visit, "history-nothing-charged")) } }
            }
            td role="cell" { span.tag data-tone="stop" { (icon("pause")) (say!(visit, "history-state-refused")) } }
            td.n role="cell" data-l=(say!(visit, "history-reserved")) { span.quiet { "0" } }
            td.n role="cell" data-l=(say!(visit, "history-used")) { span.quiet { "0" } }
        }
    }
}

/// Why a start was refused, as this member may know it (R12.2).
fn why(visit: &Visit, code: ReasonCode) -> String {
    let of_billing = matches!(
        code,
        ReasonCode::DisputeDebt
            | ReasonCode::RefundDebt
            | ReasonCode::OutstandingUsage
            | ReasonCode::PaymentPastDue
            | ReasonCode::CreditsLocked
    );
    match of_billing && !visit.sees_billing() {
        true => say!(visit, "history-why-attention"),
        false => visit.copy.text(&format!("history-why-{}", code.as_str()), &[]),
    }
}

/// Where a run is, by icon and word.
fn state(visit: &Visit, run: &Run) -> Markup {
    let (tone, name, word) = match (run.status, run.outcome) {
        (RunStatus::Running, _) => (Some("info"), "run", say!(visit, "history-state-running")),
        (RunStatus::Settled, Some(RunOutcome::Failed)) => {
            (Some("warn"), "warn", say!(visit, "history-state-failed"))
        }
        (RunStatus::Settled, Some(RunOutcome::Canceled)) => {
            (None, "x", say!(visit, "history-state-canceled"))
        }
        (RunStatus::Settled, _) => (Some("ok"), "check", say!(visit, "history-state-done")),
        (RunStatus::Released, _) => (None, "out", say!(visit, "history-state-released")),
        (RunStatus::Lapsed, _) => (Some("warn"), "clock", say!(visit, "history-state-lapsed")),
    };
    html! { span.tag data-tone=[tone] { (icon(name)) (word) } }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::copy::{Copy, Language};
    use ledger::status::Severity;

    #[test]
    fn every_list_and_every_reason_has_its_words() {
        let copy = Copy::of(Language::English);
        let lists = Only::LISTED.map(|only| format!("history-only-{}", only.word()));
        let blocking = ReasonCode::ALL.into_iter().filter(|code| code.severity() == Severity::Blocking);
        let reasons = blocking.flat_map(|code| {
            ["history-why", "usage-paused"].map(|before| format!("{before}-{}", code.as_str()))
        });
        for key in lists.into_iter().chain(reasons) {
            assert_ne!(copy.text(&key, &[]), key);
        }
    }
}
