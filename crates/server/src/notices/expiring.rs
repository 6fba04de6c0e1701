//! Credits that expire soon: told 30, 7 and 1 days before they do, where something of them is still unspent then. Each grant
//! with an end that is not a period's has a memo, due at the next of these, in the organization's own time.

use super::{
    derive::standing,
    notice::{Notice, What},
};
use crate::{
    engine::{Engine, EngineError, Happened, View},
    memos,
};
use ledger::{
    Account, Credits, Duration, Timestamp,
    event::Event,
    grant::GrantKind,
    id::{GrantId, OrganizationId},
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use store::memo::Memo;

/// The kind of its memos.
pub const KIND: &str = "expiring";

/// How many days before the end it is told, from the first to the last.
const DAYS: [i64; 3] = [30, 7, 1];

/// The most grants of one organization that are looked at in one go.
pub const GRANTS_MAX: usize = 1_000;

const DAY: Duration = Duration::days(1);

/// When a grant is to be looked at, in the organization's own time. The memo's `due` is the wall clock's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Next {
    /// Not before this.
    pub at: Timestamp,
}

/// The memos of the grants that a decision made, or gave more time.
pub fn memos_of(happened: &Happened<'_>) -> Vec<Memo> {
    let mut memos = Vec::new();
    for recorded in happened.events {
        let (grant, end) = match &recorded.event {
            Event::Granted { grant, kind, expires_at: Some(end), .. } if *kind != GrantKind::Included => {
                (grant, *end)
            }
            Event::GrantExtended { grant, expires_at } if is_lasting(happened.account, grant) => {
                (grant, *expires_at)
            }
            _ => continue,
        };
        if let Some(at) = next(end, recorded.at) {
            memos.push(memo(grant, at, happened.account.core().test_clock.is_some()));
        }
    }
    memos
}

fn is_lasting(account: &Account, grant: &GrantId) -> bool {
    account.grant(grant).is_some_and(|grant| grant.kind != GrantKind::Included)
}

/// The memo of a grant. A test clock stands still until it is set, so nobody needs to look before.
fn memo(grant: &GrantId, at: Timestamp, has_test_clock: bool) -> Memo {
    Memo::new(KIND, grant.as_str(), (!has_test_clock).then_some(at), memos::body(&Next { at }))
}

/// The next instant at which it is told that something ends then; none: it is too late for all of them.
fn next(end: Timestamp, now: Timestamp) -> Option<Timestamp> {
    let before =
        |days: i64| Timestamp::from_micros(end.micros().saturating_sub(DAY.micros().saturating_mul(days)));
    DAYS.into_iter().map(before).find(|at| *at > now)
}

/// What there is to do about a grant.
#[derive(Debug, PartialEq, Eq)]
pub enum Found {
    /// It is not looked at again.
    Over,
    /// It is looked at again then.
    Later(Memo),
    /// It is told, and looked at again, or not.
    Told(Box<Notice>, Option<Memo>),
}

/// Looks at grants by the memos of an organization: what there is to do about each.
pub async fn look(
    engine: &Engine,
    organization: &OrganizationId,
    memos: Vec<Memo>,
    now: Option<Timestamp>,
) -> Result<Vec<(Memo, Found)>, EngineError> {
    let look = move |view: View<'_>| {
        let now = now.unwrap_or(view.now);
        let found = |memo: Memo| {
            let found = of(&memo, &view, now);
            (memo, found)
        };
        memos.into_iter().map(found).collect()
    };
    engine.view(organization.clone(), look).await
}

fn of(memo: &Memo, view: &View<'_>, now: Timestamp) -> Found {
    let account = view.account;
    let grant = account.grants().iter().find(|grant| grant.id.as_str() == memo.id);
    let Some((grant, end)) = grant.and_then(|grant| Some((grant, grant.expires_at?))) else {
        return Found::Over;
    };
    if grant.is_spent() || end <= now {
        return Found::Over;
    }
    let has_test_clock = account.core().test_clock.is_some();
    let again = |at| Memo { version: memo.version, ..self::memo(&grant.id, at, has_test_clock) };
    let planned = memos::read::<Next>(memo).map_or(now, |next| next.at);
    if now < planned {
        return Found::Later(again(planned));
    }
    let later = next(end, now).map(again);
    if grant.free == Credits::ZERO {
        // Held or frozen: it may be free again before the end.
        return later.map_or(Found::Over, Found::Later);
    }
    let left = end.since(now).micros();
    let days = left.div_euclid(DAY.micros()) + i64::from(left.rem_euclid(DAY.micros()) > 0);
    let what = What::CreditsExpiring {
        grant: grant.id.clone(),
        kind: grant.kind,
        amount: grant.free,
        expires_at: end,
        days,
    };
    let notice = Notice {
        organization: account.organization().clone(),
        name: account.core().name.clone(),
        seq: account.version(),
        part: format!("{}.{days}d", short(&grant.id)),
        at: now,
        what,
        standing: standing(account, view.policy, now),
    };
    Found::Told(Box::new(notice), later)
}

/// A grant's id as a part of other ids: as long as any other, however long the operator's own is.
fn short(grant: &GrantId) -> String {
    let hash = Sha256::digest(grant.as_str());
    hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_told_a_month_a_week_and_a_day_before_the_end() {
        let end = Timestamp::MIN.after(Duration::days(100));
        let day = |day| Timestamp::MIN.after(Duration::days(day));
        for (now, then) in
            [(0, Some(70)), (69, Some(70)), (70, Some(93)), (93, Some(99)), (99, None), (200, None)]
        {
            assert_eq!(next(end, day(now)), then.map(day), "{now}");
        }
    }
}
