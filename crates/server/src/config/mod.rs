//! Configuration: every setting, read from `config.default.toml` (compiled in) and a file that states what differs.
//! One set of types parses both, so the documented defaults are the defaults. Flags and environment variables are the
//! command line's business; what a setting does is its owner's.

mod console;
mod data;
mod provider;
mod rules;
mod sale;
mod values;

#[cfg(test)]
mod tests;

pub use data::{Data, Database};
pub use provider::{Provider, ProviderKind};
pub use sale::Pack;
pub use values::parse_public_url;

use crate::{
    connections, engine,
    http::ConsoleSettings,
    notices::settings::{MailSettings, WebhookSettings},
    payments::{price::Price, stripe},
};
use console::Console;
use data::DataSettings;
use ledger::{
    Policy,
    id::{KindKey, PlanKey},
};
use provider::{ProviderSettings, StripeSettings};
use rules::{KindSettings, PlanSettings, PolicySettings};
use sale::{PackSettings, PriceSettings};
use serde::Deserialize;
use std::{collections::BTreeMap, net::SocketAddr, num::NonZeroUsize, path::Path};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};
pub(crate) use values::wait;
use values::{at_least_one, check_level, public_url, return_urls};

/// The documented defaults: every setting with its default and a sentence.
pub const DEFAULTS: &str = include_str!("../../config.default.toml");

/// Everything that can be configured, checked.
#[derive(Clone, Debug)]
pub struct Config {
    /// The HTTP server.
    pub server: Server,
    /// What the server says about itself.
    pub log: Log,
    /// Where credits are kept.
    pub data: Data,
    /// Who takes the money.
    pub provider: Provider,
    /// How the engine is sized.
    pub engine: engine::Limits,
    /// What the rules are told: named settings, kinds of work, plans.
    pub policy: Policy,
    /// Packs of credits on sale.
    pub packs: Vec<Pack>,
    /// What credits cost by themselves.
    pub price: Option<Price>,
    /// How Stripe is reached, where there is a key for it.
    pub stripe: Option<stripe::Settings>,
    /// The same as it is written.
    stripe_settings: StripeSettings,
    /// Where the host is told what happens.
    pub webhooks: WebhookSettings,
    /// How people are mailed.
    pub mail: MailSettings,
    /// The console's pages.
    pub console: ConsoleSettings,
}

/// The HTTP server.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// Address and port to listen on.
    pub listen: SocketAddr,
    /// Where people and hosts reach this server, without a slash at the end; none: the address it listens on.
    #[serde(default, deserialize_with = "public_url")]
    pub public_url: Option<String>,
    /// Where people may be sent back to: addresses that a return URL begins with.
    #[serde(deserialize_with = "return_urls")]
    pub return_urls: Vec<String>,
    /// Threads that read requests and write answers.
    pub http_threads: NonZeroUsize,
    /// Connections at a time.
    pub connections_max: NonZeroUsize,
    /// How long a connection may wait between requests, and take over the head of one.
    #[serde(deserialize_with = "wait")]
    pub idle_timeout: std::time::Duration,
    /// The largest head of a request in bytes.
    pub head_bytes_max: NonZeroUsize,
    /// The longest a request may take.
    #[serde(deserialize_with = "wait")]
    pub request_timeout: std::time::Duration,
    /// The largest request body in bytes.
    pub body_bytes_max: usize,
    /// Pages that may follow a balance at once.
    pub streams_max: usize,
    /// How long a stopping server waits for requests that are being answered.
    #[serde(deserialize_with = "wait")]
    pub shutdown_timeout: std::time::Duration,
}

impl Server {
    /// What its connections may take.
    pub fn connections(&self) -> connections::Limits {
        connections::Limits {
            connections_max: self.connections_max.get(),
            idle_timeout: self.idle_timeout,
            head_bytes_max: self.head_bytes_max.get(),
        }
    }
}

/// What the server says about itself, on standard error.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// Which messages, as [`tracing_subscriber::EnvFilter`] reads it.
    pub level: String,
    /// In which form.
    pub format: LogFormat,
}

impl Log {
    /// Other messages than the file says.
    pub fn set_level(&mut self, level: &str) -> Result<(), ConfigError> {
        check_level("--log or COULOMB_LOG", level).map_err(ConfigError)?;
        self.level = level.into();
        Ok(())
    }
}

/// The form of log messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// Plain on a terminal, else JSON.
    Auto,
    /// One JSON object per line.
    Json,
    /// For people.
    Plain,
}

/// Why a configuration cannot be used: a sentence for whoever wrote it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(String);

impl Config {
    /// The defaults, and what this file says differently.
    pub fn load(file: Option<&Path>) -> Result<Config, ConfigError> {
        let Some(path) = file else { return Config::parse("the defaults", "") };
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path)
            .map_err(|error| ConfigError(format!("The configuration {name} cannot be read: {error}")))?;
        Config::parse(&name, &text)
    }

    /// The defaults, and what this text says differently; `name` is what errors call it.
    pub fn parse(name: &str, text: &str) -> Result<Config, ConfigError> {
        let explained = |error| explained(name, text, error);
        let mut table = DeTable::parse(text).map_err(explained)?;
        let defaults = DeTable::parse(DEFAULTS).expect("the defaults are TOML; a test reads them");
        fill_in(table.get_mut(), defaults.into_inner(), false);
        let settings = Settings::deserialize(toml::Deserializer::from(table)).map_err(explained)?;
        settings
            .checked()
            .map_err(|why| ConfigError(format!("The configuration {name} cannot be used: {why}")))
    }
}

impl Config {
    /// Stripe's secrets from elsewhere than the file: the key, and the webhook's secrets with blanks between them.
    pub fn set_stripe(&mut self, key: Option<&str>, webhook: Option<&str>) -> Result<(), ConfigError> {
        let secrets = webhook.map(|text| text.split_whitespace().map(str::to_owned).collect());
        self.stripe_settings.replace_secrets(key, secrets);
        self.stripe = self.stripe_settings.checked().map_err(ConfigError)?;
        Ok(())
    }

    /// Whether the provider has what it needs, when everything is known that somebody has set.
    pub fn complete(self) -> Result<Config, ConfigError> {
        if self.provider.kind == ProviderKind::Stripe {
            let missing = match (&self.price, &self.stripe) {
                (None, _) => Some(
                    "price is missing: say in [price] what credits cost, for automatic purchases and debts",
                ),
                (_, None) => Some(
                    "stripe.secret_key is missing, also from COULOMB_STRIPE_SECRET_KEY: it is in Stripe's dashboard, under API \
                     keys",
                ),
                _ => None,
            };
            if let Some(missing) = missing {
                return Err(ConfigError(format!("The configuration cannot be used: {missing}")));
            }
        }
        Ok(self)
    }
}

/// An error as the person who wrote the file reads it: with the line, unless a password or secret may be in it.
fn explained(name: &str, text: &str, mut error: toml::de::Error) -> ConfigError {
    let place = error.span().and_then(|span| {
        let number = text.get(..span.start)?.matches('\n').count();
        Some((number + 1, text.lines().nth(number)?))
    });
    let what = match place {
        Some((number, line)) if ["://", "secret", "whsec_"].iter().any(|mark| line.contains(mark)) => {
            format!("line {number}: {}", without_texts(error.message()))
        }
        _ => {
            error.set_input(Some(text));
            error.to_string()
        }
    };
    ConfigError(format!("The configuration {name} cannot be used: {what}"))
}

/// A message that repeats a text of the wrong type, without the text.
fn without_texts(message: &str) -> String {
    let repeated = message.split_once("string \"").and_then(|(before, rest)| {
        let (_, after) = rest.rsplit_once('"')?;
        Some(format!("{before}a text{after}"))
    });
    repeated.unwrap_or_else(|| message.to_owned())
}

/// A catalogue is stated whole: somebody who names a kind of work means these kinds and no others. Of a kind that the
/// defaults know too, what is not stated is as there.
const STATED_WHOLE: [&str; 3] = ["kinds", "plans", "packs"];

/// Adds to a table what only the defaults say. Positions in the table keep pointing into the file, so that an error
/// shows the line that caused it.
fn fill_in<'a>(table: &mut DeTable<'a>, defaults: DeTable<'a>, whole: bool) {
    for (key, default) in defaults {
        match table.get_mut(key.get_ref().as_ref()) {
            None if whole => {}
            None => {
                table.insert(key, default);
            }
            Some(stated) => {
                if let (DeValue::Table(stated), DeValue::Table(defaults)) =
                    (stated.get_mut(), Spanned::into_inner(default))
                {
                    fill_in(stated, defaults, STATED_WHOLE.contains(&key.get_ref().as_ref()));
                }
            }
        }
    }
}

/// The settings as they are written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    server: Server,
    log: Log,
    data: DataSettings,
    provider: ProviderSettings,
    price: Option<PriceSettings>,
    stripe: StripeSettings,
    webhooks: WebhookSettings,
    mail: MailSettings,
    console: Console,
    engine: EngineSettings,
    policy: PolicySettings,
    #[serde(default)]
    kinds: BTreeMap<KindKey, KindSettings>,
    #[serde(default)]
    plans: BTreeMap<PlanKey, PlanSettings>,
    #[serde(default)]
    packs: Vec<PackSettings>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EngineSettings {
    queue_commands_max: usize,
    commit_commands_max: usize,
    accounts_max: usize,
    table_events: usize,
    table_accounts: usize,
    table_slices: usize,
    table_runs: usize,
}

impl Settings {
    /// What no type can say: settings that must fit one another.
    fn checked(self) -> Result<Config, String> {
        let Settings { server, log, data, provider, price, stripe, webhooks, mail, engine, policy, .. } =
            self;
        let Settings { kinds, plans, packs, console, .. } = self;
        webhooks.check()?;
        mail.check()?;
        let provider = provider.checked();
        check_level("log.level", &log.level)?;
        for (name, value) in [
            ("server.body_bytes_max", server.body_bytes_max),
            ("engine.queue_commands_max", engine.queue_commands_max),
            ("engine.commit_commands_max", engine.commit_commands_max),
            ("engine.accounts_max", engine.accounts_max),
            ("engine.table_events", engine.table_events),
            ("engine.table_accounts", engine.table_accounts),
            ("engine.table_slices", engine.table_slices),
            ("engine.table_runs", engine.table_runs),
        ] {
            at_least_one(name, value)?;
        }
        let policy = policy.checked(kinds, plans)?;
        let price = price.map(PriceSettings::checked).transpose()?;
        if provider.kind == ProviderKind::Stripe && price.is_none() {
            return Err(
                "price is missing: say in [price] what credits cost, for automatic purchases and debts"
                    .into(),
            );
        }
        Ok(Config {
            server,
            log,
            data: data.checked()?,
            provider,
            engine: engine::Limits {
                queue_commands_max: engine.queue_commands_max,
                commit_commands_max: engine.commit_commands_max,
                accounts_max: engine.accounts_max,
                table_events: engine.table_events,
                table_accounts: engine.table_accounts,
                table_slices: engine.table_slices,
                table_runs: engine.table_runs,
            },
            policy,
            packs: sale::packs(packs)?,
            price,
            stripe: stripe.checked()?,
            stripe_settings: stripe,
            webhooks,
            mail,
            console: console.checked()?,
        })
    }
}
