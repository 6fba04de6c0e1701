//! The real binary, served on loopback: the stories over HTTP, and what a kill leaves behind.

mod kills;
mod peer;
mod stories;
