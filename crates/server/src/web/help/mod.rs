//! Help: articles in plain words about the rules, with the reader's own figures. Readable by everybody, in every state.
//!
//! `articles` is what there is to read and which rules it rests on, `own` the reader's figures in it, `answers` what
//! readers thought of it. What articles say is in the file of messages.

mod answers;
mod articles;
mod own;

pub use answers::{Answer, Given, all as all_answers};
pub use articles::ARTICLES;

use super::{
    figures::{time, usable},
    frame::{Page, Tab},
    icons::icon,
    visit::{Posted, Visit, list_all},
};
use crate::{
    clock,
    copy::{Value, say},
    error::ApiError,
    http::{App, extract::Ids},
};
use articles::{Article, Part};
use axum::{
    Router,
    http::StatusCode,
    response::Response,
    routing::{get, post},
};
use ledger::{Timestamp, grant::GrantKind, id::OrganizationId};
use maud::{Markup, html};
use std::sync::Arc;

/// Its routes.
pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/console/{org}/help", get(index))
        .route("/console/{org}/help/{article}", get(show))
        .route("/console/{org}/help/{article}/answer", post(answer))
}

async fn index(visit: Visit) -> Response {
    let title = say!(visit, "tab-help");
    let body = html! {
        section.card aria-labelledby="articles-h" {
            h2 #articles-h { (say!(visit, "help-articles")) }
            ul.articles { (listed(&visit, ARTICLES.iter())) }
        }
    };
    visit.page(&Page { title: &title, tab: Tab::Help, rail: &[], body })
}

/// Articles by title, each with what it is about.
fn listed<'a>(visit: &Visit, articles: impl Iterator<Item = &'a Article>) -> Markup {
    html! {
        @for article in articles {
            li {
                a href=(visit.path(&format!("help/{}", article.path))) { b { (title_of(visit, article)) } }
                p.small.quiet { (visit.copy.text(&format!("help-{}-about", article.path), &[])) }
            }
        }
    }
}

fn title_of(visit: &Visit, article: &Article) -> String {
    visit.copy.text(&format!("help-{}-title", article.path), &[])
}

fn find(path: &str) -> Result<&'static Article, ApiError> {
    let found = ARTICLES.iter().find(|article| article.path == path);
    found.ok_or_else(|| ApiError::new(StatusCode::NOT_FOUND, "not_found", "There is no such article."))
}

async fn show(visit: Visit, Ids((_, path)): Ids<(OrganizationId, String)>) -> Result<Response, ApiError> {
    let article = find(&path)?;
    let given = answers::one(&visit.app, &visit.organization, article, &visit.session.member).await?;
    let title = title_of(&visit, article);
    let facts = facts(&visit);
    let related = article.related.iter().filter_map(|path| find(path).ok());
    let body = html! {
        p.small { a href=(visit.path("help")) { (say!(visit, "help-all")) } }
        div.reading {
            (own::card(&visit, article))
            article.card.prose aria-label=(title) {
                p.lead { (visit.copy.html(&format!("help-{}-about", article.path), &facts)) }
                @for part in article.parts { (shown(&visit, part, &facts)) }
                div.card-foot { p { (checked(&visit, article)) } }
            }
            (answer_card(&visit, article, given.as_ref()))
            aside.card aria-labelledby="related-h" {
                h2 #related-h { (say!(visit, "help-related")) }
                ul.articles { (listed(&visit, related)) }
            }
        }
    };
    Ok(visit.page(&Page { title: &title, tab: Tab::Help, rail: &[], body }))
}

fn shown(visit: &Visit, part: &Part, facts: &[(&str, Value)]) -> Markup {
    let copy = &visit.copy;
    html! {
        @match part {
            Part::Heading(key) => { h2 { (copy.text(key, facts)) } }
            Part::Paragraph(key) => { p { (copy.html(key, facts)) } }
            Part::Points(keys) => { ul.points { @for key in *keys { li { (copy.html(key, facts)) } } } }
            Part::Steps(keys) => { ol.steps { @for key in *keys { li { (copy.html(key, facts)) } } } }
            // Whoever may not act on billing is told who may, by their own figures at the top.
            Part::Ways(ways) if visit.sees_billing() => {
                @let owes = visit.balance.debt_total().is_positive();
                // There is such a card only where something is owed.
                @let there = ways.iter().filter(|(place, _)| owes || *place != "billing#outstanding");
                div.row { @for (place, key) in there { a.btn href=(visit.path(place)) { (copy.text(key, &[])) } } }
            }
            Part::Ways(_) => {}
        }
    }
}

fn checked(visit: &Visit, article: &Article) -> Markup {
    let date: Timestamp = format!("{}T00:00:00Z", article.checked).parse().unwrap_or_default();
    html! { (say!(visit, "help-checked")) " " (time(date, visit.copy.date(date))) }
}

/// The figures of the rules as they are set here, which articles take in.
fn facts(visit: &Visit) -> Vec<(&'static str, Value)> {
    let copy = &visit.copy;
    let policy = visit.app.engine.policy();
    let recharge = &policy.recharge;
    let days = |length: ledger::Duration| length.micros() / 86_400_000_000;
    let count = |number: i64| Value::Count(number.try_into().unwrap_or(0));
    let hours = |length: &ledger::Duration| {
        copy.text("help-hours", &[("hours", count(length.micros() / 3_600_000_000))])
    };
    let kinds = |kinds: &[GrantKind]| {
        let words: Vec<String> = kinds.iter().map(|kind| copy.text(kind_key(*kind), &[])).collect();
        list_all(copy, &words.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let waits: Vec<String> = recharge.waits.iter().map(hours).collect();
    let waits = waits.into_iter().reduce(|before, after| {
        copy.text("help-then", &[("before", before.into()), ("after", after.into())])
    });
    vec![
        ("months", policy.purchased_lifetime_months.into()),
        ("grace", count(days(policy.past_due_grace))),
        ("soon", count(days(policy.expiring_notice))),
        ("hold", hours(&policy.hold_lifetime).into()),
        ("low", usable(policy.low_balance).into()),
        ("step", usable(recharge.step).into()),
        ("threshold", usable(recharge.threshold).into()),
        ("threshold_max", usable(recharge.threshold_max).into()),
        ("amount", usable(recharge.amount).into()),
        ("amount_max", usable(recharge.amount_max).into()),
        ("limit", usable(recharge.monthly_limit).into()),
        ("waits", waits.unwrap_or_default().into()),
        ("declines", recharge.waits.len().saturating_add(1).into()),
        ("settle_usage", kinds(&policy.settlement.outstanding_usage).into()),
        ("settle_refund", kinds(&policy.settlement.refund).into()),
        ("settle_dispute", kinds(&policy.settlement.dispute).into()),
    ]
}

fn kind_key(kind: GrantKind) -> &'static str {
    match kind {
        GrantKind::Included => "help-kind-included",
        GrantKind::Promotional => "help-kind-promotional",
        GrantKind::Purchased => "help-kind-purchased",
    }
}

/// *Was this article helpful?*
fn answer_card(visit: &Visit, article: &Article, given: Option<&Answer>) -> Markup {
    let pressed = |is: bool| given.map(|given| if given.helpful == is { "true" } else { "false" });
    let words = given.map_or("", |given| given.words.as_str());
    html! {
        section.card #answer aria-labelledby="answer-h" {
            h2 #answer-h { (say!(visit, "help-answer")) }
            @if let Some(given) = given {
                p.quiet.row {
                    (icon("check"))
                    (say!(visit, if given.helpful { "help-answer-yes-given" } else { "help-answer-no-given" }))
                }
            }
            form method="post" action=(visit.path(&format!("help/{}/answer", article.path))) {
                (visit.proof())
                div.field {
                    label for="words" { (say!(visit, "help-answer-words")) }
                    textarea #words name="words" rows="2" maxlength=(answers::WORDS_MAX) { (words) }
                }
                div.row {
                    button.btn type="submit" name="helpful" value="yes" aria-pressed=[pressed(true)] { (say!(visit, "help-answer-yes")) }
                    button.btn type="submit" name="helpful" value="no" aria-pressed=[pressed(false)] { (say!(visit, "help-answer-no")) }
                    span.small.quiet { (say!(visit, "help-answer-who")) }
                }
            }
        }
    }
}

/// Keeps what a reader thinks of an article.
async fn answer(
    Ids((_, path)): Ids<(OrganizationId, String)>,
    Posted { visit, form }: Posted,
) -> Result<Response, ApiError> {
    let article = find(&path)?;
    let given = Answer::new(form.get("helpful") == "yes", form.get("words"), clock::now());
    answers::keep(&visit.app, &visit.organization, article, &visit.session.member, &given).await?;
    Ok(visit.done(&format!("help/{path}#answer"), "done-help-answer"))
}
