//! Chance that can be had again: numbers that follow from a seed. What is made of them is for whoever asks.

use ledger::{Credits, Duration};

/// Numbers that follow from a seed (splitmix64).
#[derive(Clone, Debug)]
pub struct Chance(u64);

impl Chance {
    /// Those of this seed.
    pub fn of(seed: u64) -> Chance {
        Chance(seed)
    }

    /// The next number.
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From 0 to one less than this.
    pub fn below(&mut self, end: u64) -> u64 {
        self.number() % end
    }

    /// As above, for amounts.
    pub fn amount(&mut self, end: i64) -> i64 {
        i64::try_from(self.below(end.unsigned_abs())).unwrap()
    }

    /// Whether it comes to pass, once in so many times.
    pub fn once_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    /// One of these.
    pub fn one_of<'a, T>(&mut self, these: &'a [T]) -> &'a T {
        &these[self.place(these.len())]
    }

    /// A place in a list of so many.
    pub fn place(&mut self, count: usize) -> usize {
        usize::try_from(self.below(count as u64)).unwrap()
    }

    /// Credits up to this many, with uneven fractions: whole credits hide rounding.
    pub fn credits(&mut self, most: i64) -> Credits {
        let micros = match self.below(3) {
            0 => self.amount(most + 1) * 1_000_000,
            _ => self.amount(most * 1_000_000 + 1),
        };
        Credits::from_micros(micros)
    }

    /// Hours up to this many.
    pub fn hours(&mut self, most: i64) -> Duration {
        Duration::hours(self.amount(most + 1))
    }

    /// One of a few names that are used again and again.
    pub fn name<T: std::str::FromStr<Err: std::fmt::Debug>>(&mut self, prefix: &str, count: u64) -> T {
        format!("{prefix}{}", self.below(count)).parse().unwrap()
    }
}
