//! Each event once, though a file may hold several revisions of it.

use std::collections::HashMap;

use super::CalendarEvent;
use super::flaw::Flaw;
use super::problems::Problems;

/// Keeps the newest revision of each resource id. Publishing all of them would play the history again each time.
pub(super) fn each_once(events: Vec<CalendarEvent>, problems: &mut Problems) -> Vec<CalendarEvent> {
    let mut newest: HashMap<String, CalendarEvent> = HashMap::with_capacity(events.len());
    for event in events {
        if let Some(known) = newest.get(&event.resource_id) {
            let is_newer = is_newer(&event, known);
            let (older, newer) = if is_newer { (known, &event) } else { (&event, known) };
            problems.skipped(older.line, "VEVENT", &Flaw::Superseded(newer.line));
            if !is_newer {
                continue;
            }
        }
        newest.insert(event.resource_id.clone(), event);
    }
    let mut events: Vec<_> = newest.into_values().collect();
    events.sort_by_key(|event| event.line);
    events
}

/// By `SEQUENCE`, then by the time of the change where both have one, then by the place in the file.
fn is_newer(event: &CalendarEvent, known: &CalendarEvent) -> bool {
    if event.sequence != known.sequence {
        return event.sequence > known.sequence;
    }
    match (event.last_modified, known.last_modified) {
        (Some(modified), Some(known_modified)) => modified >= known_modified,
        _ => true,
    }
}
