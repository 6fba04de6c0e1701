//! Accounts out of their rows. Whatever several statements say about one organization counts only if all of them saw the
//! same version of it.

use super::{Postgres, Statement, Trouble, beginning, query, slot_of, statements};
use crate::{
    Fault, Given, Head, Loaded, Need,
    column::{from_json, hash, number, read_tally},
    tally::Tally,
};
use deadpool_postgres::Object;
use futures_util::future::{join_all, try_join_all};
use ledger::{
    Account,
    account::{Core, Part},
    command::PartKey,
    grant::{Grant, Written},
    id::OrganizationId,
};
use std::collections::BTreeMap;
use tokio_postgres::{Row, types::ToSql};

/// How often an organization is looked at again that somebody wrote to meanwhile.
const LOOKS_MAX: usize = 20;

/// The account as it is stored.
pub(super) async fn load(conn: &Object, organization: &OrganizationId) -> Result<Loaded, Trouble> {
    let rows = query(conn, &statements::LOAD, &[&slot_of(organization), &organization.as_str()]).await?;
    let (mut core, mut parts) = (None, Vec::new());
    for row in &rows {
        match row.try_get::<_, &str>("part")? {
            "o" => {
                let grants: Vec<Grant> = from_json("grant", row.try_get::<_, &str>("grants")?.as_bytes())?;
                parts.extend(grants.into_iter().map(|grant| Part::Grant(grant, Written::WithCore)));
                let tally = read_tally(row.try_get::<_, &str>("tally")?.as_bytes())?;
                core = Some((body::<Core>("organization", row)?, head(organization, row)?, tally));
            }
            part => parts.push(read_part(part, row)?),
        }
    }
    Ok(match core {
        Some((core, head, tally)) => {
            Loaded { account: Account::restore(core, parts), head, tally, lags: false }
        }
        None => Loaded {
            account: Account::new(organization.clone()),
            head: beginning(organization),
            tally: Tally::default(),
            lags: false,
        },
    })
}

/// What a round of decisions needs, on as few trips as it takes: one, where nobody writes at the same time.
pub(super) async fn fetch(store: &Postgres, needs: &[Need<'_>]) -> Result<Vec<Given>, Fault> {
    let mut given: Vec<Given> = needs.iter().map(|_| Given::default()).collect();
    let mut open: Vec<(usize, Need<'_>)> = needs.iter().cloned().enumerate().collect();
    for _ in 0..LOOKS_MAX {
        let groups = by_slot(store, open);
        let look = async |group: &Vec<(usize, Need<'_>)>| {
            store.reading(async |conn| look(store, conn, group).await).await
        };
        let found = try_join_all(groups.iter().map(look)).await?;
        open = Vec::new();
        for ((place, need), found) in groups.into_iter().flatten().zip(found.into_iter().flatten()) {
            match found {
                Some(found) => given[place] = found,
                // What was at hand is old, or something moved between two looks: once more, from the beginning.
                None => open.push((place, Need { at_hand: None, ..need })),
            }
        }
        if open.is_empty() {
            return Ok(given);
        }
    }
    Err(Fault::Unavailable("other servers were faster too often".into()))
}

/// What one trip can ask for: everything on one server, one slot where slots lie apart.
fn by_slot<'a>(store: &Postgres, needs: Vec<(usize, Need<'a>)>) -> Vec<Vec<(usize, Need<'a>)>> {
    if store.deployment == super::Deployment::Whole {
        return vec![needs];
    }
    let mut groups: BTreeMap<i16, Vec<(usize, Need<'a>)>> = BTreeMap::new();
    for (place, need) in needs {
        groups.entry(slot_of(need.organization)).or_default().push((place, need));
    }
    groups.into_values().collect()
}

/// What was found for each need; none where not all of it is of one version.
async fn look(
    store: &Postgres,
    conn: &Object,
    needs: &[(usize, Need<'_>)],
) -> Result<Vec<Option<Given>>, Trouble> {
    let accounts = needs.iter().map(async |(_, need)| match need.at_hand {
        Some(_) => Ok(None),
        None => load(conn, need.organization).await.map(Some),
    });
    let others = needs.iter().map(async |(_, need)| {
        let keys = need.parts.iter().filter(|key| !matches!(key, PartKey::Run(_) | PartKey::Idempotency(_)));
        join_all(keys.map(|key| part(conn, need.organization, key)))
            .await
            .into_iter()
            .collect::<Result<Vec<_>, _>>()
    });
    let (looked, accounts, others) = futures_util::future::try_join3(
        ends_runs_and_answers(store, conn, needs),
        try_join_all(accounts),
        try_join_all(others),
    )
    .await?;
    let seen = looked.into_iter().zip(accounts).zip(others);
    Ok(needs
        .iter()
        .zip(seen)
        .map(|((_, need), (((end, mut parts), loaded), others))| {
            let known = need.at_hand.or(loaded.as_ref().map(|loaded| loaded.head))?;
            let same = |head: &Head| (head.seq, head.hash) == (known.seq, known.hash);
            if !same(&end) || !others.iter().all(|(head, _)| same(head)) {
                return None;
            }
            parts.extend(others.into_iter().flat_map(|(_, parts)| parts));
            Some(Given { loaded, parts })
        })
        .collect())
}

/// For each need, where its history ends, and which of the runs and answers exist.
async fn ends_runs_and_answers(
    store: &Postgres,
    conn: &Object,
    needs: &[(usize, Need<'_>)],
) -> Result<Vec<(Head, Vec<Part>)>, Trouble> {
    let (mut runs, mut answers) = (Vec::new(), Vec::new());
    for (n, (_, need)) in needs.iter().enumerate() {
        for key in &need.parts {
            match key {
                PartKey::Run(run) => runs.push((n, need.organization, run.as_str())),
                PartKey::Idempotency(key) => answers.push((n, need.organization, key)),
                _ => {}
            }
        }
    }
    let slots: Vec<i16> = needs.iter().map(|(_, need)| slot_of(need.organization)).collect();
    let organizations: Vec<&str> = needs.iter().map(|(_, need)| need.organization.as_str()).collect();
    let of_runs: Vec<&str> = runs.iter().map(|(_, organization, _)| organization.as_str()).collect();
    let slots_of_runs: Vec<i16> = runs.iter().map(|(n, ..)| slots[*n]).collect();
    let run_ids: Vec<&str> = runs.iter().map(|(.., run)| *run).collect();
    let of_answers: Vec<&str> = answers.iter().map(|(_, organization, _)| organization.as_str()).collect();
    let slots_of_answers: Vec<i16> = answers.iter().map(|(n, ..)| slots[*n]).collect();
    let keys: Vec<&str> = answers.iter().map(|(.., key)| key.as_str()).collect();
    let rows = match store.deployment {
        super::Deployment::Whole => {
            let params: [&(dyn ToSql + Sync); 8] = [
                &slots,
                &organizations,
                &slots_of_runs,
                &of_runs,
                &run_ids,
                &slots_of_answers,
                &of_answers,
                &keys,
            ];
            query(conn, &statements::LOOK, &params).await?
        }
        super::Deployment::Sharded => {
            let slot = slots.first().copied().unwrap_or_default();
            let params: [&(dyn ToSql + Sync); 6] =
                [&slot, &organizations, &of_runs, &run_ids, &of_answers, &keys];
            query(conn, &statements::LOOK_SLOT, &params).await?
        }
    };
    let mut found: Vec<(Head, Vec<Part>)> =
        needs.iter().map(|(_, need)| (beginning(need.organization), Vec::new())).collect();
    for row in &rows {
        let n = usize::try_from(row.try_get::<_, i64>("n")? - 1).unwrap_or(usize::MAX);
        match row.try_get::<_, &str>("part")? {
            "o" => found[n].0 = head(needs[n].1.organization, row)?,
            "r" => found[runs[n].0].1.push(Part::Run(body("run", row)?)),
            _ => found[answers[n].0].1.push(Part::Answered(answers[n].2.clone(), body("answer", row)?)),
        }
    }
    Ok(found)
}

/// A part with its family, and the version of the organization that it was seen at.
async fn part(
    conn: &Object,
    organization: &OrganizationId,
    key: &PartKey,
) -> Result<(Head, Vec<Part>), Trouble> {
    let of = |id: &str| id.to_owned();
    match key {
        PartKey::Payment(id) => family(conn, organization, &statements::FAMILY, &[&of(id.as_str())]).await,
        PartKey::Refund(id) => {
            family(conn, organization, &statements::FAMILY_OF_FACT, &[&"refund", &of(id.as_str())]).await
        }
        PartKey::Dispute(id) => {
            family(conn, organization, &statements::FAMILY_OF_FACT, &[&"dispute", &of(id.as_str())]).await
        }
        PartKey::Grant(id) => member(conn, organization, &statements::GRANT, id.as_str()).await,
        PartKey::Debt(id) => member(conn, organization, &statements::DEBT, id.as_str()).await,
        PartKey::Run(_) | PartKey::Idempotency(_) => Ok((beginning(organization), Vec::new())),
    }
}

/// A payment with its grant and its debts.
async fn family(
    conn: &Object,
    organization: &OrganizationId,
    statement: &Statement,
    which: &[&(dyn ToSql + Sync)],
) -> Result<(Head, Vec<Part>), Trouble> {
    let (slot, id) = (slot_of(organization), organization.as_str());
    let mut params: Vec<&(dyn ToSql + Sync)> = vec![&slot, &id];
    params.extend(which);
    let (mut end, mut parts) = (beginning(organization), Vec::new());
    for row in &query(conn, statement, &params).await? {
        match row.try_get::<_, &str>("part")? {
            "o" => end = head(organization, row)?,
            part => parts.push(read_part(part, row)?),
        }
    }
    Ok((end, parts))
}

/// A grant or a debt: alone, or with the payment that it belongs to.
async fn member(
    conn: &Object,
    organization: &OrganizationId,
    statement: &Statement,
    id: &str,
) -> Result<(Head, Vec<Part>), Trouble> {
    let rows = query(conn, statement, &[&slot_of(organization), &organization.as_str(), &id]).await?;
    let (mut end, mut found) = (beginning(organization), Vec::new());
    for row in &rows {
        match row.try_get::<_, &str>("part")? {
            "o" => end = head(organization, row)?,
            part => match row.try_get::<_, Option<String>>("payment")? {
                Some(payment) => return family(conn, organization, &statements::FAMILY, &[&payment]).await,
                None => found.push(read_part(part, row)?),
            },
        }
    }
    Ok((end, found))
}

fn head(organization: &OrganizationId, row: &Row) -> Result<Head, Trouble> {
    let seq = number(row.try_get("version")?)?;
    let hash = match seq {
        0 => beginning(organization).hash,
        _ => hash(row.try_get("hash")?)?,
    };
    Ok(Head { seq, hash, pos: 0 })
}

fn read_part(part: &str, row: &Row) -> Result<Part, Trouble> {
    Ok(match part {
        "r" => Part::Run(body("run", row)?),
        "g" => Part::Grant(body("grant", row)?, Written::Alone),
        // One that is next.
        "n" => Part::Grant(body("grant", row)?, Written::WithCore),
        "d" => Part::Debt(body("debt", row)?),
        "p" => Part::Payment(body("payment", row)?),
        other => return Err(Trouble::Fault(Fault::Damaged(format!("{other:?} is no part of an account")))),
    })
}

/// A stored body.
pub(super) fn body<T: serde::de::DeserializeOwned>(what: &str, row: &Row) -> Result<T, Trouble> {
    let text: &str = row.try_get("body")?;
    Ok(from_json(what, text.as_bytes())?)
}
