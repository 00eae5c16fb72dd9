//! How deliveries are made.

use std::time::Duration;

use rendezhook_delivery::means::OriginHeaders;
use serde::Deserialize;

use super::origin_header::{self, OriginHeader};
use super::units::Span;

/// Which attempts keep what was said in them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ExchangeLog {
    /// Failed attempts and tests.
    Failures,
    /// Every attempt; costs disk space and about a third of the speed.
    All,
}

/// How deliveries are made.
#[derive(Debug, Clone, Default, Deserialize, clap::Args)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct DeliverySettings {
    /// The time an attempt has from looking up the name to the answer: 1s to 30s. [default: 15s]
    #[arg(long, value_name = "TIME", env = "RENDEZHOOK_ATTEMPT_TIMEOUT")]
    pub attempt_timeout: Option<Span>,

    /// Attempts under way at once that are not older than a second, over all endpoints: 1 to 5120. [default: 1024]
    #[arg(long, value_name = "COUNT", env = "RENDEZHOOK_ATTEMPTS_IN_FLIGHT", value_parser = clap::value_parser!(u32).range(1..=5120))]
    pub attempts_in_flight: Option<u32>,

    /// Attempts under way at once that are older than a second: 1 to 20480. They have places of their own, so that endpoints that
    /// hang do not take those of the others. [default: 4096]
    #[arg(long, value_name = "COUNT", env = "RENDEZHOOK_SLOW_ATTEMPTS_IN_FLIGHT", value_parser = clap::value_parser!(u32).range(1..=20_480))]
    pub slow_attempts_in_flight: Option<u32>,

    /// Attempts under way at once to one host and port, over all organizations, which share them: 1 to 5120.
    /// [default: 256, 5120 with --dev, where every receiver is on loopback]
    #[arg(long, value_name = "COUNT", env = "RENDEZHOOK_ATTEMPTS_PER_AUTHORITY", value_parser = clap::value_parser!(u32).range(1..=5120))]
    pub attempts_per_authority: Option<u32>,

    /// Attempts under way at once to one endpoint: 1 to 256. [default: 256]
    #[arg(long, value_name = "COUNT", env = "RENDEZHOOK_ATTEMPTS_PER_ENDPOINT", value_parser = clap::value_parser!(u32).range(1..=256))]
    pub attempts_per_endpoint: Option<u32>,

    /// Attempts under way at once to one IPv4 address or one IPv6 /64, over all organizations: 1 to 5120.
    /// [default: 256, 5120 with --dev, where every receiver is on loopback]
    #[arg(long, value_name = "COUNT", env = "RENDEZHOOK_ATTEMPTS_PER_ADDRESS", value_parser = clap::value_parser!(u32).range(1..=5120))]
    pub attempts_per_address: Option<u32>,

    /// Seconds to wait before each retry, separated by commas; 1 to 20 steps, 7 days in all.
    /// [default: 5,30,120,600,1800,7200,18000,36000,50400,72000,86400]
    #[arg(long, value_name = "SECONDS,…", env = "RENDEZHOOK_RETRY_SCHEDULE", value_delimiter = ',')]
    pub retry_schedule: Option<Vec<u64>>,

    /// How long a failing delivery holds back later actions of its resource: time in which its endpoint was available.
    /// [default: 10m]
    #[arg(long, value_name = "TIME", env = "RENDEZHOOK_LANE_HOLD")]
    pub lane_hold: Option<Span>,

    /// Headers for origins of doo hooks that are not this server: a host and a header, such as "gql.example.com x-api-key: 1234". Give
    /// the flag once for each; in a file it is a list.
    #[arg(long, value_name = "HOST NAME: VALUE", env = "RENDEZHOOK_ORIGIN_HEADER", hide_env_values = true)]
    pub origin_header: Option<Vec<OriginHeader>>,

    /// Which attempts keep request and response head and body. [default: failures, all with --dev]
    #[arg(long, value_name = "WHICH", env = "RENDEZHOOK_EXCHANGE_LOG")]
    pub exchange_log: Option<ExchangeLog>,
}

/// A delivery setting is out of its range.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the setting {setting} is {value}; {allowed}")]
pub(crate) struct DeliverySettingError {
    setting: &'static str,
    value: String,
    allowed: String,
}

impl DeliverySettings {
    /// These settings, and where they say nothing those of `other`.
    #[must_use]
    pub(crate) fn or(self, other: Self) -> Self {
        Self {
            attempt_timeout: self.attempt_timeout.or(other.attempt_timeout),
            attempts_in_flight: self.attempts_in_flight.or(other.attempts_in_flight),
            slow_attempts_in_flight: self.slow_attempts_in_flight.or(other.slow_attempts_in_flight),
            attempts_per_authority: self.attempts_per_authority.or(other.attempts_per_authority),
            attempts_per_endpoint: self.attempts_per_endpoint.or(other.attempts_per_endpoint),
            attempts_per_address: self.attempts_per_address.or(other.attempts_per_address),
            retry_schedule: self.retry_schedule.or(other.retry_schedule),
            lane_hold: self.lane_hold.or(other.lane_hold),
            origin_header: self.origin_header.or(other.origin_header),
            exchange_log: self.exchange_log.or(other.exchange_log),
        }
    }

    /// The time an attempt has.
    ///
    /// # Errors
    /// When it is not between 1 and 30 seconds.
    pub(crate) fn attempt_deadline(&self) -> Result<Duration, DeliverySettingError> {
        let span = self.attempt_timeout.unwrap_or(Span::seconds(15));
        if span < Span::seconds(1) || span > Span::seconds(30) {
            return Err(DeliverySettingError {
                setting: "attempt-timeout",
                value: span.to_string(),
                allowed: "use 1s to 30s".to_owned(),
            });
        }
        Ok(span.duration())
    }

    /// Attempts under way at once that are older than a second.
    ///
    /// # Errors
    /// When it is not between 1 and 20480.
    pub(crate) fn slow_in_flight(&self) -> Result<u32, DeliverySettingError> {
        in_range("slow-attempts-in-flight", self.slow_attempts_in_flight.unwrap_or(4_096), 20_480)
    }

    /// Attempts under way at once to one host and port; `dev` says that every receiver is on loopback.
    ///
    /// # Errors
    /// When it is not between 1 and 5120.
    pub(crate) fn per_authority(&self, dev: bool) -> Result<u32, DeliverySettingError> {
        let usual = if dev { 5_120 } else { 256 };
        in_range("attempts-per-authority", self.attempts_per_authority.unwrap_or(usual), 5_120)
    }

    /// Attempts under way at once that are not older than a second, over all endpoints.
    ///
    /// # Errors
    /// When it is not between 1 and 5120 (a settings file is not checked by the flags' own rules).
    pub(crate) fn in_flight(&self) -> Result<u32, DeliverySettingError> {
        in_range("attempts-in-flight", self.attempts_in_flight.unwrap_or(1_024), 5_120)
    }

    /// Attempts under way at once to one endpoint.
    ///
    /// # Errors
    /// When it is not between 1 and 256.
    pub(crate) fn per_endpoint(&self) -> Result<u32, DeliverySettingError> {
        in_range("attempts-per-endpoint", self.attempts_per_endpoint.unwrap_or(256), 256)
    }

    /// Attempts under way at once to one address.
    ///
    /// # Errors
    /// When it is not between 1 and 5120.
    pub(crate) fn per_address(&self) -> Result<u32, DeliverySettingError> {
        in_range("attempts-per-address", self.attempts_per_address.unwrap_or(256), 5_120)
    }

    /// The retry schedule of subscriptions that have none of their own.
    ///
    /// # Errors
    /// When it breaks a rule of retry schedules; the message says which.
    pub(crate) fn retry_policy(&self) -> Result<rendezhook_domain::retry::RetryPolicy, DeliverySettingError> {
        use rendezhook_domain::retry::RetryPolicy;
        let Some(seconds) = &self.retry_schedule else {
            return Ok(RetryPolicy::standard());
        };
        RetryPolicy::from_seconds(seconds).map_err(|reason| DeliverySettingError {
            setting: "retry-schedule",
            value: format!("{seconds:?}"),
            allowed: reason.to_string(),
        })
    }

    /// What is sent to origins of others.
    #[must_use]
    pub(crate) fn origin_headers(&self) -> OriginHeaders {
        origin_header::collected(self.origin_header.as_deref().unwrap_or_default())
    }

    /// How long a failing delivery holds back its lane.
    #[must_use]
    pub(crate) fn lane_hold(&self) -> Duration {
        self.lane_hold.unwrap_or(Span::seconds(600)).duration()
    }
}

fn in_range(setting: &'static str, value: u32, maximum: u32) -> Result<u32, DeliverySettingError> {
    if (1..=maximum).contains(&value) {
        return Ok(value);
    }
    Err(DeliverySettingError { setting, value: value.to_string(), allowed: format!("use 1 to {maximum}") })
}
