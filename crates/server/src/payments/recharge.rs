//! Automatic purchases (R10): requested by an event, which leaves a memo in its own commit, and carried out here with the
//! event's id as the provider's idempotency key. A crash at any point neither charges twice nor loses a charge: until the
//! ledger knows what came of it, the memo is there, and whoever takes it up asks the provider for the same purchase again.

use super::{Charged, ProviderError, Recharge, cashier::Cashier, fact::Fact, price::Price};
use crate::{
    clock,
    engine::{EngineError, Happened},
    jobs::patience::retry_at,
    memos,
};
use ledger::{
    Credits, Duration, Timestamp,
    command::{Command, Request},
    event::Event,
    id::{OrganizationId, RechargeId},
    refusal::Refusal,
    status::ReasonCode,
};
use serde::{Deserialize, Serialize};
use store::{
    Fault,
    memo::{Change, Memo},
};

/// The kind of its memos.
pub const KIND: &str = "recharge";

/// How long a purchase is one server's to carry out: longer than the provider is waited for.
const CLAIM: Duration = Duration::from_micros(90_000_000);

/// The longest wait before it is tried again. It is never given up: nobody else would ever say whether it was paid.
const WAIT_MAX: Duration = Duration::from_micros(300_000_000);

/// How long until the provider is asked again about a purchase that it is still at.
const PENDING: Duration = Duration::from_micros(60_000_000);

/// Purchases of one organization looked at in one go; the rules let one be in flight.
const AT_ONCE: usize = 10;

/// What is to be bought, as it was priced when it was requested.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Requested {
    credits: Credits,
    price: i64,
    currency: String,
    at: Timestamp,
    /// The same by everyone's clock.
    written_at: Timestamp,
    /// How often the provider may have been asked.
    #[serde(default)]
    attempts: u32,
}

/// What has to be done because of a decision: the purchase that it requested.
pub fn outbox(price: &Price, happened: &Happened<'_>) -> Option<Memo> {
    happened.events.iter().find_map(|recorded| {
        let Event::RechargeRequested { recharge, credits } = &recorded.event else { return None };
        let requested = Requested {
            credits: *credits,
            // What does not fit a price is refused by every provider.
            price: price.of(*credits).unwrap_or(i64::MAX),
            currency: price.currency.clone(),
            at: recorded.at,
            written_at: clock::now(),
            attempts: 0,
        };
        Some(Memo::new(KIND, recharge.as_str(), Some(requested.written_at), memos::body(&requested)))
    })
}

/// When a purchase was requested, by everyone's clock.
pub fn written_at(memo: &Memo) -> Result<Timestamp, Fault> {
    memos::read::<Requested>(memo).map(|requested| requested.written_at)
}

/// How often a start that waits looks again though nobody told it of a change: another server may have made one.
const LOOK: std::time::Duration = std::time::Duration::from_millis(250);

impl Cashier {
    /// Waits until this start would be admitted, or no automatic purchase stands between it and that, or so long. Nothing is
    /// started, refused or counted here.
    pub async fn wait_for_recharge(
        &self,
        organization: &OrganizationId,
        start: &Request,
        patience: std::time::Duration,
    ) -> Result<(), EngineError> {
        let mut watch = self.engine.changes().watch(organization);
        let wait = async {
            let mut requested = false;
            while self.lacks_credits_on_their_way(organization, start).await? {
                if !requested {
                    // As the refusal of this start would; where one is in flight, nothing happens.
                    let request = Request::new(Command::RequestRecharge, start.by().clone(), None);
                    self.engine.execute(organization.clone(), request).await?;
                    requested = true;
                }
                let _ = tokio::time::timeout(LOOK, watch.changed()).await;
            }
            Ok(())
        };
        tokio::time::timeout(patience, wait).await.unwrap_or(Ok(()))
    }

    /// Whether this start would be refused for nothing but credits, which an automatic purchase is to bring.
    async fn lacks_credits_on_their_way(
        &self,
        organization: &OrganizationId,
        start: &Request,
    ) -> Result<bool, EngineError> {
        match self.engine.preview(organization.clone(), start.clone()).await {
            Err(EngineError::Refused(Refusal::Start(refusal))) => {
                let bought = |code| {
                    matches!(
                        code,
                        ReasonCode::OutstandingUsage
                            | ReasonCode::CreditsDepleted
                            | ReasonCode::InsufficientCredits
                    )
                };
                Ok(refusal.balance.auto_recharge.in_flight.is_some()
                    && refusal.reasons.iter().all(|reason| bought(reason.code)))
            }
            // Whatever else is wrong, the start itself says so.
            Ok(_) | Err(EngineError::Refused(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Carries out these purchases of one organization.
    pub async fn work_recharges(&self, organization: OrganizationId, due: Vec<Memo>) {
        for memo in due {
            if let Err(fault) = self.recharge(&organization, memo).await {
                tracing::warn!(%organization, error = %fault, "an automatic purchase waits");
            }
        }
    }

    /// Carries out what is due for one organization by this instant; how many purchases.
    pub(super) async fn recharge_due(
        &self,
        organization: &OrganizationId,
        by: Timestamp,
    ) -> Result<usize, ProviderError> {
        let mut due = self.memos.list(organization, KIND, None, AT_ONCE).await?;
        due.retain(|memo| memo.due.is_some_and(|at| at <= by));
        let found = due.len();
        self.work_recharges(organization.clone(), due).await;
        Ok(found)
    }

    async fn recharge(&self, organization: &OrganizationId, memo: Memo) -> Result<(), Fault> {
        let mut requested: Requested = memos::read(&memo)?;
        let Ok(id) = memo.id.parse::<RechargeId>() else {
            return Err(Fault::Damaged(format!("{:?} stands where a recharge's id belongs", memo.id)));
        };
        // Counted before the provider is asked: whoever comes after a crash knows that it may have been.
        let again = requested.attempts > 0;
        requested.attempts = requested.attempts.saturating_add(1);
        let counted = Memo { body: memos::body(&requested), ..memo };
        let Some(claimed) = self.memos.claim(organization, &counted, clock::now().after(CLAIM)).await? else {
            return Ok(());
        };
        let due = match self.carry_out(organization, &id, &requested, again).await {
            Ok(true) => {
                self.memos.keep(organization, vec![Change::Forget(claimed)]).await?;
                return Ok(());
            }
            Ok(false) => clock::now().after(PENDING),
            Err(error) => {
                tracing::warn!(%organization, recharge = %id, %error, "an automatic purchase waits");
                retry_at(clock::now(), requested.attempts, WAIT_MAX)
            }
        };
        self.memos.keep(organization, vec![Change::Write(Memo { due: Some(due), ..claimed })]).await?;
        Ok(())
    }

    /// Whether the ledger knows now what came of it.
    async fn carry_out(
        &self,
        organization: &OrganizationId,
        id: &RechargeId,
        requested: &Requested,
        again: bool,
    ) -> Result<bool, ProviderError> {
        let (wanted, now) = {
            let id = id.clone();
            let look = self.engine.view(organization.clone(), move |view| {
                let in_flight = view.account.core().recharge.in_flight.as_ref();
                (in_flight.is_some_and(|in_flight| in_flight.id == id), view.now)
            });
            look.await?
        };
        if !wanted {
            return Ok(true);
        }
        let Requested { credits, price, ref currency, at, .. } = *requested;
        let recharge =
            Recharge { id: id.clone(), credits, price, currency: currency.clone(), requested_at: at, again };
        let fact = match self.provider.charge(organization, now, &recharge).await {
            Ok(Charged::Settled(fact)) => fact,
            Ok(Charged::Pending) => return Ok(false),
            // The provider knows of nothing to charge: that is as good as a decline, and people are told.
            Err(ProviderError::Refused(reason)) => Fact::RechargeDeclined { recharge: id.clone(), reason },
            Err(error) => return Err(error),
        };
        self.tell_now(organization, &fact, id.as_str()).await?;
        Ok(true)
    }
}
