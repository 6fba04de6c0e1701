//! Slots: what a store that shards puts together. The number of slots and the function are fixed for ever, because they
//! are stored with every organization.

use ledger::{chain, id::OrganizationId};

/// How many slots there are.
pub const SLOTS: u8 = 64;

/// The slot of an organization, from 0.
pub fn slot(organization: &OrganizationId) -> u8 {
    let [first, ..] = chain::origin(organization);
    first % SLOTS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slot_of_an_organization_never_changes() {
        let slots = ["org_1", "org_2", "acme", "a", "01a0b8f2-5f0e-7c3c-9d3e-0d7f6d4f1c11"]
            .map(|id| slot(&id.parse().expect("an id")));
        assert_eq!(slots, [23, 18, 20, 1, 38]);
    }

    #[test]
    fn organizations_spread_over_all_slots() {
        let mut counts = [0; SLOTS as usize];
        for n in 0..6_400 {
            let id = format!("org_{n}").parse().expect("an id");
            counts[usize::from(slot(&id))] += 1;
        }
        assert!(counts.iter().all(|count| (50..170).contains(count)), "{counts:?}");
    }
}
