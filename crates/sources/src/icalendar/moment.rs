//! Dates and times (RFC 5545 sections 3.3.4 and 3.3.5).

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::Offset;

use super::duration::Duration;
use super::flaw::Flaw;
use super::property::Property;
use super::zone::{Zone, Zones};

/// A point on the calendar: a day, or a time in a zone.
#[derive(Clone, Debug)]
pub(super) enum Moment {
    Day(Date),
    Time(ZonedTime),
}

/// A time of the clocks of a zone and the instant it denotes.
#[derive(Clone, Debug)]
pub(super) struct ZonedTime {
    pub(super) instant: Timestamp,
    local: DateTime,
    zone: Zone,
    /// Written in UTC, which says nothing about where the event takes place.
    pub(super) written_in_utc: bool,
}

impl ZonedTime {
    fn new(local: DateTime, zone: Zone, written_in_utc: bool) -> Result<Self, Flaw> {
        let instant = zone.instant(local).ok_or_else(|| Flaw::OutOfRange(local.to_string()))?;
        Ok(Self { instant, local, zone, written_in_utc })
    }

    /// The zone's name in the time zone database, if it has one.
    pub(super) fn zone_name(&self) -> Option<&str> {
        self.zone.name()
    }
}

impl Moment {
    /// Reads a property's value.
    pub(super) fn of(property: &Property, zones: &Zones) -> Result<Self, Flaw> {
        Self::parse(&property.value, property, zones)
    }

    /// Reads the values of a list such as `EXDATE`. Of a period the start is taken.
    pub(super) fn list(property: &Property, zones: &Zones) -> Result<Vec<Self>, Flaw> {
        let starts = property.value.split(',').map(|value| value.split('/').next().unwrap_or(value));
        starts.map(|start| Self::parse(start, property, zones)).collect()
    }

    fn parse(text: &str, property: &Property, zones: &Zones) -> Result<Self, Flaw> {
        let text = text.trim();
        let malformed = || Flaw::NotADate(text.to_owned());
        if let Some(date) = date(text) {
            return Ok(Self::Day(date));
        }
        let (local, in_utc) = match text.strip_suffix(['Z', 'z']) {
            Some(local) => (local, true),
            None => (text, false),
        };
        let local = date_time(local).ok_or_else(malformed)?;
        let zone = match property.parameter("TZID") {
            _ if in_utc => Zone::utc(),
            Some(name) => zones.find(name)?,
            None => zones.of_calendar(),
        };
        ZonedTime::new(local, zone, in_utc).map(Self::Time)
    }

    /// The moment after a duration: days by the calendar of the zone, then the time by the clock.
    pub(super) fn after(&self, duration: Duration) -> Result<Self, Flaw> {
        let out_of_range = || Flaw::OutOfRange(self.to_iso());
        let days = jiff::Span::new().try_days(duration.days).map_err(|_| out_of_range())?;
        match self {
            Self::Day(_) if !duration.time.is_zero() => Err(Flaw::PartOfADay),
            Self::Day(day) => day.checked_add(days).map(Self::Day).map_err(|_| out_of_range()),
            Self::Time(start) => {
                let local = start.local.checked_add(days).map_err(|_| out_of_range())?;
                let mut end = ZonedTime::new(local, start.zone.clone(), start.written_in_utc)?;
                end.instant = end.instant.checked_add(duration.time).map_err(|_| out_of_range())?;
                Ok(Self::Time(end))
            }
        }
    }

    /// The instant; of a day its midnight in UTC.
    pub(super) fn instant(&self) -> Result<Timestamp, Flaw> {
        match self {
            Self::Day(day) => midnight(*day).ok_or_else(|| Flaw::OutOfRange(day.to_string())),
            Self::Time(time) => Ok(time.instant),
        }
    }

    /// ISO 8601 in UTC with milliseconds, the form of the Vyte reference.
    pub(super) fn to_iso(&self) -> String {
        match self {
            Self::Day(day) => format!("{day}T00:00:00.000Z"),
            Self::Time(time) => iso(time.instant),
        }
    }

    /// The short form of RFC 5545 in UTC, or without a time for a day.
    pub(super) fn to_basic(&self) -> String {
        match self {
            Self::Day(day) => day.strftime("%Y%m%d").to_string(),
            Self::Time(time) => time.instant.strftime("%Y%m%dT%H%M%SZ").to_string(),
        }
    }
}

/// ISO 8601 in UTC with milliseconds.
pub(super) fn iso(instant: Timestamp) -> String {
    format!("{instant:.3}")
}

fn midnight(day: Date) -> Option<Timestamp> {
    Offset::UTC.to_timestamp(day.to_datetime(Time::midnight())).ok()
}

/// `20260131`.
fn date(text: &str) -> Option<Date> {
    if text.len() != 8 || !is_digits(text) {
        return None;
    }
    text.parse().ok()
}

/// `20260131T090000`. A leap second is the second before it.
pub(super) fn date_time(text: &str) -> Option<DateTime> {
    let (day, time) = text.split_once(['T', 't'])?;
    if time.len() != 6 || !is_digits(time) {
        return None;
    }
    date(day)?;
    format!("{day}T{time}").parse().ok()
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests;
