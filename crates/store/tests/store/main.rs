//! The contract of a store, told as stories. Each runs against whatever an [`opener::Opener`] opens, so that every store
//! keeps the same promises. What only SQLite has (files, a lock) is in `files` and `backups`; what only PostgreSQL has is in `schema`
//! (what others see of it), `assumed` (what is checked when it is committed), `older` (databases of versions before), `plans` (what is
//! looked at), `cuts`
//! (connections that end), `servers` (several at once) and `encryption`.

mod desk;
// Its house name, as everyone else calls it.
extern crate coulomb_store as store;

mod opener;
mod wire;
mod work;

mod appends;
mod assumed;
mod backups;
mod cuts;
mod encryption;
mod faults;
mod files;
mod keys;
mod lists;
mod memos;
mod older;
mod plans;
mod rebuilding;
mod replays;
mod rows;
mod run_ids;
mod schema;
mod servers;
mod verifying;
