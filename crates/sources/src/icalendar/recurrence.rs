//! Recurring events: the id of an instance, and what is kept of the rule.

use serde_json::Value;

use super::component::Component;
use super::flaw::Flaw;
use super::moment::Moment;
use super::problems::Problems;
use super::zone::Zones;

/// Most characters of a resource id.
const LONGEST_ID: usize = 255;

/// The resource id of an event, or of an instance of it: the `UID`, and the instance's original start behind a slash.
/// In UTC, because exporters write the same instance in different zones.
pub(super) fn resource_id(uid: &str, instance: Option<&Moment>) -> Result<String, Flaw> {
    if uid.is_empty() {
        return Err(Flaw::EmptyUid);
    }
    if uid.contains(char::is_control) {
        return Err(Flaw::ControlCharacters);
    }
    let id = match instance {
        Some(original_start) => format!("{uid}/{}", original_start.to_basic()),
        None => uid.to_owned(),
    };
    match id.chars().count() {
        length if length > LONGEST_ID => Err(Flaw::UidTooLong(length)),
        _ => Ok(id),
    }
}

/// The original start of the instance that an event changes.
pub(super) fn instance(
    event: &Component,
    zones: &Zones,
    problems: &mut Problems,
) -> Result<Option<Moment>, (usize, Flaw)> {
    let Some(property) = event.first("RECURRENCE-ID") else { return Ok(None) };
    if property.parameter("RANGE").is_some() {
        problems.tolerated(property.line, &event.name, &Flaw::RangeOfInstances);
    }
    Moment::of(property, zones).map(Some).map_err(|flaw| (property.line, flaw))
}

/// The dates of all properties of a name (`EXDATE`, `RDATE`), sorted, each once: exporters order and group them freely.
pub(super) fn dates(
    event: &Component,
    name: &'static str,
    zones: &Zones,
    problems: &mut Problems,
) -> Vec<Value> {
    let mut dates = Vec::new();
    for property in event.all(name) {
        match Moment::list(property, zones) {
            Ok(moments) => dates.extend(moments.iter().map(Moment::to_iso)),
            Err(flaw) => problems.tolerated(property.line, &event.name, &flaw),
        }
    }
    dates.sort_unstable();
    dates.dedup();
    dates.into_iter().map(Value::String).collect()
}
