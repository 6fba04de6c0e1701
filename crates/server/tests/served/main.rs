//! The real binary, served on loopback: the stories over HTTP, the demonstration, what a kill leaves behind, and several servers that share a
//! database, each of which may die, stand still, or lose the database for a while.

mod backups;
mod crowds;
mod database;
mod kills;
mod peer;
mod servers;
mod stories;
mod workspace;
