//! From when to when an event takes place, by the clocks of its place.

use std::sync::LazyLock;

use jiff::civil::{Date, DateTime};
use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{Timestamp as Instant, Zoned};

use super::reading::confirmed_date;
use crate::json::Json;
use crate::time::Timestamp;

/// The database that is built in.
static DATABASE: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// From when to when an event takes place.
#[derive(Debug, Clone, PartialEq)]
pub struct Period {
    /// Its start.
    pub start: Zoned,
    /// Its end, never before its start.
    pub end: Zoned,
}

/// The time zone in which times of a resource are read that name none.
#[derive(Debug, Clone)]
pub struct Zones(TimeZone);

impl Zones {
    /// The zone that a resource names in `timezone`; UTC when it names none that is known.
    #[must_use]
    pub fn of<J: Json>(resource: &J) -> Self {
        let named = resource.get("timezone").and_then(J::as_str);
        Self(named.and_then(|name| DATABASE.get(name.trim()).ok()).unwrap_or(TimeZone::UTC))
    }

    /// An instant by the clocks of this zone.
    #[must_use]
    pub fn at(&self, instant: Timestamp) -> Option<Zoned> {
        let instant = Instant::from_millisecond(instant.milliseconds()).ok()?;
        Some(instant.to_zoned(self.0.clone()))
    }

    /// An instant with its offset, the start of a day, or a time of the clock. Of a time that the clocks show twice the first is
    /// meant; one that they skip is moved on by what they skip (RFC 5545, section 3.3.5).
    #[must_use]
    pub fn read(&self, text: &str) -> Option<Zoned> {
        let text = text.trim();
        if let Ok(instant) = text.parse::<Instant>() {
            return Some(instant.to_zoned(self.0.clone()));
        }
        // A date is tried first: a date without a time would read as its midnight, which some days do not have.
        if let Ok(day) = text.parse::<Date>()
            && text.len() <= DATE_CHARACTERS
        {
            return self.day(day);
        }
        let clock: DateTime = text.parse().ok()?;
        clock.to_zoned(self.0.clone()).ok()
    }

    /// The first moment of a day.
    fn day(&self, day: Date) -> Option<Zoned> {
        day.to_zoned(self.0.clone()).ok()
    }

    /// The first moment of the day that a text tells, whatever time it has.
    fn read_day(&self, text: &str) -> Option<Zoned> {
        let text = text.trim();
        let day = match text.parse::<Instant>() {
            // Whole days are written as midnight in UTC.
            Ok(instant) => instant.to_zoned(TimeZone::UTC).date(),
            Err(_) => text.parse::<DateTime>().ok()?.date(),
        };
        self.day(day)
    }
}

/// `2026-01-15`.
const DATE_CHARACTERS: usize = 10;

/// When the confirmed date of an event takes place ([`confirmed_date`]); whether it is confirmed is not asked. `None` without a date
/// that can be read.
///
/// Times that name no offset are those of the clocks in the event's `timezone`. Whole days (`all_day`) are written as in UTC and
/// mean the days of that zone; their `end_date` is the day after the last. A date without an end ends with its day when it is a
/// whole day, else when it starts.
#[must_use]
pub fn period<J: Json>(resource: &J) -> Option<Period> {
    let date = confirmed_date(resource)?;
    let zones = Zones::of(resource);
    let text = |key: &str| date.get(key).and_then(J::as_str);
    let start_text = text("date")?;
    let is_day = |text: &str| text.trim().len() <= DATE_CHARACTERS;
    let all_day = date.get("all_day").and_then(J::as_bool).unwrap_or(false) || is_day(start_text);
    let (start, end) = if all_day {
        let start = zones.read_day(start_text)?;
        let end = text("end_date").and_then(|text| zones.read_day(text)).filter(|end| *end > start);
        let next_day = || start.date().tomorrow().ok().and_then(|day| zones.day(day));
        let end = end.or_else(next_day)?;
        (start, end)
    } else {
        let start = zones.read(start_text)?;
        let end = text("end_date").and_then(|text| zones.read(text)).filter(|end| *end > start);
        let end = end.unwrap_or_else(|| start.clone());
        (start, end)
    };
    Some(Period { start, end })
}

#[cfg(test)]
mod tests;
