//! Every event of the ledger in a sentence (R12.4), with the names of runs, kinds, people and payments in the place of ids. Each
//! says what happened and, at its end, the figure that it moved. What the events name beside themselves is in `Named`.

mod happened;
mod moved;

use crate::{
    copy::{Copy, say},
    money::money,
    web::figures::{owed, usable},
};
use ledger::{
    Credits, Policy, Timestamp,
    account::Part,
    command::PartKey,
    debt::{Debt, DebtOrigin},
    event::{Actor, Event, Recorded},
    grant::total,
    id::*,
    payment::Payment,
    people::Member,
    run::Run,
    status::ReasonCode,
    subscription::Cadence,
};
use std::collections::BTreeMap;

/// Runs, payments and debts that events and debts go back to.
#[derive(Default)]
pub struct Named {
    /// Runs.
    pub runs: BTreeMap<RunId, Run>,
    payments: BTreeMap<PaymentId, Payment>,
    debts: BTreeMap<DebtId, Debt>,
}

impl Named {
    /// As they were recalled.
    pub fn new(parts: Vec<Part>) -> Named {
        let mut named = Named::default();
        for part in parts {
            match part {
                Part::Run(run) => drop(named.runs.insert(run.id.clone(), run)),
                Part::Payment(payment) => drop(named.payments.insert(payment.id.clone(), payment)),
                Part::Debt(debt) => drop(named.debts.insert(debt.id.clone(), debt)),
                Part::Grant(..) | Part::Answered(..) => {}
            }
        }
        named
    }

    /// A piece of work as people know it: what kind it is, and the name that the host gave it, else its id.
    pub fn work(&self, copy: &Copy, policy: &Policy, run: &RunId, kind: Option<&KindKey>) -> String {
        let known = self.runs.get(run);
        let kind = kind.or(known.map(|run| &run.kind));
        let label = kind.and_then(|key| policy.kinds.get(key)).map(|kind| kind.label.clone());
        let named = |key| known?.metadata.as_ref()?.get(key)?.as_str();
        let name = ["name", "title"].into_iter().find_map(named).unwrap_or(run.as_str());
        match label {
            Some(label) => copy.text("billing-work", &[("kind", label.into()), ("name", name.into())]),
            None => copy.text("billing-work-of-no-kind", &[("name", name.into())]),
        }
    }
}

/// The parts that an event names.
pub fn names(event: &Event) -> Option<PartKey> {
    Some(match event {
        Event::UsageRecorded { run, .. }
        | Event::RunStarted { run, .. }
        | Event::RunSettled { run, .. }
        | Event::RunReleased { run, .. }
        | Event::RunLapsed { run, .. }
        | Event::UsageCharged { run, .. } => PartKey::Run(run.clone()),
        Event::DebtOpened { debt, .. }
        | Event::DebtSettled { debt, .. }
        | Event::DebtRepaid { debt, .. }
        | Event::DebtOffset { debt, .. } => PartKey::Debt(debt.clone()),
        Event::RefundRecorded { payment, .. }
        | Event::DisputeOpened { payment, .. }
        | Event::RecoveryAssessed { payment, .. } => PartKey::Payment(payment.clone()),
        Event::RefundFailed { refund } => PartKey::Refund(refund.clone()),
        Event::DisputeClosed { dispute, .. } => PartKey::Dispute(dispute.clone()),
        _ => return None,
    })
}

/// The runs that debts go back to, which are named with them.
pub fn runs_behind(parts: &[Part]) -> Vec<PartKey> {
    let run = |part: &Part| match part {
        Part::Debt(Debt { origin: DebtOrigin::Run { run }, .. }) => Some(PartKey::Run(run.clone())),
        _ => None,
    };
    parts.iter().filter_map(run).collect()
}

/// An event in words.
pub struct Told {
    /// What happened.
    pub sentence: String,
    /// The figure that it moved; empty where it moved none.
    pub figure: String,
}

/// Who puts events in words.
pub struct Teller<'a> {
    /// The reader's language.
    pub copy: &'a Copy,
    /// What plans and kinds are called.
    pub policy: &'a Policy,
    /// What people are called.
    pub members: &'a BTreeMap<MemberId, Member>,
    /// What else is named.
    pub named: &'a Named,
}

impl Teller<'_> {
    /// The sentence of an event, and its figure.
    pub fn tell(&self, recorded: &Recorded) -> Told {
        let who = self.who(&recorded.by);
        let sentence = self
            .of_people(&recorded.event, &who)
            .or_else(|| self.of_subscription(&recorded.event, &who))
            .or_else(|| self.of_grants(&recorded.event))
            .or_else(|| self.of_work(&recorded.event))
            .or_else(|| self.of_debt(&recorded.event))
            .or_else(|| self.of_recovery(&recorded.event))
            .or_else(|| self.of_recharge(&recorded.event, &who))
            .unwrap_or_else(|| self.of_tasks_and_states(&recorded.event, &who));
        Told { sentence, figure: self.figure(&recorded.event) }
    }

    fn who(&self, by: &Actor) -> String {
        match (&by.member, &by.key) {
            (Some(member), _) => self.person(member),
            (None, Some(_)) => say!(self, "billing-event-by-product"),
            (None, None) => say!(self, "billing-event-by-itself"),
        }
    }

    fn person(&self, id: &MemberId) -> String {
        self.members.get(id).map_or_else(|| id.to_string(), |member| member.name.clone())
    }

    fn plan(&self, key: &PlanKey) -> String {
        self.policy.plans.get(key).map_or_else(|| key.to_string(), |plan| plan.label.clone())
    }

    fn work(&self, run: &RunId, kind: Option<&KindKey>) -> String {
        self.named.work(self.copy, self.policy, run, kind)
    }

    fn date(&self, at: Timestamp) -> String {
        self.copy.date(at)
    }

    /// "the payment of $10.00 on 2 Dec 2025".
    fn payment(&self, id: &PaymentId) -> String {
        match self.named.payments.get(id) {
            Some(payment) => say!(
                self,
                "billing-event-the-payment",
                money = money(payment.paid, &payment.currency),
                date = self.date(payment.at)
            ),
            None => say!(self, "billing-event-a-payment", payment = id.as_str()),
        }
    }

    /// Money of a refund or dispute, in the currency of its payment.
    fn part_of(&self, payment: &PaymentId, amount: i64) -> String {
        let currency = self.named.payments.get(payment).map(|payment| payment.currency.as_str());
        currency.map_or_else(|| say!(self, "billing-event-money"), |currency| money(amount, currency))
    }

    fn cadence(&self, cadence: Cadence) -> String {
        match cadence {
            Cadence::Monthly => say!(self, "billing-event-monthly"),
            Cadence::Annual => say!(self, "billing-event-annual"),
        }
    }

    /// Why a start was refused, in a few words.
    fn why(&self, code: ReasonCode) -> String {
        self.copy.text(&format!("billing-why-{}", code.as_str()), &[])
    }

    /// The figure at the end of the line.
    fn figure(&self, event: &Event) -> String {
        let plus = |credits: Credits| format!("+{}", usable(credits));
        let minus = |credits: Credits| format!("−{}", owed(credits));
        let word = |key: &str, credits: Credits| self.copy.text(key, &[("amount", owed(credits).into())]);
        let nothing = String::new();
        match event {
            Event::Granted { amount, .. } => plus(*amount),
            Event::GrantExpired { amount, .. } if amount.is_positive() => minus(*amount),
            Event::EntitlementBegan { unlocked } if unlocked.is_positive() => plus(*unlocked),
            Event::EntitlementEnded { locked } if locked.is_positive() => {
                word("billing-figure-locked", *locked)
            }
            Event::PaymentRecorded { paid, currency, .. } => money(*paid, currency),
            Event::RunStarted { hold, .. } => word("billing-figure-reserved", *hold),
            Event::StartRefused { .. } => say!(self, "billing-figure-refused"),
            Event::UsageRecorded { amount: used, charge, .. }
            | Event::RunSettled { used, charge, .. }
            | Event::UsageCharged { used, charge, .. } => match &charge.outstanding {
                Some(outstanding) => word("billing-figure-owed", outstanding.amount),
                None if used.is_positive() => minus(*used),
                None => nothing,
            },
            Event::DebtOpened { amount, .. } => word("billing-figure-owed", *amount),
            Event::DebtSettled { takes, .. } => word("billing-figure-settled", total(takes)),
            Event::DebtRepaid { amount, .. } => word("billing-figure-repaid", *amount),
            Event::DebtOffset { amount, .. } => word("billing-figure-dropped", *amount),
            Event::CreditsRevoked { from_free, .. } if from_free.is_positive() => minus(*from_free),
            Event::CreditsFrozen { from_free, from_revoked, .. } => {
                word("billing-figure-disputed", from_free.plus(*from_revoked))
            }
            Event::CreditsRestored { from_frozen, from_revoked, .. } => plus(from_frozen.plus(*from_revoked)),
            _ => nothing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::copy::Language;

    #[test]
    fn every_event_that_there_is_has_a_sentence_of_its_own() {
        let copy = Copy::of(Language::English);
        let (policy, members, named) = (Policy::default(), BTreeMap::new(), Named::default());
        let teller = Teller { copy: &copy, policy: &policy, members: &members, named: &named };
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../ledger/golden/v1");
        for name in Event::NAMES {
            let text =
                std::fs::read_to_string(format!("{folder}/{name}.json")).expect("a sample of each event");
            for line in text.lines().filter(|line| !line.is_empty()) {
                let recorded: Recorded = serde_json::from_str(line).expect("an event");
                let told = teller.tell(&recorded);
                assert!(told.sentence.ends_with(['.', ':']), "{name}: {}", told.sentence);
                assert!(
                    !told.sentence.contains("{$") && !told.sentence.contains("billing-"),
                    "{}",
                    told.sentence
                );
                assert!(!told.figure.contains("billing-"), "{}", told.figure);
            }
        }
        for code in ReasonCode::ALL {
            assert!(!teller.why(code).starts_with("billing-"), "{code:?}");
        }
    }
}
