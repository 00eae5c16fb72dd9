//! How long things are kept.

use std::time::Duration;

use serde::Deserialize;

use super::units::Span;

/// How long things are kept.
#[derive(Debug, Clone, Default, Deserialize, clap::Args)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct RetentionSettings {
    /// How long bodies of actions and attempts are kept; a delivery still waiting then expires. [default: 30d]
    #[arg(long, value_name = "TIME", env = "RENDEZHOOK_KEEP_BODIES")]
    pub keep_bodies: Option<Span>,

    /// How long actions, deliveries and attempts are kept without bodies. [default: 90d]
    #[arg(long, value_name = "TIME", env = "RENDEZHOOK_KEEP_METADATA")]
    pub keep_metadata: Option<Span>,
}

/// Metadata would go before bodies.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("keep-metadata is {metadata}, shorter than keep-bodies ({bodies}); make it at least as long")]
pub(crate) struct RetentionError {
    bodies: Span,
    metadata: Span,
}

impl RetentionSettings {
    /// These settings, and where they say nothing those of `other`.
    #[must_use]
    pub(crate) fn or(self, other: Self) -> Self {
        Self {
            keep_bodies: self.keep_bodies.or(other.keep_bodies),
            keep_metadata: self.keep_metadata.or(other.keep_metadata),
        }
    }

    /// How long bodies and how long metadata are kept.
    ///
    /// # Errors
    /// When metadata would be kept shorter than bodies.
    pub(crate) fn durations(&self) -> Result<(Duration, Duration), RetentionError> {
        let bodies = self.keep_bodies.unwrap_or(Span::days(30));
        let metadata = self.keep_metadata.unwrap_or(Span::days(90).max(bodies));
        if metadata < bodies {
            return Err(RetentionError { bodies, metadata });
        }
        Ok((bodies.duration(), metadata.duration()))
    }
}
