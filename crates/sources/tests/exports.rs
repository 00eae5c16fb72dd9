//! Calendars as the programs in use write them, read into resources.

use jiff::Timestamp;
use rendezhook_sources::icalendar::{self, CalendarEvent, Limits, Reading};
use serde_json::{Value, json};

/// What a reading holds, in a form a snapshot shows well.
fn shown(text: &[u8]) -> Value {
    let Reading { events, problems } = icalendar::read(text, Limits::default());
    let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
    json!({ "events": events.into_iter().map(shown_event).collect::<Vec<_>>(), "problems": problems })
}

fn shown_event(event: CalendarEvent) -> Value {
    json!({
        "resource_id": event.resource_id,
        "line": event.line,
        "sequence": event.sequence,
        "last_modified": event.last_modified.map(|time: Timestamp| time.to_string()),
        "cancelled": event.cancelled,
        "resource": event.resource,
    })
}

#[test]
fn google_calendar() {
    insta::assert_json_snapshot!(shown(include_bytes!("fixtures/google.ics")));
}

#[test]
fn outlook_and_exchange() {
    insta::assert_json_snapshot!(shown(include_bytes!("fixtures/outlook.ics")));
}

#[test]
fn apple_calendar() {
    insta::assert_json_snapshot!(shown(include_bytes!("fixtures/apple.ics")));
}

#[test]
fn zones_by_the_names_of_evolution_thunderbird_and_exchange() {
    insta::assert_json_snapshot!(shown(include_bytes!("fixtures/evolution.ics")));
}

#[test]
fn a_broken_file_loses_only_what_is_broken() {
    insta::assert_json_snapshot!(shown(include_bytes!("fixtures/broken.ics")));
}

#[test]
fn the_sample_calendar() {
    insta::assert_json_snapshot!(shown(icalendar::SAMPLE_CALENDAR.as_bytes()));
}

#[test]
fn an_export_a_day_later_gives_the_same_bytes() {
    let today = include_str!("fixtures/google.ics");
    let tomorrow = today.replace("DTSTAMP:20260320T101112Z", "DTSTAMP:20260321T050607Z");
    assert_ne!(today, tomorrow);
    let bytes =
        |text: &str| serde_json::to_vec(&shown(text.as_bytes())).expect("a JSON value can be written");
    assert_eq!(bytes(today), bytes(&tomorrow));
}
