//! The program as people and scripts meet it: what it prints, what it exits with, and what it leaves behind. Every test
//! runs the real binary; what a test waits for is a line or an answer, never a while.

mod program;

mod backups;
mod books;
mod databases;
mod help;
mod load_tool;
mod serving;
