//! What the repository's commands and its tests share: starting programs (`shell`), ending them for certain (`leash`),
//! a PostgreSQL server for a while (`postgres`), where Python's tools are (`python`), certificates for servers of tests
//! (`certificates`), and the rules that help articles state (`rules`). The commands themselves are in the program, `main`. Nothing here ships.

pub mod shell;

pub mod leash;

pub mod postgres;

pub mod python;

pub mod certificates;

pub mod rules;
