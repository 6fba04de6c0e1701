//! The books of work: who pays for it, in which order, what is held and given back, and which credits may settle a debt
//! (R3.6, R5, R6, R7).

use super::{
    Verdict, Wrong,
    books::{Books, Lot, Told, Work},
    fact::{Fact, Taken, sum},
    must, same,
};

impl Books {
    pub fn work(&mut self, event: Fact<'_>, at: i64) -> Verdict {
        let id = event.text("run")?.to_owned();
        match event.text("type")? {
            "run_started" => self.started(&id, event, at),
            "usage_recorded" => {
                let (usage, amount) = (event.text("usage")?.to_owned(), event.int("amount")?);
                self.pay(&id, event, amount, at)?;
                let known = self.run(&id)?.usages.insert(usage, amount);
                must(known.is_none(), "use_is_charged_once", || format!("a usage of {id} was recorded twice"))
            }
            "run_settled" => {
                let used = event.int("used")?;
                let before = self.run(&id)?.used;
                self.pay(&id, event, used - before, at)?;
                self.give_back(&id, event, at, "settled")
            }
            "run_released" => self.give_back(&id, event, at, "released"),
            "run_lapsed" => self.give_back(&id, event, at, "lapsed"),
            _ => {
                let known = self.runs.insert(id.clone(), Work { status: "settled", ..Work::default() });
                must(known.is_none(), "use_is_charged_once", || {
                    format!("{id} was charged, and was there before")
                })?;
                self.pay(&id, event, event.int("used")?, at)
            }
        }
    }

    fn run(&mut self, id: &str) -> Result<&mut Work, Wrong> {
        self.runs
            .get_mut(id)
            .ok_or_else(|| Wrong { check: "events_say_what_happened", what: format!("no run {id}") })
    }

    /// A start takes only what is there and not blocked (R5.3, R7.6), from the grants whose turn it is.
    fn started(&mut self, id: &str, event: Fact<'_>, at: i64) -> Verdict {
        let (hold, from) = (event.int("hold")?, event.takes("from")?);
        let available = self.balance(at).available;
        let owed: i64 = self.debts.values().map(|debt| debt.open).sum();
        let free = available > 0 && hold <= available && owed == 0 && !self.suspended;
        must(free, "a_start_takes_only_what_is_there", || {
            format!("{id} holds {hold} of {available}, while {owed} are owed; suspended: {}", self.suspended)
        })?;
        same(&from, &self.turns(hold, at), "credits_are_spent_in_turn", format!("the hold of {id}"))?;
        self.spend_free(&from, at, "credits_are_spent_in_turn", false, |lot| &mut lot.held)?;
        let lapses_at = event.int("lapses_at")?;
        let run =
            Work { status: "running", hold, held: from.into_iter().collect(), lapses_at, ..Work::default() };
        let known = self.runs.insert(id.to_owned(), run);
        must(known.is_none(), "use_is_charged_once", || format!("{id} was started, and was there before"))
    }

    /// All that is used is paid for, once: by an allowance, the run's own hold, free credits whose turn it is, nobody where
    /// it is absorbed, and the rest is owed.
    fn pay(&mut self, id: &str, event: Fact<'_>, amount: i64, at: i64) -> Verdict {
        let nothing = serde_json::Value::Null;
        let charge = event.part("charge").unwrap_or(Fact(&nothing));
        let (from_hold, from_free) = (charge.takes("from_hold")?, charge.takes("from_free")?);
        let (allowance, absorbed) = (charge.amount("allowance"), charge.amount("absorbed"));
        let outstanding = charge.part("outstanding");
        let owed = outstanding.map_or(0, |outstanding| outstanding.amount("amount"));
        let paid = allowance + absorbed + owed + sum(&from_hold) + sum(&from_free);
        must(paid == amount && amount >= 0, "use_is_charged_once", || {
            format!("{id} used {amount} more, and {paid} were charged: {}", event.0)
        })?;
        let held: i64 = self.run(id)?.held.values().sum();
        same(
            sum(&from_hold),
            held.min(amount - allowance),
            "a_hold_ends_once",
            format!("what {id} spends of its hold"),
        )?;
        let beyond = sum(&from_free) + owed;
        same(
            &from_free,
            &self.turns(beyond, at),
            "credits_are_spent_in_turn",
            format!("beyond the hold of {id}"),
        )?;

        self.spend_held(id, &from_hold, |lot| &mut lot.used)?;
        self.spend_free(&from_free, at, "credits_are_spent_in_turn", false, |lot| &mut lot.used)?;
        if let Some(outstanding) = outstanding {
            self.owe(outstanding.text("debt")?, "outstanding_usage", owed, None);
        }
        let run = self.run(id)?;
        run.used += amount;
        run.outstanding += owed;
        run.absorbed += absorbed;
        Ok(())
    }

    /// A run that closes gives back everything that it still holds, once (R13).
    fn give_back(&mut self, id: &str, event: Fact<'_>, at: i64, status: &'static str) -> Verdict {
        let (released, expired) = (event.takes("released")?, event.takes("expired")?);
        let run = self.run(id)?.clone();
        let held: i64 = run.held.values().sum();
        let was = run.status;
        let may_close = was == "running" || (was == "lapsed" && held == 0 && status != "lapsed");
        must(may_close, "a_hold_ends_once", || format!("{id} was {was} and is now {status}"))?;
        same(sum(&released) + sum(&expired), held, "a_hold_ends_once", format!("what {id} gives back"))?;
        if status == "lapsed" {
            same(at, run.lapses_at, "what_is_due_has_happened", format!("when {id} lapsed"))?;
        }
        for (grant, _) in &released {
            let over = self.lot(grant)?.has_expired(at);
            must(!over, "what_is_due_has_happened", || {
                format!("{id} gave credits back to {grant}, which is over")
            })?;
        }
        self.spend_held(id, &released, |lot| &mut lot.free)?;
        self.spend_held(id, &expired, |lot| &mut lot.expired)?;
        self.run(id)?.status = status;
        Ok(())
    }

    /// Moves held credits of a run to another part of their grants.
    fn spend_held(&mut self, id: &str, takes: &[Taken], to: fn(&mut Lot) -> &mut i64) -> Verdict {
        for (grant, amount) in takes {
            let lot = self.lot(grant)?;
            lot.held -= amount;
            *to(lot) += amount;
            let held = self.run(id)?.held.entry(grant.clone()).or_default();
            *held -= amount;
            let left = *held;
            must(left >= 0, "a_hold_ends_once", || format!("{id} spends more of {grant} than it holds"))?;
        }
        self.run(id)?.held.retain(|_, amount| *amount > 0);
        Ok(())
    }

    /// Moves free credits to another part. They have begun, are not over and, unless a debt takes them, not locked.
    pub fn spend_free(
        &mut self,
        takes: &[Taken],
        at: i64,
        check: &'static str,
        locked_too: bool,
        to: fn(&mut Lot) -> &mut i64,
    ) -> Verdict {
        let entitled = self.is_entitled(at);
        for (grant, amount) in takes {
            let lot = self.lot(grant)?;
            let open = lot.kind != "purchased" || entitled || locked_too;
            let spendable = open && lot.effective_at <= at && !lot.has_expired(at) && lot.free >= *amount;
            must(spendable, check, || format!("{amount} of {grant} at {at}: {lot:?}, entitled: {entitled}"))?;
            lot.free -= amount;
            *to(lot) += amount;
        }
        Ok(())
    }

    fn usable(&self, at: i64) -> impl Iterator<Item = (&String, &Lot)> {
        let entitled = self.is_entitled(at);
        self.lots.iter().filter(move |(_, lot)| {
            lot.effective_at <= at && !lot.has_expired(at) && (entitled || lot.kind != "purchased")
        })
    }

    /// Whose turn it is to pay so much, as far as there is any (R3.6).
    fn turns(&self, amount: i64, at: i64) -> Vec<Taken> {
        let mut lots: Vec<_> = self.usable(at).filter(|(_, lot)| lot.free > 0).collect();
        lots.sort_by_key(|(_, lot)| {
            (lot.priority, lot.expires_at.is_none(), lot.expires_at, lot.effective_at, lot.seq)
        });
        let mut missing = amount;
        let mut takes = Vec::new();
        for (id, lot) in lots {
            let taken = lot.free.min(missing);
            if taken > 0 {
                takes.push((id.clone(), taken));
                missing -= taken;
            }
        }
        takes
    }

    /// What anybody may be told now.
    pub fn balance(&self, at: i64) -> Told {
        let entitled = self.is_entitled(at);
        let locked = self.lots.values().filter(|lot| {
            lot.kind == "purchased" && !entitled && lot.effective_at <= at && !lot.has_expired(at)
        });
        Told {
            available: self.usable(at).map(|(_, lot)| lot.free).sum(),
            held: self.lots.values().map(|lot| lot.held).sum(),
            locked: locked.map(|lot| lot.free).sum(),
            frozen: self.lots.values().map(|lot| lot.frozen).sum(),
            owed: self.debts.values().map(|debt| debt.open).sum(),
        }
    }

    /// After every decision: the holds of open runs are what is held, none outlives its end, and no debt stays open beside
    /// free credits that may settle it (R7.3).
    pub fn close_holds(&self, at: i64) -> Verdict {
        let holding = self.runs.iter().filter(|(_, run)| !run.held.is_empty());
        let mut held = 0;
        for (id, run) in holding {
            held += run.held.values().sum::<i64>();
            must(run.status == "running" && run.lapses_at > at, "a_hold_ends_once", || {
                format!("{id} still holds credits at {at}: {run:?}")
            })?;
        }
        same(self.balance(at).held, held, "a_hold_ends_once", "what is held")?;
        let entitled = self.is_entitled(at);
        for (id, debt) in self.debts.iter().filter(|(_, debt)| debt.open > 0) {
            let idle = self.lots.iter().find(|(_, lot)| {
                let theirs = debt.kind == "outstanding_usage" || lot.kind == "purchased";
                let own = lot.payment.is_some() && lot.payment == debt.payment;
                lot.free > 0 && lot.effective_at <= at && !lot.has_expired(at) && (theirs || own)
            });
            must(idle.is_none(), "free_credits_settle_debt", || {
                format!("{id} {debt:?} is open beside {idle:?}; entitled: {entitled}")
            })?;
        }
        Ok(())
    }
}
