//! What is around each page of the console: the head, the bar with the badge and its popover, the banner, the foot; the style,
//! and headers under which nothing runs that is not ours and nobody frames it who was not named.

use super::{
    assets,
    figures::{owed, time, usable},
    icons::{drawings, icon},
    reasons::{self, Look},
    visit::{Visit, see_other},
};
use crate::{
    brand::{MARK, wordmark},
    copy::{Copy, say},
    http::ConsoleSettings,
};
use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use ledger::{people::Role, status::Severity};
use maud::{DOCTYPE, Markup, PreEscaped, html};

/// The pages that the bar leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tab {
    /// Billing.
    Billing,
    /// Usage.
    Usage,
    /// History.
    History,
    /// Settings.
    Settings,
    /// Help, to which the foot leads.
    Help,
}

impl Tab {
    const BAR: [Tab; 4] = [Tab::Billing, Tab::Usage, Tab::History, Tab::Settings];

    /// The last part of its path.
    pub fn path(self) -> &'static str {
        match self {
            Tab::Billing => "billing",
            Tab::Usage => "usage",
            Tab::History => "history",
            Tab::Settings => "settings",
            Tab::Help => "help",
        }
    }
}

/// A page for a member.
pub struct Page<'a> {
    /// What it is called: its first heading.
    pub title: &'a str,
    /// Under which tab.
    pub tab: Tab,
    /// The sections at its side, for long pages: where they are, and what they are called.
    pub rail: &'a [(&'a str, Markup)],
    /// What is on it.
    pub body: Markup,
}

impl Visit {
    /// The page as an answer.
    pub fn page(&self, page: &Page<'_>) -> Response {
        let content = html! {
            (self.bar(page.tab))
            main.page.with-rail[!page.rail.is_empty()] #main {
                div.page-head {
                    div { h1 { (page.title) } p.quiet { (self.name) } }
                    div {
                        p.small.quiet #as-of data-live {
                            (say!(self, "as-of")) " " (time(self.now(), self.copy.date_time_exact(self.now())))
                        }
                        p.small #stale role="status" hidden { (say!(self, "stale")) }
                    }
                }
                (self.told())
                (self.banner())
                @if !page.rail.is_empty() {
                    nav.rail aria-label=(say!(self, "on-this-page")) #rail data-live {
                        ol { @for (place, name) in page.rail { li { a href={ "#" (place) } { (name) } } } }
                    }
                }
                div.cards { (page.body) }
            }
            (self.foot())
            p.sr #announcer role="alert" data-again=(say!(self, "work-goes-on")) {}
            p.sr #spoken role="status" {}
        };
        let title = match self.balance.can_start() {
            true => page.title.to_owned(),
            false => say!(self, "title-paused", page = page.title),
        };
        let follows = (self.path("stream"), self.balance.version);
        document(
            &self.copy,
            &self.app.settings.console,
            StatusCode::OK,
            &format!("{title} · {}", self.name),
            Some(&follows),
            &content,
        )
    }

    /// Sends the browser on after a form: to a page of ours, or to the provider's or the host's. Where forms may lead is
    /// limited to our own origin, redirects included, so to others it goes by a page that goes on by itself.
    pub fn lead(&self, to: &str) -> Response {
        let ours = to.strip_prefix(&self.app.settings.public_url);
        if to.starts_with('/') || ours.is_some_and(|rest| rest.starts_with(['/', '?', '#'])) {
            return see_other(to);
        }
        let framed = !self.app.settings.console.frame_ancestors.is_empty();
        let title = say!(self, "going-on-title");
        let content = html! {
            header.top { span.brand role="img" aria-label="Coulomb" { (wordmark()) } }
            main.page #main {
                div.page-head { h1 { (title) } }
                p { (say!(self, "going-on")) }
                // The payment pages of others do not stand in frames.
                p { a.btn.go href=(to) target=[framed.then_some("_top")] { (say!(self, "going-on-now")) } }
            }
        };
        let mut response =
            document(&self.copy, &self.app.settings.console, StatusCode::OK, &title, None, &content);
        if framed {
            return response;
        }
        match HeaderValue::try_from(format!("0; url={to}")) {
            Ok(value) => drop(response.headers_mut().insert(header::REFRESH, value)),
            // An address that fits no header is left to be followed by hand.
            Err(error) => tracing::warn!(%error, "an address cannot be gone on to"),
        }
        response
    }

    fn bar(&self, tab: Tab) -> Markup {
        let initials = initials(&self.me.name);
        let who = say!(self, "who", name = &self.me.name, role = role(&self.copy, self.me.role));
        html! {
            header.top {
                a.brand href=(self.path("billing")) aria-label="Coulomb" { (wordmark()) }
                span.org { (self.name) }
                nav aria-label=(say!(self, "console")) {
                    ul.tabs {
                        @for other in Tab::BAR {
                            li {
                                a href=(self.path(other.path())) aria-current=[(other == tab).then_some("page")] {
                                    (self.copy.text(&format!("tab-{}", other.path()), &[]))
                                }
                            }
                        }
                    }
                }
                div.top-end {
                    (self.badge())
                    (self.popover())
                    span.avatar role="img" aria-label=(who) { (initials) }
                }
            }
        }
    }

    /// The credit badge (SURFACES): state by icon and word, debt as a figure of its own.
    fn badge(&self) -> Markup {
        let Look { icon: name, tone, word } = reasons::look(self);
        let balance = &self.balance;
        let (available, debt) = (usable(balance.available), owed(balance.debt_total()));
        let shows_debt = self.sees_billing() && !debt.is_zero();
        let shows_locked = self.sees_billing() && balance.available.is_zero() && balance.locked.is_positive();
        let more = say!(self, "badge-open");
        html! {
            button.badge #badge type="button" data-live data-tone=[(tone != "ok").then_some(tone)] popovertarget="balance" {
                @if tone == "ok" {
                    (ring(balance))
                    (self.copy.html("badge-credits", &[("short", available.short().into()), ("amount", available.into())]))
                    span.sr { (say!(self, "badge-usable", amount = available.exact())) " " (more) }
                } @else {
                    (icon(name))
                    @if balance.can_start() { b { (available.short()) } }
                    span.word { (word) }
                    @if shows_debt {
                        span.also { (self.copy.html("badge-owed", &[("short", debt.short().into())])) }
                        span.sr { (say!(self, "badge-owed-whole", amount = debt.exact(), available = available.exact())) " " (more) }
                    } @else if shows_locked {
                        @let locked = usable(balance.locked);
                        span.also { (self.copy.html("badge-locked", &[("short", locked.short().into())])) }
                        span.sr { (say!(self, "badge-locked-whole", amount = locked.exact())) " " (more) }
                    } @else {
                        span.sr { (say!(self, "badge-usable", amount = available.exact())) " " (more) }
                    }
                }
            }
        }
    }

    fn popover(&self) -> Markup {
        let balance = &self.balance;
        let Look { icon: name, tone, word } = reasons::look(self);
        let debt = balance.debt_total();
        let now = self.now();
        let upcoming = |next: Option<ledger::status::Upcoming>| match next {
            Some(next) => {
                let date = self.copy.day(next.at, now);
                say!(self, "amount-on", amount = usable(next.amount), date = date)
            }
            None => say!(self, "none"),
        };
        html! {
            section.pop #balance popover data-live aria-label=(say!(self, "credit-details")) {
                p.row {
                    span.tag data-tone=(tone) { (icon(name)) (word) }
                    span.quiet.small { (say!(self, "as-of-short")) " " (time(now, self.copy.date_time_exact(now))) }
                }
                @if self.sees_billing() && debt.is_positive() {
                    p { span.fig.xl.owed { (owed(debt)) } " " span.unit { (say!(self, "unit-owed", amount = owed(debt))) } }
                } @else {
                    p { span.fig.xl { (usable(balance.available)) } " " span.unit { (say!(self, "unit-usable", amount = usable(balance.available))) } }
                }
                @if let Some(cause) = reasons::cause(self) { p.inset.small data-tone=(tone) { (cause) } }
                @if let Some(runway) = super::usage::runway(self) { p.small.quiet { (runway) } }
                @if let Some((label, href)) = reasons::way_out(self) { a.btn.go href=(href) { (label) } }
                dl.lines {
                    @if self.sees_billing() && debt.is_positive() {
                        (line(&say!(self, "usable"), &usable(balance.available).to_string()))
                    }
                    (line(&say!(self, "reserved"), &usable(balance.held).to_string()))
                    @if self.sees_billing() {
                        (line(&say!(self, "locked"), &usable(balance.locked).to_string()))
                        @for (debt, kind) in balance.debt.iter().zip(["outstanding-usage", "refund", "dispute"]) {
                            @if debt.is_positive() {
                                (line(&self.copy.text(&format!("debt-{kind}"), &[]), &owed(*debt).to_string()))
                            }
                        }
                        @if !debt.is_positive() { (line(&say!(self, "debt"), "0")) }
                    }
                    (line(&say!(self, "next-refill"), &upcoming(balance.next_grant)))
                    (line(&say!(self, "next-expiry"), &upcoming(balance.next_expiry)))
                }
                p.row.small {
                    a href=(self.path("billing")) { (say!(self, "tab-billing")) }
                    a href=(self.path("usage")) { (say!(self, "tab-usage")) }
                    a href=(self.path("help")) { (say!(self, "tab-help")) }
                }
            }
        }
    }

    /// What was just done.
    fn told(&self) -> Markup {
        let key = self.done.as_ref().filter(|key| key.starts_with("done-"));
        let said = key.map(|key| self.copy.text(key, &[])).filter(|said| Some(said) != key);
        html! {
            @if let Some(said) = said {
                div.banner data-tone="ok" role="status" { (icon("check")) p { (said) } }
            }
        }
    }

    /// One banner at a time, the first reason's. What blocks can be folded and stays.
    fn banner(&self) -> Markup {
        let Some(reason) = reasons::told(self) else {
            return html! { div #banner data-live hidden {} };
        };
        let Look { icon: name, tone, .. } = reasons::look(self);
        let (headline, cause) = (reasons::headline(self), reasons::cause(self));
        let blocks = reason.code.severity() == Severity::Blocking;
        html! {
            section.banner #banner data-live data-tone=(tone) aria-labelledby="why" data-code=(reason.code.as_str())
                {
                (icon(if blocks { "pause" } else { name }))
                h2 #why { (headline.unwrap_or_default()) }
                @if blocks {
                    details open { summary { (say!(self, "why-and-what-helps")) } p { (cause.unwrap_or_default()) } }
                } @else {
                    p { (cause.unwrap_or_default()) " "
                        button.btn.bare type="button" data-dismiss hidden { (say!(self, "dismiss")) }
                    }
                }
                @if let Some((label, href)) = reasons::way_out(self) { a.btn.go.do href=(href) { (label) } }
                @else if blocks && !self.sees_billing() && !self.balance.ask.is_empty() && self.me.role != Role::Viewer {
                    a.btn.go.do href=(self.path("billing#ask_billing_admin")) { (say!(self, "action-ask_billing_admin")) }
                }
            }
        }
    }

    fn foot(&self) -> Markup {
        html! {
            footer.foot {
                ul {
                    @for article in super::help::ARTICLES {
                        li { a href=(self.path(&format!("help/{}", article.path))) { (self.copy.text(&format!("help-{}-title", article.path), &[])) } }
                    }
                }
                p { (say!(self, "all-times")) }
                div.row {
                    @if let Some(url) = &self.session.return_url { a href=(url) { (say!(self, "back-to-product")) } }
                    form method="post" action=(self.path("leave")) { (self.proof()) button.btn.bare type="submit" { (say!(self, "sign-out")) } }
                }
            }
        }
    }
}

/// A role, in a word.
pub fn role(copy: &Copy, role: Role) -> String {
    let key = match role {
        Role::Owner => "role-owner",
        Role::Admin => "role-admin",
        Role::Member => "role-member",
        Role::Viewer => "role-viewer",
    };
    copy.text(key, &[])
}

/// "AR" of "Ana Ribeiro".
pub fn initials(name: &str) -> String {
    let mut words = name.split_whitespace().filter_map(|word| word.chars().next());
    let first = words.next();
    first.into_iter().chain(words.next_back()).flat_map(char::to_uppercase).collect()
}

/// A name and what belongs to it, in a list of lines.
pub fn line(name: &str, value: &str) -> Markup {
    html! { div { dt { (name) } dd { (value) } } }
}

/// What is left of the included credits, around the badge of an account that is well.
fn ring(balance: &ledger::status::Balance) -> Markup {
    let left = super::figures::percent(balance.included, balance.included_granted);
    html! {
        svg.i.ring viewBox="0 0 16 16" aria-hidden="true" {
            circle.rest cx="8" cy="8" r="6" stroke-width="2.5" {}
            circle cx="8" cy="8" r="6" stroke-width="2.5" stroke-linecap="butt" pathLength="100"
                stroke-dasharray={ (left) " 100" } transform="rotate(-90 8 8)" {}
        }
    }
}

/// A whole document: for members, for the operator, and where something went wrong. `follows` is
/// where it hears of the account, and the version that it shows.
pub fn document(
    copy: &Copy,
    console: &ConsoleSettings,
    status: StatusCode,
    title: &str,
    follows: Option<&(String, u64)>,
    content: &Markup,
) -> Response {
    let page = html! {
        (DOCTYPE)
        html lang=(copy.language().tag()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="robots" content="noindex";
                title { (title) " · Coulomb" }
                link rel="icon" href=(MARK);
                style { (PreEscaped(assets::STYLE)) }
                script type="module" src=(assets::SCRIPT.path()) {}
            }
            body data-stream=[follows.map(|(stream, _)| stream)] data-version=[follows.map(|(_, version)| version)] {
                a.skip href="#main" { (copy.text("skip", &[])) }
                (content)
                (drawings(&content.0))
            }
        }
    };
    (status, headers(console), page.into_string()).into_response()
}

/// Nothing runs but our own script, nothing is loaded from elsewhere, and only those who were named show us in a frame.
fn headers(console: &ConsoleSettings) -> [(header::HeaderName, HeaderValue); 5] {
    let ancestors = match console.frame_ancestors.as_slice() {
        [] => "'none'".to_owned(),
        named => named.join(" "),
    };
    let style = assets::style_hash();
    let policy = format!(
        "default-src 'none'; style-src '{style}'; script-src 'self'; connect-src 'self'; img-src data:; \
         form-action 'self'; base-uri 'none'; frame-ancestors {ancestors}"
    );
    let policy = HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static("default-src 'none'"));
    [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        // Within this server the origin is told, or browsers would call forms a stranger's; others are told nothing.
        (header::REFERRER_POLICY, HeaderValue::from_static("same-origin")),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ]
}
