//! Settings of the server: flags before environment before file before default.
//!
//! Each part is one small struct that serves as flags, as environment variables and as a table of the TOML file; the reference
//! page is generated from it.

mod delivery;
mod egress;
mod file;
mod health;
mod listen;
mod log;
mod origin_header;
mod public_address;
mod retention;
pub(crate) mod units;

use std::path::PathBuf;

pub(crate) use delivery::{DeliverySettingError, DeliverySettings, ExchangeLog};
pub(crate) use egress::OutboundSettings;
pub(crate) use file::SettingsFileError;
pub(crate) use health::{HealthSettingError, HealthSettings};
pub(crate) use listen::ListenSettings;
pub(crate) use log::LogSettings;
pub(crate) use public_address::{PublicAddress, PublicAddressError};
pub(crate) use retention::{RetentionError, RetentionSettings};

/// Everything `rendezhook serve` can be told.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct Settings {
    /// Read settings from this TOML file. Flags and environment variables win over it.
    #[arg(long, value_name = "FILE", env = "RENDEZHOOK_CONFIG")]
    pub config: Option<PathBuf>,

    /// Where the server listens and keeps its data.
    #[command(flatten)]
    pub listen: ListenSettings,

    /// How deliveries are made.
    #[command(flatten)]
    pub delivery: DeliverySettings,

    /// How deliveries leave the network.
    #[command(flatten)]
    pub outbound: OutboundSettings,
    /// When failing is told, when it ends in disabling, and how much may wait.
    #[command(flatten)]
    pub health: HealthSettings,

    /// How long things are kept.
    #[command(flatten)]
    pub retention: RetentionSettings,

    /// What is logged, and how.
    #[command(flatten)]
    pub log: LogSettings,
}

impl Settings {
    /// Adds what the TOML file says where flags and environment say nothing.
    ///
    /// # Errors
    /// When the file cannot be read, or one of its settings is unknown or wrong; the message names it.
    pub(crate) fn with_file(self) -> Result<Self, SettingsFileError> {
        let Some(path) = self.config.clone() else {
            return Ok(self);
        };
        let file = file::read(&path)?;
        Ok(Self {
            config: self.config,
            listen: self.listen.or(file.listen),
            delivery: self.delivery.or(file.delivery),
            outbound: self.outbound.or(file.outbound),
            health: self.health.or(file.health),
            retention: self.retention.or(file.retention),
            log: self.log.or(file.log),
        })
    }
}

#[cfg(test)]
mod reference;
#[cfg(test)]
mod tests;
