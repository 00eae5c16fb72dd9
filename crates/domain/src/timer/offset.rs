//! How far from its anchor a timer fires.

use std::fmt;
use std::str::FromStr;

use jiff::{Span, Zoned};

/// A distance in time: whole days by the calendar, then seconds by the clock.
///
/// A day before a meeting at nine is nine o'clock of the day before, also when the clocks are changed in between; 24 hours
/// before it are 24 hours. Both parts have the same sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offset {
    days: i32,
    seconds: i32,
}

/// The text is no offset.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OffsetError {
    /// It cannot be read.
    #[error(
        "\"{0}\" is not an offset; write a duration of weeks, days, hours, minutes and seconds, negative for before: -15m, 1d, -PT1H30M"
    )]
    Malformed(String),
    /// It is longer than may be.
    #[error("this offset is longer than 366 days")]
    TooLong,
}

impl Offset {
    const DAY_SECONDS: i64 = 86_400;
    /// The longest offset, in days.
    pub const MAXIMUM_DAYS: i32 = 366;

    /// So many seconds by the clock.
    ///
    /// # Errors
    /// When they are more than 366 days.
    pub fn from_seconds(seconds: i64) -> Result<Self, OffsetError> {
        Self::new(0, seconds)
    }

    fn new(days: i64, seconds: i64) -> Result<Self, OffsetError> {
        let total = days.saturating_mul(Self::DAY_SECONDS).saturating_add(seconds);
        let maximum = i64::from(Self::MAXIMUM_DAYS) * Self::DAY_SECONDS;
        if total.saturating_abs() > maximum {
            return Err(OffsetError::TooLong);
        }
        let days = i32::try_from(days).map_err(|_| OffsetError::TooLong)?;
        let seconds = i32::try_from(seconds).map_err(|_| OffsetError::TooLong)?;
        Ok(Self { days, seconds })
    }

    /// Whether it leads to a time after its anchor.
    #[must_use]
    pub const fn is_after(self) -> bool {
        self.days > 0 || self.seconds > 0
    }

    /// The time at this distance; `None` outside of the years −9999 to 9999.
    pub(super) fn from(self, anchor: &Zoned) -> Option<Zoned> {
        anchor.checked_add(self.span().ok()?).ok()
    }

    fn span(self) -> Result<Span, jiff::Error> {
        let (hours, rest) = (self.seconds / 3_600, self.seconds % 3_600);
        Span::new().try_days(self.days)?.try_hours(hours)?.try_minutes(rest / 60)?.try_seconds(rest % 60)
    }
}

impl FromStr for Offset {
    type Err = OffsetError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let malformed = || OffsetError::Malformed(text.chars().take(80).collect());
        if text.len() > 64 {
            return Err(malformed());
        }
        let span: Span = text.trim().parse().map_err(|_| malformed())?;
        let smaller_than_seconds = [span.get_milliseconds(), span.get_microseconds(), span.get_nanoseconds()];
        let larger_than_weeks = span.get_years() != 0 || span.get_months() != 0;
        if larger_than_weeks || smaller_than_seconds.iter().any(|part| *part != 0) {
            return Err(malformed());
        }
        let days = i64::from(span.get_weeks()) * 7 + i64::from(span.get_days());
        let seconds = i64::from(span.get_hours())
            .saturating_mul(3_600)
            .saturating_add(span.get_minutes().saturating_mul(60))
            .saturating_add(span.get_seconds());
        Self::new(days, seconds)
    }
}

/// ISO 8601, as `-PT15M`; it reads back as the same offset.
impl fmt::Display for Offset {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let span = self.span().map_err(|_| fmt::Error)?;
        write!(formatter, "{span}")
    }
}
