//! Whom operations are about, drawn at random, and the ids of runs: always as many characters, so that every request of a
//! line has one length. Nothing here knows what is asked.

use std::num::NonZeroUsize;

/// The organization that hot lines use.
pub const HOT: &str = "bench-hot";

/// How many digits the number of an organization has, so that every request has one length.
pub const DIGITS: usize = 7;

/// The most organizations that there are numbers for.
pub const ORGANIZATIONS_MAX: usize = 9_999_999;

/// How long the id of a run is.
pub const RUN: usize = 32;

/// One organization of every so many is busy, where operations are skewed.
const BUSY_EVERY: usize = 100;

/// The share of operations that the busy ones get.
const BUSY_SHARE: f64 = 0.8;

/// Whom operations are about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whom {
    /// Always this organization.
    One(String),
    /// Each time one of so many, drawn at random.
    Spread(NonZeroUsize),
    /// Of so many, one in a hundred gets 80 % of the operations.
    Skewed(NonZeroUsize),
}

/// The name of a numbered organization.
pub fn name(number: usize) -> String {
    format!("bench-{number:0DIGITS$}")
}

/// Chance and ids for all connections of a line: load needs spread, not secrecy.
pub struct Numbers {
    dice: u64,
    runs: u64,
    tag: [u8; RUN / 2],
}

impl Numbers {
    /// Ids that no other tag has.
    pub fn new(tag: u64) -> Numbers {
        let mut digits = [0; RUN / 2];
        hex(tag, &mut digits);
        Numbers { dice: scattered(tag) | 1, runs: tag, tag: digits }
    }

    /// A number in [0, 1), from xorshift.
    pub fn chance(&mut self) -> f64 {
        self.dice ^= self.dice << 13;
        self.dice ^= self.dice >> 7;
        self.dice ^= self.dice << 17;
        (self.dice >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// An id that begins at random, as ids of strangers do, and is given once.
    pub fn run(&mut self) -> [u8; RUN] {
        self.runs = self.runs.wrapping_add(1);
        let mut run = [0; RUN];
        let (random, tag) = run.split_at_mut(RUN / 2);
        hex(scattered(self.runs), random);
        tag.copy_from_slice(&self.tag);
        run
    }

    /// The digits of an organization; those of one that is named are not looked at.
    pub fn organization(&mut self, whom: &Whom) -> [u8; DIGITS] {
        let mut number = match whom {
            Whom::One(_) => 0,
            Whom::Spread(count) => 1 + self.below(count.get()),
            Whom::Skewed(count) if self.chance() < BUSY_SHARE => {
                1 + BUSY_EVERY * self.below(count.get().div_ceil(BUSY_EVERY))
            }
            Whom::Skewed(count) => 1 + self.below(count.get()),
        };
        let mut digits = [b'0'; DIGITS];
        for digit in digits.iter_mut().rev() {
            *digit = b'0' + (number % 10) as u8;
            number /= 10;
        }
        digits
    }

    /// The name of an organization.
    pub fn organization_name(&mut self, whom: &Whom) -> String {
        match whom {
            Whom::One(name) => name.clone(),
            Whom::Spread(_) | Whom::Skewed(_) => {
                format!("bench-{}", String::from_utf8_lossy(&self.organization(whom)))
            }
        }
    }

    fn below(&mut self, count: usize) -> usize {
        (self.chance() * count as f64) as usize
    }
}

/// Two different numbers stay different (the last steps of SplitMix64).
fn scattered(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

fn hex(mut number: u64, digits: &mut [u8]) {
    for digit in digits.iter_mut().rev() {
        *digit = b"0123456789abcdef"[(number % 16) as usize];
        number /= 16;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_operations_are_skewed_one_organization_in_a_hundred_has_most_of_them() {
        let whom = Whom::Skewed(NonZeroUsize::new(1_000).expect("some"));
        let mut numbers = Numbers::new(7);
        let drawn = (0..10_000).map(|_| numbers.organization(&whom));
        let number =
            |digits: [u8; DIGITS]| -> usize { String::from_utf8_lossy(&digits).parse().expect("a number") };
        let drawn: Vec<usize> = drawn.map(number).collect();
        assert!(drawn.iter().all(|number| (1..=1_000).contains(number)));
        let busy = drawn.iter().filter(|number| **number % BUSY_EVERY == 1).count();
        assert!((7_800..8_300).contains(&busy), "{busy}");
    }

    #[test]
    fn an_id_is_given_once() {
        let mut one = Numbers::new(7);
        let mut other = Numbers::new(8);
        let runs: std::collections::BTreeSet<[u8; RUN]> =
            (0..1_000).flat_map(|_| [one.run(), other.run()]).collect();
        assert_eq!(runs.len(), 2_000);
    }
}
