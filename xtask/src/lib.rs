//! What the repository's commands and its tests share: starting programs (`shell`), ending them for certain (`leash`),
//! and a PostgreSQL server for a while (`postgres`). The commands themselves are in the program, `main`. Nothing here
//! ships.

pub mod shell;

pub mod leash;

pub mod postgres;
