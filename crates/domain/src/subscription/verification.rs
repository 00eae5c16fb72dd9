//! Whether a target has shown that it wants deliveries.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// How a target shows that it wants deliveries, before it gets any.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum VerificationMethod {
    /// Not at all: whoever made the subscription is trusted.
    #[default]
    None,
    /// It answers a challenge with a keyed hash, and so shows that it holds the subscription's secret.
    Challenge,
    /// It names us as an allowed origin (CloudEvents, HTTP 1.1 Web Hooks for Event Delivery, section 4).
    CloudEvents,
}

impl VerificationMethod {
    /// Every method.
    pub const ALL: [Self; 3] = [Self::None, Self::Challenge, Self::CloudEvents];

    /// The name on the wire and in stores. Never changes.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Challenge => "challenge",
            Self::CloudEvents => "cloudevents",
        }
    }
}

impl fmt::Display for VerificationMethod {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// The text names no way to verify a target.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not a way to verify a target; there are: none, challenge, cloudevents")]
pub struct UnknownVerificationMethod(String);

impl FromStr for VerificationMethod {
    type Err = UnknownVerificationMethod;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|method| method.name() == text)
            .ok_or_else(|| UnknownVerificationMethod(text.chars().take(20).collect()))
    }
}

/// How the target of a subscription is verified, and how far that has come.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Verification {
    /// How.
    pub method: VerificationMethod,
    /// When the target last showed that it wants deliveries. None before that, and again when its URL or method changes or the
    /// subscription is enabled after it was disabled.
    pub verified_at: Option<Timestamp>,
    /// Why the last handshake failed, in the owner's words; none after one that succeeded.
    pub failure: Option<Arc<str>>,
    /// How many deliveries a minute the target allows, when it named a number.
    pub deliveries_per_minute: Option<u32>,
}

impl Verification {
    /// A target that has not been asked yet.
    #[must_use]
    pub fn pending(method: VerificationMethod) -> Self {
        Self { method, ..Self::default() }
    }

    /// Whether deliveries other than tests may be sent.
    #[must_use]
    pub const fn permits_deliveries(&self) -> bool {
        matches!(self.method, VerificationMethod::None) || self.verified_at.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_method_is_found_by_its_name() {
        for method in VerificationMethod::ALL {
            assert_eq!(method.name().parse(), Ok(method));
        }
        assert!("slack".parse::<VerificationMethod>().is_err());
    }

    #[test]
    fn only_a_target_that_has_to_show_something_has_to_be_waited_for() {
        assert!(Verification::default().permits_deliveries());
        let mut asked = Verification::pending(VerificationMethod::Challenge);
        assert!(!asked.permits_deliveries());
        asked.verified_at = Some(Timestamp::EARLIEST);
        assert!(asked.permits_deliveries());
    }
}
