//! The TOML file.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::{
    DeliverySettings, HealthSettings, ListenSettings, LogSettings, OutboundSettings, RetentionSettings,
};

/// The tables of the file; each holds the settings of one part.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub(super) struct SettingsFile {
    #[serde(rename = "server")]
    pub(super) listen: ListenSettings,
    pub(super) delivery: DeliverySettings,
    #[serde(rename = "egress")]
    pub(super) outbound: OutboundSettings,
    pub(super) health: HealthSettings,
    pub(super) retention: RetentionSettings,
    pub(super) log: LogSettings,
}

/// The settings file cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SettingsFileError {
    /// It cannot be read.
    #[error("the settings file {path} cannot be read")]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// It is not TOML, or a setting is unknown or has a wrong value.
    #[error("the settings file {path} is wrong")]
    Wrong {
        /// Which file.
        path: PathBuf,
        /// Where and what; names the setting and what is allowed.
        #[source]
        source: Box<toml::de::Error>,
    },
}

pub(super) fn read(path: &Path) -> Result<SettingsFile, SettingsFileError> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| SettingsFileError::Unreadable { path: path.to_owned(), source })?;
    toml::from_str(&text)
        .map_err(|source| SettingsFileError::Wrong { path: path.to_owned(), source: Box::new(source) })
}
