//! Errors as callers see them: every one a problem document (RFC 9457) with a stable code. Refusals are ordinary answers;
//! a fault has two messages, one for the caller and one for the log.
//!
//! A handler's error carries no request id and knows no URL: `http::conventions` writes the document.

use crate::{auth::NoEntry, engine::EngineError, payments::ProviderError};
use api::problem::FieldError;
use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use ledger::{
    people::Contact,
    refusal::{Refusal, StartRefusal},
};
use std::{borrow::Cow, sync::Arc};
use store::Fault;

/// Seconds after which a caller should try again.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("1");

/// An answer that says no.
#[derive(Clone, Debug)]
pub struct ApiError(Arc<Told>);

/// What an error says.
#[derive(Debug)]
pub struct Told {
    /// The HTTP status.
    pub status: StatusCode,
    /// The stable code.
    pub code: &'static str,
    /// What happened, for the caller.
    pub detail: Cow<'static, str>,
    /// What is wrong with the request, where it is known.
    pub errors: Vec<FieldError>,
    /// Who may do it, where the person may not.
    pub ask: Option<Vec<Contact>>,
    /// What a refused start says besides.
    pub start: Option<Box<StartRefusal>>,
    /// What happened, for the log; only faults have one.
    pub inside: Option<String>,
}

impl ApiError {
    /// An error without anything special about it.
    pub fn new(status: StatusCode, code: &'static str, detail: impl Into<Cow<'static, str>>) -> ApiError {
        ApiError(Arc::new(Told {
            status,
            code,
            detail: detail.into(),
            errors: Vec::new(),
            ask: None,
            start: None,
            inside: None,
        }))
    }

    fn with(self, change: impl FnOnce(&mut Told)) -> ApiError {
        let mut told = Arc::into_inner(self.0).expect("an error that is being made is not shared");
        change(&mut told);
        ApiError(Arc::new(told))
    }

    /// A part of the path, the query or the headers that is not what it may be (400).
    pub fn parameter(name: &str, detail: impl Into<String>) -> ApiError {
        let detail = detail.into();
        let told = format!("{name}: {detail}");
        let error = FieldError { pointer: None, parameter: Some(name.into()), detail };
        ApiError::new(StatusCode::BAD_REQUEST, "invalid_parameter", told).with(|told| told.errors.push(error))
    }

    /// A field of the body that is not what it may be (422).
    pub fn field(pointer: impl Into<String>, detail: impl Into<String>) -> ApiError {
        let (pointer, detail) = (pointer.into(), detail.into());
        let name = pointer.trim_start_matches('/');
        let told = if name.is_empty() { detail.clone() } else { format!("{name}: {detail}") };
        let error = FieldError { pointer: Some(pointer), parameter: None, detail };
        ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", told).with(|told| told.errors.push(error))
    }

    /// Something of ours went wrong; the caller learns that, the log learns what.
    pub fn fault(inside: impl Into<String>) -> ApiError {
        let detail = "Something went wrong on our side. What was asked may not have been done; it is safe to ask again with the same id.";
        let error = ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "internal_error", detail);
        error.with(|told| told.inside = Some(inside.into()))
    }

    /// What it says.
    pub fn told(&self) -> &Told {
        &self.0
    }
}

/// The title of a status, which is the kind of problem in a few words.
pub fn title(status: StatusCode) -> &'static str {
    match status {
        StatusCode::PAYMENT_REQUIRED => "This work cannot start now",
        StatusCode::UNPROCESSABLE_ENTITY => "The request was understood and refused",
        StatusCode::INTERNAL_SERVER_ERROR => "Something went wrong on our side",
        other => other.canonical_reason().unwrap_or("The request was refused"),
    }
}

impl IntoResponse for ApiError {
    /// Status and headers; the document is written where the request's id is known.
    fn into_response(self) -> Response {
        let told = self.told();
        let mut response = told.status.into_response();
        let headers = response.headers_mut();
        match told.status {
            StatusCode::SERVICE_UNAVAILABLE => {
                headers.insert(header::RETRY_AFTER, RETRY_AFTER);
            }
            StatusCode::UNAUTHORIZED => {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            StatusCode::PAYMENT_REQUIRED => {
                // Clients of AI providers retry quota errors by themselves unless they are told not to.
                headers.insert("x-should-retry", HeaderValue::from_static("false"));
            }
            _ => {}
        }
        response.extensions_mut().insert(self);
        response
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> ApiError {
        let code = refusal.code();
        let detail = refusal.to_string();
        let status = match refusal {
            Refusal::UnknownOrganization | Refusal::NotFound { .. } => StatusCode::NOT_FOUND,
            Refusal::Forbidden { .. } | Refusal::NotAMember { .. } => StatusCode::FORBIDDEN,
            Refusal::Start(_) => StatusCode::PAYMENT_REQUIRED,
            Refusal::Conflict { .. }
            | Refusal::Invalid { .. }
            | Refusal::UnknownKind { .. }
            | Refusal::RunClosed { .. }
            | Refusal::BelowRecorded { .. }
            | Refusal::PaymentMethodRequired
            | Refusal::ChangeRefused { .. }
            | Refusal::LimitReached { .. } => StatusCode::UNPROCESSABLE_ENTITY,
        };
        let at = |pointer: &str, detail: &str| {
            vec![FieldError { pointer: Some(pointer.into()), parameter: None, detail: detail.into() }]
        };
        let errors = match &refusal {
            Refusal::Invalid { field, detail } => at(&format!("/{field}"), detail),
            Refusal::UnknownKind { .. } => at("/kind", &detail),
            Refusal::BelowRecorded { .. } => at("/used", &detail),
            _ => Vec::new(),
        };
        let (ask, start) = match refusal {
            Refusal::Forbidden { ask, .. } => (Some(ask), None),
            Refusal::Start(start) => (None, Some(start)),
            _ => (None, None),
        };
        ApiError(Arc::new(Told { status, code, detail: detail.into(), errors, ask, start, inside: None }))
    }
}

impl From<EngineError> for ApiError {
    fn from(error: EngineError) -> ApiError {
        let unavailable =
            |code, detail: &'static str| ApiError::new(StatusCode::SERVICE_UNAVAILABLE, code, detail);
        match error {
            EngineError::Refused(refusal) => refusal.into(),
            EngineError::Busy => unavailable("busy", "Too many commands are waiting. Try again in a second."),
            EngineError::ShuttingDown => {
                unavailable("shutting_down", "This server is stopping. Try again in a second.")
            }
            EngineError::Store(fault) => ApiError::from(&*fault),
            EngineError::Broken(organization) => {
                ApiError::fault(format!("an invariant of organization {organization} is broken"))
            }
        }
    }
}

impl From<&Fault> for ApiError {
    fn from(fault: &Fault) -> ApiError {
        let unavailable = |code, detail: &'static str| {
            let error = ApiError::new(StatusCode::SERVICE_UNAVAILABLE, code, detail);
            error.with(|told| told.inside = Some(fault.to_string()))
        };
        match fault {
            Fault::Unavailable(_) | Fault::Locked(_) => unavailable(
                "store_unavailable",
                "The store cannot be reached. Nothing was done; try again in a second.",
            ),
            Fault::Unknown(_) => unavailable(
                "outcome_unknown",
                "The store did not answer. What was asked may have been done: ask again with the same id, which does nothing twice.",
            ),
            Fault::Damaged(_) | Fault::TooNew(_) => ApiError::fault(fault.to_string()),
        }
    }
}

impl From<Fault> for ApiError {
    fn from(fault: Fault) -> ApiError {
        ApiError::from(&fault)
    }
}

impl From<ProviderError> for ApiError {
    fn from(error: ProviderError) -> ApiError {
        let refused = |code, detail: String| ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, code, detail);
        match error {
            ProviderError::Engine(error) => error.into(),
            ProviderError::Store(fault) => fault.into(),
            ProviderError::Refused(detail) => refused("provider_refused", detail),
            ProviderError::Unsupported(detail) => refused("provider_unsupported", detail.into()),
            ProviderError::Invalid(field, detail) => ApiError::field(format!("/{field}"), detail),
            ProviderError::Unavailable(inside) | ProviderError::Unexpected(inside) => {
                let detail = "The payment provider does not answer as it should. Nothing is lost: try again in a moment.";
                let error = ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "provider_unavailable", detail);
                error.with(|told| told.inside = Some(inside))
            }
        }
    }
}

impl From<NoEntry> for ApiError {
    fn from(no: NoEntry) -> ApiError {
        ApiError::new(StatusCode::UNAUTHORIZED, "unauthorized", no.to_string())
    }
}
