//! The contract of a store, told as stories. Each runs against whatever an [`opener::Opener`] opens, so that every store
//! keeps the same promises; what only SQLite has (files, a lock) is in `files`, and
//! what only PostgreSQL has (a schema that others look at) in `schema`.

mod desk;
// Its house name, as everyone else calls it.
extern crate coulomb_store as store;

mod opener;
mod work;

mod appends;
mod faults;
mod files;
mod keys;
mod lists;
mod replays;
mod rows;
mod run_ids;
mod schema;
mod verifying;
