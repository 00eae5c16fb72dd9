//! One calendar of a file: what holds for all its events.

use super::CalendarEvent;
use super::component::{Component, Kind};
use super::event;
use super::flaw::Flaw;
use super::problems::Problems;
use super::property::Property;
use super::zone::Zones;

/// What `METHOD` makes of the events of a calendar (RFC 5546 section 1.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    /// None: the stored state of a calendar.
    Absent,
    /// The message that cancels events.
    Cancel,
    /// A publication or an invitation, made at the time of `DTSTAMP`.
    State,
}

/// Reads the events of a calendar.
pub(super) fn read(calendar: &Component, problems: &mut Problems) -> Vec<CalendarEvent> {
    let method = match method(calendar) {
        Ok(method) => method,
        Err((line, flaw)) => {
            problems.skipped(line, &calendar.name, &flaw);
            return Vec::new();
        }
    };
    let zones = Zones::of(calendar, problems);
    let events = calendar.children_of(Kind::Event);
    events.filter_map(|component| event::read(component, method, &zones, problems)).collect()
}

fn method(calendar: &Component) -> Result<Method, (usize, Flaw)> {
    if let Some(version) = calendar.first("VERSION").filter(|version| &*version.value == "1.0") {
        return Err((version.line, Flaw::OldVersion));
    }
    let Some(property) = calendar.first("METHOD") else { return Ok(Method::Absent) };
    let name = property.text().to_ascii_uppercase();
    match name.as_str() {
        "CANCEL" => Ok(Method::Cancel),
        // An answer lists only who answered, an ADD only the new instances: read as the state, they would wipe out
        // the rest of it.
        "REPLY" | "ADD" | "REFRESH" | "COUNTER" | "DECLINECOUNTER" => not_a_state(property, name),
        _ => Ok(Method::State),
    }
}

fn not_a_state(property: &Property, name: String) -> Result<Method, (usize, Flaw)> {
    Err((property.line, Flaw::NotAState(name)))
}
