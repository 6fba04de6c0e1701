//! What commands that work on a data directory have in common: which configuration, which directory.

use clap::Args;
use coulomb_server::config::{Config, ConfigError};
use std::path::PathBuf;

/// Where the configuration and the data are.
#[derive(Args)]
pub struct Settings {
    /// Configuration file (TOML): states only what differs from the defaults
    #[arg(long, value_name = "FILE", env = "COULOMB_CONFIG", hide_env_values = true)]
    config: Option<PathBuf>,

    /// Data directory [default: coulomb-data]
    #[arg(long, value_name = "DIR", env = "COULOMB_DATA", hide_env_values = true)]
    data: Option<PathBuf>,
}

impl Settings {
    /// The defaults, then the file, then the environment and the flags.
    pub fn load(&self) -> Result<Config, ConfigError> {
        let mut config = Config::load(self.config.as_deref())?;
        if let Some(dir) = &self.data {
            config.data.dir.clone_from(dir);
        }
        Ok(config)
    }
}
