//! What a simulation did, counted, and the last steps of each organization for whoever has to find out what went wrong.

use super::{
    auditor::{Answer, Asked},
    workload::{Ask, Step},
};
use coulomb_server::engine::EngineError;
use std::{
    collections::{BTreeMap, VecDeque},
    fmt,
};
use store::{Fault, faulty::Weather};

/// How many steps of an organization are told when something is wrong.
const TOLD: usize = 12;

/// So many of each.
type Counts = BTreeMap<String, u64>;

#[derive(Debug, Default)]
pub struct Report {
    pub seeds: u64,
    pub steps: u64,
    pub events: u64,
    pub late: u64,
    commands: Counts,
    answers: Counts,
    faults: Counts,
    others: Counts,
    refusals: Counts,
    last: BTreeMap<usize, VecDeque<String>>,
}

impl Report {
    pub fn begin(&mut self, step: &Step) {
        self.steps += 1;
        let other = match step {
            Step::Restart { .. } => "restarts",
            Step::Die { .. } => "deaths of one server",
            Step::PowerCut => "power cuts",
            Step::Audit => "audits",
            Step::AtOnce { slow: true, .. } => "storms on a slow store",
            Step::AtOnce { slow: false, .. } => "storms",
            _ => return,
        };
        count(&mut self.others, other);
        for steps in self.last.values_mut() {
            tell(steps, format!("{:>5}  ({other})", self.steps));
        }
    }

    pub fn hear(&mut self, asks: &[Ask], heard: &[(Asked, Answer)], weather: Weather) {
        for (ask, (asked, answer)) in asks.iter().zip(heard) {
            let (outcome, said) = outcome(answer);
            count(&mut self.answers, outcome);
            let text = serde_json::to_value(&asked.command).unwrap();
            count(&mut self.commands, text["command"].as_str().unwrap_or_default());
            if let Err(EngineError::Refused(refusal)) = answer {
                count(&mut self.refusals, refusal.code());
            }
            if matches!(answer, Err(EngineError::Store(_))) {
                count(&mut self.faults, &format!("{weather:?}"));
            }
            let sky = if weather == Weather::Fair { String::new() } else { format!(" [{weather:?}]") };
            let line = format!("{:>5}  {text}{sky} -> {outcome} {said}", self.steps);
            tell(self.last.entry(ask.organization).or_default(), line);
        }
    }

    /// The last steps of every organization.
    pub fn last_steps(&self) -> String {
        let organization = |(number, steps): (&usize, &VecDeque<String>)| {
            let steps: String = steps.iter().map(|step| format!("  {step}\n")).collect();
            format!("org-{number}:\n{steps}")
        };
        self.last.iter().map(organization).collect()
    }

    /// Adds what another simulation did.
    pub fn add(&mut self, other: Report) {
        self.seeds += other.seeds;
        self.steps += other.steps;
        self.events += other.events;
        self.late += other.late;
        for (sums, more) in [
            (&mut self.commands, other.commands),
            (&mut self.answers, other.answers),
            (&mut self.faults, other.faults),
            (&mut self.refusals, other.refusals),
            (&mut self.others, other.others),
        ] {
            for (what, times) in more {
                *sums.entry(what).or_default() += times;
            }
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |counts: &Counts| -> String {
            let each: Vec<String> = counts.iter().map(|(what, times)| format!("{what} {times}")).collect();
            each.join(", ")
        };
        writeln!(out, "seeds {}, steps {}, events audited {}", self.seeds, self.steps, self.events)?;
        writeln!(out, "commands: {}", list(&self.commands))?;
        writeln!(out, "answers: {}", list(&self.answers))?;
        writeln!(out, "refusals: {}", list(&self.refusals))?;
        writeln!(out, "calls that met a fault: {}", list(&self.faults))?;
        write!(out, "besides: {}, late appends {}", list(&self.others), self.late)
    }
}

fn outcome(answer: &Answer) -> (&'static str, String) {
    match answer {
        Ok(receipt) => {
            let outcome = match (receipt.replayed, receipt.waiting) {
                (true, _) => "repeated",
                (false, true) => "waiting",
                (false, false) => "done",
            };
            (outcome, format!("(version {})", receipt.shown.balance.version))
        }
        Err(EngineError::Refused(refusal)) => ("refused", format!("({}: {refusal})", refusal.code())),
        Err(EngineError::Store(fault)) if matches!(**fault, Fault::Unknown(_)) => {
            ("unknown", format!("({fault})"))
        }
        Err(error) => ("failed", format!("({error})")),
    }
}

fn count(counts: &mut Counts, what: &str) {
    *counts.entry(what.to_owned()).or_default() += 1;
}

fn tell(steps: &mut VecDeque<String>, line: String) {
    if steps.len() == TOLD {
        steps.pop_front();
    }
    steps.push_back(line);
}
