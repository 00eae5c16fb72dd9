//! What is logged, and how.

use std::io::IsTerminal;

use serde::Deserialize;

/// The form of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line, for machines.
    Json,
}

/// What is logged, and how. Log lines go to standard error.
#[derive(Debug, Clone, Default, Deserialize, clap::Args)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct LogSettings {
    /// Which lines: error, warn, info, debug or trace, also by part (info,rendezhook_delivery=debug). [default: info]
    #[arg(long = "log", value_name = "FILTER", env = "RENDEZHOOK_LOG")]
    pub filter: Option<String>,

    /// The form of log lines. [default: text]
    #[arg(long = "log-format", value_name = "FORMAT", env = "RENDEZHOOK_LOG_FORMAT")]
    pub format: Option<LogFormat>,
}

/// The log filter cannot be understood.
#[derive(Debug, thiserror::Error)]
#[error(
    "the log filter \"{filter}\" cannot be understood; use error, warn, info, debug or trace, or a list like info,rendezhook_delivery=debug"
)]
pub(crate) struct LogFilterError {
    filter: String,
    #[source]
    source: tracing_subscriber::filter::ParseError,
}

impl LogSettings {
    /// These settings, and where they say nothing those of `other`.
    #[must_use]
    pub(crate) fn or(self, other: Self) -> Self {
        Self { filter: self.filter.or(other.filter), format: self.format.or(other.format) }
    }

    /// Starts logging for this process.
    ///
    /// # Errors
    /// When the filter cannot be understood.
    pub(crate) fn start(&self) -> Result<(), LogFilterError> {
        let filter = self.filter.as_deref().unwrap_or("info");
        let filter = tracing_subscriber::EnvFilter::try_new(filter)
            .map_err(|source| LogFilterError { filter: filter.to_owned(), source })?;
        let lines = tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_ansi(std::io::stderr().is_terminal())
            .with_writer(std::io::stderr)
            // A line that cannot be written is lost. Saying so on standard error would panic where that cannot be written
            // either: the log may lie on the disk that is full, and the threads that say so must go on.
            .log_internal_errors(false);
        match self.format.unwrap_or(LogFormat::Text) {
            LogFormat::Text => lines.init(),
            LogFormat::Json => lines.json().flatten_event(true).init(),
        }
        Ok(())
    }
}
