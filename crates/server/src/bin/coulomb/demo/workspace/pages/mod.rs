//! The workspace's pages, one file each, and what is around all of them: the bar with the credit badge, the side with the
//! pages, the people and the meter. They look like the console because they use its style sheet; a host's would not.

pub mod chat;
pub mod history;
pub mod occasions;
pub mod tasks;
pub mod tools;
pub mod welcome;

use super::{
    Workspace,
    room::{Job, Stands},
    scene::{Person, Scene},
    work::Work,
};
use axum::{
    http::StatusCode,
    response::{Html, IntoResponse, Response},
};
use coulomb_server::copy::{Copy, Language};
use coulomb_server::web::icons::{drawings, icon};
use ledger::Timestamp;
use maud::{DOCTYPE, Markup, html};
use std::sync::LazyLock;

/// Dates are written as the console writes them.
static COPY: LazyLock<Copy> = LazyLock::new(|| Copy::of(Language::default()));

const MARK: &str = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 20 20'%3E%3Crect x='3' y='3' width='14' height='14' rx='4' fill='%230b2fb3'/%3E%3C/svg%3E";

/// The pages of one organization.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Page {
    /// The conversation.
    Chat,
    /// Tools, workflows and browser sessions.
    Tools,
    /// Scheduled tasks.
    Tasks,
    /// Runs and what came of them.
    History,
    /// What may happen to the organization.
    Occasions,
}

impl Page {
    const ALL: [Page; 5] = [Page::Chat, Page::Tools, Page::Tasks, Page::History, Page::Occasions];

    /// By its name; the conversation where there is none of that name.
    pub fn of(name: Option<&str>) -> Page {
        Page::ALL.into_iter().find(|page| Some(page.name()) == name).unwrap_or(Page::Chat)
    }

    /// The last part of its path; the conversation is at the organization's own.
    pub fn name(self) -> &'static str {
        match self {
            Page::Chat => "chat",
            Page::Tools => "tools",
            Page::Tasks => "tasks",
            Page::History => "history",
            Page::Occasions => "try",
        }
    }

    /// Where it is, for this person.
    pub fn path(self, organization: &str, person: &str) -> String {
        match self {
            Page::Chat => format!("/workspace/{organization}?as={person}"),
            page => format!("/workspace/{organization}/{}?as={person}", page.name()),
        }
    }

    fn label(self) -> &'static str {
        match self {
            Page::Chat => "Chat",
            Page::Tools => "Tools",
            Page::Tasks => "Scheduled tasks",
            Page::History => "History",
            Page::Occasions => "Try things out",
        }
    }

    fn icon(self) -> &'static str {
        match self {
            Page::Chat => "chat",
            Page::Tools => "tool",
            Page::Tasks => "clock",
            Page::History => "bill",
            Page::Occasions => "flow",
        }
    }
}

impl Scene {
    /// The address that opens a page of the console and leads back here.
    fn console(&self, to: &str, page: Page) -> String {
        format!("/workspace/{}/open?to={to}&as={}&from={}", self.id, self.me.id, page.name())
    }

    /// A page with this on it.
    pub fn page(&self, workspace: &Workspace, page: Page, title: &str, body: &Markup) -> Response {
        let told = workspace.rooms().of(&self.id).told();
        let content = html! {
            header.top {
                a.brand href="/workspace" { b { "Workbench" } }
                span.org { (self.name) }
                div.top-end {
                    coulomb-badge organization=(self.id) member=(self.me.id) billing-url=(self.console("billing", page))
                        usage-url=(self.console("usage", page)) help-url=(self.console("help", page)) {
                        a.btn href=(self.console("billing", page)) { "Credits" }
                    }
                    span.avatar role="img" aria-label={ (self.me.name) ", " (self.me.title()) } { (self.me.initials()) }
                }
            }
            div.ws {
                aside.ws-side aria-label="Workspace, people and credits" { (self.pages(page)) (self.switch(page)) (self.meter(page)) }
                main.page #main {
                    div.page-head {
                        h1 { (title) }
                        span.tag { (icon("info")) "Demo workspace" }
                    }
                    @if let Some((tone, said)) = told {
                        div.banner data-tone=(tone) role="status" { (icon(if tone == "ok" { "check" } else { "info" })) p { (said) } }
                    }
                    (body)
                }
            }
        };
        let session = format!("/workspace/{}/session?as={}", self.id, self.me.id);
        document(StatusCode::OK, &format!("{title} · {}", self.name), Some(&session), &content)
    }

    fn pages(&self, current: Page) -> Markup {
        html! {
            nav aria-label="Workspace" {
                ul {
                    @for page in Page::ALL {
                        li {
                            a href=(page.path(&self.id, &self.me.id)) aria-current=[(page == current).then_some("page")] {
                                (icon(page.icon())) (page.label())
                            }
                        }
                    }
                }
            }
        }
    }

    /// Who one is, and where: the workspace lets everybody be anybody.
    fn switch(&self, page: Page) -> Markup {
        html! {
            form.switcher method="get" action="/workspace/switch" {
                input type="hidden" name="from" value=(page.name());
                div.field {
                    label for="org" { "Organization" }
                    select #org name="org" {
                        @for (id, name) in &self.organizations { option value=(id) selected[*id == self.id] { (name) } }
                    }
                }
                div.field {
                    label for="as" { "You are" }
                    select #as name="as" {
                        @for person in &self.people {
                            option value=(person.id) selected[person.id == self.me.id] { (person.name) ", " (person.title()) }
                        }
                    }
                }
                button.btn type="submit" { "Switch" }
            }
        }
    }

    fn meter(&self, page: Page) -> Markup {
        html! { div.side-meter { coulomb-usage-meter organization=(self.id) member=(self.me.id) usage-url=(self.console("usage", page)) {} } }
    }

    /// What starts work, behind the gate.
    fn gate(&self, page: Page, inside: &Markup) -> Markup {
        html! {
            coulomb-gate id={ "gate-" (page.name()) } organization=(self.id) member=(self.me.id) organization-name=(self.name)
                member-name=(self.me.name) viewer[!self.me.works()] billing-url=(self.console("billing", page))
                usage-url=(self.console("usage", page)) help-url=(self.console("help", page)) {
                (inside)
            }
        }
    }

    /// What every form says about who sends it, and from where.
    fn hidden(&self, page: Page) -> Markup {
        html! {
            input type="hidden" name="as" value=(self.me.id);
            input type="hidden" name="from" value=(page.name());
        }
    }

    /// What stands where a button would, for those who start nothing.
    fn viewers_read(&self) -> Markup {
        let others: Vec<&Person> = self.people.iter().filter(|person| person.works()).collect();
        let names: Vec<&str> = others.iter().map(|person| person.name.as_str()).collect();
        html! { p.inset { "Viewers read, and start nothing. " (names.join(", ")) " can." } }
    }
}

/// An instant, as it is read.
fn time(at: Timestamp) -> Markup {
    html! { time datetime=(at.to_string()) { (COPY.date_time(at)) } }
}

/// What came of a job, or how far it is.
fn outcome(job: &Job) -> Markup {
    let steps = Work::find(job.work).map_or(1, |work| work.steps);
    html! {
        @match job.stands {
            Stands::Running(step) => {
                p.quiet data-running {
                    "At work: step " (step.saturating_add(1).min(steps)) " of " (steps) ". "
                    @if job.used > 0 { "Used " (super::api::grouped(job.used)) " credits so far." }
                }
                progress max=(steps) value=(step) aria-label={ "Progress of " (job.text) } {}
            }
            Stands::Done | Stands::Failed => { p { (job.output) } }
        }
    }
}

/// A page that says why there is none.
pub fn trouble(status: StatusCode, said: &str) -> Response {
    let content = html! {
        header.top { a.brand href="/workspace" { b { "Workbench" } } }
        main.page #main {
            div.page-head { h1 { "This cannot be shown" } }
            section.banner data-tone="info" { (icon("unknown")) p { (said) } a.btn.do href="/workspace" { "To the first page" } }
        }
    };
    document(status, "Workbench", None, &content)
}

fn document(status: StatusCode, title: &str, session: Option<&str>, content: &Markup) -> Response {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="robots" content="noindex";
                title { (title) }
                link rel="icon" href=(MARK);
                link rel="stylesheet" href="/workspace/assets/workspace.css";
                script type="module" src="/workspace/assets/workspace.js" {}
            }
            body data-session=[session] {
                a.skip href="#main" { "Skip to content" }
                (content)
                (drawings(&content.0))
            }
        }
    };
    (status, Html(page.into_string())).into_response()
}
