//! Configuration: every setting, read from `config.default.toml` (compiled in) and a file that states what differs.
//! One set of types parses both, so the documented defaults are the defaults. Flags and environment variables are the
//! command line's business; what a setting does is its owner's.

use crate::engine;
use ledger::{
    Credits, Duration, Policy,
    grant::GrantKind,
    id::{KindKey, PlanKey},
    policy::{Kind, Limits, Plan, Priorities, RechargePolicy, Settlement},
};
use serde::{Deserialize, Deserializer, de};
use std::{
    collections::BTreeMap,
    fmt,
    net::SocketAddr,
    num::NonZeroUsize,
    path::{Path, PathBuf},
    str::FromStr,
};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

/// The documented defaults: every setting with its default and a sentence.
pub const DEFAULTS: &str = include_str!("../config.default.toml");

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
    /// Threads that read requests and write answers.
    pub http_threads: NonZeroUsize,
    /// The longest a request may take.
    #[serde(deserialize_with = "wait")]
    pub request_timeout: std::time::Duration,
    /// The largest request body in bytes.
    pub body_bytes_max: usize,
    /// How long a stopping server waits for requests that are being answered.
    #[serde(deserialize_with = "wait")]
    pub shutdown_timeout: std::time::Duration,
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

/// Where credits are kept. Shown, it is the database without its password, or the directory.
#[derive(Clone, Debug)]
pub struct Data {
    /// The directory of the embedded database.
    pub dir: PathBuf,
    /// The database that several servers share; where there is one, the directory is not used.
    pub database: Option<Database>,
    /// Connections to the database at once.
    pub connections_max: NonZeroUsize,
    /// How long one call to the database may take before its connection is given up.
    pub call_timeout: std::time::Duration,
    /// For how long a call to the database is tried again.
    pub retry: std::time::Duration,
}

impl Data {
    /// How the store uses this database.
    pub fn options(&self, database: &Database) -> store::postgres::Options {
        store::postgres::Options {
            url: database.0.clone(),
            connections_max: self.connections_max.get(),
            call_timeout: self.call_timeout,
            retry: self.retry,
        }
    }
}

impl fmt::Display for Data {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.database {
            Some(database) => database.fmt(out),
            None => self.dir.display().fmt(out),
        }
    }
}

/// The address of a PostgreSQL database. Shown, also to programmers, it is without its password and its parameters.
#[derive(Clone, PartialEq, Eq)]
pub struct Database(String);

impl FromStr for Database {
    type Err = String;

    /// What is wrong is said without the text, which may have a password in it. With at most one `@`, which is not among
    /// the parameters, it is clear to every reader where a password ends.
    fn from_str(text: &str) -> Result<Database, String> {
        let rest = text.strip_prefix("postgres://").or_else(|| text.strip_prefix("postgresql://"));
        let Some(rest) = rest.filter(|rest| !rest.is_empty()) else {
            return Err("is not an address such as postgres://user:password@host:5432/name".into());
        };
        let (place, parameters) = rest.split_once('?').unwrap_or((rest, ""));
        if place.matches('@').count() > 1 || parameters.contains('@') {
            return Err(
                "has an @ too many: in a user, a password or a parameter @ is written %40, and ? %3F".into(),
            );
        }
        let hosts = place.rsplit('@').next().and_then(|hosts| hosts.split('/').next()).unwrap_or_default();
        let is_port = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit());
        if !hosts.split(',').all(|host| host.contains(']') || host.split(':').skip(1).all(is_port)) {
            return Err(
                "has a port that is no number; it looks like postgres://user:password@host:5432/name".into(),
            );
        }
        Ok(Database(text.into()))
    }
}

impl fmt::Display for Database {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rest = self.0.split_once("://").map_or("", |(_, rest)| rest);
        let place = rest.split('?').next().unwrap_or_default();
        match place.split_once('@') {
            None => write!(out, "postgres://{place}"),
            Some((credentials, host)) => {
                write!(out, "postgres://{}@{host}", credentials.split(':').next().unwrap_or_default())
            }
        }
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

/// Who takes the money.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provider {
    /// Which.
    pub kind: ProviderKind,
}

/// The payment providers there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProviderKind {
    /// The host reports the facts of its own provider.
    External,
}

/// A pack of credits on sale.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pack {
    /// What the API calls it.
    pub key: String,
    /// What people call it.
    pub label: String,
    /// How many credits it brings.
    pub credits: Credits,
    /// What it costs, in minor units.
    pub price: i64,
    /// The currency of the price.
    pub currency: String,
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

/// An error as the person who wrote the file reads it: with the line, unless a password may be in it.
fn explained(name: &str, text: &str, mut error: toml::de::Error) -> ConfigError {
    let place = error.span().and_then(|span| {
        let number = text.get(..span.start)?.matches('\n').count();
        Some((number + 1, text.lines().nth(number)?))
    });
    let what = match place {
        Some((number, line)) if line.contains("://") => format!("line {number}: {}", error.message()),
        _ => {
            error.set_input(Some(text));
            error.to_string()
        }
    };
    ConfigError(format!("The configuration {name} cannot be used: {what}"))
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
    provider: Provider,
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
struct DataSettings {
    dir: PathBuf,
    database: Option<String>,
    connections_max: NonZeroUsize,
    #[serde(deserialize_with = "wait")]
    call_timeout: std::time::Duration,
    #[serde(deserialize_with = "wait")]
    retry: std::time::Duration,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EngineSettings {
    queue_commands_max: usize,
    commit_commands_max: usize,
    accounts_max: usize,
    table_events: usize,
    table_slices: usize,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PolicySettings {
    purchased_lifetime: Months,
    past_due_grace: Length,
    hold_lifetime: Length,
    hold_lifetime_max: Length,
    max_overrun: Option<Amount>,
    low_balance: Amount,
    expiring_notice: Length,
    task_failures: u32,
    task_failures_max: u32,
    settlement: SettlementSettings,
    priorities: PrioritySettings,
    recharge: RechargeSettings,
    limits: LimitSettings,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SettlementSettings {
    outstanding_usage: Vec<GrantKind>,
    refund: Vec<GrantKind>,
    dispute: Vec<GrantKind>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PrioritySettings {
    included: u32,
    promotional: u32,
    purchased: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RechargeSettings {
    step: Amount,
    threshold_max: Amount,
    threshold: Amount,
    amount_max: Amount,
    amount: Amount,
    monthly_limit: Amount,
    waits: Vec<Length>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LimitSettings {
    members_max: usize,
    tasks_max: usize,
    open_runs_max: usize,
    usage_records_max: usize,
    waiting_max: usize,
    metadata_bytes_max: usize,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KindSettings {
    label: String,
    category: String,
    unit: String,
    default_hold: Amount,
    #[serde(default)]
    allowance: Amount,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlanSettings {
    label: String,
    tier: u32,
    monthly_allowance: Amount,
    monthly_price: i64,
    annual_price: i64,
    currency: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PackSettings {
    key: String,
    label: String,
    credits: Amount,
    price: i64,
    currency: String,
}

impl Settings {
    /// What no type can say: settings that must fit one another.
    fn checked(self) -> Result<Config, String> {
        let Settings { server, log, data, provider, engine, policy, kinds, plans, packs } = self;
        check_level("log.level", &log.level)?;
        for (name, value) in [
            ("server.body_bytes_max", server.body_bytes_max),
            ("engine.queue_commands_max", engine.queue_commands_max),
            ("engine.commit_commands_max", engine.commit_commands_max),
            ("engine.accounts_max", engine.accounts_max),
            ("engine.table_events", engine.table_events),
            ("engine.table_slices", engine.table_slices),
        ] {
            at_least_one(name, value)?;
        }
        let policy = policy.checked(kinds, plans)?;
        let mut keys = std::collections::BTreeSet::new();
        let mut checked_packs = Vec::with_capacity(packs.len());
        for pack in packs {
            let name = format!("packs {}", pack.key);
            if pack.key.parse::<PlanKey>().is_err() {
                return Err(format!(
                    "packs.key is \"{}\"; a key is 1 to 128 of the characters A-Z a-z 0-9 . _ : -",
                    pack.key
                ));
            }
            if !keys.insert(pack.key.clone()) {
                return Err(format!("two packs are called {}; each needs a key of its own", pack.key));
            }
            if pack.credits.0.is_zero() {
                return Err(format!("{name}: credits is 0; a pack brings some"));
            }
            price(&name, "price", pack.price)?;
            currency(&name, &pack.currency)?;
            let PackSettings { key, label, credits, price, currency } = pack;
            checked_packs.push(Pack { key, label, credits: credits.0, price, currency });
        }
        let DataSettings { dir, database, connections_max, call_timeout, retry } = data;
        let database = database.map(|text| text.parse::<Database>()).transpose();
        let database = database.map_err(|why| format!("data.database {why}"))?;
        Ok(Config {
            server,
            log,
            data: Data { dir, database, connections_max, call_timeout, retry },
            provider,
            engine: engine::Limits {
                queue_commands_max: engine.queue_commands_max,
                commit_commands_max: engine.commit_commands_max,
                accounts_max: engine.accounts_max,
                table_events: engine.table_events,
                table_slices: engine.table_slices,
            },
            policy,
            packs: checked_packs,
        })
    }
}

impl PolicySettings {
    fn checked(
        self,
        kinds: BTreeMap<KindKey, KindSettings>,
        plans: BTreeMap<PlanKey, PlanSettings>,
    ) -> Result<Policy, String> {
        if self.hold_lifetime.0 > self.hold_lifetime_max.0 {
            return Err("policy.hold_lifetime is longer than policy.hold_lifetime_max".into());
        }
        if !(1..=self.task_failures_max).contains(&self.task_failures) {
            return Err(format!(
                "policy.task_failures is {}; it is 1 to policy.task_failures_max, which is {}",
                self.task_failures, self.task_failures_max
            ));
        }
        let LimitSettings {
            members_max,
            tasks_max,
            open_runs_max,
            usage_records_max,
            waiting_max,
            metadata_bytes_max,
        } = self.limits;
        for (name, value) in [
            ("policy.limits.members_max", members_max),
            ("policy.limits.open_runs_max", open_runs_max),
            ("policy.limits.usage_records_max", usage_records_max),
            ("policy.limits.waiting_max", waiting_max),
        ] {
            at_least_one(name, value)?;
        }
        if kinds.is_empty() {
            return Err("kinds is empty, so that no work could start; name at least one".into());
        }
        let kind = |settings: KindSettings| Kind {
            label: settings.label,
            category: settings.category,
            unit: settings.unit,
            default_hold: settings.default_hold.0,
            allowance: settings.allowance.0,
        };
        let plans = plans.into_iter().map(|(key, plan)| Ok((key.clone(), plan.checked(&key)?)));
        Ok(Policy {
            purchased_lifetime_months: self.purchased_lifetime.0,
            past_due_grace: self.past_due_grace.0,
            hold_lifetime: self.hold_lifetime.0,
            hold_lifetime_max: self.hold_lifetime_max.0,
            max_overrun: self.max_overrun.map(|amount| amount.0),
            settlement: Settlement {
                outstanding_usage: self.settlement.outstanding_usage,
                refund: self.settlement.refund,
                dispute: self.settlement.dispute,
            },
            low_balance: self.low_balance.0,
            expiring_notice: self.expiring_notice.0,
            priorities: Priorities {
                included: self.priorities.included,
                promotional: self.priorities.promotional,
                purchased: self.priorities.purchased,
            },
            kinds: kinds.into_iter().map(|(key, settings)| (key, kind(settings))).collect(),
            plans: plans.collect::<Result<_, String>>()?,
            recharge: self.recharge.checked()?,
            task_failures: self.task_failures,
            task_failures_max: self.task_failures_max,
            limits: Limits {
                members_max,
                tasks_max,
                open_runs_max,
                usage_records_max,
                waiting_max,
                metadata_bytes_max,
            },
        })
    }
}

impl PlanSettings {
    fn checked(self, key: &PlanKey) -> Result<Plan, String> {
        let name = format!("plans.{key}");
        price(&name, "monthly_price", self.monthly_price)?;
        price(&name, "annual_price", self.annual_price)?;
        currency(&name, &self.currency)?;
        let PlanSettings { label, tier, monthly_allowance, monthly_price, annual_price, currency } = self;
        Ok(Plan {
            label,
            tier,
            monthly_allowance: monthly_allowance.0,
            monthly_price,
            annual_price,
            currency,
        })
    }
}

impl RechargeSettings {
    fn checked(self) -> Result<RechargePolicy, String> {
        let step = self.step.0;
        if step.is_zero() {
            return Err("policy.recharge.step is 0; thresholds and amounts are multiples of it".into());
        }
        for (name, value) in [
            ("threshold_max", self.threshold_max.0),
            ("threshold", self.threshold.0),
            ("amount_max", self.amount_max.0),
            ("amount", self.amount.0),
        ] {
            if value.is_zero() || value.micros() % step.micros() != 0 {
                return Err(format!("policy.recharge.{name} is {value}; it is a multiple of step, {step}"));
            }
        }
        for (name, value, bound, limit) in [
            ("threshold", self.threshold.0, "threshold_max", self.threshold_max.0),
            ("amount", self.amount.0, "amount_max", self.amount_max.0),
            ("amount", self.amount.0, "monthly_limit", self.monthly_limit.0),
        ] {
            if value > limit {
                return Err(format!(
                    "policy.recharge.{name} is {value}, more than {bound}, which is {limit}"
                ));
            }
        }
        Ok(RechargePolicy {
            step,
            threshold_max: self.threshold_max.0,
            threshold: self.threshold.0,
            amount_max: self.amount_max.0,
            amount: self.amount.0,
            monthly_limit: self.monthly_limit.0,
            waits: self.waits.into_iter().map(|wait| wait.0).collect(),
        })
    }
}

fn check_level(name: &str, level: &str) -> Result<(), String> {
    // An unknown word alone would be taken for a module's name, and everything else would fall silent.
    let levels = ["off", "error", "warn", "info", "debug", "trace"];
    let known = |part: &str| part.contains('=') || levels.contains(&part.trim().to_lowercase().as_str());
    let readable = tracing_subscriber::EnvFilter::try_new(level).is_ok();
    if readable && level.split(',').all(known) {
        return Ok(());
    }
    Err(format!(
        "{name} is \"{level}\"; it is one of error, warn, info, debug and trace, also per module as in \"info,coulomb_server=debug\""
    ))
}

fn at_least_one(name: &str, value: usize) -> Result<(), String> {
    if value == 0 { Err(format!("{name} is 0; it is at least 1")) } else { Ok(()) }
}

fn price(name: &str, field: &str, value: i64) -> Result<(), String> {
    if value < 0 { Err(format!("{name}: {field} is {value}; a price is not negative")) } else { Ok(()) }
}

fn currency(name: &str, code: &str) -> Result<(), String> {
    let fits = code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_uppercase());
    if fits {
        return Ok(());
    }
    Err(format!("{name}: currency is \"{code}\"; it is three capital letters of ISO 4217, such as \"USD\""))
}

/// An amount of credits: a whole number or a decimal string, never a floating-point number (R1.1).
#[derive(Clone, Copy, Default)]
struct Amount(Credits);

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Amount, D::Error> {
        struct Read;
        impl de::Visitor<'_> for Read {
            type Value = Amount;
            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("credits as a whole number, or as a decimal string such as \"0.5\"")
            }
            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Amount, E> {
                self.visit_str(&number.to_string())
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Amount, E> {
                text.parse().map(Amount).map_err(|error| E::custom(format!("\"{text}\": {error}")))
            }
        }
        deserializer.deserialize_any(Read)
    }
}

/// A length of time without calendar months (R1.3).
#[derive(Clone, Copy)]
struct Length(Duration);

impl<'de> Deserialize<'de> for Length {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Length, D::Error> {
        let text = String::deserialize(deserializer)?;
        length(&text).map(Length).ok_or_else(|| {
            de::Error::custom(format!(
                "\"{text}\" is not a length of time in weeks, days, hours, minutes and seconds, such as \"P7D\" or \"PT1H30M\""
            ))
        })
    }
}

fn length(text: &str) -> Option<Duration> {
    let span = span(text)?;
    if span.get_years() != 0 || span.get_months() != 0 {
        return None;
    }
    let days = i64::from(span.get_weeks()).checked_mul(7)?.checked_add(i64::from(span.get_days()))?;
    let minutes = i64::from(span.get_hours()).checked_mul(60)?.checked_add(span.get_minutes())?;
    let seconds =
        days.checked_mul(86_400)?.checked_add(minutes.checked_mul(60)?)?.checked_add(span.get_seconds())?;
    let micros = seconds
        .checked_mul(1_000_000)?
        .checked_add(span.get_milliseconds().checked_mul(1_000)?)?
        .checked_add(span.get_microseconds())?;
    Some(Duration::from_micros(micros))
}

/// ISO 8601, as strictly as jiff reads it; other forms that jiff knows are not ours.
fn span(text: &str) -> Option<jiff::Span> {
    let span: jiff::Span = text.strip_prefix('P').and_then(|_| text.parse().ok())?;
    if span.is_negative() { None } else { Some(span) }
}

/// A number of calendar months.
#[derive(Clone, Copy)]
struct Months(u32);

impl<'de> Deserialize<'de> for Months {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Months, D::Error> {
        let text = String::deserialize(deserializer)?;
        let months = span(&text).and_then(|span| {
            let months = i32::from(span.get_years()).checked_mul(12)?.checked_add(span.get_months())?;
            let nothing_else =
                span.fieldwise() == jiff::Span::new().years(span.get_years()).months(span.get_months());
            u32::try_from(months).ok().filter(|months| *months > 0 && nothing_else)
        });
        months.map(Months).ok_or_else(|| {
            de::Error::custom(format!(
                "\"{text}\" is not a number of calendar months or years, such as \"P12M\" or \"P1Y\""
            ))
        })
    }
}

/// A length of time that the server waits: not zero.
pub(crate) fn wait<'de, D: Deserializer<'de>>(deserializer: D) -> Result<std::time::Duration, D::Error> {
    let length = Length::deserialize(deserializer)?.0;
    match u64::try_from(length.micros()) {
        Ok(micros) if micros > 0 => Ok(std::time::Duration::from_micros(micros)),
        _ => Err(de::Error::custom("a time to wait is longer than nothing")),
    }
}

fn public_url<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let text = String::deserialize(deserializer)?;
    parse_public_url(&text).map(Some).map_err(de::Error::custom)
}

/// Where people and hosts reach the server: `http://` or `https://`, without a slash at the end.
pub fn parse_public_url(text: &str) -> Result<String, String> {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let plain = |host: &&str| {
        !host.is_empty() && !host.contains(|c: char| c.is_whitespace() || matches!(c, '?' | '#' | '"'))
    };
    match host.filter(plain) {
        Some(_) => Ok(text.trim_end_matches('/').to_owned()),
        None => Err(format!("\"{text}\" is not a URL such as \"https://credits.example.com\"")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        Config::parse("coulomb.toml", text).expect_err("an error").to_string()
    }

    #[test]
    fn the_documented_defaults_are_the_defaults() {
        let config = Config::parse("the defaults", "").expect("the defaults");
        assert_eq!(config.policy, Policy::default());
        assert_eq!(format!("{:?}", config.engine), format!("{:?}", engine::Limits::default()));
        assert_eq!(config.server.public_url, None);
        assert!(config.packs.is_empty());
    }

    #[test]
    fn what_is_optional_is_documented_with_an_example_that_works() {
        let example: String = DEFAULTS.lines().map(|line| uncommented(line).to_owned() + "\n").collect();
        let config = Config::parse("the example", &example).expect("the example");
        assert_eq!(config.server.public_url.as_deref(), Some("https://credits.example.com"));
        assert_eq!(config.policy.max_overrun, Credits::whole(1000));
        assert_eq!((config.policy.plans.len(), config.packs.len()), (1, 1));
    }

    /// A setting that is commented out has no blank after its `#`, a sentence has one.
    fn uncommented(line: &str) -> &str {
        line.strip_prefix('#').filter(|rest| !rest.starts_with(' ')).unwrap_or(line)
    }

    #[test]
    fn a_file_states_only_what_differs() {
        let config = Config::parse(
            "coulomb.toml",
            "[policy]\nlow_balance = \"0.5\"\n[policy.priorities]\nincluded = 7\n",
        );
        let policy = config.expect("a configuration").policy;
        assert_eq!(policy.low_balance, Credits::from_micros(500_000));
        assert_eq!((policy.priorities.included, policy.priorities.purchased), (7, 30));
    }

    #[test]
    fn a_catalogue_is_stated_whole() {
        let only =
            "[kinds.song]\nlabel = \"Song\"\ncategory = \"music\"\nunit = \"songs\"\ndefault_hold = 3\n";
        let kinds = Config::parse("coulomb.toml", only).expect("a configuration").policy.kinds;
        assert_eq!(kinds.keys().map(KindKey::as_str).collect::<Vec<_>>(), ["song"]);
    }

    #[test]
    fn an_unknown_key_is_shown_where_it_stands_with_the_keys_there_are() {
        let unknown = error("[server]\nlisten = \"127.0.0.1:1\"\nlisen = \"127.0.0.1:2\"\n");
        for part in
            ["coulomb.toml", "line 3", "unknown field `lisen`", "`listen`, `public_url`, `http_threads`"]
        {
            assert!(unknown.contains(part), "{part}: {unknown}");
        }
    }

    #[test]
    fn an_error_says_what_would_be_right() {
        for (text, teaches) in [
            ("[provider]\nkind = \"stripe\"", "unknown variant `stripe`, expected `external`"),
            ("[policy]\npast_due_grace = \"7 days\"", "\"P7D\""),
            ("[policy]\npast_due_grace = \"P1M\"", "\"P7D\""),
            ("[policy]\npurchased_lifetime = \"P365D\"", "\"P12M\""),
            ("[policy]\nlow_balance = 0.5", "decimal string such as \"0.5\""),
            ("[policy]\nlow_balance = -1", "not negative"),
            ("[policy]\nhold_lifetime = \"P31D\"", "longer than policy.hold_lifetime_max"),
            ("[policy.recharge]\nthreshold = 12000", "a multiple of step, 5000"),
            ("[policy.settlement]\nrefund = [\"any\"]", "`included`, `purchased`, `promotional`"),
            ("[kinds.song]\nlabel = \"Song\"", "missing field `category`"),
            (
                "[[packs]]\nkey = \"a\"\nlabel = \"A\"\ncredits = 1\nprice = 1\ncurrency = \"usd\"",
                "three capital letters",
            ),
            ("[server]\nlisten = \"8988\"", "socket address"),
            ("[server]\nhttp_threads = 0", "nonzero"),
            ("[server]\nrequest_timeout = \"PT0S\"", "longer than nothing"),
            ("[server]\npublic_url = \"credits.example.com\"", "https://credits.example.com"),
            ("[engine]\naccounts_max = 0", "at least 1"),
            ("[log]\nlevel = \"a=b=c\"", "log.level"),
            ("[log]\nlevel = \"loud\"", "one of error, warn"),
            ("listen = ", "line 1"),
            ("[data]\ndatabase = \"db.example.com\"", "postgres://user:password@host:5432/name"),
            ("[data]\nconnections_max = 0", "nonzero"),
        ] {
            let said = error(text);
            assert!(said.contains(teaches), "{text} said: {said}");
        }
    }

    #[test]
    fn a_password_is_never_shown() {
        for (url, shown) in [
            ("postgres://coulomb:sesame@db:5432/credits", "postgres://coulomb@db:5432/credits"),
            (
                "postgresql://coulomb:se/sa:me@a:1,b/credits?sslmode=require",
                "postgres://coulomb@a:1,b/credits",
            ),
            ("postgres://db/credits?user=coulomb&password=sesame", "postgres://db/credits"),
            ("postgres:///credits?host=/run/postgresql", "postgres:///credits"),
            ("postgres://coulomb@[::1]:5432/credits", "postgres://coulomb@[::1]:5432/credits"),
        ] {
            let text = format!("[data]\ndatabase = \"{url}\"\n");
            let data = Config::parse("coulomb.toml", &text).expect("a configuration").data;
            let debug = format!("{data:?}");
            assert_eq!(data.to_string(), shown);
            assert!(
                debug.contains(shown) && !debug.contains("sesame") && !debug.contains("se/sa"),
                "{debug}"
            );
        }
        for line in [
            "database = \"coulomb:sesame@db\"",
            "database = \"postgres://coulomb:ses@sesame@db/credits\"",
            "database = \"postgres://coulomb:ses?sesame@db/credits\"",
            "database = \"postgres://coulomb:sesame\"",
            "database = \"postgres://coulomb:sesame@db:port/credits\"",
            "database = \"postgres://coulomb:sesame@db",
            "database = [\"postgres://coulomb:sesame@db\"]",
            "databas = \"postgres://coulomb:sesame@db\"",
            "database = \"postgres://coulomb:sesame@db\"\ndatabase = \"\"",
        ] {
            let said = error(&format!("[data]\n{line}\n"));
            assert!(said.contains("coulomb.toml") && !said.contains("sesame"), "{line} said: {said}");
        }
    }

    /// `docs/reference/configuration.md`, from the comments of the defaults.
    fn reference() -> String {
        let mut page = String::from(
            "# Configuration\n\n<!-- Written by a test of crates/server/src/config.rs from config.default.toml: change that. -->\n\n",
        );
        let mut blocks = DEFAULTS.split("\n\n");
        let sentences = |block: &str| -> String {
            let lines: Vec<&str> = block.lines().filter_map(|line| line.strip_prefix("# ")).collect();
            lines.join("\n")
        };
        page += &format!("{}\n", sentences(blocks.next().expect("the first sentences")));
        let mut catalogue = "";
        for block in blocks {
            let shown: Vec<&str> =
                block.lines().map(uncommented).filter(|line| !line.starts_with('#')).collect();
            let head = *shown.first().expect("a section's name");
            let name = head.trim_matches(['[', ']']).split('.').next().expect("a name");
            if STATED_WHOLE.contains(&name) {
                if name != catalogue {
                    catalogue = name;
                    page += &format!(
                        "\n## `{}`\n{}\n",
                        head.replace("chat_message", "KEY").replace("team", "KEY"),
                        sentences(block)
                    );
                }
                page += &format!("\n```toml\n{}\n```\n", shown.join("\n").trim_end());
                continue;
            }
            let (before, settings) = block.split_once(head).expect("the section's name is in it");
            page += &format!(
                "\n## `{head}`\n{}\n\n| setting | default | meaning |\n|---|---|---|\n",
                sentences(before)
            );
            let mut meaning = String::new();
            for line in settings.lines().filter(|line| !line.is_empty()) {
                if let Some(sentence) = line.strip_prefix("# ") {
                    meaning = format!("{meaning} {sentence}");
                    continue;
                }
                let (key, value) = uncommented(line).split_once(" = ").expect("a setting");
                let default = if line.starts_with('#') { "none".into() } else { format!("`{value}`") };
                page += &format!("| `{key}` | {default} | {} |\n", std::mem::take(&mut meaning).trim());
            }
        }
        page
    }

    #[test]
    fn the_reference_says_what_the_defaults_say() {
        let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reference/configuration.md");
        if std::env::var_os("GOLDEN").is_some_and(|golden| golden == "write") {
            std::fs::write(golden, reference()).expect("the reference can be written");
        }
        let written = std::fs::read_to_string(golden).unwrap_or_default();
        assert!(
            written == reference(),
            "docs/reference/configuration.md: `cargo xtask golden`, then read the diff"
        );
    }
}
