//! Which time zone a `TZID` names.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use windows_timezones::WindowsTimezone;

use super::component::{Component, Kind};
use super::flaw::Flaw;
use super::observance::Observances;
use super::problems::Problems;

/// The rules of the clocks somewhere.
#[derive(Clone, Debug)]
pub(super) enum Zone {
    /// A zone of the time zone database.
    Known(TimeZone),
    /// A zone that a calendar describes by itself.
    Described(Arc<Observances>),
}

impl Zone {
    pub(super) fn utc() -> Self {
        Self::Known(TimeZone::UTC)
    }

    /// The name in the time zone database.
    pub(super) fn name(&self) -> Option<&str> {
        match self {
            Self::Known(zone) => zone.iana_name(),
            Self::Described(_) => None,
        }
    }

    /// The instant of a local time: the first of two, and a time that the clocks skip is moved on by the gap (RFC 5545
    /// section 3.3.5). `None` outside of the years 0 to 9999.
    pub(super) fn instant(&self, local: DateTime) -> Option<Timestamp> {
        match self {
            Self::Known(zone) => zone.to_timestamp(local).ok(),
            Self::Described(observances) => observances.offset_at(local).to_timestamp(local).ok(),
        }
    }
}

/// The time zones that times of one calendar refer to.
pub(super) struct Zones {
    database: TimeZoneDatabase,
    described: BTreeMap<String, Zone>,
    /// The zone of the calendar, where it names one.
    calendar: Option<Zone>,
}

impl Zones {
    /// The zones of a calendar. A `VTIMEZONE` that is needed and cannot be read is a problem.
    pub(super) fn of(calendar: &Component, problems: &mut Problems) -> Self {
        let mut zones =
            Self { database: TimeZoneDatabase::bundled(), described: BTreeMap::new(), calendar: None };
        for component in calendar.children_of(Kind::TimeZone) {
            match zones.describe(component) {
                Ok((name, zone)) => {
                    zones.described.insert(name, zone);
                }
                Err((line, flaw)) => problems.skipped(line, &component.name, &flaw),
            }
        }
        zones.calendar = zones.named_by(calendar, problems).or_else(|| zones.only_one());
        zones
    }

    /// The zone of a `TZID`.
    pub(super) fn find(&self, name: &str) -> Result<Zone, Flaw> {
        let name = unquoted(name);
        let zone = self.known(name).or_else(|| self.described.get(name).cloned());
        zone.ok_or_else(|| Flaw::UnknownZone(name.to_owned()))
    }

    /// The zone of floating times.
    pub(super) fn of_calendar(&self) -> Zone {
        self.calendar.clone().unwrap_or_else(Zone::utc)
    }

    /// The name of the calendar's zone, if it states one.
    pub(super) fn name_of_calendar(&self) -> Option<&str> {
        self.calendar.as_ref().and_then(Zone::name)
    }

    /// A zone of the time zone database by its own name, by Windows' name for it, or behind a prefix in the manner of
    /// `/mozilla.org/20050126_1/Europe/Berlin`.
    fn known(&self, name: &str) -> Option<Zone> {
        let of_database = |name: &str| self.database.get(name).ok().map(Zone::Known);
        let of_windows = || name.parse::<WindowsTimezone>().ok().and_then(|zone| of_database(zone.tzdb_id()));
        let behind_prefix = || {
            let path = name.strip_prefix('/')?;
            let prefixes = path.match_indices('/').map(|(slash, _)| slash).take(MOST_PREFIX_PARTS);
            prefixes.filter_map(|slash| path.get(slash + 1..)).find_map(of_database)
        };
        of_database(name).or_else(of_windows).or_else(behind_prefix)
    }

    fn describe(&self, component: &Component) -> Result<(String, Zone), (usize, Flaw)> {
        let name = component.first("TZID").ok_or((component.line, Flaw::Missing("TZID")))?.text();
        let name = unquoted(&name).to_owned();
        let location = component.first("X-LIC-LOCATION").map(super::property::Property::text);
        if let Some(zone) = self.known(&name).or_else(|| self.known(&location?)) {
            return Ok((name, zone));
        }
        Observances::read(component).map(|observances| (name, Zone::Described(Arc::new(observances))))
    }

    fn named_by(&self, calendar: &Component, problems: &mut Problems) -> Option<Zone> {
        let property = calendar.first("X-WR-TIMEZONE").or_else(|| calendar.first("TIMEZONE-ID"))?;
        match self.find(&property.text()) {
            Ok(zone) => Some(zone),
            Err(flaw) => {
                problems.tolerated(property.line, &calendar.name, &flaw);
                None
            }
        }
    }

    fn only_one(&self) -> Option<Zone> {
        match self.described.len() {
            1 => self.described.values().next().cloned(),
            _ => None,
        }
    }
}

/// The prefixes in use have one or two parts; a bound keeps a name of slashes alone from costing much.
const MOST_PREFIX_PARTS: usize = 4;

/// Some writers put quotation marks inside of the value.
fn unquoted(name: &str) -> &str {
    name.trim_matches(['"', ' '])
}
