//! The console's pages: how long people stay in, in which language, and whose pages may show or ask them.

use super::values::{Length, parse_public_url};
use crate::{copy::Language, http::ConsoleSettings, sessions::Lifetimes};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Console {
    link_lifetime: Length,
    session_lifetime: Length,
    session_lifetime_max: Length,
    language: Language,
    frame_ancestors: Vec<String>,
    embed_origins: Vec<String>,
}

impl Console {
    pub(super) fn checked(self) -> Result<ConsoleSettings, String> {
        let lifetimes = Lifetimes {
            link: self.link_lifetime.0,
            session: self.session_lifetime.0,
            session_max: self.session_lifetime_max.0,
        };
        if lifetimes.link.micros() <= 0 || lifetimes.session.micros() <= 0 {
            return Err("console.link_lifetime and console.session_lifetime are longer than nothing".into());
        }
        if lifetimes.session > lifetimes.session_max {
            return Err("console.session_lifetime is longer than console.session_lifetime_max".into());
        }
        Ok(ConsoleSettings {
            lifetimes,
            language: self.language,
            frame_ancestors: origins("console.frame_ancestors", self.frame_ancestors)?,
            embed_origins: origins("console.embed_origins", self.embed_origins)?,
        })
    }
}

/// Origins: addresses without a path.
fn origins(name: &str, written: Vec<String>) -> Result<Vec<String>, String> {
    let origin = |text: &String| {
        let url = parse_public_url(text).ok()?;
        let (_, host) = url.split_once("://")?;
        let plain = !host.contains(['/', ';', ',', '\'', '*']);
        plain.then_some(url)
    };
    let checked = written.iter().map(|text| {
        origin(text).ok_or_else(|| {
            format!("{name}: \"{text}\" is not an origin such as \"https://app.example.com\", without a path")
        })
    });
    checked.collect()
}
