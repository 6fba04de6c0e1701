//! Notices on each real store: which events give rise to which, webhooks against a real receiver, mail against a real mail
//! server, and what people read. Time is an argument of every step, so nothing here waits for a clock.
#![allow(missing_docs, reason = "a test says what it shows by its name")]
#![allow(clippy::unwrap_used, reason = "a test that meets the unexpected stops")]

mod golden;
mod host;
mod place;
mod receiver;

mod command_line;
mod expiring;
mod interrupted;
mod kinds;
mod letters;
mod mail;
mod post_office;
mod served;
mod verified;
mod webhooks;
