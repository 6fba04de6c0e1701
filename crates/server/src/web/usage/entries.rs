//! Historical usage, for people with billing access: every charge with what was available after it, newest first. It is read
//! off the account's past, so the running balance is the ledger's own; what lies further back than one page reads is in the
//! export.

use super::{
    Looked,
    current::label,
    past::{End, Past, Step, back},
};
use crate::{
    copy::say,
    web::{
        figures::{owed, time, usable},
        icons::icon,
        visit::Visit,
    },
};
use ledger::{
    Credits, Timestamp,
    account::Part,
    command::PartKey,
    debt::Debt,
    event::Event,
    id::{DebtId, KindKey, MemberId, OrganizationId, RunId},
    run::Charge,
};
use maud::{Markup, html};
use serde::Deserialize;
use std::{collections::BTreeMap, ops::ControlFlow};
use store::{Fault, Store};

/// Entries on a page, and runs that are looked up for it at most.
const ROWS: usize = 25;
const LOOKED_UP_MAX: usize = 1_000;

/// Months that one can choose from.
const MONTHS: usize = 6;

/// Which entries to show; what cannot be read is as if it were not there.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Asked {
    month: Option<String>,
    source: Option<String>,
    member: Option<String>,
    before: Option<String>,
}

/// The same, read.
#[derive(Clone, Debug, Default)]
struct Filter {
    month: Option<(Timestamp, Timestamp)>,
    source: Option<KindKey>,
    member: Option<MemberId>,
    before: Option<u64>,
}

impl Asked {
    fn filter(&self) -> Filter {
        let month = self.month.as_deref().and_then(|month| format!("{month}-01T00:00:00Z").parse().ok());
        Filter {
            month: month.map(|start: Timestamp| (start, start.plus_months(1))),
            source: self.source.as_deref().and_then(|source| source.parse().ok()),
            member: self.member.as_deref().and_then(|member| member.parse().ok()),
            before: self.before.as_deref().and_then(|before| before.parse().ok()),
        }
    }
}

/// One charge.
struct Entry {
    at: Timestamp,
    run: RunId,
    kind: KindKey,
    member: Option<MemberId>,
    credits: Credits,
    available: Credits,
    debt: Option<(DebtId, Credits)>,
}

/// A page of charges.
pub struct Entries {
    rows: Vec<Entry>,
    debts: BTreeMap<DebtId, Debt>,
    /// Where the next page goes on.
    next: Option<u64>,
    /// There is more that is not read.
    cut: bool,
}

/// Reads a page of charges.
pub fn read(
    store: &dyn Store,
    organization: &OrganizationId,
    past: Past,
    asked: &Asked,
) -> Result<Entries, Fault> {
    let filter = asked.filter();
    let (mut rows, mut next, mut looked_up, mut fault) = (Vec::new(), None, 0, None);
    let end = back(store, organization, past, |step| {
        let recorded = step.recorded;
        if filter.month.is_some_and(|(start, _)| recorded.at < start) && used(&recorded.event).is_some() {
            next = None;
            return ControlFlow::Break(());
        }
        if rows.len() == ROWS || looked_up == LOOKED_UP_MAX {
            next = Some(recorded.seq.saturating_add(1));
            return ControlFlow::Break(());
        }
        let wanted = filter.before.is_none_or(|before| recorded.seq < before)
            && filter.month.is_none_or(|(start, end)| (start..end).contains(&recorded.at));
        if !wanted {
            return ControlFlow::Continue(());
        }
        match entry(store, organization, step, &mut looked_up) {
            Ok(Some(entry)) if filter.takes(&entry) => rows.push(entry),
            Ok(_) => {}
            Err(error) => {
                fault = Some(error);
                return ControlFlow::Break(());
            }
        }
        ControlFlow::Continue(())
    })?;
    if let Some(fault) = fault {
        return Err(fault);
    }
    let debts: Vec<PartKey> = rows
        .iter()
        .filter_map(|row| row.debt.as_ref())
        .map(|(debt, _)| PartKey::Debt(debt.clone()))
        .collect();
    let debts = store.recall(organization, &debts)?.into_iter().filter_map(|part| match part {
        Part::Debt(debt) => Some((debt.id.clone(), debt)),
        _ => None,
    });
    Ok(Entries { debts: debts.collect(), rows, next, cut: end == End::Limit })
}

impl Filter {
    fn takes(&self, entry: &Entry) -> bool {
        self.source.as_ref().is_none_or(|source| *source == entry.kind)
            && self.member.as_ref().is_none_or(|member| Some(member) == entry.member.as_ref())
    }
}

/// Which run used credits, and who paid.
fn used(event: &Event) -> Option<(&RunId, &Charge)> {
    match event {
        Event::UsageRecorded { run, charge, .. }
        | Event::RunSettled { run, charge, .. }
        | Event::UsageCharged { run, charge, .. } => {
            Some((run, charge)).filter(|(_, charge)| charge.usage().is_positive())
        }
        _ => None,
    }
}

fn entry(
    store: &dyn Store,
    organization: &OrganizationId,
    step: &Step<'_>,
    looked_up: &mut usize,
) -> Result<Option<Entry>, Fault> {
    let Some((run, charge)) = used(&step.recorded.event) else { return Ok(None) };
    let of = if let Event::UsageCharged { kind, member, .. } = &step.recorded.event {
        Some((kind.clone(), member.clone()))
    } else {
        *looked_up += 1;
        store.run(organization, run)?.map(|run| (run.kind, run.member))
    };
    Ok(of.map(|(kind, member)| Entry {
        at: step.recorded.at,
        run: run.clone(),
        kind,
        member,
        credits: charge.usage(),
        available: step.after.available,
        debt: charge.outstanding.as_ref().map(|owed| (owed.debt.clone(), owed.amount)),
    }))
}

/// The card.
pub fn card(visit: &Visit, looked: &Looked, entries: &Entries, asked: &Asked) -> Markup {
    html! {
        section.card #entries data-live aria-labelledby="entries-h" {
            div.card-head {
                h2 id="entries-h" { (say!(visit, "usage-history")) }
                a.btn.bare href=(visit.path("export.csv?what=usage")) { (icon("down")) (say!(visit, "usage-export")) }
            }
            (filters(visit, looked, asked))
            @if entries.rows.is_empty() {
                div { div.empty { h3 { (say!(visit, "usage-history-empty")) } p.quiet.small { (say!(visit, "usage-history-empty-teach")) } } }
            } @else {
                (table(visit, looked, entries))
            }
            @if entries.cut { p.small.quiet { (say!(visit, "usage-history-cut")) } }
            @if let Some(next) = entries.next {
                div.card-foot { a href=(visit.path(&format!("usage?{}#entries", query(asked, next)))) { (say!(visit, "usage-older")) } }
            }
        }
    }
}

/// The same entries, further on.
fn query(asked: &Asked, before: u64) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in [("month", &asked.month), ("source", &asked.source), ("member", &asked.member)] {
        if let Some(value) = value.as_deref().filter(|value| !value.is_empty()) {
            query.append_pair(name, value);
        }
    }
    query.append_pair("before", &before.to_string());
    query.finish()
}

fn filters(visit: &Visit, looked: &Looked, asked: &Asked) -> Markup {
    let months = std::iter::successors(Some(visit.now().month_start()), |month| {
        Some(month.before(ledger::Duration::from_micros(1)).month_start())
    });
    let months = months.take(MONTHS).map(|month| month_option(visit, month));
    let kinds = looked.kinds.iter().map(|(key, kind)| (key.to_string(), kind.label.clone()));
    let members = looked.names.iter().map(|(id, name)| (id.to_string(), name.clone()));
    html! {
        form.two.three.entries method="get" action=(visit.path("usage")) {
            (choice("month", &say!(visit, "usage-month"), &say!(visit, "usage-month-any"), months, asked.month.as_deref()))
            (choice("source", &say!(visit, "usage-source"), &say!(visit, "usage-source-any"), kinds, asked.source.as_deref()))
            (choice("member", &say!(visit, "usage-member"), &say!(visit, "usage-member-any"), members, asked.member.as_deref()))
            button.btn.end-align type="submit" { (say!(visit, "usage-show")) }
        }
    }
}

/// A month as the query names it, and as people do.
fn month_option(visit: &Visit, month: Timestamp) -> (String, String) {
    let text = month.to_string();
    let mut parts = text.split('-');
    let (year, number) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let name = visit.copy.text(&format!("month-{}", number.trim_start_matches('0')), &[]);
    (format!("{year}-{number}"), say!(visit, "usage-month-of", month = name, year = year))
}

fn choice(
    name: &str,
    label: &str,
    any: &str,
    options: impl Iterator<Item = (String, String)>,
    chosen: Option<&str>,
) -> Markup {
    html! {
        div.field {
            label for={ "entries-" (name) } { (label) }
            select id={ "entries-" (name) } name=(name) {
                option value="" { (any) }
                @for (value, label) in options { option value=(value) selected[Some(&*value) == chosen] { (label) } }
            }
        }
    }
}

fn table(visit: &Visit, looked: &Looked, entries: &Entries) -> Markup {
    let sum = entries.rows.iter().map(|row| row.credits).sum();
    html! {
        div.scroll role="region" aria-label=(say!(visit, "usage-history-label")) tabindex="0" {
            table {
                thead {
                    tr {
                        th scope="col" { (say!(visit, "usage-time")) }
                        th scope="col" { (say!(visit, "usage-source")) }
                        th scope="col" { (say!(visit, "usage-member")) }
                        th.n scope="col" { (say!(visit, "usage-credits")) }
                        th.n scope="col" { (say!(visit, "usage-available-after")) }
                        th scope="col" { (say!(visit, "usage-linked-debt")) }
                    }
                }
                tbody { @for row in &entries.rows { (entry_row(visit, looked, entries, row)) } }
                tfoot {
                    tr {
                        th scope="row" colspan="3" { (say!(visit, "usage-entries", count = entries.rows.len())) }
                        td.n { (owed(sum).exact()) } td {} td {}
                    }
                }
            }
        }
    }
}

fn entry_row(visit: &Visit, looked: &Looked, entries: &Entries, row: &Entry) -> Markup {
    let who = row.member.as_ref().map(|id| looked.names.get(id).cloned().unwrap_or_else(|| id.to_string()));
    html! {
        tr {
            th.nb scope="row" { (time(row.at, visit.copy.date_time(row.at))) }
            td { a href=(visit.path(&format!("history/{}", row.run))) { (label(&row.kind, looked.kinds.get(&row.kind))) } }
            td { @match who { Some(who) => (who), None => span.quiet { "–" } } }
            td.n { (owed(row.credits).exact()) }
            td.n { (usable(row.available).exact()) }
            td {
                @match &row.debt {
                    Some((id, amount)) => {
                        a href=(visit.path("billing#outstanding")) { (say!(visit, "usage-owed", amount = owed(*amount))) }
                        @if let Some(closed) = entries.debts.get(id).and_then(|debt| debt.closed_at.filter(|_| !debt.is_open())) {
                            " " (say!(visit, "usage-owed-settled", date = visit.copy.day(closed, visit.now())))
                        }
                    }
                    None => span.quiet { "–" },
                }
            }
        }
    }
}
