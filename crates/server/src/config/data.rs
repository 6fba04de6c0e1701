//! Where credits are kept: a directory, or a database whose password nobody is shown.

use super::values::wait;
use serde::Deserialize;
use std::{fmt, num::NonZeroUsize, path::PathBuf, str::FromStr};

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

/// As it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DataSettings {
    dir: PathBuf,
    database: Option<String>,
    connections_max: NonZeroUsize,
    #[serde(deserialize_with = "wait")]
    call_timeout: std::time::Duration,
    #[serde(deserialize_with = "wait")]
    retry: std::time::Duration,
}

impl DataSettings {
    pub(super) fn checked(self) -> Result<Data, String> {
        let DataSettings { dir, database, connections_max, call_timeout, retry } = self;
        let database = database.map(|text| text.parse::<Database>()).transpose();
        let database = database.map_err(|why| format!("data.database {why}"))?;
        Ok(Data { dir, database, connections_max, call_timeout, retry })
    }
}
