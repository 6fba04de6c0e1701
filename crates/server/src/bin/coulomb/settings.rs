//! What commands that work on the data have in common: which configuration, which directory or database.

use crate::Failure;
use clap::Args;
use coulomb_server::config::{Config, Data};
use std::{ffi::OsString, path::PathBuf, sync::Arc};
use store::{Fault, Store, postgres::Postgres, sqlite::Sqlite};

/// Where the configuration and the data are. The last two are read from the environment by hand, because a flag for one
/// overrides the variable of the other.
#[derive(Args)]
pub struct Settings {
    /// Configuration file (TOML): states only what differs from the defaults
    #[arg(long, value_name = "FILE", env = "COULOMB_CONFIG", hide_env_values = true)]
    config: Option<PathBuf>,

    /// Data directory of one server [env: COULOMB_DATA] [default: coulomb-data]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,

    /// PostgreSQL database that servers share, as postgres://user@host/name [env: COULOMB_DATABASE]
    #[arg(long, value_name = "URL")]
    database: Option<String>,
}

impl Settings {
    /// Of a command that works on a database and never on a directory.
    pub fn of_database(config: Option<PathBuf>, database: Option<String>) -> Settings {
        Settings { config, data: None, database }
    }

    /// The defaults, then the file, then the environment, then the flags.
    pub fn load(&self) -> Result<Config, Failure> {
        let mut config = Config::load(self.config.as_deref())?;
        let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        let database = set("COULOMB_DATABASE").map(OsString::into_string).transpose();
        let database = database.map_err(|_| "COULOMB_DATABASE is not text in UTF-8.")?;
        for (dir, database, names) in [
            (set("COULOMB_DATA").map(PathBuf::from), database, ["COULOMB_DATA", "COULOMB_DATABASE"]),
            (self.data.clone(), self.database.clone(), ["--data", "--database"]),
        ] {
            match (dir, database) {
                (None, None) => {}
                (Some(dir), None) => (config.data.dir, config.data.database) = (dir, None),
                (None, Some(url)) => {
                    let parsed = url.parse().map_err(|why| format!("{} {why}.", names[1]))?;
                    config.data.database = Some(parsed);
                }
                (Some(_), Some(_)) => {
                    let [data, database] = names;
                    let text = format!(
                        "{data} and {database} are two places for the same credits: give the directory of one server, or the \
                         database that servers share."
                    );
                    return Err(text.into());
                }
            }
        }
        let text = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
        let (key, webhook) = (text("COULOMB_STRIPE_SECRET_KEY"), text("COULOMB_STRIPE_WEBHOOK_SECRETS"));
        if key.is_some() || webhook.is_some() {
            config.set_stripe(key.as_deref(), webhook.as_deref())?;
        }
        Ok(config)
    }
}

/// The store for a server, made where there is none. May block, and not inside a runtime.
pub fn open(data: &Data) -> Result<Arc<dyn Store>, Fault> {
    Ok(match &data.database {
        Some(database) => Arc::new(Postgres::open(data.options(database))?),
        None => Arc::new(Sqlite::open(&data.dir)?),
    })
}

/// The store beside the servers that may be running on it. May block.
pub fn beside(data: &Data) -> Result<Arc<dyn Store>, Fault> {
    Ok(match &data.database {
        Some(database) => Arc::new(Postgres::connect(data.options(database))?),
        None => Arc::new(Sqlite::open_beside(&data.dir)?),
    })
}
