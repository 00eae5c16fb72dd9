//! When failing is told, when it ends in disabling, and how much may wait.

use std::time::Duration;

use rendezhook_delivery::health::HealthOptions;
use rendezhook_delivery::options::DeliveryOptions;
use rendezhook_domain::organization::BacklogLimits;
use rendezhook_intake::DEFAULT_QUOTA;
use serde::Deserialize;

use super::units::Span;

/// When failing is told, when it ends in disabling, and how much may wait.
#[derive(Debug, Clone, Default, Deserialize, clap::Args)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct HealthSettings {
    /// After how long without a success a subscription counts as failing, which is told by the notice subscription.failing. [default: 1h]
    #[arg(long, value_name = "TIME", env = "RENDEZHOOK_FAILING_AFTER")]
    pub failing_after: Option<Span>,

    /// So many different deliveries that have each failed four times within a day make a subscription failing, also when others
    /// succeed: 1 to 100. [default: 5]
    #[arg(long, value_name = "COUNT", env = "RENDEZHOOK_FAILING_DELIVERIES", value_parser = clap::value_parser!(u32).range(1..=100))]
    pub failing_deliveries: Option<u32>,

    /// After how long failing is told again, separated by commas; at most 10. [default: 24h,72h]
    #[arg(long, value_name = "TIME,…", env = "RENDEZHOOK_FAILING_REMINDERS", value_delimiter = ',')]
    pub failing_reminders: Option<Vec<Span>>,

    /// Failing of one subscription is not told twice within this time. [default: 12h]
    #[arg(long, value_name = "TIME", env = "RENDEZHOOK_NOTICE_INTERVAL")]
    pub notice_interval: Option<Span>,

    /// After how long without a success a failing subscription is disabled; its deliveries are kept. [default: 5d]
    #[arg(long, value_name = "TIME", env = "RENDEZHOOK_DISABLE_AFTER")]
    pub disable_after: Option<Span>,

    /// It is not disabled before so many attempts have failed. [default: 20]
    #[arg(long, value_name = "COUNT", env = "RENDEZHOOK_DISABLE_ATTEMPTS", value_parser = clap::value_parser!(u32).range(1..))]
    pub disable_attempts: Option<u32>,

    /// Nor before its failed attempts are spread over this time. [default: 24h]
    #[arg(long, value_name = "TIME", env = "RENDEZHOOK_DISABLE_SPREAD")]
    pub disable_spread: Option<Span>,

    /// Publishing of an organization is answered with 429 while so many deliveries wait for its receivers that are delivered to at this
    /// moment, unless the organization has a number of its own: 1 to 1,000,000,000. [default: 2000000]
    #[arg(long, value_name = "COUNT", env = "RENDEZHOOK_BACKLOG_QUOTA", value_parser = clap::value_parser!(u64).range(1..=BacklogLimits::MAXIMUM))]
    pub backlog_quota: Option<u64>,

    /// So many deliveries may wait for one receiver, paused or not, unless its organization has a number of its own; beyond it the oldest
    /// expire: 1 to 1,000,000,000. [default: 2000000]
    #[arg(long, value_name = "COUNT", env = "RENDEZHOOK_RECEIVER_BACKLOG", value_parser = clap::value_parser!(u64).range(1..=BacklogLimits::MAXIMUM))]
    pub receiver_backlog: Option<u64>,
}

/// A setting about failing is out of its range.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the setting {setting} is {value}; {allowed}")]
pub(crate) struct HealthSettingError {
    setting: &'static str,
    value: String,
    allowed: &'static str,
}

impl HealthSettings {
    /// These settings, and where they say nothing those of `other`.
    #[must_use]
    pub(crate) fn or(self, other: Self) -> Self {
        Self {
            failing_after: self.failing_after.or(other.failing_after),
            failing_deliveries: self.failing_deliveries.or(other.failing_deliveries),
            failing_reminders: self.failing_reminders.or(other.failing_reminders),
            notice_interval: self.notice_interval.or(other.notice_interval),
            disable_after: self.disable_after.or(other.disable_after),
            disable_attempts: self.disable_attempts.or(other.disable_attempts),
            disable_spread: self.disable_spread.or(other.disable_spread),
            backlog_quota: self.backlog_quota.or(other.backlog_quota),
            receiver_backlog: self.receiver_backlog.or(other.receiver_backlog),
        }
    }

    /// When failing is told, and when it ends in disabling.
    ///
    /// # Errors
    /// When a count is out of its range (a settings file is not checked by the flags' own rules).
    pub(crate) fn options(&self) -> Result<HealthOptions, HealthSettingError> {
        let default = HealthOptions::default();
        let deliveries = self.failing_deliveries.unwrap_or(5);
        let attempts = self.disable_attempts.unwrap_or(default.disable_attempts);
        let reminders = self.failing_reminders.as_ref();
        if !(1..=100).contains(&deliveries) {
            return Err(refused("failing-deliveries", &deliveries, "use 1 to 100"));
        }
        if attempts == 0 {
            return Err(refused("disable-attempts", &attempts, "use 1 or more"));
        }
        if let Some(reminders) = reminders.filter(|reminders| reminders.len() > 10) {
            return Err(refused("failing-reminders", &reminders.len(), "give it 10 times at most"));
        }
        let duration = |span: Option<Span>, default: Duration| span.map_or(default, Span::duration);
        let mut reminders = match reminders {
            Some(reminders) => reminders.iter().map(|span| span.duration()).collect(),
            None => default.reminders,
        };
        reminders.sort_unstable();
        Ok(HealthOptions {
            failing_deliveries: usize::try_from(deliveries).unwrap_or(usize::MAX),
            failing_attempts: default.failing_attempts,
            failing_after: duration(self.failing_after, default.failing_after),
            reminders,
            notice_interval: duration(self.notice_interval, default.notice_interval),
            disable_after: duration(self.disable_after, default.disable_after),
            disable_attempts: attempts,
            disable_spread: duration(self.disable_spread, default.disable_spread),
        })
    }
}

impl HealthSettings {
    /// How many deliveries of an organization may wait before it can publish no more.
    ///
    /// # Errors
    /// When the number is out of its range (a settings file is not checked by the flags' own rules).
    pub(crate) fn backlog_quota(&self) -> Result<u64, HealthSettingError> {
        within_bounds("backlog-quota", self.backlog_quota.unwrap_or(DEFAULT_QUOTA))
    }

    /// How many deliveries may wait for one receiver before the oldest expire.
    ///
    /// # Errors
    /// As [`Self::backlog_quota`].
    pub(crate) fn receiver_backlog(&self) -> Result<u64, HealthSettingError> {
        let default = DeliveryOptions::default().receiver_backlog;
        within_bounds("receiver-backlog", self.receiver_backlog.unwrap_or(default))
    }
}

fn within_bounds(setting: &'static str, limit: u64) -> Result<u64, HealthSettingError> {
    if !(1..=BacklogLimits::MAXIMUM).contains(&limit) {
        return Err(refused(setting, &limit, "use 1 to 1000000000"));
    }
    Ok(limit)
}

fn refused(
    setting: &'static str,
    value: &dyn std::fmt::Display,
    allowed: &'static str,
) -> HealthSettingError {
    HealthSettingError { setting, value: value.to_string(), allowed }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_set_is_as_the_delivery_side_has_it() {
        assert_eq!(HealthSettings::default().options(), Ok(HealthOptions::default()));
    }

    #[test]
    fn reminders_are_put_in_order_and_counts_have_bounds() {
        let set = HealthSettings {
            failing_reminders: Some(vec![Span::days(3), Span::days(1)]),
            disable_after: Some(Span::days(9)),
            ..HealthSettings::default()
        };
        let options = set.options().unwrap();
        assert_eq!(options.reminders, [Span::days(1).duration(), Span::days(3).duration()]);
        assert_eq!(options.disable_after, Span::days(9).duration());
        let none = HealthSettings { failing_deliveries: Some(0), ..HealthSettings::default() };
        assert!(none.options().unwrap_err().to_string().contains("failing-deliveries is 0"));
        let none = HealthSettings { backlog_quota: Some(0), ..HealthSettings::default() };
        assert!(none.backlog_quota().unwrap_err().to_string().contains("backlog-quota is 0"));
        let none = HealthSettings { receiver_backlog: Some(1_000_000_001), ..HealthSettings::default() };
        assert!(none.receiver_backlog().is_err());
        let none = HealthSettings { disable_attempts: Some(0), ..HealthSettings::default() };
        assert!(none.options().is_err());
    }
}
