//! What was answered, compared with what is stored: nothing answered is lost, nothing refused happened, a repeat gets the
//! first answer, and every balance that anybody was told was true (R2.3, R2.4, TRUST T5, T19, T24).

use super::{
    Verdict, Wrong,
    books::{Books, Told},
    must, same,
};
use crate::seen;
use coulomb_server::engine::{EngineError, Object, Receipt, Shown};
use ledger::{
    command::{Command, Request},
    event::Actor,
    id::IdempotencyKey,
    refusal::{Refusal, StartRefusal},
    status::{Balance, ReasonCode},
};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use store::Fault;

/// What somebody asked. The key counts where the command has no identity of its own.
#[derive(Clone, Debug)]
pub struct Asked {
    pub command: Command,
    pub by: Actor,
    pub key: Option<IdempotencyKey>,
}

/// What came of it.
pub type Answer = Result<Receipt, EngineError>;

impl Asked {
    pub fn request(&self) -> Request {
        Request::new(self.command.clone(), self.by.clone(), self.key.clone())
    }

    /// As its answer is marked in the events: with the key, and 128 bits of SHA-256 of the command; nothing where it can
    /// not be recognised again.
    fn mark(&self) -> Option<String> {
        let key = self.key.as_ref().filter(|_| !self.command.has_identity());
        if key.is_none() && !self.command.has_identity() {
            return None;
        }
        let bytes = serde_json::to_vec(&self.command).unwrap();
        let digest: String = Sha256::digest(bytes)[..16].iter().map(|byte| format!("{byte:02x}")).collect();
        Some(format!("{}/{digest}", key.map_or("", |key| key.as_str())))
    }

    /// What only one content can have: the object's id, or the key.
    fn identity(&self) -> Option<String> {
        Some(match &self.command {
            Command::Start { run, .. } | Command::Charge { run, .. } => format!("run {run}"),
            Command::RecordUsage { run, usage, .. } => format!("usage {usage} of {run}"),
            Command::Settle { run, .. } | Command::Release { run } => format!("close of {run}"),
            Command::GrantPromotional { grant: Some(grant), .. } => format!("grant {grant}"),
            Command::RecordPayment { payment, .. } => format!("payment {payment}"),
            Command::RecordRefund { refund, .. } => format!("refund {refund}"),
            Command::FailRefund { refund } => format!("failure of {refund}"),
            Command::OpenDispute { dispute, .. } => format!("dispute {dispute}"),
            Command::CloseDispute { dispute, .. } => format!("close of {dispute}"),
            Command::DeclineRecharge { recharge, .. } => format!("decline of {recharge}"),
            _ => format!("key {}", self.key.as_ref()?),
        })
    }
}

/// What is known of one content of one identity.
#[derive(Debug, Default)]
struct Known {
    /// The first answer, and who got it.
    first: Option<(Actor, Shown)>,
    /// Among which answers it was heard.
    among: u64,
    /// Whether an answer was lost that may have been yes.
    perhaps: bool,
}

/// Everything that was answered to one organization.
#[derive(Debug, Default)]
pub struct Answers {
    /// How often answers were heard; those that are heard together were asked at once.
    times: u64,
    known: BTreeMap<String, Known>,
    /// Which content an identity has.
    contents: BTreeMap<String, String>,
}

impl Answers {
    /// Takes note of answers and compares them with the books, which have been brought up to date since.
    pub fn hear(&mut self, answers: &[(Asked, Answer)], books: &Books) -> Verdict {
        self.times += 1;
        // First all that may explain what is stored: of several that were asked at once, any may have been first.
        for (asked, answer) in answers {
            let (Some(mark), Err(EngineError::Store(fault))) = (asked.mark(), answer) else { continue };
            if matches!(**fault, Fault::Unknown(_)) {
                self.known.entry(mark).or_default().perhaps = true;
            }
        }
        let firsts = answers.iter().filter(|(_, answer)| matches!(answer, Ok(receipt) if !receipt.replayed));
        for (asked, receipt) in firsts.filter_map(|(asked, answer)| Some((asked, answer.as_ref().ok()?))) {
            self.first_answer(asked, receipt, books)?;
        }
        if let [(asked, answer)] = answers {
            is_news(asked, answer, books)?;
        }
        for (asked, answer) in answers {
            match answer {
                Ok(receipt) if receipt.replayed => self.repeat(asked, receipt, books)?,
                Ok(_) => {}
                Err(EngineError::Broken(organization)) => {
                    return Err(Wrong {
                        check: "no_invariant_breaks",
                        what: format!("{organization}: {asked:?}"),
                    });
                }
                Err(EngineError::Refused(refusal)) => {
                    self.not_done(asked, books, refusal.code())?;
                    self.refused(asked, refusal, books)?;
                }
                Err(EngineError::Store(fault)) if matches!(**fault, Fault::Damaged(_)) => {
                    return Err(Wrong { check: "what_is_stored_can_be_read", what: fault.to_string() });
                }
                Err(EngineError::Store(fault)) if matches!(**fault, Fault::Unknown(_)) => {}
                Err(error) => self.not_done(asked, books, &error.to_string())?,
            }
        }
        Ok(())
    }

    /// Everything that was ever answered is there, and only once.
    pub fn still_there(&self, books: &Books) -> Verdict {
        for (mark, known) in &self.known {
            let times = books.answered.get(mark).map_or(0, Vec::len);
            let right = times == 1 || (times == 0 && known.first.is_none());
            must(right, "what_was_answered_is_there", || {
                format!("{mark} is there {times} times: {known:?}")
            })?;
        }
        Ok(())
    }

    fn first_answer(&mut self, asked: &Asked, receipt: &Receipt, books: &Books) -> Verdict {
        balance_was(&receipt.shown.balance, books)?;
        object_is(asked, &receipt.shown.object, books)?;
        let Some(mark) = asked.mark() else { return Ok(()) };
        let times = books.answered.get(&mark).map_or(0, Vec::len);
        must(times == 1, "what_was_answered_is_there", || format!("{asked:?} is there {times} times"))?;
        let known = self.known.entry(mark.clone()).or_default();
        must(known.first.is_none(), "a_repeat_is_the_first_answer", || format!("{asked:?} was done again"))?;
        (known.first, known.among) = (Some((asked.by.clone(), seen(receipt))), self.times);
        if let Some(identity) = asked.identity() {
            let other = self.contents.insert(identity, mark.clone()).filter(|other| *other != mark);
            must(other.is_none(), "another_content_is_refused", || {
                format!("{asked:?}, and it was {other:?}")
            })?;
        }
        Ok(())
    }

    fn repeat(&mut self, asked: &Asked, receipt: &Receipt, books: &Books) -> Verdict {
        let Some(mark) = asked.mark() else { return Ok(()) };
        let times = books.answered.get(&mark).map_or(0, Vec::len);
        must(times == 1, "what_was_answered_is_there", || {
            format!("{asked:?}, again, is there {times} times")
        })?;
        let shown = seen(receipt);
        let known = self.known.entry(mark.clone()).or_default();
        let (by, first) = known.first.get_or_insert_with(|| (asked.by.clone(), shown.clone()));
        same(&shown.object, &first.object, "a_repeat_is_the_first_answer", format!("{asked:?}"))?;
        if *by == asked.by {
            same(&shown, &*first, "a_repeat_is_the_first_answer", format!("{asked:?}"))?;
        }
        self.contents.extend(asked.identity().map(|identity| (identity, mark)));
        Ok(())
    }

    /// What was refused, or failed before it was done, did not happen, unless it was done at another time.
    fn not_done(&self, asked: &Asked, books: &Books, why: &str) -> Verdict {
        let Some(mark) = asked.mark() else { return Ok(()) };
        let done = books.answered.contains_key(&mark);
        let explained = self.known.get(&mark).is_some_and(|known| known.first.is_some() || known.perhaps);
        must(!done || explained, "what_was_refused_did_not_happen", || {
            format!("{asked:?} was refused: {why}")
        })
    }

    fn refused(&self, asked: &Asked, refusal: &Refusal, books: &Books) -> Verdict {
        let known = asked.mark().and_then(|mark| self.known.get(&mark));
        // Of two that were asked at once, one may have come too early.
        let before = known.is_some_and(|known| known.first.is_some() && known.among < self.times);
        // In the name of somebody who may not (R12.3), also what was done before is refused.
        let forbidden = matches!(refusal, Refusal::Forbidden { .. } | Refusal::NotAMember { .. });
        // Only the newest decline is remembered, and older ones are not in flight any more.
        let forgotten = matches!(asked.command, Command::DeclineRecharge { .. });
        must(!before || forbidden || forgotten, "a_repeat_is_the_first_answer", || {
            format!("{asked:?} was done before and is refused: {refusal}")
        })?;
        match refusal {
            Refusal::Start(start) => start_was_impossible(start, books),
            _ => Ok(()),
        }
    }
}

/// Whoever asks alone is told of the account as it is, whichever server they ask.
fn is_news(asked: &Asked, answer: &Answer, books: &Books) -> Verdict {
    let balance = match answer {
        Ok(receipt) if !receipt.replayed => &receipt.shown.balance,
        Err(EngineError::Refused(Refusal::Start(start))) => &start.balance,
        _ => return Ok(()),
    };
    is_newest(balance, books, &format!("{asked:?}"))
}

/// This is the account as it is.
pub fn is_newest(balance: &Balance, books: &Books, of: &str) -> Verdict {
    balance_was(balance, books)?;
    same(balance.version, books.version, "nobody_is_told_of_a_past", of)
}

/// What was told of a balance is what the books say of it after the same decision.
fn balance_was(balance: &Balance, books: &Books) -> Verdict {
    let told = Told {
        available: balance.available.micros(),
        held: balance.held.micros(),
        locked: balance.locked.micros(),
        frozen: balance.frozen.micros(),
        owed: balance.debt_total().micros(),
    };
    // At version 0 there is nothing that could be told.
    let expected = books.told.get(&balance.version).copied();
    same(Some(told), expected, "the_balance_told_is_true", format!("at version {}", balance.version))
}

/// What was answered about an object is what was asked.
fn object_is(asked: &Asked, object: &Object, books: &Books) -> Verdict {
    let (
        Object::Run(shown),
        Command::Start { run, .. } | Command::Charge { run, .. } | Command::Settle { run, .. },
    ) = (object, &asked.command)
    else {
        return Ok(());
    };
    let Some(work) = books.runs.get(run.as_str()) else {
        return Err(Wrong { check: "what_was_answered_is_there", what: format!("{run} is not: {asked:?}") });
    };
    match &asked.command {
        Command::Start { hold, .. } => {
            let hold = hold.unwrap_or(shown.hold).micros();
            same((shown.hold.micros(), work.hold), (hold, hold), "a_start_takes_only_what_is_there", run)
        }
        Command::Charge { used, .. } | Command::Settle { used, .. } => {
            let used = used.micros();
            same((shown.used.micros(), work.used), (used, used), "use_is_charged_once", run)
        }
        _ => Ok(()),
    }
}

/// A start is refused only for a reason that is one (R5.3).
fn start_was_impossible(start: &StartRefusal, books: &Books) -> Verdict {
    balance_was(&start.balance, books)?;
    let Some(told) = books.told.get(&start.balance.version) else { return Ok(()) };
    let lacking = |code: &ReasonCode| match code {
        ReasonCode::InsufficientCredits => told.available < start.required.micros(),
        ReasonCode::CreditsDepleted | ReasonCode::SubscriptionRequired | ReasonCode::CreditsLocked => {
            told.available == 0
        }
        ReasonCode::OutstandingUsage | ReasonCode::RefundDebt | ReasonCode::DisputeDebt => told.owed > 0,
        _ => true,
    };
    let codes: Vec<ReasonCode> = start.reasons.iter().map(|reason| reason.code).collect();
    must(!codes.is_empty() && codes.iter().all(lacking), "a_refusal_has_its_reason", || {
        format!("{codes:?} for {} credits of {told:?}", start.required)
    })
}
