//! What readers thought of help: counted by article, and in their own words, the newest first.

use super::{ROOT, Tab, enter::Operator};
use crate::{
    copy::say,
    error::ApiError,
    web::{
        figures::time,
        help::{self, ARTICLES, Given},
        icons::icon,
    },
};
use axum::{http::StatusCode, response::Response};
use maud::{Markup, html};

/// Answers that are counted: the newest.
const COUNTED_MAX: usize = 10_000;

/// Answers whose words are shown.
const WORDS_SHOWN: usize = 100;

/// The page.
pub async fn show(operator: Operator) -> Result<Response, ApiError> {
    let given = help::all_answers(&operator.app, COUNTED_MAX).await?;
    let title = say!(operator, "operator-answers");
    let said: Vec<&Given> =
        given.iter().filter(|given| !given.answer.words.is_empty()).take(WORDS_SHOWN).collect();
    let body = html! {
        div.page-head {
            h1 { (title) }
            @if given.len() >= COUNTED_MAX { p.small.quiet { (say!(operator, "operator-answers-newest", count = COUNTED_MAX)) } }
        }
        section.card aria-labelledby="counts-h" { h2 #counts-h { (say!(operator, "operator-answers-counts")) } (counts(&operator, &given)) }
        section.card aria-labelledby="words-h" {
            h2 #words-h { (say!(operator, "operator-answers-words")) }
            @if said.is_empty() { p.quiet { (say!(operator, "operator-answers-none")) } }
            ul.list { @for given in said { (words(&operator, given)) } }
        }
    };
    Ok(operator.page(StatusCode::OK, Tab::Answers, &title, &body))
}

fn title_of(operator: &Operator, path: &str) -> String {
    match ARTICLES.iter().find(|article| article.path == path) {
        Some(article) => operator.copy.text(&format!("help-{}-title", article.path), &[]),
        None => path.to_owned(),
    }
}

fn counts(operator: &Operator, given: &[Given]) -> Markup {
    let of = |path: &str, helpful: bool| {
        given.iter().filter(|given| given.article == path && given.answer.helpful == helpful).count()
    };
    let columns = [("operator-article", false), ("help-answer-yes", true), ("help-answer-no", true)];
    html! {
        div { table.fold role="table" aria-labelledby="counts-h" {
            (super::organization::head(operator, &columns))
            tbody role="rowgroup" { @for article in ARTICLES {
                tr role="row" {
                    th role="rowheader" scope="row" { (title_of(operator, article.path)) }
                    td.n role="cell" data-l=(say!(operator, "help-answer-yes")) { (of(article.path, true)) }
                    td.n role="cell" data-l=(say!(operator, "help-answer-no")) { (of(article.path, false)) }
                }
            } }
        } }
    }
}

fn words(operator: &Operator, given: &Given) -> Markup {
    let (tone, drawing, key) = match given.answer.helpful {
        true => ("ok", "check", "help-answer-yes"),
        false => ("warn", "x", "help-answer-no"),
    };
    html! {
        li {
            div.grow {
                p { (given.answer.words) }
                p.small.quiet {
                    (title_of(operator, &given.article)) " · "
                    a href={ (ROOT) "/organizations/" (given.organization) } { (given.organization) } " · " (given.member) " · "
                    (time(given.answer.at, operator.copy.date_time(given.answer.at)))
                }
            }
            span.tag data-tone=(tone) { (icon(drawing)) (operator.copy.text(key, &[])) }
        }
    }
}
