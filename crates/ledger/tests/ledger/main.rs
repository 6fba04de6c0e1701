//! The rules by example and by chance: every story of `scenarios/`, and random histories (R13).

mod stories;
