//! The rules by example and by chance: every story of `scenarios/`, random histories (R13), a sample of every event.

mod chance;
mod golden;
mod stories;
