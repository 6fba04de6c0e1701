//! What everybody in the organization sees of usage (R12.2): the credits that remain, the included ones as a meter, and what
//! the current period used, by kind of work. How it came about is in `burndown`, for people with billing access.

use super::Looked;
use crate::{
    copy::say,
    http::usage::add,
    web::{
        figures::{Amount, grouped, owed, percent, share, time, usable},
        frame::line,
        visit::Visit,
    },
};
use ledger::{
    Credits, Duration, Timestamp,
    grant::{Grant, GrantKind},
    id::KindKey,
    policy::Kind,
};
use maud::{Markup, html};
use std::collections::BTreeMap;
use store::tally::{Sums, TallyRow};

/// Credits remaining: what is there, and of what it is the sum.
pub fn remaining(visit: &Visit) -> Markup {
    let balance = &visit.balance;
    let parts = [
        ("c-inc", say!(visit, "usage-included"), balance.included),
        ("c-promo", say!(visit, "usage-promotional"), balance.promotional),
        ("c-pur", say!(visit, "usage-purchased"), balance.purchased),
    ];
    let whole = balance.available.plus(balance.held);
    let starts = [Credits::ZERO, balance.included, balance.included.plus(balance.promotional)];
    let widths = [balance.included, balance.promotional, balance.purchased];
    html! {
        section.card #remaining data-live aria-labelledby="remaining-h" {
            div.card-head {
                h2 id="remaining-h" { (say!(visit, "usage-remaining")) }
                @if visit.sees_billing() { a.small href=(visit.path("billing#add_credits")) { (say!(visit, "usage-buy")) } }
            }
            p { span.fig.xl { (usable(balance.available)) } " " span.unit { (say!(visit, "usage-unit-credits", amount = usable(balance.available))) } }
            div {
                svg.bar.tall viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true" {
                    @for ((class, ..), (start, width)) in parts.iter().zip(starts.into_iter().zip(widths)) {
                        rect class=(class) x=(share(start, whole)) width=(share(width, whole)) height="10" {}
                    }
                    rect.c-res x=(share(balance.available, whole)) width=(share(balance.held, whole)) {}
                }
            }
            dl.lines {
                @if let Some(period) = period(visit) { (period) }
                @for (class, name, credits) in &parts {
                    (keyed(class, name, usable(*credits)))
                }
                div.rule { dt { b { (say!(visit, "usage-total")) } } dd { b { (usable(balance.available).exact()) } } }
                (keyed("c-res", &say!(visit, "usage-reserved-beside"), usable(balance.held)))
            }
        }
    }
}

/// A term of a sum: exact, so that all of them add up on the spot.
fn keyed(class: &str, name: &str, amount: Amount) -> Markup {
    html! { div { dt { svg.key aria-hidden="true" { rect class=(class) {} } (name) } dd { (amount.exact()) } } }
}

/// What the plan included for the current period, in all its grants that run now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Included {
    amount: Credits,
    used: Credits,
    held: Credits,
    left: Credits,
    ends: Option<Timestamp>,
}

impl Included {
    /// The sum of these grants' included credits, as far as they run now.
    pub fn of<'a>(grants: impl Iterator<Item = &'a Grant>, now: Timestamp) -> Included {
        let runs = |grant: &&Grant| {
            grant.kind == GrantKind::Included && grant.effective_at <= now && !grant.has_expired(now)
        };
        grants.filter(runs).fold(Included::default(), |sum, grant| Included {
            amount: sum.amount.plus(grant.amount),
            used: sum.used.plus(grant.used),
            held: sum.held.plus(grant.held),
            left: sum.left.plus(grant.free),
            ends: sum.ends.max(grant.expires_at),
        })
    }

    /// Settled debt, or taken back.
    fn elsewhere(&self) -> Credits {
        self.amount.minus(self.used).minus(self.held).minus(self.left)
    }
}

/// The included credits as a meter.
pub fn included(visit: &Visit, included: &Included) -> Markup {
    let title = say!(visit, "usage-included-title");
    if !included.amount.is_positive() {
        return html! {
            section.card #included data-live aria-labelledby="included-h" {
                div.card-head { h2 id="included-h" { (title) } }
                p.quiet { (say!(visit, "usage-included-none")) }
            }
        };
    }
    let Included { amount, held, left, ends, .. } = *included;
    let elsewhere = included.elsewhere();
    // What settled debt is not told to everybody (R12.2), and the lines add up all the same.
    let told_apart = visit.sees_billing() && elsewhere.is_positive();
    let gone = if told_apart { included.used } else { included.used.plus(elsewhere) };
    let days = ends.map(|ends| days_left(visit.now(), ends));
    let says = say!(
        visit,
        "usage-included-says",
        used = owed(gone).exact(),
        amount = usable(amount).exact(),
        reserved = usable(held).exact(),
        left = usable(left).exact()
    );
    let name = match (told_apart, elsewhere.is_positive()) {
        (false, true) => say!(visit, "usage-used-or-gone"),
        _ => say!(visit, "usage-used"),
    };
    html! {
        section.card #included data-live aria-labelledby="included-h" {
            div.card-head {
                h2 id="included-h" { (title) }
                @if let Some(days) = days { span.small.quiet { (say!(visit, "usage-days-left", days = days)) } }
            }
            p { span.fig.xl { (say!(visit, "usage-percent", percent = grouped(percent(amount.minus(held).minus(left), amount)))) } " " span.unit { (say!(visit, "usage-percent-used")) } }
            div {
                svg.bar.tall viewBox="0 0 100 10" preserveAspectRatio="none" role="meter" aria-label=(say!(visit, "usage-included-meter"))
                    aria-valuemin="0" aria-valuemax=(usable(amount).whole()) aria-valuenow=(owed(amount.minus(held).minus(left)).whole()) aria-valuetext=(says) {
                    rect.c-inc x="0" width=(share(gone, amount)) height="10" {}
                    @if told_apart { rect.c-debt x=(share(gone, amount)) width=(share(elsewhere, amount)) height="10" {} }
                    rect.c-res x=(share(amount.minus(held).minus(left), amount)) width=(share(held, amount)) {}
                }
            }
            dl.lines {
                (keyed("c-inc", &name, owed(gone)))
                @if told_apart { (keyed("c-debt", &say!(visit, "usage-settled-or-back"), owed(elsewhere))) }
                (keyed("c-res", &say!(visit, "usage-reserved"), usable(held)))
                (keyed("c-none", &say!(visit, "usage-left"), usable(left)))
                div.rule { dt { b { (say!(visit, "usage-included-sum")) } } dd { b { (usable(amount).exact()) } } }
                @if let Some(ends) = ends {
                    @let last = ends.before(Duration::from_micros(1));
                    div { dt { (say!(visit, "usage-valid-through")) } dd { (time(last, visit.copy.date_time(last))) } }
                }
            }
        }
    }
}

/// Days until then, a begun one counted.
fn days_left(now: Timestamp, ends: Timestamp) -> u64 {
    let day = Duration::days(1).micros();
    let left = ends.since(now).micros().saturating_add(day - 1) / day;
    left.try_into().unwrap_or(0)
}

/// Sums by kind of work, what used most first.
pub fn by_kind(rows: &[TallyRow]) -> (Vec<(KindKey, Sums)>, Sums) {
    let (mut kinds, mut all): (BTreeMap<&KindKey, Sums>, Sums) = Default::default();
    for row in rows {
        add(kinds.entry(&row.key.kind).or_default(), &row.sums);
        add(&mut all, &row.sums);
    }
    let mut ranked: Vec<(KindKey, Sums)> =
        kinds.into_iter().map(|(kind, sums)| (kind.clone(), sums)).collect();
    // Where starts were only refused, nothing was used.
    ranked.retain(|(_, sums)| sums.credits.is_positive() || sums.runs > 0);
    ranked.sort_by_key(|(_, sums)| std::cmp::Reverse(sums.credits));
    (ranked, all)
}

/// Whole per cent that add up to 100: each is rounded down, and what is missing goes where most was cut off.
pub fn shares(parts: &[Credits]) -> Vec<u64> {
    let whole: i128 = parts.iter().map(|part| i128::from(part.micros())).sum();
    if whole <= 0 {
        return vec![0; parts.len()];
    }
    let hundredfold = |part: &Credits| i128::from(part.micros()) * 100;
    let mut shares: Vec<i128> = parts.iter().map(|part| hundredfold(part) / whole).collect();
    let mut order: Vec<usize> = (0..parts.len()).collect();
    order.sort_by_key(|place| std::cmp::Reverse(hundredfold(&parts[*place]) % whole));
    let missing = 100 - shares.iter().sum::<i128>();
    for place in order.into_iter().take(usize::try_from(missing).unwrap_or(0)) {
        shares[place] += 1;
    }
    shares.into_iter().map(|share| u64::try_from(share).unwrap_or(0)).collect()
}

/// What the current period used, by kind of work.
pub fn current(visit: &Visit, looked: &Looked, rows: &[TallyRow]) -> Markup {
    let (ranked, all) = by_kind(rows);
    let credits: Vec<Credits> = ranked.iter().map(|(_, sums)| sums.credits).collect();
    let shares = shares(&credits);
    let most = credits.first().copied().unwrap_or(Credits::ZERO);
    // The hour that the period begins in is summed whole, so it is what is shown.
    let (from, now) = (looked.period_start.hour_start(), visit.now());
    html! {
        section.card #current data-live aria-labelledby="current-h" {
            div.card-head {
                h2 id="current-h" { (say!(visit, "usage-current")) }
                span.small.quiet { (time(from, visit.copy.date_time(from))) " – " (time(now, visit.copy.date_time(now))) }
            }
            @if ranked.is_empty() {
                div { div.empty { h3 { (say!(visit, "usage-current-empty")) } p.quiet.small { (say!(visit, "usage-current-empty-teach")) } } }
            } @else {
                div {
                    table.fold role="table" aria-labelledby="current-h" {
                        thead role="rowgroup" {
                            tr role="row" {
                                th role="columnheader" scope="col" { (say!(visit, "usage-source")) }
                                th role="columnheader" scope="col" { span.sr { (say!(visit, "usage-bar")) } }
                                th.n role="columnheader" scope="col" { (say!(visit, "usage-credits")) }
                                th.n role="columnheader" scope="col" { (say!(visit, "usage-share")) }
                                th.n role="columnheader" scope="col" { (say!(visit, "usage-count")) }
                            }
                        }
                        tbody role="rowgroup" {
                            @for ((kind, sums), share_of) in ranked.iter().zip(&shares) {
                                @let known = looked.kinds.get(kind);
                                tr role="row" {
                                    th role="rowheader" scope="row" { (label(kind, known)) }
                                    td.share role="cell" {
                                        svg.bar viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true" {
                                            rect.c-inc x="0" width=(share(sums.credits, most)) height="10" {}
                                        }
                                    }
                                    td.n role="cell" { b { (owed(sums.credits).exact()) } }
                                    td.n role="cell" { (say!(visit, "usage-percent", percent = *share_of)) }
                                    td.n role="cell" { (counted(visit, known, sums.runs)) }
                                }
                            }
                        }
                        tfoot role="rowgroup" {
                            tr role="row" {
                                th role="rowheader" scope="row" { (say!(visit, "usage-sum")) }
                                td.share role="cell" {}
                                td.n role="cell" { (owed(all.credits).exact()) }
                                td.n role="cell" { @if all.credits.is_positive() { (say!(visit, "usage-percent", percent = 100_u64)) } }
                                td role="cell" {}
                            }
                        }
                    }
                }
            }
            (allowance(visit, looked))
            @if all.refused > 0 {
                div.card-foot {
                    p { (say!(visit, "usage-refused", count = all.refused)) }
                    a href=(visit.path("history?status=refused")) { (say!(visit, "usage-refused-which")) }
                }
            }
        }
    }
}

/// What people call a kind of work; one that is not in the catalogue any more keeps its key.
pub fn label(kind: &KindKey, known: Option<&Kind>) -> String {
    known.map_or_else(|| kind.to_string(), |kind| kind.label.clone())
}

/// So many of a kind, in its own unit.
fn counted(visit: &Visit, kind: Option<&Kind>, count: u64) -> String {
    let number = grouped(i64::try_from(count).unwrap_or(i64::MAX));
    match kind {
        Some(kind) => say!(visit, "usage-counted", count = number, unit = unit(&kind.unit, count)),
        None => number,
    }
}

/// The catalogue names units in the plural; of one, English drops the s.
fn unit(plural: &str, count: u64) -> &str {
    match plural.strip_suffix('s') {
        Some(one) if count == 1 && !one.ends_with('s') => one,
        _ => plural,
    }
}

/// What background kinds have free in each period (R6.5), and what is left of it.
fn allowance(visit: &Visit, looked: &Looked) -> Markup {
    html! {
        @for (key, kind) in looked.kinds.iter().filter(|(_, kind)| kind.allowance.is_positive()) {
            @let used = looked.allowances.get(key).copied().unwrap_or(Credits::ZERO).min(kind.allowance);
            @let says = say!(visit, "usage-allowance-meter", used = owed(used), amount = usable(kind.allowance));
            div.card-foot {
                p { b.ink { (say!(visit, "usage-allowance")) } " " (say!(visit, "usage-allowance-says", kind = &kind.label, used = owed(used), amount = usable(kind.allowance))) }
                div.grow {
                    svg.bar viewBox="0 0 100 10" preserveAspectRatio="none" role="meter" aria-label=(say!(visit, "usage-allowance"))
                        aria-valuemin="0" aria-valuemax=(usable(kind.allowance).whole()) aria-valuenow=(owed(used).whole()) aria-valuetext=(says) {
                        rect.c-inc x="0" width=(share(used, kind.allowance)) height="10" {}
                    }
                }
            }
        }
    }
}

/// The period that remaining credits are for.
fn period(visit: &Visit) -> Option<Markup> {
    let period = visit.balance.period?;
    let last = period.end.before(Duration::from_micros(1));
    let said = say!(visit, "usage-period", from = visit.copy.date(period.start), to = visit.copy.date(last));
    Some(line(&say!(visit, "usage-period-name"), &said))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_add_up_to_a_hundred() {
        let credits =
            |parts: &[i64]| parts.iter().map(|part| Credits::from_micros(*part)).collect::<Vec<_>>();
        assert_eq!(shares(&credits(&[1, 1, 1])), [34, 33, 33]);
        assert_eq!(shares(&credits(&[4_316, 3_420, 2_112, 1_000, 414])), [38, 30, 19, 9, 4]);
        assert_eq!(shares(&credits(&[0, 0])), [0, 0]);
        for parts in [vec![7, 7, 7, 7, 7, 7, 7], vec![1, 999_999], vec![5]] {
            assert_eq!(shares(&credits(&parts)).iter().sum::<u64>(), 100, "{parts:?}");
        }
    }

    #[test]
    fn one_of_a_kind_is_not_several() {
        assert_eq!(
            (unit("messages", 1), unit("messages", 2), unit("press", 1)),
            ("message", "messages", "press")
        );
    }

    #[test]
    fn a_begun_day_is_a_day_left() {
        let at = |text: &str| text.parse::<Timestamp>().expect("an instant");
        assert_eq!(days_left(at("2026-02-05T14:30:00Z"), at("2026-03-01T00:00:00Z")), 24);
        assert_eq!(days_left(at("2026-03-01T00:00:00Z"), at("2026-03-01T00:00:00Z")), 0);
    }
}
