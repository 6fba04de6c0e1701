//! Problems: how every error looks (RFC 9457), `application/problem+json`.

use crate::{
    Amount,
    balance::{Contact, Debts, NextStep, Reason, words},
    instant::Instant,
};
use serde::Serialize;

/// One thing that is wrong with a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FieldError {
    /// Where in the body, as a JSON pointer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
    /// Which part of the path, the query or the header, where it is not in the body.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameter: Option<String>,
    /// What it may be.
    pub detail: String,
}

words! {
    /// Whether an automatic purchase is on its way.
    Recharging {
        /// It is.
        InProgress,
    }
}

/// Locked credits, as a refused start tells of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Locked {
    /// How many.
    pub amount: Amount,
    /// When the first of them expire, or null.
    pub expires_at: Option<Instant>,
}

/// The error that OpenAI-style clients look for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct QuotaError<'a> {
    /// Always `insufficient_quota`.
    #[serde(rename = "type")]
    pub kind: &'a str,
    /// Always `insufficient_quota`.
    pub code: &'a str,
    /// Why, in a sentence.
    pub message: &'a str,
}

/// Why a start was refused: everything there is to say. What the reader may not see is absent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StartRefused<'a> {
    /// Every blocking reason, most important first.
    pub reasons: Vec<Reason<'a>>,
    /// What is available.
    pub available: Amount,
    /// What the start would have held.
    pub required: Amount,
    /// The credits that would let this start: what debt would take first, and what is missing then. Billing access only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shortfall: Option<Amount>,
    /// Open debt. Billing access only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub debt: Option<Debts>,
    /// Locked credits. Billing access only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locked: Option<Locked>,
    /// What the person can do about it.
    pub next_steps: Vec<NextStep>,
    /// Whom to ask: the owner and the billing admins.
    pub ask: Vec<Contact<'a>>,
    /// Whether an automatic purchase is on its way, or null.
    pub auto_recharge: Option<Recharging>,
    /// The account's version that this was decided on.
    pub balance_version: u64,
    /// The same for clients that look for this.
    pub error: QuotaError<'a>,
}

/// An error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Problem<'a> {
    /// What kind of problem, as a URI that never changes its meaning.
    #[serde(rename = "type")]
    pub kind: String,
    /// The kind in a few words.
    pub title: &'a str,
    /// The HTTP status.
    pub status: u16,
    /// What happened here, and what to do about it.
    pub detail: &'a str,
    /// The stable code to branch on.
    pub code: &'a str,
    /// The request's id, also in the header `X-Request-Id`.
    pub request_id: &'a str,
    /// What is wrong with the request, where it is known.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    /// Who may do it, where the person may not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ask: Option<Vec<Contact<'a>>>,
}

/// A refused start: a problem with everything there is to say (402).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StartProblem<'a> {
    /// The problem; its code is the first reason.
    #[serde(flatten)]
    pub problem: Problem<'a>,
    /// Why.
    #[serde(flatten)]
    pub refused: StartRefused<'a>,
}
