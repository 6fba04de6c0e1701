//! The tables that people query, compared with the books: every grant, run, debt and payment, one by one (R13).

use super::{Verdict, Wrong, books::Books, same};
use ledger::run::RunStatus;
use store::{Fault, Page, RunFilter, Store};

/// How many rows are read at once.
const ROWS: usize = 200;

const CHECK: &str = "rows_are_the_fold";

impl Books {
    /// Compares every row of the organization; its rows have to be written.
    pub fn compare(&self, store: &dyn Store) -> Verdict {
        let organization = &self.organization;
        let grants = all(|before| store.grants(organization, before, ROWS))?;
        same(grants.len(), self.lots.len(), CHECK, "how many grants there are")?;
        for grant in grants {
            let Some(lot) = self.lots.get(grant.id.as_str()) else { return Err(stranger(&grant.id)) };
            let parts = [
                grant.free,
                grant.held,
                grant.used,
                grant.settled,
                grant.frozen,
                grant.expired,
                grant.revoked,
            ];
            same(parts.map(|part| part.micros()), lot.parts(), CHECK, &grant.id)?;
            let ends = (grant.amount.micros(), grant.expires_at.map(|end| end.micros()));
            same(ends, (lot.amount, lot.expires_at), CHECK, &grant.id)?;
        }
        let runs = all(|before| store.runs(organization, &RunFilter::default(), before, ROWS))?;
        same(runs.len(), self.runs.len(), CHECK, "how many runs there are")?;
        for run in runs {
            let Some(work) = self.runs.get(run.id.as_str()) else { return Err(stranger(&run.id)) };
            let status = match run.status {
                RunStatus::Running => "running",
                RunStatus::Settled => "settled",
                RunStatus::Released => "released",
                RunStatus::Lapsed => "lapsed",
            };
            same(status, work.status, CHECK, &run.id)?;
            let amounts =
                [run.used, run.outstanding, run.absorbed, run.still_held()].map(|amount| amount.micros());
            same(
                amounts,
                [work.used, work.outstanding, work.absorbed, work.held.values().sum()],
                CHECK,
                &run.id,
            )?;
        }
        let debts = all(|before| store.debts(organization, false, before, ROWS))?;
        same(debts.len(), self.debts.len(), CHECK, "how many debts there are")?;
        for debt in debts {
            let Some(owed) = self.debts.get(debt.id.as_str()) else { return Err(stranger(&debt.id)) };
            let parts =
                [debt.amount, debt.open, debt.settled, debt.repaid, debt.offset].map(|part| part.micros());
            same(parts, [owed.amount, owed.open, owed.settled, owed.repaid, owed.offset], CHECK, &debt.id)?;
        }
        let payments = all(|before| store.payments(organization, before, ROWS))?;
        same(payments.len(), self.payments.len(), CHECK, "how many payments there are")?;
        for payment in payments {
            let Some(paid) = self.payments.get(payment.id.as_str()) else {
                return Err(stranger(&payment.id));
            };
            same((payment.paid, payment.credits.micros()), (paid.paid, paid.credits), CHECK, &payment.id)?;
        }
        Ok(())
    }
}

fn stranger(id: &impl ToString) -> Wrong {
    Wrong { check: CHECK, what: format!("no event speaks of {}", id.to_string()) }
}

/// Every row there is, page by page.
fn all<T>(mut page: impl FnMut(Option<u64>) -> Result<Page<T>, Fault>) -> Result<Vec<T>, Wrong> {
    let mut rows = Vec::new();
    let mut before = None;
    loop {
        let next = page(before).map_err(|fault| Wrong { check: CHECK, what: fault.to_string() })?;
        rows.extend(next.rows);
        before = next.next;
        if before.is_none() {
            return Ok(rows);
        }
    }
}
