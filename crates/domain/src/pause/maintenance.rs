//! Maintenance windows: stretches of time in which a receiver gets nothing, once or every week, in its own time zone.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{Span, civil};
use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

#[cfg(test)]
mod tests;

/// The longest single window.
const LONGEST: Duration = Duration::from_secs(31 * 24 * 3_600);

/// Days that are looked at for the next change of a weekly window: the one before, in which one that goes past midnight began, and
/// one more than a week ahead.
const DAYS_LOOKED_AT: std::ops::RangeInclusive<i64> = -1..=8;

/// A stretch of time in which a receiver gets nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum MaintenanceWindow {
    /// Once.
    Once {
        /// When it opens.
        from: Timestamp,
        /// When it closes.
        until: Timestamp,
    },
    /// Every week.
    Weekly(WeeklyWindow),
}

/// A window that opens on some days of every week.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WeeklyWindow {
    /// The days on which it opens; at least one.
    pub weekdays: Vec<Weekday>,
    /// When it opens, by the clock of the zone.
    pub from: TimeOfDay,
    /// When it closes; on the next day when that is not later than `from`.
    pub until: TimeOfDay,
    /// Whose clock that is.
    pub time_zone: ZoneName,
}

/// Why there is no such window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MaintenanceWindowError {
    /// It ends before it begins.
    #[error("a window closes after it opens")]
    Backwards,
    /// It is longer than a month.
    #[error("a window lasts 31 days at most; pause the receiver without an end instead")]
    TooLong,
    /// There is no day on which it opens.
    #[error("a weekly window names at least one day")]
    NoDay,
    /// It opens and closes at the same time.
    #[error("a weekly window closes at another time than it opens")]
    Empty,
}

impl MaintenanceWindow {
    /// A window that opens once.
    ///
    /// # Errors
    /// When it does not end after it begins, or lasts more than 31 days.
    pub fn once(from: Timestamp, until: Timestamp) -> Result<Self, MaintenanceWindowError> {
        if until <= from {
            return Err(MaintenanceWindowError::Backwards);
        }
        if until.since(from) > LONGEST {
            return Err(MaintenanceWindowError::TooLong);
        }
        Ok(Self::Once { from, until })
    }

    /// A window that opens on these days of every week.
    ///
    /// # Errors
    /// When there is no day, or no time between opening and closing.
    pub fn weekly(
        mut weekdays: Vec<Weekday>,
        from: TimeOfDay,
        until: TimeOfDay,
        time_zone: ZoneName,
    ) -> Result<Self, MaintenanceWindowError> {
        weekdays.sort_unstable();
        weekdays.dedup();
        if weekdays.is_empty() {
            return Err(MaintenanceWindowError::NoDay);
        }
        if from == until {
            return Err(MaintenanceWindowError::Empty);
        }
        Ok(Self::Weekly(WeeklyWindow { weekdays, from, until, time_zone }))
    }

    /// Whether it is open at an instant. It is open when it opens and closed when it closes.
    #[must_use]
    pub fn is_open_at(&self, now: Timestamp) -> bool {
        match self {
            Self::Once { from, until } => *from <= now && now < *until,
            Self::Weekly(weekly) => {
                weekly.openings(now).iter().any(|(from, until)| *from <= now && now < *until)
            }
        }
    }

    /// The next instant after `now` at which it opens or closes; `None` when it never does again.
    #[must_use]
    pub fn next_change(&self, now: Timestamp) -> Option<Timestamp> {
        let later = |at: &Timestamp| *at > now;
        match self {
            Self::Once { from, until } => [*from, *until].into_iter().find(later),
            Self::Weekly(weekly) => {
                weekly.openings(now).into_iter().flat_map(|(from, until)| [from, until]).filter(later).min()
            }
        }
    }
}

impl WeeklyWindow {
    /// When it opens and closes around an instant, earliest first.
    ///
    /// Where a clock is set forward, a time that it skips is taken as that much later; where it is set back, the first of the two is
    /// taken. A zone that this program does not know any more never opens it.
    fn openings(&self, around: Timestamp) -> Vec<(Timestamp, Timestamp)> {
        let Some(zone) = self.time_zone.zone() else { return Vec::new() };
        let Ok(instant) = jiff::Timestamp::from_millisecond(around.milliseconds()) else { return Vec::new() };
        let today = zone.to_datetime(instant).date();
        DAYS_LOOKED_AT.filter_map(|offset| self.opening(today, offset, &zone)).collect()
    }

    fn opening(&self, today: Date, offset: i64, zone: &TimeZone) -> Option<(Timestamp, Timestamp)> {
        let day = today.checked_add(Span::new().try_days(offset).ok()?).ok()?;
        if !self.weekdays.contains(&Weekday::from(day.weekday())) {
            return None;
        }
        let last_day = if self.until > self.from { day } else { day.tomorrow().ok()? };
        let instant = |day: Date, time: TimeOfDay| {
            let zoned = day.to_datetime(time.0).to_zoned(zone.clone()).ok()?;
            Some(Timestamp::from_milliseconds(zoned.timestamp().as_millisecond()))
        };
        Some((instant(day, self.from)?, instant(last_day, self.until)?))
    }
}

/// A day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Weekday {
    /// Monday.
    Mon,
    /// Tuesday.
    Tue,
    /// Wednesday.
    Wed,
    /// Thursday.
    Thu,
    /// Friday.
    Fri,
    /// Saturday.
    Sat,
    /// Sunday.
    Sun,
}

impl Weekday {
    /// The names on the wire.
    pub const NAMES: [&'static str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
}

impl From<civil::Weekday> for Weekday {
    fn from(day: civil::Weekday) -> Self {
        match day {
            civil::Weekday::Monday => Self::Mon,
            civil::Weekday::Tuesday => Self::Tue,
            civil::Weekday::Wednesday => Self::Wed,
            civil::Weekday::Thursday => Self::Thu,
            civil::Weekday::Friday => Self::Fri,
            civil::Weekday::Saturday => Self::Sat,
            civil::Weekday::Sunday => Self::Sun,
        }
    }
}

/// A time of the day by some clock, to the minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TimeOfDay(Time);

/// The text is no time of the day.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is no time of the day; write it like 02:00, from 00:00 to 23:59")]
pub struct TimeOfDayError(String);

impl FromStr for TimeOfDay {
    type Err = TimeOfDayError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refused = || TimeOfDayError(text.chars().take(80).collect());
        let (hour, minute) = text.split_once(':').ok_or_else(refused)?;
        let number = |digits: &str| {
            let two = digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_digit());
            digits.parse::<i8>().ok().filter(|_| two)
        };
        let time =
            number(hour).zip(number(minute)).and_then(|(hour, minute)| Time::new(hour, minute, 0, 0).ok());
        time.map(Self).ok_or_else(refused)
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:02}:{:02}", self.0.hour(), self.0.minute())
    }
}

impl Serialize for TimeOfDay {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for TimeOfDay {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// The name of a time zone in the IANA database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ZoneName(String);

/// There is no time zone of this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no time zone \"{0}\"; use a name of the IANA database, like Europe/Paris or UTC")]
pub struct ZoneNameError(String);

impl ZoneName {
    /// The rules of the zone; `None` when the database does not have it any more.
    fn zone(&self) -> Option<TimeZone> {
        TimeZone::get(&self.0).ok()
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ZoneName {
    type Err = ZoneNameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match TimeZone::get(text).ok().and_then(|zone| zone.iana_name().map(ToOwned::to_owned)) {
            Some(name) => Ok(Self(name)),
            None => Err(ZoneNameError(text.chars().take(80).collect())),
        }
    }
}
