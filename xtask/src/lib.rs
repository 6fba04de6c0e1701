//! What the repository's commands and its tests share: starting programs (`shell`), ending them for certain (`leash`),
//! a PostgreSQL server for a while (`postgres`), and where Python's tools are (`python`). The commands themselves are in
//! the program, `main`. Nothing here ships.

pub mod shell;

pub mod leash;

pub mod postgres;

pub mod python;
