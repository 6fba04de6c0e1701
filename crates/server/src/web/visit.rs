//! Who looks at a page of the console, and what they look at: the member behind a session's cookie, and the account at one
//! version, from which everything on the page is shown. What somebody may do is asked again when they do it (R12.3).

use super::usage::forecast::{Basis, Forecast};
use crate::{
    auth,
    copy::{Copy, Value},
    error::ApiError,
    http::{
        App,
        access::{self, Route},
        extract::{Caller, Ids},
        form::Form,
    },
    sessions::Session,
};
use axum::{
    extract::{FromRequest, FromRequestParts, MatchedPath, Query, Request},
    http::{HeaderMap, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use ledger::{
    Account, Timestamp,
    explain::{CauseKind, Explained},
    id::{OrganizationId, PaymentId},
    people::Member,
    status::{Balance, ReasonCode},
};
use maud::{Markup, html};
use serde::Deserialize;
use std::{collections::BTreeMap, sync::Arc};
use subtle::ConstantTimeEq;

/// The name of the cookie. Its path is one organization's console, so that one browser may have several.
pub const COOKIE: &str = "coulomb_session";

/// A member at a page.
pub struct Visit {
    /// Everything there is to ask.
    pub app: Arc<App>,
    /// What pages say.
    pub copy: Copy,
    /// Whose account.
    pub organization: OrganizationId,
    /// What it is called.
    pub name: String,
    /// Who looks.
    pub me: Member,
    /// Who asks the engine.
    pub caller: Caller,
    /// The session.
    pub session: Session,
    /// The account as this member may see it.
    pub balance: Balance,
    /// Each reason with what caused it; for people with billing access.
    pub explained: Vec<Explained>,
    /// What was paid, of the payments that reasons go back to: minor units and currency.
    pub paid: BTreeMap<PaymentId, (i64, String)>,
    /// For how long the credits last, where they are low; for people with billing access.
    pub runway: Option<Forecast>,
    /// The key of what was just done, to be told.
    pub done: Option<String>,
    token: String,
}

impl Visit {
    /// Whether this member sees and acts on billing (R12.2).
    pub fn sees_billing(&self) -> bool {
        self.balance.sees_billing
    }

    /// The session's token, for what goes on after the page.
    pub fn token(&self) -> String {
        self.token.clone()
    }

    /// The organization's now.
    pub fn now(&self) -> Timestamp {
        self.balance.as_of
    }

    /// A page of this organization's console: `visit.path("billing")`.
    pub fn path(&self, page: &str) -> String {
        format!("/console/{}/{page}", self.organization)
    }

    /// The same as a whole address, to come back to from the payment provider.
    pub fn address(&self, page: &str) -> String {
        format!("{}{}", self.app.settings.public_url, self.path(page))
    }

    /// What every form carries, which no other site's page knows.
    pub fn proof(&self) -> Markup {
        html! { input type="hidden" name="proof" value=(auth::form_proof(&self.token)); }
    }

    /// Back to a page when something is done; `done` is the key of the sentence that says so.
    pub fn done(&self, page: &str, done: &str) -> Response {
        let (page, place) = page.split_once('#').unwrap_or((page, ""));
        see_other(&format!("{}?done={done}#{place}", self.path(page)))
    }
}

/// Sends a browser on.
pub fn see_other(to: &str) -> Response {
    let headers = [(header::LOCATION, to.to_owned()), (header::CACHE_CONTROL, "no-store".to_owned())];
    (StatusCode::SEE_OTHER, headers).into_response()
}

/// A cookie of this name, from whoever sent it.
pub fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let sent = headers.get_all(header::COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    let mut pairs = sent.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find_map(|(known, value)| (known == name).then_some(value))
}

/// What is answered where no session is, or not any more.
fn nobody() -> ApiError {
    ApiError::new(
        StatusCode::UNAUTHORIZED,
        "no_session",
        "This page needs a session: open it from the product again.",
    )
}

impl FromRequestParts<Arc<App>> for Visit {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Visit, ApiError> {
        #[derive(Deserialize)]
        struct Done {
            done: Option<String>,
        }

        let route = route(parts)?;
        let Ids(ids) = Ids::<BTreeMap<String, String>>::from_request_parts(parts, app).await?;
        let organization: OrganizationId =
            ids.get("org").and_then(|id| id.parse().ok()).ok_or_else(nobody)?;
        let token = cookie(&parts.headers, COOKIE).ok_or_else(nobody)?.to_owned();
        let session = app.sessions.find(&organization, &token).await?.ok_or_else(nobody)?;
        let done = Query::<Done>::try_from_uri(&parts.uri).ok().and_then(|Query(query)| query.done);
        let member = session.member.clone();
        let caller = Caller { key: None, member: Some(member.clone()), route };
        let actor = caller.actor();
        let looked = app.read(&caller, organization.clone(), move |view, _| {
            let core = view.account.core();
            let balance = view.account.balance(view.policy, view.now, &actor);
            let explained = match balance.sees_billing {
                true => view.account.explain(view.policy, view.now).reasons,
                false => Vec::new(),
            };
            let paid = paid(view.account, &explained);
            let first = balance.reasons.first().map(|reason| reason.code);
            let basis = (balance.sees_billing && first == Some(ReasonCode::BalanceLow))
                .then(|| Basis::of(view.account, view.policy, view.now));
            let me = core.members.get(&member)?.clone();
            Some((core.name.clone(), me, balance, explained, paid, basis))
        });
        // Who is no member any more has no session any more.
        let looked = match looked.await {
            Err(error) if error.told().code == "not_a_member" => {
                app.sessions.end(&organization, &token).await?;
                return Err(nobody());
            }
            looked => looked?,
        };
        let (name, me, balance, explained, paid, basis) = looked.ok_or_else(nobody)?;
        let runway = match basis {
            Some(basis) => app.page(organization.clone(), move |store, id| basis.forecast(store, id)).await?,
            None => None,
        };
        let copy = app.copy.clone();
        let app = Arc::clone(app);
        Ok(Visit {
            app,
            copy,
            organization,
            name,
            me,
            caller,
            session,
            balance,
            explained,
            paid,
            runway,
            done,
            token,
        })
    }
}

/// What was paid for what was taken back.
fn paid(account: &Account, explained: &[Explained]) -> BTreeMap<PaymentId, (i64, String)> {
    let causes = explained.iter().flat_map(|explained| &explained.causes);
    let payments = causes.filter_map(|cause| match &cause.what {
        CauseKind::RefundTookBack { payment, .. }
        | CauseKind::DisputeTookBack { payment, .. }
        | CauseKind::Frozen { payment, .. } => account.payment(payment),
        _ => None,
    });
    payments.map(|payment| (payment.id.clone(), (payment.paid, payment.currency.clone()))).collect()
}

/// The route of a page.
pub fn route(parts: &Parts) -> Result<&'static Route, ApiError> {
    let path = parts.extensions.get::<MatchedPath>();
    path.and_then(|path| access::find(parts.method.as_str(), path.as_str()))
        .ok_or_else(|| ApiError::fault("a page that is not in the table of routes"))
}

/// A form that a member sent, from a page that was shown in the same session.
pub struct Posted {
    /// Who.
    pub visit: Visit,
    /// What it says.
    pub form: Form,
}

impl FromRequest<Arc<App>> for Posted {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Posted, ApiError> {
        let (mut parts, body) = request.into_parts();
        let visit = Visit::from_request_parts(&mut parts, app).await?;
        let form = Form::from_request(Request::from_parts(parts, body), app).await?;
        proven(&form, &visit.token)?;
        Ok(Posted { visit, form })
    }
}

/// Whether a form was shown in the session of this secret.
pub fn proven(form: &Form, secret: &str) -> Result<(), ApiError> {
    let proof = auth::form_proof(secret);
    if bool::from(proof.as_bytes().ct_eq(form.get("proof").as_bytes())) {
        return Ok(());
    }
    let detail = "This form was not sent from the page that it belongs to; open the page again.";
    Err(ApiError::new(StatusCode::FORBIDDEN, "cross_site", detail))
}

/// A refusal in the reader's words: who may do it, where somebody may.
pub fn refused(copy: &Copy, error: &ApiError) -> String {
    let told = error.told();
    match (&told.ask, told.code) {
        (Some(ask), _) if !ask.is_empty() => {
            let names: Vec<&str> = ask.iter().map(|contact| contact.name.as_str()).collect();
            copy.text("refused-ask", &[("names", Value::from(list(copy, &names)))])
        }
        (_, "not_found") => copy.text("refused-not-found", &[]),
        _ => told.detail.to_string(),
    }
}

/// "Ana, Ben or Clara".
pub fn list(copy: &Copy, names: &[&str]) -> String {
    listed(copy, names, "list-or")
}

/// "Ana, Ben and Clara".
pub fn list_all(copy: &Copy, names: &[&str]) -> String {
    listed(copy, names, "list-and")
}

fn listed(copy: &Copy, names: &[&str], last_two: &str) -> String {
    match names {
        [] => String::new(),
        [only] => (*only).to_owned(),
        [before @ .., last] => {
            let before = before.join(", ");
            copy.text(last_two, &[("before", Value::from(before)), ("last", Value::from(*last))])
        }
    }
}
