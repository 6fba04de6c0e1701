//! How long callers waited. Waits are counted in classes less than 1.6 % wide, so that minutes of calls take no more memory
//! than seconds, and counting one allocates nothing. The longest wait is kept exactly.

use std::time::Duration;

/// Classes for each power of two.
const CLASSES: u64 = 64;

/// Enough classes for every length of time in nanoseconds.
const PLACES: usize = 64 * 60;

/// Waits that were counted.
#[derive(Clone, Debug)]
pub struct Waits {
    counts: Vec<u32>,
    total: u64,
    longest: Duration,
}

impl Default for Waits {
    fn default() -> Waits {
        Waits { counts: vec![0; PLACES], total: 0, longest: Duration::ZERO }
    }
}

impl Waits {
    /// Counts one.
    pub fn count(&mut self, wait: Duration) {
        let nanos = u64::try_from(wait.as_nanos()).unwrap_or(u64::MAX);
        if let Some(count) = self.counts.get_mut(place(nanos)) {
            *count = count.saturating_add(1);
        }
        self.total += 1;
        self.longest = self.longest.max(wait);
    }

    /// Takes in what another has counted.
    pub fn add(&mut self, other: &Waits) {
        for (count, more) in self.counts.iter_mut().zip(&other.counts) {
            *count = count.saturating_add(*more);
        }
        self.total += other.total;
        self.longest = self.longest.max(other.longest);
    }

    /// How many were counted.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// The wait in milliseconds that this share of calls did not exceed; 0 where there was no call.
    pub fn at(&self, share: f64) -> f64 {
        let rank = (self.total as f64 * share).ceil().max(1.0) as u64;
        let mut seen = 0;
        for (place, count) in self.counts.iter().enumerate() {
            seen += u64::from(*count);
            if seen >= rank {
                return millis(middle(place)).min(self.longest_ms());
            }
        }
        self.longest_ms()
    }

    /// The longest wait in milliseconds.
    pub fn longest_ms(&self) -> f64 {
        self.longest.as_secs_f64() * 1e3
    }
}

fn millis(nanos: u64) -> f64 {
    nanos as f64 / 1e6
}

/// The class of a wait: its first seven binary digits and how many follow.
fn place(nanos: u64) -> usize {
    let dropped = (u64::BITS - nanos.leading_zeros()).saturating_sub(7);
    (u64::from(dropped) * CLASSES + (nanos >> dropped)) as usize
}

/// The middle of a class.
fn middle(place: usize) -> u64 {
    let place = place as u64;
    let dropped = (place / CLASSES).saturating_sub(1);
    let least = (place - dropped * CLASSES) << dropped;
    least + (1 << dropped) / 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_is_never_wider_than_a_sixtieth_of_its_waits() {
        for nanos in [0, 1, 127, 128, 129, 255, 256, 95_000, 1_000_000, 123_456_789, u64::MAX / 2, u64::MAX] {
            let found = middle(place(nanos));
            assert!(place(nanos) < PLACES, "{nanos}");
            assert!(found.abs_diff(nanos) <= nanos / 64, "{nanos} is counted as {found}");
        }
    }

    #[test]
    fn of_a_hundred_waits_one_is_longer_than_the_ninety_ninth() {
        let mut waits = Waits::default();
        (1..=100).for_each(|ms| waits.count(Duration::from_millis(ms)));
        let near = |found: f64, expected: f64| (found - expected).abs() <= expected / 60.0;
        assert!(near(waits.at(0.5), 50.0), "{}", waits.at(0.5));
        assert!(near(waits.at(0.99), 99.0), "{}", waits.at(0.99));
        assert_eq!(waits.at(1.0), 100.0);
        assert_eq!(waits.longest_ms(), 100.0);
        assert_eq!(Waits::default().at(0.99), 0.0);
    }

    #[test]
    fn two_counts_together_are_the_count_of_both() {
        let mut one = Waits::default();
        let mut other = Waits::default();
        one.count(Duration::from_millis(1));
        other.count(Duration::from_millis(9));
        one.add(&other);
        assert_eq!((one.total(), one.longest_ms()), (2, 9.0));
    }
}
