//! Calendars.

use std::collections::HashSet;

use rendezhook_domain::resource::ResourceId;
use rendezhook_domain::time::Timestamp;
use rendezhook_sources::icalendar::{CalendarEvent, Limits, read};
use serde_json::Value;

use super::{Target, holds, kind_of};

pub(super) const TARGET: Target = Target {
    name: "icalendar",
    words: &[
        "BEGIN:VCALENDAR\r\n",
        "END:VCALENDAR\r\n",
        "BEGIN:VEVENT\r\n",
        "END:VEVENT\r\n",
        "BEGIN:VTIMEZONE\r\n",
        "END:VTIMEZONE\r\n",
        "BEGIN:DAYLIGHT\r\n",
        "END:DAYLIGHT\r\n",
        "UID:a\r\n",
        "DTSTART:20260301T090000Z\r\n",
        "DTSTART;VALUE=DATE:20260301\r\n",
        "DTSTART;TZID=Europe/Berlin:20260329T023000\r\n",
        "DURATION:P1W\r\n",
        "DURATION:-PT99999999999H\r\n",
        "RRULE:FREQ=DAILY\r\n",
        "RECURRENCE-ID:20260301T090000Z\r\n",
        "SEQUENCE:2\r\n",
        "STATUS:CANCELLED\r\n",
        "METHOD:CANCEL\r\n",
        "\r\n ",
        "\r\n\t",
        ";",
        ":",
        "\"",
        "\\n",
        "\\,",
        "ATTENDEE:mailto:a@b\r\n",
        "TZOFFSETTO:+0100\r\n",
        "TZOFFSETFROM:-9999\r\n",
        "99991231T235959Z",
        "00000101T000000",
        "\u{0}",
    ],
    judge,
};

const LIMITS: Limits = Limits { bytes: 8 * 1024, events: 20, properties: 100, depth: 6, problems: 30 };

fn judge(input: &[u8]) -> Result<String, String> {
    let reading = read(input, LIMITS);
    holds(read(input, LIMITS) == reading, || "a second reading differs".to_owned())?;
    holds(reading.events.len() <= LIMITS.events, || format!("{} events", reading.events.len()))?;
    // One more says how many are not listed.
    holds(reading.problems.len() <= LIMITS.problems + 1, || format!("{} problems", reading.problems.len()))?;
    let lines = input.iter().filter(|byte| **byte == b'\n' || **byte == b'\r').count() + 1;
    let mut ids = HashSet::new();
    for event in &reading.events {
        judge_event(event, lines)?;
        holds(ids.insert(&event.resource_id), || format!("{} comes twice", event.resource_id))?;
    }
    for problem in &reading.problems {
        let is_in_file = (1..=lines).contains(&problem.line);
        holds(is_in_file, || format!("a problem in line {} of {lines}", problem.line))?;
    }
    let first = reading.problems.first().map(|problem| kind_of(&problem.reason)).unwrap_or_default();
    let members: usize = reading.events.iter().map(|event| event.resource.len()).sum();
    Ok(format!("{} events with {members} members, {first}", reading.events.len()))
}

fn judge_event(event: &CalendarEvent, lines: usize) -> Result<(), String> {
    let id = &event.resource_id;
    ResourceId::new(id).map_err(|error| format!("{id:?} cannot be the id of a resource: {error}"))?;
    holds((1..=lines).contains(&event.line), || format!("an event in line {} of {lines}", event.line))?;
    let dates = event.resource.get("dates").and_then(Value::as_array).cloned().unwrap_or_default();
    for date in &dates {
        let instant = |member: &str| -> Result<Option<Timestamp>, String> {
            let Some(text) = date.get(member).and_then(Value::as_str) else { return Ok(None) };
            text.parse().map(Some).map_err(|_no_instant| format!("{member} of {id:?} is {text:?}"))
        };
        if let (Some(start), Some(end)) = (instant("date")?, instant("end_date")?) {
            holds(start <= end, || format!("{id:?} ends before it starts"))?;
        }
    }
    Ok(())
}
