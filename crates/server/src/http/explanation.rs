//! Why the account is as it is (R9.4): each reason with the events that caused it, what has been settled since, and what
//! would clear it.

use super::{
    App,
    conventions::json,
    extract::{Caller, Ids},
    wire::{self, amount, instant, wire_id},
};
use crate::{error::ApiError, words};
use api::explanation::{Cause, CauseKind, Explained, Explanation, Owed};
use axum::{extract::State, http::StatusCode, response::Response};
use ledger::{Timestamp, explain, id::OrganizationId};
use std::sync::Arc;

/// Explain the balance
///
/// For each reason the events that caused it, what has been settled since, and what would clear it: in figures and in
/// sentences, computed from the ledger.
#[utoipa::path(
    get, path = "/v1/organizations/{org}/explanation", tag = "account",
    responses((status = 200, description = "The explanation.", body = Explanation))
)]
pub async fn get_explanation(
    State(app): State<Arc<App>>,
    caller: Caller,
    Ids(organization): Ids<OrganizationId>,
) -> Result<Response, ApiError> {
    let looked = app.read(&caller, organization.clone(), |view, sees| {
        (view.account.explain(view.policy, view.now), sees, view.account.version(), view.now)
    });
    let (explanation, sees, version, now) = looked.await?;
    let explained = explanation.reasons.iter().map(|explained| {
        let step = |step| wire::next_step(step, &app.settings.public_url, &organization);
        Explained {
            reason: wire::reason(&explained.reason, sees.billing),
            text: text(explained, sees.billing),
            causes: explained.causes.iter().map(|told| cause(told, sees.billing)).collect(),
            clears: sees.billing.then(|| explained.clears.iter().map(step).collect()),
        }
    });
    let shown = Explanation {
        organization: wire_id!(organization),
        status: wire::status(explanation.status),
        reasons: explained.collect(),
        version,
        as_of: instant(now),
    };
    Ok(json(StatusCode::OK, &shown))
}

/// The reason in sentences. Those name amounts of debt and the payments behind them, so others are told the meaning alone.
fn text(explained: &explain::Explained, billing: bool) -> String {
    if billing || !wire::is_billing(explained.reason.code) {
        return words::sentence(explained);
    }
    let mut text = explained.reason.code.meaning().to_owned();
    text[..1].make_ascii_uppercase();
    text.push('.');
    text
}

fn cause(cause: &explain::Cause, billing: bool) -> Cause<'_> {
    Cause {
        seq: Some(cause.seq).filter(|seq| *seq > 0),
        at: Some(cause.at).filter(|at| *at > Timestamp::MIN).map(instant),
        what: what(&cause.what, billing),
    }
}

fn what(what: &explain::CauseKind, billing: bool) -> CauseKind<'_> {
    use explain::CauseKind as Kind;
    match what {
        Kind::RunOverran { run, beyond, owed: left } => CauseKind::RunOverran {
            run: wire_id!(run),
            beyond: billing.then(|| amount(*beyond)),
            owed: billing.then(|| owed(left)),
        },
        Kind::RefundTookBack { refund, payment, recovered, used, owed: left } => CauseKind::RefundTookBack {
            refund: billing.then(|| wire_id!(refund)),
            payment: billing.then(|| wire_id!(payment)),
            recovered: billing.then(|| amount(*recovered)),
            used: billing.then(|| amount(*used)),
            owed: billing.then(|| owed(left)),
        },
        Kind::DisputeTookBack { dispute, payment, recovered, used, owed: left } => {
            CauseKind::DisputeTookBack {
                dispute: billing.then(|| wire_id!(dispute)),
                payment: billing.then(|| wire_id!(payment)),
                recovered: billing.then(|| amount(*recovered)),
                used: billing.then(|| amount(*used)),
                owed: billing.then(|| owed(left)),
            }
        }
        Kind::Suspended { reason } => CauseKind::Suspended { reason },
        Kind::EntitlementEnded => CauseKind::EntitlementEnded,
        Kind::PaymentFailed { grace_ends } => {
            CauseKind::PaymentFailed { grace_ends: grace_ends.map(instant) }
        }
        Kind::NeverSubscribed => CauseKind::NeverSubscribed,
        Kind::RanOut => CauseKind::RanOut,
        Kind::FellBelow { threshold } => CauseKind::FellBelow { threshold: amount(*threshold) },
        Kind::Expires { grant, amount: left } => CauseKind::Expires {
            grant: billing.then(|| wire_id!(grant)),
            amount: billing.then(|| amount(*left)),
        },
        Kind::RechargeDeclined { reason, declines } => {
            CauseKind::RechargeDeclined { reason: billing.then_some(reason), declines: *declines }
        }
        Kind::CancellationScheduled => CauseKind::CancellationScheduled,
        Kind::Frozen { dispute, payment } => CauseKind::Frozen {
            dispute: billing.then(|| wire_id!(dispute)),
            payment: billing.then(|| wire_id!(payment)),
        },
    }
}

fn owed(owed: &explain::Owed) -> Owed<'_> {
    Owed {
        debt: wire_id!(owed.debt),
        amount: amount(owed.amount),
        open: amount(owed.open),
        since: owed.since.iter().map(wire::debt_change).collect(),
    }
}
